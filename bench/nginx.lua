-- What a call costs inside nginx, next to the least that a cosocket can do: connect, send, receive
-- a known length, keep alive. Both in the same worker, in turns; the ratios are what counts.
--
-- That floor knows the reply's length beforehand and looks at no byte of it. Beside it stands the
-- least that a client can do that does not: read the head by line, and the body it announces.
--
-- Run by `make bench`, under LuaJIT. One processor is the gateway's, the other the provider's and
-- the load's. BENCH_QUICK=1 takes fewer and shorter rounds.
local nginx = require "spec.support.nginx"

local reason = nginx.missing()
if reason then
  print("\ninside nginx: not measured, " .. reason)
  os.exit(0)
end

local quick = (os.getenv("BENCH_QUICK") or "") ~= ""
local ROUNDS, CALLS = quick and 3 or 7, quick and 4000 or 20000
local WINDOWS, WINDOW_S = quick and 3 or 5, quick and 1 or 3

-- A schedule of two kilobytes, as providers answer.
local rows = {}
for i = 1, 17 do
  rows[i] = ('{"dueDate":"2025-%02d-15","principalDue":6666666,"interestDue":533333,'
    .. '"totalDue":7199999,"paidAmount":0,"status":"UNPAID"}'):format((i - 1) % 12 + 1)
end
local BODY = '{"status":"success","message":"x","data":{"schedule":[' .. table.concat(rows, ",")
  .. "]}}"

