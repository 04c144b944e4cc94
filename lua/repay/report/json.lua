-- The report and the installments as JSON with a documented schema.
--
-- Written here and not by a JSON library, because the order of members must be the same each time
-- and whole numbers up to 2^53 must keep every digit on both VMs. The schema is
-- spec/fixtures/report/report.schema.json. A figure that is not known is null, and its reason
-- stands in `reasons` of the same object.
local figures = require "repay.report.figures"
local installments = require "repay.report.installments"
local keys = require "repay.keys"
local measure = require "repay.report.measure"

local json = {}

local NULL = {}

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(text)
  text = measure.valid(text)
  return '"' .. text:gsub('[%c"\\\127]', function(char)
    return ESCAPES[char] or ("\\u%04x"):format(char:byte())
  end) .. '"'
end

local write

local function write_list(list, out, indent)
  if #list == 0 then
    out[#out + 1] = "[]"
    return
  end
  local inner = indent and indent .. "  "
  for i, value in ipairs(list) do
    out[#out + 1] = (i == 1 and "[" or ",") .. (inner or "")
    write(value, out, inner)
  end
  out[#out + 1] = (indent or "") .. "]"
end

-- An object is a list of { name, value }: its order is the order in which it is written.
local function write_object(members, out, indent)
  local inner = indent and indent .. "  "
  local count = 0
  for _, member in ipairs(members) do
    out[#out + 1] = (count == 0 and "{" or ",") .. (inner or "") .. escape(member[1])
      .. (indent and ": " or ":")
    write(member[2], out, inner)
    count = count + 1
  end
  out[#out + 1] = count == 0 and "{}" or (indent or "") .. "}"
end

function write(value, out, indent)
  local kind = type(value)
  if value == NULL then
    out[#out + 1] = "null"
  elseif kind == "number" then
    out[#out + 1] = figures.whole(value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif kind == "string" then
    out[#out + 1] = escape(value)
  elseif value.object then
    write_object(value.object, out, indent)
  else
    write_list(value, out, indent)
  end
end

local function object(members)
  return { object = members }
end

local function or_null(value)
  if value == nil then
    return NULL
  end
  return value
end

-- The named fields of a table in this order, then its reasons and what is known.
local function pick(source, names)
  local members = {}
  for i, name in ipairs(names) do
    members[i] = { name, or_null(source[name]) }
  end
  return members
end

local KNOWN = { "known_minor", "known_rows", "missing_rows" }

local function add_reasons(members, source)
  local reasons, known = {}, {}
  for i, name in ipairs(keys.sorted(source.reasons or {})) do
    reasons[i] = { name, source.reasons[name] }
  end
  for i, name in ipairs(keys.sorted(source.known or {})) do
    known[i] = { name, object(pick(source.known[name], KNOWN)) }
  end
  members[#members + 1] = { "reasons", object(reasons) }
  members[#members + 1] = { "known", object(known) }
  return members
end

local function mapped(list, convert)
  local out = {}
  for i, value in ipairs(list) do
    out[i] = convert(value)
  end
  return out
end

local SUMMARY = { "loans", "late_loans", "paid_loans", "rows", "total_due_minor", "paid_minor",
  "outstanding_minor", "overdue_minor", "undated_minor", "outstanding_principal_minor",
  "outstanding_principal_low_minor", "collection_ppm" }
local RISK = { "ratio_ppm", "numerator_minor", "denominator_minor", "ratio_low_ppm",
  "numerator_low_minor", "denominator_low_minor", "loans", "loans_at_risk" }
local FLOW = { "first_day", "last_day", "outstanding_minor", "outstanding_principal_minor",
  "outstanding_principal_low_minor", "rows" }
local BUCKET = { "label", "from_days", "to_days", "outstanding_minor", "count" }
local LOAN = { "loan_id", "provider", "environment", "label", "days_late", "oldest_due_date",
  "overdue_minor", "outstanding_minor", "outstanding_principal_minor",
  "outstanding_principal_low_minor", "next_due_date", "next_due_minor" }

local function summary_of(summary)
  local members = pick(summary, SUMMARY)
  members[#members + 1] = { "missing",
    object(pick(summary.missing, { "loans", "rows", "known_balance_minor" })) }
  return object(add_reasons(members, summary))
end

local function risk_of(risk)
  local members = pick(risk.figures, RISK)
  table.insert(members, 1, { "days", risk.days })
  members[#members + 1] = { "missing",
    object(pick(risk.figures.missing, { "loans", "known_balance_minor" })) }
  return object(add_reasons(members, risk.figures))
end

local function part_of(part)
  return object { { "name", part.name }, { "summary", summary_of(part.summary) },
    { "at_risk", mapped(part.at_risk, risk_of) } }
end

local function ageing_of(ageing)
  return object(add_reasons({
    { "outstanding_minor", or_null(ageing.outstanding_minor) },
    { "buckets", ageing.buckets and mapped(ageing.buckets, function(bucket)
      return object(pick(bucket, BUCKET))
    end) or NULL },
  }, ageing))
end

local function flow_of(flow)
  return object(add_reasons(pick(flow, FLOW), flow))
end

local function cash_flow_of(flow, by)
  return object(add_reasons({
    { "by", by },
    { "outstanding_minor", or_null(flow.outstanding_minor) },
    { "overdue", flow.overdue and flow_of(flow.overdue) or NULL },
    { "periods", flow.periods and mapped(flow.periods, flow_of) or NULL },
    { "later", flow.later and flow_of(flow.later) or NULL },
    { "undated", flow.undated and flow_of(flow.undated) or NULL },
  }, flow))
end

local function loan_of(loan)
  local members = pick(loan, LOAN)
  members[#members + 1] = { "tags", loan.tags }
  return object(add_reasons(members, loan))
end

local function currency_of(currency, facts)
  return object {
    { "currency", currency.code }, { "decimals", currency.decimals },
    { "summary", summary_of(currency.summary) },
    { "at_risk", mapped(currency.at_risk, risk_of) },
    { "providers", mapped(currency.providers, part_of) },
    { "tags", mapped(currency.tags, part_of) },
    { "ageing_by_installment", ageing_of(currency.ageing.installment) },
    { "ageing_by_loan", ageing_of(currency.ageing.loan) },
    { "cash_flow", cash_flow_of(currency.cash_flow, facts.cash_flow_by) },
    { "delinquents", mapped(currency.delinquents, loan_of) },
  }
end

local UNKNOWN = { "currency", "provider", "reason", "text", "figures", "missing_rows",
  "missing_loans", "known_balance_minor" }
local FAILURE = { "provider", "label", "subject", "kind", "message" }

local function picked(names)
  return function(source)
    return object(pick(source, names))
  end
end

local function encode(value, is_compact)
  local out = {}
  write(value, out, not is_compact and "\n" or nil)
  return table.concat(out) .. "\n"
end

--- The facts as one document. options: compact.
function json.report(facts, options)
  return encode(object {
    { "format", "repay.report" }, { "version", 1 }, { "title", facts.title },
    { "as_of", facts.as_of }, { "made_at", facts.made_at },
    { "fetched_first", or_null(facts.fetched_first) },
    { "fetched_last", or_null(facts.fetched_last) }, { "balances", facts.balances },
    { "warnings", mapped(facts.warnings, picked { "word", "message" }) },
    { "loans", facts.loans }, { "schedules", facts.schedules },
    { "currencies", mapped(facts.currencies, function(currency)
      return currency_of(currency, facts)
    end) },
    { "unknown", mapped(facts.unknowns, picked(UNKNOWN)) },
    { "not_found", mapped(facts.not_found, picked(FAILURE)) },
    { "failures", mapped(facts.failures, picked(FAILURE)) },
    { "definitions", mapped(facts.terms, function(term)
      return object { { "term", term[1] }, { "meaning", term[2] } }
    end) },
  }, options and options.compact)
end

--- The installments of schedules, one object a line. options: as_of (required), with_names, write.
function json.installments(schedules, options)
  local out = {}
  local emit = options.write or function(text) out[#out + 1] = text end
  local names = installments.columns(options)
  for row in installments.each(schedules, options) do
    emit(encode(object(pick(row, names)), true))
  end
  return options.write and true or table.concat(out)
end

return json
