-- `repay export csv --out /dev/full`, given by root, put a finished file in the place of the
-- device: what is written beside its place and then moved there takes away whatever was there. Only
-- a regular file may be replaced. Looked at with pipes and links in a directory of its own, and
-- never with a device.
local cli = require "spec.support.cli"
local files = require "repay.native.files"
local helper = require "spec.support.helper"
local output = require "repay.bulk.output"
local sandbox = require "repay.sandbox"

local function kind_of(path)
  local pipe = assert(io.popen("stat -c %F '" .. path .. "'"))
  local kind = pipe:read("*l")
  pipe:close()
  return kind
end

describe("what is no regular file", function()
  local place, paths

  before_each(function()
    place = cli.new { box = sandbox.new { seed = 42 } }
    place:configure_sandbox()
    place:write("target", "whole")
    paths = { fifo = place.home .. "/pipe", ["symbolic link"] = place.home .. "/link",
      directory = place.home .. "/directory" }
    os.execute(("mkfifo '%s'; ln -s target '%s'; mkdir '%s'"):format(paths.fifo,
      paths["symbolic link"], paths.directory))
  end)
  after_each(function() place:close() end)
  helper.watch(after_each)

  it("is not replaced by a file that is written whole", function()
    for kind, path in pairs(paths) do
      assert.equal(kind, kind_of(path))
      local written, why = files.write(path, "x")
      assert.is_nil(written)
      assert.equal(kind == "directory" and "Is a directory" or "it is no regular file", why)
      assert.is_nil((files.may_replace(path)))
      local kept = output.write_summary(path, {})
      assert.is_nil(kept)
      assert.equal(kind, kind_of(path))
    end
    assert.is_true(files.may_replace(place.home .. "/target"))
    assert.is_true(files.may_replace(place.home .. "/nothing"))
  end)

  it("is not replaced by an export, of any form", function()
    assert.equal(0, (place:run("fetch", "carbon", "LOAN_ABC123")))
    for _, form in ipairs { "csv", "json", "md", "html", "ics", "xlsx" } do
      for kind, path in pairs(paths) do
        local code, out, err = place:run("export", form, "--out", path)
        assert.is_true(code ~= 0, form)
        assert.equal("", out)
        assert.is_nil(err:find("wrote", 1, true), err)
        assert.equal(kind, kind_of(path))
      end
    end
    local file = assert(io.open(place.home .. "/target", "rb"))
    assert.equal("whole", file:read("*a"))
    file:close()
  end)
end)
