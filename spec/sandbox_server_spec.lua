-- The sandbox on real sockets: HTTP as it must be read, limits, TLS, control, life and load.

local process = require("spec.support.sandbox_process")
local requests = require("spec.support.sandbox_requests")
local sandbox = require("repay.sandbox")
local json = require("repay.sandbox.json")

local ids = sandbox.ids

local function hex(text)
  return (text:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

local function lines_of(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>&1", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("the sandbox server #slow", function()
  local server

  setup(function() server = process.start("--tls") end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  local function port() return server.origin:match("%d+$") end

  -- What the server says to these bytes, and how the connection ended.
  local function raw(...)
    local words = { "lua5.4 spec/support/raw_client.lua " .. port() }
    for _, text in ipairs({ ... }) do words[#words + 1] = hex(text) end
    local text = lines_of(table.concat(words, " "))
    return text:match("^HTTP/1%.1 (%d+)"), text, text:match("ended: (%a+)\n$")
  end

  local CARBON = "apikey: sandbox-carbon-api-key\r\nx-carbon-key: sandbox-carbon-key\r\n"
  local SCHEDULE = "/carbon/baas/api/v1/loans/LOAN_ABC123/repayments"

  describe("reads HTTP", function()
    it("and keeps a connection for the next request, also when both come at once", function()
      local one = "GET " .. SCHEDULE .. " HTTP/1.1\r\nHost: x\r\n" .. CARBON .. "\r\n"
      local _, text, ended = raw(one .. one)
      assert.are.equal(2, select(2, text:gsub("HTTP/1%.1 200 OK", "")))
      assert.are.equal("waiting", ended)
    end)

    it("and closes when asked to, and after HTTP/1.0", function()
      local status, _, ended = raw("GET " .. SCHEDULE .. " HTTP/1.1\r\nHost: x\r\n"
        .. "Connection: close\r\n" .. CARBON .. "\r\n")
      assert.are.same({ "200", "end" }, { status, ended })
      status, _, ended = raw("GET " .. SCHEDULE .. " HTTP/1.0\r\n" .. CARBON .. "\r\n")
      assert.are.same({ "200", "end" }, { status, ended })
    end)

    it("in pieces, with chunks, with a trailer and after 100 Continue", function()
      local head = "POST " .. SCHEDULE .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        .. CARBON .. "Content-Type: application/json\r\n"
      local body = '{"amount":5,"reference":"chunked"}'
      local status = raw(head .. "Transfer-Encoding: chunked\r\n\r\n5\r\n" .. body:sub(1, 5),
        "\r\n" .. string.format("%x;name=value\r\n", #body - 5),
        body:sub(6) .. "\r\n0\r\nX: y\r\n\r\n")
      assert.are.equal("200", status)
      local first, text = raw(head .. "Expect: 100-continue\r\nContent-Length: " .. #body
        .. "\r\n\r\n", body)
      assert.are.equal("100", first)
      assert.matches("HTTP/1%.1 200 OK", text)
      local repayments = server:ledger().repayments
      assert.are.equal(1, #repayments)
      assert.are.equal(5, repayments[1].amount_minor)
    end)

    it("and answers what is malformed with a plain error, then closes", function()
      local start = "GET " .. SCHEDULE .. " HTTP/1.1\r\n"
      local cases = {
        { "400", "nonsense\r\n\r\n" },
        { "400", "GET " .. SCHEDULE .. "\r\n\r\n" },
        { "400", "GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n" },
        { "505", "GET / HTTP/2.0\r\nHost: x\r\n\r\n" },
        { "400", start .. "\r\n" },
        { "400", start .. "Host : x\r\n\r\n" },
        { "400", start .. "Host: x\r\nHost: y\r\n\r\n" },
        { "400", start .. "Host: x\n\r\n\r\n" },
        { "400", start .. "Host: x\r\nA: b\0c\r\n\r\n" },
        { "400", start .. "Host: x\r\n folded\r\n\r\n" },
        { "414", "GET /" .. ("a"):rep(9000) .. " HTTP/1.1\r\nHost: x\r\n\r\n" },
        { "431", start .. "Host: x\r\nA: " .. ("a"):rep(40000) .. "\r\n\r\n" },
        { "431", start .. "Host: x\r\n" .. ("A: b\r\n"):rep(120) .. "\r\n" },
        { "400", start .. "Host: x\r\nContent-Length: -1\r\n\r\n" },
        { "400", start .. "Host: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n" },
        { "413", start .. "Host: x\r\nContent-Length: 1048577\r\n\r\n" },
        { "413", start .. "Host: x\r\nContent-Length: 99999999999999999999\r\n\r\n" },
        { "400", start .. "Host: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { "501", start .. "Host: x\r\nTransfer-Encoding: gzip\r\n\r\n" },
        { "400", start .. "Host: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" },
        { "400", start .. "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n" },
        { "413", start .. "Host: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n" },
      }
      for number, case in ipairs(cases) do
        local status, text, ended = raw(case[2])
        assert.are.equal(case[1], status, "case " .. number .. ": " .. text)
        assert.matches('{"error":"', text, 1, true)
        assert.are_not.equal("waiting", ended, "case " .. number)
      end
      assert.are.equal(200, select(2, server:request(requests.carbon_schedule())))
      assert.are.equal(1, server:ledger().request_count)
    end)
  end)

  describe("answers the commands that the pages print", function()
    -- Base URL and values replaced, the rest as printed.
    it("for fincode's list", function()
      local code, status, body = process.curl("--location",
        server.origin .. "/fincode/api/v1/services/user/list-customer-repayments/"
          .. "123e4567-e89b-12d3-a456-426614174000",
        "--header", "X-Auth-Token: " .. server.settings.fincode.token,
        "--header", "x-fapi-auth-date: 2024-01-15T10:30:00Z",
        "--header", "x-fapi-customer-ip-address: 192.168.1.1",
        "--header", "x-fapi-interaction-id: interaction-12345")
      assert.are.same({ 0, 200 }, { code, status })
      local value = json.plain(assert(json.read(body)))
      assert.are.equal("SUCCESS", value.status)
      local documented = { id = "string", loanRepaymentMethodEnum = "string",
        accountProductName = "string", customerName = "string", email = "string",
        repaymentAmount = "number", loanProductName = "string", principalBalance = "number",
        totalBalance = "number", loanAmountPaid = "boolean", creationDate = "string",
        paymentDueDate = "string", installmentCount = "number", accountId = "string",
        loanApplicationId = "string", totalPayable = "number" }
      local types = {}
      for name, member in pairs(value.data[1]) do types[name] = type(member) end
      assert.are.same(documented, types)
    end)

    it("for fincode's repayment", function()
      local code, status, body = process.curl("--location", "--request", "POST",
        server.origin .. "/fincode/api/v1/services/user/repay-loan/"
          .. "123e4567-e89b-12d3-a456-426614174000",
        "--header", "X-Auth-Token: " .. server.settings.fincode.token,
        "--header", "x-idempotency-key: unique-key-12345",
        "--header", "x-fapi-auth-date: 2024-01-15T10:30:00Z",
        "--header", "x-fapi-customer-ip-address: 192.168.1.1",
        "--header", "x-fapi-interaction-id: interaction-12345",
        "--header", "Content-Type: application/json",
        "--data", requests.fincode_repay().body)
      assert.are.same({ 0, 200 }, { code, status })
      local value = json.plain(assert(json.read(body)))
      assert.are.equal("SUCCESS", value.status)
      assert.are.equal(50000, value.data.repaymentAmount)
      assert.are.equal("PENDING_VERIFICATION", value.data.verificationStatus)
      local types = {}
      for name, member in pairs(value.data) do types[name] = type(member) end
      assert.are.same({ id = "string", repaymentAmount = "number", customerName = "string",
        email = "string", loanProductName = "string", repaymentReference = "string",
        verificationStatus = "string", message = "string" }, types)
    end)

    it("for carbon's schedule", function()
      local code, status, body = process.curl("--request", "GET",
        "--url", server.origin .. "/carbon/baas/api/v1/loans/LOAN_ABC123/repayments",
        "--header", "apikey: " .. server.settings.carbon.api_key,
        "--header", "x-carbon-key: " .. server.settings.carbon.carbon_key)
      assert.are.same({ 0, 200 }, { code, status })
      local file = assert(io.open("spec/fixtures/carbon/page_schedule.json", "rb"))
      local page = file:read("*a"):gsub("%s+", "")
      file:close()
      assert.are.equal(page, (body:gsub("%s+", "")))
    end)

    it("and pezesha's golden request, as in process", function()
      local code, status, body = server:request(requests.pezesha_schedule())
      assert.are.same({ 0, 200 }, { code, status })
      local reply = sandbox.new({ seed = 42, loans = 200 }):handle(requests.pezesha_schedule())
      assert.are.equal(reply.body, body)
    end)
  end)

  it("answers each route as the sandbox in process does", function()
    local box = sandbox.new({ seed = 42, loans = 200 })
    for _, entry in ipairs(requests.every(sandbox.new())) do
      if not entry[1]:find("^fincode log") and entry[1] ~= "fincode refresh"
        and entry[1] ~= "pezesha token" then
        local reply = box:handle(entry[2])
        local _, status, body = server:request(entry[2])
        assert.are.equal(reply.status, status, entry[1])
        assert.are.equal(reply.body, body, entry[1])
      end
    end
  end)

  describe("over TLS", function()
    it("is trusted through its own authority, for each of its names", function()
      local ca = server.tls_settings.carbon.ca_file
      local https = server.ports.https
      for _, origin in ipairs({ server.tls_origin, "https://127.0.0.1:" .. https,
        "https://provider.test:" .. https }) do
        local code, status = server:request(requests.carbon_schedule(), origin, "--cacert", ca,
          "--resolve", "provider.test:" .. https .. ":127.0.0.1")
        assert.are.same({ 0, 200 }, { code, status }, origin)
      end
    end)

    it("is refused without that authority, and by TLS before 1.2", function()
      local ca = server.tls_settings.carbon.ca_file
      assert.are.equal(60, (server:request(requests.carbon_schedule(), server.tls_origin)))
      assert.are.equal(35, (server:request(requests.carbon_schedule(), server.tls_origin,
        "--cacert", ca, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")))
    end)

    it("shows bad certificates on ports of their own", function()
      local ca = server.tls_settings.carbon.ca_file
      for name, words in pairs({ tls_expired = "expired", tls_wrong_host = "subject name",
        tls_self_signed = "self%-signed" }) do
        local code, _, _, _, complaint = server:request(requests.carbon_schedule(),
          "https://localhost:" .. server.ports[name], "--cacert", ca)
        assert.are.equal(60, code, name)
        assert.matches(words, complaint)
      end
      assert.are.equal(0, server:ledger().request_count)
    end)
  end)

  describe("is controlled", function()
    it("over routes that say what is wrong", function()
      assert.has_error(function() server:control("POST", "clock", { advance_ms = -1 }) end)
      -- A clock without a date would leave every answer after it without one.
      for _, ms in ipairs({ 1e300, 2 ^ 53, 2.6e14 }) do
        assert.has_error(function() server:control("POST", "clock", { advance_ms = ms }) end)
      end
      assert.are.equal(200, select(2, server:request(requests.carbon_schedule())))
      assert.has_error(function() server:control("POST", "faults", { kind = "nothing" }) end)
      assert.has_error(function() server:control("POST", "verify", { id = "nothing" }) end)
      assert.has_error(function() server:control("POST", "switches", { list = "rows" }) end)
      assert.has_error(function() server:control("GET", "nothing") end)
      assert.is_true(server:control("GET", "health").ready)
    end)

    it("to move the clock, verify, reject, turn switches and give tokens", function()
      local start = server:control("GET", "clock").unix_ms
      assert.are.equal(start + 5000, server:control("POST", "clock", { advance_ms = 5000 }).unix_ms)
      local ids_of = {}
      for number = 1, 2 do
        local _, _, body = server:request(requests.fincode_repay({}, "key-" .. number))
        ids_of[number] = json.plain(json.read(body)).data.id
      end
      assert.are.equal("VERIFIED", server:control("POST", "verify", { id = ids_of[1] }).status)
      assert.are.equal("REJECTED", server:control("POST", "reject", { id = ids_of[2] }).status)
      assert.is_true(server:control("POST", "switches", { list = "installments" }).set)
      local _, _, body = server:request(requests.fincode_list())
      assert.are.equal(9, #json.plain(json.read(body)).data)
      local token = server:control("POST", "token",
        { provider = "fincode", customer_id = ids.fincode.two_loans }).token
      local _, status = server:request(requests.fincode_list(ids.fincode.two_loans, token))
      assert.are.equal(200, status)
    end)

    it("from this machine only, under a local name", function()
      local code, status = process.curl("-H", "Host: elsewhere.example",
        server.origin .. "/_sandbox/ledger")
      assert.are.same({ 0, 403 }, { code, status })
      local reply = sandbox.new():handle({ method = "GET", target = "/_sandbox/ledger",
        headers = {}, peer = "192.0.2.1", host = "localhost" })
      assert.are.equal(403, reply.status)
    end)

    it("and keeps credentials out of its ledger", function()
      server:request(requests.carbon_schedule())
      server:request(requests.fincode_list())
      server:request(requests.pezesha_schedule())
      local text = json.write(server:ledger())
      for _, secret in ipairs({ "sandbox-carbon-api-key", "sandbox-carbon-key",
        "sandbox-fincode-token", "sandbox-pezesha-token" }) do
        assert.is_nil(text:find(secret, 1, true))
      end
    end)
  end)

  describe("stops", function()
    it("on its signal, at once, and takes its authority's file along", function()
      local other = process.start("--tls")
      local ca = other.tls_settings.carbon.ca_file
      assert.is_true(other:is_running())
      other:stop()
      assert.is_false(other:is_running())
      assert.matches("stopped: a signal", other.last_words)
      assert.is_nil(io.open(ca, "r"))
      assert.is_true(server:is_running())
    end)

    it("when nobody asks any more", function()
      local text = lines_of("lua5.4 lua/bin/repay sandbox --port 0 --idle 1")
      assert.matches("stopped: nobody asked for 1 seconds", text)
    end)

    it("when the process that started it is gone", function()
      -- The inner shell ends once its child is ready, which then finds itself without a parent.
      local name = os.tmpname()
      lines_of(("sh -c 'lua5.4 lua/bin/repay sandbox --port 0 --idle 60 >%s 2>&1 & "
        .. "until grep -q ^ready %s; do sleep 0.05; done'"):format(name, name))
      local text = lines_of(("timeout 30 sh -c 'until grep ^stopped %s; do sleep 0.05; done'")
        :format(name))
      os.remove(name)
      assert.matches("stopped: its parent is gone", text)
    end)
  end)

  it("survives many connections at once, and a malformed one among them", function()
    local connections = os.getenv("SANDBOX_CONNECTIONS") or "200"
    local count = os.getenv("SANDBOX_REQUESTS") or "4000"
    local text = lines_of("lua5.4 spec/support/sandbox_load.lua " .. port() .. " " .. connections
      .. " " .. count .. " & sleep 0.2; printf 'nonsense' | lua5.4 spec/support/raw_client.lua "
      .. port() .. " 00ff0d0a0d0a >/dev/null; wait")
    assert.matches("connections " .. connections .. " requests " .. count .. " failures 0", text)
    assert.are.equal(200, select(2, server:request(requests.carbon_schedule())))
    assert.is_true(server:ledger().request_count > tonumber(count))
  end)
end)

describe("the command repay sandbox", function()
  it("prints ready-to-paste settings for every provider", function()
    local server = process.start()
    local text = table.concat(server.lines, "\n")
    for _, provider in ipairs({ "fincode", "pezesha", "carbon" }) do
      assert.matches('repay%.open%("' .. provider .. '", { .*base_url = "' .. server.origin
        :gsub("%p", "%%%0"), text)
    end
    server:stop()
  end)

  it("is also what the interpreter does when it is asked for the server alone", function()
    local words = " -l repay.sandbox.server - --port 0 --idle 1"
    assert.matches("\nready http://127.0.0.1:%d+\nstopped: nobody", lines_of("lua5.4" .. words))
  end)

  it("lists switches and faults, and refuses what it does not know", function()
    local function command(words)
      local text = lines_of("lua5.4 lua/bin/repay " .. words .. "; echo status $?")
      return text, tonumber(text:match("status (%d+)\n$"))
    end
    local text, status = command("sandbox --switches")
    assert.are.equal(0, status)
    for _, switch in ipairs(sandbox.switch_list) do
      assert.matches(switch.name, text, 1, true)
    end
    text = command("sandbox --faults")
    for _, fault in ipairs(sandbox.fault_list) do
      assert.matches(fault.name, text, 1, true)
    end
    assert.are.equal(2, select(2, command("sandbox --ports 1")))
    assert.are.equal(2, select(2, command("sandbox --port many")))
    assert.are.equal(2, select(2, command("sandbox --set list")))
    for words, said in pairs({
      ["--set list=rows"] = "switch list is one of records, installments",
      ["--set lists=records"] = "no switch is called lists %(did you mean list%?%)",
      -- An option of the server is no switch.
      ["--set host=0.0.0.0"] = "no switch is called host",
      ["--set port=1"] = "no switch is called port",
      ["--set key_memory_ms=soon"] = "or another whole number of milliseconds",
      ["--set key_memory_ms=-5"] = "or another whole number of milliseconds",
      ["--port 70000"] = "option %-%-port must be a port, from 0 to 65535",
      ["--tls --tls-port 70000"] = "option %-%-tls%-port must be a port",
      ["--tls-port 8043"] = "option %-%-tls%-port needs %-%-tls",
      ["--ca-file x"] = "option %-%-ca%-file needs %-%-tls",
      ["--loans 200000"] = "option loans must be a whole number from 0 to 100000",
      ["--loans 200000 --print-loans"] = "option loans must be a whole number from 0 to 100000",
      ["--seed 99999999999999999999"] = "from 0 to 9007199254740991",
      ["--clock yesterday"] = "option clock must be an ISO 8601 moment",
    }) do
      text, status = command("sandbox " .. words)
      assert.are.equal(2, status, words)
      assert.matches("^repay: .*" .. said, text)
    end
    assert.are.equal(2, select(2, command("sandbocks")))
    assert.are.equal(0, select(2, command("--help")))
    assert.are.equal(0, select(2, command("sandbox --help")))
  end)

  it("tells its version from the build tree, or that there is none", function()
    local text = lines_of("env -u LUA_CPATH lua5.4 lua/bin/repay version; echo status $?")
    local built = io.open("build/lua54/repay/native/core.so", "rb")
    if built then
      built:close()
      assert.matches("^repay %d+%.%d+%.%d+\nstatus 0\n$", text)
    else
      assert.matches("compiled modules are missing.*status 1\n$", text)
    end
  end)
end)
