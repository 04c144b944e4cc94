-- What a further TLS connection costs in CPU with the system's authorities: so many connections to
-- a server whose certificate none of them signed, so that each ends after it was looked at.
--
--   authorities.lua BASE COUNT

local repay = require("repay")

local base, count = arg[1], tonumber(arg[2])

local function connect()
  -- A client for each, because five failures in a row would open one's breaker.
  local client = assert(repay.open("carbon", {
    base_url = base, api_key = "key", carbon_key = "key", attempts = 1,
  }))
  local schedule, err = client:schedule { loan_id = "LOAN_1" }
  assert(schedule == nil and err.kind == "tls", tostring(err))
  client:close()
end

connect()
local cpu = os.clock()
for _ = 1, count do
  connect()
end
print(("cpu_us %.1f"):format((os.clock() - cpu) / count * 1e6))
