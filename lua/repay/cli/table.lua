-- Rows as a table on a terminal, within its width.
--
-- Figures stand to the right and are never cut: a cut figure is another figure. What is too wide
-- loses columns that may go and letters of its texts, as repay.cli.columns says; a table of figures
-- alone may be wider than the terminal. What was left out is said under the table, as a part of it:
-- a picture that hides something must not look whole to somebody who silenced the talk.
local figures = require "repay.report.figures"
local columns_of = require "repay.cli.columns"
local measure = require "repay.report.measure"
local words = require "repay.report.words"

local table_form = {}

local GAP = "  "
local LEAST = 8 -- a text is not cut below this
local LEAST_ID = 13 -- nor an id below this, which is the first two parts of a UUID
local TONES = { bad = "\27[31m", good = "\27[32m", faint = "\27[2m", head = "\27[1m" }
local RIGHT = { money = true, whole = true }

--- The text in the colour of a tone: bad, good, faint, head.
function table_form.paint(text, tone, color)
  if color and TONES[tone] and text ~= "" then
    return TONES[tone] .. text .. "\27[0m"
  end
  return text
end

local paint = table_form.paint

--- The value as a person reads it; nothing is shown where nothing is known.
function table_form.show(column, value, row)
  if value == nil then
    return column.id and words.no_id or ""
  elseif column.kind == "money" then
    return figures.amount(value, row[column.currency or "currency"])
  elseif column.kind == "whole" and type(value) == "number" then
    return figures.count(value)
  elseif column.kind == "flag" then
    return value and "yes" or "no"
  elseif type(value) == "table" then
    return measure.clean(table.concat(value, " "))
  elseif type(value) == "number" then
    return figures.whole(value)
  end
  return measure.clean(tostring(value))
end

local function label_of(column)
  local label = column.label or columns_of.title(column):gsub("_", " "):gsub("^%l", string.upper)
  return label
end

local function total_of(widths, shown)
  local total, count = 0, 0
  for i, width in ipairs(widths) do
    if shown[i] then
      total, count = total + width, count + 1
    end
  end
  return total + #GAP * math.max(count - 1, 0)
end

