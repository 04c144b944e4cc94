-- JSON as the sandbox needs it: members in a chosen order, numbers as exact text.
--
-- The usual JSON libraries turn numbers into doubles and lose the order of members, and both are
-- what a test of money must see. The reader is strict: one value, no duplicates, valid UTF-8.

local json = {}

local Object, Array, Number = {}, {}, {}
local DEPTH_MAX = 32

json.null = setmetatable({}, { __tostring = function() return "null" end })

-- A list of { name, value }; a pair without a value is left out.
function json.object(pairs_list)
  return setmetatable(pairs_list, Object)
end

function json.array(list)
  return setmetatable(list, Array)
end

function json.number(text)
  return setmetatable({ text = text }, Number)
end

function json.is_object(value)
  return getmetatable(value) == Object
end

function json.is_number(value)
  return getmetatable(value) == Number
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t",
}

local function write_text(text)
  return '"' .. text:gsub('[%c"\\]', function(byte)
    return ESCAPES[byte] or string.format("\\u%04x", byte:byte())
  end) .. '"'
end

local write_value

local function write_pairs(list, out)
  out[#out + 1] = "{"
  local first = true
  for _, pair in ipairs(list) do
    if pair[2] ~= nil then
      out[#out + 1] = (first and "" or out.comma) .. write_text(pair[1]) .. out.colon
      write_value(pair[2], out)
      first = false
    end
  end
  out[#out + 1] = "}"
end

local function write_list(list, out)
  out[#out + 1] = "["
  for index, value in ipairs(list) do
    if index > 1 then
      out[#out + 1] = out.comma
    end
    write_value(value, out)
  end
  out[#out + 1] = "]"
end

-- A plain Lua table is an object with its names sorted, unless it has a first element.
local function write_plain(map, out)
  if map[1] ~= nil then
    return write_list(map, out)
  end
  local list = {}
  for name, value in pairs(map) do
    list[#list + 1] = { tostring(name), value }
  end
  table.sort(list, function(left, right) return left[1] < right[1] end)
  return write_pairs(list, out)
end

local function write_table(value, out)
  local kind = getmetatable(value)
  if value == json.null then
    out[#out + 1] = "null"
  elseif kind == Number then
    out[#out + 1] = value.text
  elseif kind == Object then
    write_pairs(value, out)
  elseif kind == Array then
    write_list(value, out)
  else
    write_plain(value, out)
  end
end

function write_value(value, out)
  local kind = type(value)
  if kind == "table" then
    write_table(value, out)
  elseif kind == "string" then
    out[#out + 1] = write_text(value)
  elseif kind == "number" then
    out[#out + 1] = value % 1 == 0 and string.format("%.0f", value) or string.format("%.14g", value)
  else
    out[#out + 1] = tostring(value)
  end
end

-- `spaced` writes blanks and new lines between the tokens, as printed samples do.
function json.write(value, spaced)
  local out = { comma = spaced and ",\n  " or ",", colon = spaced and " : " or ":" }
  write_value(value, out)
  return table.concat(out)
end

-- UTF-8 ------------------------------------------------------------------------------------------

local function utf8_write(code)
  local char, floor = string.char, math.floor
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xC0 + floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
  end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64,
    0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

-- Second bytes that a first byte allows; what is missing here is 0x80 to 0xBF.
local SECOND_BYTES = { [0xE0] = { 0xA0, 0xBF }, [0xED] = { 0x80, 0x9F }, [0xF0] = { 0x90, 0xBF },
  [0xF4] = { 0x80, 0x8F } }

local function utf8_length(text, at)
  local first = text:byte(at)
  local length = first < 0x80 and 1 or first >= 0xC2 and first < 0xE0 and 2
    or first >= 0xE0 and first < 0xF0 and 3 or first >= 0xF0 and first <= 0xF4 and 4 or nil
  if not length then
    return nil
  end
  local range = SECOND_BYTES[first] or { 0x80, 0xBF }
  for offset = 1, length - 1 do
    local byte = text:byte(at + offset)
    local low, high = 0x80, 0xBF
    if offset == 1 then
      low, high = range[1], range[2]
    end
    if not byte or byte < low or byte > high then
      return nil
    end
  end
  return length
end

-- Where the text stops being UTF-8, or nil.
function json.invalid_utf8(text)
  local at = text:find("[\128-\255]")
  while at do
    local length = utf8_length(text, at)
    if not length then
      return at
    end
    at = text:find("[\128-\255]", at + length)
  end
  return nil
end

-- Reading ----------------------------------------------------------------------------------------

local function fail(at, reason)
  error({ json = true, at = at, reason = reason }, 0)
end

local function skip_blanks(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local UNESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}

local function read_unicode(text, at)
  local code = tonumber(text:match("^%x%x%x%x", at) or fail(at, "bad \\u escape"), 16)
  if code >= 0xDC00 and code <= 0xDFFF then
    fail(at, "lone surrogate")
  elseif code < 0xD800 or code > 0xDBFF then
    return utf8_write(code), at + 4
  end
  local low = text:match("^\\u(%x%x%x%x)", at + 4)
  low = low and tonumber(low, 16)
  if not low or low < 0xDC00 or low > 0xDFFF then
    fail(at, "lone surrogate")
  end
  return utf8_write(0x10000 + (code - 0xD800) * 1024 + low - 0xDC00), at + 10
end

local function read_string(text, at)
  local parts = {}
  at = at + 1
  while true do
    local stop = text:find('[%c"\\]', at) or fail(#text + 1, "string without an end")
    parts[#parts + 1] = text:sub(at, stop - 1)
    local byte = text:sub(stop, stop)
    if byte == '"' then
      return table.concat(parts), stop + 1
    elseif byte == "\127" then
      parts[#parts + 1] = byte
      at = stop + 1
    elseif byte ~= "\\" then
      fail(stop, "control character in a string")
    elseif text:sub(stop + 1, stop + 1) == "u" then
      parts[#parts + 1], at = read_unicode(text, stop + 2)
    else
      parts[#parts + 1] = UNESCAPES[text:sub(stop + 1, stop + 1)] or fail(stop, "bad escape")
      at = stop + 2
    end
  end
end

local function read_number(text, at)
  local whole = text:match("^%-?%d+", at) or fail(at, "unexpected character")
  if whole:find("^%-?0%d") then
    fail(at, "number with a leading zero")
  end
  local number = text:match("^%-?%d+%.%d+[eE][+-]?%d+", at) or text:match("^%-?%d+%.%d+", at)
    or text:match("^%-?%d+[eE][+-]?%d+", at) or whole
  local stop = at + #number
  if text:find("^[%w.+-]", stop) then
    fail(stop, "unexpected character after a number")
  end
  return json.number(number), stop
end

local read_value

local function read_array(text, at, depth)
  local list = json.array({})
  at = skip_blanks(text, at + 1)
  if text:sub(at, at) == "]" then
    return list, at + 1
  end
  while true do
    list[#list + 1], at = read_value(text, at, depth)
    at = skip_blanks(text, at)
    local byte = text:sub(at, at)
    if byte == "]" then
      return list, at + 1
    elseif byte ~= "," then
      fail(at, "expected , or ]")
    end
    at = skip_blanks(text, at + 1)
  end
end

-- Besides the pairs, `members` finds a value by its name.
local function read_object(text, at, depth)
  local list = json.object({ members = {} })
  at = skip_blanks(text, at + 1)
  if text:sub(at, at) == "}" then
    return list, at + 1
  end
  while true do
    if text:sub(at, at) ~= '"' then
      fail(at, "expected a member's name")
    end
    local start = at
    local name, after_name = read_string(text, at)
    at = skip_blanks(text, after_name)
    if text:sub(at, at) ~= ":" then
      fail(at, "expected :")
    end
    local value
    value, at = read_value(text, skip_blanks(text, at + 1), depth)
    if list.members[name] ~= nil then
      fail(start, "member " .. name .. " stands twice")
    end
    list[#list + 1] = { name, value }
    list.members[name] = value
    at = skip_blanks(text, at)
    local byte = text:sub(at, at)
    if byte == "}" then
      return list, at + 1
    elseif byte ~= "," then
      fail(at, "expected , or }")
    end
    at = skip_blanks(text, at + 1)
  end
end

local WORDS = { { "true", true }, { "false", false }, { "null", json.null } }

function read_value(text, at, depth)
  if depth > DEPTH_MAX then
    fail(at, "nested too deeply")
  end
  local byte = text:sub(at, at)
  if byte == "{" then
    return read_object(text, at, depth + 1)
  elseif byte == "[" then
    return read_array(text, at, depth + 1)
  elseif byte == '"' then
    return read_string(text, at)
  elseif byte == "" then
    fail(at, "unexpected end")
  end
  for _, word in ipairs(WORDS) do
    if text:sub(at, at + #word[1] - 1) == word[1] then
      return word[2], at + #word[1]
    end
  end
  return read_number(text, at)
end

-- Returns the value, or nil and a reason with the byte offset, counted from 0.
function json.read(text)
  local bad = json.invalid_utf8(text)
  if bad then
    return nil, "not UTF-8 at byte " .. (bad - 1)
  end
  local ok, value, at = pcall(read_value, text, skip_blanks(text, 1), 0)
  if ok then
    at = skip_blanks(text, at)
    if at <= #text then
      return nil, "text after the value at byte " .. (at - 1)
    end
    return value
  elseif type(value) == "table" and value.json then
    return nil, value.reason .. " at byte " .. (value.at - 1)
  end
  error(value, 0)
end

-- The value as plain Lua: objects and arrays as tables, numbers as numbers, null as nil.
function json.plain(value)
  if type(value) ~= "table" then
    return value
  elseif value == json.null then
    return nil
  elseif json.is_number(value) then
    return tonumber(value.text)
  end
  local plain = {}
  if json.is_object(value) then
    for _, pair in ipairs(value) do
      plain[pair[1]] = json.plain(pair[2])
    end
  else
    for index, element in ipairs(value) do
      plain[index] = json.plain(element)
    end
  end
  return plain
end

return json
