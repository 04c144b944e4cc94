-- Runs over many entries: sending what is approved, sending again what a dead process left, and
-- asking the provider's lists what became of the rest.
local errors = require "repay.error"
local lists = require "repay.journal.lists"
local send = require "repay.journal.send"

local run = {}

-- So many in a row, and the cause is not one row's. A run that stops can be run again.
local NOT_SENT_MAX = 3
local UNKNOWN_MAX = 5

local function same(a, b)
  return (a or "") == (b or "")
end

local function client_of(clients, entry)
  for _, client in ipairs(clients) do
    if client.provider == entry.provider and same(client.environment, entry.environment)
      and same(client.label, entry.label) then
      return client
    end
  end
  return nil
end

local function index_of(ids)
  if not ids then
    return nil
  end
  local index = {}
  for _, id in ipairs(ids) do
    index[id] = true
  end
  return index
end

-- What recover says may be sent again, and what is approved, in the order of planning.
local function collect(self, wanted)
  local found, err = self.raw.recover(self.journal, { unix_ms = self.unix_ms(), by = self.by })
  if not found then
    return nil, err
  end
  local list = {}
  for _, each in ipairs(found) do
    if (each.action == "send" or each.action == "resend") and (not wanted.ids or
      wanted.ids[each.id]) then
      local entry, failure = self.raw.entry(self.journal, each.id)
      if not entry then
        return nil, failure
      elseif not wanted.batch or entry.batch == wanted.batch then
        list[#list + 1] = entry
      end
    end
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  return list
end

local function note(result, state)
  result[state] = (result[state] or 0) + 1
end

-- Counts what became of one, and says whether the run should go on.
local function count(result, entry, now, err, settled)
  local state = now and now.state or err.state or entry.state
  if not now and err.kind == "journal_busy" then
    note(result, "held")
    return true
  elseif now and not settled then
    note(result, "elsewhere")
    return true
  end
  result.entries[#result.entries + 1] = { id = entry.id, state = state, err = err }
  note(result, state)
  result.not_sent_in_a_row = state == "approved" and result.not_sent_in_a_row + 1 or 0
  result.unknown_in_a_row = state == "unknown" and result.unknown_in_a_row + 1 or 0
  if settled and settled.stop then
    result.stopped = err and err.kind or settled.why
  elseif not settled and err then
    -- It never came to a claim, or the outcome could not be written: the journal, the list or the
    -- client's settings are at fault.
    local is_ours = err.kind:find("^journal") or err.kind == "config"
    result.stopped = is_ours and err.kind or nil
  end
  if not result.stopped and result.not_sent_in_a_row >= NOT_SENT_MAX then
    result.stopped = err.kind
  elseif not result.stopped and result.unknown_in_a_row >= UNKNOWN_MAX then
    result.stopped = "too_many_unknown"
  end
  return not result.stopped
end

local function passes_as_canary(self, clients, now)
  if not now or now.state ~= "accepted" then
    return false
  end
  -- Whether the provider's list shows it tells more; that it does not yet proves nothing.
  run.reconcile(self, clients, { customers = { [now.customer] = true } })
  return true
end

--- Sends everything that is approved or may be sent again. Returns what became of it, by state.
function run.all(self, clients, wanted)
  wanted.ids = index_of(wanted.ids)
  local list, err = collect(self, wanted)
  if not list then
    return nil, err
  end
  local result = { entries = {}, total = #list, done = 0, without_client = 0,
    not_sent_in_a_row = 0, unknown_in_a_row = 0 }
  local canary = wanted.canary
  for at, entry in ipairs(list) do
    local client = client_of(clients, entry)
    if self.stop_when() then
      result.stopped = "interrupted"
      break
    elseif not client then
      result.without_client = result.without_client + 1
    else
      local now, failure, settled = send.entry(self, client, entry)
      local goes_on = count(result, entry, now, failure, settled)
      result.done = result.done + 1
      if canary and #list > 1 and not (failure and failure.kind == "journal_busy") then
        canary = false
        if not passes_as_canary(self, clients, now) then
          result.stopped = result.stopped or "canary"
          goes_on = false
        end
      end
      if wanted.on_progress then
        wanted.on_progress(at, #list, now, failure)
      end
      if not goes_on then
        break
      end
    end
  end
  result.left = #list - result.done - result.without_client
  result.not_sent_in_a_row, result.unknown_in_a_row = nil, nil
  return result
end

local OPEN = { "sending", "unknown", "accepted" }

-- The customers of a client that have something open, in the order of planning.
local function customers_of(self, client, wanted)
  local filter = lists.scope(client)
  filter.state = OPEN
  local entries, err = self.raw.entries(self.journal, filter)
  if not entries then
    return nil, err
  end
  local customers, of = {}, {}
  for _, entry in ipairs(entries) do
    if same(entry.environment, client.environment) and same(entry.label, client.label)
      and (not wanted or wanted[entry.customer]) then
      local what = of[entry.customer]
      if not what then
        what = { customer = entry.customer }
        of[entry.customer] = what
        customers[#customers + 1] = what
      end
      what.has_accepted = what.has_accepted or entry.state == "accepted"
    end
  end
  return customers
end

local function decide(self, client, what)
  local records, err = lists.records(client, what.customer)
  if not records then
    return nil, err
  end
  send.crash_point("C28")
  local given = lists.scope(client, what.customer)
  given.records, given.complete = records, true
  -- Asked whether or not anything is accepted yet: the first list may just have shown it. Without
  -- it nothing is lost but the news.
  given.repaid = lists.repaid(client, what.customer)
  given.unix_ms, given.by = self.unix_ms(), self.by
  return self.raw.decide(self.journal, given)
end

--- Reads the lists of every customer with open entries and decides what they prove. Returns the
--- decisions, with `failures`; nil and an error when not one list could be read.
function run.reconcile(self, clients, wanted)
  local decisions, failures, read = {}, {}, 0
  for _, client in ipairs(clients) do
    if lists.has_records(client) then
      local customers, err = customers_of(self, client, wanted.customers)
      if not customers then
        return nil, err
      end
      for _, what in ipairs(customers) do
        if self.stop_when() then
          decisions.stopped = "interrupted"
          break
        end
        local decided, failure = decide(self, client, what)
        if not decided then
          failures[#failures + 1] = failure
        else
          read = read + 1
          for _, decision in ipairs(decided) do
            decisions[#decisions + 1] = decision
          end
        end
      end
    end
  end
  if read == 0 and failures[1] then
    return nil, failures[1]
  end
  decisions.failures = failures
  return decisions
end

local NEVER_DONE = { refused = "refused", rejected = "refused", absent = "refused",
  cancelled = "not_sent", expired = "not_sent" }

local function failure_of(entry, explained)
  local last = explained.attempts[#explained.attempts]
  if NEVER_DONE[entry.state] then
    return errors.new {
      kind = "duplicate_payment", outcome = NEVER_DONE[entry.state], entry = entry.id,
      state = entry.state, idempotency_key = entry.key,
      message = "this repayment is in the journal and is " .. entry.state,
      hint = "journal:replace plans another one for it",
    }
  end
  return errors.new {
    kind = last and last.kind or "timeout", outcome = "unknown", entry = entry.id,
    state = entry.state, idempotency_key = entry.key,
    message = ("what became of this repayment is not known: %s (%s)")
      :format(tostring(explained.why), tostring(explained.action)),
  }
end

local function explain(self, id)
  return self.raw.explain(self.journal, id, { unix_ms = self.unix_ms() })
end

--- Takes an entry as far as it may go now: approves it if nobody did, sends it, or sends it again.
function run.forward(self, client, id, because)
  local explained, err = explain(self, id)
  if not explained then
    return nil, err
  end
  local entry = explained.entry
  if entry.state == "planned" then
    local approved, refusal = self.raw.approve(self.journal, {
      ids = { id }, because = because, unix_ms = self.unix_ms(), by = self.by,
    })
    if not approved then
      refusal.entry, refusal.state = id, entry.state
      return nil, refusal
    end
    entry.state = "approved"
  elseif entry.state == "accepted" or entry.state == "verified" then
    return entry
  elseif explained.action == "held" then
    return nil, errors.new { kind = "journal_busy", outcome = "unknown", entry = id,
      state = entry.state, retryable = true, idempotency_key = entry.key,
      message = "another process has this repayment under way" }
  elseif entry.state ~= "approved" and explained.action ~= "resend" then
    if entry.state == "sending" then
      local recovered, failure = self.raw.recover(self.journal,
        { unix_ms = self.unix_ms(), by = self.by })
      if not recovered then
        return nil, failure
      end
      entry.state = "unknown"
    end
    return nil, failure_of(entry, explained)
  end
  local now, failure = send.entry(self, client, entry)
  return now, failure
end

return run