-- Columns that may go, the first to go first; only those with a number above `above`.
local function drop_some(columns, widths, shown, most, above, left_out)
  while total_of(widths, shown) > most do
    local first
    for i, column in ipairs(columns) do
      if shown[i] and (column.drop or 0) > above
        and (not first or column.drop > columns[first].drop) then
        first = i
      end
    end
    if not first then
      break
    end
    shown[first] = false
    left_out[#left_out + 1] = first
  end
end

-- A narrow column goes before a wide one that goes too, and then there is room for it again.
local function take_back(widths, shown, most, left_out)
  local room = most - total_of(widths, shown) - #GAP
  for at = #left_out, 1, -1 do
    local i = left_out[at]
    if widths[i] <= room then
      shown[i], room = true, room - widths[i] - #GAP
    end
  end
end

-- The names of the columns that are so.
local function names_of(columns, is_so)
  local names = {}
  for i, column in ipairs(columns) do
    names[#names + 1] = is_so(column, i) and columns_of.title(column) or nil
  end
  return names
end

-- Two ids that look the same are none: one more than the longest beginning that two of the column
-- have in common stays, and the ellipsis.
local function least_of_ids(grid, i)
  local ids, seen, least = {}, {}, LEAST_ID
  for _, cells in ipairs(grid) do
    if not seen[cells[i]] then
      seen[cells[i]] = true
      ids[#ids + 1] = cells[i]
    end
  end
  table.sort(ids)
  for at = 2, #ids do
    local one, other, same = ids[at - 1], ids[at], 0
    while same < #one and one:byte(same + 1) == other:byte(same + 1) do
      same = same + 1
    end
    least = math.max(least, same + 2)
  end
  return least
end

-- Texts, the widest first; with `by_wish` only those that say to how many letters they may go.
local function cut_some(columns, widths, shown, most, least_ids, by_wish)
  local excess = total_of(widths, shown) - most
  while excess > 0 do
    local widest
    for i, column in ipairs(columns) do
      local least = math.max(least_ids[i] or LEAST, by_wish and (column.shrink or math.huge) or 0)
      if shown[i] and not RIGHT[column.kind or ""] and column.kind ~= "day"
        and widths[i] > least and (not widest or widths[i] > widths[widest]) then
        widest = i
      end
    end
    if not widest then
      return
    end
    widths[widest] = widths[widest] - 1
    excess = excess - 1
  end
end

-- Above this number a column goes before a text is cut for it.
local MINOR = 4

-- The names of columns that were left out, and of ids that were cut.
local function fit(columns, widths, shown, grid, options)
  local left_out, least_ids, whole = {}, {}, {}
  if total_of(widths, shown) <= options.width then
    return {}, {}
  end
  for i, column in ipairs(columns) do
    least_ids[i], whole[i] = column.id and least_of_ids(grid, i) or nil, widths[i]
  end
  if not options.keep then
    drop_some(columns, widths, shown, options.width, MINOR, left_out)
  end
  cut_some(columns, widths, shown, options.width, least_ids, true)
  if not options.keep then
    drop_some(columns, widths, shown, options.width, 0, left_out)
    take_back(widths, shown, options.width, left_out)
  end
  cut_some(columns, widths, shown, options.width, least_ids, false)
  return names_of(columns, function(_, i) return not shown[i] end),
    names_of(columns, function(column, i)
      return shown[i] and column.id and widths[i] < whole[i]
    end)
end

-- What stands under the table.
local function add_notes(lines, left_out, cut, options)
  for _, note in ipairs {
    { left_out, "left out for want of room: %s (--columns names what to show)" },
    { cut, "cut short: %s (what is shown names one; --csv has all of it)" },
  } do
    local text = note[1][1] and note[2]:format(table.concat(note[1], ", "))
    for _, line in ipairs(text and measure.wrap(text, options.width) or {}) do
      lines[#lines + 1] = paint(line, "faint", options.color)
    end
  end
end

-- Blanks are written only before a cell that has something: no line ends in blanks.
local function line_of(columns, widths, shown, cells, tones, color)
  local parts, before, is_first = {}, 0, true
  for i, column in ipairs(columns) do
    if shown[i] then
      local cell, width = cells[i], measure.width(cells[i])
      if width > widths[i] then
        cell = measure.cut(cell, widths[i])
        width = measure.width(cell)
      end
      before = before + (is_first and 0 or #GAP)
      is_first = false
      local left = RIGHT[column.kind or ""] and widths[i] - width or 0
      if cell == "" then
        before = before + widths[i]
      else
        parts[#parts + 1] = (" "):rep(before + left) .. paint(cell, tones[i], color)
        before = widths[i] - width - left
      end
    end
  end
  return table.concat(parts)
end

--- Lines of the table, and under them what it does not show. options: width, color, keep (no column
--- may be left out).
function table_form.lines(columns, rows, options)
  local widths, shown, grid = {}, {}, {}
  for i, column in ipairs(columns) do
    widths[i], shown[i] = measure.width(label_of(column)), true
  end
  for at, row in ipairs(rows) do
    local cells = {}
    for i, column in ipairs(columns) do
      local cell = table_form.show(column, row[column.name], row)
      local width = measure.width(cell)
      cells[i] = cell
      if width > widths[i] then
        widths[i] = width
      end
    end
    grid[at] = cells
  end
  local left_out, cut = fit(columns, widths, shown, grid, options)
  local labels, tones = {}, {}
  for i, column in ipairs(columns) do
    labels[i], tones[i] = label_of(column), "head"
  end
  local lines = { line_of(columns, widths, shown, labels, tones, options.color) }
  for at, row in ipairs(rows) do
    tones = {}
    for i, column in ipairs(columns) do
      tones[i] = options.color and column.tone and column.tone(row[column.name], row) or nil
    end
    lines[at + 1] = line_of(columns, widths, shown, grid[at], tones, options.color)
  end
  add_notes(lines, left_out, cut, options)
  return lines
end

--- One record as a name and a value a line.
function table_form.record(columns, row, options)
  local widest, lines = 0, {}
  for _, column in ipairs(columns) do
    widest = math.max(widest, measure.width(label_of(column)))
  end
  for _, column in ipairs(columns) do
    local value = table_form.show(column, row[column.name], row)
    if value ~= "" and row[column.name] ~= nil then
      local tone = column.tone and column.tone(row[column.name], row)
      lines[#lines + 1] = paint(measure.pad(label_of(column), widest), "faint", options.color)
        .. GAP .. paint(value, tone, options.color)
    end
  end
  return lines
end

return table_form
