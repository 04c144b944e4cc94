-- Checks the tables of options of a journal's methods. Misuse raises at the caller's line.
local native = require "repay.native.core"
local keys = require "repay.keys"
local options = require "repay.options"

local check = {}

local expected = {
  text = "a string", whole = "a whole number", flag = "true or false", list = "a table",
  call = "a function",
}

local fits = {
  text = function(value) return type(value) == "string" end,
  whole = function(value) return native.integer(value) ~= nil end,
  flag = function(value) return type(value) == "boolean" end,
  list = function(value) return type(value) == "table" end,
  call = function(value) return type(value) == "function" end,
  any = function() return true end,
}

--- A copy of `given`. `known` maps names to kinds; a kind that ends in "!" is required. `level`
--- counts from the function that calls this one.
function check.options(where, known, given, level)
  if given == nil then
    given = {}
  elseif type(given) ~= "table" then
    error(where .. ": options must be a table, got a " .. type(given), level + 1)
  end
  local checked = {}
  for name, value in pairs(given) do
    local kind = type(name) == "string" and known[name]
    if type(name) ~= "string" then
      error(where .. ": option names are strings, got a " .. type(name), level + 1)
    elseif not kind then
      error(options.unknown(where .. ": unknown option", name, keys.sorted(known)), level + 1)
    end
    kind = kind:gsub("!", "")
    if not fits[kind](value) then
      error(("%s: option '%s' must be %s, got a %s"):format(where, name, expected[kind],
        type(value)), level + 1)
    end
    checked[name] = value
  end
  for name, kind in pairs(known) do
    if kind:find("!", 1, true) and checked[name] == nil then
      error(("%s: option '%s' is required"):format(where, name), level + 1)
    end
  end
  return checked
end

function check.text(where, what, value, level)
  if type(value) ~= "string" then
    error(("%s: %s must be a string, got a %s"):format(where, what, type(value)), level + 1)
  end
  return value
end

--- A client, or a list of them, as a list.
function check.clients(where, value, level)
  local list = value
  if native.is_open(value, "repay.client") ~= nil then
    list = { value }
  elseif type(value) ~= "table" or #value == 0 then
    error(where .. ": a client or a list of clients is needed", level + 1)
  end
  for _, client in ipairs(list) do
    local open = native.is_open(client, "repay.client")
    if open == nil then
      error(where .. ": a client or a list of clients is needed", level + 1)
    elseif not open then
      error("repay.client is closed", level + 1)
    end
  end
  return list
end

return check
