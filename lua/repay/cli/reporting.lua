-- The facts of a report from the snapshot that a command looks at: what overdue, report and export
-- share. The figures are repay.workflow.report's.
local moment = require "repay.cli.moment"
local words = require "repay.cli.words"

local reporting = {}

local LISTED_MAX = 100000

--- Adds the options that shape a report.
function reporting.configure(parser)
  parser:option("--title", "the heading"):argname("TEXT")
  parser:option("--at-risk", "days late that count, separated by commas (0,30,60,90)")
    :argname("DAYS"):convert(words.wholes(0, 3650))
  parser:option("--by", "periods of the cash flow (month)"):choices { "day", "week", "month" }
  parser:option("--periods", "how many of them (12)"):argname("N"):convert(words.whole(1, 120))
  parser:option("--delinquents", "how many late loans are listed (100)"):argname("N")
    :convert(words.whole(1, LISTED_MAX))
end

--- { facts, schedules, portfolio }, what was fetched and the exit code so far; or nil and an error.
--- overrides: delinquents.
function reporting.make(context, overrides)
  local fetched, err, code = require("repay.cli.source").fetched(context)
  if not fetched then
    return nil, err
  end
  local arguments = context.arguments
  local made, problem = require("repay.workflow.report").run {
    fetched = fetched, as_of = context.as_of, made_at = moment.utc(context.world.unix_ms()),
    title = arguments.title, at_risk_days = arguments.at_risk, cash_flow_by = arguments.by,
    cash_flow_periods = arguments.periods,
    delinquents = overrides and overrides.delinquents or arguments.delinquents,
  }
  if not made then
    return nil, problem
  end
  context:keep(made.portfolio)
  return made, nil, code, fetched
end

--- Says which loans are missing from a form that has no room for it. A fetch has said it.
function reporting.say_missing(context, fetched)
  if not context.arguments.live_fetch then
    require("repay.cli.fetching").say_failures(context, fetched)
  end
end

return reporting
