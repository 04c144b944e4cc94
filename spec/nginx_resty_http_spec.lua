-- What a transport has to promise, asked of the adapter for lua-resty-http: over a stand-in with
-- the library's methods, and over the library itself where it is installed.
local fixtures = require "spec.support.transport"
local loopback = require "spec.support.loopback"
local nginx = require "spec.support.nginx"
local tls = require "spec.support.tls"

local FIXTURE = fixtures.read("carbon/schedule.200.json")
local LIST = fixtures.read("fincode/list.200.json")
local RECEIPT = fixtures.read("fincode/repay.200.json")

local function reply(status, body, fields)
  return ("HTTP/1.1 %d Text\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, fields or "", #body,
    body)
end

local ASK = [[
  local is_real, provider, port, changes, adapter, operations = ...
  local own = require "spec.support.resty_http_stand_in"
  if not is_real then
    package.loaded["resty.http"] = own
  elseif package.loaded["resty.http"] == own then
    package.loaded["resty.http"] = nil
  end
  local repay = require "repay"
  local options = provider == "carbon"
    and { api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }
    or { token = "SECRET-key-73", customer_ip = "192.168.1.1", currency = "NGN" }
  options.base_url = "http://127.0.0.1:" .. port
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  options.transport = require("repay.resty_http").transport(adapter)
  local client = assert(repay.open(provider, options))
  local arguments = {
    schedule = provider == "carbon" and { loan_id = "LOAN_ABC123" }
      or { customer_id = "123e4567-e89b-12d3-a456-426614174000" },
    repay = { customer_id = "123e4567-e89b-12d3-a456-426614174000",
      account_id = "223e4567-e89b-12d3-a456-426614174001",
      bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00",
      idempotency_key = "unique-key-12345" },
  }
  local seen = {}
  for i, operation in ipairs(operations or { "schedule" }) do
    local value, err = client[operation](client, arguments[operation])
    seen[i] = err and { kind = err.kind, outcome = err.outcome, attempts = #err.attempts }
      or operation == "repay" and { amount_minor = value.amount_minor } or { rows = #value }
  end
  client:close()
  return #seen == 1 and seen[1] or seen
]]

local function suite(describe_nginx, name, is_real)
  describe_nginx("the adapter over " .. name, function()
    local gateway
    local servers = {}

    setup(function()
      gateway = nginx.start {
        server = ("location = /tls { lua_ssl_trusted_certificate %s; %s }"):format(
          tls.path("ca.pem"), nginx.RUN),
      }
    end)

    teardown(function()
      gateway:stop()
      tls.remove()
    end)

    after_each(function()
      for _, server in ipairs(servers) do
        server:close()
      end
      servers = {}
      tls.stop_all()
    end)

    local function serve(...)
      local server = assert(loopback.listen("127.0.0.1"))
      for _, plan in ipairs { ... } do
        server:plan(plan)
      end
      servers[#servers + 1] = server
      return server
    end

    local function ask(provider, server, changes, operations, adapter)
      local port = type(server) == "number" and server or server:port()
      return gateway:run(ASK, is_real, provider, port, changes or {}, adapter or {}, operations)
    end

    local function is_missing()
      -- One that is there and does not load is no reason to leave it out.
      if is_real and gateway:run([[
        local _, why = pcall(require, "resty.http")
        return type(why) == "string" and why:find("module 'resty.http' not found", 1, true) ~= nil
      ]]) then
        pending("lua-resty-http is not installed")
        return true
      end
    end

    it("reads, keeps the connection, and tells status, headers and body", function()
      if is_missing() then return end
      local server = serve({ { "send", reply(200, FIXTURE) } }, { { "send", reply(200, FIXTURE) } },
        { { "send", reply(429, "{}", "Retry-After: 77\r\n") } })
      assert.same({ { rows = 2 }, { rows = 2 },
        { kind = "rate_limited", outcome = "not_sent", attempts = 1 } },
        ask("carbon", server, { timeout_ms = 5000 }, { "schedule", "schedule", "schedule" }))
      assert.equal(1, server:connections())
      local ended = serve({ { "send", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" .. FIXTURE },
        { "close" } })
      assert.same({ rows = 2 }, ask("carbon", ended, { attempts = 1 }))
    end)

    it("sends what it was given and nothing less", function()
      if is_missing() then return end
      local server = serve({ { "send", reply(200, RECEIPT) } })
      assert.same({ amount_minor = 5000000 }, ask("fincode", server, nil, { "repay" }))
      local request = server:requests()[1]
      for _, line in ipairs { "^POST /user/repay%-loan/123e4567",
        "\n[Xx]%-[Aa]uth%-[Tt]oken: SECRET", "\n[Xx]%-idempotency%-key: unique%-key%-12345\r\n",
        "\n[Aa]ccept%-[Ee]ncoding: identity\r\n", '\r\n\r\n{.*50000.*}' } do
        assert.truthy(request:find(line), line .. " in " .. request)
      end
    end)

    it("repays on a fresh connection, once", function()
      if is_missing() then return end
      local server = serve({ { "send", reply(200, LIST) } }, { { "send", reply(200, RECEIPT) } },
        { { "send", reply(200, LIST) } })
      ask("fincode", server, nil, { "schedule", "repay", "schedule" })
      assert.equal(2, server:connections())
      for _, plan in ipairs { { { "close" } }, { { "reset" } }, { { "stall", 20000 } },
        { { "send", reply(200, RECEIPT):sub(1, -20) }, { "close" } } } do
        local dying = serve(plan)
        local seen = ask("fincode", dying, { attempts = 5, attempt_timeout_ms = 300 }, { "repay" })
        assert.same({ "unknown", 1 }, { seen.outcome, seen.attempts })
        assert.equal(1, #dying:requests())
      end
    end)

    it("says that nothing was sent only where that is proven", function()
      if is_missing() then return end
      local seen = ask("fincode", loopback.dead_port(), { attempts = 2, retry_base_ms = 1 },
        { "repay" })
      assert.same({ kind = "connect", outcome = "not_sent", attempts = 2 }, seen)
      seen = ask("carbon", 1, { attempts = 1, base_url = "http://127.0.0.1:1" })
      assert.same({ "connect", "not_sent" }, { seen.kind, seen.outcome })
      seen = ask("carbon", 1, { attempts = 1, base_url = "https://provider.test" })
      assert.same({ "dns", "not_sent" }, { seen.kind, seen.outcome })
    end)

    it("keeps the time of an attempt and the size of a body", function()
      if is_missing() then return end
      local seen = ask("carbon", serve({ { "stall", 20000 } }),
        { attempts = 1, attempt_timeout_ms = 200 })
      assert.equal("timeout", seen.kind)
      seen = ask("carbon", serve({ { "send", reply(200, (" "):rep(20000)) } }), { attempts = 1 },
        nil, { body_size_max = 10000 })
      assert.equal("too_large", seen.kind)
    end)

    it("follows no redirect", function()
      if is_missing() then return end
      local other = serve({ { "send", reply(200, RECEIPT) } })
      local server = serve({ { "send", reply(302, "",
        ("Location: http://127.0.0.1:%d/\r\n"):format(other:port())) } })
      local seen = ask("fincode", server, nil, { "repay" })
      assert.same({ "bad_response", "unknown" }, { seen.kind, seen.outcome })
      assert.equal(0, other:connections())
    end)

    it("trusts a certificate of the authority for the host alone", function()
      if is_missing() then return end
      local words = {}
      for i, certificate in ipairs { "good", "wrong", "expired", "self", "foreign" } do
        local server = tls.serve(certificate)
        local seen = gateway:run_at("/tls", ASK, is_real, "carbon", server.port,
          { attempts = 1, base_url = "https://provider.test:" .. server.port },
          { connect = "127.0.0.1:" .. server.port })
        words[i] = seen.rows and "ok" or seen.kind .. " " .. seen.outcome
      end
      assert.same({ "ok", "tls not_sent", "tls not_sent", "tls not_sent", "tls not_sent" }, words)
    end)
  end)
end

local describe_nginx = nginx.describer(describe, pending)
suite(describe_nginx, "a stand-in for lua-resty-http", false)
suite(describe_nginx, "lua-resty-http itself", true)
