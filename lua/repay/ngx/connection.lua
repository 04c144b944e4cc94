-- A cosocket that is ready for a request: connected in time, with the peer's certificate verified
-- for the name in the URL.
--
-- A connection is kept under a name that says everything it was made with, so that none serves a
-- call that would have made it otherwise. What `lua_ssl_…` directives say is not among it, because
-- nginx does not tell: set them once, at the level of http.
local native = require "repay.native.core"

local connection = {}

local DIRECTIVES = " (see lua_ssl_trusted_certificate, lua_ssl_verify_depth and lua_ssl_protocols)"
local RESOLVER = ": set nginx's resolver directive, or the option connect; it reads no hosts file"

local identities = {}

local function read(path)
  local file, err = io.open(path, "rb")
  if not file then
    return nil, err
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- The client certificate of two PEM files, read once in the life of the Lua state: what cannot be
--- read by a worker can be read when nginx starts. Or nil and what is wrong.
function connection.identity(cert_path, key_path)
  local name = cert_path .. "\0" .. (key_path or cert_path)
  if identities[name] then
    return identities[name]
  end
  local ssl = require "ngx.ssl"
  local cert_text, err = read(cert_path)
  local key_text = cert_text
  if cert_text and key_path then
    key_text, err = read(key_path)
  end
  if not key_text then
    return nil, err
  end
  local cert, key
  cert, err = ssl.parse_pem_cert(cert_text)
  if not cert then
    return nil, cert_path .. ": " .. tostring(err)
  end
  key, err = ssl.parse_pem_priv_key(key_text)
  if not key then
    return nil, (key_path or cert_path) .. ": " .. tostring(err)
  end
  identities[name] = { cert = cert, key = key, fingerprint = ngx.md5(cert_text) }
  return identities[name]
end

local function failure(kind, message)
  return nil, { kind = kind, sent = "no", message = message }
end

--- Gives the socket's next step the time that is left, or `most_ms` of it; nil when there is none.
--- Nginx counts from a clock it keeps, which may be behind: a step may then end too early. With
--- `most_ms` the caller looks at the time itself and goes on.
function connection.arm(socket, deadline_ms, most_ms)
  local left_ms = deadline_ms - native.now_ms()
  if left_ms <= 0 then
    return nil
  end
  if not most_ms then
    ngx.update_time()
  end
  socket:settimeout(most_ms and math.min(left_ms, most_ms) or left_ms)
  return left_ms
end

-- By host, as there are few of them.
local addresses = {}

local function is_address(host)
  if addresses[host] == nil then
    addresses[host] = host:find(":", 1, true) ~= nil or host:find("^%d+%.%d+%.%d+%.%d+$") ~= nil
  end
  return addresses[host]
end

-- A look-up has a time limit of nginx's own (resolver_timeout, 30 s), so it gets a light thread
-- that can be given up. An address needs none.
local function connect_by_name(socket, wire, options, left_ms)
  local done = require("ngx.semaphore").new(0)
  local ok, err
  local thread = ngx.thread.spawn(function()
    ok, err = socket:connect(wire.host, wire.port, options)
    done:post(1)
  end)
  if not done:wait(left_ms / 1000) then
    ngx.thread.kill(thread)
    return nil, "timeout"
  end
  ngx.thread.wait(thread)
  return ok, err
end

local function connect(socket, wire, options, deadline_ms)
  local left_ms = connection.arm(socket, deadline_ms)
  local ok, err
  if not left_ms then
    ok, err = nil, "timeout"
  elseif is_address(wire.host) then
    local host = wire.host:find(":", 1, true) and "[" .. wire.host .. "]" or wire.host
    ok, err = socket:connect(host, wire.port, options)
  else
    ok, err = connect_by_name(socket, wire, options, left_ms)
  end
  if ok then
    return true
  end
  err = tostring(err)
  if err == "timeout" then
    return failure("timeout", "no connection in time")
  elseif err:find("resolve", 1, true) then
    return failure("dns", err .. RESOLVER)
  end
  return failure("connect", err)
end

-- In nginx's releases until 2026 a failed verification may raise, and where `false` is passed for
-- the session it may even return true; which of them depends on the moment.
local function shake_hands(socket, wire, identity, deadline_ms)
  if identity then
    local ok, set, err = pcall(socket.setclientcert, socket, identity.cert, identity.key)
    if not (ok and set) then
      return failure("tls", "client certificate: " .. tostring(ok and err or set))
    end
  end
  if not connection.arm(socket, deadline_ms) then
    return failure("timeout", "no secure connection in time")
  end
  local ok, session, err = pcall(socket.sslhandshake, socket, nil, wire.server_name, true)
  if ok and session then
    return true
  elseif ok and err == "timeout" then
    return failure("timeout", "no secure connection in time")
  end
  local reason = ok and tostring(err) or "the certificate was not accepted"
  return failure("tls", reason .. DIRECTIVES)
end

local function pool_name(wire, identity, is_fresh)
  return table.concat({ "repay", is_fresh and "fresh" or "kept", wire.tls and "https" or "http",
    wire.host, wire.port, wire.server_name, wire.tls and "verified" or "plain",
    identity and identity.fingerprint or "nobody" }, " ")
end

local function secure(socket, wire, identity, is_fresh, deadline_ms)
  local reused = socket:getreusedtimes() or 0
  if reused == 0 then
    if not wire.tls then
      return 0
    end
    local ok, problem = shake_hands(socket, wire, identity, deadline_ms)
    if not ok then
      return nil, problem
    end
    return 0
  elseif is_fresh then
    return failure("connect", "nginx gave a used connection where a fresh one was asked for")
  end
  return reused
end

--- Connects and, for https, verifies: the socket and whether it was used before; or nil, nil and a
--- failure as call:answer takes it. Nothing of the request is sent.
function connection.open(wire, is_fresh, pool_size, deadline_ms)
  local identity, err
  if wire.tls and wire.client_cert then
    identity, err = connection.identity(wire.client_cert, wire.client_key)
    if not identity then
      return nil, failure("tls", "client certificate: " .. tostring(err))
    end
  end
  local socket = ngx.socket.tcp()
  local ok, problem = connect(socket, wire, {
    pool = pool_name(wire, identity, is_fresh), pool_size = pool_size,
  }, deadline_ms)
  if not ok then
    return nil, nil, problem
  end
  local reused
  reused, problem = secure(socket, wire, identity, is_fresh, deadline_ms)
  if not reused then
    socket:close()
    return nil, nil, problem
  end
  return socket, reused > 0
end

return connection
