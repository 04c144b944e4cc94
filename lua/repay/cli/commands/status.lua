-- repay status: where each repayment stands, and when what is not known can be decided.
local status = { example = "repay status\nrepay status january.csv\nrepay status --state unknown" }

function status.configure(parser)
  parser:argument("what", "batches by number or name, repayments by id (default: what is open)")
    :argname("BATCH|ID"):args("*")
  parser:option("--state", "only this state; may be given often"):argname("STATE"):count("*")
  parser:flag("--all", "also what is settled")
  parser:flag("--summary", "how many repayments are in each state, and their sums")
end

local STATES = { "planned", "approved", "sending", "unknown", "accepted", "verified", "rejected",
  "refused", "absent", "cancelled", "expired" }
-- What somebody may still have to do something about. An absence is final, and yet nobody has paid.
local OPEN = { "planned", "approved", "sending", "unknown", "accepted", "absent" }

local function wanted_states(arguments)
  local wanted, known = {}, {}
  for _, state in ipairs(STATES) do
    known[state] = true
  end
  for _, state in ipairs(arguments.state) do
    if not known[state] then
      local options = require "repay.options"
      return nil, require("repay.error").new { kind = "invalid_argument", field = "state",
        message = options.unknown("there is no state", state, STATES),
        hint = "states: " .. table.concat(STATES, ", ") }
    end
    wanted[state] = true
  end
  return next(wanted) and wanted or nil
end

-- The numbers of entries that another one stands for. Only an absence makes that a question, and
-- then the whole journal is read.
local function replaced_of(journal, list)
  local replaced, has_absent = {}, false
  for _, entry in ipairs(list) do
    has_absent = has_absent or entry.state == "absent"
  end
  local all, err = {}, nil
  if has_absent then
    all, err = journal:entries {}
  end
  if not all then
    return nil, err
  end
  for _, entry in ipairs(all) do
    if entry.replaces then
      replaced[entry.replaces] = true
    end
  end
  return replaced
end

local function read(context, journal, wanted)
  local arguments = context.arguments
  if #arguments.what > 0 then
    local found, missing = require("repay.cli.payments").find(journal, arguments.what)
    return found and found.entries, missing
  end
  local states = {}
  for state in pairs(wanted or {}) do
    states[#states + 1] = state
  end
  if not wanted and not arguments.all then
    states = OPEN
  end
  return journal:entries { state = states[1] and states or nil }
end

-- An absence that was dealt with is open for nobody.
local function is_settled(entry, replaced)
  return entry.state == "absent" and (replaced[entry.number]
    or entry.reason == "resolved_by_a_person")
end

local function choose(context, journal, wanted)
  local list, err = read(context, journal, wanted)
  if not list then
    return nil, err
  end
  local replaced, unread = replaced_of(journal, list)
  if not replaced then
    return nil, unread
  end
  local asks_for_all = wanted or context.arguments.all or #context.arguments.what > 0
  local shown = {}
  for _, entry in ipairs(list) do
    if (not wanted or wanted[entry.state]) and (asks_for_all
      or not is_settled(entry, replaced)) then
      shown[#shown + 1] = entry
    end
  end
  return shown, nil, replaced
end

local SUMMARY = {
  { name = "state" },
  { name = "repayments", kind = "whole" },
  { name = "amount_minor", kind = "money" },
  { name = "currency", label = "" },
}

local function summary_of(rows)
  local slots, list = {}, {}
  for _, row in ipairs(rows) do
    local key = row.state .. "\0" .. row.currency
    local slot = slots[key]
    if not slot then
      slot = { state = row.state, currency = row.currency, repayments = 0, amount_minor = 0 }
      slots[key] = slot
    end
    slot.repayments, slot.amount_minor = slot.repayments + 1, slot.amount_minor + row.amount_minor
  end
  for _, state in ipairs(STATES) do
    local of_state = {}
    for _, slot in pairs(slots) do
      of_state[#of_state + 1] = slot.state == state and slot or nil
    end
    table.sort(of_state, function(a, b) return a.currency < b.currency end)
    for _, slot in ipairs(of_state) do
      list[#list + 1] = slot
    end
  end
  return list
end

function status.run(context)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local columns = context.arguments.summary and SUMMARY or entries.columns
  local wanted, unknown = wanted_states(context.arguments)
  if unknown then
    return context:fail(unknown)
  end
  local journal, refusal = payments.begin(context, columns)
  if not journal then
    return refusal
  end
  -- First, so that what a dead process left is shown as what it is.
  local steps, failed = payments.next_steps(journal)
  if not steps then
    return context:fail(failed)
  end
  local list, err, replaced = choose(context, journal, wanted)
  if not list then
    return context:fail(err)
  end
  local rows, codes = {}, {}
  for at, entry in ipairs(list) do
    rows[at] = entries.row(entry, steps[entry.id])
    codes[at] = entries.code(entry, steps[entry.id], replaced[entry.number])
  end
  if context.arguments.summary then
    payments.write(context, columns, summary_of(rows))
  else
    payments.show(context, rows)
  end
  payments.tell_open(context, rows)
  return payments.worst(context, codes)
end

return status
