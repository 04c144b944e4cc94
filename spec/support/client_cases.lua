-- What the client is asked over every mount of the sandbox, and what that must come to: calls,
-- faults and the ledger's word. spec/sandbox_client_spec.lua says how often.
local assert = require("luassert")
local helper = require("spec.support.helper")
local sandbox = require("repay.sandbox")

local cases = {}

local ids = sandbox.ids

function cases.repayment(changes)
  local arguments = {
    customer_id = ids.fincode.customer, account_id = ids.fincode.account,
    bank_account_id = ids.fincode.bank_account, amount = "50000.00",
    reference = "REF-2024-01-15-001", payment_date = "2024-01-15T10:00:00Z",
    narration = "Monthly installment payment", idempotency_key = "unique-key-12345",
  }
  for name, value in pairs(changes or {}) do arguments[name] = value end
  return arguments
end

-- Texts that are given as they came, so that a switch of their form or presence is seen.
local AS_RECEIVED = {
  "creation_date", "payment_date", "repayment_method", "account_product_name", "customer_name",
  "email", "loan_product_name", "provider_status",
}

local function call(client, operation, arguments)
  local value, err = client[operation](client, arguments)
  assert.are_not.equal(value == nil, err == nil)
  local rows
  if value and value.rows then
    rows = {}
    for index = 1, #value do
      rows[index] = helper.copy(value[index])
      for _, name in ipairs(AS_RECEIVED) do rows[index][name] = nil end
    end
  end
  return value, err, rows
end

-- One call from open to close.
function cases.ask(mount, provider, operation, arguments, changes)
  local client = mount.open(provider, changes)
  local value, err, rows = call(client, operation, arguments)
  client:close()
  return value, err, rows
end

-- For faults that only a deadline ends.
cases.IMPATIENT = { attempt_timeout_ms = 300 }
local WAITING = { stall = true, dribble = true, conflict_while_running = true }

function cases.patience(rule)
  return WAITING[rule.kind] and rule.ms > 20 and cases.IMPATIENT or nil
end

function cases.pay(mount, changes, options)
  return cases.ask(mount, "fincode", "repay", cases.repayment(changes), options)
end

-- Everything that a client can learn, as plain data: what must not depend on a switch of form.
local CALLS = {
  { "carbon", "schedule", { loan_id = ids.carbon.loan } },
  { "carbon", "schedule", { loan_id = ids.carbon.partly_paid } },
  { "carbon", "schedule", { loan_id = ids.carbon.overdue } },
  { "carbon", "schedule", { loan_id = ids.carbon.closed } },
  { "carbon", "schedule", { loan_id = ids.carbon.unknown } },
  { "carbon", "schedule", { loan_id = ids.carbon.not_registered } },
  { "carbon", "schedule", { loan_id = ids.carbon.loan }, { api_key = "wrong" } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.partly_paid } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.overdue } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.two_loans } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.single } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.paid } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.no_loan } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant }, { token = "wrong" } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant }, { channel = "Wrong" } },
  { "fincode", "schedule", { customer_id = ids.fincode.customer } },
  { "fincode", "schedule", { customer_id = ids.fincode.paid } },
  { "fincode", "schedule", { customer_id = ids.fincode.no_loan } },
  { "fincode", "schedule", { customer_id = ids.fincode.unknown } },
  { "fincode", "schedule", { customer_id = ids.fincode.customer }, { token = "wrong" } },
  { "fincode", "pending", { user_id = ids.fincode.customer } },
  { "fincode", "pending", { user_id = ids.fincode.two_loans } },
  { "fincode", "repaid", { user_id = ids.fincode.paid } },
  { "fincode", "repay", cases.repayment() },
  { "fincode", "repay", cases.repayment() },
  { "fincode", "repay", cases.repayment({ amount = "0.01", idempotency_key = "key-2" }) },
  { "fincode", "repay", cases.repayment({ amount = "9999999.00", idempotency_key = "key-3" }) },
  { "fincode", "repay", cases.repayment({ bank_account_id = ids.fincode.account,
    idempotency_key = "key-4" }) },
  { "fincode", "schedule", { customer_id = ids.fincode.customer } },
}

