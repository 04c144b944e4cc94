-- CSV as RFC 4180 writes it, read strictly: a header, cells as text, nothing guessed.
--
-- A row that is wrong is reported with its line and column, and the rest is read on. A quote that
-- never ends does end the reading, because nothing behind it can be told apart.
--
-- Spreadsheets run what looks like a formula, whoever wrote it: a text that begins with one of
-- = + - @, a tab or a line end, blanks before it or not, is written with an apostrophe in front.
local unicode = require "repay.unicode"

local csv = {}

-- A line this long is no row of a table; without a bound a file that is none would be one cell.
local ROW_SIZE_MAX = 65536
local COLUMNS_MAX = 200

local function problem(line, column, message, name)
  return { line = line, column = column, name = name, message = message }
end

-- A quoted cell that begins at `at`: its text and where what follows begins, or nil and why.
local function read_quoted(text, at)
  local parts, from = {}, at + 1
  while true do
    local quote = text:find('"', from, true)
    if not quote then
      return nil, nil, "a quote that begins here never ends"
    elseif text:sub(quote + 1, quote + 1) == '"' then
      parts[#parts + 1] = text:sub(from, quote)
      from = quote + 2
    else
      parts[#parts + 1] = text:sub(from, quote - 1)
      local after = text:sub(quote + 1, quote + 1)
      if after ~= "" and not after:find("[,\r\n]") then
        return nil, quote + 1, "text stands behind a closing quote"
      end
      return table.concat(parts), quote + 1
    end
  end
end

local function count_lines(text)
  local _, lines = text:gsub("\n", "")
  return lines
end

-- The rest of the line is left out; where the next one begins.
local function skip_line(text, at)
  local stop = text:find("\n", at, true)
  return stop and stop + 1 or #text + 1
end

-- One record from `at` on: its cells, where the next begins, and how many lines it took; or a
-- problem, and where to go on (nil: nowhere).
local function read_record(text, at, line)
  local cells, begin, lines = {}, at, 0
  while true do
    local cell, next_at, why
    if text:sub(at, at) == '"' then
      cell, next_at, why = read_quoted(text, at)
      if not cell then
        local bad = problem(line + lines, #cells + 1, why)
        return nil, next_at and skip_line(text, next_at), bad,
          lines + (next_at and count_lines(text:sub(at, next_at)) or 0) + 1
      end
      lines = lines + count_lines(cell)
    else
      next_at = text:find("[,\r\n]", at) or #text + 1
      cell = text:sub(at, next_at - 1)
      if cell:find('"', 1, true) then
        return nil, skip_line(text, next_at), problem(line + lines, #cells + 1,
          "a quote stands inside a cell that does not begin with one"), lines + 1
      end
    end
    cells[#cells + 1] = cell
    if #cells > COLUMNS_MAX or next_at - begin > ROW_SIZE_MAX then
      return nil, skip_line(text, next_at), problem(line, #cells, "the row is too large"), lines + 1
    end
    local separator = text:sub(next_at, next_at)
    if separator ~= "," then
      if separator == "\r" then
        if text:sub(next_at + 1, next_at + 1) ~= "\n" then
          return nil, skip_line(text, next_at + 1), problem(line + lines, #cells,
            "a carriage return stands without a line feed"), lines + 1
        end
        next_at = next_at + 1
      end
      return cells, next_at + 1, nil, lines + 1
    end
    at = next_at + 1
  end
end

local function trim(text)
  local trimmed = text:gsub("^[ \t]+", ""):gsub("[ \t]+$", "")
  return trimmed
end

-- The header's names, each once.
local function read_header(cells, line)
  local names, seen, problems = {}, {}, {}
  for column, cell in ipairs(cells) do
    local name = trim(cell)
    if name == "" then
      problems[#problems + 1] = problem(line, column, "a column has no name")
    elseif seen[name] then
      problems[#problems + 1] = problem(line, column,
        "column '" .. name .. "' stands twice, here and at column " .. seen[name], name)
    end
    seen[name] = column
    names[column] = name
  end
  return names, problems
end

local function bad_byte(names, cells, line)
  for column, cell in ipairs(cells) do
    if cell:find("%z") or cell:find("[\1-\8\11\12\14-\31\127]") then
      return problem(line, column, "the cell holds a control byte", names[column])
    elseif not unicode.is_valid(cell) then
      return problem(line, column, "the cell is not UTF-8", names[column])
    end
  end
  return nil
end

local function new_row(names, cells, line)
  local row = { line = line, cells = {}, columns = {} }
  for column, cell in ipairs(cells) do
    local text = trim(cell)
    row.cells[names[column]] = text ~= "" and text or nil
    row.columns[names[column]] = column
  end
  return row
end

--- Reads a whole text: { names, rows = { { line, cells, columns } } }, and a list of problems, each
--- { line, column, name, message }. An empty cell counts as absent; blanks around a cell are cut.
function csv.parse(text)
  local result, problems = { names = {}, rows = {} }, {}
  local at, line, has_header = 1, 1, false
  if text:sub(1, 3) == "\239\187\191" then
    at = 4
  end
  while at and at <= #text do
    local cells, next_at, bad, lines = read_record(text, at, line)
    if bad then
      problems[#problems + 1] = bad
      if not has_header then
        return result, problems
      end
    elseif not has_header then
      local wrong
      result.names, wrong = read_header(cells, line)
      has_header = true
      if wrong[1] then
        return result, wrong
      end
    elseif not (#cells == 1 and trim(cells[1]) == "") then
      local unclean = bad_byte(result.names, cells, line)
      if #cells ~= #result.names then
        problems[#problems + 1] = problem(line, math.min(#cells, #result.names + 1),
          ("the row has %d cells and the header has %d"):format(#cells, #result.names))
      elseif unclean then
        problems[#problems + 1] = unclean
      else
        result.rows[#result.rows + 1] = new_row(result.names, cells, line)
      end
    end
    at, line = next_at, line + (lines or 1)
  end
  if not has_header then
    problems[#problems + 1] = problem(1, 1, "the file has no header")
  end
  return result, problems
end

--- A text as it stands in a file that a spreadsheet may open: what would be a formula is none.
function csv.cell(value)
  local text = value == nil and "" or tostring(value)
  if text:find("^%s*[=+%-@\t\r\n]") then
    text = "'" .. text
  end
  if text:find('[",\r\n]') or text:find("^%s") or text:find("%s$") then
    text = '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

--- One row of a file, its line end included.
function csv.line(values, count)
  local cells = {}
  for i = 1, count or #values do
    cells[i] = csv.cell(values[i])
  end
  return table.concat(cells, ",") .. "\r\n"
end

return csv
