-- What a configuration may hold: the names, their types, and which texts look like secrets that do
-- not belong in a file. Pure: data in, a verdict out, with the line where the name stands.
local native = require "repay.native.core"
local options = require "repay.options"
local reader = require "repay.cli.config_reader"

local rules = {}

local TOP = { profile = "text", zone = "text", journal = "text", snapshots = "text",
  loans = "text", projects = "list", profiles = "table", settle_ms = "number",
  window_ms = "number", skew_ms = "number", stale_after_ms = "number" }
-- What a profile says besides how its providers are opened.
local PROFILE = { provider = "text", providers = "table", secrets = "table", limits = "table",
  journal = "text" }
local LIMITS = { per_run_minor = "number", per_account_minor = "number", per_day_minor = "number" }
-- Of repay.open, what a file can hold.
local OPEN = { environment = "text", base_url = "text", connect = "text", ca_file = "text",
  client_cert = "text", client_key = "text", proxy = "text", timeout_ms = "number",
  attempt_timeout_ms = "number", connect_timeout_ms = "number", first_byte_timeout_ms = "number",
  attempts = "number", retry_base_ms = "number", retry_cap_ms = "number",
  body_size_max = "number", zone = "text", currency = "text", amounts_in = "text", keys = "text",
  label = "text", rate = "number", burst = "number" }

-- The first line that sets this name, as "path:line"; a table has no lines of its own.
local function place_of(path, text, name)
  local number = 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local from, to = line:find(name, 1, true)
    local comment = line:find("--", 1, true)
    if from and (not comment or comment > from) and not line:sub(1, from - 1):find("[%w_]$")
      and line:sub(to + 1):find('^["\']?%]?%s*=') then
      return path .. ":" .. number
    end
  end
  return path
end

local function names_of(...)
  local names = {}
  for _, known in ipairs { ... } do
    for name in pairs(known) do
      names[#names + 1] = name
    end
  end
  return names
end

local function has_type(value, kind)
  if kind == "text" then
    return type(value) == "string" or reader.is_marker(value)
  elseif kind == "number" then
    return native.integer(value) ~= nil
  elseif kind == "list" then
    for _, each in ipairs(type(value) == "table" and value or {}) do
      if type(each) ~= "string" then
        return false
      end
    end
  end
  return type(value) == "table" and not reader.is_marker(value)
end

local EXPECTED = { text = "a text", number = "a whole number", list = "a list of texts",
  table = "a table" }

-- nil where all is well, else what is wrong.
local function wrong_name(check, where, given, ...)
  for name, value in pairs(given) do
    local kind
    for _, known in ipairs { ... } do
      kind = kind or known[name]
    end
    if not kind then
      return ("%s: %s"):format(place_of(check.path, check.text, tostring(name)),
        options.unknown(where .. " has no setting", tostring(name), names_of(...)))
    elseif not has_type(value, kind) then
      return ("%s: %s: '%s' must be %s"):format(place_of(check.path, check.text, name), where,
        name, EXPECTED[kind])
    end
  end
  return nil
end

-- The provider's own settings: which there are, which of them are secrets.
local function settings_of(description)
  local all, secret = {}, {}
  for _, setting in ipairs(description.settings) do
    all[setting.name] = "text"
    secret[setting.name] = setting.secret and "text" or nil
  end
  return all, secret
end

--- Whether a host is this machine, where no key is worth anything.
function rules.is_loopback(base_url)
  local host = type(base_url) == "string" and base_url:match("^https?://([^/?#]*)") or ""
  host = host:gsub(":%d+$", "")
  return host == "localhost" or host == "[::1]" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

-- Said for each secret that stands in the file, unless it is one for this machine.
local function warn_of_literals(check, where, settings, secret)
  if rules.is_loopback(settings.base_url) then
    return
  end
  for _, source in ipairs { settings, settings.secrets or {} } do
    for name, value in pairs(source) do
      if secret[name] and type(value) == "string" then
        check.warnings[#check.warnings + 1] = ("%s: %s holds the secret '%s' itself; say where "
          .. "it is with env or command"):format(place_of(check.path, check.text, name), where,
          name)
      end
    end
  end
end

local function wrong_provider(check, where, name, settings, also)
  local description = options.provider(name)
  if not description then
    return ("%s: %s"):format(place_of(check.path, check.text, name),
      options.unknown(where .. ": unknown provider", name, native.providers()))
  end
  local own, secret = settings_of(description)
  local problem = wrong_name(check, where, settings, own, OPEN, also)
  if not problem and settings.secrets then
    problem = wrong_name(check, where .. ".secrets", settings.secrets, own)
  end
  if not problem then
    warn_of_literals(check, where, settings, secret)
  end
  return problem
end

local function wrong_profile(check, name, profile)
  local where = "profile '" .. name .. "'"
  if type(profile) ~= "table" or reader.is_marker(profile) then
    return ("%s: %s must be a table"):format(place_of(check.path, check.text, name), where)
  elseif (profile.provider == nil) == (profile.providers == nil) then
    return ("%s: %s needs one of 'provider' and 'providers'"):format(
      place_of(check.path, check.text, name), where)
  end
  local problem
  if profile.limits ~= nil then
    problem = type(profile.limits) ~= "table" and where .. ": 'limits' must be a table"
      or wrong_name(check, where .. ".limits", profile.limits, LIMITS)
  end
  if problem then
    return problem
  elseif profile.provider then
    if type(profile.provider) ~= "string" then
      return check.path .. ": " .. where .. ": 'provider' must be a text"
    end
    return wrong_provider(check, where, profile.provider, profile, PROFILE)
  end
  problem = wrong_name(check, where, profile, PROFILE, OPEN)
  for provider, settings in pairs(not problem and profile.providers or {}) do
    if type(settings) ~= "table" or reader.is_marker(settings) then
      return ("%s: %s.providers.%s must be a table"):format(check.path, where, tostring(provider))
    end
    problem = problem or wrong_provider(check, where .. "." .. tostring(provider),
      tostring(provider), settings, { secrets = "table" })
  end
  return problem
end

--- True, nil and warnings; or nil and what is wrong.
function rules.check(data, path, text)
  local check = { path = path, text = text, warnings = {} }
  local problem = wrong_name(check, "the configuration", data, TOP)
  if problem then
    return nil, problem
  end
  local names = {}
  for name in pairs(data.profiles or {}) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    problem = wrong_profile(check, name, data.profiles[name])
    if problem then
      return nil, problem
    end
  end
  return true, nil, check.warnings
end

--- What repay.open takes of a profile for one provider, markers still in it: settings of the
--- profile first, then those of the provider in it; secrets last. A secret of another provider
--- stays out.
function rules.settings(profile, provider, description)
  local own = settings_of(description)
  local of_provider = profile.providers and profile.providers[provider] or {}
  local merged = {}
  for _, source in ipairs { profile, profile.secrets or {}, of_provider,
    of_provider.secrets or {} } do
    for name, value in pairs(source) do
      if own[name] or OPEN[name] then
        merged[name] = value
      end
    end
  end
  return merged
end

return rules
