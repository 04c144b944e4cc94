-- What a file of repayments and a single one have in common: rows that are looked up, planned in
-- one commit, approved within limits, sent, and shown.
--
-- A job is a table that a workflow fills: `rows` (items { planned, client, line, warnings }), the
-- journal with its `raw` methods and clock, the clients, `options`, and the `operation`'s name.
local check = require "repay.journal.check"
local errors = require "repay.error"
local journal_module = require "repay.journal"
local output = require "repay.bulk.output"
local plan_rows = require "repay.journal.rows"

local jobs = {}

local LIMITS = { per_run_minor = "whole", per_account_minor = "whole", per_day_minor = "whole" }

--- nil and an error of the job's operation; `facts` are laid over it.
function jobs.failure(operation, kind, message, facts)
  local err = errors.new { kind = kind, message = message, operation = operation }
  for name, value in pairs(facts or {}) do
    err[name] = value
  end
  return nil, err
end

--- A job without rows, from options that were checked. `level` counts from the function that calls
--- this one.
function jobs.new(operation, options, level)
  local state = options.journal ~= nil and journal_module.states[options.journal]
  if not state then
    error(operation .. ": option 'journal' must be an open repay.journal", level + 1)
  end
  if options.limits then
    options.limits = check.options(operation .. ": limits", LIMITS, options.limits, level + 1)
  end
  return {
    operation = operation, options = options, journal = options.journal, raw = journal_module.raw,
    unix_ms = state.unix_ms, by = options.by or state.by, rows = {},
  }
end

--- Puts what the journal knows of the rows already beside them.
function jobs.find_entries(job)
  for _, item in ipairs(job.rows) do
    local entry, err = job.raw.entry(job.journal, item.planned.key)
    if err and err.kind ~= "not_found" then
      return nil, err
    end
    item.entry, item.existing = entry, entry ~= nil
    item.id, item.state = entry and entry.id, entry and entry.state
  end
  return true
end

--- What is told of a job at this stage.
function jobs.result(job, stage)
  local result = { stage = stage, path = job.path, batch = job.batch, rows = job.rows,
    states = {}, totals = {}, warnings = 0, changed = job.changed, run = job.run,
    decisions = job.decisions }
  for _, item in ipairs(job.rows) do
    local state = item.state or "new"
    result.states[state] = (result.states[state] or 0) + 1
    result.warnings = result.warnings + #item.warnings
    local currency = item.planned.currency
    result.totals[currency] = (result.totals[currency] or 0) + item.planned.amount_minor
  end
  result.table = output.table(job.rows) .. output.changed(job.changed)
  return result
end

--- Plans what is new in one commit, as this batch { name, file_sha256 } if one is given.
function jobs.plan(job, batch)
  local new, by_client = {}, {}
  for _, item in ipairs(job.rows) do
    if not item.existing then
      new[#new + 1] = item
      by_client[item.client] = by_client[item.client] or {}
      table.insert(by_client[item.client], item.planned)
    end
  end
  if not new[1] then
    return true
  end
  local planned = {}
  for client, list in pairs(by_client) do
    local looked, err = plan_rows.look_before(job.raw, job.journal, client, list)
    if not looked then
      return nil, err
    end
  end
  for i, item in ipairs(new) do
    planned[i] = item.planned
  end
  local made, err = job.raw.plan(job.journal, planned, {
    unix_ms = job.unix_ms(), by = job.by, batch = batch,
  })
  if not made then
    return nil, err
  end
  job.batch = made.batch
  for i, each in ipairs(made.entries) do
    new[i].id, new[i].state = each.id, each.state
  end
  return true
end

--- The rows as the journal has them now.
function jobs.refresh(job)
  for _, item in ipairs(job.rows) do
    local entry, err = job.raw.entry(job.journal, item.id)
    if not entry then
      return nil, err
    end
    item.entry, item.state = entry, entry.state
    job.batch = job.batch or entry.batch
  end
  return true
end

-- Rows that a person has to approve stay planned.
local function ids_to_approve(job)
  local ids = {}
  for _, item in ipairs(job.rows) do
    local hold = item.entry and item.entry.hold or item.planned.hold
    if item.state == "planned" and not hold then
      ids[#ids + 1] = item.id
    end
  end
  return ids
end

--- Approves within limits, all in one go or not at all. Another process with the same rows may be
--- at it too: what it has approved meanwhile is left out, and the rest is tried again.
function jobs.approve(job)
  local ids = ids_to_approve(job)
  while ids[1] do
    local _, day_from_ms = plan_rows.today(job.client_list[1], job.unix_ms())
    local count, err = job.raw.approve(job.journal, {
      ids = ids, automatic = true, limits = job.options.limits, day_from_ms = day_from_ms,
      because = job.options.because, unix_ms = job.unix_ms(), by = job.by,
    })
    if count then
      return true
    end
    local left = #ids
    local fresh, unread = jobs.refresh(job)
    if not fresh then
      return nil, unread
    end
    ids = ids_to_approve(job)
    if #ids == left then
      err.operation, err.batch, err.entry = job.operation, job.batch, ids[1]
      return nil, err
    end
  end
  return true
end

--- Sends what of the rows is approved or may be sent again, and asks the lists.
function jobs.send(job)
  local ids = {}
  for i, item in ipairs(job.rows) do
    ids[i] = item.id
  end
  local ran, err = job.journal:run(job.client_list, {
    ids = ids, canary = job.options.canary ~= false, on_progress = job.options.on_progress,
    stop_when = job.options.stop_when,
  })
  if not ran then
    return nil, err
  end
  job.run = ran
  if job.options.reconcile ~= false and ran.stopped ~= "interrupted" then
    -- The lists may be out of reach now and not later: what they would say is news, not a need.
    job.decisions = job.journal:reconcile(job.client_list, { stop_when = job.options.stop_when })
  end
  return jobs.refresh(job)
end

--- Takes the steps in turn. True, or nil and the first error.
function jobs.take(job, steps)
  for _, step in ipairs(steps) do
    local done, err = step(job)
    if not done then
      return nil, err
    end
  end
  return true
end

return jobs
