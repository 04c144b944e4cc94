-- Which of several ids a word means: the one that it is, or else the only one that it begins. Pure.
--
-- A table on a narrow terminal cuts ids, so a beginning can be typed, with the ellipsis that was
-- copied too. One that several ids have in common means none of them: it is refused, and they are
-- named, because what is done to the wrong one cannot be taken back.
local errors = require "repay.error"

local ids = {}

local NAMED_MAX = 5

--- The word without the ellipsis of a table.
function ids.typed(word)
  return (word:gsub("\226\128\166$", ""))
end

local function ambiguous(word, found)
  table.sort(found)
  local named = table.concat(found, ", ", 1, math.min(#found, NAMED_MAX))
  return nil, errors.new { kind = "invalid_argument",
    message = ("several ids begin with '%s': %s%s"):format(word, named,
      #found > NAMED_MAX and (" and %d more"):format(#found - NAMED_MAX) or ""),
    hint = "say more of it" }
end

--- The id; nil where none of the list begins so; nil and an error where several do.
function ids.find(word, list)
  local begin, found, seen = ids.typed(word), {}, {}
  if begin == "" then
    return nil
  end
  for _, id in ipairs(list) do
    if id == begin then
      return id
    elseif id:sub(1, #begin) == begin and not seen[id] then
      seen[id] = true
      found[#found + 1] = id
    end
  end
  if found[2] then
    return ambiguous(begin, found)
  end
  return found[1]
end

return ids
