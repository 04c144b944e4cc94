-- The command as real processes against a sandbox server: interrupted, killed, and two at a time.
-- The ledger of the server says what was recorded.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local process = require "spec.support.sandbox_process"

local PATIENCE_MS = 10000

local w, server

local function quoted(text)
  return process.quote(text)
end

-- The words as a shell command with a home of its own and nothing else of the environment that
-- counts.
local function command_of(...)
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = quoted(word)
  end
  return ("env -u XDG_CONFIG_HOME -u XDG_STATE_HOME HOME=%s %s lua/bin/repay %s"):format(
    quoted(w.home), helper.is_luajit and "luajit" or "lua5.4", table.concat(words, " "))
end

-- Runs it to its end: what it wrote, and its exit code.
local function run(...)
  local pipe = assert(io.popen(command_of(...) .. " 2>&1; echo \"code $?\"", "r"))
  local said = pipe:read("*a")
  pipe:close()
  return said, tonumber(said:match("code (%d+)\n$"))
end

-- Starts it: { pid, pipe }. The shell names its own id and then becomes the command.
local function start(...)
  local pipe = assert(io.popen("sh -c " .. quoted("echo $$; exec " .. command_of(...) .. " 2>&1")
    .. "; echo \"code $?\"", "r"))
  return { pid = pipe:read("*l"), pipe = pipe }
end

local function finish(child)
  local said = child.pipe:read("*a")
  child.pipe:close()
  return said, tonumber(said:match("code (%d+)\n$"))
end

local function wait_for_records(count)
  local begun = native.now_ms()
  while #server:ledger().repayments < count do
    assert(native.now_ms() - begun < PATIENCE_MS, "the repayment never came")
    os.execute("sleep 0.02")
  end
end

-- Every repayment of the file is there, and once.
local function check_once(count)
  local seen, all = {}, 0
  for _, record in ipairs(server:ledger().repayments) do
    assert.is_nil(seen[record.key], "recorded twice: " .. tostring(record.reference))
    seen[record.key] = true
    all = all + 1
  end
  assert.equal(count, all)
end

local function begin(keys)
  server = process.start("--clock", "now", "--flow")
  w = cli_world.new { keys = keys, profile = server.settings.fincode }
end

describe("the command as a process #interpreter", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
    if server then
      server:stop()
      server = nil
    end
  end)
  helper.watch(after_each)

  it("ends the repayment under way at Ctrl-C, stops with 130, and goes on later", function()
    begin("honoured")
    local _, code = run("plan", w:rows_file("pay.csv", 4))
    assert.equal(0, code)
    server:fault { kind = "stall", route = "repay_loan", nth = 2, ms = 600 }
    local child = start("run", "pay.csv")
    wait_for_records(2)
    os.execute("kill -INT " .. child.pid)
    local said
    said, code = finish(child)
    assert.equal(130, code)
    assert.matches("2 not sent; go on with: repay run pay%.csv", said)
    assert.matches("2 accepted, 2 approved", said)
    said, code = run("run", "pay.csv")
    assert.equal(0, code)
    assert.matches("4 accepted", said)
    check_once(4)
  end)

  it("ends at once when Ctrl-C is pressed again, and the journal survives that", function()
    begin("honoured")
    run("plan", w:rows_file("pay.csv", 2))
    server:fault { kind = "stall", route = "repay_loan", nth = 1, ms = 5000 }
    local child = start("run", "pay.csv")
    wait_for_records(1)
    os.execute("kill -INT " .. child.pid .. "; sleep 0.3; kill -INT " .. child.pid)
    local _, code = finish(child)
    assert.equal(130, code) -- by the signal: the shell says 128 and its number
    _, code = run("recover")
    assert.equal(8, code)
    _, code = run("run", "pay.csv")
    assert.equal(0, code)
    check_once(2)
  end)

  it("is killed in the middle of a run, and nothing is doubled or lost", function()
    begin("honoured")
    run("plan", w:rows_file("pay.csv", 5))
    server:fault { kind = "stall", route = "repay_loan", nth = 3, ms = 5000 }
    local child = start("run", "pay.csv")
    wait_for_records(3)
    os.execute("kill -KILL " .. child.pid)
    finish(child)
    local said, code = run("status")
    assert.equal(8, code)
    assert.matches("sending", said)
    assert.equal(8, select(2, run("recover")))
    check_once(3)
    said, code = run("run", "pay.csv")
    assert.equal(0, code)
    assert.matches("5 accepted", said)
    check_once(5)
    assert.equal(0, select(2, run("journal", "verify")))
  end)

  it("never sends again by itself what may have arrived, where keys are not proven", function()
    begin("unproven")
    run("plan", w:rows_file("pay.csv", 2), "--new-journal")
    server:fault { kind = "stall", route = "repay_loan", nth = 1, ms = 5000 }
    local child = start("run", "pay.csv")
    wait_for_records(1)
    os.execute("kill -KILL " .. child.pid)
    finish(child)
    local said, code = run("recover")
    assert.equal(8, code)
    assert.matches("1 approved, 1 unknown", said)
    said, code = run("run", "pay.csv")
    assert.equal(8, code)
    assert.matches("1 accepted, 1 unknown", said)
    check_once(2)
  end)

  it("runs twice at once and sends each once", function()
    begin("honoured")
    run("plan", w:rows_file("pay.csv", 12))
    local children = { start("run", "pay.csv"), start("run", "pay.csv"),
      start("plan", w.home .. "/pay.csv") }
    for _, child in ipairs(children) do
      local said, code = finish(child)
      assert.is_true(code == 0 or code == 8, said)
    end
    local _, code = run("run", "pay.csv")
    assert.equal(0, code)
    check_once(12)
  end)

  it("says what became of money also where nothing can be written", function()
    begin("unproven")
    server:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local pipe = assert(io.popen("{ " .. command_of(cli_world.pay_words())
      .. " >/dev/full; } 2>&1; echo \"code $?\"", "r"))
    local said = pipe:read("*a")
    pipe:close()
    assert.matches("the output could not be written", said)
    assert.matches("code 8\n$", said)
    pipe = assert(io.popen("{ " .. command_of("status", "--state", "accepted")
      .. " >/dev/full; } 2>&1; echo \"code $?\"", "r"))
    assert.matches("code 1\n$", pipe:read("*a"))
    pipe:close()
    check_once(1)
  end)

  for _, keys in ipairs { "honoured", "unproven" } do
    it("pays once for two at once that say the same, keys " .. keys, function()
      begin(keys)
      local children = { start(cli_world.pay_words()), start(cli_world.pay_words()) }
      for _, child in ipairs(children) do
        local said, code = finish(child)
        assert.is_true(code == 0 or code == 7 or code == 8, said)
      end
      local said, code = run(cli_world.pay_words())
      assert.equal(0, code, said)
      check_once(1)
    end)
  end
end)
