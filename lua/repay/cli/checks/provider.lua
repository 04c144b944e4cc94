-- The doctor on a provider: TLS and credentials, by one read that changes nothing. It asks for a
-- loan that nobody has, so "not known" is the good answer.
local configuration = require "repay.cli.checks.configuration"
local exit = require "repay.cli.exit"
local options = require "repay.options"

local provider = {}

-- No loan, merchant or user: a UUID where one is asked for.
local NOBODY = "00000000-0000-4000-8000-000000000000"

-- What a kind of error says of the line to the provider, in the order in which a call meets them.
local REMEDIES = {
  dns = "is the name of the host right, and does this machine resolve names?",
  connect = "is the host right, and may this machine connect to it?",
  tls = "is the clock right, are the certificates installed (ca-certificates), is ca_file right?",
  timeout = "try again; if it lasts, ask the provider",
  connection_lost = "try again; if it lasts, ask the provider",
  unavailable = "try again later; if it lasts, ask the provider",
  rate_limited = "try again later",
  auth = "fetch a new token or key, and see that it is for this environment",
  forbidden = "ask the provider what these credentials may do",
}
local UNREACHED = { dns = true, connect = true, timeout = true, connection_lost = true }

-- The first read, in order of the alphabet, and the argument that takes an id.
local function question_of(description)
  local names = {}
  for name, operation in pairs(description.operations) do
    if not operation.is_write then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    for _, parameter in ipairs(description.operations[name].parameters) do
      if parameter.is_subject then
        return name, parameter.name
      end
    end
  end
  return nil
end

local function is_plain(settings)
  return type(settings.base_url) == "string" and settings.base_url:find("^http://") ~= nil
end

local function judge(add, place, err, plain)
  local kind = err and err.kind
  if kind == "tls" or UNREACHED[kind or ""] then
    add { check = kind == "tls" and "tls" or "network", subject = place, result = "bad",
      code = exit.unavailable, detail = err.message, remedy = REMEDIES[kind] }
    return
  end
  add { check = "tls", subject = place, result = "ok",
    detail = plain and "this machine, so none" or "the certificate is trusted" }
  if kind == "auth" or kind == "forbidden" then
    add { check = "credentials", subject = place, result = "bad", code = exit.credentials,
      detail = err.message, remedy = REMEDIES[kind] }
  elseif not err or kind == "not_found" then
    add { check = "credentials", subject = place, result = "ok", detail = "accepted" }
  elseif REMEDIES[kind] then
    add { check = "credentials", subject = place, result = "warn", code = nil,
      detail = "not known: " .. err.message, remedy = REMEDIES[kind] }
  else
    add { check = "credentials", subject = place, result = "warn",
      detail = "let in, with an answer that was not expected: " .. err.message,
      remedy = "if reading works all the same, please report the words" }
  end
end

--- Looks at one provider of a profile. options: offline.
function provider.check(context, add, profile, name, given)
  local place = profile.name .. "." .. name
  if not configuration.check_secrets(context, add, profile, name) then
    return
  end
  local client, err = context:client(name, profile.name)
  if not client then
    add { check = "profile", subject = place, result = "bad", code = exit.of_error(err),
      detail = err.message, remedy = err.hint or "correct the profile" }
    return
  end
  add { check = "profile", subject = place, result = "ok",
    detail = (client.environment ~= "" and client.environment or "its own host")
      .. ", keys " .. client.keys }
  if given.offline then
    return
  end
  local operation, argument = question_of(options.provider(name))
  local call, wrong = client:prepare(operation, { [argument] = NOBODY })
  local schedule, problem
  if call then
    schedule, problem = call:perform()
    call:close()
  end
  if schedule then
    schedule:close()
  end
  judge(add, place, wrong or problem,
    is_plain((profile.providers and profile.providers[name]) or profile))
end

return provider
