-- repay replace: plans another repayment for one that had no effect: same facts, next ordinal, new
-- key. It waits for an approval like every other.
local exit = require "repay.cli.exit"

local replace = { usage = "usage: repay replace ID --because REASON [options]",
  example = "repay replace 01890a5d-… --because \"the account was unblocked\"" }

function replace.configure(parser)
  parser:argument("id", "of the repayment, or its beginning"):argname("ID")
  parser:option("--because", "the reason"):argname("REASON"):count(1)
end

function replace.run(context)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local journal, refusal = payments.begin(context, entries.columns)
  if not journal then
    return refusal
  end
  local found, missing = payments.entry(journal, context.arguments.id)
  if not found then
    return context:fail(missing)
  end
  local entry, err = journal:replace(found.id, { because = context.arguments.because })
  if not entry then
    return context:fail(err)
  end
  payments.record(context, entries.row(entry))
  context:say("next: " .. require("repay.cli.typed").command(context, "approve", { entry.id }))
  return payments.worst(context, { exit.done })
end

return replace
