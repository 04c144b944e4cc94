-- repay show: the installments of a snapshot, one a line.
local show = {
  example = "repay show --sort due_date\nrepay show LOAN_ABC123 --state overdue --json",
}

local STATES = { "due", "overdue", "partial_overdue", "paid", "unknown" }

local function tone_of(state)
  if state == "overdue" or state == "partial_overdue" then
    return "bad"
  end
  return state == "paid" and "good" or state == "unknown" and "faint" or nil
end

local COLUMNS = {
  { name = "provider", drop = 4 },
  { name = "label", label = "Profile", drop = 6 },
  { name = "loan_id", label = "Loan", id = true, shrink = 13 },
  { name = "number", label = "No.", kind = "whole", drop = 3 },
  { name = "due_date", label = "Due", kind = "day" },
  { name = "state", tone = tone_of },
  { name = "days_late", label = "Late", kind = "whole", drop = 1 },
  { name = "total_due_minor", label = "Total due", kind = "money", drop = 5 },
  { name = "paid_minor", kind = "money", drop = 7 },
  { name = "outstanding_minor", kind = "money" },
  { name = "currency", label = "" },
  { name = "principal_minor", kind = "money", extra = true },
  { name = "interest_minor", kind = "money", extra = true },
  { name = "penalty_minor", kind = "money", extra = true },
  { name = "status", extra = true },
  { name = "provider_status", extra = true },
  { name = "subject", extra = true },
  { name = "operation", extra = true },
  { name = "environment", extra = true },
  { name = "fetched_on", kind = "day", extra = true },
}

local NAMES = { { name = "customer_name" }, { name = "email" } }

function show.configure(parser)
  parser:argument("loan", "only these loans, by loan id, what was asked for, or its beginning")
    :args("*")
  parser:option("--state", "only installments in this state"):choices(STATES)
  parser:flag("--with-names", "names and e-mail addresses too, where the snapshot has them")
  require("repay.cli.source").configure(parser)
end

local function columns_of(context)
  local columns = {}
  for i, column in ipairs(COLUMNS) do
    columns[i] = column
  end
  for _, column in ipairs(context.arguments.with_names and NAMES or {}) do
    columns[#columns + 1] = column
  end
  return columns
end

-- Rows one by one, so that a pipe gets the first before the last is read. `asked` is a set of ids.
local function rows_of(context, fetched, asked)
  local installments = require "repay.report.installments"
  local state = context.arguments.state
  local next_row = installments.each(fetched.schedules,
    { as_of = context.as_of, with_names = context.arguments.with_names })
  return function()
    for row in next_row do
      local is_asked = next(asked) == nil or asked[row.loan_id or ""] or asked[row.subject or ""]
      if is_asked and (not state or row.state == state) then
        return row
      end
    end
    return nil
  end
end

-- Every id that the snapshot has, also of loans without installments.
local function ids_of(context, fetched)
  local list = {}
  for _, schedule in ipairs(fetched.schedules) do
    list[#list + 1] = schedule.subject
    for _, loan in ipairs(schedule:loans { as_of = context.as_of }) do
      list[#list + 1] = loan.loan_id
    end
  end
  for _, items in ipairs { fetched.not_found, fetched.failures } do
    for _, item in ipairs(items) do
      list[#list + 1] = item.id
    end
  end
  return list
end

-- The ids that were asked for, as a set; nil and an error where one is no part of the snapshot.
local function asked_of(context, fetched)
  local ids = require "repay.cli.ids"
  local asked, list = {}, context.arguments.loan[1] and ids_of(context, fetched)
  for _, word in ipairs(context.arguments.loan) do
    local id, ambiguous = ids.find(word, list)
    if not id then
      return nil, ambiguous or require("repay.error").new { kind = "not_found", operation = "show",
        message = "the snapshot has no loan " .. word, hint = "repay show lists what it has" }
    end
    asked[id] = true
  end
  return asked
end

function show.run(context)
  local columns = columns_of(context)
  local fits, wrong = context.output:check(columns)
  if not fits then
    return context:fail(wrong)
  end
  local fetched, err, code = require("repay.cli.source").fetched(context)
  if not fetched then
    return context:fail(err)
  end
  local asked, missing = asked_of(context, fetched)
  if not asked then
    return context:fail(missing)
  end
  local count = context.output:rows(columns, rows_of(context, fetched, asked))
  if not context.arguments.live_fetch then
    require("repay.cli.fetching").say_failures(context, fetched)
  end
  if count == 0 then
    context:say("no installments")
  end
  return code
end

return show
