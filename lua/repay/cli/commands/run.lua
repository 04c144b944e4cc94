-- repay run: sends what is approved of a batch, the first row alone, then the rest. Run again it
-- goes on where it was.
local run = { example = "repay run january.csv\nrepay run 3 --reconcile" }

function run.configure(parser)
  parser:argument("what", "batches by number or name, repayments by id"):argname("BATCH|ID")
    :args("*")
  parser:flag("--all", "everything that is approved")
  parser:flag("--no-canary", "do not send the first one alone")
  parser:flag("--reconcile", "then ask the provider's lists what became of it")
  require("repay.cli.payments").configure_live(parser)
end

local function choose(context, journal)
  local payments = require "repay.cli.payments"
  local words = context.arguments.what
  if (#words > 0) == (context.arguments.all or false) then
    return nil, require("repay.error").new { kind = "invalid_argument",
      message = "say which batch or which repayments, or --all for everything that is approved" }
  elseif #words > 0 then
    return payments.find(journal, words)
  end
  local steps, err = payments.next_steps(journal)
  if not steps then
    return nil, err
  end
  local found = { batches = {}, ids = {}, entries = {} }
  for id, next_step in pairs(steps) do
    if next_step.action == "send" or next_step.action == "resend" then
      local entry, failed = journal:entry(id)
      if not entry then
        return nil, failed
      end
      found.entries[#found.entries + 1] = entry
    end
  end
  table.sort(found.entries, function(a, b) return a.number < b.number end)
  return found
end

local MAY_BE_SENT = { approved = true, sending = true, unknown = true }

local function to_send(found)
  local list, ids = {}, {}
  for _, entry in ipairs(found.entries) do
    if MAY_BE_SENT[entry.state] then
      list[#list + 1] = entry
      ids[#ids + 1] = entry.id
    end
  end
  return list, ids
end

local function send(context, journal, clients, ids)
  local progress = context:progress("sending")
  local failed = 0
  local ran, err, decided = require("repay.cli.guard").run(context, function(stop_when)
    local sent, problem = journal:run(clients, { ids = ids, stop_when = stop_when,
      canary = not context.arguments.no_canary,
      on_progress = function(at, total, entry)
        failed = failed + (entry and entry.state == "accepted" and 0 or 1)
        progress:update(at, total, failed)
      end })
    if sent and sent.stopped ~= "interrupted" and context.arguments.reconcile then
      local decisions, unread = journal:reconcile(clients, { stop_when = stop_when })
      return sent, nil, decisions or { failures = { unread } }
    end
    return sent, problem
  end, progress)
  progress:finish()
  return ran, err, decided
end

-- One line for each way in which attempts failed, however many there were.
local function tell_errors(context, ran)
  local told = {}
  for _, each in ipairs(ran.entries) do
    local key = each.err and tostring(each.err.kind) .. tostring(each.err.message)
    if key and not told[key] then
      told[key] = true
      require("repay.cli.payments").fail(context, each.err)
    end
  end
end

-- A person looks for what is not done; so many rows that are would hide it.
local ROWS_ON_A_TERMINAL = 40

local function shown_of(context, rows, codes)
  if context.output.form ~= "table" or #rows <= ROWS_ON_A_TERMINAL then
    return rows
  end
  local list = {}
  for at, row in ipairs(rows) do
    list[#list + 1] = codes[at] ~= 0 and row or nil
  end
  return list
end

-- What the words meant, as it is now.
local function show(context, journal, found, ran, decided)
  local payments = require "repay.cli.payments"
  local entries = require "repay.cli.entries"
  local rows, codes = payments.stand(journal, found.entries)
  if not rows then
    return context:fail(codes)
  end
  local shown = shown_of(context, rows, codes)
  payments.show(context, shown)
  local typed = require "repay.cli.typed"
  local go_on = typed.command(context, context.arguments.all and "run --all" or "run",
    context.arguments.what, typed.live(found.entries))
  if ran then
    tell_errors(context, ran)
    payments.tell_stopped(context, ran, go_on)
    payments.join(codes, payments.run_codes(ran))
  end
  payments.join(codes, payments.failure_codes(context, decided and decided.failures))
  local states = entries.count(rows)
  context:say(entries.summary(states) .. (#shown < #rows
    and "; what is done is not shown (repay status --all)" or ""))
  if states.planned then
    context:say(("%d wait for an approval: %s"):format(states.planned,
      typed.command(context, "approve", context.arguments.what)))
  end
  if not ran then
    context:say("nothing of it is waiting to be sent")
  end
  return payments.worst(context, codes)
end

function run.run(context)
  local payments = require "repay.cli.payments"
  local journal, refusal = payments.begin(context, require("repay.cli.entries").columns)
  if not journal then
    return refusal
  end
  local found, err = choose(context, journal)
  if not found then
    return context:fail(err)
  end
  local list, ids = to_send(found)
  local clients, orphans = payments.clients(context, list)
  if not clients then
    return context:fail(orphans)
  end
  payments.tell_orphans(context, orphans)
  if not clients[1] then
    return show(context, journal, found)
  end
  local allowed, refused = payments.check_live(context, clients)
  if not allowed then
    return context:fail(refused)
  end
  local ran, failed, decided = send(context, journal, clients, ids)
  if not ran then
    return context:fail(failed)
  end
  return show(context, journal, found, ran, decided)
end

return run
