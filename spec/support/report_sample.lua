-- A portfolio that looks like one, for specs of the reports: loans of three providers in two
-- currencies, most of them paid on time, some late, a few very late, one list that tells no paid
-- amounts. The same options give the same bytes on both VMs.
local loans = require "spec.support.loans"
local repay = require "repay"
local transport = require "spec.support.transport"

local sample = {}

sample.AS_OF = "2026-11-20"
sample.MADE_AT = "2026-11-20T09:30:00Z"
-- 2026-11-20 08:00 UTC
local FETCHED_MS = 1795161600000

local OPTIONS = {
  carbon = { api_key = "key", carbon_key = "key" },
  pezesha = { token = "token", channel = "channel", currency = "KES" },
  fincode = { token = "token", customer_ip = "192.0.2.1", currency = "NGN", zone = "+01:00" },
}

--- A client over canned bodies, which are answered in turn.
function sample.client(provider, bodies, changes)
  local answers = {}
  for i, body in ipairs(bodies) do
    answers[i] = transport.json(body)
  end
  local canned = transport.new((unpack or table.unpack)(answers))
  local options = { environment = "sandbox", transport = {
    send = canned.send, sleep = canned.sleep, now_ms = function() return 0 end,
    unix_ms = function() return FETCHED_MS end,
  } }
  for _, more in ipairs { OPTIONS[provider], changes or {} } do
    for name, value in pairs(more) do
      options[name] = value
    end
  end
  return assert(repay.open(provider, options))
end

local function text(value)
  return ("%.0f"):format(value)
end

local function day(month, number)
  local zero_based = 2026 * 12 + 10 + month
  return ("%04d-%02d-%02d"):format(math.floor(zero_based / 12), zero_based % 12 + 1, number)
end

-- One loan of equal installments; `draw` decides how late its payer is.
local function loan_of(draw, id, scale)
  local count, principal = 5 + draw(8), draw(40) * scale
  local interest, number = math.floor(principal * (2 + draw(4)) / 100), draw(28)
  local first = -draw(count)
  local kind = draw(100)
  -- How many installments behind the due ones the payer is.
  local behind = kind <= 72 and 0 or kind <= 86 and 1 or kind <= 93 and 2 or 1 + draw(7)
  local loan = { id = id, rows = {} }
  for i = 1, count do
    local month = first + i - 1
    local is_paid = month < -behind or (month == -behind and number < 15)
    local total = principal + interest
    loan.rows[i] = { number = i, due = day(month, number), principal = text(principal),
      interest = text(interest), total = text(total), paid = text(is_paid and total or 0),
      left = text(is_paid and 0 or total), penalty = "0", penalty_paid = "0" }
  end
  return loan
end

local function made(draw, count, prefix, scale)
  local list = {}
  for i = 1, count do
    list[i] = loan_of(draw, ("%s-%05d"):format(prefix, i), scale)
  end
  return list
end

local function only_left(list)
  for _, loan in ipairs(list) do
    local rows = {}
    for _, row in ipairs(loan.rows) do
      if row.left ~= "0" then
        rows[#rows + 1] = row
      end
    end
    loan.rows = rows
  end
  return list
end

--- Schedules: options carbon, pezesha, fincode (how many loans of each), list (whether one that
--- tells no paid amounts is among them), seed.
function sample.schedules(options)
  local draw = loans.seed(options.seed or 7)
  local schedules = {}
  local function ask(provider, operation, bodies, arguments, changes)
    local client = sample.client(provider, bodies, changes)
    schedules[#schedules + 1] = assert(client[operation](client, arguments))
    client:close()
  end
  for i, loan in ipairs(made(draw, options.carbon or 0, "CB", 150000)) do
    ask("carbon", "schedule", { loans.paid_body(loan) }, { loan_id = loan.id },
      { label = i % 3 == 0 and "north" or "south" })
  end
  if (options.pezesha or 0) > 0 then
    ask("pezesha", "schedule", { loans.balance_body(made(draw, options.pezesha, "PZ", 40000)) },
      { merchant_id = "merchant_jane" }, { body_size_max = 1073741824 })
  end
  if (options.fincode or 0) > 0 then
    ask("fincode", "pending",
      loans.pending_pages(only_left(made(draw, options.fincode, "FC", 90000))),
      { user_id = "123e4567-e89b-12d3-a456-426614174000" })
  end
  if options.list then
    local list = made(draw, 3, "FL", 90000)
    for _, loan in ipairs(list) do
      loan.told_balance = "450000"
      for _, row in ipairs(loan.rows) do
        row.is_paid = false
      end
    end
    ask("fincode", "schedule", { loans.list_body(list) },
      { customer_id = "123e4567-e89b-12d3-a456-426614174000" })
  end
  return schedules
end

--- A portfolio of the schedules, as of the sample's day.
function sample.portfolio(schedules, as_of)
  local portfolio = repay.portfolio { as_of = as_of or sample.AS_OF }
  for i, schedule in ipairs(schedules) do
    assert(portfolio:add(schedule, { tags = { i % 2 == 0 and "retail" or "merchant" } }))
  end
  return portfolio
end

sample.NOT_FOUND = { { provider = "pezesha", subject = "merchant_gone", kind = "not_found",
  message = "Unable to find active loan tied to merchant" } }
sample.FAILURES = { { provider = "carbon", subject = "LOAN_404", kind = "timeout", label = "north",
  message = "no answer within 20000 ms" } }

return sample
