-- Every request, byte for byte, against a golden file, with clock and chance injected. The files
-- are those of the core's own tests, so that a call made from Lua leaves as one made in C.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"

local UNIX_MS = 1705314600000 -- 2024-01-15T10:30:00Z

-- Sixteen bytes for keys, and the seed 42 as a machine with its low byte first has it.
local CHANCE = "\0\1\2\3\4\5\6\7\8\9\10\11\12\13\14\15" .. "\42\0\0\0\0\0\0\0"

local credentials = {
  carbon = { api_key = "CARBON-API-KEY", carbon_key = "CARBON-MERCHANT-KEY" },
  pezesha = { token = "PEZESHA-TOKEN" },
  fincode = { token = "FINCODE-TOKEN" },
}

local least = {
  user_id = "user-9", customer_id = "123e4567-e89b-12d3-a456-426614174000",
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount_minor = 5000050,
}

local cases = {
  { "carbon", "schedule", "schedule.request" },
  { "carbon", "schedule", "schedule_live.request", { environment = "live" },
    { loan_id = "a/b é?..." } },
  { "pezesha", "schedule", "schedule.request" },
  { "pezesha", "schedule", "schedule_authorization.request",
    { environment = "live", token_header = "authorization" } },
  { "pezesha", "schedule", "schedule_authentication.request",
    { base_url = "http://127.0.0.1:8080", token_header = "authentication" } },
  { "fincode", "schedule", "schedule.request" },
  { "fincode", "pending", "pending.request" },
  { "fincode", "repaid", "repaid.request" },
  { "fincode", "repay", "repay.request" },
  { "fincode", "repay", "repay_least.request", { tenant = "acme" }, least },
}

-- The same request as a message transport gets it, put together again.
local function rendered(message)
  local target = message.url:match("^https?://[^/]+(.*)$")
  local lines = { message.method .. " " .. target .. " HTTP/1.1" }
  for _, header in ipairs(message.headers) do
    lines[#lines + 1] = header[1] .. ": " .. header[2]
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (message.body or "")
end

describe("a request", function()
  helper.watch(after_each)

  before_each(function()
    native.test_seed(CHANCE)
    native.test_clock(1000, UNIX_MS)
  end)

  after_each(function()
    native.test_seed("")
    native.test_clock(-1, -1)
  end)

  for _, case in ipairs(cases) do
    it("leaves as " .. case[1] .. "/" .. case[3] .. ", on both ways out", function()
      local golden = transport.read(case[1] .. "/" .. case[3])
      local client = helper.ok(repay.open(case[1], helper.copy(
        helper.options(case[1], credentials[case[1]]), case[4])))
      local call = helper.ok(client:prepare(case[2],
        case[5] or helper.arguments[case[1]][case[2]]))
      assert.equal("send", call:next())
      assert.equal(golden, call:wire().bytes)
      assert.equal(golden, rendered(call:message()))
      call:close()
      client:close()
    end)
  end

  it("has ids of its own for every attempt, and one key for every attempt at a write", function()
    local client = helper.open("fincode", transport.new())
    local call = helper.ok(client:prepare("repay", least))
    local seen, key = {}, call.idempotency_key
    local now, sent = 1000, 0
    local step, ms = call:next(now, UNIX_MS)
    while step ~= "failed" do
      if step == "send" then
        local head = call:wire().bytes
        local id = head:match("x%-fapi%-interaction%-id: (%S+)")
        assert.truthy(head:find("x-idempotency-key: " .. key .. "\r\n", 1, true))
        assert.is_nil(seen[id])
        seen[id] = true
        sent = sent + 1
        call:answer(now, UNIX_MS, nil, { kind = "connect", sent = "no" })
      else
        now = now + ms
      end
      step, ms = call:next(now, UNIX_MS)
    end
    assert.equal(3, sent)
    assert.equal(key, helper.fails(call:result()).idempotency_key)
    call:close()
    client:close()
  end)

  it("has a key that no other call has", function()
    native.test_seed("")
    local client = helper.open("fincode", transport.new())
    local seen = {}
    for _ = 1, 200 do
      local call = helper.ok(client:prepare("repay", least))
      assert.is_nil(seen[call.idempotency_key])
      seen[call.idempotency_key] = true
      call:close()
    end
    client:close()
  end)
end)
