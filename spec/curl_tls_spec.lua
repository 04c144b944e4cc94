-- Whom the curl driver trusts, and what it speaks over TLS.
local helper = require "spec.support.helper"
local tls = require "spec.support.tls"
local transport = require "spec.support.transport"
local wire = require "spec.support.wire"

local function options_for(port, changes)
  return helper.copy({
    base_url = "https://provider.test:" .. port, connect = "127.0.0.1:" .. port,
    ca_file = tls.path("ca.pem"), attempts = 1,
  }, changes)
end

local function read(certificate, changes, arguments)
  local server = tls.serve(certificate, arguments)
  return wire.ask("carbon", "schedule", server.port, options_for(server.port, changes))
end

local function without_ca(port)
  local options = options_for(port)
  options.ca_file = nil
  return options
end

local function error_of(certificate, changes, arguments)
  return helper.fails(read(certificate, changes, arguments))
end

describe("TLS over curl", function()
  helper.watch(after_each)
  after_each(tls.stop_all)
  teardown(tls.remove)

  it("trusts a certificate of the named authority for the named host", function()
    local schedule = helper.ok(read("good"))
    assert.equal(2, #schedule)
    schedule:close()
  end)

  it("trusts a certificate for an address where the URL has one", function()
    local server = tls.serve("address")
    helper.ok(wire.ask("carbon", "schedule", server.port, {
      base_url = "https://127.0.0.1:" .. server.port, ca_file = tls.path("ca.pem"),
    })):close()
  end)

  it("refuses every other certificate before anything is sent", function()
    for _, certificate in ipairs { "wrong", "expired", "self", "foreign", "address" } do
      local err = error_of(certificate)
      assert.equal("tls", err.kind, certificate)
      assert.equal("not_sent", err.outcome, certificate)
    end
  end)

  it("refuses an authority that only the caller could name", function()
    local server = tls.serve("good")
    local err = helper.fails(wire.ask("carbon", "schedule", server.port, without_ca(server.port)))
    assert.equal("tls", err.kind)
    assert.equal("not_sent", err.outcome)
  end)

  it("does not fall back to the system's authorities when one was named", function()
    local err = error_of("good", { ca_file = tls.path("stranger.pem") })
    assert.equal("tls", err.kind)
  end)

  it("refuses a file of authorities that is not there", function()
    local err = error_of("good", { ca_file = tls.path("absent.pem") })
    assert.equal("tls", err.kind)
    assert.equal("not_sent", err.outcome)
  end)

  it("forgets one client's trust when the next one comes", function()
    local server = tls.serve("good")
    helper.ok(wire.ask("carbon", "schedule", server.port, options_for(server.port))):close()
    local err = helper.fails(wire.ask("carbon", "schedule", server.port, without_ca(server.port)))
    assert.equal("tls", err.kind)
    helper.ok(wire.ask("carbon", "schedule", server.port, options_for(server.port))):close()
  end)

  it("refuses TLS below 1.2", function()
    local err = error_of("good", nil, "-tls1_1 -cipher DEFAULT@SECLEVEL=0")
    assert.equal("tls", err.kind)
    assert.equal("not_sent", err.outcome)
    helper.ok(read("good", nil, "-tls1_2")):close()
    helper.ok(read("good", nil, "-tls1_3")):close()
  end)

  it("shows its own certificate where it was given one", function()
    local demand = "-Verify 1 -verify_return_error -CAfile ca.pem -tls1_2"
    helper.ok(read("good", {
      client_cert = tls.path("client.pem"), client_key = tls.path("client.key"),
    }, demand)):close()
    assert.equal("tls", error_of("good", nil, demand).kind)
    assert.equal("tls", error_of("good", {
      client_cert = tls.path("absent.pem"), client_key = tls.path("client.key"),
    }, demand).kind)
  end)

  it("speaks HTTP/2 for reads, on one connection, and HTTP/1.1 for writes", function()
    local body = transport.read("carbon/schedule.200.json")
    local server = tls.serve_http2(wire.dead_port(), body)
    if not server then
      pending("there is no nginx with HTTP/2 here")
      return
    end
    local curl = require "repay.curl"
    local engine = assert(curl.engine(8))
    local client = wire.open("carbon", server.port, options_for(server.port,
      { api_key = "the-key", carbon_key = "the-other" }))
    local begun, ended = 0, 0
    while ended < 40 do
      while begun < 40 and engine:count() < 8 do
        assert(engine:add((assert(client:prepare("schedule", { loan_id = "LOAN_" .. begun })))))
        begun = begun + 1
      end
      local call = engine:step(100)
      if call then
        helper.ok(call:result()):close()
        call:close()
        ended = ended + 1
      end
    end
    engine:close()
    client:close()
    helper.fails(wire.ask("fincode", "repay", server.port, options_for(server.port)))
    local connections, reads, writes = {}, 0, 0
    for _, line in ipairs(tls.http2_log(41)) do
      local connection, protocol, method, target, headers =
        line:match("^(%d+) (%S+) (%S+) (%S+) (.*)$")
      if method == "POST" then
        writes = writes + 1
        assert.equal("HTTP/1.1", protocol)
      else
        reads = reads + 1
        assert.truthy(target:find("^/v1/loans/LOAN_%d+/repayments$"))
        assert.equal("HTTP/2.0", protocol)
        assert.equal("provider.test:" .. server.port
          .. " the-key the-other application/json identity", headers)
        connections[connection] = true
      end
    end
    assert.equal(40, reads)
    assert.equal(1, writes)
    local count = 0
    for _ in pairs(connections) do
      count = count + 1
    end
    assert.equal(1, count)
  end)
end)
