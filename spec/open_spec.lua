local helper = require "spec.support.helper"
local repay = require "repay"
local transport = require "spec.support.transport"

describe("repay.open", function()
  helper.watch(after_each)

  it("opens each provider and says what was opened", function()
    for _, name in ipairs(repay.providers()) do
      local client = helper.ok(repay.open(name, helper.options(name, { label = "shop 1" })))
      assert.equal(name, client.provider)
      assert.equal("sandbox", client.environment)
      assert.equal("shop 1", client.label)
      assert.equal("repay.client: " .. name .. " sandbox, shop 1", tostring(client))
      assert.is_true(client:close())
    end
  end)

  it("lists the providers", function()
    assert.same({ "carbon", "fincode", "pezesha" }, repay.providers())
    assert.is_string(repay.version)
  end)

  it("raises for an unknown provider, with the nearest name", function()
    local raised = helper.raises(function()
      local _ = repay.open("carbom", {})
    end)
    assert.equal("repay.open: unknown provider 'carbom' (did you mean 'carbon'?)", raised)
    raised = helper.raises(function()
      local _ = repay.open(nil, {})
    end)
    assert.equal("repay.open: the provider must be a string, got a nil", raised)
  end)

  it("raises for what the provider requires and was not given", function()
    for name, missing in pairs { carbon = "carbon_key", pezesha = "channel", fincode = "token" } do
      local options = helper.options(name)
      options[missing] = nil
      local raised = helper.raises(function()
        local _ = repay.open(name, options)
      end)
      assert.equal("repay.open: " .. name .. ": option '" .. missing .. "' is required", raised)
    end
  end)

  it("raises when no currency is given where answers name none", function()
    for _, name in ipairs { "pezesha", "fincode" } do
      local options = helper.options(name)
      options.currency = nil
      assert.truthy(helper.raises(function()
        local _ = repay.open(name, options)
      end):find("option 'currency' is required, because", 1, true))
    end
  end)

  it("raises when nothing says where the provider is", function()
    local options = helper.options("carbon")
    options.environment = nil
    assert.equal("repay.open: carbon: one of the options 'environment', 'base_url' and 'transport' "
      .. "is required", helper.raises(function()
      local _ = repay.open("carbon", options)
    end))
    options.transport = transport.new()
    helper.ok(repay.open("carbon", options)):close()
  end)

  it("knows the presets of a provider", function()
    local carbon = helper.ok(repay.open("carbon", helper.options("carbon")))
    assert.equal("NGN", carbon.currency)
    assert.equal("+01:00", carbon.zone)
    carbon:close()
    local pezesha = helper.ok(repay.open("pezesha", helper.options("pezesha")))
    assert.equal("+03:00", pezesha.zone)
    pezesha:close()
    local fincode = helper.ok(repay.open("fincode", helper.options("fincode")))
    assert.is_nil(fincode.zone)
    fincode:close()
    fincode = helper.ok(repay.open("fincode", helper.options("fincode", { zone = "Africa/Lagos" })))
    assert.equal("+01:00", fincode.zone)
    fincode:close()
  end)

  it("gives an error for values that may come from outside the program", function()
    local cases = {
      { "carbon", { api_key = "" }, "api_key" },
      { "carbon", { carbon_key = "key\n" }, "carbon_key" },
      { "carbon", { environment = "staging" }, "environment" },
      { "carbon", { connect = "nowhere" }, "connect" },
      { "carbon", { connect = "host:0" }, "connect" },
      { "carbon", { connect = "host:65536" }, "connect" },
      { "carbon", { zone = "Mars/Olympus" }, "zone" },
      { "carbon", { amounts_in = "cents" }, "amounts_in" },
      { "carbon", { keys = "always" }, "keys" },
      { "carbon", { label = "a\nb" }, "label" },
      { "carbon", { timeout_ms = 0 }, "timeout_ms" },
      { "carbon", { attempts = 11 }, "attempts" },
      { "carbon", { attempts = 2 ^ 40 }, "attempts" },
      { "carbon", { base_url = "ftp://x" }, "base_url" },
      { "carbon", { base_url = "http://example.org" }, "base_url" },
      { "carbon", { base_url = "https://user:pass@example.org" }, "base_url" },
      { "pezesha", { currency = "XYZ" }, "currency" },
      { "pezesha", { token_header = "cookie" }, "token_header" },
      { "fincode", { environment = "live" }, "base_url" },
    }
    for _, case in ipairs(cases) do
      local err = helper.fails(repay.open(case[1], helper.options(case[1], case[2])))
      assert.equal(case[3], err.field, tostring(err))
      assert.equal("not_sent", err.outcome)
      assert.equal("open", err.operation)
      assert.truthy(err.kind == "config" or err.kind == "invalid_argument", tostring(err))
      assert.is_false(err.retryable)
      assert.same({}, err.attempts)
    end
  end)

  it("refuses a host that belongs to the other environment", function()
    local err = helper.fails(repay.open("carbon", helper.options("carbon", {
      environment = "live", base_url = "https://carbonapistagingsecure.getcarbon.co/baas/api",
    })))
    assert.equal("config", err.kind)
  end)

  it("takes addresses to connect to, IPv6 in brackets", function()
    for _, connect in ipairs { "127.0.0.1:8443", "[::1]:8443", "gateway.internal:443" } do
      helper.ok(repay.open("carbon", helper.options("carbon", { connect = connect }))):close()
    end
  end)

  it("refuses a CA file inside nginx, naming nginx's own setting", function()
    local options = helper.options("carbon", { ca_file = "/etc/ssl/ca.pem" })
    helper.ok(repay.open("carbon", options)):close()
    rawset(_G, "ngx", {})
    local client, err = repay.open("carbon", options)
    rawset(_G, "ngx", nil)
    helper.fails(client, err)
    assert.equal("config", err.kind)
    assert.equal("ca_file", err.field)
    assert.truthy(err.message:find("lua_ssl_trusted_certificate", 1, true))
  end)

  it("leaves no global and no setting behind", function()
    local before = {}
    for name in pairs(_G) do
      before[name] = true
    end
    local one = helper.open("carbon", transport.new(), { label = "one" })
    local two = helper.open("carbon", transport.new(), { label = "two" })
    assert.equal("one", one.label)
    assert.equal("two", two.label)
    one:close()
    two:close()
    for name in pairs(_G) do
      assert.truthy(before[name], name)
    end
  end)
end)
