-- The facts of a report: asked of the portfolio once, so that every form of the report has the
-- same figures, the same reasons and the same words.
--
-- Plain tables in, plain tables out. It reads no clock and no file: the day is the portfolio's, the
-- moment at which the report is made is given. Names and e-mail addresses are not part of it,
-- because a portfolio holds none.
local figures = require "repay.report.figures"
local keys = require "repay.keys"
local unknown = require("repay.options").unknown
local words = require "repay.report.words"

local model = {}

-- What may be given, its type, and what holds without it.
local OPTIONS = {
  portfolio = { "userdata" },
  made_at = { "string" },
  title = { "string", "Loan portfolio" },
  at_risk_days = { "table", { 0, 30, 60, 90 } },
  cash_flow_by = { "string", "month" },
  cash_flow_periods = { "number", 12 },
  delinquents = { "number", 100 },
  not_found = { "table", {} },
  failures = { "table", {} },
}

local REQUIRED = { "portfolio", "made_at" }

-- `level` counts from the function that calls check.
local function check(given, level)
  if type(given) ~= "table" then
    error("report facts: options must be a table, got a " .. type(given), level + 1)
  end
  local taken = {}
  for name, value in pairs(given) do
    local option = OPTIONS[name]
    if not option then
      error(unknown("report facts: unknown option", tostring(name), keys.sorted(OPTIONS)),
        level + 1)
    elseif type(value) ~= option[1] then
      error(("report facts: option '%s' must be a %s, got a %s"):format(name, option[1],
        type(value)), level + 1)
    end
    taken[name] = value
  end
  for _, name in ipairs(REQUIRED) do
    if taken[name] == nil then
      error("report facts: option '" .. name .. "' is required", level + 1)
    end
  end
  for name, option in pairs(OPTIONS) do
    if taken[name] == nil then
      taken[name] = option[2]
    end
  end
  if not taken.made_at:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$") then
    error("report facts: option 'made_at' is a moment like \"2026-11-20T09:30:00Z\"", level + 1)
  end
  return taken
end

-- Every measure, or nil and the first error.
local function ask(options)
  local portfolio = options.portfolio
  local asked = { at_risk = {} }
  local err
  asked.summary, err = portfolio:summary {}
  if not asked.summary then
    return nil, err
  end
  for i, days in ipairs(options.at_risk_days) do
    asked.at_risk[i], err = portfolio:at_risk { days = days }
    if not asked.at_risk[i] then
      return nil, err
    end
  end
  for _, by in ipairs { "installment", "loan" } do
    asked[by], err = portfolio:ageing { by = by }
    if not asked[by] then
      return nil, err
    end
  end
  asked.cash_flow, err = portfolio:cash_flow {
    by = options.cash_flow_by, periods = options.cash_flow_periods,
  }
  if not asked.cash_flow then
    return nil, err
  end
  asked.delinquents, err = portfolio:delinquents { limit = options.delinquents }
  if not asked.delinquents then
    return nil, err
  end
  return asked
end

-- Parts of the currency: by provider or by tag, each with its summary and what is at risk in it.
local function parts_of(asked, code, names, by)
  local summary = asked.summary.currencies[code]
  local parts = {}
  for i, name in ipairs(summary[names]) do
    local part = { name = name, summary = summary[by][name], at_risk = {} }
    for at, risk in ipairs(asked.at_risk) do
      part.at_risk[at] = { days = risk.days, figures = risk.currencies[code][by][name] }
    end
    parts[i] = part
  end
  return parts
end

local ORDER = { "total_due_minor", "paid_minor", "outstanding_minor", "overdue_minor",
  "undated_minor", "outstanding_principal_minor", "outstanding_principal_low_minor",
  "late_loans", "paid_loans" }

