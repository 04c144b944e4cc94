-- Asks the providers' lists what became of everything that is open in a journal, and says what was
-- decided, what is still open, and when that can be decided.
--
--   local reconcile = require "repay.workflow.reconcile"
--   local done = assert(reconcile.run { journal = journal, clients = client })
--   print(done.text)
--
-- Nothing is sent but reads. With resend = true it is journal:recover(clients): what a dead process
-- left is taken over, and what its key protects is sent again, before the lists are asked.
local check = require "repay.journal.check"
local journal_module = require "repay.journal"
local money = require "repay.money"
local words = require "repay.journal.words"

local reconcile = {}

local OPTIONS = { journal = "any!", clients = "any!", resend = "flag", stop_when = "call" }

-- What a list can still say something about.
local OPEN = { sending = true, unknown = true, accepted = true }

local function count_of(result, next_step)
  result.states[next_step.state] = (result.states[next_step.state] or 0) + 1
  if next_step.action == "ask" or next_step.action == "stale" then
    result.needs_person = result.needs_person + 1
  elseif next_step.due_ms then
    result.next_due_ms = math.min(result.next_due_ms or next_step.due_ms, next_step.due_ms)
  end
end

local function line_of(open)
  local entry = open.entry
  local amount = money.format(entry.amount_minor, entry.currency)
    or ("%d minor units of"):format(entry.amount_minor)
  local line = ("%s  %s  %s %s  %s"):format(entry.id, open.state, amount, entry.currency,
    words.of(open.action == "ask" and entry.reason or open.why))
  if open.due_ms then
    line = line .. "; can be decided at " .. words.moment(open.due_ms)
  end
  return line
end

local function text_of(result)
  local lines = {}
  for _, decision in ipairs(result.changed) do
    lines[#lines + 1] = ("%s  %s, was %s  %s"):format(decision.id, decision.state, decision.from,
      words.of(decision.why))
  end
  for _, open in ipairs(result.open) do
    lines[#lines + 1] = line_of(open)
  end
  for _, err in ipairs(result.failures) do
    lines[#lines + 1] = "not read: " .. tostring(err)
  end
  if not lines[1] then
    lines[1] = "nothing is open"
  end
  return table.concat(lines, "\n") .. "\n"
end

-- The entries that can still change by themselves or by a list, with their next step.
local function add_open(result, journal, found)
  for _, next_step in ipairs(found) do
    if OPEN[next_step.state] then
      local entry, err = journal:entry(next_step.id)
      if not entry then
        return nil, err
      end
      next_step.entry = entry
      result.open[#result.open + 1] = next_step
      count_of(result, next_step)
    end
  end
  return true
end

-- What dead processes left is taken over by the journal's own recover; what it says may be sent
-- again is sent here, so that it can be stopped.
local function resend(options)
  local found, err = options.journal:recover()
  if not found then
    return nil, err
  end
  local ids = {}
  for _, next_step in ipairs(found) do
    ids[#ids + 1] = next_step.action == "resend" and next_step.id or nil
  end
  if not ids[1] then
    return {}
  end
  return options.journal:run(options.clients, { ids = ids, stop_when = options.stop_when })
end

-- The decisions, the lists that could not be read, and whether it was stopped; nil and an error
-- where the journal or the clients' settings are at fault.
local function ask(options)
  local ran, err = {}, nil
  if options.resend then
    ran, err = resend(options)
  end
  if not ran then
    return nil, err
  elseif ran.stopped == "interrupted" then
    return { failures = {}, stopped = ran.stopped }, nil, ran
  end
  local decisions, unread = options.journal:reconcile(options.clients,
    { stop_when = options.stop_when })
  if decisions then
    return decisions, nil, ran
  elseif unread.kind == "config" or unread.kind:find("^journal") then
    return nil, unread
  end
  return { failures = { unread } }, nil, ran
end

--- { changed, open, states, needs_person, next_due_ms, failures, decisions, run, stopped, text },
--- or nil and an error. `clients` is a client or a list of them. Lists that could not be read are
--- in `failures`, each as an error; the entries behind them stay as they were.
function reconcile.run(given)
  local where = "workflow.reconcile"
  local options = check.options(where, OPTIONS, given, 2)
  if not journal_module.states[options.journal] then
    error(where .. ": option 'journal' must be an open repay.journal", 2)
  end
  check.clients(where, options.clients, 2)
  local decisions, err, ran = ask(options)
  if not decisions then
    return nil, err
  end
  local result = { decisions = decisions, changed = {}, open = {}, states = {}, needs_person = 0,
    failures = decisions.failures, stopped = decisions.stopped, run = ran.total and ran or nil }
  for _, decision in ipairs(result.decisions) do
    if decision.from ~= decision.state then
      result.changed[#result.changed + 1] = decision
    end
  end
  local found, unread = options.journal:recover()
  if not found then
    return nil, unread
  end
  local added, failed = add_open(result, options.journal, found)
  if not added then
    return nil, failed
  end
  result.text = text_of(result)
  return result
end

return reconcile
