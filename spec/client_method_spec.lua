-- A client's method runs a call of its own that nobody else sees; plain arguments take a shorter
-- way to it than others, and the two ways must give the same.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local transport = require "spec.support.transport"

local LOAN = { loan_id = "LOAN_1" }
local PAID = { customer_id = "c", account_id = "a", bank_account_id = "b", amount = "500.5" }

local function with(more)
  local all = {}
  for name, value in pairs(PAID) do all[name] = value end
  for name, value in pairs(more) do all[name] = value or nil end
  return all
end

local function raised(...)
  local ok, message = pcall(...)
  assert.is_false(ok)
  return message
end

describe("a client's method", function()
  helper.watch(after_each)

  it("sends the same for plain arguments as for others", function()
    local ways = {
      PAID,
      setmetatable(with {}, {}),
      with { amount = false, amount_minor = 50050 },
      setmetatable(with { amount = false, amount_minor = 50050 }, {}),
    }
    local bodies = {}
    for i, arguments in ipairs(ways) do
      local canned = transport.new("fincode/repay.200.json")
      helper.open("fincode", canned):repay(arguments)
      bodies[i] = canned.requests[1].body
      assert.equal(bodies[1], bodies[i])
    end
    assert.truthy(bodies[1]:find('"repaymentAmount":500.5', 1, true))
  end)

  it("leaves to the checks of options what is not plain", function()
    local canned = transport.new("fincode/repay.200.json")
    local client = helper.open("fincode", canned)
    local wrong = {
      { with { amount_minor = 1 }, "not both" },
      { with { amount = 500 }, "option 'amount' must be a string, got a number" },
      { with { amount = false, amount_minor = "1" }, "must be a whole number, got a string" },
      { with { amount = false, amount_minor = 1.5 }, "not whole" },
      { with { amount_major = "1" }, "unknown option 'amount_major'" },
      { with { account_id = false }, "option 'account_id' is required" },
      { with { account_id_minor = 5 }, "unknown option 'account_id_minor'" },
      { with { ["account_id\0"] = "x" }, "unknown option" },
      { with { "x" }, "option names are strings, got a number" },
      { "x", "options must be a table" },
      { nil, "is required" },
    }
    for i = 1, #wrong do
      local message = raised(client.repay, client, wrong[i][1])
      assert.truthy(message:find(wrong[i][2], 1, true), message)
    end
    assert.equal(0, #canned.requests)
    local empty = with { account_id = "" }
    for _, arguments in ipairs { empty, setmetatable(with { account_id = "" }, {}) } do
      local err = helper.fails(client:repay(arguments))
      assert.equal("account_id", err.field)
    end
    local message = raised(client.repay, {}, PAID)
    assert.truthy(message:find("repay.client expected before ':repay'", 1, true))
    client:close()
    assert.truthy(raised(client.repay, client, PAID):find("repay.client is closed", 1, true))
  end)

  it("blames the caller's line", function()
    local client = helper.open("carbon", transport.new("carbon/schedule.200.json"))
    local message = raised(function()
      client:schedule { loan = "x" }
    end)
    assert.truthy(message:find("client_method_spec.lua:", 1, true), message)
  end)

  it("may be called again while it runs", function()
    local client, inner
    local is_inside = false
    local canned = transport.new(function()
      if not is_inside then
        is_inside = true
        inner = helper.ok(client:schedule { loan_id = "INNER" })
      end
      return transport.reply("carbon/schedule.200.json")
    end)
    client = helper.open("carbon", canned)
    local outer = helper.ok(client:schedule { loan_id = "OUTER" })
    assert.equal("INNER", inner.subject)
    assert.equal("OUTER", outer.subject)
    assert.equal("OUTER", helper.ok(client:schedule { loan_id = "OUTER" }).subject)
  end)

  it("keeps nothing of a call that has ended", function()
    local kept = setmetatable({}, { __mode = "k" })
    local function leave()
      local canned = transport.new("carbon/schedule.200.json", { kind = "dns" })
      local client = helper.open("carbon", canned)
      kept[client] = true
      helper.ok(client:schedule(LOAN))
      helper.fails(client:schedule(LOAN))
    end
    leave()
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(kept))
    assert.equal(0, helper.live())
  end)

  it("asks a transport with a wall clock for the time of a request", function()
    local canned = transport.new("fincode/repay.200.json")
    function canned.unix_ms()
      return 1705314600000
    end
    local client = helper.open("fincode", canned)
    local call = helper.ok(client:prepare("repay", PAID))
    assert.equal("018d0cab", call.idempotency_key:sub(1, 8))
    call:close()
    client:repay(PAID)
    for _, header in ipairs(canned.requests[1].headers) do
      if header[1]:lower() == "x-idempotency-key" then
        assert.equal("018d0cab", header[2]:sub(1, 8))
      end
    end
  end)

  it("has nothing to say of values that are no clients and calls", function()
    assert.equal(0, select("#", native.start()))
    assert.equal(0, select("#", native.start(io.stdout, "schedule", LOAN)))
    local client = helper.open("carbon", transport.new("carbon/schedule.200.json"))
    assert.equal(0, select("#", native.start(client, "repay", PAID)))
    assert.equal(0, select("#", native.start(client, 5, LOAN)))
    -- A handle that is open, or no handle, is not used again.
    local call = helper.ok(client:prepare("schedule", LOAN))
    for _, handle in ipairs { call, io.stdout, client } do
      local other = native.start(client, "schedule", LOAN, handle)
      assert.is_false(rawequal(other, handle))
      other:close()
    end
    call:close()
    local other = native.start(client, "schedule", LOAN, call)
    assert.is_true(rawequal(other, call))
    other:close()
  end)
end)
