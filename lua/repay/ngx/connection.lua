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

-- What nginx's connect takes: the name under which connections are kept, and how many of them.
local function options_for(place, use, pool_size)
  return {
    pool = table.concat({ "repay", use, place.server_name and "https" or "http", place.host,
      place.port, place.server_name or "", place.server_name and "verified" or "plain",
      place.identity and place.identity.fingerprint or "nobody" }, " "),
    pool_size = pool_size,
  }
end

--- Where a client's calls go, and with what: made once for each client. Or nil and a failure as
--- call:answer takes it.
function connection.place(client, pool_size)
  local host, port, server_name, cert, key, first_byte_ms = native.cosocket_place(client)
  local place = { host = host, port = port, server_name = server_name,
    first_byte_ms = first_byte_ms }
  if server_name and cert then
    local err
    place.identity, err = connection.identity(cert, key)
    if not place.identity then
      return failure("tls", "client certificate: " .. tostring(err))
    end
  end
  if host:find(":", 1, true) then
    place.address = "[" .. host .. "]"
  elseif host:find("^%d+%.%d+%.%d+%.%d+$") then
    place.address = host
  end
  place.kept = options_for(place, "kept", pool_size)
  place.fresh = options_for(place, "fresh", pool_size)
  return place
end

-- A look-up has a time limit of nginx's own (resolver_timeout, 30 s), so it gets a light thread
-- that can be given up. An address needs none.
local function connect_by_name(socket, place, options, until_ms)
  local done = require("ngx.semaphore").new(0)
  local ok, err
  local thread = ngx.thread.spawn(function()
    ok, err = socket:connect(place.host, place.port, options)
    done:post(1)
  end)
  if not done:wait(math.max(0, until_ms - native.now_ms()) / 1000) then
    ngx.thread.kill(thread)
    return nil, "timeout"
  end
  ngx.thread.wait(thread)
  return ok, err
end

local function connect_failure(err)
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
local function shake_hands(socket, place, until_ms)
  local identity = place.identity
  if identity then
    local ok, set, err = pcall(socket.setclientcert, socket, identity.cert, identity.key)
    if not (ok and set) then
      return failure("tls", "client certificate: " .. tostring(ok and err or set))
    end
  end
  local left_ms = until_ms - native.now_ms()
  if left_ms <= 0 then
    return failure("timeout", "no secure connection in time")
  end
  socket:settimeout(left_ms)
  local ok, session, err = pcall(socket.sslhandshake, socket, nil, place.server_name, true)
  if ok and session then
    return true
  elseif ok and err == "timeout" then
    return failure("timeout", "no secure connection in time")
  end
  local reason = ok and tostring(err) or "the certificate was not accepted"
  return failure("tls", reason .. DIRECTIVES)
end

--- Connects the socket, whose time limits are set, and for https verifies the peer: how many
--- requests the connection has served; or nil and a failure, with the socket closed. Nothing of the
--- request is sent.
function connection.connect(socket, place, is_fresh, until_ms)
  local options = is_fresh and place.fresh or place.kept
  local ok, err
  if place.address then
    ok, err = socket:connect(place.address, place.port, options)
  else
    ok, err = connect_by_name(socket, place, options, until_ms)
  end
  if not ok then
    return connect_failure(err)
  end
  local served = socket:getreusedtimes() or 0
  if served == 0 and place.server_name then
    local problem
    ok, problem = shake_hands(socket, place, until_ms)
    if not ok then
      socket:close()
      return nil, problem
    end
  elseif served > 0 and is_fresh then
    socket:close()
    return failure("connect", "nginx gave a used connection where a fresh one was asked for")
  end
  return served
end

return connection
