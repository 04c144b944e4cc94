---@meta repay.workflow
-- Workflows for the Lua language server; nothing here runs. Each is a module of its own:
-- require "repay.workflow.fetch", "….watch", "….report", "….reconcile". Those
-- of repayments, repay_file and repay_one, are functions and stand in types/repay.lua.
-- luacheck: no unused

---@class repay.workflow.loan
---@field provider? string
---@field profile? string
---@field id string
---@field operation? string
---@field tags? string[]

---@class repay.workflow.item: repay.workflow.loan
---@field schedule? repay.schedule
---@field err? repay.err
---@field kind? repay.kind
---@field message? string

---@class repay.workflow.fetched
---@field items repay.workflow.item[]
---@field schedules repay.schedule[]
---@field not_found repay.workflow.item[]
---@field failures repay.workflow.item[]
---@field fetched_at_unix_ms? integer
---@field stopped? "stopped" by stop_when

---@alias repay.workflow.client_of fun(loan: repay.workflow.loan): repay.client?, repay.err?
---@alias repay.workflow.clients table<string, repay.client>|repay.workflow.client_of

---@class repay.workflow.fetch_options: repay.each_options
---@field loans string|repay.workflow.loan[] CSV text, or a list
---@field clients repay.workflow.clients by profile, else by provider; or a function
---@field stop_when? fun(): boolean asked after each loan and ten times a second; what came is kept
---@field unix_ms? integer

---@class repay.workflow.fetch
local fetch = {}

---@param options repay.workflow.fetch_options
---@return repay.workflow.fetched?
---@return repay.err?
function fetch.run(options) end

---@param text string CSV
---@return repay.workflow.loan[]?
---@return repay.err?
function fetch.read(text) end

---@param fetched repay.workflow.fetched
---@param directory string a new one
---@param options? { with_names?: boolean }
---@return true?
---@return repay.err?
function fetch.save(fetched, directory, options) end

---@param directory string
---@return repay.workflow.fetched?
---@return repay.err?
function fetch.load(directory) end

---@class repay.workflow.watch_options: repay.workflow.fetch_options
---@field parent string a directory of snapshots
---@field made_at string like "2026-11-20T09:30:00Z"
---@field with_names? boolean

---@class repay.workflow.seen
---@field changes { item: repay.workflow.item, diff?: repay.diff, err?: repay.err }[]
---@field new repay.workflow.item[]
---@field gone repay.workflow.item[]
---@field text string
---@field fetched? repay.workflow.fetched
---@field directory? string
---@field older? string

---@class repay.workflow.watch
local watch = {}

---@param options repay.workflow.watch_options
---@return repay.workflow.seen?
---@return repay.err?
function watch.run(options) end

---@param newer repay.workflow.fetched
---@param older repay.workflow.fetched
---@return repay.workflow.seen
function watch.compare(newer, older) end

---@param entry repay.diff_entry
---@param currency string
---@return string
function watch.detail(entry, currency) end

---@param entry repay.diff_entry
---@return string
function watch.words(entry) end

---@class repay.workflow.report_options: repay.report.options
---@field fetched? repay.workflow.fetched
---@field schedules? repay.schedule[]
---@field as_of string

---@class repay.workflow.report
local workflow_report = {}

---@param options repay.workflow.report_options
---@return { facts: repay.report.facts, portfolio: repay.portfolio, schedules: repay.schedule[] }?
---@return repay.err?
function workflow_report.run(options) end

---@class repay.workflow.reconcile_options
---@field journal repay.journal
---@field clients repay.client|repay.client[]
---@field resend? boolean also sends again what its key protects
---@field stop_when? fun(): boolean

---@class repay.workflow.open: repay.next
---@field entry repay.entry

---@class repay.workflow.reconciled
---@field changed repay.decision[]
---@field open repay.workflow.open[] what can still change
---@field states table<repay.entry_state, integer> of what is open
---@field needs_person integer
---@field next_due_ms? integer when the next can be decided
---@field decisions repay.decision[]
---@field failures repay.err[] lists that could not be read
---@field run? repay.run_result of what was sent again
---@field stopped? string
---@field text string

---@class repay.workflow.reconcile
local reconcile = {}

---@param options repay.workflow.reconcile_options
---@return repay.workflow.reconciled?
---@return repay.err?
function reconcile.run(options) end

return { reconcile = reconcile, fetch = fetch, watch = watch, report = workflow_report }
