-- A file's rows for people: the table of a dry run, and the summary as CSV.
local csv = require "repay.csv"
local money = require "repay.money"
local send = require "repay.journal.send"
local warnings = require "repay.bulk.warnings"

local output = {}

local function amount_of(row)
  local text = money.format(row.amount_minor, row.currency)
  return text or ("%d"):format(row.amount_minor)
end

local function clean(text)
  return (tostring(text or ""):gsub("%c", "?"))
end

local function warnings_of(item)
  local list = {}
  for i, word in ipairs(item.warnings) do
    list[i] = warnings.texts[word]
  end
  return table.concat(list, "; ")
end

local COLUMNS = {
  { "line", function(item) return ("%d"):format(item.line) end, true },
  { "account", function(item) return clean(item.planned.account) end },
  { "amount", function(item) return amount_of(item.planned) end, true },
  { "", function(item) return item.planned.currency end },
  { "date", function(item) return clean(item.planned.payment_date):sub(1, 10) end },
  { "reference", function(item) return clean(item.planned.reference) end },
  { "state", function(item) return item.state or "new" end },
  { "look at", warnings_of },
}

local function padded(text, width, is_right)
  local blanks = (" "):rep(width - #text)
  return is_right and blanks .. text or text .. blanks
end

local function table_line(cells, widths)
  local parts = {}
  for i, cell in ipairs(cells) do
    parts[i] = padded(cell, widths[i], COLUMNS[i][3])
  end
  return (table.concat(parts, "  "):gsub("%s+$", ""))
end

--- What would be sent, as a table with its sums.
function output.table(list)
  local lines, widths = { {} }, {}
  for i, column in ipairs(COLUMNS) do
    lines[1][i], widths[i] = column[1], #column[1]
  end
  for at, item in ipairs(list) do
    local cells = {}
    for i, column in ipairs(COLUMNS) do
      cells[i] = column[2](item)
      widths[i] = math.max(widths[i], #cells[i])
    end
    lines[at + 1] = cells
  end
  for at, cells in ipairs(lines) do
    lines[at] = table_line(cells, widths)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- A line that says that the file is another than the one of its name that was planned last, or
--- nothing.
function output.changed(changed)
  if not changed then
    return ""
  end
  return ("the file is not the one that batch %d, '%s', was planned from on %s: %d of its rows are "
    .. "new\n"):format(changed.batch, clean(changed.name),
    os.date("!%Y-%m-%d", math.floor(changed.planned_ms / 1000)), changed.new)
end

local SUMMARY = {
  "line", "id", "state", "amount", "currency", "customer", "account", "payment_date", "reference",
  "receipt_id", "record_id", "provider_status", "reason", "warnings",
}

local function summary_line(item)
  local row, entry = item.planned, item.entry or {}
  return csv.line({
    ("%d"):format(item.line), item.id, item.state, amount_of(row), row.currency, row.customer,
    row.account, row.payment_date, row.reference, entry.receipt_id, entry.record_id,
    entry.provider_status, entry.reason, table.concat(item.warnings, " "),
  }, #SUMMARY)
end

--- Writes the summary beside its place and moves it there, so that it is whole or not there. True,
--- or nil and the system's words.
function output.write_summary(path, list)
  local may, refusal = require("repay.native.files").may_replace(path)
  if not may then
    return nil, refusal
  end
  local temporary = path .. ".part"
  local file, why = io.open(temporary, "wb")
  if not file then
    return nil, why
  end
  local written, failure = file:write(csv.line(SUMMARY))
  for i, item in ipairs(list) do
    if i == math.floor(#list / 2) + 1 then
      file:flush()
      send.crash_point("C23")
    end
    if written then
      written, failure = file:write(summary_line(item))
    end
  end
  local closed, reason = file:close()
  if not (written and closed) then
    os.remove(temporary)
    return nil, failure or reason or "it could not be written"
  end
  local moved, cause = os.rename(temporary, path)
  if not moved then
    return nil, cause
  end
  return true
end

return output
