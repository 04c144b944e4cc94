-- The report as a workbook: real dates, amounts with their currency, totals as formulas that carry
-- their value, a frozen header and charts.
--
-- Needs the compiled module repay.native.xlsx, which is built where libxlsxwriter is installed. An
-- amount of a workbook is a double, because the format has nothing else; one that would show as
-- another amount is refused, and then no file is left behind.
local errors = require "repay.error"
local figures = require "repay.report.figures"
local installments = require "repay.report.installments"
local measure = require "repay.report.measure"
local words = require "repay.report.words"

local xlsx = {}

local TEXT_MOST = 2000 -- letters in a cell; the format's own limit is 32,767 bytes
local ROWS_MOST = 1048576 - 2

local Failure = {}

local function check(done, message)
  if not done then
    error(setmetatable({ message = message }, Failure), 0)
  end
  return done
end

local function load_native()
  local loaded, native = pcall(require, "repay.native.xlsx")
  if loaded then
    return native
  end
  return nil, errors.new {
    kind = "unsupported", operation = "report.xlsx",
    message = "workbooks need the compiled module repay.native.xlsx, which is not installed",
    hint = "install libxlsxwriter with its headers (Debian: libxlsxwriter-dev) and build again",
  }
end

-- "A", "B", …, "Z", "AA": the name of a column counted from 0.
local function letters(column)
  local name = ""
  repeat
    name = string.char(65 + column % 26) .. name
    column = math.floor(column / 26) - 1
  until column < 0
  return name
end

-- A sheet that is filled row by row.
local Sheet = {}
Sheet.__index = Sheet

function Sheet:text(column, value, style)
  check(self.book:text(self.row, column,
    measure.cut(measure.clean(tostring(value)), TEXT_MOST), style or "plain"))
end

function Sheet:whole(column, value, style)
  if value ~= nil then
    check(self.book:whole(self.row, column, value, style or "plain"))
  end
end

function Sheet:day(column, value)
  if value then
    check(self.book:day(self.row, column, value, "plain"))
  end
end

-- An amount, or in words that it is not known.
function Sheet:amount(column, group, name, currency, style)
  if group[name] ~= nil then
    check(self.book:amount(self.row, column, group[name], currency.decimals, currency.code,
      style or "plain"))
  else
    self:text(column, "not known", "note")
  end
end

function Sheet:percent(column, ppm)
  if ppm ~= nil then
    check(self.book:percent(self.row, column, ppm, "plain"))
  else
    self:text(column, "none", "note")
  end
end

-- The sum of the rows above, from `first` on. Excel adds doubles; the value beside it is exact.
function Sheet:sum(column, first, minor, currency, code)
  local name = letters(column)
  local formula = self.row > first
    and ("=SUM(%s%d:%s%d)"):format(name, first + 1, name, self.row) or "=0"
  check(self.book:sum(self.row, column, formula, minor, currency and currency.decimals or 0,
    code ~= false and currency and currency.code or nil, "total"))
end

function Sheet:next()
  self.row = self.row + 1
end

-- columns: a list of { label, width }.
local function begin_sheet(book, name, columns)
  check(book:sheet(name, { freeze = 1 }))
  local sheet = setmetatable({ book = book, name = name, row = 0 }, Sheet)
  for i, column in ipairs(columns) do
    check(book:width(i - 1, column[2]))
    sheet:text(i - 1, column[1], "head")
  end
  sheet:next()
  return sheet
end

local function add_part(sheet, name, part, currency)
  local summary = part.summary
  sheet:text(0, currency.code)
  sheet:text(1, name)
  sheet:whole(2, summary.loans)
  sheet:whole(3, summary.late_loans)
  sheet:whole(4, summary.paid_loans)
  sheet:amount(5, summary, "total_due_minor", currency)
  sheet:amount(6, summary, "paid_minor", currency)
  sheet:amount(7, summary, "outstanding_minor", currency)
  sheet:amount(8, summary, "overdue_minor", currency)
  sheet:amount(9, summary, "outstanding_principal_minor", currency)
  for i, risk in ipairs(part.at_risk) do
    sheet:percent(9 + i, risk.figures.ratio_ppm)
  end
  sheet:next()
end

