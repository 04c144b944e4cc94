-- The command as a real process, on the Lua that runs this: its streams, its exit codes, Ctrl-C,
-- and what the process list shows of it.
local cjson = require "cjson"
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local process = require "spec.support.sandbox_process"

local quoted = process.quote
local PROGRAM = helper.is_luajit and "luajit" or "lua5.4"

local read_all = require("spec.support.read").command

describe("the launcher #interpreter", function()
  local home, server

  setup(function()
    home = read_all("mktemp -d"):gsub("\n", "")
    server = process.start "--tls"
    local settings = server.settings.carbon
    os.execute("mkdir -p '" .. home .. "/.config/repay'")
    local file = assert(io.open(home .. "/.config/repay/config.lua", "w"))
    file:write(([[return { profile = "box", profiles = { box = { provider = "carbon",
      base_url = %q, secrets = { api_key = command { "printf", %q }, carbon_key = env "KEY" },
      attempts = 1 } } }]]):format(settings.base_url, settings.api_key))
    file:close()
  end)
  teardown(function()
    server:stop()
    os.execute("rm -rf --one-file-system '" .. home .. "'")
  end)
  before_each(function() server:reset() end)

  local function command_of(words)
    return ("env -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u LUA_PATH -u LUA_CPATH HOME=%s KEY=%s "
      .. "%s lua/bin/repay %s"):format(quoted(home), quoted(server.settings.carbon.carbon_key),
      PROGRAM, words)
  end

  local function file_text(name)
    local file = assert(io.open(home .. "/" .. name, "rb"))
    local text = file:read("*a")
    file:close()
    return (text:gsub("\n$", ""))
  end

  -- Its exit code, what it wrote, and what it said.
  local function run(words)
    local code = read_all(("%s >'%s/out' 2>'%s/err'; echo $?"):format(command_of(words), home,
      home))
    return tonumber(code), file_text "out", file_text "err"
  end

  it("runs from the checkout, whatever the environment says of Lua's paths", function()
    local code, out, err = run "version"
    assert.equal(0, code, err)
    assert.is_truthy(out:find("^repay %d+%.%d+%.%d+$"), out)
    code, out = run "version --json"
    assert.equal(0, code)
    assert.equal(helper.is_luajit, cjson.decode(out).lua:find("LuaJIT", 1, true) ~= nil)
  end)

  it("writes data and talk apart, tab-separated in a pipe", function()
    local code, out, err = run "fetch carbon LOAN_ABC123"
    assert.equal(0, code, err)
    assert.is_truthy(out:find("^provider\tprofile\tid\t"), out)
    assert.is_truthy(err:find("^snapshot "), err)
    assert.is_nil(out:find("\27", 1, true))
    code, out = run "show --columns due_date,outstanding"
    assert.equal(0, code)
    assert.equal("due_date\toutstanding\n2025-02-15\t71999.99\n2025-03-15\t71466.66", out)
  end)

  for words, expected in pairs {
    ["shwo"] = 2, ["show --jsn"] = 2, [""] = 2, ["--help"] = 0, ["show --profile none"] = 2,
    ["fetch carbon NOBODY"] = 0, ["completion bash"] = 0,
  } do
    it("ends with " .. expected .. " after: repay " .. words, function()
      assert.equal(expected, (run(words)))
    end)
  end

  it("ends with what the provider's answer means", function()
    for status, expected in pairs { [401] = 4, [503] = 5, [418] = 1 } do
      server:reset()
      server:fault { kind = "status", status = status }
      assert.equal(expected, (run "fetch carbon LOAN_ABC123"), status)
    end
  end)

  it("says that a full disk is one", function()
    local text = read_all(command_of "version" .. " 2>&1 >/dev/full; echo code $?")
    assert.is_truthy(text:find("could not be written", 1, true), text)
    assert.is_truthy(text:find("code 1\n", 1, true), text)
  end)

  it("ends quietly when nobody reads on", function()
    local text = read_all("{ " .. command_of "completion zsh" .. " | head -1; } 2>&1")
    assert.is_nil(text:find("fault of repay", 1, true), text)
  end)

  it("ends with 130 at Ctrl-C, and keeps no half of a fetch", function()
    server:fault { kind = "stall", ms = 20000, at = "before" }
    local before = read_all("ls '" .. home .. "/.local/state/repay/snapshots/box' | wc -l")
    local pipe = assert(io.popen("sh -c " .. quoted("echo $$; exec "
      .. command_of "fetch carbon LOAN_ABC123" .. " 2>&1") .. "; echo code $?", "r"))
    local pid = pipe:read("*l")
    local begun = native.now_ms()
    while server:ledger().request_count == 0 do
      assert(native.now_ms() - begun < 10000, "the request never came")
      os.execute("sleep 0.05")
    end
    -- Everything that the process list tells of it.
    local listed = read_all("tr '\\0' ' ' </proc/" .. pid .. "/cmdline")
    assert.is_truthy(listed:find("fetch carbon LOAN_ABC123", 1, true), listed)
    assert.is_nil(listed:find(server.settings.carbon.api_key, 1, true))
    os.execute("kill -INT " .. pid)
    local said = pipe:read("*a")
    pipe:close()
    assert.is_truthy(said:find("nothing came, so no snapshot was kept", 1, true), said)
    assert.is_truthy(said:find("code 130\n", 1, true), said)
    assert.is_true(native.now_ms() - begun < 15000)
    assert.equal(before, read_all("ls '" .. home .. "/.local/state/repay/snapshots/box' | wc -l"))
  end)

  it("has doctor tell certificates apart, by real handshakes", function()
    local settings, ports = server.tls_settings.carbon, server.ports
    local function at(port)
      return (settings.base_url:gsub(":%d+/", (":%d/"):format(port)))
    end
    local cases = {
      good = { settings.base_url, settings.ca_file, 0, "tls", "ok" },
      stranger = { settings.base_url, nil, 5, "tls", "bad" },
      expired = { at(ports.tls_expired), settings.ca_file, 5, "tls", "bad" },
      wrong = { at(ports.tls_wrong_host), settings.ca_file, 5, "tls", "bad" },
      own = { at(ports.tls_self_signed), settings.ca_file, 5, "tls", "bad" },
      nobody = { at(ports.refused), settings.ca_file, 5, "network", "bad" },
      missing = { settings.base_url, "/nonexistent", 5, "tls", "bad" },
    }
    local profiles = {}
    for name, case in pairs(cases) do
      profiles[#profiles + 1] = ('%s = { provider = "carbon", base_url = %q, %s api_key = %q, '
        .. 'carbon_key = %q, attempts = 1 }'):format(name, case[1],
        case[2] and ("ca_file = %q,"):format(case[2]) or "", settings.api_key,
        settings.carbon_key)
    end
    local file = assert(io.open(home .. "/tls.lua", "w"))
    file:write("return { profiles = { ", table.concat(profiles, ", "), " } }")
    file:close()
    os.execute("chmod 600 '" .. home .. "/tls.lua'")
    for name, case in pairs(cases) do
      local code, out = run(("doctor --ndjson --config '%s/tls.lua' --profile %s"):format(home,
        name))
      assert.equal(case[3], code, name)
      local found
      for line in (out .. "\n"):gmatch("([^\n]+)\n") do
        local row = cjson.decode(line)
        found = found or row.check == case[4] and row.result
      end
      assert.equal(case[5], found, name)
    end
  end)

  it("says that its compiled modules are missing where they are", function()
    local path = read_all("mktemp -d"):gsub("\n", "")
    os.execute("cp -r lua '" .. path .. "/lua'")
    local text = read_all("cd / && env -u LUA_PATH -u LUA_CPATH " .. PROGRAM .. " '" .. path
      .. "/lua/bin/repay' version 2>&1; echo code $?")
    os.execute("rm -rf --one-file-system '" .. path .. "'")
    assert.equal("repay: its compiled modules are missing; run make in the checkout, or install "
      .. "repay\ncode 1\n", text)
  end)
end)
