-- A process that was stopped after it had claimed an entry (a closed lid, SIGSTOP) went on when it
-- woke: the second attempt left after the provider had forgotten the key, and was recorded again.
local fixtures = require "spec.support.transport"
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local nginx = require "spec.support.nginx"
local wire = require "spec.support.wire"
local world = require "spec.support.journal_world"

local DAY_MS = 86400000
-- Beyond the key's memory, which the sandbox counts from the first record.
local STOP_MS = 2 * DAY_MS

local w

-- A second attempt whose process stops for two days in one of its transport's functions, once it
-- has claimed. Returns the entry as it is in the end.
local function stop_in(name, changes)
  w = world.new { journal = changes }
  w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
  local transport = w.box:transport "fincode"
  local stopped = false
  local inner = transport[name]
  transport[name] = function(...)
    local entry = w.journal:entries { state = "sending" }[1]
    if entry and entry.tries == 2 and not stopped then
      stopped = true
      local before = inner(...)
      w.box:advance(STOP_MS)
      return name == "now_ms" and inner(...) or before
    end
    return inner(...)
  end
  local entry, err = w.journal:repay(w:open_client { transport = transport }, world.arguments())
  assert.is_true(stopped)
  return entry or w.journal:entry(err.entry), err
end

local function assert_kept_back(entry, err)
  assert.equal("unknown", entry.state)
  assert.equal("window_over", entry.reason)
  assert.equal("unknown", err.outcome)
  assert.equal(1, w:posts())
  -- The first attempt's record is found in the list, as ever.
  w:settle()
  assert.equal("accepted", w.journal:entry(entry.id).state)
  assert.equal(1, (w:records()))
end

-- The same over sockets: the driver's clock is two days further on when it is handed the second
-- attempt. Says how the money stands, and in which state the entry is.
local STOP = [[
  local module, port, path, arguments, stop_ms = ...
  local driver = require(module)
  local native = require "repay.native.core"
  local repay = require "repay"
  local perform, posts, ahead_ms = driver.perform, 0, 0
  driver.perform = function(call, ...)
    posts = posts + (call.is_write and 1 or 0)
    if posts == 2 then
      ahead_ms = stop_ms
      native.test_clock(native.now_ms() + stop_ms, -1)
    end
    return perform(call, ...)
  end
  -- Its own, whoever runs this.
  os.execute("mkdir -m 700 " .. path:match("^(.*)/"))
  local journal = assert(repay.journal(path, {
    retry_base_ms = 1, retry_cap_ms = 1,
    unix_ms = function() return native.unix_ms() + ahead_ms end,
  }))
  local client = assert(repay.open("fincode", {
    token = "t", customer_ip = "127.0.0.1", currency = "NGN", keys = "honoured",
    base_url = "http://127.0.0.1:" .. port,
  }))
  local _, err = journal:repay(client, arguments)
  driver.perform = perform
  native.test_clock(-1, -1)
  local entry = journal:entry(err.entry)
  client:close()
  journal:close()
  return { tries = entry.tries, state = entry.state, reason = entry.reason, kind = err.kind,
    outcome = err.outcome, posts = posts }
]]

local HELD_BACK = { tries = 2, state = "unknown", reason = "window_over", kind = "timeout",
  outcome = "unknown", posts = 2 }

local function provider()
  return wire.server(
    { { "send", wire.reply(200, fixtures.read("fincode/list.200.json")) } }, { { "close" } },
    { { "send", wire.reply(200, fixtures.read("fincode/repay.200.json")) } })
end

local function posts(server)
  local count = 0
  for _, request in ipairs(server:requests()) do
    count = count + (request:find("^POST ") and 1 or 0)
  end
  return count
end

local function directory()
  local pipe = assert(io.popen("mktemp -d", "r"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

-- The clock that these drivers read is moved by hand in the build for tests alone.
local run = native.test_clock and it or pending

describe("a process that is stopped after its claim", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)
  wire.watch(after_each)

  it("sends nothing when it wakes after the key's window", function()
    assert_kept_back(stop_in("now_ms"))
  end)

  it("sends nothing when it was stopped between its last question and the request", function()
    assert_kept_back(stop_in("unix_ms"))
  end)

  run("sends nothing over libcurl", function()
    local server, place = provider(), directory()
    local load = loadstring or load
    local seen = load(STOP)("repay.curl", server:port(), place .. "/own/pay.db",
      helper.arguments.fincode.repay, STOP_MS)
    os.execute("rm -r --one-file-system " .. place)
    assert.same(HELD_BACK, seen)
    assert.equal(1, posts(server))
  end)
end)

nginx.describer(describe, pending)("a worker that is stopped after its claim", function()
  wire.watch(after_each)

  run("sends nothing over cosockets", function()
    local server = provider()
    local gateway = nginx.start {}
    local place = directory()
    os.execute("chmod 0777 " .. place)
    local seen = gateway:run(STOP, "repay.ngx", server:port(), place .. "/own/pay.db",
      helper.arguments.fincode.repay, STOP_MS)
    gateway:stop()
    os.execute("rm -r --one-file-system " .. place)
    assert.same(HELD_BACK, seen)
    assert.equal(1, posts(server))
  end)
end)
