local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

mounts.each(words, "a row", function(mount_of)
  local function rows_of(provider, operation, answer)
    local schedule = helper.ok(helper.ask(provider, operation, mount_of().canned(answer)))
    local rows = {}
    for i, row in schedule:rows() do
      rows[i] = row
    end
    schedule:close()
    return rows
  end

  helper.watch(after_each)

  it("is a plain table that outlives its schedule", function()
    local row = rows_of("carbon", "schedule", "carbon/schedule.200.json")[1]
    assert.equal("table", type(row))
    assert.equal(7199999, row.total_due_minor)
    row.note = "mine"
    assert.equal("mine", row.note)
  end)

  it("is nil where the provider tells nothing, and raises for a misspelt name", function()
    local row = rows_of("carbon", "schedule", "carbon/schedule.200.json")[1]
    assert.is_nil(row.penalty_minor)
    assert.is_nil(row[1])
    assert.equal("rows have no field 'total_due' (did you mean 'total_due_minor'?)",
      helper.raises(function()
        local _ = row.total_due
      end))
    assert.equal("rows have no field 'principle_minor' (did you mean 'principal_minor'?)",
      helper.raises(function()
        local _ = row.principle_minor
      end))
    assert.equal("rows have no field 'merchant'", helper.raises(function()
      local _ = row.merchant
    end))
  end)

  it("knows the canonical names on every layout", function()
    local names = { "loan_id", "number", "due_date", "principal_minor", "interest_minor",
      "penalty_minor", "total_due_minor", "paid_minor", "outstanding_minor", "overpaid_minor",
      "status", "provider_status", "extra" }
    local layouts = {
      { "carbon", "schedule", "carbon/schedule.200.json" },
      { "pezesha", "schedule", "pezesha/schedule.200.json" },
      { "fincode", "schedule", "fincode/list.200.json" },
      { "fincode", "pending", "fincode/pending.200.json" },
      { "fincode", "repaid", "fincode/repaid.200.json" },
    }
    for _, layout in ipairs(layouts) do
      local row = rows_of(layout[1], layout[2], layout[3])[1]
      for _, name in ipairs(names) do
        local _ = row[name]
      end
    end
  end)

  it("holds whole numbers that encode as such", function()
    local row = rows_of("fincode", "schedule", "fincode/list_exact.200.json")[1]
    assert.equal("9007199254740991", ("%.0f"):format(row.total_due_minor))
    if math.type then
      assert.equal("integer", math.type(row.total_due_minor))
    end
  end)

  it("has its undocumented members as text, decoded when asked", function()
    local body = '{"status":"success","data":{"schedule":[{"dueDate":"2025-02-15","totalDue":1,'
      .. '"fee\\u0041":1e2, "list":[1, {"x":"\\"}"}] ,"text":"a\\nb","none":null},{"totalDue":2}]}}'
    local rows = rows_of("carbon", "schedule", transport.json(body))
    assert.equal("1e2", rows[1].extra.feeA)
    assert.equal('[1, {"x":"\\"}"}]', rows[1].extra.list)
    assert.equal('"a\\nb"', rows[1].extra.text)
    assert.same({}, rows[2].extra)
    assert.equal(getmetatable(rows[2]), getmetatable(
      rows_of("carbon", "schedule", "carbon/schedule.200.json")[1]))
  end)

  it("keeps a date that is none as text, and has no due date then", function()
    local body = '{"status":"success","data":{"schedule":[{"dueDate":"15/02/2025","totalDue":1}]}}'
    local row = rows_of("carbon", "schedule", transport.json(body))[1]
    assert.is_nil(row.due_date)
    assert.equal('"15/02/2025"', row.extra.dueDate)
  end)

  it("survives a tampered metatable", function()
    local rows = rows_of("carbon", "schedule", "carbon/unknown_members.200.json")
    for _, text in ipairs { "{", '{"a":', "[]", '{"a":1}}', "", "null", '{"a"' } do
      getmetatable(rows[1]).extra = text
      rawset(rows[1], "extra", nil)
      assert.same({}, rows[1].extra)
    end
    getmetatable(rows[1]).extra = 5
    rawset(rows[1], "extra", nil)
    assert.same({}, rows[1].extra)
  end)

  it("takes the due day of a moment in the client's zone", function()
    local body = '{"status":"SUCCESS","data":[{"paymentDueDate":"2024-02-14T23:30:00Z"}]}'
    for zone, day in pairs { ["+01:00"] = "2024-02-15", ["Z"] = "2024-02-14" } do
      local schedule = helper.ok(helper.ask("fincode", "schedule",
        mount_of().canned(transport.json(body)), { zone = zone }))
      assert.equal(day, schedule[1].due_date)
      schedule:close()
    end
  end)
end)
