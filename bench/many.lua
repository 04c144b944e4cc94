-- make bench, the part about many calls: repay.each next to a loop over libcurl in plain C, and
-- next to what people use elsewhere. One nginx on this machine answers schedules of six rows.
--
--   many.lua BUILD ROOT
--
-- Arms alternate within a round; a ratio is the median of the rounds' ratios. Where there are two
-- processors the server has one and the client the other. What is not installed is skipped.

local bodies = require("bench.bodies")

local build, root = arg[1], arg[2]
local work = build .. "/bench"
local quick = os.getenv("BENCH_QUICK") ~= nil
local rounds = quick and 3 or 9
local calls = quick and 4000 or 10000

local VMS = {
  { name = "Lua 5.4", program = os.getenv("LUA54") or "lua5.4", directory = "lua54" },
  { name = "LuaJIT", program = os.getenv("LUAJIT") or "luajit", directory = "lua51" },
}

local missed = 0

local function worked(command)
  local ok = os.execute(command .. " >/dev/null 2>&1")
  return ok == true or ok == 0
end

local function heading(text)
  print("")
  print(("%-52s %9s %9s %12s"):format(text, "floor", "goal", "measured"))
  print(("-"):rep(88))
end

local function line(what, measured, limit, unit)
  local verdict, sign = "", limit and limit.at_most and "<= " or ">= "
  if limit and limit.floor then
    local holds = limit.at_most and measured <= limit.floor
      or not limit.at_most and measured >= limit.floor
    verdict = holds and "ok" or "below"
    missed = missed + (holds and 0 or 1)
  end
  local function show(value)
    return value and sign .. ("%g"):format(value) or ""
  end
  print(("%-52s %9s %9s %12s  %s"):format(what, show(limit and limit.floor),
    show(limit and limit.goal), ("%.4g%s"):format(measured, unit or ""), verdict))
end

local function skip(what, why)
  print(("%-52s %9s %9s %12s"):format(what, "", "", "skipped: " .. why))
end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>" .. work .. "/many.log", "r"))
  local values = {}
  for text in pipe:lines() do
    local name, value = text:match("^(%S+) (%S+)$")
    if name then values[name] = tonumber(value) end
  end
  pipe:close()
  if not next(values) then
    local log = io.open(work .. "/many.log", "r")
    error("failed: " .. command .. "\n" .. (log and log:read("*a") or ""), 0)
  end
  return values
end

local function median(list)
  table.sort(list)
  local middle = (#list + 1) / 2
  return (list[math.floor(middle)] + list[math.ceil(middle)]) / 2
end

-- The server -------------------------------------------------------------------------------------

local has_two = worked("taskset -c 1 true")
local on_server = has_two and "taskset -c 0 " or ""
local on_client = has_two and "taskset -c 1 " or ""

local CONFIGURATION = [[
daemon off;
worker_processes 1;
pid %s/nginx.pid;
error_log %s/nginx.log;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600;
  default_type application/json;
  client_body_temp_path %s/nginx; proxy_temp_path %s/nginx; fastcgi_temp_path %s/nginx;
  uwsgi_temp_path %s/nginx; scgi_temp_path %s/nginx;
  server {
    listen 127.0.0.1:%d;
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s/server.pem;
    ssl_certificate_key %s/server.key;
    location / { return 200 '%s'; }
  }
}
]]

local function write(name, text)
  local file = assert(io.open(work .. "/" .. name, "w"))
  file:write(text)
  file:close()
end

local function make_certificate()
  assert(worked(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
    .. "-keyout %s/server.key -out %s/server.pem -days 2 -subj /CN=127.0.0.1 "
    .. "-addext subjectAltName=IP:127.0.0.1"):format(work, work)), "openssl failed")
end

local function body()
  return (bodies.text("carbon", 6))
end

-- Absolute, because nginx would take other paths as its own.
local function absolute(path)
  local pipe = assert(io.popen("cd '" .. path .. "' && pwd", "r"))
  local full = pipe:read("*l")
  pipe:close()
  return full
end

local server = {}

