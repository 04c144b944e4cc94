-- What a run of repay.each was asked for, checked before anything begins. What is wrong is raised
-- at the line `level` up from here.
local keys = require "repay.keys"
local native = require "repay.native.core"
local options = require "repay.options"

local each_options = {}

local CONCURRENCY_MAX = 1024

local known = {
  concurrency = { "integer", 1, CONCURRENCY_MAX },
  per_host = { "integer", 1, CONCURRENCY_MAX },
  rate = { "integer", 1, 1000000 },
  burst = { "integer", 1, 10000 },
  deadline_ms = { "integer", 1, 2 ^ 53 - 1 },
  on_progress = { "function" },
  stop_on = { "stop" },
}

local function is_kind(word)
  for _, kind in ipairs(native.kinds()) do
    if kind == word then
      return true
    end
  end
  return false
end

-- A function as it is; kinds as a set.
local function stop_condition(value, level)
  if type(value) == "function" then
    return value
  end
  local kinds = type(value) == "string" and { value } or value
  local wanted = {}
  if type(kinds) == "table" then
    for _, kind in ipairs(kinds) do
      if not is_kind(kind) then
        error(options.unknown("repay.each: unknown kind of error", tostring(kind),
          native.kinds()), level + 1)
      end
      wanted[kind] = true
    end
  end
  if next(wanted) == nil then
    error("repay.each: option 'stop_on' must be a function, a kind of error or a list of kinds",
      level + 1)
  end
  return function(_, _, err)
    return err and wanted[err.kind]
  end
end

--- The options as they are, with `stop_on` as a function.
function each_options.check(given, level)
  if given ~= nil and type(given) ~= "table" then
    error("repay.each: options must be a table, got a " .. type(given), level + 1)
  end
  local checked = {}
  for name, value in pairs(given or {}) do
    local rule = known[name]
    if not rule then
      error(options.unknown("repay.each: unknown option", tostring(name), keys.sorted(known)),
        level + 1)
    elseif rule[1] == "integer" then
      local number = native.integer(value)
      if not number or number < rule[2] or number > rule[3] then
        error(("repay.each: option '%s' must be a whole number from %d to %.0f"):format(name,
          rule[2], rule[3]), level + 1)
      end
    elseif rule[1] == "function" and type(value) ~= "function" then
      error(("repay.each: option '%s' must be a function"):format(name), level + 1)
    end
    checked[name] = value
  end
  if checked.burst and not checked.rate then
    error("repay.each: option 'burst' says nothing without 'rate'", level + 1)
  end
  if checked.stop_on ~= nil then
    checked.stop_on = stop_condition(checked.stop_on, level + 1)
  end
  return checked
end

return each_options
