-- Commands as they are printed for a person to paste: words that a shell takes as they are, with
-- the options of this run without which the next one would look elsewhere.
--
-- A batch stands for what was shown only where it has that and nothing else: a row that was taken
-- out of a file is still in the batch that it was planned with, and must not go along.
local typed = {}

-- Words that mean themselves to every shell, wherever they stand.
local PLAIN = "^[%w_./:@%%+,][%w_./:@%%+=,-]*$"
-- More ids are no command that somebody reads.
local IDS_MAX = 20

local function word_of(text)
  return text:find(PLAIN) and text or "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The options of this run that the next one needs, each with a blank before it.
function typed.options(context)
  local parts = {}
  for _, name in ipairs { "profile", "config" } do
    local value = context.arguments[name]
    parts[#parts + 1] = value and (" --%s %s"):format(name, word_of(value)) or nil
  end
  return table.concat(parts)
end

--- "repay run 'january 2026.csv' --profile north". `flags`: a text that comes last.
function typed.command(context, name, words, flags)
  local parts = { "repay", name }
  for _, word in ipairs(words) do
    parts[#parts + 1] = word_of(word)
  end
  return table.concat(parts, " ") .. typed.options(context) .. (flags and " " .. flags or "")
end

--- What a command that sends these entries has to say, or nil.
function typed.live(entries)
  for _, entry in ipairs(entries) do
    if entry.environment == "live" then
      return "--live"
    end
  end
  return nil
end

--- The name of a batch where it means this one and nothing else, else its number.
function typed.batch(journal, number)
  local batches, err = journal:batches()
  if not batches then
    return nil, err
  end
  local name, others = nil, {}
  for _, batch in ipairs(batches) do
    if batch.number == number then
      name = batch.name
    else
      others[batch.name or ""] = true
    end
  end
  local is_own = name and not others[name] and not name:find("^[-%d]*$") and not name:find("^%-")
    and not name:find("%c") and not name:find("^%x+%-%x+%-%x+%-%x+%-%x+$")
  return is_own and name or ("%d"):format(number)
end

-- How many entries of the batch are in this state.
local function count_of(journal, number, state)
  local list, err = journal:entries { batch = number, state = state }
  return list and #list, err
end

--- Words that mean these entries, which are all in one state, and no others of that state; where
--- they would be too many, nil and the words of the batches that they are among. nil, nil and an
--- error where the journal cannot be read. items: a list of { id, batch }.
function typed.words(journal, items, state)
  local counts, order, ids, words = {}, {}, {}, {}
  for i, item in ipairs(items) do
    ids[i] = item.id
    if item.batch and not counts[item.batch] then
      order[#order + 1] = item.batch
    end
    counts[item.batch or ""] = (counts[item.batch or ""] or 0) + 1
  end
  local is_all = not counts[""]
  for i, number in ipairs(order) do
    local count, err = count_of(journal, number, state)
    if count then
      is_all = is_all and count == counts[number]
      words[i], err = typed.batch(journal, number)
    end
    if err then
      return nil, nil, err
    end
  end
  if is_all then
    return words
  elseif #ids <= IDS_MAX then
    return ids
  end
  return nil, words
end

return typed
