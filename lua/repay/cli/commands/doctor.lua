-- repay doctor: looks at everything that a fetch or a repayment needs, and says what to do.
local doctor = { example = "repay doctor\nrepay doctor --profile main --offline --json" }

local TONES = { ok = "good", warn = "faint", bad = "bad" }

local COLUMNS = {
  { name = "check" },
  { name = "result", label = "", tone = function(value) return TONES[value] end },
  { name = "subject" },
  { name = "detail" },
  { name = "remedy" },
}

function doctor.configure(parser)
  parser:flag("--offline", "ask no provider; without it one loan that nobody has is asked for")
  parser:flag("--all", "every profile, not only the one that is chosen")
end

local function profiles_of(context)
  local loaded = context:configuration()
  if not context.arguments.all then
    local chosen, err = context:profile()
    if chosen or context.arguments.profile then
      return { chosen }, not chosen and err or nil
    end
  end
  local list = {}
  for _, name in ipairs(require("repay.cli.config").names(loaded)) do
    list[#list + 1] = context:profile(name)
  end
  return list
end

local function check_all(context, add)
  require("repay.cli.checks.place").check(context, add)
  local exit = require "repay.cli.exit"
  if require("repay.cli.checks.configuration").check(context, add) then
    local provider = require "repay.cli.checks.provider"
    local profiles, err = profiles_of(context)
    if err then
      add { check = "profile", result = "bad", code = exit.of_error(err), detail = err.message,
        remedy = err.hint }
    end
    for _, profile in ipairs(profiles) do
      for _, name in ipairs(context:providers(profile)) do
        provider.check(context, add, profile, name, { offline = context.arguments.offline })
      end
    end
  end
  require("repay.cli.checks.journal").check(context, add)
end

-- A person reads one line a check, and the remedy below; nothing is cut.
local function write_lines(context, rows)
  local measure = require "repay.report.measure"
  local paint = require("repay.cli.table").paint
  local widest = 0
  for _, row in ipairs(rows) do
    widest = math.max(widest, #row.check)
  end
  for _, row in ipairs(rows) do
    local where = row.subject and row.subject .. ": " or ""
    context.output:text(("%s  %s  %s\n"):format(
      paint(measure.pad(row.result, 4), TONES[row.result], context.output.color),
      measure.pad(row.check, widest), measure.clean(where .. (row.detail or ""))))
    if row.remedy then
      context.output:text((" "):rep(widest + 8) .. "-> " .. measure.clean(row.remedy) .. "\n")
    end
  end
end

function doctor.run(context)
  local exit = require "repay.cli.exit"
  local fits, wrong = context.output:check(COLUMNS)
  if not fits then
    return context:fail(wrong)
  end
  local rows, codes = {}, {}
  check_all(context, function(row)
    rows[#rows + 1] = row
    if row.result == "bad" then
      codes[#codes + 1] = row.code or exit.failed
    end
  end)
  if context.output.form == "table" and not context.arguments.columns
    and not context.arguments.sort then
    write_lines(context, rows)
  else
    context.output:rows(COLUMNS, rows)
  end
  return exit.worst(codes)
end

return doctor
