-- Fetches the schedules of many loans: what came, what the provider does not know, what failed.
--
--   local fetched = assert(fetch.run { loans = "provider,profile,id\n…", clients = clients })
--   assert(fetch.save(fetched, "/var/lib/loans/20261120T093000Z"))
--
-- One loan that fails does not stop the others. `loans` is CSV text with the columns provider,
-- profile (may be left out), id, and if wanted operation and tags (separated by blanks); or a
-- list of tables with these names. `clients` maps a profile's name, else a provider's, to an open
-- client, or is a function that gives a client, or nil and an error, for a loan. A loan that its
-- provider does not know is neither a failure nor a debt of zero: it is listed apart.
local csv = require "repay.csv"
local errors = require "repay.error"
local options = require "repay.options"
local repay = require "repay"
local snapshot = require "repay.workflow.snapshot"

local fetch = {}

local KNOWN = {
  loans = true, clients = true, concurrency = true, rate = true, burst = true, per_host = true,
  deadline_ms = true, stop_on = true, on_progress = true, stop_when = true, unix_ms = true,
}
local PASSED_ON = { "concurrency", "rate", "burst", "per_host", "deadline_ms", "stop_on" }
local COLUMNS = { provider = true, profile = true, id = true, operation = true, tags = true }

local function invalid(message, field)
  return nil, errors.new {
    kind = "invalid_argument", operation = "fetch", field = field, message = message,
  }
end

local function words(text)
  local list = {}
  for word in (text or ""):gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

--- The loans of a CSV text as a list, or nil and an error that names the line.
function fetch.read(text)
  local parsed, problems = csv.parse(text)
  if problems[1] then
    local first = problems[1]
    return invalid(("line %d, column %d: %s"):format(first.line, first.column, first.message),
      "loans")
  end
  for _, name in ipairs(parsed.names) do
    if not COLUMNS[name] then
      return invalid("the loans have a column '" .. name .. "' that is not known", "loans")
    end
  end
  local loans = {}
  for i, row in ipairs(parsed.rows) do
    local cells = row.cells
    loans[i] = { provider = cells.provider, profile = cells.profile, id = cells.id,
      operation = cells.operation, tags = words(cells.tags), line = row.line }
  end
  return loans
end

local function place_of(loan, i)
  return loan.line and "line " .. loan.line or "loan " .. i
end

-- The read operation that tells what is still due, and the argument that takes the id.
local function question_of(description, loan)
  local name = loan.operation or (description.operations.pending and "pending") or "schedule"
  local operation = description.operations[name]
  if not operation or operation.is_write then
    return nil
  end
  for _, parameter in ipairs(operation.parameters) do
    if parameter.is_subject then
      return name, parameter.name
    end
  end
  return nil
end

local function client_of(loan, clients)
  if type(clients) == "function" then
    return clients(loan)
  end
  return clients[loan.profile or loan.provider or ""]
end

local function item_of(loan, i, clients)
  if type(loan.id) ~= "string" or loan.id == "" then
    return invalid(place_of(loan, i) .. " has no id", "loans")
  end
  local client, err = client_of(loan, clients)
  if not client then
    if err then
      return nil, err
    end
    return invalid(("%s: there is no client for '%s'"):format(place_of(loan, i),
      tostring(loan.profile or loan.provider)), "clients")
  elseif loan.provider and client.provider ~= loan.provider then
    return invalid(("%s: the client '%s' is of another provider, %s"):format(place_of(loan, i),
      tostring(loan.profile), client.provider), "clients")
  end
  local operation, argument = question_of(options.provider(client.provider), loan)
  if not operation then
    return invalid(("%s: %s has no read operation '%s'"):format(place_of(loan, i),
      client.provider, tostring(loan.operation)), "loans")
  end
  return { provider = client.provider, profile = loan.profile, operation = operation,
    id = loan.id, tags = loan.tags or {}, client = client, arguments = { [argument] = loan.id } }
end

