-- The three providers on this machine: a loan book, dialects that speak for it, faults, a ledger.
--
-- It opens no socket and reads no clock; sandbox/server.lua puts it on the wire. The same seed
-- gives the same customers, loans and ids everywhere. No provider's name stands here: a dialect is
-- one module in the list below.

local book = require "repay.sandbox.book"
local calendar = require "repay.sandbox.calendar"
local control = require "repay.sandbox.control"
local exchange = require "repay.sandbox.exchange"
local faults = require "repay.sandbox.faults"
local json = require "repay.sandbox.json"
local random = require "repay.sandbox.random"
local switches = require "repay.sandbox.switches"
local tokens = require "repay.sandbox.tokens"
local transport = require "repay.sandbox.transport"

local sandbox = {}
local Sandbox = {}
Sandbox.__index = Sandbox

-- Where the clock starts: a Monday before the documented loans of 2025 fall due.
local START = calendar.moment_read("2025-01-20T08:00:00Z")
-- Where it stops: a later day has no date that a provider could print.
local LAST = calendar.moment_read("9999-12-31T00:00:00Z")
local LOANS_MAX = 100000
local LEDGER_SIZE = 10000

sandbox.dialects = require "repay.sandbox.dialects"
sandbox.switch_list = switches.collect(sandbox.dialects)
sandbox.fault_list = faults.list
sandbox.switch_changes = switches.changes

local function find_dialect(name)
  for _, dialect in ipairs(sandbox.dialects) do
    if dialect.name == name then
      return dialect
    end
  end
  return nil
end

-- Ids of the documented cases, by provider.
sandbox.ids = {}
for _, dialect in ipairs(sandbox.dialects) do
  sandbox.ids[dialect.name] = dialect.ids
end

-- What a fault's rule may name.
local known_names = { provider = {}, route = {} }
for _, dialect in ipairs(sandbox.dialects) do
  known_names.provider[dialect.name] = true
  for _, route in ipairs(dialect.routes) do
    known_names.route[route.name] = true
  end
end

-- Opening ----------------------------------------------------------------------------------------

local OWN_OPTIONS = {
  seed = true, loans = true, clock = true, ledger_size = true, keep_secrets = true,
}

local function check_whole(name, value, low, high)
  if type(value) ~= "number" or value % 1 ~= 0 or value < low or value > high then
    error(("option %s must be a whole number from %.0f to %.0f"):format(name, low, high), 4)
  end
  return value
end

-- `clock` is a moment as text or as milliseconds.
local function read_clock(value)
  if value == nil then
    return START
  end
  local moment = value
  if type(value) == "string" then
    moment = calendar.moment_read(value)
  end
  if type(moment) ~= "number" or moment % 1 ~= 0 or moment < 0 or moment > LAST then
    error("option clock must be an ISO 8601 moment or milliseconds since 1970", 4)
  end
  return moment
end

local function read_options(options)
  local chosen = switches.defaults(sandbox.switch_list)
  for name, value in pairs(options) do
    if not OWN_OPTIONS[name] then
      local switch, why = switches.check(sandbox.switch_list, name, value)
      if not switch then
        error("sandbox.new: " .. why, 3)
      end
      chosen[name] = value
    end
  end
  return {
    seed = check_whole("seed", options.seed or 42, 0, 2 ^ 53 - 1),
    loans = check_whole("loans", options.loans or 0, 0, LOANS_MAX),
    ledger_size = check_whole("ledger_size", options.ledger_size or LEDGER_SIZE, 1, 10000000),
    clock = read_clock(options.clock),
    keep_secrets = options.keep_secrets == true,
    switches = chosen,
  }
end

