-- Error objects: plain tables of facts, printable as one line.
--
-- C makes most of them (src/binding/lua_error.c) and gives each this module's metatable. Branch on
-- `kind` and `outcome`; the text is for people and may change.
local native = require "repay.native.core"

local metatable = native.error

local error_module = {}

local function where(err)
  local words = {}
  for _, name in ipairs { "provider", "operation", "subject" } do
    local word = rawget(err, name)
    if word then
      words[#words + 1] = (tostring(word):gsub("%c", "?"))
    end
  end
  return table.concat(words, " ")
end

function metatable.__tostring(err)
  local facts = { tostring(err.kind), tostring(err.outcome) }
  local attempts = type(err.attempts) == "table" and #err.attempts or 0
  if attempts > 1 then
    facts[#facts + 1] = attempts .. " attempts"
  end
  if err.idempotency_key then
    facts[#facts + 1] = "key " .. tostring(err.idempotency_key)
  end
  local place = where(err)
  local line = tostring(err.message) .. " [" .. table.concat(facts, ", ") .. "]"
  if place ~= "" then
    line = place .. ": " .. line
  end
  if err.hint then
    line = line .. "; " .. tostring(err.hint)
  end
  return line
end

function metatable.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- Makes an error of the given facts. Nothing was sent unless they say otherwise.
function error_module.new(facts)
  local err = { outcome = "not_sent", retryable = false, attempts = {} }
  for name, value in pairs(facts) do
    err[name] = value
  end
  return setmetatable(err, metatable)
end

--- Whether the value is an error of ours, and of that kind when one is named.
function error_module.is(value, kind)
  return type(value) == "table" and getmetatable(value) == metatable
    and (kind == nil or value.kind == kind)
end

return error_module
