-- The sandbox on real sockets: HTTP and TLS on this machine, for Lua 5.4 with cqueues and luaossl.
--
-- One process, one thread; a coroutine for each connection. It owns listeners, connections and
-- their limits; what is answered is sandbox/exchange.lua's business. No request can stop it: what
-- goes wrong in one connection ends that connection.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local http = require "repay.sandbox.http"
local json = require "repay.sandbox.json"
local sandbox = require "repay.sandbox"
local wire = require "repay.sandbox.wire"

local server = {}
local Server = {}
Server.__index = Server

local IDLE_CONNECTION_S = 60 -- between two requests; longer than any client keeps one
local REQUEST_S = 15         -- for a whole request to arrive
local SEND_S = 30            -- for a reply's next part to be taken
local STEP_S = 0.5           -- how often parent and idleness are looked at
local GRACE_S = 2            -- for running requests when the server stops
local READ_SIZE = 16384

-- A real reset needs SO_LINGER, which cqueues cannot set; without the package lua-socket a reset is
-- an early end.
local has_luasocket, luasocket = pcall(require, "socket")
has_luasocket = has_luasocket and luasocket.tcp4 ~= nil

server.can_reset = has_luasocket

-- Connections ------------------------------------------------------------------------------------

local function quiet(_, _, why)
  return why
end

local function new_connection(self, raw)
  self.connection_count = self.connection_count + 1
  self.open_connections = self.open_connections + 1
  raw:onerror(quiet)
  raw:setmode("bn", "bn")
  local _, peer = raw:peername()
  local connection = { raw = raw, number = self.connection_count, peer = peer or "unknown" }

  function connection.send(bytes)
    return raw:xwrite(bytes, "bn", SEND_S) ~= nil
  end

  function connection.wait(ms)
    cqueues.sleep(ms / 1000)
  end

  function connection.reset()
    if has_luasocket then
      local handle = luasocket.tcp4()
      handle:close()
      handle:setfd(raw:pollfd())
      handle:setoption("linger", { on = true, timeout = 0 })
      handle:setfd(-1)
    end
    connection.is_reset = true
  end

  return connection
end

-- Waits long for a first byte and then only so long for the rest of the request.
local function new_stream(connection)
  local stream = { rest = "", send = connection.send }
  function stream.begin()
    stream.deadline = nil
  end
  function stream.receive()
    local wait = IDLE_CONNECTION_S
    if stream.rest ~= "" or stream.deadline then
      stream.deadline = stream.deadline or cqueues.monotime() + REQUEST_S
      wait = stream.deadline - cqueues.monotime()
    end
    if wait <= 0 then
      return nil
    end
    local bytes = connection.raw:xread(-READ_SIZE, "bn", wait)
    connection.raw:clearerr("r")
    if bytes and bytes ~= "" then
      stream.deadline = stream.deadline or cqueues.monotime() + REQUEST_S
      return bytes
    end
    return nil
  end
  return stream
end

local function plain_error(status, text)
  return {
    status = status, headers = { { "Content-Type", "application/json" } },
    body = json.write(json.object({ { "error", text } })),
  }
end

-- What goes wrong in a handler is our mistake: it is reported, and the connection ends with 500.
local function handle(self, connection, request)
  local ok, response, directive = xpcall(self.sandbox.handle, debug.traceback, self.sandbox, {
    method = request.method, target = request.target, headers = request.headers,
    body = request.body, host = request.host, peer = connection.peer,
    connection = connection.number,
  })
  if not ok then
    self.log(response)
    return plain_error(500, "the sandbox made a mistake; its log says which")
  end
  return response, directive
end

local function serve_one(self, connection, stream)
  stream.begin()
  local request, status, text = http.read_request(stream)
  if not request then
    if status and status > 0 then
      wire.answer(connection, plain_error(status, text), nil, false)
    elseif status == 0 then
      wire.answer(connection, plain_error(408, "the request did not arrive whole"), nil, false)
    end
    return false
  end
  self.request_count = self.request_count + 1
  self.last_request = cqueues.monotime()
  connection.is_busy = true
  local response, directive = handle(self, connection, request)
  local keep = request.keep and response.status ~= 500 and not self.stopping
  if request.method == "HEAD" then
    response.body, response.padding = "", nil
  end
  local stays = wire.answer(connection, response, directive, keep)
  connection.is_busy = false
  self.last_request = cqueues.monotime()
  return stays
