-- One repayment from what is said of it to what became of it: looked at, planned, approved within
-- limits, sent, reconciled. Said again it goes on where it was, and sends nothing that was sent.
--
--   local result = assert(repay.workflow.repay_one({ customer_id = …, amount = "5000.00",
--     reference = "TRF-77" }, { journal = journal, client = client }))
--   print(result.entry.state)
--
-- A `payment_date` or a `reference` tells this repayment from the next one. Without a date it is
-- today's, and a repayment of the same facts and reference is the same one on whatever day it is
-- said again: a script that is started again after midnight must not pay twice.
local check = require "repay.journal.check"
local jobs = require "repay.bulk.job"
local plan_rows = require "repay.journal.rows"
local warnings = require "repay.bulk.warnings"

local OPTIONS = {
  journal = "any", client = "any!", dry_run = "flag", limits = "list", check_lists = "flag",
  today = "text", send = "flag", on_progress = "call", stop_when = "call", reconcile = "flag",
  because = "text", by = "text",
}

local COMPARED = { "customer", "amount_minor", "currency", "installment", "ordinal", "reference" }

local function same(entry, row)
  for _, name in ipairs(COMPARED) do
    if (entry[name] or "") ~= (row[name] or "") then
      return false
    end
  end
  return true
end

-- The newest entry of the same facts: of that day, or of any where no day was said.
local function find_same(job, row, of_any_day)
  local entries, err = job.raw.entries(job.journal, { provider = row.provider,
    environment = row.environment, label = row.label, account = row.account })
  if not entries then
    return nil, err
  end
  local found
  for _, entry in ipairs(entries) do
    if same(entry, row) and (of_any_day or entry.payment_date == row.payment_date) then
      found = entry
    end
  end
  return found
end

local function begin(repayment, given)
  if type(repayment) ~= "table" then
    error("repay_one: a repayment is a table, got a " .. type(repayment), 3)
  end
  local options = check.options("repay_one", OPTIONS, given, 3)
  check.clients("repay_one", options.client, 3)
  local job = jobs.new("repay_one", options, 3)
  job.client_list = { options.client }
  job.repayment = repayment
  return job
end

local function take_entry(item, entry)
  item.entry, item.existing, item.id, item.state = entry, true, entry.id, entry.state
  item.planned.key, item.planned.payment_date = entry.key, entry.payment_date
end

local function with_date(repayment, day)
  local copy = {}
  for name, value in pairs(repayment) do
    copy[name] = value
  end
  copy.payment_date = day
  return copy
end

-- A key that was given says by itself which repayment it is. Otherwise it is told by its facts.
local function prepare(job)
  local client, repayment = job.options.client, job.repayment
  local dated = repayment.payment_date ~= nil and repayment.payment_date ~= ""
  if not dated then
    repayment = with_date(repayment, job.options.today)
  end
  local planned, err = plan_rows.new(client, repayment, dated and "derived" or "random",
    job.unix_ms(), 4)
  if not planned then
    return nil, err
  end
  local item = { line = 1, client = client, planned = planned, warnings = {},
    existing = false }
  job.rows[1] = item
  if repayment.idempotency_key then
    return jobs.find_entries(job)
  end
  local entry, failed = find_same(job, planned,
    not dated and (repayment.reference or "") ~= "")
  if failed then
    return nil, failed
  elseif entry then
    take_entry(item, entry)
  end
  return true
end

local function check_row(job)
  return warnings.check(job.rows, job.journal, job.raw, job.unix_ms(),
    job.options.check_lists ~= false)
end

local function plan(job)
  return jobs.plan(job)
end

-- A reason that is given is a person's: it lets go what was held, as journal:repay does.
local function approve(job)
  local item = job.rows[1]
  local hold = item.entry and item.entry.hold or item.planned.hold
  if item.state ~= "planned" or not hold then
    return jobs.approve(job)
  elseif not job.options.because then
    return jobs.failure("repay_one", "approval_required",
      "it needs a person's approval: " .. hold, { entry = item.id, state = "planned" })
  end
  return job.raw.approve(job.journal, { ids = { item.id }, because = job.options.because,
    unix_ms = job.unix_ms(), by = job.by })
end

local function result_of(job, stage)
  local result = jobs.result(job, stage)
  local item = job.rows[1]
  result.entry, result.existing, result.planned = item.entry, item.existing, item.planned
  result.warned = item.warnings
  local last = job.run and job.run.entries[#job.run.entries]
  result.err = last and last.err
  return result
end

--- Records one repayment through a journal: { entry, existing, warned, err, … }, or nil and an
--- error when it did not come to a send. What became of it is the entry's `state`; `err` is how
--- its last attempt ended. With dry_run nothing is planned; with send = false it is planned, and
--- approved within limits.
local function repay_one(repayment, given)
  local job = begin(repayment, given)
  local ready, err = jobs.take(job, { prepare, check_row })
  if not ready then
    return nil, err
  elseif job.options.dry_run then
    return result_of(job, "dry_run")
  end
  local done, failed = jobs.take(job, { plan, approve,
    job.options.send == false and jobs.refresh or jobs.send })
  if not done then
    failed.entry = failed.entry or job.rows[1].id
    return nil, failed
  end
  return result_of(job, job.options.send == false and "planned" or "done")
end

return repay_one
