-- One script of calls against one script of answers, told in plain data: what each call sent,
-- waited and came to. Run over libcurl on both VMs and over cosockets, it must tell the same.
local native = require "repay.native.core"
local repay = require "repay"

local parity = {}

local UNIX_MS = 1763640000000
local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"

-- Each with the plans of its server, one for each request; spec/support/loopback.c tells more.
function parity.cases(reply, bodies)
  local schedule, list = reply(200, bodies.schedule), reply(200, bodies.list)
  local receipt, pending = reply(200, bodies.receipt), reply(200, bodies.pending)
  return {
    { "a read", "carbon", "schedule", { { { "send", schedule } } } },
    { "a read of another provider", "fincode", "schedule", { { { "send", list } } } },
    { "pages", "fincode", "pending", { { { "send", pending } } } },
    { "a busy provider", "carbon", "schedule",
      { { { "send", reply(503, "") } }, { { "send", reply(502, "x") } },
        { { "send", schedule } } } },
    { "a provider that asks for time", "carbon", "schedule",
      { { { "send", reply(429, "{}", "Retry-After: 1\r\n") } }, { { "send", schedule } } } },
    { "too many failures", "carbon", "schedule", { { { "send", reply(500, "") } } } },
    { "a lost connection", "carbon", "schedule", { { { "close" } }, { { "send", schedule } } } },
    { "a cut reply", "carbon", "schedule",
      { { { "send", schedule:sub(1, -30) }, { "close" } }, { { "send", schedule } } } },
    { "no HTTP", "carbon", "schedule", { { { "send", "SSH-2.0-x\r\n\r\n" } } } },
    { "HTML under 200", "carbon", "schedule", { { { "send", reply(200, "<html>") } } } },
    { "a redirect", "carbon", "schedule",
      { { { "send", reply(302, "", "Location: http://127.0.0.1:1/\r\n") } } } },
    { "a reply that is too large", "carbon", "schedule",
      { { { "send", reply(200, (" "):rep(9000)) } } }, { body_size_max = 4096 } },
    { "no answer in time", "carbon", "schedule", { { { "stall", 20000 } } },
      { attempt_timeout_ms = 300, attempts = 2 } },
    { "a refusal", "carbon", "schedule",
      { { { "send", reply(422, '{"status":"failed","message":"No SME loan ID on record"}') } } } },
    { "a wrong key", "carbon", "schedule", { { { "send", reply(401, "{}") } } } },
    { "a repayment", "fincode", "repay", { { { "send", receipt } } } },
    { "a repayment whose connection dies", "fincode", "repay", { { { "close" } } } },
    { "a repayment that nobody answers", "fincode", "repay", { { { "stall", 20000 } } },
      { attempt_timeout_ms = 300 } },
    { "a repayment and a busy provider", "fincode", "repay", { { { "send", reply(503, "") } } } },
  }
end

local ARGUMENTS = {
  carbon = { schedule = { loan_id = "LOAN_ABC123" } },
  fincode = {
    schedule = { customer_id = CUSTOMER }, pending = { user_id = CUSTOMER },
    repay = { customer_id = CUSTOMER, account_id = "223e4567-e89b-12d3-a456-426614174001",
      bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00",
      reference = "REF-2024-01-15-001", payment_date = "2024-01-15T10:00:00Z",
      narration = "Monthly installment payment" },
  },
}

local OPTIONS = {
  carbon = { api_key = "parity-key-1", carbon_key = "parity-key-2" },
  fincode = { token = "parity-token", customer_ip = "192.168.1.1", currency = "NGN" },
}

local function attempts_of(list)
  local plain = {}
  for i, attempt in ipairs(list) do
    plain[i] = { kind = attempt.kind, status = attempt.http_status or 0, reason = attempt.reason,
      wait_ms = ("%d"):format(attempt.wait_ms) }
  end
  return plain
end

local function told(value, err)
  if err then
    return { kind = err.kind, outcome = err.outcome, status = err.http_status or 0,
      attempts = attempts_of(err.attempts), retryable = err.retryable,
      key = err.idempotency_key or "none" }
  elseif value.rows then
    local dump = value:dump()
    local rows = #value
    value:close()
    return { rows = rows, dump_size = #dump }
  end
  return { id = value.id, amount_minor = ("%d"):format(value.amount_minor),
    key = value.idempotency_key, attempts = attempts_of(value.attempts) }
end

local function counted(stats)
  local plain = { "calls " .. stats.calls, "attempts " .. stats.attempts }
  for kind, count in pairs(stats.retries) do
    plain[#plain + 1] = kind .. " " .. count
  end
  table.sort(plain)
  return plain
end

--- Runs `{ provider, operation, port, options }` one after the other, with equal time and chance.
function parity.run(list)
  local seen = {}
  native.test_seed("the same chance for everyone!!!!")
  native.test_clock(-1, UNIX_MS)
  for i, case in ipairs(list) do
    local provider, operation, port, changes = case[1], case[2], case[3], case[4]
    local options = { base_url = ("http://127.0.0.1:%d"):format(port), attempts = 3,
      retry_base_ms = 40, retry_cap_ms = 90 }
    for _, all in ipairs { OPTIONS[provider], changes or {} } do
      for name, value in pairs(all) do
        options[name] = value
      end
    end
    local client = assert(repay.open(provider, options))
    seen[i] = told(client[operation](client, ARGUMENTS[provider][operation]))
    seen[i].counted = counted(client:stats())
    client:close()
  end
  native.test_clock(-1, -1)
  native.test_seed("")
  return seen
end

return parity
