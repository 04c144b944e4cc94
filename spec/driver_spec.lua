local helper = require "spec.support.helper"
local native = require "repay.native.core"
local transport = require "spec.support.transport"

local function repay_over(...)
  return helper.ask("fincode", "repay", transport.new(...))
end

describe("the driver over a message transport", function()
  helper.watch(after_each)

  it("takes a raise for a reply that may have been lost", function()
    local err = helper.fails(repay_over(function()
      error("socket library broke")
    end))
    assert.equal("bad_response", err.kind)
    assert.equal("unknown", err.outcome)
    assert.truthy(err.message:find("socket library broke", 1, true))
    err = helper.fails(repay_over(function()
      error(setmetatable({}, { __tostring = function() error("worse") end }))
    end))
    assert.equal("unknown", err.outcome)
  end)

  it("takes a malformed answer for one that may have been lost", function()
    local answers = {
      function() end,
      function() return false end,
      function() return true end,
      function() return "200 OK" end,
      function() return {} end,
      function() return { status = "200", body = "{}" } end,
      function() return { status = 99 } end,
      function() return { status = 600 } end,
      function() return { status = 200.5 } end,
      function() return { status = 0 / 0 } end,
      function() return { status = 200, body = 5 } end,
      function() return { status = 200, body = {} } end,
      function() return { status = 200, headers = "none", body = "{}" } end,
      function() return { status = 200, headers = { { 1, 2 } }, body = "{}" } end,
      function() return { status = 200, headers = { [true] = "x" }, body = "{}" } end,
    }
    for i, answer in ipairs(answers) do
      local canned = transport.new(answer)
      local err = helper.fails(helper.ask("fincode", "repay", canned))
      assert.equal("bad_response", err.kind, i .. " " .. tostring(err))
      assert.equal("unknown", err.outcome)
      assert.equal(1, #canned.requests)
    end
  end)

  it("knows the words of a transport, and takes others for a lost connection", function()
    local kinds = { dns = "dns", connect = "connect", tls = "tls", timeout = "timeout",
      connection_lost = "connection_lost", too_large = "too_large",
      bad_response = "bad_response", cancelled = "cancelled", memory = "connection_lost",
      auth = "connection_lost", oops = "connection_lost" }
    for word, kind in pairs(kinds) do
      local err = helper.fails(repay_over({ kind = word, sent = "maybe" }))
      assert.equal(kind, err.kind)
      assert.equal("unknown", err.outcome)
      err = helper.fails(repay_over(function() return nil, word end))
      assert.equal(kind, err.kind)
      assert.equal("unknown", err.outcome)
    end
  end)

  it("believes that nothing was sent only when told so", function()
    for _, sent in ipairs { "maybe", "yes", "NO", false, 0 } do
      assert.equal("unknown", helper.fails(repay_over({ kind = "connect", sent = sent })).outcome)
    end
    local canned = transport.new({ kind = "connect", sent = "no" })
    local err = helper.fails(helper.ask("fincode", "repay", canned))
    assert.equal("not_sent", err.outcome)
    assert.equal(3, #canned.requests)
  end)

  it("sends a write once when it may have arrived", function()
    local failures = { { kind = "timeout" }, { kind = "connection_lost", reused = true } }
    for _, failure in ipairs(failures) do
      local canned = transport.new(failure, "fincode/repay.200.json")
      assert.equal("unknown", helper.fails(helper.ask("fincode", "repay", canned)).outcome)
      assert.equal(1, #canned.requests)
    end
  end)

  it("tries a write again when nothing was sent, with the same key and body", function()
    local canned = transport.new({ kind = "dns", sent = "no" }, "fincode/repay.200.json")
    helper.ok(helper.ask("fincode", "repay", canned))
    assert.equal(2, #canned.requests)
    assert.equal(canned.requests[1].body, canned.requests[2].body)
    local keys = {}
    for i, request in ipairs(canned.requests) do
      for _, header in ipairs(request.headers) do
        if header[1] == "x-idempotency-key" then
          keys[i] = header[2]
        end
      end
    end
    assert.equal(2, #keys)
    assert.equal(keys[1], keys[2])
  end)

  it("reads headers in every usual shape", function()
    local shapes = {
      { ["Retry-After"] = "3" }, { ["retry-after"] = 3 }, { ["RETRY-AFTER"] = { "3" } },
      { { "Retry-After", "3" } }, { { "X", "y" }, { "retry-after", 3 } },
    }
    for _, headers in ipairs(shapes) do
      local canned = transport.new({ status = 503, headers = headers, body = "" },
        "carbon/schedule.200.json")
      helper.ok(helper.ask("carbon", "schedule", canned)):close()
      assert.same({ 3000 }, canned.slept)
    end
  end)

  it("goes by the transport's clock, and by what it was told to sleep", function()
    local now = 5000
    local canned = transport.new("carbon/down.503.json")
    canned.now_ms = function()
      return now + 0.75
    end
    canned.unix_ms = function()
      return 1736935800000
    end
    local send = canned.send
    canned.send = function(request)
      now = now + 4000
      return send(request)
    end
    local err = helper.fails(helper.ask("carbon", "schedule", canned,
      { timeout_ms = 10000, attempts = 10 }))
    assert.truthy(#canned.requests < 10, #canned.requests)
    assert.truthy(err.kind == "unavailable" or err.kind == "timeout", tostring(err))
  end)

  it("raises before anything is sent when the clock tells no time", function()
    for _, value in ipairs { "now", 0 / 0, 2 ^ 60, {} } do
      local canned = transport.new("carbon/schedule.200.json")
      canned.now_ms = function()
        return value
      end
      local client = helper.open("carbon", canned)
      local ok, raised = pcall(client.schedule, client, helper.arguments.carbon.schedule)
      assert.is_false(ok)
      assert.truthy(raised:find("now_ms must return milliseconds", 1, true))
      assert.equal(0, #canned.requests)
      client:close()
    end
  end)

  it("goes on with the last reading when the clock breaks later", function()
    local canned = transport.new("fincode/repay.200.json")
    local readings = 0
    canned.now_ms = function()
      readings = readings + 1
      return readings == 1 and 1000 or error("gone")
    end
    helper.ok(helper.ask("fincode", "repay", canned))
  end)

  it("cancels a call whose transport cannot sleep", function()
    local canned = transport.new("carbon/down.503.json")
    canned.sleep = function()
      error("not here")
    end
    local err = helper.fails(helper.ask("carbon", "schedule", canned))
    assert.equal("cancelled", err.kind)
    assert.equal(1, #canned.requests)
  end)

  it("may yield in send and in sleep", function()
    local canned = transport.new("carbon/down.503.json", "carbon/schedule.200.json")
    local send, sleep = canned.send, canned.sleep
    canned.send = function(request)
      coroutine.yield("sending")
      return send(request)
    end
    canned.sleep = function(ms)
      coroutine.yield("sleeping")
      return sleep(ms)
    end
    local seen, rows = {}, nil
    local thread = coroutine.wrap(function()
      local schedule = helper.ok(helper.ask("carbon", "schedule", canned))
      rows = #schedule
      schedule:close()
      return "end"
    end)
    repeat
      seen[#seen + 1] = thread()
    until seen[#seen] == "end"
    assert.same({ "sending", "sleeping", "sending", "end" }, seen)
    assert.equal(2, rows)
  end)

  it("lets a body be no larger than was asked for", function()
    local body = transport.read("carbon/schedule.200.json")
    for blanks, kind in pairs { [2048 - #body] = false, [2049 - #body] = "too_large" } do
      local schedule, err = helper.ask("carbon", "schedule",
        transport.new(transport.json(body .. (" "):rep(blanks))),
        { body_size_max = 2048, attempts = 1 })
      if kind then
        assert.equal(kind, helper.fails(schedule, err).kind)
      else
        helper.ok(schedule, err):close()
      end
    end
  end)

  it("has clocks of its own that go forward", function()
    local now, unix = native.now_ms(), native.unix_ms()
    assert.truthy(native.now_ms() >= now)
    assert.truthy(math.abs(unix / 1000 - os.time()) < 5)
  end)
end)
