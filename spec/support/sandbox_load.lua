-- Loads a sandbox server from outside: many connections at once, many requests, then the counts.
--
--   lua5.4 spec/support/sandbox_load.lua PORT CONNECTIONS REQUESTS
--
-- Prints "connections N requests N failures N seconds S"; ends with 1 when anything failed. Needs
-- cqueues. Each reply is read whole and compared with the first one of its kind.

local cqueues = require("cqueues")
local socket = require("cqueues.socket")

local port, connections, requests = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
assert(port and connections and requests, "usage: sandbox_load.lua PORT CONNECTIONS REQUESTS")

local CARBON = "GET /carbon/baas/api/v1/loans/LOAN_ABC123/repayments HTTP/1.1\r\n"
  .. "Host: 127.0.0.1\r\napikey: sandbox-carbon-api-key\r\nx-carbon-key: sandbox-carbon-key\r\n\r\n"
local PEZESHA = "GET /pezesha/mfi/v1/borrowers/repayment-shedules?channel=Partner%20Name"
  .. "&merchant_id=merchant_jane HTTP/1.1\r\nHost: 127.0.0.1\r\n"
  .. "Authorization: Bearer sandbox-pezesha-token\r\n\r\n"
local FINCODE = "GET /fincode/api/v1/services/user/list-customer-repayments/"
  .. "123e4567-e89b-12d3-a456-426614174000 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
  .. "X-Auth-Token: sandbox-fincode-token\r\nx-fapi-auth-date: 2024-01-15T10:30:00Z\r\n"
  .. "x-fapi-customer-ip-address: 192.168.1.1\r\nx-fapi-interaction-id: load\r\n\r\n"
local KINDS = { CARBON, PEZESHA, FINCODE }

local expected, failures, done, waiting = {}, 0, 0, 0
local loop = cqueues.new()
local everyone = require("cqueues.condition").new()

local function exchange(client, kind)
  client:xwrite(KINDS[kind], "bn")
  local head = {}
  repeat
    head[#head + 1] = client:xread("*L", "bn", 60)
  until not head[#head] or head[#head] == "\r\n" or #head > 100
  local length = tonumber(table.concat(head):match("Content%-Length: (%d+)"))
  local body = length and client:xread(length, "bn", 60)
  if not body or #body ~= length then
    return false
  end
  expected[kind] = expected[kind] or body
  return body == expected[kind]
end

local function run(number)
  local client = socket.connect("127.0.0.1", port)
  client:onerror(function(_, _, why) return why end)
  client:setmode("bn", "bn")
  local connected = client:connect(60)
  waiting = waiting + 1
  -- All connections are open before the first request is sent.
  if waiting == connections then everyone:signal() else everyone:wait(60) end
  for index = 1, math.floor(requests / connections) do
    if not connected or not exchange(client, (number + index) % #KINDS + 1) then
      failures = failures + 1
    end
    done = done + 1
  end
  client:close()
end

for number = 1, connections do
  loop:wrap(function() run(number) end)
end
local started = cqueues.monotime()
assert(loop:loop())
io.write(string.format("connections %d requests %d failures %d seconds %.2f\n", connections, done,
  failures, cqueues.monotime() - started))
os.exit(failures == 0 and 0 or 1)
