-- Columns of a result: their names, which of them are shown, and the order of the rows.
--
--   { name = "due_date", label = "Due", kind = "day", drop = 3 }
--
-- kind: text (without one), whole, money, day, flag, list. A column of money has a name that ends
-- in _minor and takes its currency from the row's field `currency`, or the one that the column
-- names in `currency`.
-- tone(value, row): "bad", "good", "faint" or nil.
-- id: what a person names a thing by. It is cut only so far that no two of the table look the same.
--
-- For tables that are too wide: columns with a `drop` above 4 go first, the highest number first;
-- then texts with a `shrink` are cut to as many letters; then other columns with a `drop` go; and
-- at last any text is cut. One without `drop` always stays. `extra`: not in a table at all unless
-- --columns names it; pipes and files have it.
local errors = require "repay.error"
local options = require "repay.options"

local columns = {}

-- What a person calls it: amounts are shown in major units, so `_minor` goes.
function columns.title(column)
  return (column.name:gsub("_minor$", ""))
end

local function find(list, word)
  for _, column in ipairs(list) do
    if column.name == word or columns.title(column) == word then
      return column
    end
  end
  local names = {}
  for i, column in ipairs(list) do
    names[i] = columns.title(column)
  end
  return nil, errors.new { kind = "invalid_argument", field = "columns",
    message = options.unknown("there is no column", word, names),
    hint = "columns: " .. table.concat(names, ", ") }
end

local function split(text)
  local words = {}
  for word in text:gmatch("[^,%s]+") do
    words[#words + 1] = word
  end
  return words
end

--- The columns that --columns names, in its order, or all; nil and an error.
function columns.choose(list, asked)
  if not asked then
    return list
  end
  local chosen = {}
  for _, word in ipairs(split(asked)) do
    local column, err = find(list, word)
    if not column then
      return nil, err
    end
    chosen[#chosen + 1] = column
  end
  if not chosen[1] then
    return nil, errors.new { kind = "invalid_argument", field = "columns",
      message = "--columns names no column" }
  end
  return chosen
end

--- The columns without the extra ones.
function columns.usual(list)
  local usual = {}
  for _, column in ipairs(list) do
    if not column.extra then
      usual[#usual + 1] = column
    end
  end
  return usual
end

--- The keys that --sort names: { column, descending }; nil and an error.
function columns.keys(list, asked)
  local keys = {}
  for _, word in ipairs(split(asked or "")) do
    local sign, name = word:match("^([+-]?)(.*)$")
    local column, err = find(list, name)
    if not column then
      return nil, err
    end
    keys[#keys + 1] = { column = column, descending = sign == "-" }
  end
  return keys
end

-- -1, 0 or 1. What is not known comes last, whichever way it is sorted.
local function compare(left, right, key)
  local name, field = key.column.name, key.column.currency or "currency"
  local a, b = left[name], right[name]
  if a == nil or b == nil then
    return a == b and 0 or a == nil and 1 or -1
  end
  if key.column.kind == "money" and left[field] ~= right[field] then
    -- Amounts of two currencies have no order; those of one stay together.
    return tostring(left[field]) < tostring(right[field]) and -1 or 1
  end
  if type(a) ~= "number" or type(b) ~= "number" then
    a, b = tostring(a), tostring(b)
  end
  if a == b then
    return 0
  end
  return ((a < b) ~= key.descending) and -1 or 1
end

--- The rows in the order of the keys; rows that are equal stay as they came.
function columns.sort(rows, keys)
  local order = {}
  for i = 1, #rows do
    order[i] = i
  end
  table.sort(order, function(i, j)
    for _, key in ipairs(keys) do
      local result = compare(rows[i], rows[j], key)
      if result ~= 0 then
        return result < 0
      end
    end
    return i < j
  end)
  local sorted = {}
  for at, i in ipairs(order) do
    sorted[at] = rows[i]
  end
  return sorted
end

return columns
