-- Reports: pure functions of a portfolio and of schedules, which give texts.
--
--   local report = require "repay.report"
--   local facts = assert(report.facts { portfolio = portfolio, made_at = "2026-11-20T09:30:00Z" })
--   file:write(report.html(facts))
--
-- Nothing here reads a clock or a file, or sends anything. A form is loaded when it is first used.
local report = {}

--- The facts that html, text, markdown, csv, json and xlsx are made of; or nil and an error.
function report.facts(options)
  return require("repay.report.model").new(options)
end

--- One self-contained page.
function report.html(facts)
  return require("repay.report.html").render(facts)
end

--- Tables for a terminal. options: width, color.
function report.text(facts, options)
  return require("repay.report.text").render(facts, options)
end

--- Markdown with pipe tables.
function report.markdown(facts)
  return require("repay.report.markdown").render(facts)
end

--- Every figure, one a line.
function report.csv(facts, options)
  return require("repay.report.csv").report(facts, options)
end

--- One document. options: compact.
function report.json(facts, options)
  return require("repay.report.json").report(facts, options)
end

--- The installments of schedules. options: as_of, with_names, form ("csv" or "ndjson"), write.
function report.installments(schedules, options)
  if options.form == "ndjson" then
    return require("repay.report.json").installments(schedules, options)
  elseif options.form == nil or options.form == "csv" then
    return require("repay.report.csv").installments(schedules, options)
  end
  error("report.installments: option 'form' must be \"csv\" or \"ndjson\"", 2)
end

--- The delinquent loans of the facts as CSV.
function report.delinquents(facts, options)
  return require("repay.report.csv").delinquents(facts, options)
end

--- Due dates as iCalendar. options: as_of, made_at, name, alarm_days.
function report.calendar(schedules, options)
  return require("repay.report.ics").calendar(schedules, options)
end

--- A workbook, written to a file: true, or nil and an error. options: path, schedules, with_names.
function report.xlsx(facts, options)
  return require("repay.report.xlsx").write(facts, options)
end

return report
