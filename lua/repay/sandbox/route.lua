-- Which route a request means, and whether it keeps to what its page documents.
--
-- The sandbox is stricter than the providers on purpose: a header, query or member that no page
-- names is refused, because a misspelt one would otherwise be ignored and never found.

local route = {}

-- Headers that any HTTP client may send without a provider's page naming them.
local STANDARD = {}
for name in ([[accept accept-encoding accept-language authorization cache-control connection
content-encoding content-length content-type date expect host if-modified-since if-none-match
keep-alive origin pragma referer te trailer transfer-encoding upgrade user-agent via
traceparent]]):gmatch("%S+") do
  STANDARD[name] = true
end

-- Decodes %XX; a plus sign stays one, as our clients write blanks as %20. Nil where a percent
-- sign is not followed by two hexadecimal digits.
function route.decode(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- The query as a list of { name, value } and a map of first values, or nil and a reason.
function route.query(text)
  local list, map = {}, {}
  for part in (text or ""):gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=(.*)$")
    name, value = route.decode(name or part), route.decode(value or "")
    if not name or not value then
      return nil, "query holds a bad percent sign: " .. part
    end
    list[#list + 1] = { name, value }
    if map[name] then
      return nil, "query names " .. name .. " twice"
    end
    map[name] = value
  end
  return map, list
end

-- A form body; here a plus sign is a blank.
function route.form(text)
  return route.query((text:gsub("%+", "%%20")))
end

local function split(path)
  local segments = {}
  for segment in path:gmatch("[^/]+") do
    segments[#segments + 1] = segment
  end
  return segments
end

local function match(pattern, segments)
  if #pattern ~= #segments then
    return nil
  end
  local values, literals = {}, 0
  for index, part in ipairs(pattern) do
    if part:sub(1, 1) == ":" then
      values[part:sub(2)] = route.decode(segments[index])
      if not values[part:sub(2)] then
        return nil
      end
    elseif part ~= segments[index] then
      return nil
    else
      literals = literals + 1
    end
  end
  return values, literals
end

-- Routes are { name, method, path, … }. A literal segment wins over a named one. Returns the route
-- and its values; or nil, nil and the methods that the path does have.
function route.find(routes, method, path)
  local segments = split(path)
  local best, best_values, best_literals, methods = nil, nil, -1, {}
  for _, candidate in ipairs(routes) do
    candidate.pattern = candidate.pattern or split(candidate.path)
    local values, literals = match(candidate.pattern, segments)
    if values and candidate.method ~= method then
      methods[#methods + 1] = candidate.method
    elseif values and literals > best_literals then
      best, best_values, best_literals = candidate, values, literals
    end
  end
  return best, best_values, methods
end

-- Letters to insert, delete or replace to get from one word to the other.
function route.distance(left, right)
  local row = {}
  for column = 0, #right do
    row[column] = column
  end
  for line = 1, #left do
    local diagonal = row[0]
    row[0] = line
    for column = 1, #right do
      local cost = left:byte(line) == right:byte(column) and 0 or 1
      local value = math.min(row[column] + 1, row[column - 1] + 1, diagonal + cost)
      diagonal, row[column] = row[column], value
    end
  end
  return row[#right]
end

local function near_miss(name, documented)
  for known in pairs(documented) do
    if math.abs(#name - #known) <= 2 and route.distance(name, known) <= 2 then
      return known
    end
  end
  return nil
end

-- `documented` are all headers of the provider, `allowed` those of the route. Returns what is
-- wrong, or nil.
function route.header_problem(headers, documented, allowed)
  for _, pair in ipairs(headers) do
    local name = pair[1]:lower()
    if not allowed[name] and not STANDARD[name] then
      local known = not documented[name] and near_miss(name, documented)
      if known then
        return "header " .. name .. " is not known: did you mean " .. known .. "?"
      elseif name:sub(1, 2) == "x-" or documented[name] then
        return "header " .. name .. " is not documented for this route"
      end
    end
  end
  return nil
end

function route.query_problem(query, allowed)
  for name in pairs(query) do
    if not (allowed and allowed[name]) then
      return "query parameter " .. name .. " is not documented for this route"
    end
  end
  return nil
end

-- `body` is an object as the JSON reader gives it.
function route.member_problem(body, allowed)
  for _, pair in ipairs(body) do
    if not allowed[pair[1]] then
      return "member " .. pair[1] .. " is not documented for this route"
    end
  end
  return nil
end

-- A set from a list of names.
function route.set(names)
  local set = {}
  for name in names:gmatch("%S+") do
    set[name] = true
  end
  return set
end

return route
