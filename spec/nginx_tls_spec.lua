-- Whom a call inside nginx trusts. Client and provider share one processor, where a handshake can
-- be over at once: there nginx's handshake has raised, and has called failed verifications good.
local nginx = require "spec.support.nginx"
local tls = require "spec.support.tls"

local TIMES = 50

-- Asks so often, each time on a new connection, and counts what came: "ok", or kind and outcome.
local ASK = [[
  local port, times, changes = ...
  local repay = require "repay"
  local seen, message, count = {}, nil, 0
  for _ = 1, times do
    local options = {
      base_url = "https://provider.test:" .. port, connect = "127.0.0.1:" .. port, attempts = 1,
      api_key = "SECRET-key-71", carbon_key = "SECRET-key-72",
    }
    for name, value in pairs(changes or {}) do
      options[name] = value
    end
    local client = assert(repay.open("carbon", options))
    local schedule, err = client:schedule { loan_id = "close" }
    local word = schedule and "ok" or err.kind .. " " .. err.outcome
    if not seen[word] then
      seen[word], count = 0, count + 1
    end
    seen[word] = seen[word] + 1
    message = err and err.message or message
    if schedule then
      schedule:close()
    end
    client:close()
  end
  return { seen = seen, message = message, words = count }
]]

local SERVER = [[
  server {
    listen 127.0.0.1:%d ssl;
    ssl_certificate %s/%s.pem; ssl_certificate_key %s/%s.key; %s
    location / { %s }
  }
]]

