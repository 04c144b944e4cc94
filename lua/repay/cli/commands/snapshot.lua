-- repay snapshot: what was fetched before: the list, the path of one, what is in it, and an end to
-- the old ones.
local words = require "repay.cli.words"

local snapshot = {
  example = "repay snapshot list\nrepay snapshot path 2026-11-20\n"
    .. "repay snapshot prune --keep 30 --yes",
}

local ACTIONS = { "list", "path", "show", "prune" }

local LIST = {
  { name = "name" }, { name = "day", kind = "day" }, { name = "path", drop = 5 },
}
local ITEMS = {
  { name = "provider" }, { name = "profile", drop = 3 },
  { name = "id", label = "Id", id = true, shrink = 20 },
  { name = "operation", drop = 2 },
  { name = "result", tone = function(value)
    return value == "fetched" and "good" or value == "not_found" and "faint" or "bad"
  end },
  { name = "installments", kind = "whole" }, { name = "tags", kind = "list", drop = 1 },
  { name = "message", drop = 4 },
}
local PRUNED = { { name = "path" }, { name = "result" } }

function snapshot.configure(parser)
  parser:argument("action", table.concat(ACTIONS, ", ")):choices(ACTIONS)
  parser:argument("snapshot", "path, show: a name, a day or a directory; else the latest")
    :args("?")
  parser:option("--keep", "prune: so many of the newest stay"):argname("N")
    :convert(words.whole(1, 100000))
  parser:flag("--yes", "prune: do it; without it a person is asked")
  parser:flag("--dry-run", "prune: only say what would go")
end

local actions = {}

function actions.list(context)
  local list, err = require("repay.cli.source").list(context)
  if not list then
    return context:fail(err)
  end
  context.output:rows(LIST, list)
  return 0
end

function actions.path(context)
  local path, err = require("repay.cli.source").find(context, context.arguments.snapshot)
  if not path then
    return context:fail(err)
  end
  context.output:text(path .. "\n")
  return 0
end

function actions.show(context)
  local source = require "repay.cli.source"
  local path, err = source.find(context, context.arguments.snapshot)
  if not path then
    return context:fail(err)
  end
  local fetched, problem = source.load(context, path)
  if not fetched then
    return context:fail(problem)
  end
  local rows = {}
  for i, item in ipairs(fetched.items) do
    rows[i] = { provider = item.provider, id = item.id,
      operation = item.operation, tags = item.tags,
      profile = item.profile or item.schedule and item.schedule.label,
      result = item.err and item.err.kind or "fetched", message = item.err and item.err.message,
      installments = item.schedule and #item.schedule }
  end
  context.output:rows(ITEMS, rows)
  return 0
end

local function wants_it(context, count)
  if context.arguments.yes or context.arguments.dry_run or count == 0 then
    return true
  end
  return context:confirm(("Remove %d snapshots?"):format(count))
end

function actions.prune(context)
  local pruning, source = require "repay.cli.pruning", require "repay.cli.source"
  local keep = context.arguments.keep
  if not keep then
    return context:fail(require("repay.error").new { kind = "invalid_argument",
      operation = "snapshot", message = "prune needs --keep N" })
  end
  local list, err, parent = source.list(context)
  if not list then
    return context:fail(err)
  end
  local chosen = pruning.choose(list, parent, keep)
  local agreed, problem = wants_it(context, #chosen)
  if problem then
    return context:fail(problem)
  elseif not agreed then
    context:say("nothing was removed")
    return 0
  end
  local rows, code = {}, 0
  for i, path in ipairs(chosen) do
    local result = "would go"
    if not context.arguments.dry_run then
      local removed, why = pruning.remove(path)
      result, code = removed and "removed" or "not removed: " .. why, removed and code or 1
    end
    rows[i] = { path = path, result = result }
  end
  context.output:rows(PRUNED, rows)
  return code
end

function snapshot.run(context)
  return actions[context.arguments.action](context)
end

return snapshot
