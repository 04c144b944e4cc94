-- repay fetch: asks for one loan or for a file of them, side by side, and keeps a snapshot.
local exit = require "repay.cli.exit"
local words = require "repay.cli.words"

local fetch = {
  example = "repay fetch loans.csv              # columns provider, profile, id, operation, tags\n"
    .. "repay fetch PROVIDER ID --profile main",
}

local COLUMNS = {
  { name = "provider" },
  { name = "profile", drop = 3 },
  { name = "id", label = "Id", id = true, shrink = 13 },
  { name = "operation", drop = 6 },
  { name = "result", tone = function(value)
    return value == "fetched" and "good" or value == "not_found" and "faint" or "bad"
  end },
  { name = "installments", label = "Rows", kind = "whole" },
  { name = "outstanding_minor", kind = "money" },
  { name = "currency", label = "" },
  { name = "message", drop = 5, shrink = 24 },
}

function fetch.configure(parser)
  parser:argument("what", "a CSV of loans, - for the standard input; or a provider"):args("?")
  parser:argument("id", "the loan, merchant or user, after a provider"):args("?")
  parser:option("--operation", "another read than the one that tells what is due")
    :argname("NAME")
  parser:option("--tags", "words to group the loan by in reports, separated by blanks")
    :argname("WORDS")
  parser:option("--to", "the new directory of the snapshot"):argname("DIR")
    :convert(words.path)
  parser:option("--concurrency", "loans asked for at once (16)"):argname("N")
    :convert(words.whole(1, 1024))
  parser:flag("--with-names", "keep names and e-mail addresses in the snapshot")
end

local function tags_of(text)
  local list = {}
  for tag in (text or ""):gmatch("%S+") do
    list[#list + 1] = tag
  end
  return list
end

local function loans_of(context)
  local arguments = context.arguments
  if arguments.id then
    return { { provider = arguments.what, id = arguments.id, operation = arguments.operation,
      tags = tags_of(arguments.tags) } }
  end
  local loaded, err = context:configuration()
  if not loaded then
    return nil, err
  end
  local path = arguments.what or loaded.loans
  if not path then
    return nil, require("repay.error").new { kind = "invalid_argument", operation = "fetch",
      message = "say what to fetch: a CSV of loans, or a provider and an id" }
  end
  return require("repay.cli.fetching").read(context, path)
end

local function row_of(item, as_of)
  local row = { provider = item.provider, profile = item.profile, id = item.id,
    operation = item.operation, result = item.err and item.err.kind or "fetched",
    message = item.err and item.err.message }
  if item.schedule then
    local totals = item.schedule:totals { as_of = as_of }
    row.profile = row.profile or item.schedule.label
    row.installments = #item.schedule
    row.currency, row.outstanding_minor = item.schedule.currency, totals.outstanding_minor
  end
  return row
end

function fetch.run(context)
  local fetching = require "repay.cli.fetching"
  local fits, wrong = context.output:check(COLUMNS)
  if not fits then
    return context:fail(wrong)
  end
  local loans, err = loans_of(context)
  if not loans then
    return context:fail(err)
  end
  local fetched, problem = fetching.run(context, loans, context.arguments)
  if not fetched then
    return context:fail(problem)
  end
  local codes, rows = {}, {}
  for i, item in ipairs(fetched.items) do
    rows[i] = row_of(item, context.as_of)
  end
  for i, item in ipairs(fetched.failures) do
    codes[i] = exit.of_error(item.err)
  end
  if context.is_interrupted then
    codes[#codes + 1] = exit.interrupted
  end
  context.output:rows(COLUMNS, rows)
  if fetched.failures[1] then
    context:fail(fetched.failures[1].err, exit.worst(codes))
  end
  return exit.worst(codes)
end

return fetch
