-- What a command says beside its data: talk, warnings, errors, questions, a bar. All of it goes to
-- the error output, where with --json every line is an object.
--
-- Nothing of a provider's reaches a terminal as it came. These are methods of repay.cli.context.
local exit = require "repay.cli.exit"

local talk = {}
local methods = {}

function methods:is_json()
  return self.arguments.json or self.arguments.ndjson or false
end

local function clean(text)
  return require("repay.report.measure").clean(tostring(text))
end

-- With --json every line of the error output is an object, so that a program can read them all.
local function say(self, name, before, text)
  if self:is_json() then
    self.world.stderr:write(require("repay.cli.json").object { { name, text } }, "\n")
  else
    self.world.stderr:write(before, clean(text), "\n")
  end
end

--- Talk for a person; --quiet stills it.
function methods:say(text)
  if not self.arguments.quiet then
    say(self, "note", "", text)
  end
end

--- Something that a person should know. --quiet does not still it: a table without the loans that
--- did not come looks like all there is. Whoever wants silence can have it from the shell.
function methods:warn(text)
  say(self, "warning", "repay: warning: ", text)
end

local FACTS = { "kind", "outcome", "message", "hint", "provider", "operation", "subject", "field",
  "http_status", "provider_message", "retryable", "retry_after_ms", "idempotency_key", "entry",
  "batch", "interaction_id" }

--- An error's facts as members of a JSON object, in order.
function methods.error_members(_, err)
  local members = {}
  for _, name in ipairs(FACTS) do
    local value = err[name]
    if value ~= nil and type(value) ~= "table" then
      members[#members + 1] = { name, value }
    end
  end
  if type(err.attempts) == "table" and #err.attempts > 0 then
    members[#members + 1] = { "attempts", #err.attempts }
  end
  return members
end

--- Says an error: one line, or JSON with --json. Returns the exit code, which `code` may set.
function methods:fail(err, code)
  if type(err) ~= "table" then
    err = { kind = "internal", message = tostring(err) }
  end
  code = code or exit.of_error(err)
  if self:is_json() then
    local json = require "repay.cli.json"
    self.world.stderr:write(json.object {
      { "error", json.of(self:error_members(err)) }, { "exit", code } }, "\n")
    return code
  end
  local place = {}
  for _, name in ipairs { "provider", "operation", "subject" } do
    if err[name] then
      place[#place + 1] = tostring(err[name])
    end
  end
  local line = clean(err.message or err.kind)
  if place[1] and err.provider then
    line = clean(table.concat(place, " ")) .. ": " .. line
  end
  self.world.stderr:write("repay: ", line, "\n", err.hint and "  " .. clean(err.hint) .. "\n" or "")
  return code
end

--- Asks on the terminal. Without one, and with --json, nobody is asked.
function methods:confirm(question)
  local world = self.world
  local is_program = self:is_json()
  if is_program or not world.terminal.stdin or not world.terminal.stderr then
    return nil, require("repay.error").new { kind = "approval_required", operation = self.name,
      message = "nobody can be asked: " .. (is_program and "a program reads this"
        or "there is no terminal"), hint = "say it with --yes" }
  end
  world.stderr:write(clean(question), " [y/N] ")
  local answer = world.stdin:read("*l")
  return answer ~= nil and answer:lower():find("^%s*y") ~= nil
end

--- Whether what was raised is Ctrl-C; the command then tidies up and returns 130.
function methods.interrupted(_, problem)
  return type(problem) == "string" and problem:find("interrupted!", 1, true) ~= nil
end

--- A bar on a terminal, nothing elsewhere. What is left of it goes when the command ends.
function methods:progress(label)
  return self:keep(require("repay.cli.progress").new(self.world, label, self.arguments))
end

--- Gives a table these methods.
function talk.add(given)
  for name, method in pairs(methods) do
    given[name] = method
  end
  return given
end

return talk
