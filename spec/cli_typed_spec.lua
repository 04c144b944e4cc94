-- Commands that are printed for a person to paste: what was typed is in them, a shell takes them as
-- they are, and they mean what was just shown, no more and no less.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"
local typed = require "repay.cli.typed"

-- The words that a shell makes of a line.
local function words_of(line)
  local pipe = assert(io.popen("printf '%s\\n' " .. line, "r"))
  local words = {}
  for word in pipe:lines() do
    words[#words + 1] = word
  end
  pipe:close()
  return words
end

describe("a command to paste", function()
  it("is taken by a shell as it is meant", function()
    local given = { "pay.csv", "january 2026.csv", "it's.csv", "$HOME`x`", "a;b", "~x", "=x", "",
      "d\195\169j\195\160.csv" }
    local line = typed.command({ arguments = {} }, "run", given)
    assert.equal("repay run pay.csv 'january 2026.csv' ", line:sub(1, 37))
    assert.same({ "repay", "run", (unpack or table.unpack)(given) }, words_of(line))
  end)

  it("has the options that find the same journal", function()
    assert.equal("repay approve 3 --profile 'my own' --config x.lua", typed.command({ arguments = {
      profile = "my own", config = "x.lua", as_of = "2025-01-20" } }, "approve", { "3" }))
  end)
end)

describe("the next command", function()
  local w
  after_each(function()
    w:close()
    w = nil
  end)
  helper.watch(after_each)

  -- What is printed behind `before`, run as it is printed.
  local function paste(run, before)
    local line = run.err:match(before .. "repay ([^\n]*)")
    assert.is_string(line, run.err)
    return w:run((unpack or table.unpack)(words_of(line))), line
  end

  local function rows(...)
    local lines = { cli_world.header }
    for _, n in ipairs { ... } do
      lines[#lines + 1] = cli_world.row(n)
    end
    return table.concat(lines, "\n") .. "\n"
  end

  it("leads from a plan to its end", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    local run = w:run("plan", w:file("my pay.csv", rows(1, 2)), "--profile", "main")
    assert.equal(6, run.code)
    local line
    run, line = paste(run, "after a look: ")
    assert.equal("approve 'my pay.csv' --profile main", line)
    assert.equal(0, run.code)
    run, line = paste(run, "next: ")
    assert.equal("run 'my pay.csv' --profile main", line)
    assert.equal(0, run.code)
    assert.equal(2, w:posts())
  end)

  it("names a batch by its number where its name would mean another too", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 1))
    local run, line = paste(w:run("plan", w:rows_file("pay.csv", 3)), "next: ")
    assert.equal("run 1 2", line)
    assert.equal(3, w:posts())
    assert.equal(0, run.code)
    for at, name in ipairs { "7", "-x", "01890a5d-0000-7000-8000-000000000001" } do
      line = select(2, paste(w:run("plan", w:file("more.csv", rows(10 + at)), "--name=" .. name),
        "next: "))
      assert.equal("run " .. 2 + at, line)
    end
    assert.equal(6, w:posts())
  end)

  it("sends nothing of the batch that the file no longer has", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 3))
    local run, line = paste(w:run("plan", w:file("pay.csv", rows(1, 3))), "next: ")
    local list = w:entries()
    assert.equal(("run %s %s"):format(list[1].id, list[3].id), line)
    assert.equal(0, run.code)
    assert.equal("approved", list[2].state)
    assert.equal(2, w:posts())
    for n = 4, 30 do
      w:run("plan", w:file("one.csv", rows(n)), "--name", "many")
    end
    w:run("plan", w:rows_file("all.csv", 60))
    run = w:run("plan", w:rows_file("most.csv", 59))
    assert.is_nil(run.err:find("next: repay run", 1, true), run.err)
    assert.is_truthy(run.err:find("has more than this file: repay status", 1, true), run.err)
  end)

  it("says --live where money is real, and the reason where one is needed", function()
    w = cli_world.new { profile = { environment = "live", limits = { per_run_minor = 1 },
      base_url = "https://own.example/api/v1/services" } }
    local run = w:run("plan", w:rows_file("pay.csv", 1), "--no-lists")
    local line
    run, line = paste(run, "after a look: ")
    assert.equal("approve pay.csv", line)
    assert.is_truthy(run.err:find("next: repay run pay.csv --live\n", 1, true), run.err)
    assert.equal(0, w:posts())
    assert.is_truthy(w:run("explain", w:entries()[1].id).out:find("repay run "
      .. w:entries()[1].id .. " --live", 1, true))
  end)

  it("of what is held has its id", function()
    w = cli_world.new { keys = "unproven" }
    assert.equal(0, w:pay({ reference = "REF 9" }).code)
    os.execute("rm " .. w.home .. "/.local/state/repay/journal.db*")
    local run = w:run("plan", w:file("pay.csv", cli_world.header .. "\n" .. cli_world.row(2,
      "5000.00") .. "\n" .. cli_world.row(3) .. "\n"), "--new-journal")
    assert.equal(6, run.code)
    local line
    run, line = paste(run, "next: ")
    assert.equal("approve " .. w:entries()[1].id .. " --because REASON", line)
    assert.equal(0, run.code)
  end)
end)
