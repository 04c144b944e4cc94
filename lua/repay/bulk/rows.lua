-- From the rows of a file to the rows that a journal plans. Every row is looked at, whatever is
-- wrong with others; nothing is sent and nothing is written.
--
-- The columns are the options of the provider's operation `repay`, and those of the journal.
local csv = require "repay.csv"
local errors = require "repay.error"
local keys = require "repay.keys"
local native = require "repay.native.core"
local options = require "repay.options"
local plan_rows = require "repay.journal.rows"

local rows = {}

-- Columns beside those of the provider's operation, and what they are for.
local OWN = {
  profile = true, amount_minor = true, currency = true, installment = true, ordinal = true,
  loan_id = true,
}

local MINOR_DIGITS_MAX = 16
local ORDINAL_DIGITS_MAX = 6

local function parameters_of(client)
  local operation = options.provider(client.provider).operations.repay
  local known, required = {}, {}
  for _, parameter in ipairs(operation and operation.parameters or {}) do
    if parameter.type ~= "key" then
      known[parameter.name] = parameter.type
      if parameter.required and parameter.type == "text" then
        required[#required + 1] = parameter.name
      end
    end
  end
  return known, required
end

local function known_columns(clients)
  local known = {}
  for name in pairs(OWN) do
    known[name] = true
  end
  for _, client in pairs(clients) do
    for name in pairs((parameters_of(client))) do
      known[name] = true
    end
  end
  return known
end

local function check_header(names, clients)
  local problems, has = {}, {}
  local known = known_columns(clients)
  local function add(column, name, message)
    problems[#problems + 1] = { line = 1, column = column, name = name, message = message }
  end
  for column, name in ipairs(names) do
    has[name] = true
    if name == "idempotency_key" then
      add(column, name, "keys of a file are derived from its rows and cannot be given")
    elseif not known[name] then
      add(column, name, options.unknown("unknown column", name, keys.sorted(known)))
    end
  end
  if not has.payment_date then
    add(#names, "payment_date", "column 'payment_date' is missing")
  end
  if has.amount == has.amount_minor then
    add(#names, "amount", has.amount and "columns 'amount' and 'amount_minor' are both there"
      or "one of the columns 'amount' and 'amount_minor' is missing")
  end
  return problems
end

-- What one row is read with: its problems are collected, not raised.
local function new_reader(row, problems)
  local reader = {}
  function reader.bad(name, message)
    problems[#problems + 1] = { line = row.line, column = row.columns[name] or 1, name = name,
      message = message }
    reader.failed = true
  end
  function reader.whole(name, digits_max)
    local text = row.cells[name]
    if not text then
      return nil
    elseif #text > digits_max or not text:find("^[1-9]%d*$") then
      reader.bad(name, "'" .. text:sub(1, 40) .. "' is not a whole number from 1")
      return nil
    end
    local value = native.integer(tonumber(text))
    if not value then
      reader.bad(name, "'" .. text .. "' is too large")
    end
    return value
  end
  return reader
end

local function client_of(row, reader, clients)
  local profile = row.cells.profile
  if profile and not clients[profile] then
    reader.bad("profile", "no client is called '" .. profile:sub(1, 40) .. "'")
    return nil
  elseif profile then
    return clients[profile]
  end
  local name, client = next(clients)
  if next(clients, name) ~= nil then
    reader.bad("profile", "the row does not say which client it is for")
    return nil
  end
  return client
end

local function arguments_of(row, reader, client)
  local known, required = parameters_of(client)
  local arguments = {}
  for name, kind in pairs(known) do
    if kind == "text" then
      arguments[name] = row.cells[name]
    end
  end
  for _, name in ipairs(required) do
    if not arguments[name] then
      reader.bad(name, "'" .. name .. "' is empty or missing")
    end
  end
  if not row.cells.payment_date then
    reader.bad("payment_date", "'payment_date' is empty")
  end
  if row.cells.currency and row.cells.currency ~= client.currency then
    reader.bad("currency", "the client's currency is " .. client.currency .. ", not '"
      .. row.cells.currency:sub(1, 20) .. "'")
  end
  arguments.amount = row.cells.amount
  arguments.amount_minor = reader.whole("amount_minor", MINOR_DIGITS_MAX)
  if not arguments.amount and not arguments.amount_minor and not reader.failed then
    reader.bad(row.columns.amount and "amount" or "amount_minor", "the amount is empty")
  end
  arguments.installment = row.cells.installment
  arguments.loan_id = row.cells.loan_id
  arguments.ordinal = reader.whole("ordinal", ORDINAL_DIGITS_MAX)
  return arguments
end

local function read_row(row, clients, unix_ms, problems)
  local reader = new_reader(row, problems)
  local client = client_of(row, reader, clients)
  if not client then
    return nil
  end
  local arguments = arguments_of(row, reader, client)
  if reader.failed then
    return nil
  end
  local planned, err = plan_rows.new(client, arguments, "derived", unix_ms, 1)
  if not planned then
    local name = err.field or (err.kind == "amount_invalid" and "amount") or "amount"
    name = row.columns[name] and name or row.columns[name .. "_minor"] and name .. "_minor" or name
    reader.bad(name, err.message)
    return nil
  end
  planned.row = row.line
  return { line = row.line, client = client, planned = planned, warnings = {} }
end

-- One payment twice is what a file with a row too many looks like.
local function check_keys(list, problems)
  local line_of = {}
  for _, item in ipairs(list) do
    local key = item.planned.key
    if line_of[key] then
      problems[#problems + 1] = { line = item.line, column = 1, message =
        ("lines %d and %d are one payment; a column 'ordinal' would tell them apart")
          :format(line_of[key], item.line) }
    else
      line_of[key] = item.line
    end
  end
end

--- The rows of a file's text and the list of problems; with a problem in its header there are none.
function rows.read(text, clients, unix_ms)
  local table_, problems = csv.parse(text)
  if table_.names[1] then
    for _, problem in ipairs(check_header(table_.names, clients)) do
      problems[#problems + 1] = problem
    end
  end
  if problems[1] and problems[1].line == 1 then
    return {}, problems
  end
  local list = {}
  for _, row in ipairs(table_.rows) do
    list[#list + 1] = read_row(row, clients, unix_ms, problems)
  end
  check_keys(list, problems)
  table.sort(problems, function(a, b)
    if a.line ~= b.line then
      return a.line < b.line
    end
    return a.column < b.column
  end)
  return list, problems
end

--- The error of a file with problems: one line for the first, all of them in `problems`.
function rows.error(path, problems)
  local first = problems[1]
  return errors.new {
    kind = "validation", operation = "repay_file", problems = problems, field = first.name,
    message = ("%s:%d:%d: %s%s"):format(path, first.line, first.column, first.message,
      #problems > 1 and (" (and %d more)"):format(#problems - 1) or ""),
    hint = "nothing was planned and nothing was sent",
  }
end

return rows
