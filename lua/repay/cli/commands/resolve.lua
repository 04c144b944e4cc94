-- repay resolve: a person's word on a repayment whose outcome nobody else can tell.
local exit = require "repay.cli.exit"

local resolve = {
  usage = "usage: repay resolve ID --as WORD --because REASON [options]",
  example = "repay resolve 01890a5d-… --as accepted --record-id R-1 \\\n"
  .. "  --because \"seen on the provider's screen\"",
}

local AS = { accepted = "accepted", paid = "accepted", absent = "absent" }

function resolve.configure(parser)
  parser:argument("id", "of the repayment, or its beginning"):argname("ID")
  parser:option("--as", "accepted, or paid: the provider has recorded it; absent: it has not")
    :argname("WORD"):choices { "accepted", "paid", "absent" }:count(1)
  parser:option("--record-id", "the provider's id of it"):argname("ID")
  parser:option("--because", "how it is known"):argname("REASON"):count(1)
end

function resolve.run(context)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local arguments = context.arguments
  local journal, refusal = payments.begin(context, entries.columns)
  if not journal then
    return refusal
  end
  local found, missing = payments.entry(journal, arguments.id)
  if not found then
    return context:fail(missing)
  end
  local entry, err = journal:resolve(found.id, { as = AS[arguments.as],
    record_id = arguments.record_id, because = arguments.because })
  if not entry then
    return context:fail(err)
  end
  payments.record(context, entries.row(entry))
  context:say("next: " .. entries.next_sentence(entry, nil,
    require("repay.cli.typed").options(context)))
  return payments.worst(context, { exit.done })
end

return resolve
