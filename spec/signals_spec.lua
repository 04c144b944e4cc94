-- repay.native.signals: what a command does about Ctrl-C instead of what the interpreter would.
-- Each signal goes to a process by its id: this one, or a child.
local helper = require "spec.support.helper"
local signals = require "repay.native.signals"

-- os.execute would not do: it ignores SIGINT while it waits.
local function signal_self(name)
  local pipe = assert(io.popen("kill -" .. name .. " $PPID", "r"))
  pipe:read("*a")
  pipe:close()
end

-- What a child of the same interpreter says that runs this.
local function child(prefix, script)
  local program = helper.is_luajit and "luajit" or "lua5.4"
  local pipe = assert(io.popen("{ " .. prefix .. " " .. program .. " -e '" .. script
    .. "'; echo \"code $?\"; } 2>&1", "r"))
  local said = pipe:read("*a")
  pipe:close()
  return said
end

describe("repay.native.signals", function()
  after_each(signals.release)
  helper.watch(after_each)

  for _, name in ipairs { "INT", "TERM", "HUP" } do
    it("notes SIG" .. name .. " and interrupts nothing", function()
      signals.catch()
      assert.is_nil(signals.caught())
      signal_self(name)
      assert.equal("SIG" .. name, signals.caught())
    end)
  end

  it("forgets what came before", function()
    signals.catch()
    signal_self("TERM")
    signals.release()
    signals.catch()
    assert.is_nil(signals.caught())
  end)

  it("has one caller at a time, and may be released twice", function()
    signals.catch()
    assert.matches("are caught already", select(2, pcall(signals.catch)))
    signals.release()
    signals.release()
  end)
end)

describe("a process that catches signals #interpreter", function()
  it("ends at the second of a kind, as it would have at the first", function()
    local said = child("", [[
      local signals = require "repay.native.signals"
      signals.catch()
      os.execute("kill -TERM $PPID")
      io.write(signals.caught(), "\n")
      io.flush()
      os.execute("kill -TERM $PPID")
      io.write("still here\n")]])
    assert.matches("SIGTERM\n", said)
    assert.is_nil(said:find("still here", 1, true))
    assert.matches("code 143\n$", said)
  end)

  it("goes on ignoring what was ignored", function()
    local said = child("trap '' HUP;", [[
      local signals = require "repay.native.signals"
      signals.catch()
      os.execute("kill -HUP $PPID")
      io.write(tostring(signals.caught()), "\n")]])
    assert.matches("^nil\ncode 0\n$", said)
  end)

  it("is as it was after they are released", function()
    local said = child("", [[
      local signals = require "repay.native.signals"
      signals.catch()
      signals.release()
      os.execute("kill -TERM $PPID")
      io.write("still here\n")]])
    assert.matches("code 143\n$", said)
  end)
end)