nginx.describer(describe, pending)("TLS inside nginx", function()
  local provider, gateway
  local ports = {}

  local function serve(name, certificate, extra)
    ports[name] = nginx.free_port()
    local directory = tls.directory()
    return SERVER:format(ports[name], directory, certificate, directory, certificate, extra or "",
      nginx.PROVIDER)
  end

  setup(function()
    local directory = tls.directory()
    tls.make_chain()
    local servers = {}
    for _, name in ipairs { "good", "wrong", "expired", "self", "foreign", "address", "chain" } do
      servers[#servers + 1] = serve(name, name)
    end
    servers[#servers + 1] = serve("only_13", "good", "ssl_protocols TLSv1.3;")
    servers[#servers + 1] = serve("only_11", "good",
      "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;")
    servers[#servers + 1] = serve("demanding", "good",
      "ssl_verify_client on; ssl_client_certificate " .. directory .. "/ca.pem;")
    local cpu = nginx.one_cpu()
    provider = nginx.start { http = table.concat(servers), cpu = cpu }
    gateway = nginx.start {
      cpu = cpu,
      server = ([[
        lua_ssl_verify_depth 2; lua_ssl_protocols TLSv1.2 TLSv1.3;
        location = /trusting { lua_ssl_trusted_certificate DIR/ca.pem; RUN }
        location = /old { lua_ssl_protocols TLSv1.2; lua_ssl_trusted_certificate DIR/ca.pem; RUN }
      ]]):gsub("DIR", directory):gsub("RUN", nginx.RUN),
    }
  end)

  teardown(function()
    gateway:stop()
    provider:stop()
    tls.remove()
  end)

  local function ask(name, changes, location, times)
    return gateway:run_at(location or "/trusting", ASK, ports[name], times or TIMES, changes)
  end

  it("is between two servers that share one processor", function()
    local cpu = nginx.one_cpu()
    for _, server in ipairs { provider, gateway } do
      for _, pid in ipairs { server.pid, unpack(server:workers()) } do
        assert.equal(tostring(cpu),
          nginx.read("/proc/" .. pid .. "/status"):match("Cpus_allowed_list:%s*(%S+)"))
      end
    end
  end)

  for _, name in ipairs { "good", "chain", "only_13" } do
    it("trusts a certificate of the authority for the host: " .. name, function()
      assert.same({ ok = TIMES }, ask(name).seen)
    end)
  end

  for _, name in ipairs { "wrong", "expired", "self", "foreign", "address" } do
    it("refuses every other certificate before anything is sent: " .. name, function()
      local answer = ask(name)
      assert.same({ ["tls not_sent"] = TIMES }, answer.seen)
      assert.truthy(answer.message:find("lua_ssl_trusted_certificate", 1, true), answer.message)
    end)
  end

  it("refuses a certificate for an address, whatever it says", function()
    local answer = ask("address", { base_url = "https://127.0.0.1:" .. ports.address })
    assert.same({ ["tls not_sent"] = TIMES }, answer.seen)
  end)

  it("trusts nobody where no authority is named, and names the directive", function()
    local answer = ask("good", nil, "/spec/run")
    assert.same({ ["tls not_sent"] = TIMES }, answer.seen)
    assert.truthy(answer.message:find("lua_ssl_trusted_certificate", 1, true), answer.message)
  end)

  it("speaks TLS 1.3 where lua_ssl_protocols has it, and nothing below 1.2", function()
    assert.same({ ["tls not_sent"] = TIMES }, ask("only_13", nil, "/old").seen)
    assert.same({ ["tls not_sent"] = TIMES }, ask("only_11").seen)
  end)

  it("shows its own certificate where it was given one", function()
    local identity = { client_cert = tls.path("client.pem"), client_key = tls.path("client.key") }
    assert.same({ ok = TIMES }, ask("demanding", identity).seen)
    assert.is_nil(ask("demanding").seen.ok)
  end)

  it("gives no client the connection of one with another certificate", function()
    local answer = gateway:run_at("/trusting", [[
      local port, cert, key = ...
      local repay = require "repay"
      local options = { base_url = "https://provider.test:" .. port, attempts = 1,
        connect = "127.0.0.1:" .. port, api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }
      local bare = assert(repay.open("carbon", options))
      options.client_cert, options.client_key = cert, key
      local known = assert(repay.open("carbon", options))
      local seen = {}
      for round = 1, 3 do
        seen[#seen + 1] = known:schedule { loan_id = "LOAN_1" } and "ok" or "refused"
        local schedule, err = bare:schedule { loan_id = "LOAN_1" }
        seen[#seen + 1] = schedule and "ok" or err.http_status
      end
      return seen
    ]], ports.demanding, tls.path("client.pem"), tls.path("client.key"))
    assert.same({ "ok", 400, "ok", 400, "ok", 400 }, answer)
  end)

  it("says at open what is wrong with a client certificate", function()
    local answer = gateway:run([[
      local repay = require "repay"
      local seen = {}
      for i, paths in ipairs { ... } do
        local client, err = repay.open("carbon", { environment = "sandbox", api_key = "k-123456",
          carbon_key = "k-123457", client_cert = paths[1], client_key = paths[2] })
        seen[i] = client and "opened" or err.kind .. " " .. err.field
      end
      return seen
    ]], { tls.path("absent.pem"), tls.path("client.key") },
      { tls.path("client.pem"), tls.path("absent.key") },
      { tls.path("client.key"), tls.path("client.key") },
      { tls.path("client.pem"), tls.path("client.pem") },
      { tls.path("client.pem"), tls.path("client.key") })
    assert.same({ "config client_cert", "config client_cert", "config client_cert",
      "config client_cert", "opened" }, answer)
  end)

  it("keeps a verified connection, and never makes one for an unverified name", function()
    local answer = gateway:run_at("/trusting", [[
      local port = ...
      local repay = require "repay"
      local seen = {}
      for _, host in ipairs { "provider.test", "other.test", "provider.test" } do
        local client = assert(repay.open("carbon", { base_url = "https://" .. host .. ":" .. port,
          connect = "127.0.0.1:" .. port, attempts = 1, api_key = "SECRET-key-71",
          carbon_key = "SECRET-key-72" }))
        for _ = 1, 2 do
          local schedule, err = client:schedule { loan_id = "LOAN_1" }
          seen[#seen + 1] = schedule and "ok" or err.kind
        end
      end
      return seen
    ]], ports.good)
    assert.same({ "ok", "ok", "tls", "tls", "ok", "ok" }, answer)
  end)
end)
