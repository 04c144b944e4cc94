-- From what the journal says of an entry to a row of a table, the words for its next step, and the
-- exit code that it stands for. Pure: no journal is asked here, and nothing is written.
--
-- A `next_step` is what journal:recover and journal:explain give: { action, why, due_ms }. Entries
-- that are final have none.
local exit = require "repay.cli.exit"
local words = require "repay.journal.words"

local entries = {}

local TONES = { unknown = "bad", absent = "bad", refused = "bad", rejected = "bad",
  verified = "good", accepted = "good", cancelled = "faint", expired = "faint" }

local function tone(state)
  return TONES[state]
end

-- An id is long, and what a person does with an entry needs it whole: it stays.
local ID = { name = "id", id = true }
local STATE = { name = "state", tone = tone }
local ACCOUNT = { name = "account", drop = 7 }
local AMOUNT = { name = "amount_minor", kind = "money" }
local DATE = { name = "payment_date", label = "Date", kind = "day", drop = 4 }
local REFERENCE = { name = "reference", drop = 3 }
local NEXT_STEP = { name = "next" }
local WHEN = { name = "decided_at", label = "When", drop = 2 }
local WHY = { name = "why", drop = 5 }

--- Everything that a row has.
entries.columns = {
  ID, STATE, { name = "provider" }, { name = "profile" }, ACCOUNT, AMOUNT, { name = "currency" },
  DATE, REFERENCE, NEXT_STEP, WHEN, WHY, { name = "batch", kind = "whole" },
  { name = "receipt_id" }, { name = "record_id" }, { name = "provider_status" },
}

--- What of it a table on a terminal shows, unless other columns are asked for.
entries.terminal_columns = {
  ID, STATE, ACCOUNT, AMOUNT, { name = "currency", label = "" }, DATE, REFERENCE, NEXT_STEP, WHEN,
  WHY,
}

-- What a person or a script does next, in one word: a command, wherever there is one.
local NEXT = { approve = "approve", send = "run", held = "wait", resend = "recover", wait = "wait",
  reconcile = "reconcile", ask = "resolve", stale = "ask provider" }
local REPLACEABLE = { absent = true, refused = true, rejected = true }

local function next_word(entry, next_step)
  if next_step and next_step.action ~= "none" then
    return NEXT[next_step.action]
  end
  return REPLACEABLE[entry.state] and "replace" or nil
end

-- What was read in the list says more of an entry that asks for a person than that it asks.
local function why_of(entry, next_step)
  if not next_step or next_step.action == "none" or next_step.action == "ask" then
    return words.of(entry.reason or entry.state)
  end
  return words.of(next_step.why)
end

--- A row of entries.columns.
function entries.row(entry, next_step)
  return {
    id = entry.id, state = entry.state, provider = entry.provider, profile = entry.label,
    environment = entry.environment, account = entry.account, amount_minor = entry.amount_minor,
    currency = entry.currency, payment_date = entry.payment_date, reference = entry.reference,
    next = next_word(entry, next_step), why = why_of(entry, next_step),
    decided_at = words.moment(next_step and next_step.due_ms), batch = entry.batch,
    receipt_id = entry.receipt_id, record_id = entry.record_id,
    provider_status = entry.provider_status,
  }
end

-- With the text of the options that each command needs.
local sentences = {}

local function live(entry)
  return entry.environment == "live" and " --live" or ""
end

function sentences.approve(entry, _, options)
  if entry.hold then
    return ("it is held (%s): repay approve %s%s --because REASON"):format(entry.hold, entry.id,
      options)
  end
  return "repay approve " .. entry.id .. options
end

function sentences.send(entry, _, options)
  return "repay run " .. entry.id .. options .. live(entry)
end

function sentences.held()
  return "wait: another process has it under way"
end

function sentences.resend(entry, _, options)
  return ("repay recover%s%s: its key makes a repetition safe"):format(options, live(entry))
end

function sentences.wait(_, next_step, options)
  return ("wait until %s (%s), then: repay reconcile%s"):format(
    words.moment(next_step.due_ms) or "later", words.of(next_step.why), options)
end

function sentences.reconcile(_, _, options)
  return ("repay reconcile%s: its time to settle is over, and the provider's list can decide")
    :format(options)
end

function sentences.ask(entry, _, options)
  return ("look for it in the provider's own records, then: repay resolve %s%s --as accepted "
    .. "--record-id ID --because REASON, or --as absent --because REASON"):format(entry.id, options)
end

function sentences.verify(_, _, options)
  return ("nothing; repay reconcile%s sees when the provider confirms it"):format(options)
end

function sentences.stale()
  return "ask the provider: it was acknowledged long ago and never confirmed"
end

--- The next step as a sentence with the command to type, which has these options (a text that
--- begins with a blank, as repay.cli.typed gives it).
function entries.next_sentence(entry, next_step, options)
  local sentence = next_step and sentences[next_step.action]
  options = options or ""
  if sentence then
    return sentence(entry, next_step, options)
  elseif REPLACEABLE[entry.state] or entry.state == "cancelled" or entry.state == "expired" then
    return ("nothing, or another one in its place: repay replace %s%s --because REASON")
      :format(entry.id, options)
  end
  return "nothing"
end

--- The exit code that an entry stands for. What a person decided, or replaced already, is no
--- longer a person's business. `is_replaced`: another one stands for it.
function entries.code(entry, next_step, is_replaced)
  if entry.state == "absent" and (is_replaced or entry.reason == "resolved_by_a_person") then
    return exit.failed
  end
  return exit.of_entry(entry.state, next_step and next_step.action)
end

-- Best first, so that a summary ends with what is to be looked at.
local ORDER = { "new", "verified", "accepted", "approved", "planned", "sending", "cancelled",
  "expired", "rejected", "refused", "absent", "unknown" }

--- "3 accepted, 1 unknown", or "no repayment".
function entries.summary(states)
  local parts = {}
  for _, state in ipairs(ORDER) do
    if (states[state] or 0) > 0 then
      parts[#parts + 1] = ("%d %s"):format(states[state], state)
    end
  end
  return parts[1] and table.concat(parts, ", ") or "no repayment"
end

--- How many of the rows are in each state.
function entries.count(rows)
  local states = {}
  for _, row in ipairs(rows) do
    states[row.state] = (states[row.state] or 0) + 1
  end
  return states
end

return entries