local function fill_book(self)
  for _, dialect in ipairs(sandbox.dialects) do
    dialect.fixtures(self.book)
    dialect.start(self)
  end
  for number = 1, self.options.loans do
    local dialect = sandbox.dialects[(number - 1) % #sandbox.dialects + 1]
    dialect.random_loan(self.book, number)
  end
end

--- Whether `new` would take these options, or nil and why not; nothing is made.
function sandbox.check(options)
  local ok, why = pcall(read_options, options)
  if ok then
    return true
  end
  return nil, (tostring(why):gsub("^[^:]+:%d+: ", ""):gsub("^sandbox%.new: ", ""))
end

-- Back to the state just after `new`: book, clock, ledger, switches; faults are gone.
function Sandbox:reset()
  local options = self.options
  self.book = book.new(random.new(options.seed), options.clock)
  self.tokens = tokens.new(random.new(options.seed + 1))
  self.faults = faults.new(random.new(options.seed + 2), known_names)
  self.keys = {}
  self.requests = {}
  self.request_count = 0
  self.switches = {}
  for name, value in pairs(options.switches) do
    self.switches[name] = value
  end
  self.flow_start_ms = self.flow and self.flow() or 0
  fill_book(self)
end

-- Options: seed (42), loans (0, besides the fixtures), clock, ledger_size, keep_secrets (the ledger
-- shows credentials), and every switch by its name.
function sandbox.new(options)
  local self = setmetatable({
    options = read_options(options or {}), switch_list = sandbox.switch_list, elapsed = 0,
  }, Sandbox)
  self:reset()
  return self
end

-- Time -------------------------------------------------------------------------------------------

-- A flowing clock adds real time to what is moved by hand; `flow` gives milliseconds.
function Sandbox:let_clock_flow(flow)
  self.flow = flow
  self.flow_start_ms = flow()
end

local function catch_up(self)
  if self.flow then
    local now = self.flow()
    local passed = math.floor(now - self.flow_start_ms)
    if passed > 0 then
      self.flow_start_ms = self.flow_start_ms + passed
      self:advance(passed)
    end
  end
end

function Sandbox:advance(ms)
  if type(ms) ~= "number" or ms % 1 ~= 0 or ms < 0 then
    error("the clock moves forward by whole milliseconds", 2)
  elseif self.book.now + ms > LAST then
    error("the clock ends with the year 9999", 2)
  end
  self.elapsed = self.elapsed + ms
  self.book:reach(self.book.now + ms)
end

function Sandbox:unix_ms()
  catch_up(self)
  return self.book.now
end

-- Milliseconds since the sandbox was made; a reset does not take them back.
function Sandbox:elapsed_ms()
  catch_up(self)
  return self.elapsed
end

-- Requests ---------------------------------------------------------------------------------------

local function copy_headers(self, dialect, headers)
  local copy = json.array({})
  for index, pair in ipairs(headers) do
    local hidden = dialect.secret_headers[pair[1]:lower()] and not self.options.keep_secrets
    copy[index] = json.array({ pair[1], hidden and "***" or pair[2] })
  end
  return copy
end

function Sandbox:begin_entry(dialect, request)
  self.request_count = self.request_count + 1
  local entry = {
    sequence = self.request_count,
    provider = dialect.name,
    method = request.method,
    target = request.target,
    headers = copy_headers(self, dialect, request.headers),
    body = request.body,
    received_unix_ms = self.book.now,
    connection = request.connection,
    faults = json.array({}),
  }
  for _, pair in ipairs(request.headers) do
    if pair[1]:lower() == "x-idempotency-key" then
      entry.key = pair[2]
    end
  end
  self.requests[self.request_count] = entry
  self.requests[self.request_count - self.options.ledger_size] = nil
  return entry
end

-- The dialect that a path means, and the path without the server's prefix.
local function locate(path, provider)
  for _, dialect in ipairs(sandbox.dialects) do
    if not provider or provider == dialect.name then
      if path:sub(1, #dialect.prefix + 1) == dialect.prefix .. "/" then
        return dialect, path:sub(#dialect.prefix + 1)
      elseif provider or dialect.owns(path) then
        return dialect, path
      end
    end
  end
  return nil, path
end

local function nobody(path)
  return {
    status = 404, headers = { { "Content-Type", "application/json" } },
    body = json.write(json.object({ { "error", "no provider answers " .. path } })),
  }
end

-- Answers one request { method, target, headers, body, host, peer, provider }: a reply { status,
-- headers, body } and, where a fault spoils its way, a directive for whoever moves the bytes.
function Sandbox:handle(request)
  catch_up(self)
  local path, query = request.target:match("^([^?]*)%??(.*)$")
  local whole = { peer = request.peer }
  for name, value in pairs(request) do
    whole[name] = value
  end
  whole.body = request.body or ""
  whole.path, whole.query = path, query
  if path:sub(1, #control.prefix) == control.prefix then
    return control.handle(self, whole)
  end
  local dialect, rest = locate(path, request.provider)
  if not dialect then
    return nobody(path)
  end
  whole.path = rest
  return exchange.run(self, dialect, whole)
end

-- A message transport for repay.open{ transport = … }.
function Sandbox:transport(provider)
  if provider and not find_dialect(provider) then
    error("no provider is called " .. tostring(provider), 2)
  end
  return transport.new(self, provider)
end

-- What a person or a spec decides ----------------------------------------------------------------

function Sandbox:verify(id)
  return self.book:verify(id)
end

function Sandbox:reject(id)
  return self.book:reject(id)
end

-- Adds a fault rule and returns its number, or nil and what is wrong with it.
function Sandbox:fault(rule)
  return self.faults:add(rule)
end

function Sandbox:clear_faults(id)
  if id then
    return self.faults:remove(id)
  end
  self.faults:clear()
  return true
end

-- Turns switches: { name = value, … }. Nothing changes if one of them is wrong.
function Sandbox:set(values)
  for name, value in pairs(values) do
    local switch, why = switches.check(sandbox.switch_list, name, value)
    if not switch then
      return nil, why
    end
  end
  for name, value in pairs(values) do
    self.switches[name] = value
  end
  return true
end

-- A fresh token; where tokens belong to a customer, of that customer.
function Sandbox:token(provider, customer_id)
  local dialect = find_dialect(provider)
  if not dialect then
    return nil, "no provider is called " .. tostring(provider)
  end
  return dialect.token(self, customer_id)
end

-- The ledger -------------------------------------------------------------------------------------

local function plain_repayment(record)
  local loan = record.loan
  local moved = 0
  for _, piece in ipairs(record.allocation or {}) do
    moved = moved + piece.amount
  end
  return {
    id = record.id, provider = record.provider, loan_id = loan.id, customer_id = loan.customer.id,
    application_id = loan.application_id, amount_minor = record.amount_minor, moved_minor = moved,
    reference = record.reference, key = record.key, status = record.status,
    created_unix_ms = record.created_unix_ms, payment_unix_ms = record.payment_unix_ms,
    narration = record.narration, request = record.request,
  }
end

-- Every request (the latest `ledger_size` of them) and every repayment that a request recorded.
function Sandbox:ledger()
  local requests, repayments = {}, {}
  local oldest = math.max(1, self.request_count - self.options.ledger_size + 1)
  for sequence = oldest, self.request_count do
    requests[#requests + 1] = self.requests[sequence]
  end
  for _, record in ipairs(self.book.repayments) do
    if record.request then
      repayments[#repayments + 1] = plain_repayment(record)
    end
  end
  return {
    requests = requests, repayments = repayments, request_count = self.request_count,
    dropped_requests = self.request_count - #requests,
  }
end

-- Whom a client can ask about: { provider, id } of each loan or customer, in order.
function Sandbox:subjects()
  local subjects, seen = {}, {}
  for _, dialect in ipairs(sandbox.dialects) do
    for _, loan in ipairs(self.book:provider_loans(dialect.name)) do
      local id = (dialect.subject == "loan" and loan or loan.customer).id
      local key = dialect.name .. " " .. id
      if not seen[key] then
        seen[key] = true
        subjects[#subjects + 1] = { provider = dialect.name, id = id }
      end
    end
  end
  return subjects
end

-- Settings ---------------------------------------------------------------------------------------

-- Options for repay.open, without the way to get there (transport or base_url).
function sandbox.settings(provider)
  local dialect = find_dialect(provider)
  if not dialect then
    error("no provider is called " .. tostring(provider), 2)
  end
  return dialect.settings()
end

-- The same with this sandbox as the transport: all that repay.open needs.
function Sandbox:settings(provider)
  local values = sandbox.settings(provider)
  values.transport = self:transport(provider)
  return values
end

-- Settings of all providers; with an origin such as http://127.0.0.1:8042 also their base URLs, and
-- with https the authority to trust.
function Sandbox:all_settings(origin, ca_file)
  local all = {}
  for _, dialect in ipairs(sandbox.dialects) do
    local values = dialect.settings()
    local from = origin or self.origin
    values.base_url = from and from .. dialect.prefix .. dialect.base_path or nil
    values.ca_file = ca_file
    all[dialect.name] = values
  end
  return all
end

return sandbox