local function start_on(port)
  local here = absolute(work)
  os.execute("mkdir -p " .. here .. "/nginx")
  write("nginx.conf", CONFIGURATION:format(here, here, here, here, here, here, here, port, port + 1,
    here, here, body()))
  -- It ends by itself should this program not be there to end it.
  server.pipe = assert(io.popen(("echo $$; exec %stimeout 3600 nginx -p %s -c %s/nginx.conf "
    .. "2>/dev/null"):format(on_server, here, here), "r"))
  server.pid = server.pipe:read("*l")
  for _ = 1, 50 do
    if worked(("curl -sf http://127.0.0.1:%d/x"):format(port)) then
      server.http = "http://127.0.0.1:" .. port
      server.https = "https://127.0.0.1:" .. port + 1
      return true
    elseif not worked("kill -0 " .. server.pid) then
      break
    end
    os.execute("sleep 0.05")
  end
  os.execute("kill " .. server.pid .. " 2>/dev/null")
  server.pipe:close()
  return false
end

-- nginx cannot be given port 0, so a few are tried.
local function start_server()
  make_certificate()
  local seed = os.time() % 20000
  for try = 0, 9 do
    if start_on(20000 + (seed + try * 1013) % 40000) then
      return
    end
  end
  error("nginx does not start; see " .. work .. "/nginx.log", 0)
end

local function stop_server()
  os.execute("kill " .. server.pid)
  server.pipe:close()
end

-- Arms -------------------------------------------------------------------------------------------

local ca = work .. "/server.pem"

local function raw(base, count, at_once, ca_file)
  return run(("%s%s/bench-multi %s %d %d %s"):format(on_client, work, base, count, at_once,
    ca_file or ""))
end

local function ours(vm, base, count, at_once, ca_file)
  return run(("env LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/%s/?.so;;' %s%s "
    .. "%s/bench/calls.lua %s %d %d %s"):format(root, root, build, vm.directory, on_client,
    vm.program, root, base, count, at_once, ca_file or ""))
end

-- Medians over the rounds of what `compare` makes of both arms' results.
local function alternate(first, second, count)
  local rates, cpus, last = {}, {}, nil
  for i = 1, count or rounds do
    local a, b = first(), second()
    rates[i], cpus[i], last = b.rate / a.rate, b.cpu / a.cpu, b
  end
  return median(rates), median(cpus), last
end

local function loop_bench()
  heading(("repay.each over a libcurl loop in C, %d calls"):format(calls))
  for _, case in ipairs({ { 64, 0.93 }, { 16 }, { 1, 0.97 } }) do
    local at_once, floor = case[1], case[2]
    local count = at_once == 1 and calls / 2 or calls
    for _, vm in ipairs(VMS) do
      local rate, cpu, last = alternate(
        function() return raw(server.http, count, at_once) end,
        function() return ours(vm, server.http, count, at_once) end)
      line(("%s, %d at once (%.0f calls a second)"):format(vm.name, at_once, last.rate), rate,
        { floor = floor }, "x")
      line(("%s, %d at once: its CPU"):format(vm.name, at_once), cpu,
        { goal = 1.1, at_most = true }, "x")
    end
  end
  for _, vm in ipairs(VMS) do
    local rate, _, last = alternate(
      function() return raw(server.https, calls, 64, ca) end,
      function() return ours(vm, server.https, calls, 64, ca) end)
    line(("%s, TLS, 64 at once, HTTP/2 (%d connection%s) over HTTP/1.1"):format(vm.name,
      last.opened, last.opened == 1 and "" or "s"), rate, { floor = 1.25 }, "x")
  end
end

local function node_modules()
  local directory = work .. "/node"
  os.execute("mkdir -p " .. directory)
  if not worked(("test -d %s/node_modules/axios"):format(directory)) then
    worked(("cd %s && npm install --no-fund --no-audit --no-save axios undici"):format(directory))
  end
  return directory
end

