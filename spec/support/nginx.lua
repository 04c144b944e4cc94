-- A real nginx for specs: configured from a few lines, started on free ports in a directory of its
-- own, asked over plain sockets, and ended by its process id. Nothing of it outlives the spec, and
-- what it wrote to its error log is judged in the end.
local json = require "cjson"
local socket = require "socket"

local nginx = {}
nginx.__index = nginx

-- Nothing may leave such a line, whatever a spec does.
local FORBIDDEN = { "%[alert%]", "%[emerg%]", "%[crit%]", "exited on signal",
  "thread aborted", "API disabled", "attempt to send data on a closed socket",
  "_G write guard", "writing a global Lua variable", "no request found" }

-- Not even a spec that hangs leaves one behind.
local LIFE_S = 150

local output_of = require("spec.support.read").command

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local root = output_of("pwd"):match("[^\n]+")

--- What is run: Debian's, or the program that REPAY_SPEC_NGINX names, like openresty.
nginx.program = os.getenv "REPAY_SPEC_NGINX" or "nginx"

-- Debian keeps the Lua module in two files beside nginx; OpenResty has it inside.
local load_modules

--- Why there can be no nginx here, or nil. Specs print it and are skipped.
function nginx.missing()
  if not jit then
    return "nginx runs its Lua under LuaJIT, and so do its specs"
  elseif load_modules then
    return nil
  end
  local build = output_of(nginx.program .. " -V 2>&1")
  local path = build:match("%-%-modules%-path=(%S+)")
  if path and read(path .. "/ngx_http_lua_module.so") then
    load_modules = ("load_module %s/ndk_http_module.so; load_module %s/ngx_http_lua_module.so;")
      :format(path, path)
  elseif build:find("ngx_lua", 1, true) or build:find("lua-nginx-module", 1, true) then
    load_modules = ""
  end
  if not build:find("configure arguments", 1, true) then
    return "there is no " .. nginx.program
  end
  return not load_modules and "there is no Lua module for nginx" or nil
end

--- Whether it was built to log at the level "debug".
function nginx.logs_debug()
  return output_of(nginx.program .. " -V 2>&1"):find("--with-debug", 1, true) ~= nil
end

--- busted's describe for what needs nginx: elsewhere one pending test says why.
function nginx.describer(describe, pending)
  local reason = nginx.missing()
  return function(name, body)
    if not reason then
      return describe(name .. " #slow #nginx", body)
    end
    return describe(name, function()
      pending("is not run: " .. reason)
    end)
  end
end

-- Below the range from which the system takes ports for outgoing connections: one of those could be
-- taken again before nginx has it.
local function free_port()
  local source = assert(io.open("/dev/urandom", "rb"))
  for _ = 1, 100 do
    local high, low = source:read(2):byte(1, 2)
    local port = 20000 + (high * 256 + low) % 12000
    local server = socket.bind("127.0.0.1", port)
    if server then
      server:close()
      source:close()
      return port
    end
  end
  error("no port is free")
end
nginx.free_port = free_port

local function absolute(paths)
  return (paths:gsub("[^;]+", function(path)
    return path:sub(1, 2) == "./" and root .. path:sub(2) or path
  end))
end

local function configuration(self, options)
  local is_root = output_of("id -u"):match("%d+") == "0"
  return ([[
daemon off;
@USER@
worker_processes @WORKERS@;
worker_shutdown_timeout 20s;
pid nginx.pid;
error_log error.log @LEVEL@;
@MODULES@
@MAIN@
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  lua_package_path "@PATH@";
  lua_package_cpath "@CPATH@";
  lua_socket_log_errors off;
  lua_shared_dict repay 4m;
  init_by_lua_block { package.loaded["spec.root"] = "@ROOT@"; @INIT@ }
  @HTTP@
  server {
    listen 127.0.0.1:@PORT@;
    client_max_body_size 4m; client_body_buffer_size 4m;
    location = /spec/run { content_by_lua_file @ROOT@/spec/support/nginx_run.lua; }
    @SERVER@
  }
}
]]):gsub("@(%u+)@", {
    USER = is_root and "user root;" or "", WORKERS = options.workers or 1,
    LEVEL = options.level or "info", MODULES = load_modules, MAIN = options.main or "",
    PATH = root .. "/lua/?.lua;" .. root .. "/lua/?/init.lua;" .. root .. "/?.lua;"
      .. absolute(package.path), CPATH = absolute(package.cpath),
    HTTP = options.http or "", INIT = options.init or "", PORT = self.port, ROOT = root,
    SERVER = options.server or "",
  })
end

--- A directory that is removed with the server.
local function make_prefix()
  local prefix = output_of("mktemp -d"):match("[^\n]+")
  assert(os.execute("mkdir -p " .. prefix .. "/tmp") == 0)
  return prefix
end

--- The first processor that this process may use: on one, two servers show what they else do not.
function nginx.one_cpu()
  return tonumber(read("/proc/self/status"):match("Cpus_allowed_list:%s*(%d+)"))
end

--- Starts one. Options: workers, http, server, init and main (configuration), level (of the error
--- log), cpu (the only one it may use), prefix (a directory that stands already).
function nginx.start(options)
  assert(not nginx.missing())
  local self = setmetatable({ prefix = options.prefix or make_prefix(), port = free_port() }, nginx)
  os.execute("mkdir -p " .. self.prefix .. "/tmp")
  write(self.prefix .. "/nginx.conf", configuration(self, options))
  local pin = options.cpu and "taskset -c " .. options.cpu .. " " or ""
  os.execute(("exec timeout -k 5 %d %s%s -p '%s/' -c nginx.conf -e error.log"
    .. " >'%s/output' 2>&1 &"):format(LIFE_S, pin, nginx.program, self.prefix,
    self.prefix))
  for _ = 1, 500 do
    local client = socket.connect("127.0.0.1", self.port)
    self.pid = tonumber((read(self.prefix .. "/nginx.pid") or ""):match("%d+"))
    if client then
      client:close()
    end
    -- The master listens before it has workers.
    if client and self.pid and #self:workers() == (options.workers or 1) then
      return self
    end
    socket.sleep(0.01)
  end
  error("nginx did not start: " .. (read(self.prefix .. "/output") or "")
    .. (read(self.prefix .. "/error.log") or ""))