local function items_of(given)
  local loans = given.loans
  if type(loans) == "string" then
    local read, err = fetch.read(loans)
    if not read then
      return nil, err
    end
    loans = read
  end
  local items, seen = {}, {}
  for i, loan in ipairs(loans) do
    local item, problem = item_of(loan, i, given.clients)
    if not item then
      return nil, problem
    end
    local identity = table.concat({ item.provider, item.profile or "", item.operation, item.id },
      "\0")
    if seen[identity] then
      return invalid(("%s asks for the same as %s"):format(place_of(loan, i), seen[identity]),
        "loans")
    end
    seen[identity] = place_of(loan, i)
    items[i] = item
  end
  return items
end

-- Gives the calls one by one; a call that cannot be made is that item's failure.
local function calls_of(items, by_call)
  local at = 0
  return function()
    while at < #items do
      at = at + 1
      local item = items[at]
      local call, err = item.client:prepare(item.operation, item.arguments)
      if call then
        by_call[call] = item
        return call
      end
      item.err = err
    end
    return nil
  end
end

local function check(given)
  if type(given) ~= "table" then
    error("fetch.run: options must be a table, got a " .. type(given), 3)
  end
  for name in pairs(given) do
    if not KNOWN[name] then
      error(options.unknown("fetch.run: unknown option", tostring(name),
        { "loans", "clients", "unix_ms", "on_progress", "stop_when",
          (unpack or table.unpack)(PASSED_ON) }), 3)
    end
  end
  if type(given.loans) ~= "string" and type(given.loans) ~= "table" then
    error("fetch.run: option 'loans' is CSV text or a list of loans", 3)
  elseif type(given.clients) ~= "table" and type(given.clients) ~= "function" then
    error("fetch.run: option 'clients' maps profiles or providers to open clients, or is a "
      .. "function", 3)
  elseif given.stop_when ~= nil and type(given.stop_when) ~= "function" then
    error("fetch.run: option 'stop_when' must be a function", 3)
  end
end

-- Raised out of a run to leave it; a read that is under way is dropped then.
local STOP = {}

-- Asks for all, and takes what comes. Whether it was stopped is looked at after each call, and ten
-- times a second while none ends: but never between the end of a call and its taking.
local function ask(items, given)
  local passed, by_call, taken = {}, {}, 0
  for _, name in ipairs(PASSED_ON) do
    passed[name] = given[name]
  end
  local stop_when = given.stop_when or function() return false end
  if stop_when() then
    return false
  end
  function passed.on_progress(ended, failed, under_way)
    if given.on_progress then
      given.on_progress(ended, failed, under_way)
    end
    if ended == taken and stop_when() then
      error(STOP, 0)
    end
  end
  local run = repay.each(calls_of(items, by_call), passed)
  local ok, problem = pcall(function()
    for call, result, err in run do
      taken = taken + 1
      local item = by_call[call]
      if item then
        item.schedule, item.err = result, err
        by_call[call] = nil
      end
      if stop_when() then
        error(STOP, 0)
      end
    end
  end)
  run:close()
  if not ok and problem ~= STOP then
    error(problem, 0)
  end
  return ok
end

--- Fetches: { items, schedules, not_found, failures, fetched_at_unix_ms }, or nil and an error
--- when the list itself is wrong; then nothing was asked. Each item has provider, profile,
--- operation, id, tags, and schedule or err. When stop_when() gives true nothing more is asked for:
--- `stopped` is "stopped", what came is kept, and the rest failed with the kind cancelled.
function fetch.run(given)
  check(given)
  local items, err = items_of(given)
  if not items then
    return nil, err
  end
  local is_whole = ask(items, given)
  for _, item in ipairs(items) do
    item.client, item.arguments = nil, nil
    if not item.schedule and not item.err then
      item.err = errors.new { kind = "cancelled", provider = item.provider, subject = item.id,
        operation = item.operation, message = "the fetch was stopped before this loan came" }
    end
    if item.err then
      item.kind, item.message = item.err.kind, item.err.message
    end
  end
  return snapshot.sort_out { items = items, fetched_at_unix_ms = given.unix_ms,
    stopped = not is_whole and "stopped" or nil }
end

fetch.save = snapshot.save
fetch.load = snapshot.load

return fetch
