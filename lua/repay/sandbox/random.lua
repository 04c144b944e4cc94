-- Chance for the sandbox: the same numbers for the same seed on every Lua, for ever.
--
-- math.random differs between the two Luas, so this is L'Ecuyer's pair of multiplicative
-- generators. Every product stays below 2^47, which a double holds exactly.

local random = {}
random.__index = random

local FIRST_MODULUS, FIRST_FACTOR = 2147483563, 40014
local SECOND_MODULUS, SECOND_FACTOR = 2147483399, 40692

function random.new(seed)
  local start = seed % 2147483398
  local self = setmetatable({
    first = start % (FIRST_MODULUS - 1) + 1,
    second = (start * 7 + 11) % (SECOND_MODULUS - 1) + 1,
  }, random)
  -- Neighbouring seeds give neighbouring first numbers; a few rounds drive them apart.
  for _ = 1, 12 do
    self:next()
  end
  return self
end

function random:next()
  self.first = (FIRST_FACTOR * self.first) % FIRST_MODULUS
  self.second = (SECOND_FACTOR * self.second) % SECOND_MODULUS
  local value = self.first - self.second
  if value < 1 then
    value = value + FIRST_MODULUS - 1
  end
  return value
end

-- A whole number from 0 to limit - 1; the bias of the remainder is below one in a million for the
-- small limits used here.
function random:below(limit)
  return self:next() % limit
end

function random:between(low, high)
  return low + self:below(high - low + 1)
end

function random:chance(probability)
  return self:below(1000000) < probability * 1000000
end

function random:pick(list)
  return list[self:below(#list) + 1]
end

-- The text of a version 4 UUID.
function random:uuid()
  local digits = {}
  for index = 1, 32 do
    digits[index] = string.format("%x", self:below(16))
  end
  digits[13] = "4"
  digits[17] = string.format("%x", 8 + self:below(4))
  local text = table.concat(digits)
  return table.concat({
    text:sub(1, 8), text:sub(9, 12), text:sub(13, 16), text:sub(17, 20), text:sub(21, 32),
  }, "-")
end

return random
