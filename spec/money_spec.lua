local helper = require "spec.support.helper"
local repay = require "repay"

describe("repay.money", function()
  helper.watch(after_each)

  it("formats minor units with all decimals of the currency", function()
    local cases = {
      { 0, "NGN", "0.00" }, { 1, "NGN", "0.01" }, { 5000000, "KES", "50000.00" },
      { -5, "NGN", "-0.05" }, { 7, "UGX", "7" }, { 1234, "KWD", "1.234" },
      { 9007199254740991, "NGN", "90071992547409.91" },
      { -9007199254740991, "UGX", "-9007199254740991" }, { 1e14, "NGN", "1000000000000.00" },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[3], helper.ok(repay.money.format(case[1], case[2])))
    end
  end)

  it("parses decimal text exactly", function()
    local cases = {
      { "90071992547409.91", "NGN", 9007199254740991 }, { "50000.00", "NGN", 5000000 },
      { "0.1", "NGN", 10 }, { "0.2", "NGN", 20 }, { "5e4", "NGN", 5000000 },
      { "1.50", "KWD", 1500 }, { "-0.05", "NGN", -5 }, { "7", "UGX", 7 },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[3], helper.ok(repay.money.parse(case[1], case[2])))
    end
    assert.equal(repay.money.parse("0.3", "NGN"),
      repay.money.parse("0.1", "NGN") + repay.money.parse("0.2", "NGN"))
  end)

  it("gives back what it formatted", function()
    for _, minor in ipairs { 0, 1, 99, 100, 123456789012345, 9007199254740991 } do
      for _, currency in ipairs { "NGN", "UGX", "KWD" } do
        assert.equal(minor, repay.money.parse(repay.money.format(minor, currency), currency))
      end
    end
  end)

  it("refuses what would have to be rounded, and says at which byte", function()
    local cases = {
      { "1.005", 4 }, { "1e400", 0 }, { "99999999999999999999", 0 }, { "90071992547409.92", 0 },
      { "12a", 2 }, { "", 0 }, { "1.", 2 }, { " 1", 0 }, { "1,000", 1 }, { "+1", 0 }, { "01", 1 },
    }
    for _, case in ipairs(cases) do
      local err = helper.fails(repay.money.parse(case[1], "NGN"))
      assert.equal("invalid_argument", err.kind)
      assert.equal("amount", err.field)
      assert.equal(case[2], err.offset, case[1])
    end
  end)

  it("has no amounts in currencies that do not exist", function()
    assert.equal("currency", helper.fails(repay.money.format(1, "XYZ")).field)
    assert.equal("currency", helper.fails(repay.money.parse("1", "ngn")).field)
  end)

  it("raises for what is no amount", function()
    for _, value in ipairs { 1.5, 0 / 0, 1 / 0, 2 ^ 53, "5", {} } do
      helper.raises(function()
        local _ = repay.money.format(value, "NGN")
      end)
    end
    helper.raises(function()
      local _ = repay.money.parse(5, "NGN")
    end)
    helper.raises(function()
      local _ = repay.money.format(5)
    end)
  end)
end)
