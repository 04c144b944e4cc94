-- Installments, delinquents and reports as CSV, for programs and for spreadsheets.
--
-- Somebody's text is written so that no spreadsheet runs it. Figures of ours are plain decimals and
-- stand as they are, below zero included. An empty cell is a figure that is not known, never zero.
local cell_of_text = require("repay.csv").cell
local figures = require "repay.report.figures"
local installments = require "repay.report.installments"
local money = require "repay.money"

local csv = {}

--- A cell: nil, a number of ours, or somebody's text.
function csv.cell(value)
  if type(value) == "number" then
    return figures.whole(value)
  end
  return cell_of_text(value)
end

--- A line of cells that are written already.
function csv.line(cells)
  return table.concat(cells, ",") .. "\r\n"
end

-- Column names: amounts are written in major units, so `_minor` goes.
local function headings(names)
  local cells = {}
  for i, name in ipairs(names) do
    cells[i] = (name:gsub("_minor$", ""))
  end
  return csv.line(cells)
end

local function row_cells(names, row)
  local cells = {}
  for i, name in ipairs(names) do
    local value = row[name]
    if name:find("_minor$") and value ~= nil then
      cells[i] = figures.plain(value, row.currency)
    else
      cells[i] = csv.cell(value)
    end
  end
  return csv.line(cells)
end

local function collector(write)
  if write then
    return write, function() return true end
  end
  local out = {}
  return function(text) out[#out + 1] = text end, function() return table.concat(out) end
end

--- The installments of schedules, one a line. options: as_of (required), with_names, write (a
--- function that takes each piece; without it the whole is returned).
function csv.installments(schedules, options)
  local write, finish = collector(options.write)
  local names = installments.columns(options)
  write(headings(names))
  for row in installments.each(schedules, options) do
    write(row_cells(names, row))
  end
  return finish()
end

local LOANS = { "currency", "provider", "environment", "label", "loan_id", "tags", "days_late",
  "oldest_due_date", "overdue_minor", "outstanding_minor", "outstanding_principal_minor",
  "outstanding_principal_low_minor", "next_due_date", "next_due_minor" }

--- The delinquent loans of the facts, one a line.
function csv.delinquents(facts, options)
  local write, finish = collector(options and options.write)
  write(headings(LOANS))
  for _, currency in ipairs(facts.currencies) do
    for _, loan in ipairs(currency.delinquents) do
      local row = {}
      for _, name in ipairs(LOANS) do
        row[name] = loan[name]
      end
      row.currency, row.tags = currency.code, table.concat(loan.tags, " ")
      write(row_cells(LOANS, row))
    end
  end
  return finish()
end

local FIGURES = { "as_of", "fetched_first", "fetched_last", "currency", "group", "name", "measure",
  "item", "first_day", "last_day", "amount", "count", "percent", "reason", "known_amount",
  "missing_rows" }

-- One figure: what is known of it goes to its column, the reason to its own.
local function figure(base, measure, item, group, name)
  local known = group.known and group.known[name]
  local row = { measure = measure, item = item,
    reason = group[name] == nil and group.reasons and group.reasons[name] or nil,
    missing_rows = known and known.missing_rows }
  for key, value in pairs(base) do
    row[key] = value
  end
  if name:find("_minor$") then
    row.amount = group[name] ~= nil and money.format(group[name], base.currency) or nil
    row.known_amount = known and known.known_minor
      and money.format(known.known_minor, base.currency) or nil
  elseif name:find("_ppm$") then
    row.percent = group[name] ~= nil and figures.exact_percent(group[name]) or nil
  else
    row.count = group[name]
  end
  return row
end

local SUMMARY = { "loans", "late_loans", "paid_loans", "rows", "total_due_minor", "paid_minor",
  "outstanding_minor", "overdue_minor", "undated_minor", "outstanding_principal_minor",
  "outstanding_principal_low_minor" }
local RISK = { "ratio_ppm", "numerator_minor", "denominator_minor", "ratio_low_ppm",
  "loans_at_risk" }

local function with(base, group, name)
  local copy = { group = group, name = name }
  for key, value in pairs(base) do
    copy[key] = value
  end
  return copy
end

local function add_part(add, base, part)
  for _, name in ipairs(SUMMARY) do
    add(figure(base, "summary", (name:gsub("_minor$", "")), part.summary, name))
  end
  for _, risk in ipairs(part.at_risk) do
    for _, name in ipairs(RISK) do
      add(figure(base, "at_risk_" .. risk.days, (name:gsub("_minor$", ""):gsub("_ppm$", "")),
        risk.figures, name))
    end
  end
end

local function add_flow(add, base, item, flow)
  local row = figure(base, "cash_flow", item, flow, "outstanding_minor")
  row.count, row.first_day, row.last_day = flow.rows, flow.first_day, flow.last_day
  add(row)
end

local function add_currency(add, base, currency)
  add_part(add, with(base, "all", ""), currency)
  for _, provider in ipairs(currency.providers) do
    add_part(add, with(base, "provider", provider.name), provider)
  end
  for _, tag in ipairs(currency.tags) do
    add_part(add, with(base, "tag", tag.name), tag)
  end
  local whole = with(base, "all", "")
  for _, by in ipairs { "installment", "loan" } do
    for _, bucket in ipairs(currency.ageing[by].buckets or {}) do
      local row = figure(whole, "ageing_by_" .. by, bucket.label, bucket, "outstanding_minor")
      row.count = bucket.count
      add(row)
    end
  end
  local flow = currency.cash_flow
  if flow.periods then
    add_flow(add, whole, "overdue", flow.overdue)
    for i, period in ipairs(flow.periods) do
      add_flow(add, whole, "period_" .. i, period)
    end
    add_flow(add, whole, "later", flow.later)
    add_flow(add, whole, "undated", flow.undated)
  end
end

local OWN = { amount = true, percent = true, known_amount = true }

--- Every figure of the facts, one a line: made to be filtered and pivoted.
function csv.report(facts, options)
  local write, finish = collector(options and options.write)
  write(csv.line(FIGURES))
  for _, currency in ipairs(facts.currencies) do
    local base = { as_of = facts.as_of, fetched_first = facts.fetched_first,
      fetched_last = facts.fetched_last, currency = currency.code }
    add_currency(function(row)
      local cells = {}
      for i, name in ipairs(FIGURES) do
        -- A figure of ours may be below zero; it is no text that a spreadsheet could run.
        cells[i] = OWN[name] and (row[name] or "") or csv.cell(row[name])
      end
      write(csv.line(cells))
    end, base, currency)
  end
  return finish()
end

return csv
