-- Says what changed since yesterday: fetches, compares with the last snapshot, keeps the new one.
local repay = require "repay"
local watch = require "repay.workflow.watch"
local sandbox = require("repay.sandbox").new { seed = 42 }

local fincode = assert(repay.open("fincode", sandbox:settings "fincode"))
local scratch = os.tmpname()
local parent = scratch .. ".d" -- a directory of yours, like /var/lib/loans
os.execute("mkdir -m 700 " .. parent)

local function look(moment)
  local seen = assert(watch.run {
    loans = { { provider = "fincode", id = "123e4567-e89b-12d3-a456-426614174000" } },
    clients = { fincode = fincode }, parent = parent, made_at = moment,
  })
  print(moment .. "\n" .. seen.text)
end

look "2025-01-20T08:00:00Z"

-- The customer pays, the provider verifies it, a day passes.
local receipt = assert(fincode:repay {
  customer_id = "123e4567-e89b-12d3-a456-426614174000",
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00",
})
sandbox:verify(receipt.id)
sandbox:advance(86400000)

look "2025-01-21T08:00:00Z"

fincode:close()
os.execute("rm -r " .. parent)
os.remove(scratch)
