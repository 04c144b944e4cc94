-- What a command has found, on the standard output: a table on a terminal, tab-separated in a pipe,
-- JSON, one object a line, or CSV. Talk and errors are not its business.
--
--   output:rows(columns, rows)      rows: a list, or a function that gives one at a time
--   output:record(columns, row)     one thing
--   output:document(members)        JSON of another shape: a list of { name, value }
--   output:text(text)               a text that is fit for a terminal
--   output:file(text)               a text that is made for a file, wherever it goes now
--   output:csv(line)                one line of CSV, its end included
--   output:check(columns)           nil and an error where --columns or --sort name none of them;
--                                   to be asked before a command does something
--
-- repay.cli.columns says what a column is. Texts of providers never reach a terminal as they came.
local columns_of = require "repay.cli.columns"
local errors = require "repay.error"
local figures = require "repay.report.figures"

local output = {}
output.__index = output

local FORMS = { "json", "ndjson", "csv" }
local WIDTH = 80 -- where a terminal does not tell

local function form_of(arguments, world)
  for _, form in ipairs(FORMS) do
    if arguments[form] then
      return form
    end
  end
  return world.terminal.stdout and "table" or "tsv"
end

local function wants_color(arguments, world)
  local no_color = world.getenv("NO_COLOR")
  return not arguments.no_color and not (no_color and no_color ~= "")
    and world.getenv("TERM") ~= "dumb"
end

--- options: world, arguments (json, ndjson, csv, columns, sort, no_color).
function output.new(options)
  local world, arguments = options.world, options.arguments
  local columns = world.terminal.stdout
  return setmetatable({
    world = world, arguments = arguments, form = form_of(arguments, world),
    width = type(columns) == "number" and columns > 0 and columns or WIDTH,
    color = columns and wants_color(arguments, world) or false,
    is_terminal = columns and true or false,
  }, output)
end

--- Writes a finished text. A full disk or a closed pipe raises an error object.
function output:text(text)
  local written, why = self.world.stdout:write(text)
  if not written then
    error(errors.new { kind = "output", message = "the output could not be written: "
      .. tostring(why) })
  end
end

-- Line ends stay; the rest of what moves a cursor or hides is written out.
local function made_visible(text)
  local measure = require "repay.report.measure"
  return (text:gsub("[^\r\n]+", measure.clean))
end

--- Writes a finished file, or a part of one that ends with a line. A terminal obeys none of it.
function output:file(text)
  self:text(self.is_terminal and made_visible(text) or text)
end

--- Writes a line of CSV. Files of ours end theirs with CR LF, as RFC 4180 has it; the programs of a
--- pipe would take the CR for a part of the last cell.
function output:csv(line)
  self:file((line:gsub("\r\n$", "\n")))
end

--- Sees to it that everything is out.
function output:finish()
  local flush = self.world.stdout.flush
  if flush then
    local done, why = flush(self.world.stdout)
    if not done then
      error(errors.new { kind = "output", message = "the output could not be written: "
        .. tostring(why) })
    end
  end
end

--- Whether --columns and --sort name columns that there are: true, or nil and an error.
function output:check(columns)
  local chosen, err = columns_of.choose(columns, self.arguments.columns)
  if not chosen then
    return nil, err
  end
  local keys, problem = columns_of.keys(columns, self.arguments.sort)
  if not keys then
    return nil, problem
  end
  return true
end

-- The value as a program reads it.
local function plain(column, value, row)
  if value == nil then
    return ""
  elseif column.kind == "money" then
    return figures.plain(value, row[column.currency or "currency"])
  elseif type(value) == "number" then
    return figures.whole(value)
  elseif type(value) == "table" then
    return table.concat(value, " ")
  end
  return tostring(value)
end

-- Those of tab-separated cells.
local VISIBLE = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r", ["\\"] = "\\\\" }

-- A cell has no tab and no line end, and can be told from every other text.
local function tsv_cell(text)
  if not text:find("[%c\\\127-\255]") then
    return text
  end
  text = text:gsub("[\t\n\r\\]", VISIBLE):gsub("%c", function(char)
    return ("\\x%02x"):format(char:byte())
  end)
  return require("repay.report.measure").clean(text)
end

local writers = {}

