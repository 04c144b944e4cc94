local helper = require "spec.support.helper"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"

-- So many rows that they lie outside of Lua's memory: what is small is Lua's alone, and uncounted.
local function large()
  local rows = {}
  for i = 1, 600 do
    rows[i] = ('{"dueDate":"2025-%02d-15","principalDue":%d,"interestDue":%d,"totalDue":%d,'
      .. '"paidAmount":%d,"status":"UNPAID"}'):format(i % 12 + 1, i * 7, i * 3, i * 10, i)
  end
  return transport.json('{"status":"success","message":"x","data":{"schedule":['
    .. table.concat(rows, ",") .. "]}}")
end

describe("an object's life", function()
  helper.watch(after_each)

  it("ends with close, as often as it is called, or with the collector", function()
    local client = helper.open("carbon", transport.new(large()))
    local call = helper.ok(client:prepare("schedule", { loan_id = "x" }))
    local schedule = helper.ok(client:schedule { loan_id = "x" })
    assert.equal(600, #schedule)
    assert.equal(3, native.live())
    for _ = 1, 2 do
      assert.is_true(schedule:close())
      assert.is_true(call:close())
      assert.is_true(client:close())
      assert.equal(0, native.live())
    end
  end)

  it("is not counted where it owns nothing but Lua's memory", function()
    local client = helper.open("carbon", transport.new("carbon/schedule.200.json"))
    local schedule = helper.ok(client:schedule { loan_id = "x" })
    assert.equal(2, #schedule)
    assert.equal(1, native.live())
    for _ = 1, 2 do
      assert.is_true(schedule:close())
      assert.equal(1, native.live())
      assert.equal("repay.schedule (closed)", tostring(schedule))
    end
    client:close()
  end)

  it("ends by itself when nothing refers to it", function()
    local function leave()
      local client = helper.open("carbon", transport.new(large()))
      helper.ok(client:prepare("schedule", { loan_id = "x" }))
      helper.ok(client:schedule { loan_id = "x" })
    end
    leave()
    assert.truthy(native.live() > 0)
    assert.equal(0, helper.live())
  end)

  it("of a client lasts while a call needs it", function()
    local function prepare()
      local client = helper.open("carbon", transport.new(large()))
      return helper.ok(client:prepare("schedule", { loan_id = "x" }))
    end
    local call = prepare()
    assert.equal(2, helper.live())
    local schedule = helper.ok(call:perform())
    call = nil -- luacheck: ignore
    assert.equal(1, helper.live())
    assert.equal(600, #schedule)
    schedule:close()
  end)

  it("of a schedule lasts while a loop reads it", function()
    local kept = setmetatable({}, { __mode = "k" })
    local function loop(answer, method, ...)
      local schedule = helper.ok(helper.ask("carbon", "schedule", transport.new(answer)))
      kept[schedule] = true
      return schedule[method](schedule, ...)
    end
    for _, answer in ipairs { "carbon/schedule.200.json", large() } do
      for _, arguments in ipairs { { "rows" }, { "each", "due_date" } } do
        local step, state = loop(answer, arguments[1], arguments[2])
        assert.equal(type(answer) == "table" and 1 or 0, helper.live())
        assert.is_not_nil(next(kept))
        assert.equal(1, (step(state, 0)))
        assert.equal(2, (step(state, 1)))
        -- Either of them may be what keeps it; a loop has both, and loses both.
        step, state = nil, nil -- luacheck: ignore
        assert.equal(0, helper.live())
        assert.is_nil(next(kept))
      end
    end
  end)

  it("of a call ends cleanly when its client is closed under it", function()
    local canned = transport.new("fincode/repay.200.json")
    local client = helper.open("fincode", canned)
    local call = helper.ok(client:prepare("repay", helper.arguments.fincode.repay))
    client:close()
    local err = helper.fails(call:perform())
    assert.equal("not_sent", err.outcome)
    assert.equal("fincode", err.provider)
    assert.equal(0, #canned.requests)
    call:close()
  end)

  it("ends with an unknown outcome when the client is closed while a write is out", function()
    local client
    local canned = transport.new(function()
      client:close()
      return transport.reply("fincode/repay.200.json")
    end)
    client = helper.open("fincode", canned)
    local err = helper.fails(client:repay(helper.arguments.fincode.repay))
    assert.equal("unknown", err.outcome)
    assert.equal("unique-key-12345", err.idempotency_key)
  end)

  it("keeps a receipt after the client is closed, but makes no schedule then", function()
    local client = helper.open("fincode", transport.new("fincode/repay.200.json"))
    local call = helper.ok(client:prepare("repay", helper.arguments.fincode.repay))
    helper.ok(call:perform())
    client:close()
    assert.equal("NGN", helper.ok(call:result()).currency)
    call:close()
    client = helper.open("carbon", transport.new())
    call = helper.ok(client:prepare("schedule", { loan_id = "x" }))
    call:next()
    call:answer(nil, nil, transport.reply("carbon/schedule.200.json"))
    assert.equal("done", call:next())
    client:close()
    assert.equal("repay.client is closed", helper.raises(function()
      local _ = call:result()
    end))
    call:close()
  end)

  it("survives a call that is closed while its request is out", function()
    local call
    local canned = transport.new(function()
      call:close()
      return transport.reply("carbon/schedule.200.json")
    end)
    local client = helper.open("carbon", canned)
    call = helper.ok(client:prepare("schedule", { loan_id = "x" }))
    assert.is_false((pcall(call.perform, call)))
    client:close()
  end)

  it("does not depend on the order of the collector", function()
    local made, answer = {}, large()
    for i = 1, 60 do
      local client = helper.open("carbon", transport.new(answer))
      made[i] = { client, helper.ok(client:prepare("schedule", { loan_id = "x" })),
        helper.ok(client:schedule { loan_id = "x" }) }
    end
    for i = 1, 60 do
      made[i][i % 3 + 1] = nil
      if i % 7 == 0 then
        collectgarbage()
      end
    end
    for i = 60, 1, -1 do
      made[i] = nil
    end
    assert.same({}, made)
    assert.equal(0, helper.live())
  end)

  it("is the same class after the module is loaded anew", function()
    local client = helper.open("carbon", transport.new("carbon/schedule.200.json"))
    local names = {}
    for name in pairs(package.loaded) do
      if name == "repay" or name:find("^repay%.") then
        names[name] = package.loaded[name]
        package.loaded[name] = nil
      end
    end
    local again = require "repay"
    assert.are_not.equal(repay, again)
    helper.ok(client:schedule { loan_id = "x" }):close()
    local other = helper.ok(again.open("carbon", helper.options("carbon")))
    assert.equal("repay.client: carbon sandbox", tostring(other))
    other:close()
    client:close()
    for name, module in pairs(names) do
      package.loaded[name] = module
    end
  end)

  it("closes at the end of a block where Lua can", function()
    if helper.is_luajit then
      return
    end
    local run = assert(load [[
      local helper, transport = ...
      local inside
      do
        local client <close> = helper.open("carbon", transport.new("carbon/schedule.200.json"))
        local schedule <close> = helper.ok(client:schedule { loan_id = "x" })
        local call <close> = helper.ok(client:prepare("schedule", { loan_id = "x" }))
        inside = { client, schedule, call }
      end
      return inside
    ]])
    local inside = run(helper, transport)
    assert.equal(0, native.live())
    assert.equal("repay.client (closed)", tostring(inside[1]))
    assert.equal("repay.schedule (closed)", tostring(inside[2]))
    assert.equal("repay.call (closed)", tostring(inside[3]))
  end)

  it("hides its metatable", function()
    local client = helper.open("carbon", transport.new())
    assert.equal("repay.client", getmetatable(client))
    assert.is_false((pcall(setmetatable, client, {})))
    client:close()
  end)

  it("tells strangers from its own", function()
    local client = helper.open("carbon", transport.new())
    local close = client.close
    for _, stranger in ipairs { 1, "x", {}, io.stdout, print } do
      assert.is_false((pcall(close, stranger)))
    end
    client:close()
  end)
end)
