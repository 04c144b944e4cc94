-- The doctor on the places where things are kept: the state directory, the latest snapshot, the
-- journal. A journal that is not there is not made.
local exit = require "repay.cli.exit"
local store = require "repay.cli.store"

local journal = {}

local function check_directory(context, add)
  local base, why = store.base(context.world)
  if not base then
    add { check = "state", result = "bad", code = exit.usage, detail = why, remedy = "set HOME" }
    return
  end
  local facts = context.world.file_facts(base)
  if not facts then
    add { check = "state", subject = base, result = "ok", detail = "made when first needed" }
  elseif facts.kind ~= "directory" or not facts.is_ours then
    add { check = "state", subject = base, result = "bad", code = exit.usage,
      detail = "it is not a directory of yours", remedy = "move it away" }
  elseif facts.others_read or facts.others_write then
    add { check = "state", subject = base, result = "warn", detail = "others can look into it",
      remedy = "chmod 700 '" .. base .. "'" }
  else
    add { check = "state", subject = base, result = "ok", detail = "yours alone" }
  end
end

-- All of them, however many: one that waits for a person may be the last.
local function count_open(opened)
  local open, person = #(opened:entries { state = { "planned", "approved" } } or {}), 0
  for _, entry in ipairs(opened:entries { state = { "sending", "unknown", "accepted" } } or {}) do
    local told = opened:explain(entry.id)
    local code = exit.of_entry(entry.state, told and told.action)
    open = open + (entry.state ~= "accepted" and 1 or 0)
    person = person + (code == exit.person and 1 or 0)
  end
  return open, person
end

local function check_journal(context, add, path)
  if not context.world.file_facts(path) then
    add { check = "journal", subject = path, result = "ok", detail = "made when first needed" }
    return
  end
  local opened, err = context:journal()
  if not opened then
    add { check = "journal", subject = path, result = "bad", code = exit.of_error(err),
      detail = err.message, remedy = err.hint or "send nothing; look for the last good backup" }
    return
  end
  local whole, problem = opened:verify()
  if not whole then
    add { check = "journal", subject = path, result = "bad", code = exit.journal,
      detail = problem.message, remedy = "send nothing; look for the last good backup" }
    return
  end
  local open, person = count_open(opened)
  add { check = "journal", subject = path, result = person > 0 and "warn" or "ok",
    detail = ("whole; %d open, %d of them for a person"):format(open, person),
    remedy = person > 0 and "repay status shows them" or nil }
end

--- Looks at it all.
function journal.check(context, add)
  check_directory(context, add)
  local profile = context:profile()
  local path = store.journal_path(context.world, context:configuration() or {}, profile or {},
    true)
  if path then
    check_journal(context, add, path)
  end
end

return journal