local function peer_bench()
  heading("repay.each over what people use elsewhere, 64 at once")
  local modules = worked("node --version") and node_modules()
  local peers = {
    { "axios", "node %s/bench/many.js axios", modules .. "/node_modules/axios", 13, 12 },
    { "node's fetch", "node %s/bench/many.js fetch" },
    { "undici", "node %s/bench/many.js undici", modules .. "/node_modules/undici" },
    { "python's requests", "python3 %s/bench/many.py" },
  }
  local count = quick and 1000 or 4000
  for _, peer in ipairs(peers) do
    local name, command, directory, floor, cpu_floor = (unpack or table.unpack)(peer, 1, 5)
    local program = command:match("^%S+")
    if not worked(program .. " --version") or directory and not worked("test -d " .. directory)
      or program == "python3" and not worked("python3 -c 'import requests'") then
      skip(name, "not installed")
    else
      command = ("env BENCH_NODE_MODULES=%s %s%s %s %d 64"):format(absolute(work) .. "/node",
        on_client, command:format(root), server.http, count)
      local rate, cpu, last = alternate(function() return run(command) end,
        function() return ours(VMS[1], server.http, calls, 64) end, quick and 2 or 3)
      -- The other arm makes fewer calls, because it is slow.
      line(("%s: calls a second (%.0f)"):format(name, last.rate / rate), rate,
        { floor = floor }, "x")
      line(("%s: CPU of a call"):format(name), calls / count / cpu, { floor = cpu_floor }, "x")
    end
  end
end

local function cold_bench()
  heading("one schedule over TLS from a cold process")
  local modules = absolute(work) .. "/node"
  if not worked("test -d " .. modules .. "/node_modules/axios") then
    skip("axios", "not installed")
    return
  end
  for _, vm in ipairs(VMS) do
    local got = run(("env BENCH_NODE_MODULES=%s LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' "
      .. "LUA_CPATH='%s/%s/?.so;;' %s%s/bench-startup %d %s %s/bench/calls.lua %s 1 1 %s -- "
      .. "node %s/bench/many.js axios %s 1 1 %s"):format(modules, root, root, build, vm.directory,
      on_client, work, quick and 5 or 20, vm.program, root, server.https, ca, root, server.https,
      ca))
    line(("%s (%.1f ms, axios %.1f)"):format(vm.name, got.ms, got.peer_ms), 1 / got.ratio,
      { floor = 8, goal = 12 }, "x")
  end
end

local function authorities_bench()
  heading("CPU of a further TLS connection with the system's authorities")
  local count = quick and 10 or 40
  local url = server.https .. "/x"
  for _, vm in ipairs(VMS) do
    local ratios, last = {}, nil
    for i = 1, quick and 2 or 3 do
      local built = run(("%s%s/bench-authorities %s %d"):format(on_client, work, url, count))
      last = run(("env LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/%s/?.so;;' %s%s "
        .. "%s/bench/authorities.lua %s %d"):format(root, root, build, vm.directory, on_client,
        vm.program, root, server.https, count))
      ratios[i] = built.cpu_us / last.cpu_us
    end
    line(("%s (%.0f us; libcurl as it is built %.0f)"):format(vm.name, last.cpu_us,
      last.cpu_us * median(ratios)), median(ratios), { floor = 20, goal = 40 }, "x")
  end
end

local function memory_bench()
  local count = quick and 50000 or 1000000
  heading(("%d calls from an iterator, 64 at once"):format(count))
  for _, vm in ipairs(VMS) do
    local got = ours(vm, server.http, count, 64)
    line(("%s (%.0f calls a second)"):format(vm.name, got.rate), got.peak_kib / 1024,
      { floor = 64, at_most = true }, " MB")
  end
end

os.execute("mkdir -p " .. work)
if not worked("nginx -v") or not worked("openssl version") then
  print("\nMany calls: skipped, nginx or openssl is not installed")
  return
end
start_server()
local ok, raised = pcall(function()
  loop_bench()
  peer_bench()
  cold_bench()
  authorities_bench()
  memory_bench()
end)
stop_server()
if not ok then error(raised, 0) end
print("")
print(missed == 0 and "every floor holds" or missed .. " below the floor")
