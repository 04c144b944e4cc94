-- Sends one entry: the lock, the ids known before, the claim, the call, the outcome. The rules are
-- C's and refuse what must not be; this drives, and may yield wherever the client's transport does.
local driver = require "repay.driver"
local errors = require "repay.error"
local lists = require "repay.journal.lists"
local native = require "repay.native.core"
local native_journal = require "repay.native.journal"

local send = {}

-- In one go. What was never sent does not count as an attempt, so without these a provider that is
-- away would be asked until the key's window ends; the next run goes on.
local TRIES_MAX = 10
local WAITED_MAX_MS = 600000
-- Ctrl-C is answered within this time.
local PAUSE_SLICE_MS = 200

-- A list is read again after so long, well before a claim would refuse it: what others have paid
-- since would be taken for ours.
local BEFORE_MAX_MS = 300000

-- A point of the crash build; nothing in every other.
local function crash_point(name)
  if native_journal.crash_point then
    native_journal.crash_point(name)
  end
end
send.crash_point = crash_point

-- Waits on whatever the client's calls wait on. Over libcurl and cosockets a call that may begin
-- only when its time is over waits without a byte being sent.
local function pause_once(client, customer, ms)
  local transport = native.transport(client)
  if transport then
    pcall(transport.sleep, ms)
    return
  end
  local call = client:prepare("schedule", { customer_id = customer })
  if call then
    local until_ms = native.now_ms() + ms
    native.limit(call, until_ms, until_ms)
    call:perform()
    call:close()
  end
end

-- Whoever wants the run to stop does not wait for the end of a pause. False: it is to stop.
local function pause(run, client, customer, ms)
  while ms > 0 and not run.stop_when() do
    local slice = run.stops and math.min(ms, PAUSE_SLICE_MS) or ms
    pause_once(client, customer, slice)
    ms = ms - slice
  end
  return not run.stop_when()
end

-- What is known of the money, by where the entry stands: an attempt that was turned away says
-- nothing of the one before it.
local OUTCOMES = {
  planned = "not_sent", approved = "not_sent", sending = "unknown", unknown = "unknown",
  refused = "refused", rejected = "refused",
}

local function about(err, entry, state)
  err.entry = entry.id
  err.state = state
  err.outcome = OUTCOMES[state] or err.outcome
  err.idempotency_key = err.idempotency_key or entry.key
  return err
end

-- The ids known now, read once in a while for each customer of a run. False where the provider has
-- no list.
local function before_of(run, client, entry)
  if not lists.has_records(client) then
    return false
  end
  local slot = table.concat({ client.provider, client.environment or "", client.label or "",
    entry.customer }, "\n")
  local asked_ms = run.unix_ms()
  local known = run.before[slot]
  if known and math.abs(asked_ms - known.taken_ms) <= BEFORE_MAX_MS then
    return known
  end
  local records, err = lists.records(client, entry.customer)
  if not records then
    return nil, err
  end
  local given = lists.scope(client, entry.customer)
  given.records, given.complete, given.unix_ms = records, true, asked_ms
  local before, failure = run.raw.before(run.journal, given)
  run.before[slot] = before
  return before, failure
end

local function copy_arguments(entry)
  local arguments = {}
  for name, value in pairs(entry.arguments) do
    arguments[name] = value
  end
  arguments.idempotency_key = entry.key
  return arguments
end

local function ended(run, result, err)
  local facts = { unix_ms = run.unix_ms(), by = run.by }
  if result then
    facts.outcome = "accepted"
    facts.receipt_id = result.id
    facts.verification_status = result.verification_status
    facts.message = result.provider_message
    facts.interaction_id = result.interaction_id
    return facts
  end
  facts.outcome = err.outcome
  facts.kind = err.kind
  facts.http_status = err.http_status
  facts.message = err.provider_message
  facts.interaction_id = err.interaction_id
  facts.retry_after_ms = err.retry_after_ms
  return facts
end

