-- Arguments from words: converters for argparse, which give a value, or nil and what is wrong.
local words = {}

--- A whole number within bounds.
function words.whole(least, most)
  return function(text)
    local value = text:find("^%d+$") and #text <= 15 and tonumber(text) or nil
    if not value or value < least or value > most then
      return nil, ("'%s' is not a whole number from %d to %d"):format(text:sub(1, 40):gsub("%c",
        "?"), least, most)
    end
    return value
  end
end

-- As repay.native.files has it.
local PATH_MAX = 4000

--- The path of something that is to be written.
function words.path(text)
  if text == "" or #text > PATH_MAX then
    return nil, ("'%s' is no path"):format(text:sub(1, 40):gsub("%c", "?"))
  end
  return text
end

--- Several of them, separated by commas.
function words.wholes(least, most)
  local one = words.whole(least, most)
  return function(text)
    local list = {}
    for word in text:gmatch("[^,]+") do
      local value, why = one(word)
      if not value then
        return nil, why
      end
      list[#list + 1] = value
    end
    if not list[1] then
      return nil, "a list of numbers is empty"
    end
    return list
  end
end

return words
