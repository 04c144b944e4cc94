-- repay pay: one repayment, from the words to what became of it. Said again it goes on where it was
-- and sends nothing that was sent.
local exit = require "repay.cli.exit"

local pay = {
  usage = "usage: repay pay --amount DECIMAL --reference TEXT [options]",
  example = "repay pay --customer-id ID --account-id ID --bank-account-id ID \\\n"
    .. "  --amount 5000.00 --reference TRF-77",
}

-- What providers' repayments take; a spec holds this list against them.
local FACTS = {
  { "customer-id", "ID", "the customer, as the provider knows them" },
  { "account-id", "ID", "the loan's account" },
  { "bank-account-id", "ID", "the bank account that it is paid from" },
  { "user-id", "ID", "the user, where that is not the customer" },
  { "amount", "DECIMAL", "in major units, like 5000.00" },
  { "reference", "TEXT", "tells this repayment from the next one" },
  { "payment-date", "DAY", "YYYY-MM-DD (default: today); part of what it is" },
  { "narration", "TEXT", "for the provider's records" },
  { "installment", "TEXT", "part of what it is, for the journal alone" },
  { "ordinal", "N", "tells equal repayments of one day apart (from 1)" },
  { "loan-id", "ID", "kept with the repayment" },
}
local OWN = { installment = true, ordinal = true, loan_id = true }

function pay.configure(parser)
  for _, fact in ipairs(FACTS) do
    parser:option("--" .. fact[1], fact[3]):argname(fact[2])
  end
  parser:option("--because", "the reason why one that is held goes all the same")
    :argname("REASON")
  parser:flag("--dry-run", "show it and what is to be looked at; plan and send nothing")
  local payments = require "repay.cli.payments"
  payments.configure_provider(parser)
  payments.configure_live(parser)
end

local function invalid(name, message)
  return nil, require("repay.error").new { kind = "invalid_argument", field = name,
    message = message }
end

local function option_of(name)
  return "--" .. name:gsub("_", "-")
end

local function given_of(arguments)
  local given = {}
  for _, fact in ipairs(FACTS) do
    local name = fact[1]:gsub("-", "_")
    given[name] = arguments[name]
  end
  return given
end

-- What is missing and what is too much is said by the names of the options.
local function check_names(given, client)
  local operation = require("repay.options").provider(client.provider).operations.repay
  if not operation then
    return true -- that it cannot repay at all is said where it is asked
  end
  local known, missing = {}, {}
  for _, parameter in ipairs(operation.parameters) do
    known[parameter.name] = true
    if parameter.required and not given[parameter.name] then
      missing[#missing + 1] = option_of(parameter.name)
    end
  end
  if missing[1] then
    return invalid(missing[1], ("%s %s missing"):format(table.concat(missing, ", "),
      missing[2] and "are" or "is"))
  end
  for name in pairs(given) do
    if not known[name] and not OWN[name] then
      return invalid(name, ("%s takes no %s"):format(client.provider, option_of(name)))
    end
  end
  return true
end

local function repayment_of(arguments, client)
  local given = given_of(arguments)
  local fits, err = check_names(given, client)
  if not fits then
    return nil, err
  elseif not given.reference and not given.payment_date then
    return invalid("reference", "--reference or --payment-date is missing: without one of them "
      .. "this repayment could not be told from the same one tomorrow")
  elseif given.ordinal then
    local ordinal = #given.ordinal <= 6 and given.ordinal:find("^[1-9]%d*$")
      and tonumber(given.ordinal)
    if not ordinal then
      return invalid("ordinal", "--ordinal must be a whole number from 1")
    end
    given.ordinal = ordinal
  end
  return given
end

local function tell_warnings(context, result)
  local texts = require("repay.bulk.warnings").texts
  for _, word in ipairs(result.warned) do
    context:warn(texts[word])
  end
end

local function row_of(entry, next_step)
  return require("repay.cli.entries").row(entry, next_step)
end

local function show_dry_run(context, result)
  local payments = require "repay.cli.payments"
  local planned = result.planned
  tell_warnings(context, result)
  if result.existing then
    context:say("the journal has it already: nothing would be sent that was sent")
    payments.record(context, row_of(result.entry))
    return payments.worst(context, {})
  end
  local row = row_of(planned)
  row.state, row.why = "new", "it would be planned, and sent if it is within the limits"
  payments.record(context, row)
  return payments.worst(context, {})
end

-- How to go on, where it did not come to a send.
local function refuse(context, err)
  if err.entry and (err.kind == "limit_exceeded" or err.kind == "approval_required") then
    err.hint = "nothing was sent; after a look: " .. require("repay.cli.typed").command(context,
      "approve", { err.entry }, "--because REASON")
  elseif err.field == "amount" then
    err.hint = err.hint or "in major units and without separators, like 5000.00"
  end
  return context:fail(err)
end

-- That it is there already, and is no repayment, must not pass for success.
local NOT_MADE = { cancelled = true, expired = true }

local function tell_end(context, result, next_step)
  local entries = require "repay.cli.entries"
  local entry = result.entry
  if result.existing and result.run.total == 0 then
    context:say(("the journal has this repayment already (%s); nothing was sent"):format(
      entry.state))
  end
  if result.err and entry.state ~= "accepted" and entry.state ~= "verified" then
    require("repay.cli.payments").fail(context, result.err)
  end
  local sentence = entries.next_sentence(entry, next_step,
    require("repay.cli.typed").options(context))
  if sentence:find("^nothing") == nil or NOT_MADE[entry.state] then
    context:say("next: " .. sentence)
  end
end

local function show(context, journal, result)
  local entries = require "repay.cli.entries"
  local payments = require "repay.cli.payments"
  local explained, err = journal:explain(result.entry.id)
  if not explained then
    return context:fail(err)
  end
  local entry = explained.entry
  result.entry = entry
  tell_warnings(context, result)
  payments.record(context, row_of(entry, explained))
  tell_end(context, result, explained)
  local codes = payments.run_codes(result.run)
  codes[#codes + 1] = NOT_MADE[entry.state] and exit.failed or entries.code(entry, explained)
  return payments.worst(context, codes)
end

-- The profile, its client and what is to be repaid; nil and an error.
local function prepare(context)
  local profile, err = context:profile()
  if not profile then
    return nil, err
  end
  local client, unopened = require("repay.cli.payments").client(context)
  if not client then
    return nil, unopened
  end
  local repayment, misused = repayment_of(context.arguments, client)
  if not repayment then
    return nil, misused
  elseif not context.arguments.dry_run then
    local allowed, refused = require("repay.cli.payments").check_live(context, { client })
    if not allowed then
      return nil, refused
    end
  end
  return { profile = profile, client = client, repayment = repayment }
end

function pay.run(context)
  local payments = require "repay.cli.payments"
  local arguments = context.arguments
  local wanted, err = prepare(context)
  if not wanted then
    return context:fail(err)
  end
  local journal, refusal = payments.begin(context, require("repay.cli.entries").columns)
  if not journal then
    return refusal
  end
  local result, failed = require("repay.cli.guard").run(context, function(stop_when)
    return require("repay").workflow.repay_one(wanted.repayment, {
      journal = journal, client = wanted.client, limits = wanted.profile.limits,
      because = arguments.because, dry_run = arguments.dry_run, stop_when = stop_when,
      today = (arguments.as_of or arguments.zone) and context.as_of or nil,
    })
  end)
  if not result then
    return refuse(context, failed)
  elseif arguments.dry_run then
    return show_dry_run(context, result)
  end
  return show(context, journal, result)
end

pay.facts = FACTS

return pay