-- A reading that leaves out what every schedule must have: an error is then the only honest answer.
cases.MALFORMED = { closed_schedule = "omitted", no_loan_answer = "missing" }

local RECEIPT = { "id", "amount_minor", "currency", "reference", "verification_status" }

function cases.picture(mount)
  local seen, clients = {}, {}
  for index, wanted in ipairs(CALLS) do
    local slot = wanted[4] or wanted[1]
    clients[slot] = clients[slot] or mount.open(wanted[1], wanted[4])
    local value, err, rows = call(clients[slot], wanted[2], wanted[3])
    local entry = { call = index .. " " .. wanted[1] .. " " .. wanted[2] }
    if err then
      entry.kind, entry.outcome = err.kind, err.outcome
    elseif rows then
      entry.rows = rows
    else
      for _, name in ipairs(RECEIPT) do entry[name] = value[name] end
    end
    seen[index] = entry
  end
  for _, client in pairs(clients) do client:close() end
  return seen
end

function cases.same_ledger(mount, expected)
  local repayments = {}
  for index, record in ipairs(mount.ledger().repayments) do
    repayments[index] = { record.amount_minor, record.key, record.status }
  end
  assert.are.same(expected, repayments)
end

-- Faults ------------------------------------------------------------------------------------------

-- What a repayment ends in: rule, kind, outcome, records; `only` is the mount that can show it.
cases.WRITE_FAULTS = {
  { { kind = "refuse" }, "connect", "not_sent", 0, only = "in process" },
  { { kind = "dns" }, "dns", "not_sent", 0, only = "in process" },
  { { kind = "tls" }, "tls", "not_sent", 0, only = "in process" },
  { { kind = "refuse" }, "connection_lost", "unknown", 0, only = "wire" },
  { { kind = "reset" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", processed = false }, "connection_lost", "unknown", 0 },
  { { kind = "reset", at = "inside_headers" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", at = "after_headers" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", at = "inside_body" }, "connection_lost", "unknown", 1 },
  { { kind = "stall", ms = 1500 }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, processed = false }, "timeout", "unknown", 0 },
  { { kind = "stall", ms = 1500, at = "inside_headers" }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, at = "after_headers" }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, at = "inside_body" }, "timeout", "unknown", 1 },
  { { kind = "dribble", ms = 50 }, "timeout", "unknown", 1 },
  { { kind = "cut" }, "connection_lost", "unknown", 1 },
  { { kind = "cut", bytes = 0 }, "connection_lost", "unknown", 1 },
  { { kind = "wrong_length" }, "connection_lost", "unknown", 1 },
  { { kind = "wrong_length", delta = -10 }, "bad_response", "unknown", 1 },
  { { kind = "not_json" }, "bad_response", "unknown", 1 },
  { { kind = "html" }, "bad_response", "unknown", 1 },
  { { kind = "empty" }, "bad_response", "unknown", 1 },
  { { kind = "big_body", size = 9000000 }, "too_large", "unknown", 1 },
  { { kind = "deep_nesting" }, "bad_response", "unknown", 1 },
  { { kind = "deep_nesting", depth = 200 }, "bad_response", "unknown", 1 },
  { { kind = "gzip_bomb" }, "bad_response", "unknown", 1 },
  { { kind = "redirect" }, "bad_response", "unknown", 0 },
  { { kind = "redirect", status = 307, processed = true }, "bad_response", "unknown", 1 },
  { { kind = "status", status = 429 }, "rate_limited", "unknown", 0 },
  { { kind = "status", status = 429, retry_after = 1 }, "rate_limited", "unknown", 0 },
  { { kind = "status", status = 500 }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 502, body = "html" }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 503, body = "empty" }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 504, body = "html", processed = true },
    "unavailable", "unknown", 1 },
  { { kind = "status", status = 400, body = "html" }, "validation", "unknown", 0 },
  { { kind = "reply", text = '{"status":"SUCCESS"}' }, "bad_response", "unknown", 0 },
  { { kind = "reply", text = '{"status":"FAILED","message":"Loan Closed"}', status = 422 },
    "loan_closed", "refused", 0 },
  { { kind = "reply_lost" }, "connection_lost", "unknown", 1 },
  { { kind = "processed_then_status" }, "unavailable", "unknown", 1 },
  { { kind = "processed_then_status", status = 502 }, "unavailable", "unknown", 1 },
  { { kind = "amount_echoed_wrong" }, "bad_response", "unknown", 1 },
  { { kind = "amount_echoed_wrong", delta_minor = -4999999 }, "bad_response", "unknown", 1 },
  { { kind = "token_expires" }, "auth", "not_sent", 0 },
  { { kind = "answered_rejected" }, "rejected", "refused", 1 },
  { { kind = "conflict_while_running", ms = 1500 }, "timeout", "unknown", 1 },
}

