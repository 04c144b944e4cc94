-- repay journal: whether it is whole, and a copy of it.
local exit = require "repay.cli.exit"

local journal_command = { usage = "usage: repay journal verify|backup PATH [options]",
  example = "repay journal verify\nrepay journal backup /safe/place/journal.db" }

function journal_command.configure(parser)
  parser:argument("what", "verify: every page and every event is as it was written;\n"
    .. "backup: a copy, while it is used"):choices { "verify", "backup" }
  parser:argument("path", "of the copy; nothing may be there yet"):argname("PATH"):args("?")
end

local VERIFIED = {
  { name = "journal" },
  { name = "pages", kind = "whole" },
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

function journal_command.run(context)
  local payments = require "repay.cli.payments"
  local what, path = context.arguments.what, context.arguments.path
  if (what == "backup") ~= (path ~= nil) then
    return context:fail(require("repay.error").new { kind = "invalid_argument",
      message = what == "backup" and "say where the copy belongs: repay journal backup PATH"
        or "verify takes no path" })
  end
  local journal, refusal = payments.begin(context)
  if not journal then
    return refusal
  end
  return (what == "verify" and verify or backup)(context, journal)
end

return journal_command
