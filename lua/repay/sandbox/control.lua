-- The control routes of a sandbox, under /_sandbox/: read the ledger, move the clock, decide
-- verifications, add faults, turn switches, start again.
--
-- They answer requests from this machine only. Failures are 400 with { "error": "…" }.

local json = require "repay.sandbox.json"
local switches = require "repay.sandbox.switches"

local control = {}

control.prefix = "/_sandbox/"

local function reply(status, value)
  return {
    status = status, headers = { { "Content-Type", "application/json" } }, body = json.write(value),
  }
end

local function failure(text, status)
  return reply(status or 400, json.object({ { "error", text } }))
end

local routes = {}

routes["GET health"] = function()
  return reply(200, json.object({ { "ready", true } }))
end

routes["GET ledger"] = function(sandbox)
  local ledger = sandbox:ledger()
  return reply(200, json.object({
    { "requests", json.array(ledger.requests) }, { "repayments", json.array(ledger.repayments) },
    { "request_count", ledger.request_count }, { "dropped_requests", ledger.dropped_requests },
  }))
end

routes["GET settings"] = function(sandbox)
  return reply(200, json.object({
    { "http", sandbox:all_settings() },
    { "https", sandbox.tls_origin and sandbox:all_settings(sandbox.tls_origin, sandbox.ca_file) },
    { "ports", sandbox.ports },
  }))
end

local function changing_values(switch)
  local list = {}
  for _, value in ipairs(switch.values) do
    if switches.changes(switch, value) then
      list[#list + 1] = value
    end
  end
  return list
end

routes["GET switches"] = function(sandbox)
  local list = json.array({})
  for index, switch in ipairs(sandbox.switch_list) do
    list[index] = json.object({
      { "name", switch.name }, { "provider", switch.provider },
      { "values", json.array(switch.values) },
      { "value", sandbox.switches[switch.name] }, { "meaning", switch.meaning },
      { "changes", json.array(changing_values(switch)) },
    })
  end
  return reply(200, list)
end

routes["POST switches"] = function(sandbox, body)
  local ok, why = sandbox:set(body)
  return ok and reply(200, json.object({ { "set", true } })) or failure(why)
end

routes["GET clock"] = function(sandbox)
  return reply(200, json.object({ { "unix_ms", sandbox:unix_ms() } }))
end

routes["POST clock"] = function(sandbox, body)
  local ms = body.advance_ms
  if type(ms) ~= "number" or ms % 1 ~= 0 or ms < 0 then
    return failure("advance_ms must be a whole number, zero or more")
  end
  local moved, why = pcall(sandbox.advance, sandbox, ms)
  if not moved then
    return failure((tostring(why):gsub("^[^:]+:%d+: ", "")))
  end
  return reply(200, json.object({ { "unix_ms", sandbox:unix_ms() } }))
end

local function decide(verb)
  return function(sandbox, body)
    local record, why = sandbox[verb](sandbox, body.id)
    if not record then
      return failure(why)
    end
    return reply(200, json.object({ { "id", record.id }, { "status", record.status } }))
  end
end

routes["POST verify"] = decide("verify")
routes["POST reject"] = decide("reject")

routes["POST faults"] = function(sandbox, body)
  local id, why = sandbox:fault(body)
  return id and reply(201, json.object({ { "id", id } })) or failure(why)
end

routes["DELETE faults"] = function(sandbox)
  sandbox:clear_faults()
  return reply(200, json.object({ { "cleared", true } }))
end

routes["POST token"] = function(sandbox, body)
  local token, why = sandbox:token(body.provider, body.customer_id)
  return token and reply(200, json.object({ { "token", token } })) or failure(why)
end

routes["POST reset"] = function(sandbox)
  sandbox:reset()
  return reply(200, json.object({ { "reset", true } }))
end

local function is_loopback(address)
  return address == nil or address == "::1" or address:find("^127%.") ~= nil
    or address:find("^::ffff:127%.") ~= nil
end

-- A browser page elsewhere must not steer the sandbox: the host in the request is checked too.
local function is_local_host(host)
  local name = (host or "localhost"):gsub(":%d+$", ""):lower()
  return name == "localhost" or name == "[::1]" or name == "provider.test"
    or name:find("^127%.") ~= nil
end

-- `request.peer` is the address it came from; in process there is none.
function control.handle(sandbox, request)
  if not is_loopback(request.peer) or request.peer and not is_local_host(request.host) then
    return failure("control routes answer this machine only", 403)
  end
  local name = request.path:sub(#control.prefix + 1)
  local handler = routes[request.method .. " " .. name]
  if not handler then
    return failure("no control route " .. request.method .. " " .. request.path, 404)
  end
  local body = {}
  if request.body and request.body ~= "" then
    local value, why = json.read(request.body)
    if value == nil or not json.is_object(value) then
      return failure("the body is not a JSON object" .. (why and ": " .. why or ""))
    end
    body = json.plain(value)
  end
  return handler(sandbox, body)
end

return control
