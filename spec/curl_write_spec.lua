-- What the curl driver promises about repayments: once on the wire, whatever happens, and a true
-- word about whether they may have arrived.
local helper = require "spec.support.helper"
local wire = require "spec.support.wire"

local LIST = wire.fixture("fincode/list.200.json")
local RECEIPT = wire.fixture("fincode/repay.200.json")

local function posts(server)
  local count = 0
  for _, request in ipairs(server:requests()) do
    count = count + (request:find("^POST ") and 1 or 0)
  end
  return count
end

-- A repayment with attempts to spare, that must not be spent.
local function repay(server, changes)
  return wire.ask("fincode", "repay", server, helper.copy({
    attempts = 5, retry_base_ms = 1, retry_cap_ms = 1,
  }, changes))
end

describe("a repayment over curl", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("gives a receipt", function()
    local server = wire.server({ { "send", RECEIPT } })
    local receipt = helper.ok(repay(server))
    assert.equal(5000000, receipt.amount_minor)
    assert.equal("PENDING_VERIFICATION", receipt.verification_status)
    assert.equal(1, posts(server))
  end)

  it("is sent once when its connection dies before a reply", function()
    local server = wire.server({ { "close" } })
    local err = helper.fails(repay(server))
    assert.equal("connection_lost", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, #err.attempts)
    assert.equal(1, posts(server))
  end)

  it("is sent once when its connection is reset", function()
    local server = wire.server({ { "reset" } })
    local err = helper.fails(repay(server))
    assert.equal("connection_lost", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, posts(server))
  end)

  it("never uses a connection that was kept", function()
    local server = wire.server({ { "send", LIST } }, { { "send", RECEIPT } }, { { "send", LIST } })
    local client = wire.open("fincode", server)
    helper.ok(client:schedule(helper.arguments.fincode.schedule)):close()
    assert.equal(1, server:connections())
    helper.ok(client:repay(helper.arguments.fincode.repay))
    assert.equal(2, server:connections())
    helper.ok(client:schedule(helper.arguments.fincode.schedule)):close()
    assert.equal(2, server:connections())
    client:close()
  end)

  it("is sent once when a server answers reads and dies on writes", function()
    local server = wire.server({ { "send", LIST } }, { { "close" } })
    local client = wire.open("fincode", server, { attempts = 5 })
    helper.ok(client:schedule(helper.arguments.fincode.schedule)):close()
    local err = helper.fails(client:repay(helper.arguments.fincode.repay))
    client:close()
    assert.equal("unknown", err.outcome)
    assert.equal(1, posts(server))
    assert.equal(2, server:connections())
  end)

  it("is unknown when the reply is cut", function()
    local server = wire.server({ { "send", RECEIPT:sub(1, -20) }, { "close" } })
    local err = helper.fails(repay(server))
    assert.equal("connection_lost", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, posts(server))
  end)

  it("is unknown when no reply comes in time", function()
    local server = wire.server({ { "stall", 20000 } })
    local err = helper.fails(repay(server, { attempt_timeout_ms = 200 }))
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, posts(server))
  end)

  it("is not sent when nobody listens, and then tried again", function()
    local err = helper.fails(repay(wire.dead_port(), { attempts = 3 }))
    assert.equal("connect", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(3, #err.attempts)
    assert.equal("unique-key-12345", err.idempotency_key)
  end)

  it("is not sent when no secure connection stands in time", function()
    local server = wire.server({ { "stall", 20000 } })
    local err = helper.fails(repay(server, {
      base_url = "https://127.0.0.1:" .. server:port(), connect_timeout_ms = 200, attempts = 1,
    }))
    assert.equal("timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, #server:requests())
  end)

  it("takes no credential to another host", function()
    local other = wire.server({ { "send", RECEIPT } })
    local target = "http://127.0.0.1:" .. other:port() .. "/elsewhere"
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local server = wire.server({ { "send", wire.reply(status, "", { "Location: " .. target }) } })
      local err = helper.fails(repay(server))
      assert.equal(status, err.http_status)
      assert.truthy(err.message:find(tostring(status), 1, true), err.message)
      assert.equal("unknown", err.outcome)
      assert.equal(1, posts(server))
    end
    assert.equal(0, other:connections())
  end)
end)
