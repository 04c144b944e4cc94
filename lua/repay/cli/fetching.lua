-- Asks for loans with the clients of the configuration and keeps the answers as a new snapshot:
-- what `repay fetch` does, and every command with --live-fetch. How to ask is the business of
-- repay.workflow.fetch.
local errors = require "repay.error"
local fetch = require "repay.workflow.fetch"
local guard = require "repay.cli.guard"
local moment = require "repay.cli.moment"
local snapshot = require "repay.workflow.snapshot"
local store = require "repay.cli.store"

local fetching = {}

-- A list of a million loans; a larger file is no list of loans.
local LOANS_SIZE_MAX = 134217728
-- Snapshots of one second.
local TRIES = 9
-- Loans that did not come are named one by one up to so many: the rest would hide what did.
local NAMED_MAX = 10

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
    return fault(("the loans cannot be read: %s: %s"):format(path, problem))
  elseif text and #text > LOANS_SIZE_MAX then
    return fault("the list of loans is larger than " .. LOANS_SIZE_MAX .. " bytes")
  end
  return fetch.read(text or "")
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

-- Keeps what came: the directory, or nil and an error.
local function save(context, fetched, options)
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

-- A failure alone must not hide the last good snapshot.
local function is_worth(fetched)
  return #fetched.failures == 0 or #fetched.schedules + #fetched.not_found > 0
end

local function ask(context, loans, options, bar, stop_when)
  local fetched, err = fetch.run {
    loans = loans, unix_ms = context.world.unix_ms(), concurrency = options.concurrency,
    clients = function(loan) return context:client(loan.provider, loan.profile) end,
    on_progress = function(ended, failed) bar:update(ended, #loans, failed) end,
    stop_when = stop_when,
  }
  bar:finish()
  for _, schedule in ipairs(fetched and fetched.schedules or {}) do
    context:keep(schedule)
  end
  return fetched, err
end

--- Asks, and keeps what came: that, as repay.workflow.fetch gives it; nil and an error where the
--- list is wrong or nothing could be written. Ctrl-C ends the asking, not the keeping. options:
--- concurrency, to, with_names.
function fetching.run(context, loans, options)
  if not loans[1] then
    return fault("the list has no loan") -- an empty snapshot would hide the last good one
  end
  local bar = context:progress("fetching")
  local fetched, path, err = guard.run(context, function(stop_when)
    local came, problem = ask(context, loans, options, bar, stop_when)
    if not came then
      return nil, nil, problem
    elseif not is_worth(came) then
      return came
    end
    return came, save(context, came, options)
  end, bar)
  if not fetched or err then
    return nil, err
  elseif not path then
    context:warn("nothing came, so no snapshot was kept")
    return fetched
  end
  context:say("snapshot " .. path)
  if fetched.stopped then
    context:warn(("interrupted: of %d loans %d were not fetched, and the snapshot says so"):format(
      #fetched.items, #fetched.failures))
  end
  return fetched
end

local function say_each(say, items, line, rest)
  for i = 1, math.min(#items, NAMED_MAX) do
    say(line(items[i]))
  end
  if #items > NAMED_MAX then
    say(("%d more %s: repay snapshot show"):format(#items - NAMED_MAX, rest))
  end
end

--- Says on the error output what did not come. That a loan is missing is said with --quiet too:
--- what is shown of the others would look like all there is.
function fetching.say_failures(context, fetched)
  say_each(function(text) context:say(text) end, fetched.not_found, function(item)
    return ("%s %s: no active loan, or not known"):format(item.provider, item.id)
  end, "have no active loan, or are not known")
  say_each(function(text) context:warn(text) end, fetched.failures, function(item)
    return ("%s %s: not fetched: %s"):format(item.provider, item.id, item.err.message)
  end, "were not fetched")
end

return fetching
