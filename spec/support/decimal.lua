-- Whole numbers as texts of decimal digits, "-" in front where negative: the judge's arithmetic.
--
-- Plain on purpose. It shares nothing with the C code it judges, not even the idea of a machine
-- word: fourteen digits at a time, which every Lua number holds exactly, are carried from
-- right to left, as on paper.
local decimal = {}

local CHUNK = 14
local BASE = 100000000000000

local function strip(digits)
  local stripped = digits:match("^0*(%d+)$")
  return stripped
end

-- Both without sign.
local function compare_digits(a, b)
  if #a ~= #b then
    return #a < #b and -1 or 1
  end
  return a == b and 0 or (a < b and -1 or 1)
end

local function chunk_of(digits, from_right)
  local last = #digits - from_right * CHUNK
  if last < 1 then
    return 0
  end
  return tonumber(digits:sub(math.max(1, last - CHUNK + 1), last))
end

local function chunks_of(a, b)
  return math.floor((math.max(#a, #b) + CHUNK - 1) / CHUNK)
end

local function join(chunks)
  local texts = {}
  for i = #chunks, 1, -1 do
    texts[#texts + 1] = ("%014d"):format(chunks[i])
  end
  return strip(table.concat(texts))
end

local function add_digits(a, b)
  if #a < CHUNK and #b < CHUNK then
    return ("%d"):format(tonumber(a) + tonumber(b))
  end
  local chunks, carry = {}, 0
  for i = 1, chunks_of(a, b) do
    local sum = chunk_of(a, i - 1) + chunk_of(b, i - 1) + carry
    carry = sum >= BASE and 1 or 0
    chunks[i] = sum - carry * BASE
  end
  chunks[#chunks + 1] = carry
  return join(chunks)
end

-- a is not the smaller.
local function subtract_digits(a, b)
  if #a <= CHUNK then
    return ("%d"):format(tonumber(a) - tonumber(b))
  end
  local chunks, borrow = {}, 0
  for i = 1, chunks_of(a, b) do
    local difference = chunk_of(a, i - 1) - chunk_of(b, i - 1) - borrow
    borrow = difference < 0 and 1 or 0
    chunks[i] = difference + borrow * BASE
  end
  return join(chunks)
end

local function split(text)
  if text:sub(1, 1) == "-" then
    return true, text:sub(2)
  end
  return false, text
end

local function signed(negative, digits)
  return negative and digits ~= "0" and "-" .. digits or digits
end

function decimal.compare(a, b)
  local a_negative, a_digits = split(a)
  local b_negative, b_digits = split(b)
  if a_negative ~= b_negative then
    return a_negative and -1 or 1
  end
  local order = compare_digits(a_digits, b_digits)
  return a_negative and -order or order
end

function decimal.add(a, b)
  if a == "0" then
    return b
  elseif b == "0" then
    return a
  end
  local a_negative, a_digits = split(a)
  local b_negative, b_digits = split(b)
  if a_negative == b_negative then
    return signed(a_negative, add_digits(a_digits, b_digits))
  end
  if compare_digits(a_digits, b_digits) >= 0 then
    return signed(a_negative, subtract_digits(a_digits, b_digits))
  end
  return signed(b_negative, subtract_digits(b_digits, a_digits))
end

function decimal.negate(a)
  local negative, digits = split(a)
  return signed(not negative, digits)
end

function decimal.subtract(a, b)
  return decimal.add(a, decimal.negate(b))
end

function decimal.min(a, b)
  return decimal.compare(a, b) <= 0 and a or b
end

function decimal.max(a, b)
  return decimal.compare(a, b) >= 0 and a or b
end

function decimal.is_positive(a)
  return a ~= "0" and a:sub(1, 1) ~= "-"
end

--- numerator / denominator in parts per million, half up; neither is negative, the second not 0.
function decimal.ppm(numerator, denominator)
  local quotient, rest = "", "0"
  for digit in (numerator .. "000000"):gmatch("%d") do
    rest = strip(rest .. digit)
    local count = 0
    while decimal.compare(rest, denominator) >= 0 do
      rest = decimal.subtract(rest, denominator)
      count = count + 1
    end
    quotient = quotient .. count
  end
  quotient = strip(quotient)
  if decimal.compare(decimal.add(rest, rest), denominator) >= 0 then
    quotient = decimal.add(quotient, "1")
  end
  return quotient
end

--- The amount of a text in major units, in units of the last of `decimals` places.
function decimal.minor(text, decimals)
  local negative, digits = split(text)
  local whole, fraction = digits:match("^(%d+)%.?(%d*)$")
  fraction = fraction .. ("0"):rep(decimals - #fraction)
  return signed(negative, strip(whole .. fraction))
end

return decimal