end

local function serve(self, raw, tls)
  local connection = new_connection(self, raw)
  self.connections[connection] = true
  local ok, why = xpcall(function()
    if tls and not raw:starttls(tls, REQUEST_S) then
      return
    end
    raw:setmode("bn", "bn")
    local stream = new_stream(connection)
    repeat
      local stays = serve_one(self, connection, stream)
    until not stays or self.stopping
  end, debug.traceback)
  if not ok then
    self.log(why)
  end
  if not connection.is_reset then
    raw:shutdown("w")
  end
  raw:close()
  self.connections[connection] = nil
  self.open_connections = self.open_connections - 1
end

-- Listeners --------------------------------------------------------------------------------------

local function listen(self, host, port, tls)
  if type(port) ~= "number" or port % 1 ~= 0 or port < 0 or port > 65535 then
    error("a port must be a whole number from 0 to 65535", 0)
  end
  local listener, problem = socket.listen({ host = host, port = port, reuseaddr = true,
    nodelay = true })
  local ok, bound = false, nil
  if listener then
    listener:onerror(quiet)
    ok, problem = listener:listen(5)
    bound = select(3, listener:localname())
  end
  if not ok or not bound or bound == 0 then
    if listener then
      listener:close()
    end
    local reason = type(problem) == "number" and ": " .. errno.strerror(problem) or ""
    error(("cannot listen on %s:%d%s"):format(host, port, reason), 0)
  end
  self.listeners[#self.listeners + 1] = listener
  self.loop:wrap(function()
    while not self.stopping do
      local raw, why = listener:accept()
      if raw then
        self.loop:wrap(function() serve(self, raw, tls) end)
      elseif self.stopping then
        break
      else
        -- Too many open files, most likely: wait until some are closed.
        self.log("accept: " .. errno.strerror(type(why) == "number" and why or 0))
        listener:clearerr()
        cqueues.sleep(0.05)
      end
    end
    listener:close()
  end)
  return bound
end

-- A port on which nobody listens, for "connection refused".
local function closed_port(host)
  local listener = socket.listen({ host = host, port = 0 })
  listener:listen(5)
  local _, _, port = listener:localname()
  listener:close()
  return port
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function open_tls(self, options)
  local certificates = require("repay.sandbox.certificates").new(os.time())
  local contexts = certificates.contexts
  self.ca_file = options.ca_file or os.tmpname()
  write_file(self.ca_file, certificates.pem)
  self.ports.https = listen(self, options.host, options.tls_port, contexts.good)
  for _, fault in ipairs({ "expired", "wrong_host", "self_signed" }) do
    self.ports["tls_" .. fault] = listen(self, options.host, 0, contexts[fault])
  end
end

-- Life -------------------------------------------------------------------------------------------

local function parent_of_this()
  local file = io.open("/proc/self/stat", "r")
  local line = file and file:read("*l")
  if file then
    file:close()
  end
  return line and line:match("%) %a (%d+)")
end

local function should_stop(self)
  local now = cqueues.monotime()
  if self.parent and parent_of_this() ~= self.parent then
    return "its parent is gone"
  elseif self.idle_s and self.open_busy() == 0 and now - self.last_request > self.idle_s then
    return "nobody asked for " .. self.idle_s .. " seconds"
  end
  return nil
end

-- Options: port (0: a free one), tls (also HTTPS, on tls_port), host, sandbox (an existing one) or
-- the options of repay.sandbox.new, flow (the clock also moves by itself), idle_s, follow_parent
-- (stop with it), ca_file, log (a function).
local OWN = {
  port = true, tls = true, tls_port = true, host = true, sandbox = true, flow = true, idle_s = true,
  follow_parent = true, ca_file = true, log = true,
}

local function split_options(options)
  local own, rest = { host = "127.0.0.1", port = 0, tls_port = 0 }, {}
  for name, value in pairs(options or {}) do
    (OWN[name] and own or rest)[name] = value
  end
  return own, rest
end

function server.new(options)
  local own, rest = split_options(options)
  local self = setmetatable({
    loop = cqueues.new(), listeners = {}, connections = {}, ports = {}, connection_count = 0,
    open_connections = 0, request_count = 0, last_request = cqueues.monotime(),
    idle_s = own.idle_s, host = own.host, sandbox = own.sandbox or sandbox.new(rest),
    log = own.log or function(text) io.stderr:write(text, "\n") end,
    parent = own.follow_parent and parent_of_this() or nil,
  }, Server)
  function self.open_busy()
    local count = 0
    for connection in pairs(self.connections) do
      count = count + (connection.is_busy and 1 or 0)
    end
    return count
  end
  if own.flow then
    self.sandbox:let_clock_flow(function() return cqueues.monotime() * 1000 end)
  end
  self.ports.http = listen(self, own.host, own.port)
  if own.tls then
    open_tls(self, own)
  end
  self.ports.refused = closed_port(own.host)
  self.origin = "http://" .. own.host .. ":" .. self.ports.http
  self.tls_origin = self.ports.https and "https://localhost:" .. self.ports.https or nil
  self.sandbox.origin, self.sandbox.ports = self.origin, self.ports
  self.sandbox.tls_origin, self.sandbox.ca_file = self.tls_origin, self.ca_file
  return self
end

-- Ends at SIGTERM and SIGINT as well; call it before `run` where the process is ours.
function Server:stop_on_signals()
  signal.block(signal.SIGTERM, signal.SIGINT)
  local listener = signal.listen(signal.SIGTERM, signal.SIGINT)
  self.loop:wrap(function()
    listener:wait()
    self:stop("a signal")
  end)
end

-- Takes no new connection, ends idle ones at once and gives running requests a moment.
function Server:stop(why)
  if self.stopping then
    return
  end
  self.stopping = why or true
  self.stop_by = cqueues.monotime() + GRACE_S
  -- Each listener is closed by the coroutine that waits on it, which this wakes.
  for _, listener in ipairs(self.listeners) do
    listener:shutdown("rw")
    self.loop:cancel(listener:pollfd())
  end
  for connection in pairs(self.connections) do
    if not connection.is_busy then
      connection.raw:shutdown("rw")
    end
  end
  if self.ca_file then
    os.remove(self.ca_file)
  end
end

-- Runs for at most so many seconds and returns whether the server is still there.
function Server:step(seconds)
  local ok, why = self.loop:step(seconds or 0)
  if not ok then
    self.log(tostring(why))
  end
  if self.stopping then
    return self.open_connections > 0 and cqueues.monotime() < self.stop_by
  end
  return true
end

-- Serves until it is stopped, by a signal, an idle bound or the end of its parent; says why.
function Server:run()
  local looked = cqueues.monotime()
  while self:step(STEP_S) do
    if cqueues.monotime() - looked >= STEP_S and not self.stopping then
      looked = cqueues.monotime()
      local why = should_stop(self)
      if why then
        self:stop(why)
      end
    end
  end
  return self.stopping
end

setmetatable(server, { __call = function(_, options) return server.new(options) end })

-- `lua5.4 -l repay.sandbox.server`, with options behind a lone `-`, asks the interpreter for this
-- module and nothing else, which is a wish to serve; required by a program, it only returns.
local function wished(arguments)
  if not arguments then
    return nil
  elseif arguments[1] == "-l" and arguments[2] == "repay.sandbox.server" and not arguments[3] then
    return {}
  elseif arguments[0] == "-" and arguments[-1] == "repay.sandbox.server"
    and arguments[-2] == "-l" then
    return arguments
  end
  return nil
end

local words = wished(rawget(_G, "arg"))
if words then
  package.loaded["repay.sandbox.server"] = server
  os.exit(require("repay.sandbox.command").main(words))
end

return server