end

function nginx:signal(name, pid)
  os.execute(("kill -%s %d 2>/dev/null"):format(name, pid or self.pid))
end

function nginx:is_running()
  return read("/proc/" .. self.pid .. "/stat") ~= nil
end

--- The process ids of its workers, those included that are about to end.
function nginx:workers()
  local pids = {}
  local children = read(("/proc/%d/task/%d/children"):format(self.pid, self.pid)) or ""
  for pid in children:gmatch("%d+") do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

function nginx:log()
  return read(self.prefix .. "/error.log") or ""
end

--- The lines of the error log that nothing may leave.
function nginx:complaints()
  local found = {}
  for line in self:log():gmatch("[^\n]+") do
    for _, pattern in ipairs(FORBIDDEN) do
      if line:find(pattern) then
        found[#found + 1] = line
        break
      end
    end
  end
  return found
end

local function wait_until(seconds, condition)
  local limit = socket.gettime() + seconds
  while not condition() do
    if socket.gettime() > limit then
      return false
    end
    socket.sleep(0.02)
  end
  return true
end
nginx.wait_until = wait_until

--- Ends it and removes its directory. `expected` are patterns of lines that the spec has provoked.
function nginx:stop(expected)
  if self.is_stopped then
    return
  end
  self.is_stopped = true
  self:signal("QUIT")
  local ended = wait_until(10, function() return not self:is_running() end)
  if not ended then
    self:signal("KILL")
  end
  local complaints = {}
  for _, line in ipairs(self:complaints()) do
    local is_expected = false
    for _, pattern in ipairs(expected or {}) do
      is_expected = is_expected or line:find(pattern) ~= nil
    end
    if not is_expected then
      complaints[#complaints + 1] = line
    end
  end
  os.execute("rm -rf '" .. self.prefix .. "'")
  assert(ended, "nginx did not end")
  assert(#complaints == 0, "in the error log: " .. table.concat(complaints, "\n"))
end

--- Sends a request and returns its socket, for `nginx.reply`.
function nginx:send(method, target, body, headers)
  local client = assert(socket.connect("127.0.0.1", self.port))
  client:settimeout(100)
  local lines = { method .. " " .. target .. " HTTP/1.1", "Host: nginx.test", "Connection: close",
    "Content-Length: " .. #(body or "") }
  for name, value in pairs(headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  assert(client:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")))
  return client
end

local function unchunk(body)
  local parts, at = {}, 1
  while true do
    local size, next_at = body:match("^(%x+)[^\n]*\n()", at)
    size = tonumber(size, 16)
    if not size or size == 0 then
      return table.concat(parts)
    end
    parts[#parts + 1] = body:sub(next_at, next_at + size - 1)
    at = next_at + size + 2
  end
end

--- Status, body and headers, or nil where the connection ended without a reply.
function nginx.reply(client)
  local bytes, err, partial = client:receive("*a")
  client:close()
  bytes = bytes or partial
  local status, head, body = bytes:match("^HTTP/1%.1 (%d+)[^\n]*\n(.-)\r\n\r\n(.*)$")
  if not status then
    return nil, err
  end
  local headers = {}
  for name, value in head:gmatch("([^\r\n:]+): ([^\r\n]*)") do
    headers[name:lower()] = value
  end
  if headers["transfer-encoding"] == "chunked" then
    body = unchunk(body)
  end
  return tonumber(status), body, headers
end

function nginx:ask(method, target, body, headers)
  return nginx.reply(self:send(method, target, body, headers))
end

--- Runs a chunk of Lua in a content handler, with its arguments as `...`: what it returned, as
--- plain data.
function nginx:run(chunk, ...)
  return nginx.result(self:begin(chunk, ...))
end

--- The same in a location of the spec's own, whose handler is `nginx.RUN`.
function nginx:run_at(target, chunk, ...)
  return nginx.result(self:begin_at(target, chunk, ...))
end

nginx.RUN = "content_by_lua_file " .. root .. "/spec/support/nginx_run.lua;"
nginx.PROVIDER = "content_by_lua_file " .. root .. "/spec/support/nginx_provider.lua;"

--- The same in two halves, so that several run at once.
function nginx:begin(chunk, ...)
  return self:begin_at("/spec/run", chunk, ...)
end

function nginx:begin_at(target, chunk, ...)
  return self:send("POST", target, json.encode { chunk = chunk, arguments = { ... } })
end

function nginx.result(client)
  local status, body = nginx.reply(client)
  if status ~= 200 then
    error("nginx answered " .. tostring(status) .. ": " .. tostring(body), 2)
  end
  local answer = json.decode(body)
  if answer.raised then
    error(answer.raised, 2)
  end
  return answer.value
end

--- Kilobytes of memory that a process holds.
function nginx.memory_kib(pid)
  return tonumber((read("/proc/" .. pid .. "/status") or ""):match("VmRSS:%s*(%d+)"))
end

--- How many files a process has open.
function nginx.open_files(pid)
  return tonumber(output_of("ls /proc/" .. pid .. "/fd | wc -l"):match("%d+"))
end

nginx.read = read
nginx.write = write
nginx.root = root

return nginx
