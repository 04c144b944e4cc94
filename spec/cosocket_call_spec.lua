-- What the driver inside nginx asks of a call in C. The driver itself runs only there; this much of
-- it runs everywhere, on both VMs and under the sanitizers.
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

describe("a call over cosockets", function()
  helper.watch(after_each)

  it("gives its client, its times and its request, and takes the reply in any pieces", function()
    for _, size in ipairs { 1, 7, 64, 4096 } do
      local call, client = prepared("carbon", "schedule",
        { attempt_timeout_ms = 9000, connect_timeout_ms = 4000 })
      local whose, now_ms, attempt_ms, connect_ms, is_write = native.cosocket_go_on(call)
      assert.is_true(rawequal(client, whose))
      assert.same({ 9000, 4000, false }, { attempt_ms, connect_ms, is_write })
      assert.truthy(now_ms <= native.now_ms())
      assert.truthy(native.cosocket_request(call):find("^GET /[^ ]*LOAN_ABC123[^ ]* HTTP/1.1\r\n"))
      local is_clean, has_ended
      for at = 1, #SCHEDULE, size do
        assert.is_nil(is_clean)
        is_clean, has_ended = native.cosocket_take(call, SCHEDULE:sub(at, at + size - 1), false)
      end
      assert.same({ true, true }, { is_clean, has_ended })
      assert.is_nil((native.cosocket_go_on(call)))
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
    native.cosocket_go_on(call)
    native.cosocket_request(call)
    native.cosocket_take(call, SCHEDULE, true)
    local stats = client:stats()
    assert.same({ 0, 1 }, { stats.connections_opened, stats.connections_reused })
    call:close()
    client:close()
  end)

  it("keeps no connection after a write", function()
    local call, client = prepared("fincode", "repay")
    local _, _, _, _, is_write = native.cosocket_go_on(call)
    assert.is_true(is_write)
    assert.truthy(native.cosocket_request(call):find("\r\n\r\n{", 1, true))
    assert.same({ false, true }, { native.cosocket_take(call, RECEIPT, false) })
    helper.ok(native.result(call))
    call:close()
    client:close()
  end)

  it("forgets the request that was taken, and makes the same one for the next attempt", function()
    local call, client = prepared("carbon", "schedule", { retry_base_ms = 1, retry_cap_ms = 1 })
    native.cosocket_go_on(call)
    local first = native.cosocket_request(call)
    assert.same({ true, false }, { native.cosocket_take(call, http(503, ""), false) })
    local whose, ms
    repeat
      whose, ms = native.cosocket_go_on(call)
    until whose
    assert.truthy(ms)
    assert.equal(first, native.cosocket_request(call))
    assert.same({ true, true }, { native.cosocket_take(call, SCHEDULE, true) })
    call:close()
    client:close()
  end)

  it("keeps a repayment's key when it is built again, and says from when on it may have left",
    function()
      local call, client = prepared("fincode", "repay", { retry_base_ms = 1, retry_cap_ms = 1 })
      assert.is_true(native.is_unsent(call))
      native.cosocket_go_on(call)
      assert.is_true(native.is_unsent(call))
      local first = native.cosocket_request(call)
      assert.is_false(native.is_unsent(call))
      call:answer(nil, nil, nil, { kind = "connect", sent = "no" })
      assert.is_true(native.is_unsent(call))
      local whose
      repeat
        whose = native.cosocket_go_on(call)
      until whose
      local again = native.cosocket_request(call)
      local function key_and_body(bytes)
        return bytes:match("[Kk]ey: [^\r]+") .. bytes:match("\r\n\r\n.*$")
      end
      assert.equal(key_and_body(first), key_and_body(again))
      assert.truthy(again:find("unique-key-12345", 1, true))
      call:close()
      client:close()
    end)

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

  it("takes no bytes for more to come, and the end of the stream for the end", function()
    local call, client = prepared("carbon", "schedule", { attempts = 1 })
    native.cosocket_go_on(call)
    native.cosocket_request(call)
    assert.is_nil(native.cosocket_take(call, SCHEDULE:sub(1, 60), false))
    assert.is_nil(native.cosocket_take(call, "", false))
    assert.same({ false, true }, { native.cosocket_take(call, nil, false) })
    assert.equal("connection_lost", helper.fails(native.result(call)).kind)
    call:close()
    client:close()
  end)

  it("that was closed has ended, and one without a request under way raises", function()
    local call, client = prepared("carbon", "schedule")
    for _, name in ipairs { "cosocket_request", "cosocket_take" } do
      assert.equal("repay.call has no request under way", helper.raises(function()
        native[name](call, "x")
      end))
    end
    native.cosocket_go_on(call)
    call:close()
    assert.is_nil((native.cosocket_go_on(call)))
    assert.same({ false, true }, { native.cosocket_take(call, "x", false) })
    assert.equal("repay.call is closed", helper.raises(function()
      native.cosocket_request(call)
    end))
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