local function add_summary(book, facts)
  local columns = { { "Currency", 10 }, { "Group", 22 }, { "Loans", 9 }, { "Late loans", 12 },
    { "Paid loans", 12 }, { "Total due", 20 }, { "Paid", 20 }, { "Outstanding", 20 },
    { "Overdue", 20 }, { "Outstanding principal", 24 } }
  local first = facts.currencies[1]
  for _, risk in ipairs(first and first.at_risk or {}) do
    columns[#columns + 1] = { ("At risk, %d days"):format(risk.days), 18 }
  end
  local sheet = begin_sheet(book, "Summary", columns)
  for _, currency in ipairs(facts.currencies) do
    for _, provider in ipairs(currency.providers) do
      add_part(sheet, provider.name, provider, currency)
    end
    for _, tag in ipairs(currency.tags) do
      add_part(sheet, "#" .. tag.name, tag, currency)
    end
    add_part(sheet, "all", currency, currency)
  end
  sheet:next()
  sheet:text(0, ("%s, as of %s: %s. Made by repay on %s."):format(facts.title, facts.as_of,
    facts.balances, facts.made_at))
  for _, warning in ipairs(facts.warnings) do
    sheet:next()
    sheet:text(0, warning.message)
  end
end

local function add_risk(book, currency)
  local sheet = begin_sheet(book, "Risk " .. currency.code, { { "More than days late", 20 },
    { "Ratio", 10 }, { "By low principal", 10 }, { "Principal at risk", 22 },
    { "Principal measured", 22 }, { "Loans at risk", 15 }, { "Loans not measured", 20 } })
  local late = {}
  for i, risk in ipairs(currency.at_risk) do
    local part = risk.figures
    sheet:whole(0, risk.days)
    sheet:percent(1, part.ratio_ppm)
    sheet:percent(2, part.ratio_low_ppm)
    sheet:amount(3, part, "numerator_minor", currency)
    sheet:amount(4, part, "denominator_minor", currency)
    sheet:whole(5, part.loans_at_risk)
    sheet:whole(6, part.missing.loans)
    sheet:next()
    late[i] = true
  end
  if #late > 0 then
    check(book:chart { sheet = sheet.name, title = "Portfolio at risk, " .. currency.code,
      row = sheet.row + 1, column = 0, first = 1, last = #late, categories = 0, values = 1,
      axis = "0%", late = late })
  end
end

local function add_ageing(book, currency)
  local by_row, by_loan = currency.ageing.installment, currency.ageing.loan
  if not (by_row.buckets and by_loan.buckets) then
    return
  end
  local sheet = begin_sheet(book, "Ageing " .. currency.code, { { "Age", 14 },
    { "By installment", 20 }, { "Installments", 14 }, { "By loan", 20 }, { "Loans", 10 } })
  local sums, late = { 0, 0, 0, 0 }, {}
  for i, bucket in ipairs(by_row.buckets) do
    local other = by_loan.buckets[i]
    sheet:text(0, bucket.from_days and bucket.label .. " days" or bucket.label)
    sheet:amount(1, bucket, "outstanding_minor", currency)
    sheet:whole(2, bucket.count)
    sheet:amount(3, other, "outstanding_minor", currency)
    sheet:whole(4, other.count)
    sheet:next()
    late[i] = bucket.from_days ~= nil
    for at, value in ipairs { bucket.outstanding_minor, bucket.count, other.outstanding_minor,
      other.count } do
      sums[at] = sums[at] + value
    end
  end
  sheet:text(0, by_row.known.outstanding_minor and "Known part" or "Together", "total")
  sheet:sum(1, 1, sums[1], currency)
  sheet:sum(2, 1, sums[2])
  sheet:sum(3, 1, sums[3], currency)
  sheet:sum(4, 1, sums[4])
  for at, title in ipairs { "Ageing by installment, ", "Ageing by loan, " } do
    check(book:chart { sheet = sheet.name, title = title .. currency.code, row = sheet.row + 2
      + (at - 1) * 18, column = 0, first = 1, last = #late, categories = 0, values = at * 2 - 1,
      axis = "#,##0", late = late })
  end
end

local function add_cash_flow(book, currency)
  local flow = currency.cash_flow
  if not flow.periods then
    return
  end
  local sheet = begin_sheet(book, "Cash flow " .. currency.code, { { "Due", 26 },
    { "First day", 12 }, { "Last day", 12 }, { "Outstanding", 20 }, { "of it principal", 20 },
    { "Installments", 14 } })
  local sum, rows, late = 0, 0, {}
  local function add(name, part, is_late)
    sheet:text(0, name)
    sheet:day(1, part.first_day)
    sheet:day(2, part.last_day)
    sheet:amount(3, part, "outstanding_minor", currency)
    sheet:amount(4, part, "outstanding_principal_minor", currency)
    sheet:whole(5, part.rows)
    sheet:next()
    sum, rows = sum + (part.outstanding_minor or 0), rows + (part.rows or 0)
    late[#late + 1] = is_late or false
  end
  add("overdue", flow.overdue, true)
  for _, period in ipairs(flow.periods) do
    add(figures.span(period.first_day, period.last_day), period)
  end
  add("later", flow.later)
  add("undated", flow.undated)
  sheet:text(0, flow.known.outstanding_minor and "Known part" or "Together", "total")
  sheet:sum(3, 1, sum, currency)
  sheet:sum(5, 1, rows)
  if #late <= 400 then
    check(book:chart { sheet = sheet.name, title = "Cash flow, " .. currency.code,
      row = sheet.row + 2, column = 0, first = 1, last = #late, categories = 0, values = 3,
      axis = "#,##0", late = late })
  end
end

local function add_late_loans(book, currency)
  local sheet = begin_sheet(book, "Late loans " .. currency.code, { { "Loan", 40 },
    { "Provider", 14 }, { "Account", 14 }, { "Tags", 18 }, { "Days late", 10 },
    { "Oldest due", 12 }, { "Overdue", 20 }, { "Outstanding", 20 }, { "Next due", 12 },
    { "Next due amount", 20 } })
  local overdue, outstanding = 0, 0
  for _, loan in ipairs(currency.delinquents) do
    sheet:text(0, loan.loan_id or "")
    sheet:text(1, loan.provider)
    sheet:text(2, loan.label or "")
    sheet:text(3, table.concat(loan.tags, ", "))
    sheet:whole(4, loan.days_late)
    sheet:day(5, loan.oldest_due_date)
    sheet:amount(6, loan, "overdue_minor", currency)
    sheet:amount(7, loan, "outstanding_minor", currency)
    sheet:day(8, loan.next_due_date)
    sheet:amount(9, loan, "next_due_minor", currency)
    sheet:next()
    overdue = overdue + (loan.overdue_minor or 0)
    outstanding = outstanding + (loan.outstanding_minor or 0)
  end
  local all = currency.summary.late_loans
  sheet:text(0, all and all > #currency.delinquents and ("The first %s of %s"):format(
    figures.count(#currency.delinquents), figures.count(all)) or "Together", "total")
  sheet:sum(6, 1, overdue, currency)
  sheet:sum(7, 1, outstanding, currency)
end

local ROW_COLUMNS = { { "Loan", 40 }, { "Number", 8 }, { "Due", 12 }, { "Days late", 9 },
  { "State", 15 }, { "Provider's word", 15 }, { "Provider", 14 }, { "Account", 14 },
  { "Principal", 18 }, { "Interest", 18 }, { "Penalty", 18 }, { "Total due", 18 },
  { "Paid", 18 }, { "Outstanding", 18 }, { "Fetched on", 12 } }
local ROW_AMOUNTS = { "principal_minor", "interest_minor", "penalty_minor", "total_due_minor",
  "paid_minor", "outstanding_minor" }

local function add_row(sheet, row, currency, options)
  sheet:text(0, row.loan_id or row.subject or "")
  sheet:whole(1, row.number)
  sheet:day(2, row.due_date)
  sheet:whole(3, row.days_late)
  sheet:text(4, row.state)
  sheet:text(5, row.provider_status or "")
  sheet:text(6, row.provider)
  sheet:text(7, row.label or "")
  for i, name in ipairs(ROW_AMOUNTS) do
    if row[name] ~= nil then
      sheet:amount(7 + i, row, name, currency)
    end
  end
  sheet:day(14, row.fetched_on)
  if options.with_names then
    for i, name in ipairs(installments.PERSONAL) do
      sheet:text(14 + i, row[name] or "")
    end
  end
  sheet:next()
end

-- One sheet a currency: no two currencies are ever in one sum.
local function add_installments(book, currency, options)
  local columns = {}
  for i, column in ipairs(ROW_COLUMNS) do
    columns[i] = column
  end
  if options.with_names then
    for _, name in ipairs(installments.PERSONAL) do
      columns[#columns + 1] = { name:gsub("_", " "), 30 }
    end
  end
  local own = {}
  for _, schedule in ipairs(options.schedules) do
    if schedule.currency == currency.code then
      own[#own + 1] = schedule
    end
  end
  local sheet = begin_sheet(book, "Installments " .. currency.code, columns)
  local outstanding = 0
  for row in installments.each(own, { as_of = options.as_of, with_names = options.with_names }) do
    check(sheet.row <= ROWS_MOST, "there are more installments than a sheet has rows")
    add_row(sheet, row, currency, options)
    outstanding = outstanding + math.max(row.outstanding_minor or 0, 0)
  end
  sheet:text(0, "Together, above zero", "total")
  local last = sheet.row
  check(book:sum(sheet.row, 13, last > 1 and ('=SUMIF(N2:N%d,">0")'):format(last) or "=0",
    outstanding, currency.decimals, currency.code, "total"))
end

local function add_unknowns(book, facts)
  local sheet = begin_sheet(book, "Not computed", { { "Where", 24 }, { "Figures", 60 },
    { "Because", 60 }, { "Missing installments", 20 } })
  for _, entry in ipairs(facts.unknowns) do
    sheet:text(0, entry.provider and entry.provider .. ", " .. entry.currency or "every provider")
    sheet:text(1, table.concat(entry.labels, ", "))
    sheet:text(2, entry.text)
    sheet:whole(3, entry.missing_rows)
    sheet:next()
  end
  for _, list in ipairs { { "no active loan", facts.not_found },
    { "not fetched", facts.failures } } do
    for _, failure in ipairs(list[2]) do
      sheet:text(0, tostring(failure.provider or ""))
      sheet:text(1, list[1] .. ": " .. tostring(failure.subject or ""))
      sheet:text(2, failure.message or tostring(failure.kind or ""))
      sheet:next()
    end
  end
end

local function add_terms(book)
  local sheet = begin_sheet(book, "Definitions", { { "Term", 26 }, { "Meaning", 110 } })
  for _, term in ipairs(words.terms) do
    sheet:text(0, term[1])
    sheet:text(1, term[2], "note")
    sheet:next()
  end
end

local function fill(book, facts, options)
  add_summary(book, facts)
  for _, currency in ipairs(facts.currencies) do
    add_risk(book, currency)
    add_ageing(book, currency)
    add_cash_flow(book, currency)
    add_late_loans(book, currency)
    if options.schedules then
      add_installments(book, currency, options)
    end
  end
  add_unknowns(book, facts)
  add_terms(book)
end

-- Seconds since 1970 of "2026-11-20T09:30:00Z".
local function unix_of(moment)
  local hour, minute, second = moment:match("T(%d+):(%d+):(%d+)Z$")
  return (figures.day_number(moment:sub(1, 10)) - figures.day_number("1970-01-01")) * 86400
    + hour * 3600 + minute * 60 + second
end

local function failed(path, message)
  return nil, errors.new {
    kind = "invalid_argument", operation = "report.xlsx", field = "path", subject = path,
    message = message,
  }
end

--- Writes the workbook to options.path; with options.schedules their installments too. True, or nil
--- and an error.
function xlsx.write(facts, options)
  if type(options) ~= "table" or type(options.path) ~= "string" then
    error("report.xlsx: option 'path' is required", 3)
  end
  local native, missing = load_native()
  if not native then
    return nil, missing
  elseif options.path == "" or options.path:find("%z") then
    return failed("", "the path of a workbook is empty or has a zero byte")
  end
  local may, refusal = require("repay.native.files").may_replace(options.path)
  if not may then
    return failed(options.path, refusal)
  end
  local book, why = native.open(options.path, measure.cut(measure.clean(facts.title), 100),
    unix_of(facts.made_at))
  if not book then
    return failed(options.path, why)
  end
  local filled, raised = pcall(fill, book, facts, { schedules = options.schedules,
    with_names = options.with_names, as_of = facts.as_of })
  if filled then
    local closed, problem = book:close()
    if closed then
      return true
    end
    raised = setmetatable({ message = problem }, Failure)
  end
  os.remove(options.path)
  if getmetatable(raised) == Failure then
    return failed(options.path, raised.message)
  end
  error(raised, 0)
end

return xlsx
