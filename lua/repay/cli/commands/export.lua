-- repay export: a snapshot as a file that somebody else opens.
local words = require "repay.cli.words"

local export = {
  example = "repay export html --out portfolio.html\nrepay export csv --what late > late.csv",
}

local FORMS = { "csv", "json", "md", "xlsx", "ics", "html" }
local PARTS = { "installments", "figures", "late" }

function export.configure(parser)
  parser:argument("form", table.concat(FORMS, ", ")):choices(FORMS)
  parser:option("--out", "write this file, for its owner alone; without it the output")
    :argname("FILE"):convert(words.path)
  parser:option("--what", "csv, json: installments, figures or late (installments; json: figures)")
    :choices(PARTS)
  parser:flag("--with-names", "names and e-mail addresses too, where the snapshot has them")
  parser:option("--alarm-days", "ics: a reminder so many days before"):argname("N")
    :convert(words.whole(0, 365))
  require("repay.cli.reporting").configure(parser)
  require("repay.cli.source").configure(parser)
end

local function fault(message, hint)
  return nil, require("repay.error").new { kind = "invalid_argument", operation = "export",
    message = message, hint = hint }
end

local makers = {}

local function installments(context, made, form, write)
  return require("repay.report").installments(made.schedules, { as_of = context.as_of, form = form,
    with_names = context.arguments.with_names, write = write })
end

-- `write` takes line by line what goes to the output.
function makers.csv(context, made, what, write)
  local report = require "repay.report"
  if what == "figures" then
    return report.csv(made.facts, { write = write })
  elseif what == "late" then
    return report.delinquents(made.facts, { write = write })
  end
  return installments(context, made, "csv", write)
end

function makers.json(context, made, what)
  if what == "installments" then
    return installments(context, made, "ndjson")
  elseif what == "late" then
    return fault("json has no part 'late' of its own", "it is in the figures, and in --what late "
      .. "of csv")
  end
  return require("repay.report").json(made.facts)
end

function makers.md(_, made)
  return require("repay.report").markdown(made.facts)
end

function makers.html(_, made)
  return require("repay.report").html(made.facts)
end

function makers.ics(context, made)
  local calendar, undated = require("repay.report").calendar(made.schedules,
    { as_of = context.as_of, made_at = made.facts.made_at,
      alarm_days = context.arguments.alarm_days })
  if undated > 0 then
    context:warn(("%.0f open installments have no due date, so they are not in the calendar")
      :format(undated))
  end
  return calendar
end

local function write_file(path, text)
  local written, why = require("repay.native.files").write(path, text)
  if not written then
    return nil, require("repay.error").new { kind = "output", subject = path,
      message = ("%s was not written: %s"):format(path, why) }
  end
  return true
end

-- A workbook is a file by nature, and its library writes it.
local function write_workbook(context, made)
  local path = context.arguments.out
  local written, err = require("repay.report").xlsx(made.facts, { path = path,
    schedules = made.schedules, with_names = context.arguments.with_names })
  if not written then
    return nil, err
  end
  return true
end

local function deliver(context, made)
  local arguments = context.arguments
  if arguments.form == "xlsx" then
    return write_workbook(context, made)
  end
  local output = context.output
  local write = arguments.form == "csv" and not arguments.out
    and function(line) output:csv(line) end or nil
  local text, err = makers[arguments.form](context, made, arguments.what, write)
  if not text then
    return nil, err
  elseif arguments.out then
    return write_file(arguments.out, text)
  elseif not write then
    output:file(text)
  end
  return true
end

-- Pages, workbooks and the figures as JSON have a list of the loans that did not come.
local function lists_missing(arguments)
  local form = arguments.form
  return form == "html" or form == "md" or form == "xlsx"
    or form == "json" and arguments.what ~= "installments"
end

-- Said before anything is read or fetched.
local function check(arguments)
  if arguments.form == "xlsx" and not arguments.out then
    return fault("a workbook needs a file", "add --out FILE.xlsx")
  elseif arguments.what and arguments.form ~= "csv" and arguments.form ~= "json" then
    return fault("--what is for csv and json")
  elseif arguments.alarm_days and arguments.form ~= "ics" then
    return fault("--alarm-days is for ics")
  end
  return true
end

function export.run(context)
  local fits, wrong = check(context.arguments)
  if not fits then
    return context:fail(wrong)
  end
  local made, err, code, fetched = require("repay.cli.reporting").make(context,
    context.arguments.what == "late" and { delinquents = context.arguments.delinquents or 100000 }
      or nil)
  if not made then
    return context:fail(err)
  end
  local done, problem = deliver(context, made)
  if not done then
    return context:fail(problem)
  elseif context.arguments.out then
    context:say("wrote " .. context.arguments.out)
  end
  if not lists_missing(context.arguments) then
    require("repay.cli.reporting").say_missing(context, fetched)
  end
  return code
end

return export
