-- The report as a list of titled tables of plain texts: what the forms without pictures share.
local figures = require "repay.report.figures"
local model = require "repay.report.model"
local words = require "repay.report.words"

local outline = {}

local NOT_KNOWN = "not known"

local function amount(group, name, code)
  local text, _, known = model.amount(group, name, code, figures.amount)
  return text or known and "at least " .. known or NOT_KNOWN
end

local function count(group, name)
  return group[name] ~= nil and figures.count(group[name]) or NOT_KNOWN
end

local function percent(part)
  return part.ratio_ppm and figures.percent(part.ratio_ppm) or "none"
end

local function column(label, right)
  return { label = label, right = right }
end

local function sentence_column(label)
  return { label = label, wrap = true }
end

-- What names a loan; a terminal does not cut it.
local function id_column(label)
  return { label = label, id = true }
end

local function part_row(name, part, code)
  local summary = part.summary
  local row = { name, figures.count(summary.loans), count(summary, "late_loans"),
    amount(summary, "outstanding_minor", code), amount(summary, "overdue_minor", code),
    amount(summary, "outstanding_principal_minor", code) }
  for _, risk in ipairs(part.at_risk) do
    if risk.days == 30 then
      row[#row + 1] = percent(risk.figures)
    end
  end
  return row
end

local function summary_table(currency)
  local columns = { column "Group", column("Loans", true), column("Late", true),
    column("Outstanding", true), column("Overdue", true), column("Principal left", true) }
  local rows = {}
  for _, provider in ipairs(currency.providers) do
    rows[#rows + 1] = part_row(provider.name, provider, currency.code)
  end
  for _, tag in ipairs(currency.tags) do
    rows[#rows + 1] = part_row("#" .. tag.name, tag, currency.code)
  end
  local all = part_row("All", { summary = currency.summary, at_risk = currency.at_risk },
    currency.code)
  rows[#rows + 1] = all
  if #all > #columns then
    columns[#columns + 1] = column("At risk, 30 days", true)
  end
  return { title = currency.code .. ": summary", columns = columns, rows = rows }
end

local function risk_table(currency)
  local rows = {}
  for i, risk in ipairs(currency.at_risk) do
    local part = risk.figures
    rows[i] = { "more than " .. figures.several(risk.days, "day"), percent(part),
      amount(part, "numerator_minor", currency.code),
      amount(part, "denominator_minor", currency.code), count(part, "loans_at_risk"),
      figures.count(part.missing.loans) }
  end
  return { title = currency.code .. ": portfolio at risk", rows = rows,
    columns = { column "Late by", column("Ratio", true), column("At risk", true),
      column("Measured", true), column("Loans", true), column("Not measured", true) } }
end

local function ageing_table(currency)
  local by_row, by_loan = currency.ageing.installment, currency.ageing.loan
  local rows = {}
  for i, bucket in ipairs(by_row.buckets or {}) do
    local other = by_loan.buckets and by_loan.buckets[i]
    rows[i] = { bucket.from_days and bucket.label .. " days" or bucket.label,
      figures.amount(bucket.outstanding_minor, currency.code), figures.count(bucket.count),
      other and figures.amount(other.outstanding_minor, currency.code) or NOT_KNOWN,
      other and figures.count(other.count) or NOT_KNOWN }
  end
  return { title = currency.code .. ": ageing", rows = rows,
    columns = { column "Age", column("By installment", true), column("Installments", true),
      column("By loan", true), column("Loans", true) },
    empty = not by_row.buckets
      and "Not computed: " .. words.reason(by_row.reasons.buckets) .. "." or nil }
end

local function flow_table(currency, by)
  local flow, rows = currency.cash_flow, {}
  local function add(name, part)
    rows[#rows + 1] = { name, amount(part, "outstanding_minor", currency.code),
      amount(part, "outstanding_principal_minor", currency.code), count(part, "rows") }
  end
  if flow.periods then
    add("overdue", flow.overdue)
    for _, period in ipairs(flow.periods) do
      add(figures.span(period.first_day, period.last_day), period)
    end
    add("later", flow.later)
    add("undated", flow.undated)
  end
  return { title = ("%s: cash flow %s"):format(currency.code, words.period(by)), rows = rows,
    columns = { column "Due", column("Outstanding", true), column("of it principal", true),
      column("Installments", true) } }
end

local function delinquents_table(currency)
  local rows = {}
  for i, loan in ipairs(currency.delinquents) do
    rows[i] = { loan.loan_id or words.no_id,
      loan.provider .. (loan.label and ", " .. loan.label or ""), figures.count(loan.days_late),
      loan.oldest_due_date, amount(loan, "overdue_minor", currency.code),
      amount(loan, "outstanding_minor", currency.code), loan.next_due_date
        or loan.reasons.next_due_date and NOT_KNOWN or "none" }
  end
  local late = currency.summary.late_loans
  return { title = currency.code .. ": delinquent loans", rows = rows,
    note = late and late > #rows and ("The first %s of %s."):format(figures.count(#rows),
      figures.count(late)) or nil,
    empty = "No loan is known to be late.",
    columns = { id_column "Loan", column "Provider", column("Days late", true), column "Oldest due",
      column("Overdue", true), column("Outstanding", true), column "Next due" } }
end

local function unknown_table(facts)
  local rows = {}
  for i, entry in ipairs(facts.unknowns) do
    rows[i] = { entry.provider and entry.provider .. ", " .. entry.currency or "every provider",
      table.concat(entry.labels, ", "), entry.text,
      entry.missing_rows > 0 and figures.several(entry.missing_rows, "installment") or "" }
  end
  return { title = "What could not be computed", rows = rows, empty = "Nothing.",
    columns = { column "Where", sentence_column "Figures", sentence_column "Because",
      column "Missing" } }
end

local function failure_table(title, list)
  local rows = {}
  for i, failure in ipairs(list) do
    rows[i] = { tostring(failure.subject or words.no_id),
      tostring(failure.provider or "") .. (failure.label and ", " .. failure.label or ""),
      failure.message or tostring(failure.kind or "") }
  end
  return { title = title, rows = rows,
    columns = { id_column "Asked for", column "Provider", sentence_column "Answer" } }
end

--- { title, lead, warnings, sections = { { title, note, columns, rows, empty } }, terms }.
function outline.new(facts)
  local sections = {}
  for _, currency in ipairs(facts.currencies) do
    sections[#sections + 1] = summary_table(currency)
    if #currency.at_risk > 0 then
      sections[#sections + 1] = risk_table(currency)
    end
    sections[#sections + 1] = ageing_table(currency)
    sections[#sections + 1] = flow_table(currency, facts.cash_flow_by)
    sections[#sections + 1] = delinquents_table(currency)
  end
  sections[#sections + 1] = unknown_table(facts)
  if #facts.not_found > 0 then
    sections[#sections + 1] = failure_table("No active loan", facts.not_found)
  end
  if #facts.failures > 0 then
    sections[#sections + 1] = failure_table("Not fetched", facts.failures)
  end
  return {
    title = facts.title,
    lead = ("As of %s, %s. %s."):format(figures.day(facts.as_of), facts.balances,
      figures.several(facts.loans, "loan")),
    warnings = facts.warnings, sections = sections, terms = facts.terms,
    made = "Made by repay on " .. facts.made_at .. ".",
  }
end

return outline
