local helper = require "spec.support.helper"
local repay = require "repay"
local transport = require "spec.support.transport"

local function open_raises(options)
  return helper.raises(function()
    local _ = repay.open("carbon", helper.options("carbon", options))
  end)
end

describe("options", function()
  helper.watch(after_each)

  it("raise for unknown names, with the nearest one", function()
    assert.equal("repay.open: carbon: unknown option 'timeout' (did you mean 'timeout_ms'?)",
      open_raises { timeout = 1 })
    assert.equal("repay.open: carbon: unknown option 'apikey' (did you mean 'api_key'?)",
      open_raises { apikey = "x" })
    assert.equal("repay.open: carbon: unknown option 'enviroment' (did you mean 'environment'?)",
      open_raises { enviroment = "live" })
    assert.equal("repay.open: carbon: unknown option 'colour'", open_raises { colour = "red" })
    assert.equal("repay.open: carbon: unknown option 'verify'", open_raises { verify = false })
  end)

  it("raise for names that are no strings, and for what is no table", function()
    assert.equal("repay.open: carbon: option names are strings, got a number",
      open_raises { "sandbox" })
    assert.equal("repay.open: carbon: options must be a table, got a string",
      helper.raises(function()
        local _ = repay.open("carbon", "sandbox")
      end))
  end)

  it("raise for wrong types and coerce nothing", function()
    local cases = {
      { { api_key = 5 }, "option 'api_key' must be a string, got a number" },
      { { environment = true }, "option 'environment' must be a string, got a boolean" },
      { { timeout_ms = "1000" }, "option 'timeout_ms' must be a whole number, got a string" },
      { { transport = "curl" },
        "option 'transport' must be a table with the functions send and sleep, got a string" },
      { { transport = { send = print } },
        "option 'transport' must be a table with the functions send and sleep, got a table" },
    }
    for _, case in ipairs(cases) do
      assert.equal("repay.open: carbon: " .. case[2], open_raises(case[1]))
    end
  end)

  it("take whole numbers up to 2^53 - 1 on both VMs, and no others", function()
    for _, value in ipairs { 1.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, -2 ^ 53, 1e300 } do
      assert.equal("repay.open: carbon: option 'timeout_ms' must be a whole number, "
        .. "got a number that is not whole or too large", open_raises { timeout_ms = value })
    end
    local options = helper.options("carbon", { timeout_ms = 5000.0 })
    helper.ok(repay.open("carbon", options)):close()
    helper.fails(repay.open("carbon", helper.options("carbon", { timeout_ms = 2 ^ 53 - 1 })))
  end)

  it("of a call are checked by what its operation takes", function()
    local fincode = helper.open("fincode", transport.new())
    local given = helper.arguments.fincode.repay
    local cases = {
      { { acount_id = "x" },
        "fincode:repay: unknown option 'acount_id' (did you mean 'account_id'?)" },
      { { amount = 50000 }, "fincode:repay: option 'amount' must be a string, got a number" },
      { { amount = 0.5 }, "fincode:repay: option 'amount' must be a string, got a number" },
      { { amount_minor = 5000000 }, "fincode:repay: give 'amount' or 'amount_minor', not both" },
      { { customer_id = 7 }, "fincode:repay: option 'customer_id' must be a string, got a number" },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[2], helper.raises(function()
        local _ = fincode:repay(helper.copy(given, case[1]))
      end))
    end
    local without = helper.copy(given)
    without.amount = nil
    assert.equal("fincode:repay: option 'amount' is required", helper.raises(function()
      local _ = fincode:repay(without)
    end))
    without.amount_minor = "5000000"
    assert.equal("fincode:repay: option 'amount_minor' must be a whole number, got a string",
      helper.raises(function()
        local _ = fincode:repay(without)
      end))
    assert.equal("fincode:schedule: option 'customer_id' is required", helper.raises(function()
      local _ = fincode:schedule()
    end))
    fincode:close()
  end)

  it("with values out of range give an error, and nothing is sent", function()
    local canned = transport.new("fincode/repay.200.json")
    local fincode = helper.open("fincode", canned)
    local cases = {
      { { amount = "1.005" }, "amount" }, { { amount = "0" }, "amount" },
      { { amount = "-1" }, "amount" }, { { amount = "fifty" }, "amount" },
      { { amount = "" }, "amount" }, { { amount = "1e400" }, "amount" },
      { { amount = "99999999999999999999" }, "amount" }, { { customer_id = "" }, "customer_id" },
      { { customer_id = ".." }, "customer_id" }, { { reference = "a\0b" }, "reference" },
      { { reference = "\255" }, "reference" },
      { { idempotency_key = ("k"):rep(65) }, "idempotency_key" },
      { { idempotency_key = "a b" }, "idempotency_key" },
    }
    for _, case in ipairs(cases) do
      local err = helper.fails(fincode:repay(helper.copy(helper.arguments.fincode.repay, case[1])))
      assert.equal("invalid_argument", err.kind, tostring(err))
      assert.equal("not_sent", err.outcome)
      assert.equal(case[2], err.field, tostring(err))
    end
    assert.equal(0, #canned.requests)
    fincode:close()
  end)

  it("say where in an amount the fault is", function()
    local fincode = helper.open("fincode", transport.new())
    for amount, offset in pairs { ["1.005"] = 4, ["12x"] = 2, ["1e400"] = 0, [""] = 0 } do
      local err = helper.fails(fincode:repay(
        helper.copy(helper.arguments.fincode.repay, { amount = amount })))
      assert.equal(offset, err.offset, amount)
    end
    fincode:close()
  end)

  it("raise for methods that no client has, and are unsupported where another provider has them",
    function()
      local carbon = helper.open("carbon", transport.new())
      assert.equal("repay.client has no field or method 'shedule' (did you mean 'schedule'?)",
        helper.raises(function()
          local _ = carbon:shedule {}
        end))
      local err = helper.fails(carbon:repay { amount = "1.00" })
      assert.equal("unsupported", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.equal("repay", err.operation)
      assert.equal("carbon has no operation 'skedule' (did you mean 'schedule'?)",
        helper.raises(function()
          local _ = carbon:request("skedule", {})
        end))
      assert.equal("the operation must be a string, got a table", helper.raises(function()
        local _ = carbon:prepare {}
      end))
      carbon:close()
    end)

  it("raise when a method is called without its object", function()
    local carbon = helper.open("carbon", transport.new())
    assert.equal("repay.client expected before ':schedule', got a table", helper.raises(function()
      local _ = carbon.schedule { loan_id = "x" }
    end))
    carbon:close()
  end)
end)
