-- A file of repayments from its first row to its summary: checked, planned, shown, approved within
-- limits, sent with a canary ahead, reconciled. Run again it goes on where it was.
--
-- What has an entry sends nothing and shows that entry's state, whatever it is.
local check = require "repay.journal.check"
local errors = require "repay.error"
local file_rows = require "repay.bulk.rows"
local journal_module = require "repay.journal"
local output = require "repay.bulk.output"
local plan_rows = require "repay.journal.rows"
local warnings = require "repay.bulk.warnings"

-- A file of this size has half a million rows.
local FILE_SIZE_MAX = 128 * 1024 * 1024

local OPTIONS = {
  journal = "any", client = "any", clients = "list", dry_run = "flag", confirm = "call",
  limits = "list", canary = "flag", check_lists = "flag", new_journal = "flag",
  on_progress = "call", reconcile = "flag", summary = "text", because = "text", by = "text",
}
local LIMITS = { per_run_minor = "whole", per_account_minor = "whole", per_day_minor = "whole" }

local function failure(kind, message, facts)
  local err = errors.new { kind = kind, message = message, operation = "repay_file" }
  for name, value in pairs(facts or {}) do
    err[name] = value
  end
  return nil, err
end

local function read_file(path)
  local file, why = io.open(path, "rb")
  if not file then
    return failure("config", "the file cannot be read: " .. tostring(why))
  end
  local text = file:read(FILE_SIZE_MAX + 1)
  file:close()
  if text and #text > FILE_SIZE_MAX then
    return failure("too_large", "the file is larger than " .. FILE_SIZE_MAX .. " bytes")
  end
  return text or ""
end

