-- A spreadsheet writes large amounts as "1.23457E+05", and has then dropped digits: a repayment of
-- that text was sent as 123457.00 and not as what stood in the cell.
local helper = require "spec.support.helper"
local repay = require "repay"
local sandbox = require "repay.sandbox"

describe("an amount with an exponent", function()
  helper.watch(after_each)

  it("is not sent, and the error says where it begins", function()
    local box = sandbox.new { seed = 42 }
    local client = assert(repay.open("fincode", box:settings "fincode"))
    for text, offset in pairs { ["1.23457E+05"] = 7, ["1e3"] = 1, ["5E-1"] = 1 } do
      local arguments = { customer_id = "123e4567-e89b-12d3-a456-426614174000",
        account_id = "223e4567-e89b-12d3-a456-426614174001",
        bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = text, reference = "R" }
      local err = helper.fails(client:repay(arguments))
      assert.same({ "invalid_argument", "not_sent", "amount", offset },
        { err.kind, err.outcome, err.field, err.offset })
    end
    assert.equal(0, #box:ledger().requests)
    client:close()
  end)
end)
