-- From what a script or a file says of a repayment to the row that the journal plans: its request's
-- exact bytes, its key, and what makes it the same payment as another.
local errors = require "repay.error"
local lists = require "repay.journal.lists"
local native = require "repay.native.core"
local native_journal = require "repay.native.journal"

local rows = {}

local DAY_MS = 86400000

-- What only the journal reads; all else goes to the provider's operation.
rows.own = { installment = true, ordinal = true, loan_id = true }

local function invalid(field, message)
  return nil, errors.new { kind = "invalid_argument", field = field, message = message,
    operation = "repay" }
end

-- "+01:00" as milliseconds; no zone counts as UTC.
local function zone_ms(client)
  local sign, hours, minutes = (client.zone or ""):match("^([+-])(%d%d):(%d%d)$")
  if not sign then
    return 0
  end
  local ms = (tonumber(hours) * 60 + tonumber(minutes)) * 60000
  return sign == "-" and -ms or ms
end

--- The day of a moment where the client's borrowers are, and when that day began.
function rows.today(client, unix_ms)
  local shifted = unix_ms + zone_ms(client)
  local from_ms = shifted - shifted % DAY_MS
  return os.date("!%Y-%m-%d", from_ms / 1000), from_ms - zone_ms(client)
end

local function amount_of(client, arguments)
  if arguments.amount_minor ~= nil or type(arguments.amount) ~= "string" then
    return arguments.amount_minor
  end
  local minor, err = native.money_parse_typed(arguments.amount, client.currency)
  if not minor then
    return invalid("amount", "amount: " .. err.message)
  end
  return minor
end

-- What the provider's operation takes, apart from what is the journal's.
local function split(given)
  local arguments, own = {}, {}
  for name, value in pairs(given) do
    if rows.own[name] then
      own[name] = value
    else
      arguments[name] = value
    end
  end
  return arguments, own
end

local function key_of(natural, given, way, unix_ms)
  if given then
    return given, "given"
  elseif way == "random" then
    return native_journal.random_key(unix_ms), "random"
  end
  return native_journal.derive_key(natural), "derived"
end

-- A derived key is made of what was said and of nothing else, so that it comes out the same
-- tomorrow; that needs a day. Otherwise today's is filled in, so that a repetition carries it too.
local function set_date(client, arguments, way, unix_ms)
  if arguments.payment_date and arguments.payment_date ~= "" then
    return true
  elseif way == "derived" then
    return invalid("payment_date",
      "a key that is derived needs a payment_date, or it would not be the same tomorrow")
  end
  arguments.payment_date = rows.today(client, unix_ms)
  return true
end

local function natural_of(client, arguments, own, amount_minor)
  return {
    provider = client.provider, environment = client.environment,
    customer = arguments.customer_id, account = arguments.account_id,
    installment = own.installment, amount_minor = amount_minor, currency = client.currency,
    payment_date = arguments.payment_date, reference = arguments.reference,
    ordinal = own.ordinal or 1,
  }
end

--- The row of a repayment, or nil and an error. `way` is "derived" or "random"; a key that is given
--- goes before both. Misuse raises; `level` counts from the function that calls this one.
function rows.new(client, given, way, unix_ms, level)
  local arguments, own = split(given)
  local key_given = arguments.idempotency_key
  arguments.idempotency_key = nil
  local amount_minor, err = amount_of(client, arguments)
  if err then
    return nil, err
  elseif amount_minor then
    arguments.amount, arguments.amount_minor = nil, amount_minor
    local dated, why = set_date(client, arguments, key_given and "given" or way, unix_ms)
    if not dated then
      return nil, why
    end
  end
  local natural = natural_of(client, arguments, own, amount_minor)
  if amount_minor then
    arguments.idempotency_key, natural.key_from = key_of(natural, key_given, way, unix_ms)
  end
  local ok, call, failure = pcall(client.prepare, client, "repay", arguments)
  if not ok then
    error((tostring(call):gsub("^[^:]+:%d+: ", "")), level + 1)
  elseif not call then
    return nil, failure
  end
  local sent = native_journal.sent_by(call)
  call:close()
  arguments.idempotency_key = nil
  natural.label, natural.loan = client.label, own.loan_id
  natural.mode = client.keys == "honoured" and "keyed" or "at_most_once"
  natural.key, natural.method, natural.target, natural.body =
    sent.key, sent.method, sent.target, sent.body
  natural.arguments = arguments
  return natural
end

local function is_new_account(raw, journal, row)
  local found, err = raw.entries(journal, {
    provider = row.provider, environment = row.environment, label = row.label,
    account = row.account, limit = 1,
  })
  if not found then
    return nil, err
  end
  return #found == 0
end

--- A journal that knows nothing of an account may be one that was lost: without keys, a record that
--- could be this payment holds its row until a person approves it. True, or nil and an error.
function rows.look_before(raw, journal, client, planned)
  local records_of = {}
  if not lists.has_records(client) then
    return true
  end
  for _, row in ipairs(planned) do
    local is_new, err = row.mode == "at_most_once", nil
    if is_new then
      is_new, err = is_new_account(raw, journal, row)
    end
    if err then
      return nil, err
    elseif is_new and not row.replaces then
      if not records_of[row.customer] then
        records_of[row.customer], err = lists.records(client, row.customer)
      end
      if err then
        return nil, err
      end
      local id = lists.find_similar(records_of[row.customer], row.account, row.amount_minor,
        row.payment_date)
      row.hold = id and "the provider's list has record " .. id .. " of equal account and amount"
        or row.hold
    end
  end
  return true
end

return rows