-- Faults after which a repayment is accepted all the same.
cases.HARMLESS = {
  { kind = "stall", ms = 20 }, { kind = "dribble", ms = 0 }, { kind = "keys_forgotten" },
  { kind = "keys_ignored" }, { kind = "list_lags" }, { kind = "list_misses" },
  { kind = "list_repeats" }, { kind = "verification_delayed" },
  { kind = "rejected_later", ms = 1000 },
  { kind = "date_skewed", ms = 3600000 }, { kind = "date_skewed", ms = -86400000 },
  { kind = "conflict_while_running", ms = 20 },
}

-- What a read ends in when the fault comes once, and how many requests it took.
cases.READ_FAULTS = {
  { { kind = "reset" }, nil, 2 }, { { kind = "reset", at = "inside_body" }, nil, 2 },
  { { kind = "stall", ms = 1500 }, nil, 2 }, { { kind = "cut" }, nil, 2 },
  { { kind = "wrong_length" }, nil, 2 }, { { kind = "status", status = 503 }, nil, 2 },
  { { kind = "status", status = 502, body = "html" }, nil, 2 },
  { { kind = "status", status = 500, body = "empty" }, nil, 2 },
  { { kind = "status", status = 504 }, nil, 2 }, { { kind = "status", status = 429 }, nil, 2 },
  { { kind = "status", status = 429, retry_after = 1 }, nil, 2, only = "carbon" },
  { { kind = "status", status = 503, retry_after = "date", ms = 1000 }, nil, 2, only = "carbon" },
  { { kind = "html" }, "bad_response", 1 }, { { kind = "empty" }, "bad_response", 1 },
  { { kind = "not_json" }, "bad_response", 1 }, { { kind = "gzip_bomb" }, "bad_response", 1 },
  { { kind = "deep_nesting" }, "bad_response", 1 },
  { { kind = "big_body", size = 9000000 }, "too_large", 1 },
  { { kind = "redirect" }, "bad_response", 1 },
  { { kind = "wrong_length", delta = -10 }, "bad_response", 1 },
  { { kind = "token_expires" }, "auth", 1 },
}

function cases.describe_rule(rule)
  local names, parts = {}, {}
  for name in pairs(rule) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do parts[#parts + 1] = name .. "=" .. tostring(rule[name]) end
  return table.concat(parts, " ")
end

-- One read while a fault comes once.
function cases.read_through(mount, provider, arguments, case)
  local rule = { times = 1 }
  for member, value in pairs(case[1]) do rule[member] = value end
  mount.reset()
  mount.fault(rule)
  local value, err = cases.ask(mount, provider, "schedule", arguments, cases.patience(rule))
  local what = provider .. " " .. cases.describe_rule(rule)
  if case[2] then
    assert.is_nil(value, what)
    assert.are.equal(case[2], err.kind, what)
  else
    assert.is_truthy(value, what .. " " .. tostring(err))
  end
  assert.are.equal(case[3], mount.ledger().request_count, what)
end

return cases
