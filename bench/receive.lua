-- A body that is too large to hold, received over libcurl from a server on this machine: what it
-- takes at its peak next to what is kept, and the time next to lua-cjson. Prints "name value"
-- lines.
--
--   receive.lua repay PROVIDER FILE ROUNDS PORT   the first request gets a small body, the warm-up
--   receive.lua peer  PROVIDER FILE ROUNDS        the body is in memory before its clock starts
--
-- CPU time of the process: repay's includes every system call that brings the bytes.

local arms = require("bench.arms")
local bodies = require("bench.bodies")

local mode, provider, path, rounds, port = arg[1], arg[2], arg[3], tonumber(arg[4]), arg[5]
local arm = arms[provider]
local expected = bodies.read_sums(path)

local function say(name, value)
  print(("%s %.6g"):format(name, value))
end

local function kib_of(name)
  for line in io.lines("/proc/self/status") do
    local value = line:match("^" .. name .. ":%s+(%d+) kB")
    if value then return tonumber(value) end
  end
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local function receive()
  local repay = require("repay")
  local client = arms.open(repay, provider, {
    base_url = "http://127.0.0.1:" .. port .. arm.base_path,
    body_size_max = 2147483647,
    timeout_ms = 300000,
    attempt_timeout_ms = 300000,
    attempts = 1,
  })
  assert(client:schedule(arm.arguments)):close() -- the warm-up
  collectgarbage()
  collectgarbage()
  local before = kib_of("VmRSS")
  local schedule = assert(client:schedule(arm.arguments))
  local peak = kib_of("VmHWM") - before
  local errors = arms.errors(provider, expected, arm.repay(schedule))
  assert(arms.is_exact(errors), "repay's sums are not those of the body")
  assert(#schedule == expected.rows)
  say("kept", schedule:memory())
  say("peak", peak * 1024)
  schedule:close()

  local times = {}
  for round = 1, rounds do
    collectgarbage()
    local start = os.clock()
    schedule = assert(client:schedule(arm.arguments))
    arm.repay(schedule)
    schedule:close()
    times[round] = os.clock() - start
  end
  say("ns_row", median(times) / expected.rows * 1e9)
  client:close()
end

local function peer()
  local cjson = require("cjson")
  local file = assert(io.open(path, "rb"))
  local body = file:read("*a")
  file:close()
  local times, errors = {}, nil
  for round = 1, rounds do
    collectgarbage()
    collectgarbage()
    local start = os.clock()
    errors = arms.errors(provider, expected, arm.peer(cjson.decode(body)))
    times[round] = os.clock() - start
  end
  say("ns_row", median(times) / expected.rows * 1e9)
  say("peak", kib_of("VmHWM") * 1024)
  for i, difference in ipairs(errors) do say("error_" .. arm.sums[i], difference) end
end

if mode == "repay" then receive() else peer() end