-- A repayment that is interrupted is seen to its end where the client's driver can do that, and
-- then its call knows how it ended. Else it may be anywhere on its way.
local function perform(call)
  local ok, result, err = pcall(call.perform, call)
  if ok then
    return result, err
  end
  local raised = result
  local has_ended, receipt, failure = pcall(call.result, call)
  if has_ended then
    return receipt, failure, raised
  end
  return nil, errors.new {
    kind = "cancelled", outcome = "unknown", message = "the call was interrupted",
  }, raised
end

-- One attempt, from the claim to what is on disk of its end.
local function attempt(run, client, owner, entry, before)
  local call, err = client:prepare("repay", copy_arguments(entry))
  if not call then
    return nil, about(err, entry, entry.state)
  end
  -- The deadline on disk begins with the claim, so the call's does too, on a clock that nobody sets
  -- and that goes on while the machine sleeps. Who is stopped from here on has less time left when
  -- it wakes, or none: what leaves late might find its key forgotten.
  local claim_ms = driver.now_ms(native.transport(client))
  local claimed, failure = owner:claim(call, {
    unix_ms = run.unix_ms(), by = run.by, before = before,
  })
  if not claimed then
    call:close()
    -- An earlier attempt may have moved it, and so may the refusal.
    local now = run.raw.entry(run.journal, entry.id)
    return nil, about(failure, entry, now and now.state or entry.state)
  end
  native.limit(call, nil, claim_ms + claimed.timeout_ms)
  local result, why, raised = perform(call)
  call:close()
  local settled, unsaved = owner:settle(ended(run, result, why))
  if not settled then
    -- What the provider said is worth more than that it could not be written down.
    unsaved.outcome = "unknown"
    unsaved.receipt = result
    return nil, about(unsaved, entry, "sending")
  elseif raised ~= nil then
    error(raised, 0)
  end
  return settled, why and about(why, entry, settled.state), result
end

local function attempts(run, client, owner, entry)
  local before
  if entry.state == "approved" then
    local failure
    before, failure = before_of(run, client, entry)
    if failure then
      return nil, about(failure, entry, entry.state)
    end
  end
  local tries, waited_ms = 0, 0
  while true do
    local settled, err, receipt = attempt(run, client, owner, entry, before)
    tries = tries + 1
    if not settled or not settled.again or tries >= TRIES_MAX
      or waited_ms + settled.wait_ms > WAITED_MAX_MS then
      return settled, err, receipt
    end
    entry.state = settled.state
    crash_point("C24")
    if not pause(run, client, entry.customer, settled.wait_ms) then
      return settled, err, receipt
    end
    waited_ms = waited_ms + settled.wait_ms
  end
end

local SENDABLE = { approved = true, sending = true, unknown = true }

--- Sends an entry with a client of its own. Returns the entry as it is then and how the last
--- attempt was settled (nil: someone else was faster), or nil, an error, and how it was settled if
--- it came to that.
function send.entry(run, client, entry)
  local owner, busy = run.raw.own(run.journal, entry.id)
  if not owner then
    return nil, busy
  end
  -- Between being chosen and being locked it may have been someone else's.
  local fresh, unread = run.raw.entry(run.journal, entry.id)
  if not fresh or not SENDABLE[fresh.state] then
    owner:close()
    return fresh, unread
  end
  local ok, settled, err, receipt = pcall(attempts, run, client, owner, fresh)
  owner:close()
  if not ok then
    error(settled, 0)
  elseif err then
    return nil, err, settled
  end
  local now, failure = run.raw.entry(run.journal, entry.id)
  if not now then
    failure.outcome, failure.receipt = "unknown", receipt
    return nil, about(failure, entry, settled.state), settled
  end
  now.receipt = receipt
  return now, nil, settled
end

local function never()
  return false
end

--- What the entries of one run share. `stop_when` says whether somebody wants it to stop.
function send.new_run(journal, raw, state, stop_when)
  return { journal = journal, raw = raw, unix_ms = state.unix_ms, by = state.by, before = {},
    stops = stop_when ~= nil, stop_when = stop_when or never }
end

return send
