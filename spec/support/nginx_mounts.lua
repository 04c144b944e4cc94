-- spec.support.sandbox_mounts for specs that run inside nginx: the servers stand already, and are
-- controlled over cosockets. Only the configuration of specs names this file.
local json = require "repay.sandbox.json"
local mounts = require "spec.support.sandbox_mounts"
local repay = require "repay"

local inside = { in_process = mounts.in_process }

local PATIENCE = {
  attempt_timeout_ms = 10000, timeout_ms = 30000, retry_base_ms = 1, retry_cap_ms = 5,
}

local function control(server, method, name, body)
  local socket = ngx.socket.tcp()
  socket:settimeout(10000)
  assert(socket:connect("127.0.0.1", tonumber(server.origin:match("%d+$"))))
  local text = body and json.write(body) or ""
  assert(socket:send(("%s /_sandbox/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    .. "Content-Length: %d\r\n\r\n%s"):format(method, name, #text, text)))
  local reply = assert(socket:receive("*a"))
  socket:close()
  local plain = json.plain(assert(json.read(reply:match("\r\n\r\n(.*)$"))))
  if type(plain) == "table" and plain.error then
    error(plain.error, 2)
  end
  return plain
end

local function merged(...)
  local all = {}
  for i = 1, select("#", ...) do
    for name, value in pairs((select(i, ...)) or {}) do
      all[name] = value
    end
  end
  return all
end

local function over_wire(server, name, is_tls)
  local settings = is_tls and server.tls_settings or server.settings
  local mount = { name = name, is_wire = true, is_tls = is_tls, server = server }
  function mount.open(provider, changes)
    local options = merged(settings[provider], PATIENCE, changes)
    -- nginx's configuration names the authority, and nobody looks names up here.
    options.ca_file = nil
    local port = options.base_url:match("^https://localhost:(%d+)")
    options.connect = port and "127.0.0.1:" .. port
    return assert(repay.open(provider, options))
  end
  function mount.fault(rule) return control(server, "POST", "faults", rule).id end
  function mount.clear_faults() control(server, "DELETE", "faults") end
  function mount.verify(id) return control(server, "POST", "verify", { id = id }) end
  function mount.reject(id) return control(server, "POST", "reject", { id = id }) end
  function mount.advance(ms) return control(server, "POST", "clock", { advance_ms = ms }) end
  function mount.token(provider, customer_id)
    return control(server, "POST", "token",
      { provider = provider, customer_id = customer_id }).token
  end
  function mount.set(values) return control(server, "POST", "switches", values) end
  function mount.ledger() return control(server, "GET", "ledger") end
  function mount.reset() control(server, "POST", "reset") end
  function mount.stop() end
  return mount
end

--- Has the specs of this request meet these servers.
function inside.use(plain, secure)
  function inside.http() return over_wire(plain, "over HTTP", false) end
  function inside.https() return over_wire(secure, "over HTTPS", true) end
  package.loaded["spec.support.sandbox_mounts"] = inside
end

return inside
