-- The annotations name what there is, and nothing else.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"

local file = assert(io.open("types/repay.lua", "rb"))
local source = file:read("*a")
file:close()

local function annotated(class)
  local names = {}
  for name in source:gmatch("function " .. class .. "[:.]([%w_.]+)%(") do
    names[name] = true
  end
  return names
end

local function fields(class)
  local names = {}
  local head = "%-%-%-@class repay%." .. class
  local block = source:match(head .. "\n(.-)\n[^-]") or source:match(head .. ":[^\n]*\n(.-)\n[^-]")
  for name in block:gmatch("%-%-%-@field ([%w_]+)") do
    names[name] = true
  end
  return names
end

local function names_of(table_)
  local names = {}
  for name in pairs(table_) do
    names[name] = true
  end
  return names
end

describe("the annotations", function()
  helper.watch(after_each)

  it("are a file that Lua can read", function()
    assert.is_table(assert(loadfile("types/repay.lua"))())
  end)

  it("have every method of every class", function()
    helper.ask("carbon", "schedule", transport.new("carbon/schedule.200.json")):close()
    for class, methods in pairs(native.classes) do
      assert.same(names_of(methods), annotated(class))
    end
  end)

  it("have only fields that errors, receipts and schedules have", function()
    local err = helper.fails(helper.ask("carbon", "schedule",
      transport.new("carbon/loan_not_found.400.json")))
    local known = fields("err")
    for name in pairs(err) do
      assert.is_true(known[name], name)
    end
    local receipt = helper.ok(helper.ask("fincode", "repay",
      transport.new("fincode/repay.200.json")))
    assert.same(names_of(receipt), fields("receipt"))
    local schedule = helper.ok(helper.ask("carbon", "schedule",
      transport.new("carbon/schedule.200.json")))
    for name in pairs(fields("schedule")) do
      local _ = schedule[name]
    end
    schedule:close()
  end)

  it("have every field of every result that schedules and portfolios give", function()
    local day = { as_of = "2025-03-01" }
    local schedule = helper.ok(helper.ask("carbon", "schedule",
      transport.new("carbon/schedule.200.json")))
    local portfolio = helper.ok(repay.portfolio(day))
    helper.ok(portfolio:add(schedule, { tags = { "one" } }))
    local totals = schedule:totals(day)
    local groups = { summary = portfolio:summary(), risk = portfolio:at_risk(),
      ageing = portfolio:ageing(), flow = portfolio:cash_flow(),
      delinquent = portfolio:delinquents() }
    local loans = schedule:loans(day)
    local check = schedule:check()
    local allocation = schedule:allocate { amount_minor = 1, as_of = day.as_of }
    local diff = schedule:diff(schedule)
    local results = {
      { totals, "totals", "figures" }, { schedule:overdue(day), "overdue", "figures" },
      { schedule:next_due(day), "next_due", "figures" },
      { schedule:upcoming(day), "upcoming", "figures" },
      { schedule:ageing(day), "ageing", "figures" },
      { schedule:ageing(day).buckets[2], "bucket" }, { loans[1], "loan" },
      { check, "check" }, { check.rules[1], "rule" },
      { allocation, "allocation", "figures" }, { allocation.rows[1], "allocated_row" },
      { schedule:overdue { as_of = day.as_of, limit = 1 }.list[1], "due_row" },
      { diff, "diff" }, { diff.older, "diff_side" },
      { groups.summary, "summary", "measure" },
      { groups.summary.currencies.NGN, "summary_group" },
      { groups.summary.currencies.NGN.missing, "missing" },
      { groups.risk, "risk", "measure" }, { groups.risk.currencies.NGN, "risk_group" },
      { groups.ageing, "portfolio_ageing", "measure" },
      { groups.ageing.currencies.NGN, "ageing_group" },
      { groups.flow, "cash_flow", "measure" }, { groups.flow.currencies.NGN, "flow_group" },
      { groups.flow.currencies.NGN.periods[1], "flow" },
      { groups.delinquent, "delinquents", "measure" },
      { groups.delinquent.currencies.NGN[1], "delinquent" },
    }
    for _, result in ipairs(results) do
      local named = fields(result[2])
      for name in pairs(result[3] and fields(result[3]) or {}) do
        named[name] = true
      end
      for name in pairs(result[1]) do
        assert.is_true(named[name], result[2] .. "." .. tostring(name))
      end
    end
    schedule:close()
    portfolio:close()
  end)

  it("have every function of the module", function()
    for name in pairs(annotated("repay")) do
      local value = repay
      for part in name:gmatch("[%w_]+") do
        value = value[part]
      end
      assert.is_function(value, name)
    end
  end)
end)
