-- The payment journal: every repayment recorded once, and none lost sight of.
--
-- repay.native.journal keeps it and holds every rule; the methods here pass it the time, drive what
-- is sent over whatever the client sends with, and read the provider's lists. They may yield.
local errors = require "repay.error"
local check = require "repay.journal.check"
local lists = require "repay.journal.lists"
local native = require "repay.native.core"
local native_journal = require "repay.native.journal"
local rows = require "repay.journal.rows"
local run = require "repay.journal.run"
local send = require "repay.journal.send"

local journal = {}

local class = native_journal.classes.journal

-- C's own methods. They stay reachable under one name, so that this file may be loaded again.
local RAW = "_native"
local raw = rawget(class, RAW)
if not raw then
  raw = {}
  for name, method in pairs(class) do
    raw[name] = method
  end
  class[RAW] = raw
end

-- By journal: its clock and who works with it.
local states = setmetatable({}, { __mode = "k" })

-- Two clocks in one journal would make every window meaningless.
local CLOCKS_APART_MAX_MS = 3600000

local OPEN = {
  window_ms = "whole", settle_ms = "whole", skew_ms = "whole", margin_ms = "whole",
  stale_after_ms = "whole", retry_base_ms = "whole", retry_cap_ms = "whole",
  attempts_max = "whole", busy_ms = "whole", by = "text", unix_ms = "call", moved = "flag",
}

local function reading(clock)
  if not clock then
    return native.unix_ms
  end
  return function()
    local value = clock()
    local whole = type(value) == "number" and native.integer(math.floor(value))
    if not whole or whole <= 0 then
      error("option 'unix_ms' must return milliseconds since 1970", 0)
    end
    return whole
  end
end

--- Opens a journal, making it if there is none: repay.journal(path, { settle_ms = 600000, … }).
function journal.open(path, given, level)
  level = (level or 1) + 1
  check.text("repay.journal", "the path", path, level)
  local options = check.options("repay.journal", OPEN, given, level)
  local state = { unix_ms = reading(options.unix_ms), by = options.by }
  -- The system's steady clock can judge the system's wall clock, and no other.
  options.steady = options.unix_ms == nil
  options.unix_ms, options.by = state.unix_ms(), nil
  local opened, err = native_journal.open(path, options)
  if not opened then
    return nil, err
  end
  states[opened] = state
  return opened
end

local function new_run(self, stop_when)
  return send.new_run(self, raw, states[self], stop_when)
end

-- A closed journal, or something else, raises before anything is read or sent.
local function check_open(self, name, level)
  if type(self) ~= "userdata" or not states[self] then
    error("repay.journal expected before ':" .. name .. "', got a " .. type(self), level + 1)
  end
  local ok, raised = pcall(function() return self.path end)
  if not ok then
    error((tostring(raised):gsub("^[^:]+:%d+: ", "")), level + 1)
  end
end

-- The client's calls carry the transport's time, and the provider's records with them.
local function check_clocks(self, clients)
  for _, client in ipairs(clients) do
    local transport = native.transport(client)
    local ok, there = pcall(transport and transport.unix_ms or states[self].unix_ms)
    if ok and type(there) == "number" and math.abs(there - states[self].unix_ms())
      > CLOCKS_APART_MAX_MS then
      return nil, errors.new {
        kind = "config", provider = client.provider,
        message = "the journal's clock and that of the client's transport are hours apart",
        hint = "open the journal with the option unix_ms, a function that tells the same time",
      }
    end
  end
  return true
end

local function begin(self, name, clients)
  check_open(self, name, 3)
  return check_clocks(self, check.clients("journal:" .. name, clients, 3))
end

-- What C's methods take of options, with the time and who it is.
local function act(self, options)
  options.unix_ms = states[self].unix_ms()
  options.by = options.by or states[self].by
  return options
end

local function check_arguments(where, given, level)
  if type(given) ~= "table" then
    error(where .. ": a repayment is a table, got a " .. type(given), level + 1)
  end
