-- Checks tables of options against what the compiled module says a provider and its calls take.
--
-- Misuse raises at the caller's line: an unknown name (with the nearest known one), a wrong type, a
-- missing name. What may come from outside a program, like an empty text, is nil and an error.
local native = require "repay.native.core"
local errors = require "repay.error"
local keys = require "repay.keys"

local options = {}

-- What open() takes for every provider; its own settings are added to it.
local common = {
  environment = "text", base_url = "text", connect = "text", ca_file = "text",
  client_cert = "text", client_key = "text", proxy = "text", transport = "transport",
  timeout_ms = "integer", attempt_timeout_ms = "integer", connect_timeout_ms = "integer",
  first_byte_timeout_ms = "integer", attempts = "integer", retry_base_ms = "integer",
  retry_cap_ms = "integer", body_size_max = "integer", zone = "text", currency = "text",
  amounts_in = "text", keys = "text", label = "text", rate = "integer", burst = "integer",
}

local descriptions = {}

--- What a provider offers, or nil for a name that none has. Pure data, so it is kept.
function options.provider(name)
  if not descriptions[name] then
    descriptions[name] = native.provider(name)
  end
  return descriptions[name]
end

--- "<complaint> '<word>' (did you mean '<near>'?)"
function options.unknown(complaint, word, known)
  local near = native.suggest(word, known)
  return complaint .. " '" .. word:sub(1, 40):gsub("%c", "?") .. "'" ..
    (near and " (did you mean '" .. near .. "'?)" or "")
end

-- A number is only then called not whole where a whole one was wanted.
local function shown_type(value, kind)
  if kind == "integer" and type(value) == "number" then
    return "a number that is not whole or too large"
  end
  return type(value) == "nil" and "nothing" or "a " .. type(value)
end

local expected = {
  text = "a string",
  integer = "a whole number",
  transport = "a table with the functions send and sleep",
}

local function has_type(value, kind)
  if kind == "text" then
    return type(value) == "string"
  elseif kind == "integer" then
    return native.integer(value) ~= nil
  end
  return type(value) == "table" and type(value.send) == "function"
    and type(value.sleep) == "function"
end

local function refuse(where, known, name, value, level)
  if type(name) ~= "string" then
    error(where .. ": option names are strings, got a " .. type(name), level + 1)
  end
  local kind = known[name]
  if not kind then
    error(options.unknown(where .. ": unknown option", name, keys.sorted(known)), level + 1)
  end
  error(("%s: option '%s' must be %s, got %s"):format(where, name, expected[kind],
    shown_type(value, kind)), level + 1)
end

-- The table itself where that is plain, else a plain copy: what was checked is what is used.
-- `level` counts from the function that calls check: 1 is that function itself.
local function check(where, known, given, level)
  if given == nil then
    given = {}
  end
  if type(given) ~= "table" then
    error(where .. ": options must be a table, got a " .. type(given), level + 1)
  end
  local checked = getmetatable(given) ~= nil and {} or given
  for name, value in pairs(given) do
    local kind = known[name]
    if not kind or not has_type(value, kind) then
      refuse(where, known, name, value, level + 1)
    end
    if checked ~= given then
      checked[name] = value
    end
  end
  return checked
end

local function invalid(provider, operation, name, message)
  return nil, errors.new {
    kind = "invalid_argument", message = message, field = name, provider = provider,
    operation = operation,
  }
end

-- "host:port" or "[address]:port": where to connect instead of the host of base_url.
local function split_connect(checked)
  if not checked.connect then
    return true
  end
  local host, port = checked.connect:match("^%[([%x:.]+)%]:(%d+)$")
  if not host then
    host, port = checked.connect:match("^([^%s:%[%]/@]+):(%d+)$")
  end
  port = port and #port <= 5 and tonumber(port)
  if not port or port < 1 or port > 65535 then
    return false
  end
  checked.connect, checked.connect_host, checked.connect_port = nil, host, port
  return true
end

local function require_settings(where, description, checked, level)
  for _, setting in ipairs(description.settings) do
    if setting.required and checked[setting.name] == nil then
      error(where .. ": option '" .. setting.name .. "' is required", level + 1)
    end
  end
  if not description.currency and not checked.currency then
    error(where .. ": option 'currency' is required, because this provider's answers name none",
      level + 1)
  end
  if not (checked.environment or checked.base_url or checked.transport) then
    error(where .. ": one of the options 'environment', 'base_url' and 'transport' is required",
      level + 1)
  end
end

local function misplaced(description, field, message)
  return nil, errors.new {
    kind = "config", field = field, provider = description.name, operation = "open",
    message = message,
  }
end

-- Whom a connection of nginx trusts, and through what it goes, are nginx's own settings; an option
-- that is not looked at would be worse than none. The files of a client certificate are read at
-- once: nginx starts as a user that may, and goes on as one that may not.
local function check_place(description, checked)
  if not rawget(_G, "ngx") then
    return true
  elseif checked.ca_file then
    return misplaced(description, "ca_file",
      "ca_file has no effect inside nginx; set lua_ssl_trusted_certificate instead")
  elseif checked.proxy then
    return misplaced(description, "proxy",
      "proxy has no effect inside nginx; use a transport, like that of repay.resty_http")
  elseif checked.client_cert and not checked.transport then
    local connection = require "repay.ngx.connection"
    local identity, reason = connection.identity(checked.client_cert, checked.client_key)
    if not identity then
      return misplaced(description, "client_cert", "client certificate: " .. tostring(reason))
    end
  end
  return true
end

--- The options of open() as C takes them, or nil and an error.
function options.open(description, given, level)
  local where = "repay.open: " .. description.name
  local known = {}
  for name, kind in pairs(common) do
    known[name] = kind
  end
  for _, setting in ipairs(description.settings) do
    known[setting.name] = "text"
  end
  local checked = {}
  for name, value in pairs(check(where, known, given, level + 1)) do
    checked[name] = value
  end
  require_settings(where, description, checked, level + 1)
  for name, value in pairs(checked) do
    if value == "" then
      return invalid(description.name, "open", name, name .. " is empty")
    end
  end
  local fits, err = check_place(description, checked)
  if not fits then
    return nil, err
  end
  if not split_connect(checked) then
    return invalid(description.name, "open", "connect", "connect is not \"host:port\"")
  end
  return checked
end

-- What the options of an operation are held against; made once, because it is asked for every call.
local function rules_of(description, operation)
  if not operation.rules then
    local rules = { where = description.name .. ":" .. operation.name, known = {}, amounts = {},
      required = {} }
    for _, parameter in ipairs(operation.parameters) do
      local name = parameter.name
      rules.known[name] = "text"
      if parameter.type == "amount" then
        rules.known[name .. "_minor"] = "integer"
        rules.amounts[#rules.amounts + 1] = name
      end
      if parameter.required then
        rules.required[#rules.required + 1] = name
      end
    end
    operation.rules = rules
  end
  return operation.rules
end

--- The options of one operation, checked; native.prepare judges the values.
function options.operation(description, operation, given, level)
  local rules = rules_of(description, operation)
  local checked = check(rules.where, rules.known, given, level + 1)
  for _, name in ipairs(rules.amounts) do
    if checked[name] ~= nil and checked[name .. "_minor"] ~= nil then
      error(("%s: give '%s' or '%s_minor', not both"):format(rules.where, name, name), level + 1)
    end
  end
  for _, name in ipairs(rules.required) do
    if checked[name] == nil and checked[name .. "_minor"] == nil then
      error(rules.where .. ": option '" .. name .. "' is required", level + 1)
    end
  end
  return checked
end

return options
