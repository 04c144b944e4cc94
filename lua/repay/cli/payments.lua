-- What the commands around repayments share: which entries the words of a command line mean, the
-- clients that they belong to, whether real money may be sent, and what is said of a run.
local check_entry = require "repay.cli.entries"
local exit = require "repay.cli.exit"

local payments = {}

local function fault(kind, message, hint)
  return nil, require("repay.error").new { kind = kind, message = message, hint = hint }
end

--- The exit code of a journal that could not be opened: what is wrong with its place is the
--- journal's matter, what is wrong with the configuration is not.
function payments.journal_code(err)
  return err.operation ~= "configuration" and exit.journal or nil
end

--- The journal of a command that writes rows of these columns; nil and an exit code where it cannot
--- be used, or where the words ask for columns that there are not. `moved`: see context:journal.
function payments.begin(context, columns, profile, moved)
  if columns then
    local fits, err = context.output:check(columns)
    if not fits then
      return nil, context:fail(err)
    end
  end
  local journal, unusable = context:journal(profile, moved)
  if not journal then
    return nil, context:fail(unusable, payments.journal_code(unusable))
  end
  return journal
end

-- The providers of a profile that take repayments; all of them where none does, so that the error
-- is the provider's own.
local function paying(context, profile)
  local options = require "repay.options"
  local all, found = context:providers(profile), {}
  for _, provider in ipairs(all) do
    local description = options.provider(provider)
    if description and description.operations.repay then
      found[#found + 1] = provider
    end
  end
  return found[1] and found or all
end

--- The client of a profile that repayments go through: that of --provider, or of the one provider
--- in it that takes them.
function payments.client(context, name)
  local profile, err = context:profile(name)
  if not profile then
    return nil, err
  end
  local provider = context.arguments.provider
  if not provider then
    local found = paying(context, profile)
    if #found > 1 then
      return fault("config", ("the profile '%s' has several providers that take repayments")
        :format(profile.name), "--provider takes one of: " .. table.concat(found, ", "))
    end
    provider = found[1]
  end
  return context:client(provider, name)
end

--- The option of commands that begin a repayment.
function payments.configure_provider(parser)
  parser:option("--provider", "where the profile has several that take repayments")
    :argname("NAME")
end

--- The option of commands that send.
function payments.configure_live(parser)
  parser:flag("--live", "send real money; the profile must say environment = \"live\"")
end

--- True where the clients may send; nil and an error. `--live` on a sandbox is refused too: whoever
--- says it believes that money moves.
function payments.check_live(context, clients)
  for _, client in ipairs(clients) do
    if context.arguments.live and client.environment ~= "live" then
      return fault("config", ("--live was given, and the profile '%s' does not say environment = "
        .. "\"live\""):format(client.label or "?"), "leave --live out, or choose the live profile")
    end
    local allowed, err = context:require_live(client)
    if not allowed then
      return nil, err
    end
  end
  return true
end

local function label_of(profile)
  return type(profile.label) == "string" and profile.label or profile.name
end

local function has_provider(context, profile, provider)
  for _, each in ipairs(context:providers(profile)) do
    if each == provider then
      return true
    end
  end
  return false
end

-- The profile whose client sends an entry, or nil.
local function profile_of(context, loaded, entry)
  local config = require "repay.cli.config"
  local names = context.arguments.profile and { context.arguments.profile } or config.names(loaded)
  for _, name in ipairs(names) do
    local profile = context:profile(name)
    if profile and label_of(profile) == (entry.label or "")
      and has_provider(context, profile, entry.provider) then
      return name
    end
  end
  return nil
end

--- The clients that the entries were planned with, by the profiles that are configured now, and the
--- entries that no profile is there for; nil and an error where a profile cannot be opened.
function payments.clients(context, list)
  local loaded, err = context:configuration()
  if not loaded then
    return nil, err
  end
  local clients, known, orphans = {}, {}, {}
  for _, entry in ipairs(list) do
    local slot = entry.provider .. "\0" .. (entry.label or "")
    if known[slot] == nil then
      local name = profile_of(context, loaded, entry)
      local client, problem
      if name then
        client, problem = context:client(entry.provider, name)
      end
      if problem then
        return nil, problem
      end
      known[slot] = client or false
      clients[#clients + 1] = client
    end
    if not known[slot] or (known[slot].environment or "") ~= (entry.environment or "") then
      orphans[#orphans + 1] = entry
    end
  end
  return clients, orphans
end

--- Says which profiles are missing.
function payments.tell_orphans(context, orphans)
  local told = {}
  for _, entry in ipairs(orphans) do
    local text = ("no profile is chosen or configured for %s, '%s'%s"):format(entry.provider,
      entry.label or "", entry.environment and ", " .. entry.environment or "")
    if not told[text] then
      told[text] = true
      context:warn(text .. ": what was planned with it is left alone")
    end
  end
end

local function is_id(word)
  return word:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+$") ~= nil and #word == 36
end

-- Shorter, a word is more likely to be a batch that there is not.
local BEGINS_ID = "^%x%x%x%x%x%x%x%x[%x%-]*$"

--- The entry with this id, this key, or an id that begins so; nil and an error, also where several
--- begin so.
function payments.entry(journal, word)
  local ids = require "repay.cli.ids"
  local entry, missing = journal:entry(word)
  local begin = ids.typed(word):lower()
  if entry or missing.kind ~= "not_found" or is_id(word) or not begin:find(BEGINS_ID) then
    return entry, missing
  end
  local all, failed = journal:entries {}
  if not all then
    return nil, failed
  end
  local list, by_id = {}, {}
  for i, each in ipairs(all) do
    list[i], by_id[each.id] = each.id, each
  end
  local id, ambiguous = ids.find(begin, list)
  return by_id[id or ""], not id and (ambiguous or missing) or nil
end

-- All batches of this number, or else of this name.
local function find_batches(journal, word)
  local batches, err = journal:batches()
  if not batches then
    return nil, err
  end
  local found = {}
  for _, batch in ipairs(batches) do
    if word:find("^%d+$") and ("%d"):format(batch.number) == word then
      return { batch }
    elseif batch.name == word then
      found[#found + 1] = batch
    end
  end
  return found
end

-- Whatever was named already stays one: true for the first time.
local function is_new(seen, name)
  local is_first = not seen[name]
  seen[name] = true
  return is_first
end

local function add_entries(result, list, seen)
  for _, entry in ipairs(list) do
    if is_new(seen, entry.id) then
      result.entries[#result.entries + 1] = entry
    end
  end
end

local function add_word(result, journal, word, seen)
  local batches, err = {}, nil
  if not is_id(word) then
    batches, err = find_batches(journal, word)
  end
  if not batches then
    return nil, err
  end
  for _, batch in ipairs(batches) do
    local list, failed = journal:entries { batch = batch.number }
    if not list then
      return nil, failed
    end
    if is_new(seen, "batch " .. batch.number) then
      result.batches[#result.batches + 1] = { number = batch.number, name = batch.name,
        entries = list }
      add_entries(result, list, seen)
    end
  end
  if batches[1] then
    return true
  end
  local entry, missing = payments.entry(journal, word)
  if not entry and missing.kind == "not_found" then
    return fault("not_found", ("the journal has no batch and no repayment '%s'")
      :format(word:sub(1, 60)), "repay status --all shows what there is")
  elseif not entry then
    return nil, missing
  end
  if is_new(seen, "id " .. entry.id) then
    result.ids[#result.ids + 1] = entry.id
    add_entries(result, { entry }, seen)
  end
  return true
end

--- What the words mean: { batches, ids, entries }. A word is the number or the name of a batch, or
--- the id of a repayment, its beginning or the key; a name means all batches that have it. Each is
--- there once, but `ids` may have some of the batches' own.
function payments.find(journal, list)
  local result, seen = { batches = {}, ids = {}, entries = {} }, {}
  for _, word in ipairs(list) do
    local found, err = add_word(result, journal, word, seen)
    if not found then
      return nil, err
    end
  end
  return result
end

--- The next step of every entry that has one, by id. What dead processes left is taken over.
function payments.next_steps(journal)
  local found, err = journal:recover()
  if not found then
    return nil, err
  end
  local by_id = {}
  for _, next_step in ipairs(found) do
    by_id[next_step.id] = next_step
  end
  return by_id
end

local function nothing() end

--- Writes with `work(output)`. A disk that is full does not hide what became of money: it is said,
--- and the exit code goes on to say the rest.
function payments.written(context, work)
  local output = context.output
  local ok, problem = pcall(function()
    work(output)
    output:finish()
  end)
  if ok then
    return
  elseif type(problem) ~= "table" or problem.kind ~= "output" then
    error(problem, 0)
  end
  context.is_unwritten = true
  context:fail(problem)
  output.finish = nothing -- it would fail again, and be all that is said
end

-- The columns that have something in them: an empty one takes the room of another.
local function filled(columns, rows)
  local list = {}
  for _, column in ipairs(columns) do
    for _, row in ipairs(rows) do
      if row[column.name] ~= nil then
        list[#list + 1] = column
        break
      end
    end
  end
  return list
end

--- Writes rows. A terminal shows the columns that a person needs (`for_terminal`, or all), as far
--- as there is something in them, and no empty table.
function payments.write(context, columns, rows, for_terminal)
  local arguments = context.arguments
  payments.written(context, function(output)
    if output.form ~= "table" or arguments.columns or arguments.sort then
      output:rows(columns, rows)
    elseif rows[1] then
      output:rows(filled(for_terminal or columns, rows), rows)
    end
  end)
end

--- Writes one entry.
function payments.record(context, row)
  payments.written(context, function(output)
    output:record(check_entry.columns, row)
  end)
end

--- Writes rows of entries.
function payments.show(context, rows)
  payments.write(context, check_entry.columns, rows, check_entry.terminal_columns)
end

--- Entries as they are now, as rows and as exit codes. `list` holds entries or ids.
function payments.stand(journal, list)
  local steps, err = payments.next_steps(journal)
  if not steps then
    return nil, err
  end
  local rows, codes = {}, {}
  for at, each in ipairs(list) do
    local entry, failed = journal:entry(type(each) == "string" and each or each.id)
    if not entry then
      return nil, failed
    end
    rows[at] = check_entry.row(entry, steps[entry.id])
    codes[at] = check_entry.code(entry, steps[entry.id])
  end
  return rows, codes
end

--- The exit code of a command that sent something or wrote rows. Whoever pressed Ctrl-C is told so,
--- whatever was left to do.
function payments.worst(context, codes)
  if context.is_unwritten then
    codes[#codes + 1] = exit.failed
  end
  return context.is_interrupted and exit.interrupted or exit.worst(codes)
end

-- A copy of a journal can be read, and not be sent from.
local function is_of_copy(err)
  return err.kind == "config" and tostring(err.message):find("this journal is a copy", 1, true)
    ~= nil
end

--- The codes of a run: why it stopped, and how each attempt ended that left its entry unsent.
function payments.run_codes(ran)
  local codes = {}
  if ran.stopped and ran.stopped ~= "interrupted" and ran.stopped ~= "canary"
    and ran.stopped ~= "too_many_unknown" then
    codes[1] = exit.of_error { kind = ran.stopped, outcome = "not_sent" }
  end
  for _, each in ipairs(ran.entries) do
    if each.err and is_of_copy(each.err) then
      codes[#codes + 1] = exit.journal
    elseif each.err and (each.state == "approved" or each.state == "sending") then
      codes[#codes + 1] = exit.of_error { kind = each.err.kind, outcome = "not_sent" }
    end
  end
  if ran.left > 0 or (ran.held or 0) > 0 or ran.without_client > 0 then
    codes[#codes + 1] = exit.again
  end
  return codes
end

--- Says an error of a journal or a send, with the command that helps in the place of the option.
function payments.fail(context, err)
  if is_of_copy(err) then
    err.message = err.message:gsub(": open it with moved = true when none is in use", "")
    err.hint = "when none is in use, and after a look with repay status: repay journal moved"
  end
  return context:fail(err)
end

--- The codes of lists that could not be read.
function payments.failure_codes(context, failures)
  local codes = {}
  for _, err in ipairs(failures or {}) do
    codes[#codes + 1] = context:fail(err)
  end
  return codes
end

local STOPPED = {
  canary = "the first repayment was not accepted; the others were not sent",
  too_many_unknown = "too many in a row have an unknown outcome; the others were not sent",
}

--- Says what is open, and when the first that is not known can be decided. `is_stopped` where the
--- command ended before its work did.
function payments.tell_open(context, rows, is_stopped)
  local earliest
  for _, row in ipairs(rows) do
    if row.decided_at and (not earliest or row.decided_at < earliest) then
      earliest = row.decided_at
    end
  end
  context:say(rows[1] and check_entry.summary(check_entry.count(rows)) or "nothing is open")
  if is_stopped then
    context:say("stopped; the same command goes on")
  end
  if earliest then
    context:say("the first of what is not known can be decided at " .. earliest
      .. ": " .. require("repay.cli.typed").command(context, "reconcile", {}))
  end
end

--- Says why a run stopped before its end.
function payments.tell_stopped(context, ran, go_on)
  if ran.stopped == "interrupted" then
    context:say(("stopped; %d not sent; go on with: %s"):format(ran.left, go_on))
  elseif ran.stopped then
    context:say(("stopped: %s; go on with: %s"):format(STOPPED[ran.stopped]
      or ("%s (%d not sent)"):format(ran.stopped:gsub("_", " "), ran.left), go_on))
  end
  if (ran.held or 0) > 0 then
    context:say(("%d are under way in another process"):format(ran.held))
  end
end

--- A list with the members of others behind its own.
function payments.join(list, ...)
  for _, other in ipairs { ... } do
    for _, each in ipairs(other) do
      list[#list + 1] = each
    end
  end
  return list
end

return payments
