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
  local block = source:match("%-%-%-@class repay%." .. class .. "\n(.-)\n[^-]")
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
      if class ~= "schedule" then
        assert.same(names_of(methods), annotated(class))
      end
    end
    for name in pairs(annotated("schedule")) do
      assert.is_function(native.classes.schedule[name], name)
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
