-- What every spec of the Lua surface shares: clients over canned answers, the rule of one result or
-- one error, and the checks after each test.
--
--   local helper = require "spec.support.helper"
--   describe("…", function()
--     helper.watch(after_each)
local errors = require "repay.error"
local native = require "repay.native.core"
local repay = require "repay"

local helper = {}

helper.is_luajit = type(rawget(_G, "jit")) == "table"

-- Marked, so that one of them in any output is seen.
helper.secrets = {
  api_key = "SECRET-carbon-api-1d5f", carbon_key = "SECRET-carbon-merchant-77ab",
  pezesha = "SECRET-pezesha-token-c09e", fincode = "SECRET-fincode-token-31f2",
}

local settings = {
  carbon = { api_key = helper.secrets.api_key, carbon_key = helper.secrets.carbon_key },
  pezesha = { token = helper.secrets.pezesha, channel = "Partner Name", currency = "KES" },
  fincode = { token = helper.secrets.fincode, customer_ip = "192.168.1.1", currency = "NGN" },
}

-- Arguments of each operation with the ids of the documents.
helper.arguments = {
  carbon = { schedule = { loan_id = "LOAN_ABC123" } },
  pezesha = { schedule = { merchant_id = "merchant_jane" } },
  fincode = {
    schedule = { customer_id = "123e4567-e89b-12d3-a456-426614174000" },
    pending = { user_id = "123e4567-e89b-12d3-a456-426614174000" },
    repaid = { user_id = "123e4567-e89b-12d3-a456-426614174000" },
    repay = {
      customer_id = "123e4567-e89b-12d3-a456-426614174000",
      account_id = "223e4567-e89b-12d3-a456-426614174001",
      bank_account_id = "323e4567-e89b-12d3-a456-426614174002",
      amount = "50000.00",
      reference = "REF-2024-01-15-001",
      payment_date = "2024-01-15T10:00:00Z",
      narration = "Monthly installment payment",
      idempotency_key = "unique-key-12345",
    },
  },
}

function helper.copy(table_, changes)
  local copy = {}
  for key, value in pairs(table_) do
    copy[key] = value
  end
  for key, value in pairs(changes or {}) do
    copy[key] = value
  end
  return copy
end

--- Options that open a provider; `changes` are laid over them.
function helper.options(provider, changes)
  return helper.copy(helper.copy(settings[provider], { environment = "sandbox" }), changes)
end

--- A client over a transport, or over what opens one by itself (spec/support/sandbox_mounts.lua).
function helper.open(provider, transport, changes)
  if transport.open then
    return transport:open(provider, helper.options(provider, changes))
  end
  return assert(repay.open(provider, helper.copy(helper.options(provider, changes),
    { transport = transport })))
end

--- One call from open to close: what the operation returned.
function helper.ask(provider, operation, transport, changes)
  local client = helper.open(provider, transport, changes)
  local value, err = client[operation](client, helper.arguments[provider][operation])
  client:close()
  return value, err
end

local kinds = {}
for kind in ([[invalid_argument config auth forbidden not_found validation loan_closed
  amount_invalid manual_repayment_not_allowed bank_account_mismatch loan_application_missing
  loan_not_registered
  conflict key_reused rate_limited unavailable provider_error rejected bad_response too_large dns
  connect tls timeout connection_lost cancelled breaker_open duplicate_loan unsupported
  unsupported_phase duplicate_payment approval_required limit_exceeded journal journal_busy
  journal_corrupt journal_on_network_fs memory]]):gmatch("%S+") do
  kinds[kind] = true
end
local outcomes = { not_sent = true, refused = true, unknown = true }

--- Every string in a value, keys and metatables included.
local function each_text(value, visit, seen)
  if type(value) == "string" then
    visit(value)
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, element in next, value do
      each_text(key, visit, seen)
      each_text(element, visit, seen)
    end
  end
end

--- Fails when a marked secret is anywhere in the value or in its printed form.
function helper.no_secret(value, secrets)
  local function visit(text)
    for _, secret in pairs(secrets or helper.secrets) do
      if text:find(secret, 1, true) then
        error("a secret is in: " .. text:gsub(secret:gsub("%p", "%%%0"), "<<it>>"), 0)
      end
    end
  end
  each_text(value, visit, {})
  visit(tostring(value))
end

--- The value of a call that must have one, and no error beside it.
function helper.ok(value, err)
  if value == nil then
    error("expected a value, got the error: " .. tostring(err), 2)
  end
  if err ~= nil then
    error("a value and an error at once: " .. tostring(err), 2)
  end
  return value
end

--- The error of a call that must have one and no value; its shape is checked on the way.
function helper.fails(value, err)
  if value ~= nil or err == nil then
    error("expected nil and an error, got " .. tostring(value), 2)
  end
  assert(errors.is(err), "not an error object: " .. tostring(err))
  assert(kinds[err.kind], "no such kind: " .. tostring(err.kind))
  assert(outcomes[err.outcome], "no such outcome: " .. tostring(err.outcome))
  assert(type(err.message) == "string" and err.message ~= "", "no message")
  assert(type(err.retryable) == "boolean" and type(err.attempts) == "table", "facts are missing")
  local line = tostring(err)
  assert(not line:find("[%c]"), "more than one line: " .. line)
  assert(not line:find("0x%x%x%x%x"), "an address: " .. line)
  helper.no_secret(err)
  return err
end

--- What the function raises; it must raise, and at the caller's line.
function helper.raises(callback)
  local ok, raised = pcall(callback)
  if ok then
    error("expected it to raise", 2)
  end
  assert(type(raised) == "string", "raised no text: " .. tostring(raised))
  local here = debug.getinfo(callback, "S").short_src
  assert(raised:find(here, 1, true), "not raised at the caller's line: " .. raised)
  helper.no_secret(raised)
  return (raised:gsub("^.-:%d+: ", ""))
end

--- Objects that hold something after everything unreachable is gone.
function helper.live()
  if rawget(_G, "jit") then
    -- A compiled trace keeps the objects it was made for, though nothing else does. What is
    -- flushed is freed by one collection, what it kept by those after it.
    require("jit").flush()
    collectgarbage()
    collectgarbage()
  end
  collectgarbage()
  collectgarbage()
  return native.live()
end

--- After each test nothing may be alive.
function helper.watch(after_each)
  after_each(function()
    local live = helper.live()
    assert(live == 0, live .. " objects are still alive")
  end)
end

return helper