local function clients_of(options)
  local where = "repay_file"
  if (options.client == nil) == (options.clients == nil) then
    error(where .. ": give one of the options 'client' and 'clients'", 4)
  elseif options.client ~= nil then
    check.clients(where, options.client, 4)
    return { [""] = options.client }, { options.client }
  end
  local list = {}
  for name, client in pairs(options.clients) do
    if type(name) ~= "string" then
      error(where .. ": option 'clients' maps the names of profiles to clients", 4)
    end
    check.clients(where, client, 4)
    list[#list + 1] = client
  end
  if not list[1] then
    error(where .. ": option 'clients' is empty", 4)
  end
  return options.clients, list
end

local function begin(path, given)
  check.text("repay_file", "the path", path, 3)
  local options = check.options("repay_file", OPTIONS, given, 3)
  local state = options.journal ~= nil and journal_module.states[options.journal]
  if not state then
    error("repay_file: option 'journal' must be an open repay.journal", 3)
  end
  if options.limits then
    options.limits = check.options("repay_file: limits", LIMITS, options.limits, 3)
  end
  local by_profile, list = clients_of(options)
  return {
    path = path, options = options, journal = options.journal, raw = journal_module.raw,
    clients = by_profile, client_list = list, unix_ms = state.unix_ms,
    by = options.by or state.by,
  }
end

-- What the journal knows of the rows already.
local function find_entries(job)
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

-- A journal that has never seen this client may be one that was lost. With keys the provider would
-- know its repayments again; without, somebody has to say that this is the first journal.
local function check_new_journal(job)
  if job.options.new_journal then
    return true
  end
  for _, client in ipairs(job.client_list) do
    local scope = { provider = client.provider, environment = client.environment,
      label = client.label, limit = 1 }
    local found, err = job.raw.entries(job.journal, scope)
    if not found then
      return nil, err
    end
    local shows = job.raw.fact(job.journal, scope, "list_shows_records")
    if client.keys ~= "honoured" and #found == 0 and shows ~= true then
      return failure("approval_required", "the journal knows no repayment of this client, and "
        .. "without proven keys nothing would stop one that an earlier journal recorded",
        { hint = "if no journal was lost, say new_journal = true" })
    end
  end
  return true
end

local function result_of(job, stage)
  local result = { stage = stage, path = job.path, batch = job.batch, rows = job.rows,
    states = {}, totals = {}, warnings = 0, run = job.run, decisions = job.decisions }
  for _, item in ipairs(job.rows) do
    local state = item.state or "new"
    result.states[state] = (result.states[state] or 0) + 1
    result.warnings = result.warnings + #item.warnings
    local currency = item.planned.currency
    result.totals[currency] = (result.totals[currency] or 0) + item.planned.amount_minor
  end
  result.table = output.table(job.rows)
  return result
end

local function plan(job)
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
    unix_ms = job.unix_ms(), by = job.by, batch = { name = job.path:match("[^/]*$") },
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

local function refresh(job)
  for _, item in ipairs(job.rows) do
    local entry, err = job.raw.entry(job.journal, item.id)
    if not entry then
      return nil, err
    end
    item.entry, item.state = entry, entry.state
  end
  return true
end

-- All in one go or not at all. Another process with the same file may be at it too: what it has
-- approved meanwhile is left out, and the rest is tried again.
local function approve(job)
  local ids = ids_to_approve(job)
  local _, day_from_ms = plan_rows.today(job.client_list[1], job.unix_ms())
  while ids[1] do
    local count, err = job.raw.approve(job.journal, {
      ids = ids, automatic = true, limits = job.options.limits, day_from_ms = day_from_ms,
      because = job.options.because, unix_ms = job.unix_ms(), by = job.by,
    })
    if count then
      return true
    end
    err.operation, err.batch = "repay_file", job.batch
    local left = #ids
    local fresh, unread = refresh(job)
    if not fresh then
      return nil, unread
    end
    ids = ids_to_approve(job)
    if #ids == left then
      return nil, err
    end
  end
  return true
end

local function send_all(job)
  local ids = {}
  for i, item in ipairs(job.rows) do
    ids[i] = item.id
  end
  local ran, err = job.journal:run(job.client_list, {
    ids = ids, canary = job.options.canary ~= false, on_progress = job.options.on_progress,
  })
  if not ran then
    return nil, err
  end
  job.run = ran
  if job.options.reconcile ~= false then
    -- The lists may be out of reach now and not later: what they would say is news, not a need.
    job.decisions = job.journal:reconcile(job.client_list)
  end
  return refresh(job)
end

local function finish(job)
  local result = result_of(job, "done")
  if job.options.summary then
    local written, why = output.write_summary(job.options.summary, job.rows)
    if not written then
      return failure("config", "the summary cannot be written: " .. tostring(why),
        { result = result, hint = "the repayments are in the journal; run the file again" })
    end
  end
  return result
end

local function prepare(job)
  local text, err = read_file(job.path)
  if not text then
    return nil, err
  end
  local problems
  job.rows, problems = file_rows.read(text, job.clients, job.unix_ms())
  if problems[1] then
    return nil, file_rows.error(job.path:match("[^/]*$"), problems)
  end
  local found, failed = find_entries(job)
  if not found then
    return nil, failed
  end
  return warnings.check(job.rows, job.journal, job.raw, job.unix_ms(),
    job.options.check_lists ~= false)
end

--- Records the repayments of a CSV file through a journal. Returns what became of each row, or nil
--- and an error; an error that concerns rows has them in `problems`.
local function repay_file(path, given)
  local job = begin(path, given)
  for _, step in ipairs { prepare, check_new_journal } do
    local done, err = step(job)
    if not done then
      return nil, err
    end
  end
  if job.options.dry_run then
    return result_of(job, "dry_run")
  elseif job.options.confirm and not job.options.confirm(result_of(job, "dry_run")) then
    return failure("cancelled", "the run was not confirmed")
  end
  for _, step in ipairs { plan, approve, send_all } do
    local done, err = step(job)
    if not done then
      return nil, err
    end
  end
  return finish(job)
end

return repay_file