end

local PLAN = {
  keys = "text", name = "text", file_sha256 = "text", by = "text", rows = "list",
}

local function make_rows(self, client, list, way, positions)
  local planned = {}
  for at, given in ipairs(list) do
    local row, err = rows.new(client, given, way, states[self].unix_ms(), 3)
    if not row then
      err.rows = { at }
      return nil, err
    end
    row.row = positions and positions[at] or nil
    planned[at] = row
  end
  local looked, err = rows.look_before(raw, self, client, planned)
  if not looked then
    return nil, err
  end
  return planned
end

--- Plans repayments in one commit, all or none, and sends nothing: { batch, entries }.
function class.plan(self, client, list, given)
  local timed, err = begin(self, "plan", client)
  if type(list) ~= "table" then
    error("journal:plan: the repayments must be a list, got a " .. type(list), 2)
  end
  local options = check.options("journal:plan", PLAN, given, 2)
  local way = options.keys or "derived"
  if way ~= "derived" and way ~= "random" then
    error("journal:plan: option 'keys' must be 'derived' or 'random'", 2)
  end
  for _, arguments in ipairs(list) do
    check_arguments("journal:plan", arguments, 2)
  end
  if not timed then
    return nil, err
  end
  local planned, failure = make_rows(self, client, list, way, options.rows)
  if not planned then
    return nil, failure
  end
  return raw.plan(self, planned, act(self, {
    batch = options.name and { name = options.name, file_sha256 = options.file_sha256 } or nil,
    by = options.by,
  }))
end

--- Plans, approves, sends and settles one repayment. Returns its entry, or nil and an error whose
--- `outcome` says what is known about the money and whose `entry` is the entry's id.
function class.repay(self, client, given)
  local timed, err = begin(self, "repay", client)
  check_arguments("journal:repay", given, 2)
  if not timed then
    return nil, err
  end
  local arguments, because, way = {}, given.because, given.keys or "random"
  for name, value in pairs(given) do
    arguments[name] = value
  end
  arguments.because, arguments.keys = nil, nil
  if way ~= "derived" and way ~= "random" then
    error("journal:repay: option 'keys' must be 'derived' or 'random'", 2)
  end
  local planned, failure = make_rows(self, client, { arguments }, way)
  if not planned then
    return nil, failure
  end
  local made, refusal = raw.plan(self, planned, act(self, {}))
  if not made then
    return nil, refusal
  end
  return run.forward(new_run(self), client, made.entries[1].id, because)
end

local APPROVE = {
  ids = "list", batch = "whole", because = "text", automatic = "flag", limits = "list",
  day_from_ms = "whole", by = "text",
}

--- Approves entries by their ids, or a batch. How many that were.
function class.approve(self, given)
  check_open(self, "approve", 2)
  local options = check.options("journal:approve", APPROVE, given, 2)
  if not options.ids and not options.batch then
    error("journal:approve: one of the options 'ids' and 'batch' is required", 2)
  end
  return raw.approve(self, act(self, options))
end

--- Gives up an entry that was not sent.
function class.cancel(self, id, given)
  check_open(self, "cancel", 2)
  check.text("journal:cancel", "the id", id, 2)
  return raw.cancel(self, id, act(self, check.options("journal:cancel",
    { because = "text", by = "text" }, given, 2)))
end

--- Gives up what was planned and approved by nobody for so long. How many that were.
function class.expire(self, given)
  check_open(self, "expire", 2)
  return raw.expire(self, act(self, check.options("journal:expire",
    { older_than_ms = "whole!", by = "text" }, given, 2)))
end

local RUN = {
  batch = "whole", ids = "list", canary = "flag", on_progress = "call", stop_when = "call",
}

--- Sends what is approved, and what may be sent again, with the client that each entry names.
function class.run(self, clients, given)
  local timed, err = begin(self, "run", clients)
  local wanted = check.options("journal:run", RUN, given, 2)
  if not timed then
    return nil, err
  end
  return run.all(new_run(self, wanted.stop_when), check.clients("journal:run", clients, 2), wanted)
