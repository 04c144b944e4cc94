-- What the driver inside nginx asks of a call in C. The driver itself runs only there; this much of
-- it runs everywhere under LuaJIT, and under the sanitizers.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local transport = require "spec.support.transport"

local function prepared(provider, operation, changes)
  local client = helper.open(provider, transport.new(), changes)
  return helper.ok(client:prepare(operation, helper.arguments[provider][operation])), client
end

local function http(status, body)
  return ("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s"):format(status, #body, body)
end

local SCHEDULE = http(200, transport.read("carbon/schedule.200.json"))
local RECEIPT = http(200, transport.read("fincode/repay.200.json"))

local steps = helper.is_luajit and require "repay.ngx.steps"

describe("a call over cosockets", function()
  if not steps then
    pending("is driven through LuaJIT's FFI, which is not here")
    return
  end
  helper.watch(after_each)

  it("gives its client, its times and its request, and takes the reply in any pieces", function()
    for _, size in ipairs { 1, 7, 64, 4096 } do
      local call, client = prepared("carbon", "schedule",
        { attempt_timeout_ms = 9000, connect_timeout_ms = 4000 })
      assert.is_true(rawequal(client, native.client_of(call)))
      assert.equal(steps.SEND, steps.go_on(call))
      local times = steps.times
      assert.same({ 9000, 4000, 0 }, { times.attempt_ms, times.connect_ms, times.is_write })
      assert.truthy(times.now_ms <= native.now_ms())
      assert.truthy(times.unix_ms <= native.unix_ms())
      assert.truthy(steps.request(call):find("^GET /[^ ]*LOAN_ABC123[^ ]* HTTP/1.1\r\n"))
      local is_clean, has_ended
      for at = 1, #SCHEDULE, size do
        assert.is_nil(is_clean)
        is_clean, has_ended = steps.take(call, SCHEDULE:sub(at, at + size - 1), false)
      end
      assert.same({ true, true }, { is_clean, has_ended })
      assert.equal(steps.OVER, steps.go_on(call))
      local schedule = helper.ok(native.result(call))
      assert.equal(2, #schedule)
      schedule:close()
      local stats = client:stats()
      assert.same({ 1, 0 }, { stats.connections_opened, stats.connections_reused })
      call:close()
      client:close()
    end
  end)

  it("counts the connections that were used before", function()
    local call, client = prepared("carbon", "schedule")
    steps.go_on(call)
    steps.request(call)
    steps.take(call, SCHEDULE, true)
    local stats = client:stats()
    assert.same({ 0, 1 }, { stats.connections_opened, stats.connections_reused })
    call:close()
    client:close()
  end)

  it("keeps no connection after a write", function()
    local call, client = prepared("fincode", "repay")
    steps.go_on(call)
    assert.equal(1, steps.times.is_write)
    assert.truthy(steps.request(call):find("\r\n\r\n{", 1, true))
    assert.same({ false, true }, { steps.take(call, RECEIPT, false) })
    helper.ok(native.result(call))
    call:close()
    client:close()
  end)

  it("forgets the request that was taken, and makes the same one for the next attempt", function()
    local call, client = prepared("carbon", "schedule", { retry_base_ms = 1, retry_cap_ms = 1 })
    steps.go_on(call)
    local first = steps.request(call)
    assert.same({ true, false }, { steps.take(call, http(503, ""), false) })
    local step
    repeat
      step = steps.go_on(call)
      assert.truthy(step == steps.SEND or steps.times.wait_ms > 0)
    until step == steps.SEND
    assert.equal(first, steps.request(call))
    assert.same({ true, true }, { steps.take(call, SCHEDULE, true) })
    call:close()
    client:close()
  end)

  it("keeps a repayment's key when it is built again, and says from when on it may have left",
    function()
      local call, client = prepared("fincode", "repay", { retry_base_ms = 1, retry_cap_ms = 1 })
      assert.is_true(native.is_unsent(call))
      steps.go_on(call)
      assert.is_true(native.is_unsent(call))
      local first = steps.request(call)
      assert.is_false(native.is_unsent(call))
      call:answer(nil, nil, nil, { kind = "connect", sent = "no" })
      assert.is_true(native.is_unsent(call))
      repeat until steps.go_on(call) == steps.SEND
      local again = steps.request(call)
      local function key_and_body(bytes)
        return bytes:match("[Kk]ey: [^\r]+") .. bytes:match("\r\n\r\n.*$")
      end
      assert.equal(key_and_body(first), key_and_body(again))
      assert.truthy(again:find("unique-key-12345", 1, true))
      call:close()
      client:close()
    end)

  it("takes no bytes for more to come, and the end of the stream for the end", function()
    local call, client = prepared("carbon", "schedule", { attempts = 1 })
    steps.go_on(call)
    steps.request(call)
    assert.is_nil(steps.take(call, SCHEDULE:sub(1, 60), false))
    assert.is_nil(steps.take(call, "", false))
    assert.same({ false, true }, { steps.take(call, nil, false) })
    assert.equal("connection_lost", helper.fails(native.result(call)).kind)
    call:close()
    client:close()
  end)

  it("that was closed has ended, and one without a request under way raises", function()
    local call, client = prepared("carbon", "schedule")
    for _, name in ipairs { "request", "take" } do
      assert.equal("repay.call has no request under way", helper.raises(function()
        steps[name](call, "x")
      end))
    end
    steps.go_on(call)
    call:close()
    assert.equal(steps.OVER, steps.go_on(call))
    assert.same({ false, true }, { steps.take(call, "x", false) })
    assert.equal("repay.call has no request under way", helper.raises(function()
      local _ = steps.request(call)
    end))
    assert.is_nil(native.client_of(call))
    assert.is_nil(native.client_of(io.stdout))
    client:close()
  end)
end)

describe("a call", function()
  helper.watch(after_each)

  it("is handed over by a message too", function()
    local call, client = prepared("fincode", "repay")
    call:next()
    assert.is_true(native.is_unsent(call))
    call:message()
    assert.is_false(native.is_unsent(call))
    call:close()
    assert.is_true(native.is_unsent(call))
    client:close()
  end)

  it("goes where its client was told to", function()
    local _, client = prepared("fincode", "repay", { base_url = "https://api.example.org:8443/v1",
      environment = "live", connect = "[::1]:9443", first_byte_timeout_ms = 1234 })
    assert.same({ "::1", 9443, "api.example.org", nil, nil, 1234 },
      { native.cosocket_place(client) })
    client:close()
    client = helper.open("carbon", transport.new(), { base_url = "http://127.0.0.1:81",
      environment = nil })
    local host, port, server_name = native.cosocket_place(client)
    assert.same({ "127.0.0.1", 81 }, { host, port })
    assert.is_nil(server_name)
    client:close()
    assert.equal("repay.client is closed", helper.raises(function()
      native.cosocket_place(client)
    end))
  end)
end)
