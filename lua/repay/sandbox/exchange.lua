-- One request through the sandbox: find the provider and route, check strictly, remember keys,
-- answer, apply faults, and write the ledger.
--
-- What it returns is a reply and, for faults that spoil the way of a reply, a directive that the
-- mount (the transport in process, or the server) carries out.

local amount = require "repay.sandbox.amount"
local bad_replies = require "repay.sandbox.bad_replies"
local calendar = require "repay.sandbox.calendar"
local json = require "repay.sandbox.json"
local route = require "repay.sandbox.route"

local exchange = {}

local Context = {}
Context.__index = Context

-- What dialects call -----------------------------------------------------------------------------

function Context:number(value)
  return self.switches.numbers == "text" and tostring(value) or value
end

function Context:count(value)
  return self.switches.numbers == "text" and string.format("%.0f", value) or value
end

-- An amount in major units.
function Context:money(minor)
  local form = self.switches.numbers
  if form == "text" then
    return amount.text(minor, 2, true)
  end
  return json.number(amount.text(minor, 2, form == "padded"))
end

-- An amount that goes out in minor units.
function Context:kobo(minor)
  if self.switches.numbers == "padded" then
    return json.number(amount.text(minor, 0) .. ".0")
  end
  return self:count(minor)
end

function Context:flag(value)
  if self.switches.booleans == "text" then
    return tostring(value)
  end
  return value
end

function Context:today()
  return calendar.day_of(self.book.now, self.dialect.zone_ms)
end

function Context.principal(loan)
  local sum = 0
  for _, row in ipairs(loan.rows) do
    sum = sum + row.principal
  end
  return sum
end

-- Writes a repayment into the book and the ledger, with the fate that faults give it.
function Context:record(fields)
  fields.key = self.headers["x-idempotency-key"]
  fields.request = self.entry.sequence
  local record = self.book:record(fields)
  self.recorded = record
  self.entry.repayment_id = record.id
  local delayed, rejected = self.faults.verification_delayed, self.faults.rejected_later
  record.verification_delay_ms = delayed and (delayed.ms or 60000) or nil
  if record.status == "PENDING_VERIFICATION" then
    if rejected then
      self.book:later(rejected.ms or 0, function() self.book:reject(record.id) end)
    elseif self.switches.verify_after_ms then
      self.book:later(self.switches.verify_after_ms, function() self.book:verify(record.id) end)
    end
  end
  return record
end

function Context:replayed(record)
  self.was_replayed = true
  self.entry.repayment_id = record.id
end

-- Replies to text --------------------------------------------------------------------------------

local function reverse(value)
  if type(value) ~= "table" or value == json.null or json.is_number(value) then
    return value
  end
  local reversed, is_object = {}, json.is_object(value)
  local count = #value
  for index, element in ipairs(value) do
    if is_object then
      reversed[count + 1 - index] = { element[1], reverse(element[2]) }
    else
      reversed[index] = reverse(element)
    end
  end
  return is_object and json.object(reversed) or json.array(reversed)
end

local function add_extras(value)
  if type(value) ~= "table" or value == json.null or json.is_number(value) then
    return
  end
  for _, element in ipairs(value) do
    add_extras(json.is_object(value) and element[2] or element)
  end
  if json.is_object(value) then
    table.insert(value, 1, { "sandboxNote", "not documented" })
    value[#value + 1] = { "sandboxDetails", json.object({
      { "level", 7 }, { "ratio", json.number("0.250") },
      { "tags", json.array({ "a", json.null, true }) },
    }) }
  end
end

local function content_type(form)
  if form == "none" then
    return {}
  end
  return { { "Content-Type", form == "text" and "text/plain" or "application/json" } }
end

local function finish(context, response)
  local switches = context.switches
  if response.json ~= nil then
    local value = response.json
    if switches.extra_members then
      add_extras(value)
    end
    if switches.member_order == "reversed" then
      value = reverse(value)
    end
    response.body = json.write(value, switches.spacing == "spaced")
    response.json = nil
  end
  response.headers = response.headers or content_type(switches.content_type)
  return response
end

-- The steps --------------------------------------------------------------------------------------

-- Values by the names in lower case, and the name of a header that stands twice.
local function header_map(headers)
  local map, duplicate = {}, nil
  for _, pair in ipairs(headers) do
    local name = pair[1]:lower()
    if map[name] then
      duplicate = name
    else
      map[name] = pair[2]
    end
  end
  return map, duplicate
end

local function key_slot(context)
  local key = context.route.replay and context.headers["x-idempotency-key"]
  if not key or context.faults.keys_ignored then
    return nil
  end
  return table.concat({ context.dialect.name, context.user or "", context.route.name, key }, "\n")
end

local function remembered(context, slot)
  local stored = slot and context.sandbox.keys[slot]
  local forgotten = context.faults.keys_forgotten
  local memory = forgotten and (forgotten.after_ms or 0) or context.switches.key_memory_ms
  if stored and context.book.now - stored.at >= memory then
    return nil
  end
  return stored
end

