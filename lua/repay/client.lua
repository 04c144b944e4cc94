-- The methods of clients and calls that may yield, and so cannot be C's.
local native = require "repay.native.core"
local options = require "repay.options"

local client_methods = {}
local call_methods = {}

local claim, is_open, prepare_call = native.claim, native.is_open, native.prepare
local start, finish, result_of = native.start, native.finish, native.result

-- By client: what never changes of it, and would be asked of C for every call.
local facts = setmetatable({}, { __mode = "k" })

local function check_open(object, class, method, level)
  local open = is_open(object, class)
  if open == nil then
    error(("%s expected before ':%s', got a %s"):format(class, method, type(object)), level + 1)
  elseif not open then
    error(class .. " is closed", level + 1)
  end
end

-- The operation's description; for one that only other providers have, its name alone.
local function find_operation(description, name, level)
  if type(name) ~= "string" then
    error("the operation must be a string, got a " .. type(name), level + 1)
  end
  local operation = description.operations[name]
  if operation then
    return operation
  end
  for _, known in ipairs(native.operations()) do
    if known == name then
      return nil
    end
  end
  local names = {}
  for known in pairs(description.operations) do
    names[#names + 1] = known
  end
  error(options.unknown(description.name .. " has no operation", name, names), level + 1)
end

-- Of a client that is open. The transport itself may refer to the client, and would then keep it.
local function facts_of(client)
  local known = facts[client]
  if not known then
    known = { description = options.provider(client.provider),
      has_transport = native.transport(client) ~= nil }
    facts[client] = known
  end
  return known
end

-- The transport's own wall clock, if it has one.
local function unix_ms_of(client)
  local transport = native.transport(client)
  if transport.unix_ms then
    local ok, value = pcall(transport.unix_ms)
    return ok and type(value) == "number" and native.integer(math.floor(value)) or nil
  end
  return nil
end

local function prepare(client, name, arguments, level)
  local known = facts_of(client)
  local description = known.description
  local operation = find_operation(description, name, level + 1)
  if operation then
    arguments = options.operation(description, operation, arguments, level + 1)
  else
    arguments = {}
  end
  return prepare_call(client, name, arguments, known.has_transport and unix_ms_of(client) or nil)
end

--- Checks the options and makes the call, sending nothing: a call, or nil and an error.
function client_methods.prepare(client, operation, arguments)
  check_open(client, "repay.client", "prepare", 2)
  local call, err = prepare(client, operation, arguments, 2)
  return call, err
end

local function items_of(source, level)
  if type(source) == "function" then
    return source
  elseif type(source) ~= "table" then
    error("repay.client:calls: the arguments must be a list or an iterator, got a "
      .. type(source), level + 1)
  end
  local at = 0
  return function()
    at = at + 1
    return source[at]
  end
end

--- An iterator that prepares a call for each item of a list or an iterator: a table of arguments,
--- or the id alone. For repay.each. Where an item makes no call it gives nil and the error.
function client_methods.calls(client, name, source)
  check_open(client, "repay.client", "calls", 2)
  local known = facts_of(client)
  find_operation(known.description, name, 2)
  local items = items_of(source, 2)
  return function()
    local item = items()
    if type(item) == "string" then
      return prepare_call(client, name, item, known.has_transport and unix_ms_of(client) or nil)
    elseif item == nil then
      return nil
    end
    return prepare(client, name, item, 2)
  end
end

--- The request that would go out, credentials starred; nothing is sent.
function client_methods.request(client, operation, arguments)
  check_open(client, "repay.client", "request", 2)
  local call, err = prepare(client, operation, arguments, 2)
  if not call then
    return nil, err
  end
  local preview = native.preview(call)
  call:close()
  return preview
end

-- Loaded when first needed, and then at hand.
local cosockets, messages, curl

-- Over its client's transport; else over cosockets inside nginx and over libcurl everywhere else.
local function driver_of(transport)
  if transport then
    messages = messages or require "repay.driver"
    return messages
  elseif rawget(_G, "ngx") then
    cosockets = cosockets or require "repay.ngx"
    return cosockets
  end
  curl = curl or require "repay.curl"
  return curl
end

-- Calls that were made here, run and closed: their handles serve the next ones. Inside nginx as
-- many are under way as there are requests.
local spare, spare_count = {}, 0
local SPARE_MAX = 256

local function take_spare()
  if spare_count == 0 then
    return nil
  end
  local call = spare[spare_count]
  spare[spare_count] = nil
  spare_count = spare_count - 1
  return call
end

local function keep_spare(call)
  if spare_count < SPARE_MAX then
    spare_count = spare_count + 1
    spare[spare_count] = call
  end
end

-- Every operation that some provider has is a method of every client: on the others it gives an
-- error of kind `unsupported`, not a nil value.
for _, name in ipairs(native.operations()) do
  client_methods[name] = function(client, arguments)
    local call, transport = start(client, name, arguments, take_spare())
    if not call then
      if transport then
        return nil, transport
      end
      check_open(client, "repay.client", name, 2)
      local err
      call, err = prepare(client, name, arguments, 2)
      if not call then
        return nil, err
      end
      transport = select(2, claim(call))
    end
    local driver = driver_of(transport)
    local failure = driver.refusal and driver.refusal(call)
      or driver.perform(call, transport, client)
    if failure then
      call:close()
      return nil, failure
    end
    local result
    result, failure = finish(call)
    keep_spare(call)
    return result, failure
  end
end

--- Runs the call. A call runs once, but one that was refused for its place may run elsewhere.
function call_methods.perform(call)
  check_open(call, "repay.call", "perform", 2)
  local transport = native.transport(call)
  local driver = driver_of(transport)
  local refusal = driver.refusal and driver.refusal(call)
  if refusal then
    return nil, refusal
  elseif not claim(call) then
    error("repay.call runs once, and it has run", 2)
  end
  local failure = driver.perform(call, transport)
  if failure then
    return nil, failure
  end
  return result_of(call)
end

return { client = client_methods, call = call_methods }
