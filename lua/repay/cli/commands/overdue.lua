-- repay overdue: loans with something late, the worst first within each currency.
local words = require "repay.cli.words"

local overdue = { example = "repay overdue --min-days 30\nrepay overdue --sort -overdue --csv" }

local LISTED_MAX = 100000

local COLUMNS = {
  { name = "provider", drop = 4 },
  { name = "label", label = "Profile", drop = 6 },
  { name = "loan_id", label = "Loan", id = true, shrink = 13 },
  { name = "days_late", label = "Days late", kind = "whole" },
  { name = "oldest_due_date", label = "Oldest due", kind = "day", drop = 2 },
  { name = "overdue_minor", kind = "money", tone = function() return "bad" end },
  { name = "outstanding_minor", kind = "money", drop = 3 },
  { name = "currency", label = "" },
  { name = "next_due_date", label = "Next due", kind = "day", drop = 5 },
  { name = "next_due_minor", label = "Due then", kind = "money", extra = true },
  { name = "tags", kind = "list", extra = true },
  { name = "environment", extra = true },
}

function overdue.configure(parser)
  parser:option("--min-days", "only loans that are so many days late or more"):argname("DAYS")
    :convert(words.whole(1, 100000))
  parser:option("--limit", "at most so many of each currency"):argname("N")
    :convert(words.whole(1, LISTED_MAX))
  require("repay.cli.source").configure(parser)
end

-- Loans that nobody can judge are not silently in time.
local function say_unknown(context, facts)
  for _, entry in ipairs(facts.unknowns) do
    if entry.missing_loans > 0 then
      context:warn(("%.0f of the loans of %s, %s, cannot be judged: %s"):format(
        entry.missing_loans, entry.provider, entry.currency, entry.text))
    end
  end
end

function overdue.run(context)
  local fits, wrong = context.output:check(COLUMNS)
  if not fits then
    return context:fail(wrong)
  end
  local made, err, code, fetched = require("repay.cli.reporting").make(context,
    { delinquents = context.arguments.limit or LISTED_MAX })
  if not made then
    return context:fail(err)
  end
  local rows, least = {}, context.arguments.min_days or 1
  for _, currency in ipairs(made.facts.currencies) do
    for _, loan in ipairs(currency.delinquents) do
      if loan.days_late >= least then
        loan.currency = currency.code
        rows[#rows + 1] = loan
      end
    end
  end
  context.output:rows(COLUMNS, rows)
  say_unknown(context, made.facts)
  require("repay.cli.reporting").say_missing(context, fetched)
  if #rows == 0 then
    context:say("no loan is known to be late")
  end
  return code
end

return overdue
