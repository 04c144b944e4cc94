-- repay journal: whether it is whole, a copy of it, and a copy that takes its place.
local exit = require "repay.cli.exit"

local journal_command = { usage = "usage: repay journal verify|backup PATH|moved [options]",
  example = "repay journal verify\nrepay journal backup /safe/place/journal.db" }

function journal_command.configure(parser)
  parser:argument("what", "verify: every page and every event is as it was written;\n"
    .. "backup: a copy, while it is used;\n"
    .. "moved: this copy is now the journal, and no other of it is in use")
    :choices { "verify", "backup", "moved" }
  parser:argument("path", "of the copy; nothing may be there yet"):argname("PATH"):args("?")
end

local VERIFIED = {
  { name = "journal" },
  { name = "pages", kind = "whole" },
  { name = "pages_without_checksum", kind = "whole" },
  { name = "entries", kind = "whole", label = "Repayments" },
  { name = "events", kind = "whole" },
}

local function verify(context, journal)
  local verified, err = journal:verify()
  if not verified then
    err.hint = err.hint or "send nothing; keep the file, and take the last good backup"
    return context:fail(err, exit.journal)
  end
  verified.journal = journal.path
  context.output:record(VERIFIED, verified)
  if verified.pages_without_checksum > 0 then
    context:say("another program of SQLite has written pages of the journal: a byte that changes "
      .. "in them may go unseen until they are written again; a backup has checksums for all")
  end
  context:say("the journal is whole")
  return exit.done
end

local function backup(context, journal)
  local path = context.arguments.path
  local done, err = journal:backup(path)
  if not done then
    return context:fail(err, exit.journal)
  end
  context.output:record({ { name = "journal" }, { name = "backup" } },
    { journal = journal.path, backup = path })
  return exit.done
end

-- Two of one journal would both send what both hold as approved: so a copy sends nothing until a
-- person has said this.
local function moved(context, journal)
  context.output:record({ { name = "journal" } }, { journal = journal.path })
  context:say("this is the journal now; look at what it holds: repay status")
  return exit.done
end

function journal_command.run(context)
  local payments = require "repay.cli.payments"
  local what, path = context.arguments.what, context.arguments.path
  if (what == "backup") ~= (path ~= nil) then
    return context:fail(require("repay.error").new { kind = "invalid_argument",
      message = what == "backup" and "say where the copy belongs: repay journal backup PATH"
        or what .. " takes no path" })
  end
  local journal, refusal = payments.begin(context, nil, nil, what == "moved")
  if not journal then
    return refusal
  end
  return ({ verify = verify, backup = backup, moved = moved })[what](context, journal)
end

return journal_command
