-- A message transport over lua-resty-http, for what the driver inside nginx does not do: a proxy, a
-- TLS set-up of your own, instrumentation.
--
--   repay.open(provider, { transport = require("repay.resty_http").transport(), … })
--
-- The library's timeouts begin again with each byte that comes, so the head of a reply may take
-- longer than the attempt was given; it reads a head's lines without a limit; it may raise where a
-- certificate is refused. The last of these is caught here.
local native = require "repay.native.core"

local resty_http = {}

local PIECE = 8192

local defaults = { keepalive_ms = 30000, pool_size = 64, body_size_max = 8388608 }

local function failure(kind, sent, message)
  return nil, { kind = kind, sent = sent, message = message }
end

local function split(url)
  local scheme, authority, path = url:match("^(https?)://([^/?#]+)(.*)$")
  local host, port = authority:match("^(%[[%x:.]+%])(:?%d*)$")
  if not host then
    host, port = authority:match("^([^:]+)(:?%d*)$")
  end
  port = tonumber(port:match("%d+")) or (scheme == "https" and 443 or 80)
  return scheme, host, port, path == "" and "/" or path
end

-- What the library hands on is nginx's own words.
local function connect_failure(err, scheme)
  err = tostring(err)
  if err:find("resolve", 1, true) then
    return failure("dns", "no", err)
  elseif err == "timeout" then
    return failure("timeout", "no", "no connection in time")
  elseif scheme == "https" and (err:find("^%d+: ") or err:find("certificate", 1, true)
    or err:find("handshake", 1, true) or err:find("assertion failed", 1, true)) then
    return failure("tls", "no", err)
  end
  return failure("connect", "no", err)
end

-- The time that is left for the next step, told to the library; nil when there is none.
local function arm(client, deadline_ms)
  local left_ms = deadline_ms - native.now_ms()
  if left_ms <= 0 then
    return nil
  end
  ngx.update_time()
  client:set_timeouts(left_ms, left_ms, left_ms)
  return true
end

local function connect(self, client, request, deadline_ms)
  local scheme, host, port, path = split(request.url)
  local options = {}
  for name, value in pairs(self.connect_options) do
    options[name] = value
  end
  options.scheme, options.host, options.port = scheme, self.host or host, self.port or port
  options.ssl_server_name, options.ssl_verify = host, true
  -- The library would take `false` for "no session", and nginx may then call a failure good.
  options.ssl_reused_session = nil
  options.pool_size = self.pool_size
  if request.is_write then
    options.pool = "repay fresh"
  end
  if not arm(client, deadline_ms) then
    return failure("timeout", "no", "no connection in time")
  end
  local ok, connected, err = pcall(client.connect, client, options)
  if not ok or not connected then
    return connect_failure(ok and err or connected, scheme)
  elseif request.is_write and (client:get_reused_times() or 0) > 0 then
    return failure("connect", "no", "a used connection came where a fresh one was asked for")
  end
  return path
end

local function read_body(self, client, reply, deadline_ms)
  local pieces, size = {}, 0
  while reply.has_body do
    if not arm(client, deadline_ms) then
      return failure("timeout", "maybe")
    end
    -- A last piece comes with the word "closed" where the connection's end is the body's.
    local piece, err = reply.body_reader(PIECE)
    if err and not (piece and err == "closed") then
      return failure(err == "timeout" and err or "connection_lost", "maybe", tostring(err))
    elseif not piece then
      break
    end
    size = size + #piece
    if size > self.body_size_max then
      return failure("too_large", "maybe", "the reply's body is too large")
    end
    pieces[#pieces + 1] = piece
    if err then
      break
    end
  end
  return table.concat(pieces)
end

-- The headers as plain strings: the library's table has a metatable of its own.
local function plain(headers)
  local copy = {}
  for name, value in pairs(headers or {}) do
    copy[name] = value
  end
  return copy
end

local function exchange(self, client, request, deadline_ms)
  local path, problem = connect(self, client, request, deadline_ms)
  if not path then
    return nil, problem
  elseif not arm(client, deadline_ms) then
    return failure("timeout", "no", "the time was over before the request could leave")
  end
  local headers = {}
  for _, pair in ipairs(request.headers) do
    headers[pair[1]] = pair[2]
  end
  local ok, reply, err = pcall(client.request, client, {
    method = request.method, path = path, headers = headers, body = request.body,
  })
  if not ok or not reply then
    err = tostring(ok and err or reply)
    return failure(err == "timeout" and err or "connection_lost", "maybe", err)
  end
  local body
  body, problem = read_body(self, client, reply, deadline_ms)
  if not body then
    return nil, problem
  end
  return { status = reply.status, headers = plain(reply.headers), body = body }
end

local function send(self, request)
  local refusal = require("repay.ngx").refusal()
  if refusal then
    return failure("connect", "no", tostring(refusal))
  end
  local client, err = self.http.new()
  if not client then
    return failure("connect", "no", tostring(err))
  end
  local response, problem = exchange(self, client, request,
    native.now_ms() + request.timeout_ms)
  if response and not request.is_write then
    -- It closes by itself what must not be kept.
    pcall(client.set_keepalive, client, self.keepalive_ms, self.pool_size)
  else
    pcall(client.close, client)
  end
  return response, problem
end

local function check(given)
  local self = { connect_options = given.connect_options or {} }
  for name in pairs(given) do
    if defaults[name] == nil and name ~= "connect_options" and name ~= "connect" then
      error("repay.resty_http: unknown option '" .. tostring(name) .. "'", 3)
    end
  end
  for name, value in pairs(defaults) do
    self[name] = given[name] or value
  end
  if given.connect then
    self.host, self.port = given.connect:match("^(.+):(%d+)$")
    self.port = tonumber(self.port)
    if not self.port then
      error("repay.resty_http: option 'connect' is not \"host:port\"", 3)
    end
  end
  return self
end

--- A transport for repay.open. Options: connect ("host:port" instead of the URL's), connect_options
--- (handed to the library's connect: proxy_opts, ssl_client_cert …), keepalive_ms, pool_size,
--- body_size_max.
function resty_http.transport(given)
  local self = check(given or {})
  self.http = require "resty.http"
  return {
    send = function(request) return send(self, request) end,
    sleep = function(ms) ngx.sleep(ms / 1000) end,
  }
end

return resty_http
