-- JSON that the command writes: members in a fixed order, whole numbers with every digit on both
-- VMs, null where something is not known.
local figures = require "repay.report.figures"
local measure = require "repay.report.measure"

local json = {}

json.null = setmetatable({}, { __tostring = function() return "null" end })

-- An object with an order of its own.
local Ordered = {}

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(text)
  if not text:find('[%c"\\\127-\255]') then
    return '"' .. text .. '"'
  end
  return '"' .. measure.valid(text):gsub('[%c"\\\127]', function(char)
    return ESCAPES[char] or ("\\u%04x"):format(char:byte())
  end) .. '"'
end

--- A list of { name, value } as an object in that order; pairs without a value are left out.
function json.of(members)
  return setmetatable(members, Ordered)
end

local write

local function add_member(out, count, name, value)
  out[#out + 1] = count == 0 and "{" or ","
  out[#out + 1] = escape(name) .. ":"
  write(value, out)
  return count + 1
end

local function write_object(value, out)
  local count = 0
  if getmetatable(value) == Ordered then
    for _, member in ipairs(value) do
      if member[2] ~= nil then
        count = add_member(out, count, member[1], member[2])
      end
    end
  else
    local names = {}
    for name in pairs(value) do
      names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for _, name in ipairs(names) do
      count = add_member(out, count, name, value[name])
    end
  end
  out[#out + 1] = count == 0 and "{}" or "}"
end

function write(value, out)
  local kind = type(value)
  if value == json.null or value == nil then
    out[#out + 1] = "null"
  elseif kind == "string" then
    out[#out + 1] = escape(value)
  elseif kind == "number" then
    out[#out + 1] = figures.whole(value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif kind ~= "table" then
    out[#out + 1] = escape(tostring(value))
  elseif getmetatable(value) ~= Ordered and (value[1] ~= nil or next(value) == nil) then
    for i, each in ipairs(value) do
      out[#out + 1] = i == 1 and "[" or ","
      write(each, out)
    end
    out[#out + 1] = #value == 0 and "[]" or "]"
  else
    write_object(value, out)
  end
end

--- The value as JSON on one line. A table with [1], and an empty one, is a list.
function json.encode(value)
  local out = {}
  write(value, out)
  return table.concat(out)
end

--- A list of { name, value } as JSON on one line.
function json.object(members)
  return json.encode(json.of(members))
end

return json
