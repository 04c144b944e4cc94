---@meta repay.workflow
-- Workflows for the Lua language server; nothing here runs. Each is a module of its own:
-- require "repay.workflow.fetch", "repay.workflow.watch", "repay.workflow.report".
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

---@class repay.workflow.fetch_options: repay.each_options
---@field loans string|repay.workflow.loan[] CSV text, or a list
---@field clients table<string, repay.client> by profile, else by provider
---@field unix_ms? integer

---@class repay.workflow.fetch
local fetch = {}

---@param options repay.workflow.fetch_options
---@return repay.workflow.fetched?
---@return repay.err?
function fetch.run(options) end

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

return { fetch = fetch, watch = watch, report = workflow_report }
