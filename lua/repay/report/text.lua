-- Tables for a terminal: columns by display width, figures to the right, within a given width.
--
-- `text.table` serves any table; the report is made of it. What does not fit is cut with an
-- ellipsis from the widest column of words; figures are never cut, because a cut figure is another
-- figure. Where they are too wide the headings stand on two lines, and where that does not help the
-- lines are longer than asked. An id is not cut either: where there is no room for it, it stands on
-- a line of its own above its row. A sentence goes on below.
local measure = require "repay.report.measure"
local outline = require "repay.report.outline"

local text = {}

local GAP = "  "
local LEAST = 8 -- a column of words is not cut below this

local function widths_of(columns, headings, rows)
  local widths = {}
  for i in ipairs(columns) do
    widths[i] = 0
    for _, heading in ipairs(headings) do
      widths[i] = math.max(widths[i], measure.width(heading[i]))
    end
    for _, row in ipairs(rows) do
      widths[i] = math.max(widths[i], measure.width(row[i]))
    end
  end
  return widths
end

local function total_of(widths)
  local total = #GAP * (#widths - 1)
  for _, width in ipairs(widths) do
    total = total + width
  end
  return total
end

-- The two parts of a heading of several words whose longer one is shortest.
local function parts_of(label)
  local first, second, least = "", label, measure.width(label)
  for before, after in label:gmatch("()%s+()") do
    local upper, lower = label:sub(1, before - 1), label:sub(after)
    local longer = math.max(measure.width(upper), measure.width(lower))
    if longer < least then
      first, second, least = upper, lower, longer
    end
  end
  return first, second
end

-- Takes columns from the widest column of words until the line fits.
local function fit(columns, widths, most)
  local total = total_of(widths)
  while total > most do
    local widest
    for i, column in ipairs(columns) do
      if not column.right and widths[i] > LEAST
        and (not widest or widths[i] > widths[widest]) then
        widest = i
      end
    end
    if not widest then
      return
    end
    widths[widest] = widths[widest] - 1
    total = total - 1
  end
end

-- The headings in one line, or in two where cutting words does not make room; and the widths.
local function layout_of(columns, rows, most)
  local one, upper, lower = {}, {}, {}
  for i, column in ipairs(columns) do
    one[i] = column.label or ""
    upper[i], lower[i] = parts_of(one[i])
  end
  local headings, widths = { one }, widths_of(columns, { one }, rows)
  fit(columns, widths, most)
  if total_of(widths) > most then
    local lower_widths = widths_of(columns, { upper, lower }, rows)
    fit(columns, lower_widths, most)
    if total_of(lower_widths) < total_of(widths) then
      return { upper, lower }, lower_widths
    end
  end
  return headings, widths
end

local function line_of(columns, widths, cells)
  local parts = {}
  for i, column in ipairs(columns) do
    local cell = cells[i]
    if not column.right then
      cell = measure.cut(cell, widths[i])
    end
    parts[i] = measure.pad(cell, widths[i], column.right)
  end
  return (table.concat(parts, GAP):gsub("%s+$", ""))
end

local function clean_rows(columns, rows)
  local clean = {}
  for i, row in ipairs(rows) do
    clean[i] = {}
    for at in ipairs(columns) do
      clean[i][at] = measure.clean(tostring(row[at] == nil and "" or row[at]))
    end
  end
  return clean
end

local function rest_of(list)
  return { (unpack or table.unpack)(list, 2) }
end

local function without_first(columns, rows)
  local rest = {}
  for i, row in ipairs(rows) do
    rest[i] = rest_of(row)
  end
  return rest_of(columns), rest
end

-- The lines of one row: more than one where a sentence is longer than its column.
local function row_of(columns, widths, row)
  local parts, count, lines = {}, 1, {}
  for i, column in ipairs(columns) do
    parts[i] = column.wrap and measure.wrap(row[i], widths[i]) or { row[i] }
    count = math.max(count, #parts[i])
  end
  for at = 1, count do
    local cells = {}
    for i in ipairs(columns) do
      cells[i] = parts[i][at] or ""
    end
    lines[at] = line_of(columns, widths, cells)
  end
  return lines
end

-- The heading lines and the lines of each row.
local function lines_of(columns, rows, most)
  local headings, widths = layout_of(columns, rows, most)
  local heads, lines = {}, {}
  for i, heading in ipairs(headings) do
    heads[i] = line_of(columns, widths, heading)
  end
  for i, row in ipairs(rows) do
    lines[i] = row_of(columns, widths, row)
  end
  return heads, lines, widths
end

--- Lines of a table. columns: a list of { label, right, id, wrap }, of which only the first may be
--- an id; rows: lists of texts. options: width (no limit without it), style (a function of a
--- heading line, for colour).
function text.table(columns, rows, options)
  options = options or {}
  local most = options.width or math.huge
  local style = options.style or function(line) return line end
  local clean = clean_rows(columns, rows)
  local heads, lines, widths = lines_of(columns, clean, most)
  local is_apart = columns[1].id and widths[1] < widths_of(columns, {}, clean)[1]
  if is_apart then
    local rest, cells = without_first(columns, clean)
    heads, lines = lines_of(rest, cells, most - #GAP)
    table.insert(heads, 1, columns[1].label)
  end
  local all = {}
  for i, head in ipairs(heads) do
    all[i] = style(is_apart and i > 1 and GAP .. head or head)
  end
  for i, row in ipairs(lines) do
    all[#all + 1] = is_apart and clean[i][1] or nil
    for _, line in ipairs(row) do
      all[#all + 1] = is_apart and GAP .. line or line
    end
  end
  return all
end

local function add_wrapped(lines, paragraph, width)
  for _, line in ipairs(measure.wrap(measure.clean(paragraph), width)) do
    lines[#lines + 1] = line
  end
end

local PLAIN = function(line) return line end
local BOLD = function(line) return "\27[1m" .. line .. "\27[0m" end
local FAINT = function(line) return "\27[2m" .. line .. "\27[0m" end

--- The report for a terminal. options: width (80), color.
function text.render(facts, options)
  options = options or {}
  local width = options.width or 80
  local bold, faint = options.color and BOLD or PLAIN, options.color and FAINT or PLAIN
  local plan = outline.new(facts)
  local lines = { bold(measure.clean(plan.title)) }
  add_wrapped(lines, plan.lead, width)
  for _, warning in ipairs(plan.warnings) do
    add_wrapped(lines, "Note: " .. warning.message .. ".", width)
  end
  for _, section in ipairs(plan.sections) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = bold(measure.clean(section.title))
    if section.note then
      lines[#lines + 1] = section.note
    end
    if #section.rows == 0 then
      lines[#lines + 1] = section.empty or "Nothing."
    else
      for _, line in ipairs(text.table(section.columns, section.rows,
        { width = width, style = faint })) do
        lines[#lines + 1] = line
      end
    end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = plan.made
  return table.concat(lines, "\n") .. "\n"
end

return text
