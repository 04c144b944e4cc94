-- spec.support.sandbox_mounts for specs that run inside nginx: the servers stand already, and are
-- controlled over cosockets. Only the configuration of specs names this file.
local json = require "repay.sandbox.json"
local mounts = require "spec.support.sandbox_mounts"

local inside = { in_process = mounts.in_process, each = mounts.each, canned = mounts.canned }

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

-- nginx's configuration names the authority, and nobody looks names up here.
local function reachable(settings)
  local all = {}
  for provider, given in pairs(settings) do
    all[provider] = {}
    for name, value in pairs(given) do
      all[provider][name] = value
    end
    all[provider].ca_file = nil
    local port = given.base_url:match("^https://localhost:(%d+)")
    all[provider].connect = port and "127.0.0.1:" .. port
  end
  return all
end

local function over_wire(server, name, is_tls)
  local settings = reachable(is_tls and server.tls_settings or server.settings)
  local mount = mounts.over_wire(name, is_tls, settings, function(...)
    return control(server, ...)
  end)
  mount.server = server
  return mount
end

--- Has the specs of this request meet these servers.
function inside.use(plain, secure)
  function mounts.http() return over_wire(plain, "over HTTP", false) end
  function mounts.https() return over_wire(secure, "over HTTPS", true) end
end

return inside
