local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

-- A Carbon schedule of so many rows, each a little different.
local function many(count, extra)
  local rows = {}
  for i = 1, count do
    rows[i] = ('{"dueDate":"%04d-%02d-%02d","principalDue":%d,"interestDue":1,"totalDue":%d,'
      .. '"paidAmount":0,"status":"UNPAID"%s}')
      :format(2000 + i % 50, i % 12 + 1, i % 28 + 1, i, i + 1, extra or "")
  end
  return transport.json('{"status":"success","data":{"schedule":[' .. table.concat(rows, ",")
    .. "]}}")
end

mounts.each(words, "a schedule", function(mount_of)
  local function fetch(provider, operation, answer, changes)
    return helper.ok(helper.ask(provider, operation, mount_of().canned(answer), changes))
  end

  helper.watch(after_each)

  it("says what it is", function()
    local before = mount_of().unix_ms()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json", { label = "shop" })
    assert.equal("carbon", schedule.provider)
    assert.equal("schedule", schedule.operation)
    assert.equal("LOAN_ABC123", schedule.subject)
    assert.equal("sandbox", schedule.environment)
    assert.equal("shop", schedule.label)
    assert.equal("NGN", schedule.currency)
    assert.equal(2, schedule.decimals)
    assert.equal("+01:00", schedule.zone)
    assert.truthy(schedule.fetched_at_unix_ms >= before - 1000)
    schedule:close()
    schedule = fetch("fincode", "pending", "fincode/pending.200.json")
    assert.equal("pending", schedule.operation)
    assert.is_nil(schedule.zone)
    assert.is_nil(schedule.label)
    schedule:close()
  end)

  it("has a length, rows by number, and nothing outside", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    assert.equal(2, #schedule)
    assert.equal("2025-03-15", schedule[2].due_date)
    for _, index in ipairs { 0, 3, -1, 1.5, 2 ^ 53, 0 / 0, 1 / 0 } do
      assert.is_nil(schedule[index])
    end
    schedule:close()
  end)

  it("iterates over rows", function()
    local schedule = fetch("pezesha", "schedule", "pezesha/schedule.200.json")
    local seen = {}
    for i, row in schedule:rows() do
      seen[i] = row.number
    end
    assert.same({ 1, 2, 3 }, seen)
    schedule:close()
  end)

  it("iterates over bare values of columns", function()
    local schedule = fetch("pezesha", "schedule", "pezesha/schedule.200.json")
    local seen = {}
    for i, number, due, total, loan, status, word, penalty in schedule:each("number", "due_date",
      "total_due_minor", "loan_id", "status", "provider_status", "overpaid_minor") do
      seen[i] = { number, due, total, loan, status, word, penalty }
    end
    assert.same({
      { 1, "2020-07-03", 50000, "10101", "pending", "Active on Schedule" },
      { 2, "2020-07-03", 50000, "10101", "pending", "Active on Schedule" },
      { 3, "2020-07-04", 50000, "10101", "pending", "Active on Schedule" },
    }, seen)
    schedule:close()
  end)

  it("raises for columns that no row has", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    assert.equal("rows of this schedule have no column 'due' (did you mean 'due_date'?)",
      helper.raises(function()
        local _ = schedule:each("due")
      end))
    helper.raises(function()
      local _ = schedule:each()
    end)
    helper.raises(function()
      local _ = schedule:each(5)
    end)
    assert.truthy(helper.raises(function()
      local names = {}
      for i = 1, 17 do
        names[i] = "due_date"
      end
      local _ = schedule:each((unpack or table.unpack)(names))
    end):find("too many columns", 1, true))
    assert.equal("repay.schedule has no field or method 'totls'", (helper.raises(function()
      local _ = schedule.totls
    end):gsub(" %(did.*", "")))
    schedule:close()
  end)

  it("says why a figure is nil", function()
    local carbon = fetch("carbon", "schedule", "carbon/schedule.200.json")
    assert.is_nil(carbon:reason("paid_minor"))
    assert.is_nil(carbon:reason("loan_id"))
    assert.is_nil(carbon:reason("due_date"))
    assert.equal("provider_does_not_tell", carbon:reason("penalty_minor"))
    helper.raises(function()
      local _ = carbon:reason("colour")
    end)
    carbon:close()
    local repaid = fetch("fincode", "repaid", "fincode/repaid.200.json")
    assert.equal("provider_does_not_tell", repaid:reason("due_date"))
    assert.equal("fincode_repaid_lists_payments", repaid:reason("outstanding_minor"))
    repaid:close()
  end)

  it("raises in every method once it is closed", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    local next_row, state, first = schedule:rows()
    local next_value, cursor, zero = schedule:each("due_date")
    assert.is_true(schedule:close())
    assert.is_true(schedule:close())
    local uses = {
      function() return #schedule end, function() return schedule[1], nil end,
      function() return schedule:rows(), nil end, function() return schedule:memory(), nil end,
      function() return schedule:each("due_date"), nil end,
      function() return schedule.currency, nil end, function() return schedule:reason("x"), nil end,
      function() return next_row(state, first), nil end,
      function() return next_value(cursor, zero), nil end,
    }
    for _, use in ipairs(uses) do
      assert.equal("repay.schedule is closed", helper.raises(use))
    end
  end)

  it("keeps strangers out of its iterators", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    local next_row = schedule:rows()
    local next_value, cursor = schedule:each("due_date")
    for _, stranger in ipairs { 1, "x", {}, io.stdout, schedule } do
      assert.is_false((pcall(next_value, stranger, 0)))
    end
    assert.is_false((pcall(next_value)))
    assert.is_false((pcall(next_row, cursor, 0)))
    assert.is_false((pcall(next_value, cursor, -1)))
    assert.is_false((pcall(next_value, cursor, "1")))
    assert.equal("repay.schedule", getmetatable(schedule))
    schedule:close()
  end)
end)

-- Larger than the sandbox lets a fault be, or with a clock of its own.
describe("a schedule over a message transport", function()
  local function fetch(provider, operation, answer)
    return helper.ok(helper.ask(provider, operation, transport.new(answer)))
  end

  helper.watch(after_each)

  it("takes the moment of the fetch from the transport's clock", function()
    local canned = transport.new("carbon/schedule.200.json")
    canned.unix_ms = function()
      return 1736935800000
    end
    local schedule = helper.ok(helper.ask("carbon", "schedule", canned))
    assert.equal(1736935800000, schedule.fetched_at_unix_ms)
    schedule:close()
  end)

  it("gives by column what it gives by row, however many there are", function()
    for _, count in ipairs { 1, 127, 128, 129, 1000, 5000 } do
      local schedule = fetch("carbon", "schedule", many(count))
      assert.equal(count, #schedule)
      local step = math.max(1, math.floor(count / 97))
      for i, due, principal, outstanding, status in schedule:each("due_date", "principal_minor",
        "outstanding_minor", "status") do
        if i % step == 0 then
          local row = schedule[i]
          assert.equal(row.due_date, due)
          assert.equal(row.principal_minor, principal)
          assert.equal(row.outstanding_minor, outstanding)
          assert.equal(row.status, status)
        end
      end
      schedule:close()
    end
  end)

  it("iterates in any order the control value asks for", function()
    local schedule = fetch("carbon", "schedule", many(300))
    local next_value, cursor = schedule:each("principal_minor")
    for _, i in ipairs { 300, 1, 150, 129, 128 } do
      local index, principal = next_value(cursor, i - 1)
      assert.equal(i, index)
      assert.equal(i, principal)
    end
    assert.is_nil((next_value(cursor, 300)))
    schedule:close()
  end)

  it("tells the memory it keeps, and gives it back at once when closed", function()
    local small = fetch("carbon", "schedule", many(6))
    assert.truthy(small:memory() <= 400, small:memory())
    small:close()
    local large = fetch("carbon", "schedule", many(10000))
    assert.truthy(large:memory() <= 48 * 10000, large:memory())
    large:close()
    helper.raises(function()
      local _ = large:memory()
    end)
  end)

  it("prints as a table a person can read", function()
    local canned = transport.new("carbon/schedule.200.json")
    canned.unix_ms = function()
      return 1736935800000
    end
    local schedule = helper.ok(helper.ask("carbon", "schedule", canned))
    local text = tostring(schedule)
    assert.truthy(text:find("LOAN_ABC123", 1, true))
    assert.truthy(text:find("2025-02-15", 1, true))
    assert.truthy(text:find("71999.99", 1, true))
    assert.falsy(text:find("0x", 1, true))
    schedule:close()
    assert.equal("repay.schedule (closed)", tostring(schedule))
  end)
end)
