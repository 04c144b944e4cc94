-- Records a file of repayments through a journal, with one reply lost on the way; then asks the
-- provider's list what became of that one. Run twice, the file adds nothing.
local repay = require "repay"
local sandbox = require("repay.sandbox").new { seed = 42 }
local fincode = assert(repay.open("fincode", sandbox:settings "fincode"))

local path = os.tmpname()
local file = assert(io.open(path, "w"))
local ids = require("repay.sandbox").ids.fincode
file:write("payment_date,customer_id,account_id,bank_account_id,amount,reference\n")
for i, amount in ipairs { "5000.00", "7500.50", "1200.00" } do
  file:write(table.concat({ "2025-01-20", ids.two_loans, ids.on_time_account,
    "323e4567-e89b-12d3-a456-426614174012", amount, "TRF-" .. i }, ","), "\n")
end
file:close()

-- A directory of its own, which the journal makes; the clock is the sandbox's.
local journal = assert(repay.journal(path .. ".d/pay.db", {
  unix_ms = function() return sandbox:unix_ms() end,
}))
local options = { journal = journal, client = fincode, new_journal = true,
  limits = { per_run_minor = 2000000 } }

sandbox:fault { kind = "reply_lost", route = "repay_loan", nth = 2 }
local result = assert(repay.workflow.repay_file(path, options))
io.write(result.table)

-- Later the list can tell what became of the second.
sandbox:advance(3600000)
local settled = assert(repay.workflow.reconcile.run { journal = journal, clients = fincode })
io.write("\n", settled.text)

result = assert(repay.workflow.repay_file(path, options))
print("\naccepted", result.states.accepted, "recorded", #sandbox:ledger().repayments)

journal:close()
fincode:close()
os.execute("rm -r --one-file-system " .. path .. " " .. path .. ".d")
