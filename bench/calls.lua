-- Fetches so many loans through repay.each, and sums each schedule from Lua.
--
--   calls.lua BASE COUNT AT_ONCE [CA_FILE]
--
-- Prints calls a second, CPU seconds, and how much memory the process had at most.

local native = require("repay.native.core")
local repay = require("repay")

local base, count, at_once, ca_file = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]

local client = assert(repay.open("carbon", {
  base_url = base, api_key = "key", carbon_key = "key", ca_file = ca_file,
}))

local function ids(last)
  local at = 0
  return function()
    at = at + 1
    return at <= last and "LOAN_" .. at or nil
  end
end

local function run(last)
  local total, ended = 0, 0
  for _, schedule, err in repay.each(client:calls("schedule", ids(last)),
    { concurrency = at_once }) do
    if err then
      error(tostring(err), 0)
    end
    for _, due in schedule:each("total_due_minor") do
      total = total + due
    end
    ended = ended + 1
  end
  assert(ended == last)
  return total
end

local function memory_kib(name)
  local file = io.open("/proc/self/status", "r")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return tonumber(text:match(name .. ":%s*(%d+)")) or 0
end

local began_ms, cpu = native.now_ms(), os.clock()
local total = run(count)
local ms = native.now_ms() - began_ms
print(("rate %.1f"):format(count * 1000 / ms))
print(("cpu %.4f"):format(os.clock() - cpu))
print(("peak_kib %d"):format(memory_kib("VmHWM")))
print(("total %.0f"):format(total))
local stats = client:stats()
if stats then
  print(("opened %d"):format(stats.connections_opened))
end
