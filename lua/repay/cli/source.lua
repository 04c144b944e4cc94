-- Which snapshot a reading command looks at: the latest of the profile, that of --from, or a new
-- one with --live-fetch.
--
-- --from takes a directory, the name of a snapshot, or a day: then it is the last one fetched on
-- that day. Nothing is fetched without --live-fetch.
local errors = require "repay.error"
local exit = require "repay.cli.exit"
local moment = require "repay.cli.moment"
local snapshot = require "repay.workflow.snapshot"
local store = require "repay.cli.store"

local source = {}

source.NAME = "^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ"
local MOST = 100000

local function fault(message, hint)
  return nil, errors.new { kind = "invalid_argument", operation = "snapshot", message = message,
    hint = hint }
end

--- Adds the options that choose a snapshot.
function source.configure(parser)
  parser:option("--from", "a directory, a snapshot's name, or a day; without it the latest")
    :argname("SNAPSHOT")
  parser:flag("--live-fetch", "fetch first: the loans of --loans, else of the latest snapshot")
  parser:option("--loans", "with --live-fetch: a CSV of loans"):argname("FILE")
end

-- "20261120T093000Z" as the day in a zone.
local function day_of(name, zone)
  local figures = require "repay.report.figures"
  local year, month, day, hour, minute = name:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)")
  local days = figures.day_number(("%s-%s-%s"):format(year, month, day))
    - figures.day_number("1970-01-01")
  return moment.day(days * 86400000 + tonumber(hour) * 3600000 + tonumber(minute) * 60000, zone)
end

--- The snapshots of the profile, newest first: { path, name, day }.
function source.list(context)
  local parent, err = store.book(context)
  if not parent then
    return nil, err
  end
  local list = {}
  for _, path in ipairs(snapshot.newest(parent, MOST)) do
    local name = path:match("[^/]*$")
    if name:find(source.NAME) then
      list[#list + 1] = { path = path, name = name, day = day_of(name, context.zone) }
    end
  end
  return list, nil, parent
end

--- The directory that a word means; without one the latest, or the one `back` before it.
function source.find(context, word, back)
  if word and word:find("/", 1, true) then
    return (word:gsub("(.)/+$", "%1"))
  end
  local list, err, parent = source.list(context)
  if not list then
    return nil, err
  elseif not word then
    local chosen = list[1 + (back or 0)]
    if chosen then
      return chosen.path
    end
    return fault(back and list[1] and "there is only one snapshot in " .. parent
      or "there is no snapshot in " .. parent, "repay fetch makes one")
  end
  for _, each in ipairs(list) do
    if each.name == word or each.day == word then
      return each.path
    end
  end
  return fault(("there is no snapshot '%s' in %s"):format(word:sub(1, 40), parent),
    "repay snapshot list shows what there is")
end

--- Loads a snapshot: what was fetched, or nil and an error.
function source.load(context, path)
  local fetched, err = snapshot.load(path)
  if not fetched and err.kind == "not_found" then
    return fault(path .. " is no snapshot", "repay snapshot list shows what there is")
  elseif not fetched then
    return nil, err
  end
  for _, schedule in ipairs(fetched.schedules) do
    context:keep(schedule)
  end
  fetched.directory = path
  return fetched
end

-- The loans of a file, of the configuration, or those that the latest snapshot asked for.
local function loans_of(context)
  local fetching = require "repay.cli.fetching"
  local loaded, err = context:configuration()
  if not loaded then
    return nil, err
  end
  local path = context.arguments.loans or loaded.loans
  if path then
    return fetching.read(context, path)
  end
  local latest, problem = source.find(context)
  if not latest then
    return nil, problem
  end
  local fetched, why = source.load(context, latest)
  if not fetched then
    return nil, why
  end
  local loans = {}
  for i, item in ipairs(fetched.items) do
    loans[i] = { provider = item.provider, profile = item.profile, id = item.id,
      operation = item.operation, tags = item.tags }
  end
  return loans
end

local function fetch_now(context)
  local fetching = require "repay.cli.fetching"
  local loans, err = loans_of(context)
  if not loans then
    return nil, err
  end
  local fetched, problem = fetching.run(context, loans,
    { with_names = context.arguments.with_names })
  if not fetched then
    return nil, problem
  elseif context.is_interrupted then
    error("interrupted!", 0) -- whoever pressed Ctrl-C waits for no report
  end
  fetching.say_failures(context, fetched)
  local codes = {}
  for i, item in ipairs(fetched.failures) do
    codes[i] = exit.of_error(item.err)
  end
  return fetched, nil, exit.worst(codes)
end

-- Balances are those of the fetch, whatever the day is.
local function say_age(context, fetched)
  local at = fetched.fetched_at_unix_ms
  local day = at and moment.day(at, context.zone)
  if day and day ~= context.as_of then
    context:say(("as of %s; balances as fetched on %s"):format(context.as_of, day))
  end
end

--- What the command looks at, and the exit code of fetching it; or nil and an error.
function source.fetched(context)
  if context.arguments.live_fetch then
    if context.arguments.from then
      return fault("--from and --live-fetch exclude each other")
    end
    return fetch_now(context)
  elseif context.arguments.loans then
    return fault("--loans is for --live-fetch")
  end
  local path, err = source.find(context, context.arguments.from)
  if not path then
    return nil, err
  end
  local fetched, problem = source.load(context, path)
  if not fetched then
    return nil, problem
  end
  say_age(context, fetched)
  return fetched, nil, exit.done
end

return source
