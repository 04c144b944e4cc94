-- repay explain: the story of one repayment, with the evidence of every decision.
local exit = require "repay.cli.exit"

local explain = { example = "repay explain 01890a5d-…" }

function explain.configure(parser)
  parser:argument("id", "of the repayment, its beginning, or its idempotency key"):argname("ID")
end

-- Whoever asks the provider about a repayment needs its key and the ids of its attempts; nowhere
-- else are they printed.
local FACTS = {
  { "id" }, { "state" }, { "why" }, { "next" }, { "provider" }, { "environment" },
  { "profile" }, { "mode" }, { "customer" }, { "account" }, { "loan" }, { "installment" },
  { "amount_minor" }, { "currency" }, { "payment_date" }, { "reference" }, { "ordinal" },
  { "batch" }, { "row" }, { "hold" }, { "receipt_id" }, { "record_id" }, { "provider_status" },
  { "idempotency_key" }, { "planned_at" }, { "first_sent_at" }, { "settles_at" }, { "because" },
}

local EVENTS = {
  { name = "at" }, { name = "from" }, { name = "to" }, { name = "why" },
  { name = "evidence" }, { name = "who", label = "By", drop = 2 },
}

local ATTEMPTS = {
  { name = "number", kind = "whole", label = "#" }, { name = "began_at", label = "Began" },
  { name = "ended_at", label = "Ended" }, { name = "outcome" }, { name = "kind" },
  { name = "http_status", kind = "text", label = "HTTP" }, { name = "message" },
  { name = "interaction_id", drop = 3 },
}

-- Evidence says its moments in milliseconds.
local function moment_at(digits)
  return #digits == 13 and "at " .. require("repay.journal.words").moment(tonumber(digits)) or nil
end

local function story_of(explained, options)
  local words = require "repay.journal.words"
  local entries = require "repay.cli.entries"
  local entry, events, attempts = explained.entry, {}, {}
  for i, event in ipairs(explained.events) do
    events[i] = { at = words.moment(event.at_ms), from = event.from, to = event.to,
      why = words.of(event.why), who = event.who,
      evidence = event.evidence and event.evidence:gsub("at (%d+)%f[%D]", moment_at) }
  end
  for i, attempt in ipairs(explained.attempts) do
    attempts[i] = { number = attempt.number, began_at = words.moment(attempt.started_ms),
      ended_at = words.moment(attempt.ended_ms), outcome = attempt.outcome, kind = attempt.kind,
      http_status = attempt.http_status ~= 0 and attempt.http_status or nil,
      message = attempt.message,
      interaction_id = attempt.interaction_id }
  end
  local facts = {}
  for name, value in pairs(entry) do
    facts[name] = value
  end
  facts.why = entries.row(entry, explained).why
  facts.next = entries.next_sentence(entry, explained, options)
  facts.profile, facts.idempotency_key = entry.label, entry.key
  facts.ordinal = entry.ordinal > 1 and entry.ordinal or nil
  facts.planned_at = words.moment(entry.planned_ms)
  facts.first_sent_at = words.moment(entry.first_sent_ms)
  facts.settles_at = entry.state == "unknown" and words.moment(entry.settle_until_ms) or nil
  return facts, attempts, events
end

local function columns_of_facts()
  local columns = {}
  for i, fact in ipairs(FACTS) do
    columns[i] = { name = fact[1], kind = fact[1] == "amount_minor" and "money" or nil }
  end
  return columns
end

local function as_json(context, facts, attempts, events)
  local json = require "repay.cli.json"
  local members = {}
  for i, fact in ipairs(FACTS) do
    members[i] = { fact[1], facts[fact[1]] }
  end
  local function list_of(columns, rows)
    local list = {}
    for at, row in ipairs(rows) do
      list[at] = {}
      for i, column in ipairs(columns) do
        list[at][i] = { column.name, row[column.name] }
      end
      list[at] = json.of(list[at])
    end
    return list
  end
  members[#members + 1] = { "attempts", list_of(ATTEMPTS, attempts) }
  members[#members + 1] = { "events", list_of(EVENTS, events) }
  context.output:document(members)
end

-- A person reads sentences; a table would cut them.
local function as_text(context, facts, attempts, events)
  local output = context.output
  local function clean(text)
    return require("repay.report.measure").clean(tostring(text))
  end
  output:record(columns_of_facts(), facts)
  for _, attempt in ipairs(attempts) do
    output:text("\n" .. clean(("Attempt %d, %s to %s: %s%s%s%s"):format(attempt.number,
      attempt.began_at, attempt.ended_at or "?", attempt.outcome or "its end is not known",
      attempt.kind and ", " .. attempt.kind or "",
      attempt.http_status and ", HTTP " .. attempt.http_status or "",
      attempt.message and ": " .. attempt.message or "")) .. "\n")
    if attempt.interaction_id then
      output:text("  interaction " .. clean(attempt.interaction_id) .. "\n")
    end
  end
  output:text("\n")
  for _, event in ipairs(events) do
    local move = event.from and event.from ~= event.to and event.from .. " to " .. event.to
      or event.to
    local why = event.why ~= event.to and ": " .. clean(event.why) or ""
    output:text(("%s  %s%s%s\n"):format(event.at, move, why,
      event.who and " (" .. clean(event.who) .. ")" or ""))
    if event.evidence and event.evidence ~= "" then
      output:text((" "):rep(22) .. clean(event.evidence) .. "\n")
    end
  end
end

local function as_tabs(context, facts, attempts, events)
  local output = context.output
  output:record(columns_of_facts(), facts)
  if attempts[1] then
    output:text("\n")
    output:rows(ATTEMPTS, attempts)
  end
  output:text("\n")
  output:rows(EVENTS, events)
end

function explain.run(context)
  local payments = require "repay.cli.payments"
  local journal, refusal = payments.begin(context)
  if not journal then
    return refusal
  end
  local found, missing = payments.entry(journal, context.arguments.id)
  if not found then
    return context:fail(missing)
  end
  local explained, err = journal:explain(found.id)
  if not explained then
    return context:fail(err)
  end
  local facts, attempts, events = story_of(explained,
    require("repay.cli.typed").options(context))
  local form = context.output.form
  if context.output:is_json() then
    as_json(context, facts, attempts, events)
  elseif form == "csv" then
    context.output:rows(EVENTS, events)
  else
    (form == "table" and as_text or as_tabs)(context, facts, attempts, events)
  end
  return exit.done
end

return explain
