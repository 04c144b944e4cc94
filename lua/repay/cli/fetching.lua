-- Asks for loans with the clients of the configuration and keeps the answers as a new snapshot:
-- what `repay fetch` does, and every command with --live-fetch. How to ask is the business of
-- repay.workflow.fetch.
local errors = require "repay.error"
local fetch = require "repay.workflow.fetch"
local moment = require "repay.cli.moment"
local snapshot = require "repay.workflow.snapshot"
local store = require "repay.cli.store"

local fetching = {}

-- A list of a million loans; a larger file is no list of loans.
local LOANS_SIZE_MAX = 134217728
-- Snapshots of one second.
local TRIES = 9

local function fault(message, hint)
  return nil, errors.new { kind = "invalid_argument", operation = "fetch", message = message,
    hint = hint }
end

--- The loans of a CSV file, or of the standard input for "-".
function fetching.read(context, path)
  local file, why
  if path == "-" then
    file = context.world.stdin
  else
    file, why = io.open(path, "rb")
    if not file then
      return fault("the loans cannot be read: " .. tostring(why),
        "one loan is asked for with: repay fetch PROVIDER ID")
    end
  end
  local text, problem = file:read(LOANS_SIZE_MAX + 1)
  if path ~= "-" then
    file:close()
  end
  if problem then
    return fault("the loans cannot be read: " .. tostring(problem))
  elseif text and #text > LOANS_SIZE_MAX then
    return fault("the list of loans is larger than " .. LOANS_SIZE_MAX .. " bytes")
  end
  return fetch.read(text or "")
end

--- Asks. loans: a list; options: concurrency. What came, as repay.workflow.fetch gives it.
function fetching.run(context, loans, options)
  if not loans[1] then
    return fault("the list has no loan") -- an empty snapshot would hide the last good one
  end
  local bar = context:progress("fetching")
  local fetched, err = fetch.run {
    loans = loans, unix_ms = context.world.unix_ms(), concurrency = options.concurrency,
    clients = function(loan) return context:client(loan.provider, loan.profile) end,
    on_progress = function(ended, failed) bar:update(ended, #loans, failed) end,
  }
  bar:finish()
  if not fetched then
    return nil, err
  end
  for _, schedule in ipairs(fetched.schedules) do
    context:keep(schedule)
  end
  return fetched
end

local function save_under(parent, fetched, options)
  local made, err = store.make(parent)
  if not made then
    return nil, err
  end
  local name = snapshot.name(moment.utc(fetched.fetched_at_unix_ms))
  local path = parent .. "/" .. name
  for count = 2, TRIES do
    local saved, problem = snapshot.save(fetched, path, options)
    if saved then
      return path
    elseif not problem.message:find("File exists", 1, true) then
      return nil, problem
    end
    path = ("%s/%s-%d"):format(parent, name, count)
  end
  return fault("there are too many snapshots of this second in " .. parent)
end

--- Keeps what came: the directory, or nil and an error. options: to, with_names.
function fetching.save(context, fetched, options)
  local kept = { with_names = options.with_names }
  local path, err
  if options.to then
    local saved, problem = snapshot.save(fetched, options.to, kept)
    path, err = saved and options.to, problem
  else
    local parent, problem = store.book(context)
    if not parent then
      return nil, problem
    end
    path, err = save_under(parent, fetched, kept)
  end
  if not path then
    return nil, err
  end
  return path
end

--- Whether the fetch is worth keeping: a failure alone must not hide the last good snapshot.
function fetching.is_worth(fetched)
  return #fetched.failures == 0 or #fetched.schedules + #fetched.not_found > 0
end

--- Says on the error output what did not come.
function fetching.say_failures(context, fetched)
  for _, item in ipairs(fetched.not_found) do
    context:say(("%s %s: no active loan, or not known"):format(item.provider, item.id))
  end
  for _, item in ipairs(fetched.failures) do
    context:warn(("%s %s: not fetched: %s"):format(item.provider, item.id, item.err.message))
  end
end

return fetching