function writers.tsv(self, columns)
  local function line(cells)
    self:text(table.concat(cells, "\t") .. "\n")
  end
  local titles = {}
  for i, column in ipairs(columns) do
    titles[i] = columns_of.title(column)
  end
  line(titles)
  return function(row)
    local cells = {}
    for i, column in ipairs(columns) do
      cells[i] = tsv_cell(plain(column, row[column.name], row))
    end
    line(cells)
  end
end

function writers.csv(self, columns)
  local csv = require "repay.report.csv"
  local titles = {}
  for i, column in ipairs(columns) do
    titles[i] = columns_of.title(column)
  end
  self:csv(csv.line(titles))
  return function(row)
    local cells = {}
    for i, column in ipairs(columns) do
      local value = row[column.name]
      -- A figure of ours may be below zero; it is no text that a spreadsheet could run.
      cells[i] = (column.kind == "money" or type(value) == "number") and plain(column, value, row)
        or csv.cell(value ~= nil and plain(column, value, row) or nil)
    end
    self:csv(csv.line(cells))
  end
end

local function members_of(columns, row, null)
  local members = {}
  for i, column in ipairs(columns) do
    local value = row[column.name]
    if value == nil then
      value = null
    end
    members[i] = { column.name, value }
  end
  -- An amount without its currency is no amount.
  for _, column in ipairs(columns) do
    local field = column.currency or "currency"
    if column.kind == "money" and row[field] ~= nil and not members[field] then
      members[field] = true
      local has = false
      for _, other in ipairs(columns) do
        has = has or other.name == field
      end
      if not has then
        members[#members + 1] = { field, row[field] }
      end
    end
  end
  return members
end

function writers.ndjson(self, columns)
  local json = require "repay.cli.json"
  return function(row)
    self:text(json.object(members_of(columns, row, json.null)) .. "\n")
  end
end

function writers.json(self, columns)
  local json = require "repay.cli.json"
  local count = 0
  return function(row)
    self:text((count == 0 and "[\n" or ",\n")
      .. json.object(members_of(columns, row, json.null)))
    count = count + 1
  end, function()
    self:text(count == 0 and "[]\n" or "\n]\n")
  end
end

-- Only a table has to know all rows before the first is written.
function writers.table(self, columns)
  local rows = {}
  return function(row)
    rows[#rows + 1] = row
  end, function()
    local lines = require("repay.cli.table").lines(columns, rows,
      { width = self.width, color = self.color, keep = self.arguments.columns ~= nil })
    self:text(table.concat(lines, "\n") .. "\n")
  end
end

local function each_of(rows)
  if type(rows) == "function" then
    return rows
  end
  local at = 0
  return function()
    at = at + 1
    return rows[at]
  end
end

--- Writes rows: how many they were.
function output:rows(columns, rows)
  local chosen, err = columns_of.choose(columns, self.arguments.columns)
  if not chosen then
    error(err, 0)
  end
  local keys, problem = columns_of.keys(columns, self.arguments.sort)
  if not keys then
    error(problem, 0)
  end
  local next_row = each_of(rows)
  if keys[1] then
    local all = {}
    for row in next_row do
      all[#all + 1] = row
    end
    next_row = each_of(columns_of.sort(all, keys))
  end
  if self.form == "table" and not self.arguments.columns then
    chosen = columns_of.usual(chosen)
  end
  local add, finish = writers[self.form](self, chosen)
  local count = 0
  for row in next_row do
    add(row)
    count = count + 1
  end
  if finish then
    finish()
  end
  return count
end

--- Writes one thing: a line a fact, or one object.
function output:record(columns, row)
  local chosen, err = columns_of.choose(columns, self.arguments.columns)
  if not chosen then
    error(err, 0)
  end
  if self.form == "table" then
    self:text(table.concat(require("repay.cli.table").record(chosen, row,
      { color = self.color }), "\n") .. "\n")
  elseif self.form == "tsv" then
    for _, column in ipairs(chosen) do
      self:text(columns_of.title(column) .. "\t"
        .. tsv_cell(plain(column, row[column.name], row)) .. "\n")
    end
  elseif self.form == "csv" then
    writers.csv(self, chosen)(row)
  else
    local json = require "repay.cli.json"
    self:text(json.object(members_of(chosen, row, json.null)) .. "\n")
  end
end

--- Writes a document of its own shape as JSON: a list of { name, value }.
function output:document(members)
  self:text(require("repay.cli.json").object(members) .. "\n")
end

--- Whether a program reads it as JSON.
function output:is_json()
  return self.form == "json" or self.form == "ndjson"
end

return output
