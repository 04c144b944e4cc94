-- A file of repayments from its first row to its summary: checked, planned, shown, approved within
-- limits, sent with a canary ahead, reconciled. Run again it goes on where it was.
--
-- What has an entry sends nothing and shows that entry's state, whatever it is.
local check = require "repay.journal.check"
local file_rows = require "repay.bulk.rows"
local jobs = require "repay.bulk.job"
local native_journal = require "repay.native.journal"
local output = require "repay.bulk.output"
local warnings = require "repay.bulk.warnings"

-- A file of this size has half a million rows.
local FILE_SIZE_MAX = 128 * 1024 * 1024

local OPTIONS = {
  journal = "any", client = "any", clients = "list", dry_run = "flag", confirm = "call",
  limits = "list", canary = "flag", check_lists = "flag", new_journal = "flag", send = "flag",
  on_progress = "call", stop_when = "call", reconcile = "flag", summary = "text", name = "text",
  because = "text", by = "text",
}

local function failure(kind, message, facts)
  return jobs.failure("repay_file", kind, message, facts)
end

local function read_file(path)
  local file, why = io.open(path, "rb")
  if not file then
    return failure("config", "the file cannot be read: " .. tostring(why))
  end
  local text, unread = file:read(FILE_SIZE_MAX + 1)
  file:close()
  if unread then
    return failure("config", "the file cannot be read: " .. path .. ": " .. tostring(unread))
  elseif text and #text > FILE_SIZE_MAX then
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
  local job = jobs.new("repay_file", options, 3)
  job.path, job.name = path, options.name or path:match("[^/]*$")
  job.clients, job.client_list = clients_of(options)
  return job
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

local function finish(job)
  local result = jobs.result(job, job.options.send == false and "planned" or "done")
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
  job.file_sha256 = native_journal.sha256(text)
  local problems
  job.rows, problems = file_rows.read(text, job.clients, job.unix_ms())
  if problems[1] then
    return nil, file_rows.error(job.path:match("[^/]*$"), problems)
  end
  return true
end

-- A file that was changed between two runs is a mistake as often as not: a row that was corrected
-- is another repayment beside the one that was sent.
local function compare(job)
  local batches, err = job.journal:batches()
  if not batches then
    return nil, err
  end
  local last
  for _, batch in ipairs(batches) do
    last = batch.name == job.name and batch.file_sha256 and batch or last
  end
  if last and last.file_sha256 ~= job.file_sha256 then
    local new = 0
    for _, item in ipairs(job.rows) do
      new = new + (item.existing and 0 or 1)
    end
    job.changed = { batch = last.number, name = last.name, planned_ms = last.planned_ms,
      new = new }
  end
  return true
end

local function check_rows(job)
  return warnings.check(job.rows, job.journal, job.raw, job.unix_ms(),
    job.options.check_lists ~= false)
end

local function plan(job)
  return jobs.plan(job, { name = job.name, file_sha256 = job.file_sha256 })
end

--- Records the repayments of a CSV file through a journal. Returns what became of each row, or nil
--- and an error; an error that concerns rows has them in `problems`. With send = false it is
--- planned, and approved within limits, and nothing is sent.
local function repay_file(path, given)
  local job = begin(path, given)
  local ready, err = jobs.take(job, { prepare, jobs.find_entries, compare, check_rows,
    check_new_journal })
  if not ready then
    return nil, err
  elseif job.options.dry_run then
    return jobs.result(job, "dry_run")
  elseif job.options.confirm and not job.options.confirm(jobs.result(job, "dry_run")) then
    return failure("cancelled", "the run was not confirmed")
  end
  local done, failed = jobs.take(job, { plan, jobs.approve,
    job.options.send == false and jobs.refresh or jobs.send })
  if not done then
    return nil, failed
  end
  return finish(job)
end

return repay_file
