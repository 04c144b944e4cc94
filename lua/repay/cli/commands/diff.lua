-- repay diff: what changed between two snapshots, an installment a line.
local diff = {
  example = "repay diff                  # the latest and the one before\n"
    .. "repay diff 2026-11-01 2026-11-20 --json",
}

local COLUMNS = {
  { name = "provider", drop = 3 },
  { name = "profile", drop = 6 },
  { name = "loan", id = true, shrink = 13 },
  { name = "number", label = "No.", kind = "whole", drop = 2 },
  { name = "due_date", label = "Due", kind = "day", drop = 4 },
  { name = "before_minor", label = "Was left", kind = "money", drop = 3 },
  { name = "outstanding_minor", label = "Left", kind = "money" },
  { name = "currency", label = "", drop = 1 },
  { name = "change", shrink = 24, tone = function(value)
    return (value or ""):find("paid", 1, true) and "good" or nil
  end },
  { name = "message", drop = 7 },
}

function diff.configure(parser)
  parser:argument("older", "a directory, a snapshot's name, or a day; else the last but one")
    :args("?")
  parser:argument("newer", "the same; else the latest"):args("?")
end

local function fault(message)
  return nil, require("repay.error").new { kind = "invalid_argument", operation = "diff",
    message = message }
end

local function load_both(context)
  local source = require "repay.cli.source"
  local arguments = context.arguments
  local newer, err = source.find(context, arguments.newer)
  if not newer then
    return nil, err
  end
  local older, problem = source.find(context, arguments.older, 1)
  if not older then
    return nil, problem
  end
  local fetched = {}
  for i, path in ipairs { older, newer } do
    local loaded, why = source.load(context, path)
    if not loaded then
      return nil, why
    end
    fetched[i] = loaded
  end
  local was, is = fetched[1].fetched_at_unix_ms, fetched[2].fetched_at_unix_ms
  if was and is and was > is then
    return fault("the first of the two snapshots is the newer one")
  end
  local is_beside = older:match("^(.*/)") == newer:match("^(.*/)")
  context:say(("from %s to %s"):format(is_beside and older:match("[^/]*$") or older,
    is_beside and newer:match("[^/]*$") or newer))
  return fetched
end

local function row_of(item, facts)
  facts.provider, facts.loan = item.provider, facts.loan or item.id
  facts.profile = item.profile or item.schedule and item.schedule.label
  return facts
end

local function add_entries(rows, item, entries)
  local watch = require "repay.workflow.watch"
  for _, entry in ipairs(entries) do
    local detail = watch.detail(entry, item.schedule.currency)
    local change = watch.words(entry)
    if #entry.kinds == 1 and entry.kinds[1] == "changed" and detail ~= "" then
      change = detail -- no word of its own says what it was
    end
    local before = entry.before and entry.before.outstanding_minor
    local after = entry.after and entry.after.outstanding_minor
    rows[#rows + 1] = row_of(item, {
      loan = entry.loan_id, number = entry.number, due_date = entry.due_date, change = change,
      before_minor = before, outstanding_minor = after, message = detail,
      currency = (before or after) and item.schedule.currency or nil,
    })
  end
end

local function rows_of(compared, newer)
  local rows = {}
  for _, change in ipairs(compared.changes) do
    if change.err then
      rows[#rows + 1] = row_of(change.item, { change = "cannot be compared",
        message = change.err.message })
    else
      add_entries(rows, change.item, change.diff.entries)
    end
  end
  for _, item in ipairs(compared.new) do
    rows[#rows + 1] = row_of(item, { change = "first seen" })
  end
  for _, item in ipairs(newer.items) do
    if not item.schedule then
      rows[#rows + 1] = row_of(item, { change = "not fetched", message = item.err.message })
    end
  end
  for _, item in ipairs(compared.gone) do
    rows[#rows + 1] = row_of(item, { change = "no longer asked for" })
  end
  return rows
end

function diff.run(context)
  local fits, wrong = context.output:check(COLUMNS)
  if not fits then
    return context:fail(wrong)
  end
  local both, err = load_both(context)
  if not both then
    return context:fail(err)
  end
  local compared = require("repay.workflow.watch").compare(both[2], both[1])
  local rows = rows_of(compared, both[2])
  context.output:rows(COLUMNS, rows)
  if #rows == 0 then
    context:say("nothing changed")
  end
  return 0
end

return diff
