-- Rows as a table on a terminal, within its width.
--
-- Figures stand to the right and are never cut: a cut figure is another figure. What is too wide
-- loses columns that may go and letters of its texts, as repay.cli.columns says; a table of figures
-- alone may be wider than the terminal.
local figures = require "repay.report.figures"
local columns_of = require "repay.cli.columns"
local measure = require "repay.report.measure"

local table_form = {}

local GAP = "  "
local LEAST = 8 -- a text is not cut below this
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
    return ""
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
    left_out[#left_out + 1] = columns_of.title(columns[first])
  end
end

-- Texts, the widest first; with `by_wish` only those that say to how many letters they may go.
local function cut_some(columns, widths, shown, most, by_wish)
  local excess = total_of(widths, shown) - most
  while excess > 0 do
    local widest
    for i, column in ipairs(columns) do
      local least = by_wish and (column.shrink or math.huge) or LEAST
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

local function fit(columns, widths, shown, options)
  local left_out = {}
  if not options.keep then
    drop_some(columns, widths, shown, options.width, MINOR, left_out)
  end
  cut_some(columns, widths, shown, options.width, true)
  if not options.keep then
    drop_some(columns, widths, shown, options.width, 0, left_out)
  end
  cut_some(columns, widths, shown, options.width, false)
  return left_out
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

--- Lines of the table, and the names of columns that were left out. options: width, color, keep
--- (no column may be left out).
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
  local left_out = fit(columns, widths, shown, options)
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
  return lines, left_out
end

--- One record as a name and a value a line.
function table_form.record(columns, row, options)
  local widest, lines = 0, {}
  for _, column in ipairs(columns) do
    widest = math.max(widest, measure.width(label_of(column)))
  end
  for _, column in ipairs(columns) do
    local value = table_form.show(column, row[column.name], row)
    if value ~= "" then
      local tone = column.tone and column.tone(row[column.name], row)
      lines[#lines + 1] = paint(measure.pad(label_of(column), widest), "faint", options.color)
        .. GAP .. paint(value, tone, options.color)
    end
  end
  return lines
end

return table_form
