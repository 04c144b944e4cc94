-- Fetches one schedule from each of the three providers and prints what is owed.
-- Runs offline against the sandbox; with real credentials only the options of `open` change.
local repay = require "repay"
local sandbox = require("repay.sandbox").new { seed = 42 }

local carbon = assert(repay.open("carbon", sandbox:settings "carbon"))
local pezesha = assert(repay.open("pezesha", sandbox:settings "pezesha"))
local fincode = assert(repay.open("fincode", sandbox:settings "fincode"))

local questions = {
  function() return carbon:schedule { loan_id = "LOAN_ABC123" } end,
  function() return pezesha:schedule { merchant_id = "merchant_jane" } end,
  function() return fincode:pending { user_id = "123e4567-e89b-12d3-a456-426614174000" } end,
}

for _, ask in ipairs(questions) do
  local schedule, err = ask()
  if schedule then
    print(schedule)
    print()
  else
    io.stderr:write(tostring(err), "\n")
  end
end

carbon:close()
pezesha:close()
fincode:close()