-- Runs the route once per key: a repeated key gets the stored reply, or is told why not.
local function answer(context)
  local slot = key_slot(context)
  local stored = remembered(context, slot)
  if stored then
    local problem = context.route.replay(context, stored)
    if problem then
      return problem
    end
    context.was_replayed = true
    context.entry.repayment_id = stored.repayment_id
    return { status = stored.status, body = stored.reply, refused = stored.refused }
  end
  local response = finish(context, context.route.answer(context))
  local running = context.faults.conflict_while_running
  local keeps = context.switches.key_replay == "all" and not response.is_malformed
  if slot and (context.recorded or keeps) then
    stored = {
      at = context.book.now, path = context.request.path, body = context.request.body,
      status = response.status, reply = response.body, refused = response.refused,
      repayment_id = context.recorded and context.recorded.id,
    }
    context.sandbox.keys[slot] = stored
    if running then
      stored.running_until = context.book.now + (running.ms or 1000)
      context.directive = {
        kind = "stall", at = "before", ms = running.ms or 1000,
        done = function() stored.running_until = nil end,
      }
    end
  end
  return response
end

local function strict_problem(context)
  local allowed = context.route.headers
  return context.duplicate_header and "header " .. context.duplicate_header .. " stands twice"
    or route.header_problem(context.request.headers, context.dialect.documented_headers, allowed)
    or context.query_problem
    or route.query_problem(context.query, context.route.query)
end

local function respond(context)
  local dialect = context.dialect
  if context.faults.token_expires then
    context.sandbox.tokens:revoke_all(dialect.name)
  end
  local early = dialect.before(context)
  if early and early.status == 401 then
    return early
  end
  local problem = strict_problem(context)
  if problem then
    return dialect.problem(context, problem)
  end
  return early or answer(context)
end

local function not_found(context, methods)
  if #methods > 0 then
    local text = "this path has no " .. context.request.method
    local response = context.dialect.problem(context, text, 405)
    response.status = 405
    response.headers = {
      { "Content-Type", "application/json" }, { "Allow", table.concat(methods, ", ") },
    }
    return response
  end
  local response = context.dialect.problem(context, "no such path: " .. context.request.path, 404)
  response.status = 404
  return response
end

local function result_of(context, response)
  if context.was_replayed then
    return "replayed"
  elseif context.recorded then
    return "processed"
  elseif response.refused then
    return "refused"
  end
  return "read"
end

local function new_context(sandbox, dialect, request, entry)
  local context = setmetatable({
    sandbox = sandbox, dialect = dialect, book = sandbox.book, switches = sandbox.switches,
    request = request, entry = entry, faults = {},
  }, Context)
  context.headers, context.duplicate_header = header_map(request.headers)
  local query, problem = route.query(request.query)
  context.query, context.query_problem = query or {}, not query and problem or nil
  return context
end

local function note_faults(entry, wire, money)
  if wire then
    entry.faults[#entry.faults + 1] = wire.kind
  end
  for kind in pairs(money) do
    entry.faults[#entry.faults + 1] = kind
  end
  table.sort(entry.faults)
end

-- After the answer: it may get lost or be replaced although the provider acted.
local function after_answer(context, facts, response)
  local _, money = context.sandbox.faults:take("after", facts)
  note_faults(context.entry, nil, money)
  if money.processed_then_status then
    local status = money.processed_then_status.status or 500
    response = context.dialect.problem(context, "internal error", status)
    response.status = status
    finish(context, response)
  end
  return response, money.reply_lost and { kind = "reset", at = "before" } or nil
end

local function spoil(context, wire, response)
  local replaced = bad_replies.make(wire, response, context.book.now)
  if replaced then
    return replaced, context.directive
  end
  local directive = { done = context.directive and context.directive.done }
  for name, value in pairs(wire) do
    directive[name] = value
  end
  directive.at = directive.at or "before"
  return response, directive
end

local function is_processed(wire)
  if wire and wire.processed ~= nil then
    return wire.processed
  end
  return not wire or wire.fault.processed
end

-- What stands in for an answer that was never made.
local function unprocessed(context, wire)
  local status = wire.status or 503
  local response = context.dialect.problem(context, bad_replies.reason(status) or "error", status)
  response.status = status
  return finish(context, response)
end

local function run(context, facts)
  local found, values, methods = route.find(context.dialect.routes, context.request.method,
    context.request.path)
  facts.route = found and found.name
  context.route, context.values, context.entry.route = found, values, facts.route
  local wire, money = context.sandbox.faults:take("before", facts)
  context.faults = money
  note_faults(context.entry, wire, money)
  if wire and not is_processed(wire) then
    context.entry.result = "dropped"
    return spoil(context, wire, unprocessed(context, wire))
  end
  local response = finish(context, found and respond(context) or not_found(context, methods))
  facts.result = result_of(context, response)
  context.entry.result = facts.result
  local lost
  response, lost = after_answer(context, facts, response)
  if wire then
    return spoil(context, wire, response)
  end
  return response, lost or context.directive
end

-- Returns the reply { status, headers, body } and a directive or nil. `dialect` speaks for the
-- request; its path is the one after the server's prefix.
function exchange.run(sandbox, dialect, request)
  local entry = sandbox:begin_entry(dialect, request)
  local context = new_context(sandbox, dialect, request, entry)
  local response, directive = run(context, { provider = dialect.name, method = request.method })
  local skew = context.faults.date_skewed
  response.headers[#response.headers + 1] = {
    "Date", calendar.http_date(context.book.now + (skew and (skew.ms or 0) or 0)),
  }
  entry.status = response.status
  return response, directive
end

return exchange