end

--- Takes over what dead processes left, and says of every open entry what is to be done. With
--- clients it also does what it may: sends again, and reads the lists.
function class.recover(self, clients)
  check_open(self, "recover", 2)
  if clients ~= nil then
    local timed, err = begin(self, "recover", clients)
    if not timed then
      return nil, err
    end
    local list = check.clients("journal:recover", clients, 2)
    local found, failure = raw.recover(self, act(self, {}))
    if not found then
      return nil, failure
    end
    local ids = {}
    for _, each in ipairs(found) do
      ids[#ids + 1] = each.action == "resend" and each.id or nil
    end
    local _, unsent = run.all(new_run(self), list, { ids = ids })
    if unsent then
      return nil, unsent
    end
    local decided, unread = run.reconcile(new_run(self), list, {})
    if not decided then
      return nil, unread
    end
  end
  return raw.recover(self, act(self, {}))
end

local RECONCILE = { stop_when = "call" }

--- Asks the provider's lists what became of everything that is open, and writes what they prove.
function class.reconcile(self, clients, given)
  local timed, err = begin(self, "reconcile", clients)
  local options = check.options("journal:reconcile", RECONCILE, given, 2)
  if not timed then
    return nil, err
  end
  return run.reconcile(new_run(self, options.stop_when),
    check.clients("journal:reconcile", clients, 2), {})
end

--- A person's word on an entry that is unknown.
function class.resolve(self, id, given)
  check_open(self, "resolve", 2)
  check.text("journal:resolve", "the id", id, 2)
  local options = check.options("journal:resolve",
    { as = "text!", record_id = "text", because = "text!", by = "text" }, given, 2)
  if options.as ~= "accepted" and options.as ~= "absent" then
    error("journal:resolve: option 'as' must be 'accepted' or 'absent'", 2)
  end
  return raw.resolve(self, id, act(self, options))
end

--- Plans a repayment that stands for one without effect: same facts, next ordinal, new key.
function class.replace(self, id, given)
  check_open(self, "replace", 2)
  check.text("journal:replace", "the id", id, 2)
  local options = check.options("journal:replace", { because = "text!", by = "text" }, given, 2)
  local old, err = raw.entry(self, id)
  if not old then
    return nil, err
  end
  local row, failure = raw.replacement(self, id, act(self, options))
  if not row then
    return nil, failure
  end
  row.method, row.target, row.body = old.method, old.target, old.body
  local made, refusal = raw.plan(self, { row }, act(self, { by = given.by }))
  if not made then
    return nil, refusal
  end
  return raw.entry(self, made.entries[1].id)
end

local FILTER = {
  state = "any", batch = "whole", provider = "text", environment = "text", label = "text",
  customer = "text", account = "text", after = "whole", limit = "whole",
}

--- Entries in the order of planning: journal:entries{ state = "unknown" }.
function class.entries(self, given)
  check_open(self, "entries", 2)
  return raw.entries(self, check.options("journal:entries", FILTER, given, 2))
end

--- The entry with this id, or with this idempotency key.
function class.entry(self, id)
  check_open(self, "entry", 2)
  return raw.entry(self, check.text("journal:entry", "the id", id, 2))
end

--- An entry with its attempts, its events, and what is to be done about it.
function class.explain(self, id)
  check_open(self, "explain", 2)
  return raw.explain(self, check.text("journal:explain", "the id", id, 2), act(self, {}))
end

--- What the journal has learnt of the client's provider: true, false, or nil.
function class.fact(self, client, name)
  check_open(self, "fact", 2)
  check.text("journal:fact", "the name", name, 2)
  return raw.fact(self, lists.scope(check.clients("journal:fact", client, 2)[1]), name)
end

-- For repay.workflow.
journal.raw = raw
journal.states = states

return journal
