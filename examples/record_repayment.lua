-- Records one repayment that a customer made by bank transfer, and says what is known afterwards.
local repay = require "repay"
local sandbox = require("repay.sandbox").new { seed = 42 }

local fincode = assert(repay.open("fincode", sandbox:settings "fincode"))

local receipt, err = fincode:repay {
  customer_id = "123e4567-e89b-12d3-a456-426614174000",
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002",
  amount = "50000.00",
  reference = "REF-2024-01-15-001",
  payment_date = "2024-01-15T10:00:00Z",
  narration = "Monthly installment payment",
}

if receipt then
  -- A receipt proves that the repayment was submitted. Whether it is paid, verification tells.
  print("submitted", receipt.id)
  print("amount", repay.money.format(receipt.amount_minor, receipt.currency))
  print("verification", receipt.verification_status)
  print("key", receipt.idempotency_key)
elseif err.outcome == "not_sent" then
  print("nothing was sent, it is safe to try again:", err)
elseif err.outcome == "refused" then
  print("the provider said no:", err)
else
  print("nobody knows yet; look at the provider's list before anything else:", err)
end

fincode:close()
