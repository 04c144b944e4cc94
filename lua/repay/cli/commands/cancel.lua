-- repay cancel: gives up repayments that were not sent.
local cancel = { example = "repay cancel 01890a5d-… --because \"wrong account\"" }

function cancel.configure(parser)
  parser:argument("what", "repayments by id; a batch: all of it that was not sent")
    :argname("ID|BATCH"):args("+")
  parser:option("--because", "the reason"):argname("REASON")
end

-- Of a batch, what may still be given up; an id that may not be is an error.
local function chosen(found)
  local list, seen = {}, {}
  for _, batch in ipairs(found.batches) do
    for _, entry in ipairs(batch.entries) do
      if entry.state == "planned" or entry.state == "approved" then
        list[#list + 1], seen[entry.id] = entry.id, true
      end
    end
  end
  for _, id in ipairs(found.ids) do
    list[#list + 1] = not seen[id] and id or nil
  end
  return list
end

function cancel.run(context)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local journal, refusal = payments.begin(context, entries.columns)
  if not journal then
    return refusal
  end
  local found, err = payments.find(journal, context.arguments.what)
  if not found then
    return context:fail(err)
  end
  local rows, codes = {}, {}
  for _, id in ipairs(chosen(found)) do
    local entry, refused = journal:cancel(id, { because = context.arguments.because })
    if entry then
      rows[#rows + 1] = entries.row(entry)
    else
      codes[#codes + 1] = context:fail(refused)
    end
  end
  payments.show(context, rows)
  context:say(("%d given up"):format(#rows))
  return payments.worst(context, codes)
end

return cancel
