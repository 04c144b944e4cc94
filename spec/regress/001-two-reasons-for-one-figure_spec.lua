-- schedule:reason(name) and the reasons beside a total were decided in two places, and for the
-- total due of Fincode's pending list they gave two answers.
local repay = require "repay"
local sandbox = require "repay.sandbox"

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"
local FIGURES = {
  "principal_minor", "interest_minor", "penalty_minor", "total_due_minor", "paid_minor",
  "outstanding_minor", "overpaid_minor",
}

describe("the reason of a figure", function()
  local box = sandbox.new { seed = 42 }
  local lists = {
    { "fincode", "pending", { user_id = CUSTOMER } },
    { "fincode", "schedule", { customer_id = CUSTOMER } },
    { "pezesha", "schedule", { merchant_id = "merchant_jane" } },
    { "carbon", "schedule", { loan_id = "LOAN_ABC123" } },
  }

  for _, list in ipairs(lists) do
    local provider, operation, arguments = list[1], list[2], list[3]
    it(("is the same for the rows and the totals of %s %s"):format(provider, operation), function()
      local client = assert(repay.open(provider, box:settings(provider)))
      local schedule = assert(client[operation](client, arguments))
      local reasons = schedule:totals({ as_of = "2024-03-01" }).reasons
      for _, name in ipairs(FIGURES) do
        local reason = schedule:reason(name)
        if reason then
          assert.are.equal(reason, reasons[name], name)
        end
      end
      client:close()
    end)
  end
end)
