-- repay plan: a file of repayments, checked row by row, shown, written to the journal and approved
-- where it is within the limits. Nothing is sent.
local exit = require "repay.cli.exit"

local plan = { example = "repay plan january.csv\nrepay run january.csv" }

-- So many problems are shown; a file of another shape has one in each row.
local PROBLEMS_MAX = 50

function plan.configure(parser)
  parser:argument("file", "CSV with a header; its columns are in docs/journal.md")
  parser:option("--name", "the batch's name (default: the file's)"):argname("NAME")
  parser:flag("--dry-run", "write nothing to the journal")
  require("repay.cli.payments").configure_provider(parser)
  parser:flag("--new-journal", "no earlier journal of this profile was lost")
  parser:flag("--no-lists", "do not ask the provider's lists for what to look at")
end

local COLUMNS = {
  { name = "line", kind = "whole" },
  { name = "id" },
  { name = "state" },
  { name = "profile", drop = 8 },
  { name = "account", drop = 5 },
  { name = "amount_minor", kind = "money" },
  { name = "currency", label = "" },
  { name = "payment_date", label = "Date", kind = "day" },
  { name = "reference", drop = 3 },
  { name = "warnings", kind = "list", label = "Look at", tone = function() return "bad" end },
}

-- The words of warnings; a row that is held waits for a person.
local function warnings_of(item)
  local list = {}
  for i, word in ipairs(item.warnings) do
    list[i] = word
  end
  local hold = item.entry and item.entry.hold or item.planned.hold
  if hold and item.state == "planned" then
    list[#list + 1] = "held"
  end
  return list[1] and list or nil
end

local function rows_of(result)
  local rows = {}
  for at, item in ipairs(result.rows) do
    local planned = item.planned
    rows[at] = { line = item.line, id = item.id, state = item.state or "new",
      profile = planned.label, account = planned.account, amount_minor = planned.amount_minor,
      currency = planned.currency, payment_date = planned.payment_date:sub(1, 10),
      reference = planned.reference, warnings = warnings_of(item) }
  end
  return rows
end

local LINES_MAX = 5

-- Each warning once, with the lines that it is about.
local function tell_warnings(context, rows)
  local texts = require("repay.bulk.warnings").texts
  local lines, order = {}, {}
  for _, row in ipairs(rows) do
    for _, word in ipairs(row.warnings or {}) do
      if not lines[word] then
        lines[word] = {}
        order[#order + 1] = word
      end
      table.insert(lines[word], ("%d"):format(row.line))
    end
  end
  for _, word in ipairs(order) do
    local list = lines[word]
    local named = table.concat(list, ", ", 1, math.min(#list, LINES_MAX))
    context:warn(("%s: %s (line%s %s%s)"):format(word, texts[word] or "it may have been paid "
      .. "already: repay approve with its id and --because", #list > 1 and "s" or "", named,
      #list > LINES_MAX and (" and %d more"):format(#list - LINES_MAX) or ""))
  end
end

local function tell_sums(context, result)
  local figures = require "repay.report.figures"
  local names, parts = {}, {}
  for currency in pairs(result.totals) do
    names[#names + 1] = currency
  end
  table.sort(names)
  for i, currency in ipairs(names) do
    parts[i] = figures.amount(result.totals[currency], currency) .. " " .. currency
  end
  context:say(("%d repayments, %s: %s"):format(#result.rows, table.concat(parts, ", "),
    require("repay.cli.entries").summary(result.states)))
  if result.changed then
    context:warn((require("repay.bulk.output").changed(result.changed):gsub("\n$", "")))
  end
end

local function clean(text)
  return require("repay.report.measure").clean(text)
end

local function fail_rows(context, err)
  if context:is_json() then
    local json = require "repay.cli.json"
    local members, list = context:error_members(err), {}
    for i, problem in ipairs(err.problems) do
      list[i] = json.of { { "line", problem.line }, { "column", problem.column },
        { "name", problem.name }, { "message", problem.message } }
    end
    members[#members + 1] = { "problems", list }
    context.world.stderr:write(json.object { { "error", json.of(members) },
      { "exit", exit.usage } }, "\n")
    return exit.usage
  end
  local lines, name = {}, context.arguments.file:match("[^/]*$")
  for i = 1, math.min(#err.problems, PROBLEMS_MAX) do
    local problem = err.problems[i]
    lines[i] = clean(("%s:%d:%d: %s"):format(name, problem.line, problem.column,
      problem.message))
  end
  lines[#lines + 1] = ("%d problem%s; nothing was planned and nothing was sent"):format(
    #err.problems, #err.problems == 1 and "" or "s")
  context.world.stderr:write("repay: ", table.concat(lines, "\nrepay: "), "\n")
  return exit.usage
end

-- The profiles that a file names; none where it has no such column.
local function profiles_of(text)
  local names, seen = {}, {}
  for _, row in ipairs(require("repay.csv").parse(text).rows) do
    local name = row.cells.profile
    if name and not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return names
end

-- Of several profiles the strictest of each limit holds for the file.
local function add_limits(limits, of_profile)
  for name, most in pairs(of_profile or {}) do
    limits[name] = math.min(limits[name] or most, most)
  end
end

-- What a file needs of one profile. One journal has to know all of its rows.
local function add_profile(context, found, name)
  local profile, err = context:profile(name)
  if not profile then
    return nil, err
  end
  local client, unopened = require("repay.cli.payments").client(context, name)
  if not client then
    return nil, unopened
  end
  local journal, unusable = context:journal(name)
  if not journal then
    return nil, unusable, require("repay.cli.payments").journal_code(unusable)
  elseif found.journal and found.journal ~= journal then
    return nil, require("repay.error").new { kind = "config", field = "profile",
      message = "the profiles of this file keep different journals", hint = "split the file" }
  end
  found.journal, found.clients[name or ""] = journal, client
  found.list[#found.list + 1] = client
  add_limits(found.limits, profile.limits)
  return true
end

local function read_file(path)
  local file, why = io.open(path, "rb")
  local text, unread
  if file then
    text, unread = file:read("*a")
    file:close()
  end
  if not text then
    return nil, require("repay.error").new { kind = "config", field = "file",
      message = "the file cannot be read: " .. tostring(why or path .. ": " .. unread) }
  end
  return text
end

-- The rows in this state, as typed.words takes them. A row that was just planned is of this batch.
local function items_in(result, state, batch)
  local items, held = {}, {}
  for _, row in ipairs(result.rows) do
    if row.state == state then
      items[#items + 1] = { id = row.id, batch = row.entry and row.entry.batch or batch }
      held[#held + 1] = row.entry and row.entry.hold and row.id or nil
    end
  end
  return items, held
end

-- The command that takes the rows in this state one step further, or a sentence where none does.
local function next_command(context, journal, name, items, state, flags)
  local typed = require "repay.cli.typed"
  local words, batches, err = typed.words(journal, items, state)
  if err then
    return nil, err
  elseif words then
    return typed.command(context, name, words, flags)
  end
  return ("%s by their ids; the batch has more than this file: %s"):format(name,
    typed.command(context, "status", batches))
end

local function say_next(context, ...)
  local text, err = next_command(context, ...)
  if not text then
    return context:fail(err)
  end
  context:say("next: " .. text)
  return exit.done
end

local function tell_next(context, journal, result, flags)
  local typed = require "repay.cli.typed"
  local planned, held = items_in(result, "planned")
  local approved = items_in(result, "approved")
  if held[1] then
    context:say("next: " .. typed.command(context, "approve", held, "--because REASON"))
    return exit.limits
  elseif planned[1] then
    return exit.worst { exit.limits, say_next(context, journal, "approve", planned, "planned") }
  elseif approved[1] then
    return say_next(context, journal, "run", approved, "approved", flags)
  end
  context:say("every row is in the journal already, and nothing is waiting to be sent")
  return exit.done
end

-- On a terminal an id is in the way, except where it is what a person has to type.
local function columns_for_terminal(rows)
  local has_held = false
  for _, row in ipairs(rows) do
    local list = row.warnings or {}
    has_held = has_held or list[#list] == "held"
  end
  local columns = {}
  for _, column in ipairs(COLUMNS) do
    if column.name ~= "profile" and (column.name ~= "id" or has_held) then
      columns[#columns + 1] = column
    end
  end
  return columns
end

local function show(context, rows)
  require("repay.cli.payments").write(context, COLUMNS, rows, columns_for_terminal(rows))
  tell_warnings(context, rows)
end

local function refuse(context, journal, shown, err)
  if err.problems then
    return fail_rows(context, err)
  elseif shown and (err.kind == "limit_exceeded" or err.kind == "approval_required") then
    show(context, rows_of(shown))
    local planned = items_in(shown, "planned", err.batch)
    local text = planned[1] and next_command(context, journal, "approve", planned, "planned")
    err.hint = text and "all of it is planned and nothing is approved; after a look: " .. text
      or err.hint
  elseif err.hint and err.hint:find("new_journal", 1, true) then
    err.hint = "nothing was planned; if no journal was lost, say --new-journal"
  end
  return context:fail(err)
end

local function prepare(context)
  local checked, wrong = context.output:check(COLUMNS)
  if not checked then
    return nil, wrong
  end
  local text, unread = read_file(context.arguments.file)
  if not text then
    return nil, unread
  end
  local found, names = { clients = {}, list = {}, limits = {} }, profiles_of(text)
  for i = 1, math.max(#names, 1) do
    local added, err, code = add_profile(context, found, names[i])
    if not added then
      return nil, err, code
    end
  end
  return found
end

function plan.run(context)
  local payments = require "repay.cli.payments"
  local arguments = context.arguments
  local found, err, code = prepare(context)
  if not found then
    return context:fail(err, code)
  end
  local shown
  local result, failed = require("repay").workflow.repay_file(arguments.file, {
    journal = found.journal, clients = found.clients, limits = found.limits, send = false,
    dry_run = arguments.dry_run, name = arguments.name, new_journal = arguments.new_journal,
    check_lists = not arguments.no_lists,
    confirm = function(dry) shown = dry return true end,
  })
  if not result then
    return refuse(context, found.journal, shown, failed)
  end
  show(context, rows_of(result))
  tell_sums(context, result)
  if arguments.dry_run then
    context:say("nothing was written to the journal")
    return payments.worst(context, {})
  end
  return payments.worst(context, { tell_next(context, found.journal, result,
    require("repay.cli.typed").live(found.list)) })
end

return plan