-- What cannot be computed of one part: the figures that share a reason are one entry.
local function add_unknowns(list, currency, part)
  local by_reason = {}
  local function note(name, reason, known, label)
    local entry = by_reason[reason]
    if not entry then
      entry = {
        currency = currency.code, provider = part.name, reason = reason,
        text = words.reason(reason), figures = {}, labels = {}, missing_rows = 0,
        missing_loans = 0,
      }
      by_reason[reason] = entry
      list[#list + 1] = entry
    end
    entry.figures[#entry.figures + 1] = name
    entry.labels[#entry.labels + 1] = label or words.figure(name)
    if known then
      entry.missing_rows = math.max(entry.missing_rows, known.missing_rows or 0)
    end
  end
  for _, name in ipairs(ORDER) do
    local reason = part.summary.reasons[name]
    if reason then
      note(name, reason, part.summary.known[name])
    end
  end
  for _, risk in ipairs(part.at_risk) do
    local reason = risk.figures.reasons.ratio_ppm
    if reason then
      note("ratio_ppm", reason, nil, words.risk(risk.days))
    end
  end
  -- What is missing in loans, and what the provider says they owe, is counted for this one sum.
  local entry = by_reason[part.summary.reasons.outstanding_minor or ""]
  if entry then
    entry.missing_loans = part.summary.missing.loans
    entry.known_balance_minor = part.summary.missing.known_balance_minor
  end
end

local function currency_of(asked, code)
  local summary = asked.summary.currencies[code]
  local currency = {
    code = code,
    decimals = summary.decimals,
    summary = summary,
    providers = parts_of(asked, code, "providers", "by_provider"),
    tags = parts_of(asked, code, "tags", "by_tag"),
    at_risk = {},
    ageing = {
      installment = asked.installment.currencies[code], loan = asked.loan.currencies[code],
    },
    cash_flow = asked.cash_flow.currencies[code],
    delinquents = {},
  }
  for i, risk in ipairs(asked.at_risk) do
    currency.at_risk[i] = { days = risk.days, figures = risk.currencies[code] }
  end
  for i, loan in ipairs(asked.delinquents.currencies[code]) do
    currency.delinquents[i] = loan
  end
  return currency
end

-- An error object or a table like one, as the plain facts that a report may show.
local function failure_of(err)
  return {
    provider = err.provider, label = err.label, subject = err.subject or err.id, kind = err.kind,
    message = err.message and tostring(err.message) or nil,
  }
end

local function failures_of(list)
  local failures = {}
  for i, err in ipairs(list) do
    failures[i] = failure_of(err)
  end
  return failures
end

--- The facts, or nil and an error when a sum cannot be held. Misuse raises.
function model.new(given)
  local options = check(given, 2)
  local asked, err = ask(options)
  if not asked then
    return nil, err
  end
  local summary = asked.summary
  local facts = {
    title = options.title,
    made_at = options.made_at,
    as_of = summary.as_of,
    fetched_first = summary.fetched_first,
    fetched_last = summary.fetched_last,
    balances = summary.balances,
    warnings = summary.warnings,
    loans = options.portfolio.loans,
    schedules = options.portfolio.schedules,
    cash_flow_by = options.cash_flow_by,
    currencies = {},
    unknowns = {},
    not_found = failures_of(options.not_found),
    failures = failures_of(options.failures),
    terms = words.terms,
  }
  for i, code in ipairs(summary.codes) do
    local currency = currency_of(asked, code)
    facts.currencies[i] = currency
    for _, provider in ipairs(currency.providers) do
      add_unknowns(facts.unknowns, currency, provider)
    end
  end
  if #facts.currencies > 0 then
    facts.unknowns[#facts.unknowns + 1] = {
      reason = "schedules_tell_no_payment_dates", figures = { "collection_ppm" },
      labels = { words.figure("collection_ppm") },
      text = words.reason("schedules_tell_no_payment_dates"), missing_rows = 0, missing_loans = 0,
    }
  end
  return facts
end

--- The currency of the facts that has this code.
function model.currency(facts, code)
  for _, currency in ipairs(facts.currencies) do
    if currency.code == code then
      return currency
    end
  end
  return nil
end

--- What a figure shows: its text, or nil, the reason, and the text of the known part.
function model.amount(group, name, code, write)
  if group[name] ~= nil then
    return write(group[name], code)
  end
  local known = group.known and group.known[name]
  return nil, words.reason(group.reasons and group.reasons[name] or "provider_does_not_tell"),
    known and known.known_minor and write(known.known_minor, code) or nil
end

--- A period of the cash flow in a few letters, and its year.
function model.period_label(by, first_day)
  local month, year = figures.month(first_day)
  return by == "month" and month or tonumber(first_day:sub(9, 10)) .. " " .. month, year
end

return model
