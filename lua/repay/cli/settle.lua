-- What `repay recover` and `repay reconcile` have in common: open repayments, the lists that can
-- say what became of them, and what is left for later or for a person.
local entries = require "repay.cli.entries"
local payments = require "repay.cli.payments"

local settle = {}

local OPEN = { sending = true, unknown = true, accepted = true }
-- After recover nothing that was begun is left aside.
local BEGUN = { approved = true }

local function open_entries(journal, also)
  local steps, err = payments.next_steps(journal)
  if not steps then
    return nil, err
  end
  local list = {}
  for id, next_step in pairs(steps) do
    if OPEN[next_step.state] or also and BEGUN[next_step.state] then
      local entry, failed = journal:entry(id)
      if not entry then
        return nil, failed
      end
      list[#list + 1] = entry
    end
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  return list, steps
end

local function is_to_be_sent(list, steps)
  for _, entry in ipairs(list) do
    if steps[entry.id].action == "resend" then
      return true
    end
  end
  return false
end

-- What was open before, as it is now, and what that means.
local function show(context, journal, list, result)
  local rows, codes = payments.stand(journal, list)
  if not rows then
    return context:fail(codes)
  end
  payments.show(context, rows)
  if result then
    payments.join(codes, payments.failure_codes(context, result.failures),
      result.run and payments.run_codes(result.run) or {})
  end
  payments.tell_open(context, rows, result and result.stopped)
  return payments.worst(context, codes)
end

-- The clients of what is open. Only what sends needs to be allowed to.
local function clients_of(context, list, sends)
  local clients, orphans = payments.clients(context, list)
  if not clients then
    return nil, orphans
  end
  payments.tell_orphans(context, orphans)
  if sends then
    local allowed, refused = payments.check_live(context, clients)
    if not allowed then
      return nil, refused
    end
  end
  return clients
end

--- Runs one of the two commands. what: resend, offline.
function settle.run(context, what)
  local journal, refusal = payments.begin(context, entries.columns)
  if not journal then
    return refusal
  end
  local list, steps = open_entries(journal, what.resend)
  if not list then
    return context:fail(steps)
  elseif not list[1] or what.offline then
    return show(context, journal, list)
  end
  local clients, err = clients_of(context, list, what.resend and is_to_be_sent(list, steps))
  if not clients then
    return context:fail(err)
  elseif not clients[1] then
    return show(context, journal, list)
  end
  local result, failed = require("repay.cli.guard").run(context, function(stop_when)
    return require("repay").workflow.reconcile.run { journal = journal, clients = clients,
      resend = what.resend, stop_when = stop_when }
  end)
  if not result then
    return context:fail(failed)
  end
  return show(context, journal, list, result)
end

return settle
