-- What the providers leave open, as data: each switch has a name, its values and a meaning.
--
-- The first value is the default. `changes` names the values under which a client rightly sees
-- other figures or outcomes, or is true for all but the default; under every other value a
-- client's results must be the same. A switch whose name ends in _ms takes any whole number.

local route = require "repay.sandbox.route"

local switches = {}

-- Readings that concern every provider's JSON.
switches.shared = {
  { name = "numbers", values = { "numbers", "text", "padded" },
    meaning = "whether amounts and counts come as JSON numbers, as text, or amounts with zeros "
      .. "after the point" },
  { name = "booleans", values = { "booleans", "text" },
    meaning = "whether flags come as true and false or as text" },
  { name = "extra_members", values = { false, true },
    meaning = "whether objects hold members that no page documents" },
  { name = "member_order", values = { "documented", "reversed" },
    meaning = "the order of members inside each object" },
  { name = "content_type", values = { "json", "text", "none" },
    meaning = "the Content-Type of answers: application/json, text/plain, or no such header" },
  { name = "spacing", values = { "compact", "spaced" },
    meaning = "whether blanks and new lines stand between the tokens" },
}

-- All switches of a list of dialects, each with the provider that it belongs to.
function switches.collect(dialects)
  local list = {}
  for _, switch in ipairs(switches.shared) do
    list[#list + 1] = switch
  end
  for _, dialect in ipairs(dialects) do
    for _, switch in ipairs(dialect.switches) do
      switch.provider = dialect.name
      list[#list + 1] = switch
    end
  end
  return list
end

-- Whether a client may rightly see other results under this value than under the default.
function switches.changes(switch, value)
  if value == switch.values[1] then
    return false
  elseif type(switch.changes) == "table" then
    return switch.changes[value] == true
  end
  return switch.changes == true
end

function switches.defaults(list)
  local values = {}
  for _, switch in ipairs(list) do
    values[switch.name] = switch.values[1]
  end
  return values
end

local function is_whole(value)
  return type(value) == "number" and value % 1 == 0 and value >= 0
end

-- The switch whose name a misspelt one most likely means, or nil.
local function nearest(list, name)
  local best, best_distance = nil, 3
  for _, switch in ipairs(list) do
    local distance = route.distance(tostring(name), switch.name)
    if distance < best_distance then
      best, best_distance = switch.name, distance
    end
  end
  return best
end

local function find(list, name)
  for _, switch in ipairs(list) do
    if switch.name == name then
      return switch
    end
  end
  return nil
end

-- Returns the switch when it may have this value, or nil and what is wrong.
function switches.check(list, name, value)
  local switch = find(list, name)
  if not switch then
    local likely = nearest(list, name)
    return nil, "no switch is called " .. tostring(name)
      .. (likely and " (did you mean " .. likely .. "?)" or "")
  end
  local texts, numeric = {}, is_whole(switch.values[2]) and switch.name:find("_ms$")
  for index, allowed in ipairs(switch.values) do
    if allowed == value or numeric and is_whole(value) then
      return switch
    end
    texts[index] = tostring(allowed)
  end
  return nil, "switch " .. name .. " is one of " .. table.concat(texts, ", ")
    .. (numeric and ", or another whole number of milliseconds" or "")
end

return switches
