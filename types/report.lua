---@meta repay.report
-- The reports for the Lua language server; nothing here runs.
-- luacheck: no unused

---@class repay.report.options
---@field portfolio repay.portfolio
---@field made_at string like "2026-11-20T09:30:00Z"; nothing here reads a clock
---@field title? string
---@field at_risk_days? integer[] { 0, 30, 60, 90 }
---@field cash_flow_by? "day"|"week"|"month" "month"
---@field cash_flow_periods? integer 12
---@field delinquents? integer how many are listed; 100
---@field not_found? repay.report.miss[]
---@field failures? repay.report.miss[]

---@class repay.report.miss
---@field provider? string
---@field label? string
---@field subject? string
---@field kind? string
---@field message? string

---@class repay.report.part
---@field name? string
---@field summary table as portfolio:summary gives it
---@field at_risk { days: integer, figures: table }[]

---@class repay.report.currency: repay.report.part
---@field code string
---@field decimals integer
---@field providers repay.report.part[]
---@field tags repay.report.part[]
---@field ageing { installment: table, loan: table }
---@field cash_flow table
---@field delinquents table[]

---@class repay.report.unknown
---@field currency? string
---@field provider? string
---@field reason string a fixed word
---@field text string the same for people
---@field figures string[]
---@field labels string[]
---@field missing_rows integer
---@field missing_loans integer
---@field known_balance_minor? repay.minor

---@class repay.report.facts
---@field title string
---@field made_at string
---@field as_of string
---@field fetched_first? string
---@field fetched_last? string
---@field balances string
---@field warnings { word: string, message: string }[]
---@field loans integer
---@field schedules integer
---@field cash_flow_by string
---@field currencies repay.report.currency[]
---@field unknowns repay.report.unknown[]
---@field not_found repay.report.miss[]
---@field failures repay.report.miss[]
---@field terms [string, string][]

---@class repay.report
local report = {}

---Asks the portfolio once, so that every form has the same figures and reasons.
---@param options repay.report.options
---@return repay.report.facts?
---@return repay.err?
function report.facts(options) end

---One self-contained page: no script, nothing fetched.
---@param facts repay.report.facts
---@return string
function report.html(facts) end

---Tables for a terminal.
---@param facts repay.report.facts
---@param options? { width?: integer, color?: boolean }
---@return string
function report.text(facts, options) end

---@param facts repay.report.facts
---@return string
function report.markdown(facts) end

---Every figure, one a line.
---@param facts repay.report.facts
---@param options? { write?: fun(piece: string) }
---@return string|true
function report.csv(facts, options) end

---One document that keeps to spec/fixtures/report/report.schema.json.
---@param facts repay.report.facts
---@param options? { compact?: boolean }
---@return string
function report.json(facts, options) end

---@class repay.report.rows_options
---@field as_of string
---@field with_names? boolean
---@field form? "csv"|"ndjson"
---@field write? fun(piece: string) takes each piece; without it the whole is returned

---The installments of schedules, one a line.
---@param schedules repay.schedule[]
---@param options repay.report.rows_options
---@return string|true
function report.installments(schedules, options) end

---The delinquent loans, one a line of CSV.
---@param facts repay.report.facts
---@param options? { write?: fun(piece: string) }
---@return string|true
function report.delinquents(facts, options) end

---Due dates as iCalendar; and how many open installments have no due date, and so no event.
---@param schedules repay.schedule[]
---@param options { as_of: string, made_at: string, name?: string, alarm_days?: integer }
---@return string
---@return integer undated
function report.calendar(schedules, options) end

---A workbook in a file. Needs the module that is built where libxlsxwriter is.
---@param facts repay.report.facts
---@param options { path: string, schedules?: repay.schedule[], with_names?: boolean }
---@return true?
---@return repay.err?
function report.xlsx(facts, options) end

return report
