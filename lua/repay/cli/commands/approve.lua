-- repay approve: a person's word that what is planned may be sent. Limits do not count here.
local approve = { example = "repay approve january.csv --because \"seen by Ada\"\n"
  .. "repay run january.csv" }

function approve.configure(parser)
  parser:argument("what", "batches by number or name, repayments by id"):argname("BATCH|ID")
    :args("+")
  parser:option("--because", "the reason; needed for what is held"):argname("REASON")
end

-- A name may have come back every month; what nobody approved in March is not approved in April by
-- the way.
local function check_batches(found)
  local of_name = {}
  for _, batch in ipairs(found.batches) do
    for _, entry in ipairs(batch.entries) do
      if entry.state == "planned" then
        local other = of_name[batch.name]
        if other and other ~= batch.number then
          return nil, require("repay.error").new { kind = "invalid_argument",
            message = ("the batches %d and %d are both called '%s' and wait for approval"):format(
              other, batch.number, batch.name:sub(1, 60)), hint = "name the one by its number" }
        end
        of_name[batch.name] = batch.number
      end
    end
  end
  return true
end

-- The ids that no batch has which is approved as a whole.
local function ids_apart(found)
  local covered, ids = {}, {}
  for _, batch in ipairs(found.batches) do
    for _, entry in ipairs(batch.entries) do
      covered[entry.id] = true
    end
  end
  for _, id in ipairs(found.ids) do
    ids[#ids + 1] = not covered[id] and id or nil
  end
  return ids
end

local function approve_all(context, journal, found)
  local because, count, ids = context.arguments.because, 0, ids_apart(found)
  for _, batch in ipairs(found.batches) do
    local done, err = journal:approve { batch = batch.number, because = because }
    if not done then
      return nil, err
    end
    count = count + done
  end
  if ids[1] then
    local done, err = journal:approve { ids = ids, because = because }
    if not done then
      return nil, err
    end
    count = count + done
  end
  return count
end

function approve.run(context)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local journal, refusal = payments.begin(context, entries.columns)
  if not journal then
    return refusal
  end
  local found, err = payments.find(journal, context.arguments.what)
  local fits = found
  if found then
    fits, err = check_batches(found)
  end
  if not fits then
    return context:fail(err)
  end
  local count, refused = approve_all(context, journal, found)
  if not count then
    if refused.kind == "approval_required" then
      refused.hint = "approve that one first: repay approve ID --because REASON"
    end
    return context:fail(refused)
  end
  local rows, failed = payments.stand(journal, found.entries)
  if not rows then
    return context:fail(failed)
  end
  payments.show(context, rows)
  local typed = require "repay.cli.typed"
  context:say(("%d approved; next: %s"):format(count,
    typed.command(context, "run", context.arguments.what, typed.live(found.entries))))
  return payments.worst(context, {})
end

return approve