local provider = nginx.start {
  cpu = 1,
  http = "keepalive_requests 100000000;",
  server = ([[
    location / { default_type application/json; return 200 '%s'; }
    location /slow/ { content_by_lua_block {
      ngx.sleep(tonumber(ngx.var.uri:match("delay%%-(%%d+)")) / 1000)
      ngx.header["Content-Length"] = %d
      ngx.print('%s')
    } }
  ]]):format(BODY, #BODY, BODY),
}

-- The floor, what reads the head, and the call, as handlers and as functions of an id.
local GATEWAY = ([[
  local PORT, SIZE = %d, %d
  local function begin(prefix, id)
    local socket = ngx.socket.tcp()
    socket:settimeouts(10000, 10000, 30000)
    assert(socket:connect("127.0.0.1", PORT, { pool_size = 1100 }))
    socket:send("GET " .. prefix .. "/v1/loans/" .. id .. "/repayments HTTP/1.1\r\n"
      .. "Host: 127.0.0.1:" .. PORT .. "\r\nAccept: application/json\r\n"
      .. "Accept-Encoding: identity\r\napikey: bench-key-1\r\nx-carbon-key: bench-key-2\r\n\r\n")
    return socket
  end
  -- Of the head and the body together, by prefix: the head has no field of changing width.
  local sizes = {}
  function bench_floor(prefix, id)
    local socket = begin(prefix, id)
    if not sizes[prefix] then
      local reply = ""
      repeat
        reply = reply .. assert(socket:receiveany(16384))
      until #reply > SIZE and reply:sub(-3) == "]}}"
      sizes[prefix] = #reply
    else
      assert(socket:receive(sizes[prefix]))
    end
    socket:setkeepalive(30000, 1100)
    return 17
  end
  function bench_raw(prefix, id)
    local socket = begin(prefix, id)
    local length
    repeat
      local line = assert(socket:receive("*l"))
      length = line:match("^[Cc]ontent%%-[Ll]ength: (%%d+)") or length
    until line == ""
    local body = socket:receive(tonumber(length))
    assert(#body == SIZE)
    socket:setkeepalive(30000, 1100)
    return 17, body
  end
  -- What a script would do with the body, had it no other means.
  function bench_json(prefix, id)
    local _, body = bench_raw(prefix, id)
    local sum, rows = 0, require("cjson").decode(body).data.schedule
    for _, row in ipairs(rows) do
      sum = sum + row.totalDue - row.paidAmount
    end
    return #rows, sum
  end
  local clients = {}
  local function open(prefix)
    require("repay.ngx").configure { concurrency = 1100 }
    clients[prefix] = assert(require("repay").open("carbon", {
      base_url = "http://127.0.0.1:" .. PORT .. prefix,
      api_key = "bench-key-1", carbon_key = "bench-key-2" }))
    return clients[prefix]
  end
  function bench_call(prefix, id)
    local schedule = assert((clients[prefix] or open(prefix)):schedule { loan_id = id })
    local count = #schedule
    schedule:close()
    return count
  end
]]):format(provider.port, #BODY)

local function start_gateway()
  return nginx.start {
    cpu = 0, init = GATEWAY, http = "keepalive_requests 100000000;",
    server = [[
      location = /floor { content_by_lua_block { ngx.say((bench_floor("", "LOAN_1"))) } }
      location = /raw { content_by_lua_block { ngx.say((bench_raw("", "LOAN_1"))) } }
      location = /json { content_by_lua_block { ngx.say((bench_json("", "LOAN_1"))) } }
      location = /call { content_by_lua_block { ngx.say(bench_call("", "LOAN_1")) } }
      location = /fast { return 200 "x"; }
    ]],
  }
end

local load = nginx.start { cpu = 1 }

-- 64 connections that ask for a location one time after the other, or as often in a second as is
-- said; how long that took, in ms.
local ASK = [[
  local port, target, count, rate = ...
  local native = require "repay.native.core"
  local left, pause_ms = count, rate and 64000 / rate
  local request = "GET " .. target .. " HTTP/1.1\r\nHost: x\r\n\r\n"
  local threads = {}
  local begun = native.now_ms()
  for i = 1, 64 do
    threads[i] = ngx.thread.spawn(function()
      local socket = ngx.socket.tcp()
      socket:settimeouts(10000, 10000, 60000)
      assert(socket:connect("127.0.0.1", port))
      local due_ms = begun + i / 64 * (pause_ms or 0)
      while left > 0 do
        left = left - 1
        if pause_ms then
          ngx.sleep(math.max(0, due_ms - native.now_ms()) / 1000)
          due_ms = due_ms + pause_ms
        end
        socket:send(request)
        local reply = ""
        repeat
          local piece = assert(socket:receiveany(4096))
          reply = reply .. piece
        until reply:find("\r\n0\r\n\r\n", 1, true) or reply:find("\r\n\r\nx$")
      end
      socket:close()
    end)
  end
  for i = 1, 64 do
    ngx.thread.wait(threads[i])
  end
  return native.now_ms() - begun
]]

-- Nanoseconds of CPU that a process has used.
local function cpu_ns(pid)
  return tonumber(nginx.read("/proc/" .. pid .. "/schedstat"):match("^%d+"))
end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

local missed = 0
local function show(what, value, unit, limit, at_least)
  local holds = not limit or (at_least and value >= limit or not at_least and value <= limit)
  missed = missed + (holds and 0 or 1)
  print(("  %-66s %9.2f %-6s %s"):format(what, value, unit or "",
    limit and ((at_least and ">= " or "<= ") .. limit .. (holds and "  ok" or "  missed")) or ""))
end

-- Medians by way of the CPU of a request, in us, and of requests in a second, of which there are as
-- many as the gateway can serve, or `rate`.
local function measure_ways(gateway, ways, rate)
  local pid = gateway:workers()[1]
  local cost, served = {}, {}
  for round = 0, ROUNDS do
    for _, way in ipairs(ways) do
      local before = cpu_ns(pid)
      local took_ms = load:run(ASK, gateway.port, "/" .. way, CALLS, rate)
      -- The first round fills pools and compiles.
      if round > 0 then
        cost[way], served[way] = cost[way] or {}, served[way] or {}
        table.insert(cost[way], (cpu_ns(pid) - before) / CALLS / 1000)
        table.insert(served[way], CALLS / took_ms * 1000)
      end
    end
  end
  for _, way in ipairs(ways) do
    cost[way], served[way] = median(cost[way]), median(served[way])
  end
  return cost, served
end

-- As many as can be is not the same number for all ways. In the slower ones the load and the
-- provider have time to fall asleep, and to wake them is the kernel's work on the gateway's
-- processor. So the cost is also taken where all ways serve as many.
local function measure_cost()
  local gateway = start_gateway()
  local cost, served = measure_ways(gateway, { "floor", "raw", "json", "call" })
  local even = measure_ways(gateway, { "floor", "raw", "call" }, math.floor(served.call / 2))
  gateway:stop()
  local floor, raw, call = cost.floor, cost.raw, cost.call
  show("CPU of a request with a raw cosocket in it, known length", floor, "us")
  show("the same, reading the head by line", raw, "us")
  show("the same, and its 17 rows through lua-cjson and a loop", cost.json, "us")
  show("CPU of a request with a call in it, 17 rows read and checked", call, "us")
  show("A5  CPU, call / raw of known length", call / floor, "", 1.15)
  show("A5  CPU, call / raw that reads the head", call / raw, "")
  show("A5  CPU, call / raw with lua-cjson", call / cost.json, "")
  show("A5  at half of that rate for all, call / raw of known length",
    even.call / even.floor, "", 1.15)
  show("A5  at half of that rate for all, call / raw that reads the head", even.call / even.raw, "")
  show("A6  calls a second, call / raw of known length", served.call / served.floor, "", 0.85, true)
  show("A6  calls a second, call / raw that reads the head", served.call / served.raw, "")
end

-- Memory of 1,000 calls in flight, each way in a worker of its own.
local FLIGHT = [[
  local way = ...
  local run = way == "raw" and bench_floor or bench_call
  local function rss()
    local file = io.open("/proc/self/status")
    local kib = tonumber(file:read("*a"):match("VmRSS:%s*(%d+)"))
    file:close()
    return kib
  end
  run("/slow", "delay-1")
  collectgarbage()
  collectgarbage()
  local before, threads = rss(), {}
  for i = 1, 1000 do
    threads[i] = ngx.thread.spawn(run, "/slow", "delay-1500")
  end
  ngx.sleep(1)
  local during = rss()
  for i = 1, 1000 do
    ngx.thread.wait(threads[i])
  end
  return (during - before) / 1000
]]

local SEQUENCE = [[
  local function rss()
    local file = io.open("/proc/self/status")
    local kib = tonumber(file:read("*a"):match("VmRSS:%s*(%d+)"))
    file:close()
    return kib
  end
  local before = rss()
  for _ = 1, 5000 do
    bench_call("", "LOAN_1")
  end
  return rss() - before
]]

local function measure_memory()
  local kib = {}
  for _, way in ipairs { "raw", "call" } do
    local gateway = start_gateway()
    kib[way] = gateway:run(FLIGHT, way)
    if way == "call" then
      gateway:run(SEQUENCE)
      kib.growth = gateway:run(SEQUENCE)
    end
    gateway:stop()
  end
  show("memory of a raw cosocket in flight, of 1,000", kib.raw, "KiB")
  show("A7  memory of a call in flight, of 1,000", kib.call, "KiB", 8)
  show("A7  the same, call / raw", kib.call / kib.raw, "", 1.5)
  show("A8  growth over 5,000 calls in one request, second time", kib.growth / 1024, "MiB", 0.5)
end

-- An unrelated location, asked every millisecond, whether the one before was answered or not.
local PROBE = [[
  local port, seconds = ...
  local ffi = require "ffi"
  if not package.loaded["bench.clock"] then
    ffi.cdef "struct bench_time { long s, ns; }; int clock_gettime(int, struct bench_time *);"
    package.loaded["bench.clock"] = true
  end
  local moment = ffi.new("struct bench_time")
  local function now_us()
    ffi.C.clock_gettime(1, moment)
    return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
  end
  local socket = ngx.socket.tcp()
  socket:settimeouts(10000, 10000, 60000)
  assert(socket:connect("127.0.0.1", port))
  local taken = {}
  local limit = now_us() + seconds * 1e6
  while now_us() < limit do
    ngx.sleep(0.001)
    local begun = now_us()
    socket:send("GET /fast HTTP/1.1\r\nHost: x\r\n\r\n")
    local reply = ""
    repeat
      reply = reply .. assert(socket:receiveany(4096))
    until reply:find("\r\n\r\nx$")
    taken[#taken + 1] = now_us() - begun
  end
  socket:close()
  table.sort(taken)
  return { p50 = taken[math.ceil(#taken * 0.5)], p99 = taken[math.ceil(#taken * 0.99)] }
]]

local BUSY = [[
  local seconds = ...
  local native = require "repay.native.core"
  local limit, threads = native.now_ms() + seconds * 1000, {}
  for i = 1, 64 do
    threads[i] = ngx.thread.spawn(function()
      while native.now_ms() < limit do
        bench_call("/slow", "delay-" .. math.random(100, 300))
      end
    end)
  end
  for i = 1, 64 do
    ngx.thread.wait(threads[i])
  end
  return true
]]

local function measure_latency()
  local gateway = start_gateway()
  local seen = { idle = { p50 = {}, p99 = {} }, busy = { p50 = {}, p99 = {} } }
  for _ = 1, WINDOWS do
    for _, state in ipairs { "idle", "busy" } do
      local client = state == "busy" and gateway:begin(BUSY, WINDOW_S + 0.5)
      local taken = load:run(PROBE, gateway.port, WINDOW_S)
      table.insert(seen[state].p50, taken.p50)
      table.insert(seen[state].p99, taken.p99)
      if client then
        nginx.result(client)
      end
    end
  end
  gateway:stop()
  local idle, busy = median(seen.idle.p99), median(seen.busy.p99)
  show("p99 of an unrelated location, nothing in flight", idle, "us")
  show("p99 of an unrelated location, 64 calls in flight", busy, "us")
  -- On a machine that others use too the idle figure moves by more than this.
  show("A4  p99, in flight / idle", busy / idle, "",
    math.max(1.5, math.floor(100 * (idle + 2000) / idle) / 100))
  show("A4  p50, in flight / idle", median(seen.busy.p50) / median(seen.idle.p50), "", 1.15)
end

print("\ninside nginx, next to a raw cosocket in the same run")
measure_cost()
measure_memory()
measure_latency()
load:stop()
provider:stop()
print("  lua-resty-http, where that was measured: CPU 1.31 of raw, calls a second 0.78, memory 1.5")
print(("  %d missed"):format(missed))
