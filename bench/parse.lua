-- One body, two arms, one VM: repay through a client with a two-line transport, and lua-cjson with
-- a loop, alternating. Prints "name value" lines for run.lua.
--
--   parse.lua PROVIDER FILE ROUNDS
--
-- The clock is the process's own CPU time, because a shared machine's wall clock also measures its
-- neighbours. A round runs each arm as often as fills a twentieth of a second; the collector's work
-- on what an arm dropped is that arm's, so each begins with a collected heap.

local cjson = require("cjson")
local repay = require("repay")
local arms = require("bench.arms")
local bodies = require("bench.bodies")

local provider, path, rounds = arg[1], arg[2], tonumber(arg[3])
local arm = arms[provider]
local ROUND_SECONDS = 0.05

local file = assert(io.open(path, "rb"))
local body = file:read("*a")
file:close()
local expected = bodies.read_sums(path)

local client = arms.open(repay, provider, {
  body_size_max = #body > 8388608 and #body or nil,
  transport = {
    send = function() return { status = 200, headers = {}, body = body } end,
    sleep = function() end,
  },
})

local function by_repay()
  return arm.repay(assert(client:schedule(arm.arguments)))
end

local function by_peer()
  return arm.peer(cjson.decode(body))
end

local function seconds_of(run, count)
  collectgarbage()
  collectgarbage()
  local start = os.clock()
  for _ = 1, count do run() end
  return (os.clock() - start) / count
end

local function count_for(run)
  local count = 1
  while true do
    local seconds = seconds_of(run, count) * count
    if seconds >= ROUND_SECONDS / 2 then
      return math.max(1, math.floor(count * ROUND_SECONDS / seconds + 0.5))
    end
    count = count * 2
  end
end

local function median(list)
  table.sort(list)
  local middle = math.floor((#list + 1) / 2)
  return #list % 2 == 1 and list[middle] or (list[middle] + list[middle + 1]) / 2
end

local function say(name, value)
  print(("%s %.6g"):format(name, value))
end

local exact = arms.errors(provider, expected, by_repay())
assert(arms.is_exact(exact), "repay's sums are not those of the body")
for i, difference in ipairs(arms.errors(provider, expected, by_peer())) do
  say("peer_error_" .. arm.sums[i], difference)
end

local repay_count, peer_count = count_for(by_repay), count_for(by_peer)
local ratios, ours, theirs = {}, {}, {}
for round = 1, rounds do
  -- Which goes first changes, so that neither always finds the other's cache.
  if round % 2 == 0 then theirs[round] = seconds_of(by_peer, peer_count) end
  ours[round] = seconds_of(by_repay, repay_count)
  if round % 2 == 1 then theirs[round] = seconds_of(by_peer, peer_count) end
  ratios[round] = theirs[round] / ours[round]
end
say("ratio", median(ratios))
say("repay_ns_row", median(ours) / expected.rows * 1e9)
say("peer_ns_row", median(theirs) / expected.rows * 1e9)

-- What is kept: all that one schedule holds, and what the collector says of the same in tables.
local schedule = assert(client:schedule(arm.arguments))
say("kept", schedule:memory())
schedule:close()
collectgarbage()
collectgarbage()
local before = collectgarbage("count")
local tables = cjson.decode(body)
collectgarbage()
collectgarbage()
say("peer_kept", (collectgarbage("count") - before) * 1024)
assert(tables.data)
