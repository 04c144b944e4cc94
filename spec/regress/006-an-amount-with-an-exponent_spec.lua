-- A spreadsheet writes large amounts as "1.23457E+05", and has then dropped digits: a repayment of
-- that text was sent as 123457.00 and not as what stood in the cell.
local helper = require "spec.support.helper"
local repay = require "repay"
local sandbox = require "repay.sandbox"
local world = require "spec.support.journal_world"

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

  it("is planned neither for itself nor from a file", function()
    local w = world.new()
    for _, text in ipairs { "1.23457E+05", "1e3", "5E-1" } do
      local err = helper.fails(w.journal:repay(w.client, world.arguments { amount = text }))
      assert.same({ "invalid_argument", "amount" }, { err.kind, err.field })
      local path = w:file("pay.csv", { world.header, world.row(1, text), world.row(2, "2.00") })
      err = helper.fails(w:run_file(path))
      assert.matches("pay.csv:2:5: amount: write all digits, and no exponent", err.message, 1, true)
    end
    assert.equal(0, (w:records()))
    assert.equal(0, #helper.ok(w.journal:entries()))
    w:close()
  end)

  it("allocates nothing", function()
    local client = assert(repay.open("carbon", sandbox.new { seed = 42 }:settings "carbon"))
    local schedule = helper.ok(client:schedule { loan_id = "LOAN_ABC123" })
    local err = helper.fails(schedule:allocate { amount = "1e3", as_of = "2025-01-20" })
    assert.same({ "invalid_argument", 1 }, { err.kind, err.offset })
    schedule:close()
    client:close()
  end)
end)
