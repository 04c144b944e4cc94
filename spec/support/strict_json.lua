-- A judge of JSON for specs: plain Lua, byte by byte, with nothing in common with the module's
-- reader but RFC 8259 and RFC 3629.
--
-- `strict_json.fault(text)` gives nil for one whole object, else the offset of the first byte that
-- no such text could have there (its length when the text only ends too early) and what is wrong.
local strict_json = {}

local blanks = { [32] = true, [9] = true, [10] = true, [13] = true }
local plain_escapes = {}
for letter in ('"\\/bfnrt'):gmatch(".") do
  plain_escapes[letter:byte()] = true
end

-- Raised as a table, so that it cannot be taken for a mistake of the judge's own.
local function wrong(at, what)
  error({ at = at, what = what }, 0)
end

local function new_reader(text)
  local reader = { text = text, at = 1 }

  function reader.byte()
    local byte = text:byte(reader.at)
    if not byte then
      wrong(#text + 1, "cut")
    end
    return byte
  end

  function reader.next()
    local byte = reader.byte()
    reader.at = reader.at + 1
    return byte
  end

  function reader.skip_blanks()
    while blanks[text:byte(reader.at)] do
      reader.at = reader.at + 1
    end
  end

  function reader.expect(char, what)
    if reader.byte() ~= char:byte() then
      wrong(reader.at, what)
    end
    reader.at = reader.at + 1
  end

  return reader
end

-- The ranges of the second byte, where they are not 80 to BF: overlong forms, surrogates, and what
-- is above U+10FFFF.
local seconds = { [0xe0] = { 0xa0, 0xbf }, [0xed] = { 0x80, 0x9f }, [0xf0] = { 0x90, 0xbf },
  [0xf4] = { 0x80, 0x8f } }

local function read_character(reader)
  local lead = reader.byte()
  if lead < 0xc2 or lead > 0xf4 then
    wrong(reader.at, "utf8")
  end
  reader.at = reader.at + 1
  for i = 1, lead >= 0xf0 and 3 or lead >= 0xe0 and 2 or 1 do
    local range = i == 1 and seconds[lead] or { 0x80, 0xbf }
    local byte = reader.byte()
    if byte < range[1] or byte > range[2] then
      wrong(reader.at, "utf8")
    end
    reader.at = reader.at + 1
  end
end

local function read_unit(reader)
  local start = reader.at
  for _ = 1, 4 do
    if not string.char(reader.byte()):find("^%x$") then
      wrong(reader.at, "escape")
    end
    reader.at = reader.at + 1
  end
  return tonumber(reader.text:sub(start, start + 3), 16)
end

local function read_escape(reader)
  local start = reader.at
  reader.at = start + 1
  local letter = reader.byte()
  if plain_escapes[letter] then
    reader.at = reader.at + 1
    return
  end
  reader.expect("u", "escape")
  local unit = read_unit(reader)
  if unit < 0xd800 or unit > 0xdfff then
    return
  elseif unit >= 0xdc00 then
    wrong(start, "surrogate")
  end
  local other = reader.at
  reader.expect("\\", "surrogate")
  reader.expect("u", "surrogate")
  unit = read_unit(reader)
  if unit < 0xdc00 or unit > 0xdfff then
    wrong(other, "surrogate")
  end
end

local function read_string(reader, what)
  reader.expect('"', what)
  while true do
    local byte = reader.byte()
    if byte == 34 then
      reader.at = reader.at + 1
      return
    elseif byte == 92 then
      read_escape(reader)
    elseif byte >= 0x80 then
      read_character(reader)
    elseif byte < 0x20 then
      wrong(reader.at, "control")
    else
      reader.at = reader.at + 1
    end
  end
end

local function is_digit(byte)
  return byte and byte >= 48 and byte <= 57
end

local function read_digits(reader)
  if not is_digit(reader.byte()) then
    wrong(reader.at, "number")
  end
  while is_digit(reader.text:byte(reader.at)) do
    reader.at = reader.at + 1
  end
end

local function read_number(reader)
  if reader.byte() == 45 then
    reader.at = reader.at + 1
  end
  if reader.byte() == 48 then
    reader.at = reader.at + 1
    if is_digit(reader.text:byte(reader.at)) then
      wrong(reader.at, "number")
    end
  else
    read_digits(reader)
  end
  if reader.text:find("^%.", reader.at) then
    reader.at = reader.at + 1
    read_digits(reader)
  end
  if reader.text:find("^[eE]", reader.at) then
    reader.at = reader.at + 1
    if reader.text:find("^[+-]", reader.at) then
      reader.at = reader.at + 1
    end
    read_digits(reader)
  end
end

local words = { t = "true", f = "false", n = "null" }
local read_value

-- Past the opening bracket: elements up to the closing one.
local function read_list(reader, close, read_element)
  reader.at = reader.at + 1
  reader.skip_blanks()
  if reader.byte() == close:byte() then
    reader.at = reader.at + 1
    return
  end
  while true do
    read_element(reader)
    reader.skip_blanks()
    local at = reader.at
    local byte = reader.next()
    if byte == close:byte() then
      return
    elseif byte ~= 44 then
      wrong(at, "comma")
    end
    reader.skip_blanks()
  end
end

local function read_member(reader)
  read_string(reader, "name")
  reader.skip_blanks()
  reader.expect(":", "colon")
  reader.skip_blanks()
  read_value(reader)
end

function read_value(reader)
  local char = string.char(reader.byte())
  if char == "{" then
    read_list(reader, "}", read_member)
  elseif char == "[" then
    read_list(reader, "]", read_value)
  elseif char == '"' then
    read_string(reader, "value")
  elseif words[char] then
    for letter in words[char]:gmatch(".") do
      reader.expect(letter, "value")
    end
  elseif char:find("^[-%d]$") then
    read_number(reader)
  else
    wrong(reader.at, "value")
  end
end

function strict_json.fault(text)
  local reader = new_reader(text)
  local ok, fault = pcall(function()
    reader.skip_blanks()
    if reader.byte() ~= 123 then
      wrong(reader.at, "object")
    end
    read_value(reader)
    reader.skip_blanks()
    if reader.at <= #text then
      wrong(reader.at, "trailing")
    end
  end)
  if ok then
    return nil
  elseif type(fault) ~= "table" then
    error(fault, 0)
  end
  return fault.at - 1, fault.what
end

return strict_json
