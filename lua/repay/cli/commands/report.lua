-- repay report: the portfolio for a person at a terminal, or its figures for a program.
local report = {
  example = "repay report\nrepay report --json > portfolio.json      # repay export makes files",
}

function report.configure(parser)
  require("repay.cli.reporting").configure(parser)
  require("repay.cli.source").configure(parser)
end

function report.run(context)
  local made, err, code, fetched = require("repay.cli.reporting").make(context)
  if not made then
    return context:fail(err)
  end
  local forms, output = require "repay.report", context.output
  if output.form == "json" then
    output:text(forms.json(made.facts))
  elseif output.form == "ndjson" then
    output:text(forms.json(made.facts, { compact = true }))
  elseif output.form == "csv" then
    forms.csv(made.facts, { write = function(line) output:csv(line) end })
    require("repay.cli.reporting").say_missing(context, fetched)
  else
    output:text(forms.text(made.facts, { width = output.width, color = output.color }))
  end
  return code
end

return report
