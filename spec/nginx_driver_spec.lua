-- The driver over cosockets: what it sends, how long it waits, what it keeps, and the true word
-- about what may have arrived. Servers are the spec's own; the calls run in a content handler.
local fixtures = require "spec.support.transport"
local loopback = require "spec.support.loopback"
local native = require "repay.native.core"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local FIXTURE = fixtures.read("carbon/schedule.200.json")
local LIST = fixtures.read("fincode/list.200.json")
local RECEIPT = fixtures.read("fincode/repay.200.json")

local function reply(status, body, fields)
  return ("HTTP/1.1 %d Text\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, fields or "", #body,
    body)
end

-- One call, or several one after the other by the same client: what each came to.
local ASK = [[
  local provider, port, changes, operations = ...
  local repay = require "repay"
  local options = provider == "carbon"
    and { api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }
    or { token = "SECRET-key-73", customer_ip = "192.168.1.1", currency = "NGN" }
  options.base_url = "http://127.0.0.1:" .. port
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  local client = assert(repay.open(provider, options))
  local arguments = {
    schedule = provider == "carbon" and { loan_id = "LOAN_ABC123" }
      or { customer_id = "123e4567-e89b-12d3-a456-426614174000" },
    repay = { customer_id = "123e4567-e89b-12d3-a456-426614174000",
      account_id = "223e4567-e89b-12d3-a456-426614174001",
      bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00",
      reference = "REF-2024-01-15-001", payment_date = "2024-01-15T10:00:00Z",
      narration = "Monthly installment payment", idempotency_key = "unique-key-12345" },
  }
  local seen = {}
  for i, operation in ipairs(operations or { "schedule" }) do
    local value, err = client[operation](client, arguments[operation])
    if err then
      seen[i] = { kind = err.kind, outcome = err.outcome, message = err.message,
        attempts = #err.attempts, status = err.http_status, key = err.idempotency_key,
        line = tostring(err) }
    elseif operation == "repay" then
      seen[i] = { amount_minor = value.amount_minor, attempts = #value.attempts }
    else
      seen[i] = { rows = #value }
      value:close()
    end
  end
  client:close()
  return #seen == 1 and seen[1] or seen
]]

-- The same, and what the client counted of its connections.
local COUNT = ASK:gsub("  client:close%(%)\n  return .*$", [[
  local stats = client:stats()
  client:close()
  return { opened = stats.connections_opened, reused = stats.connections_reused,
    attempts = stats.attempts }
]])

nginx.describer(describe, pending)("the driver inside nginx", function()
  local gateway
  local servers, silent = {}, nil

  setup(function()
    -- A name server that never answers.
    silent = assert(socket.udp())
    assert(silent:setsockname("127.0.0.1", 0))
    local _, silent_port = silent:getsockname()
    gateway = nginx.start {
      server = ([[
        location = /phases {
          set_by_lua_block $phase_set { return spec_ask("set") }
          rewrite_by_lua_block { spec_ask("rewrite") }
          access_by_lua_block { spec_ask("access") }
          content_by_lua_block {
            spec_ask("content")
            local thread = ngx.thread.spawn(function() spec_ask("light thread") end)
            ngx.thread.wait(thread)
            coroutine.wrap(function() spec_ask("coroutine") end)()
            ngx.timer.at(0, function() spec_ask("timer") end)
            ngx.say("done")
          }
          header_filter_by_lua_block { spec_ask("header_filter") }
          body_filter_by_lua_block { spec_ask("body_filter") }
          log_by_lua_block { spec_ask("log") }
        }
        location = /silent { resolver 127.0.0.1:%d; resolver_timeout 1s; %s }
      ]]):format(silent_port, nginx.RUN),
      http = "init_worker_by_lua_block { spec_ask('init_worker') }",
      init = [[
        function spec_ask(phase)
          local port = tonumber(os.getenv("SPEC_PORT"))
          local repay = require "repay"
          local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
            api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1 }))
          local schedule, err = client:schedule { loan_id = "LOAN_ABC123" }
          ngx.shared.repay:set("phase " .. phase, schedule and "ok" or tostring(err))
          client:close()
          return ""
        end
        spec_ask("init")
      ]],
      main = "env SPEC_PORT=" .. nginx.free_port() .. ";",
    }
  end)

  teardown(function()
    gateway:stop()
    silent:close()
  end)

  after_each(function()
    for _, server in ipairs(servers) do
      server:close()
    end
    servers = {}
  end)

  local function serve(...)
    local server = assert(loopback.listen("127.0.0.1"))
    for _, plan in ipairs { ... } do
      server:plan(plan)
    end
    servers[#servers + 1] = server
    return server
  end

  local function ask(provider, server, changes, operations)
    local port = type(server) == "number" and server or server:port()
    return gateway:run(ASK, provider, port, changes or {}, operations)
  end

  local function posts(server)
    local count = 0
    for _, request in ipairs(server:requests()) do
      count = count + (request:find("^POST ") and 1 or 0)
    end
    return count
  end

  describe("reads", function()
    it("and keeps the connection for the next one", function()
      local server = serve({ { "send", reply(200, FIXTURE) } })
      assert.same({ { rows = 2 }, { rows = 2 }, { rows = 2 } },
        ask("carbon", server, nil, { "schedule", "schedule", "schedule" }))
      assert.equal(1, server:connections())
    end)

    it("in any pieces, chunked, or until the end of the stream", function()
      local whole = reply(200, FIXTURE)
      local pieces = serve({ { "send", whole:sub(1, 30) }, { "stall", 5 },
        { "send", whole:sub(31, 200) }, { "stall", 5 }, { "send", whole:sub(201) } })
      assert.same({ rows = 2 }, ask("carbon", pieces))
      local chunked = serve({ { "send", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { "send", ("%x\r\n%s\r\n"):format(100, FIXTURE:sub(1, 100)) },
        { "send", ("%x\r\n%s\r\n0\r\n\r\n"):format(#FIXTURE - 100, FIXTURE:sub(101)) } })
      assert.same({ { rows = 2 }, { rows = 2 } },
        ask("carbon", chunked, nil, { "schedule", "schedule" }))
      assert.equal(1, chunked:connections())
      local ended = serve({ { "send", "HTTP/1.1 200 OK\r\n\r\n" .. FIXTURE }, { "close" } })
      assert.same({ { rows = 2 }, { rows = 2 } },
        ask("carbon", ended, nil, { "schedule", "schedule" }))
      assert.equal(2, ended:connections())
    end)

    it("and does not keep a connection that the server will close, or that holds too much",
      function()
        local closing = serve({ { "send", reply(200, FIXTURE, "Connection: close\r\n") } })
        ask("carbon", closing, nil, { "schedule", "schedule" })
        assert.equal(2, closing:connections())
        local excess = serve({ { "send", reply(200, FIXTURE) .. "HTTP/1.1 200 OK\r\n\r\n" } })
        ask("carbon", excess, nil, { "schedule", "schedule" })
        assert.equal(2, excess:connections())
      end)

    it("again at once on a fresh connection when the kept one has died", function()
      local server = serve({ { "send", reply(200, FIXTURE) } }, { { "close" } },
        { { "send", reply(200, FIXTURE) } })
      assert.same({ { rows = 2 }, { rows = 2 } },
        ask("carbon", server, { attempts = 1 }, { "schedule", "schedule" }))
      assert.equal(2, server:connections())
      assert.equal(3, #server:requests())
    end)

    it("and uses no connection on which more came than was asked for", function()
      local poisoned = serve({ { "send", reply(200, FIXTURE) }, { "stall", 50 },
        { "send", reply(400, "{}") } }, { { "send", reply(200, FIXTURE) } })
      assert.same({ rows = 2 }, ask("carbon", poisoned))
      socket.sleep(0.15)
      assert.same({ rows = 2 }, ask("carbon", poisoned))
      assert.equal(2, poisoned:connections())
    end)

    it("and counts the connections that it opened and those that it used again", function()
      local function count(server, operations, changes)
        return gateway:run(COUNT, operations[1] == "repay" and "fincode" or "carbon",
          type(server) == "number" and server or server:port(), changes or {}, operations)
      end
      local three = { "schedule", "schedule", "schedule" }
      assert.same({ opened = 1, reused = 2, attempts = 3 },
        count(serve({ { "send", reply(200, FIXTURE) } }), three))
      assert.same({ opened = 3, reused = 0, attempts = 3 },
        count(serve({ { "send", reply(200, FIXTURE, "Connection: close\r\n") } }), three))
      -- The kept one was dead: it was used all the same.
      assert.same({ opened = 2, reused = 1, attempts = 3 },
        count(serve({ { "send", reply(200, FIXTURE) } }, { { "close" } },
          { { "send", reply(200, FIXTURE) } }), { "schedule", "schedule" }))
      assert.same({ opened = 0, reused = 0, attempts = 1 },
        count(loopback.dead_port(), { "schedule" }, { attempts = 1 }))
      assert.same({ opened = 2, reused = 0, attempts = 2 },
        count(serve({ { "send", reply(200, RECEIPT) } }), { "repay", "repay" }))
    end)

    it("and says what went wrong on the way", function()
      local cases = {
        { "connection_lost", { "send", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{" },
          { "close" } },
        { "connection_lost", { "close" } },
        { "connection_lost", { "reset" } },
        { "bad_response", { "send", "SSH-2.0-OpenSSH_9.2\r\n\r\n" } },
        { "too_large", { "send", reply(200, (" "):rep(5000)) } },
        { "unavailable", { "send", reply(503, "") } },
      }
      for _, case in ipairs(cases) do
        local server = serve({ unpack(case, 2) })
        local seen = ask("carbon", server, { attempts = 1, body_size_max = 4096 })
        assert.equal(case[1], seen.kind, seen.line)
        assert.is_nil(seen.line:find("SECRET", 1, true))
      end
      local seen = ask("carbon", loopback.dead_port(), { attempts = 1 })
      assert.same({ "connect", "not_sent" }, { seen.kind, seen.outcome })
    end)

    it("over several attempts, waiting as it is told", function()
      local server = serve({ { "send", reply(503, "") } }, { { "close" } },
        { { "send", reply(200, FIXTURE) } })
      local begun = socket.gettime()
      assert.same({ rows = 2 },
        ask("carbon", server, { attempts = 3, retry_base_ms = 20, retry_cap_ms = 60 }))
      assert.equal(3, #server:requests())
      assert.is_true(socket.gettime() - begun < 2)
    end)
  end)

  describe("keeps its deadlines", function()
    local function timed(...)
      local begun = native.now_ms()
      local seen = ask(...)
      return seen, native.now_ms() - begun
    end

    it("while bytes drip (A10)", function()
      local drip = {}
      for i = 1, 4 do
        drip[2 * i - 1], drip[2 * i] = { "send", ("HTTP"):sub(i, i) }, { "stall", 400 }
      end
      local limits = { attempts = 1, attempt_timeout_ms = 1000 }
      local seen, took_ms = timed("carbon", serve(drip), limits)
      assert.equal("timeout", seen.kind)
      assert.is_true(took_ms >= 1000 and took_ms <= 1100, took_ms)
    end)

    it("until the first byte, for an attempt and for the whole call", function()
      local server = serve({ { "stall", 20000 } })
      local limits = { { first_byte_timeout_ms = 200 }, { attempt_timeout_ms = 200 },
        { timeout_ms = 200, attempts = 5 } }
      for _, limit in ipairs(limits) do
        limit.attempts = limit.attempts or 1
        local seen, took_ms = timed("carbon", server, limit)
        assert.equal("timeout", seen.kind)
        assert.is_true(took_ms >= 200 and took_ms <= 500, took_ms)
      end
    end)

    it("while no secure connection comes about", function()
      local server = serve({ { "stall", 20000 } })
      local seen, took_ms = timed("carbon", server, { attempts = 1, connect_timeout_ms = 200,
        base_url = "https://provider.test", connect = "127.0.0.1:" .. server:port() })
      assert.same({ "timeout", "not_sent" }, { seen.kind, seen.outcome })
      assert.is_true(took_ms >= 200 and took_ms <= 500, took_ms)
    end)

    it("while a name look-up hangs", function()
      local begun = native.now_ms()
      local seen = gateway:run_at("/silent", ASK, "carbon", 443, { attempts = 1,
        connect_timeout_ms = 300, base_url = "https://provider.test" })
      assert.same({ "timeout", "not_sent" }, { seen.kind, seen.outcome })
      local took_ms = native.now_ms() - begun
      assert.is_true(took_ms >= 300 and took_ms <= 600, took_ms)
    end)
  end)

  it("says that nginx knows no names, and what helps", function()
    local seen = ask("carbon", 1, { attempts = 1, base_url = "https://provider.test" })
    assert.same({ "dns", "not_sent" }, { seen.kind, seen.outcome })
    assert.truthy(seen.message:find("resolver directive, or the option connect", 1, true))
  end)

  it("reads no more than a reply's head may hold (A9)", function()
    local server = serve({ { "send", "HTTP/1.1 200 OK\r\nX-Endless: " },
      { "repeat", ("a"):rep(65536), 3200 } })
    local pid = gateway:workers()[1]
    ask("carbon", serve({ { "send", reply(200, FIXTURE) } }))
    local before = nginx.memory_kib(pid)
    local seen = ask("carbon", server, { attempts = 1 })
    assert.equal("too_large", seen.kind)
    assert.is_true(nginx.memory_kib(pid) - before <= 1024)
  end)

  describe("repays", function()
    it("on a fresh connection that is not used again", function()
      local server = serve({ { "send", reply(200, LIST) } }, { { "send", reply(200, RECEIPT) } },
        { { "send", reply(200, LIST) } })
      local seen = ask("fincode", server, nil, { "schedule", "repay", "schedule" })
      assert.same({ amount_minor = 5000000, attempts = 1 }, seen[2])
      assert.equal(2, server:connections())
      assert.equal(1, posts(server))
    end)

    it("once, whatever happens to the connection", function()
      local cases = {
        { "connection_lost", { "close" } },
        { "connection_lost", { "reset" } },
        { "connection_lost", { "send", reply(200, RECEIPT):sub(1, -20) }, { "close" } },
        { "timeout", { "stall", 20000 } },
        { "bad_response", { "send", "nonsense\r\n\r\n" } },
      }
      for _, case in ipairs(cases) do
        local server = serve({ unpack(case, 2) })
        local seen = ask("fincode", server, { attempts = 5, attempt_timeout_ms = 300 }, { "repay" })
        assert.same({ case[1], "unknown", 1 }, { seen.kind, seen.outcome, seen.attempts })
        assert.equal("unique-key-12345", seen.key)
        assert.equal(1, posts(server))
      end
    end)

    it("again only when nothing of it left", function()
      local seen = ask("fincode", loopback.dead_port(),
        { attempts = 3, retry_base_ms = 1, retry_cap_ms = 5 }, { "repay" })
      assert.same({ "connect", "not_sent", 3 }, { seen.kind, seen.outcome, seen.attempts })
    end)
  end)

  describe("when the request that asked is gone", function()
    -- One place; whoever has it is gone, and so is one who waited for it.
    it("gives its place to the next one, and counts nobody as waiting who is dead", function()
      local provider = nginx.start { server = "location / { " .. nginx.PROVIDER .. " }" }
      local aborting = nginx.start {
        init = ([[
          require("repay.ngx").configure { concurrency = 1 }
          spec_client = assert(require("repay").open("carbon", {
            base_url = "http://127.0.0.1:%d", api_key = "SECRET-key-71",
            carbon_key = "SECRET-key-72", attempts = 1, attempt_timeout_ms = 700 }))
        ]]):format(provider.port),
        server = [[
          location = /abort {
            lua_check_client_abort on;
            content_by_lua_block {
              ngx.on_abort(function()
                ngx.shared.repay:incr("aborted", 1, 0)
                ngx.exit(499)
              end)
              spec_client:schedule { loan_id = "delay-5000" }
              ngx.shared.repay:incr("ended", 1, 0)
            }
          }
        ]],
      }
      for _ = 1, 2 do
        local gone = { aborting:send("GET", "/abort"), aborting:send("GET", "/abort") }
        socket.sleep(0.1)
        gone[1]:close()
        gone[2]:close()
      end
      local seen = aborting:run([[
        local native = require "repay.native.core"
        local begun, times = native.now_ms(), {}
        for i = 1, 3 do
          local schedule, err = spec_client:schedule { loan_id = "now" }
          times[i] = schedule and native.now_ms() - begun or tostring(err)
          if i == 1 and not schedule then
            -- It waited as long as it might; the dead one's time was not over yet.
            ngx.sleep(1.2)
            begun = native.now_ms()
          end
        end
        return { times = times, aborted = ngx.shared.repay:get("aborted"),
          ended = ngx.shared.repay:get("ended") }
      ]])
      aborting:stop()
      provider:stop()
      assert.same({ aborted = 4 }, { aborted = seen.aborted, ended = seen.ended })
      assert.is_true(seen.times[2] <= 200, seen.times[2])
      assert.is_true(seen.times[3] <= 300, seen.times[3])
    end)

    it("ends a repayment all the same while nginx looks for no abort", function()
      local server = serve({ { "stall", 300 }, { "send", reply(200, RECEIPT) } })
      local client = gateway:begin(([[
        %s
      ]]):format(ASK:gsub("return #seen == 1.*$",
        "ngx.shared.repay:set('abandoned', seen[1].amount_minor or seen[1].line)")), "fincode",
        server:port(), {}, { "repay" })
      socket.sleep(0.1)
      client:close()
      assert.is_true(nginx.wait_until(5, function()
        return gateway:run("return ngx.shared.repay:get('abandoned')") == 5000000
      end))
      assert.equal(1, posts(server))
    end)
  end)

  it("bounds what a worker has under way towards a host (A14)", function()
    local provider = nginx.start { server = "location / { " .. nginx.PROVIDER .. " }" }
    local answer = gateway:run([[
      local port = ...
      local native = require "repay.native.core"
      local driver = require "repay.ngx"
      local repay = require "repay"
      driver.configure { concurrency = 8 }
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1 }))
      local begun, failed = native.now_ms(), 0
      local threads = {}
      for i = 1, 64 do
        threads[i] = ngx.thread.spawn(function()
          local schedule = client:schedule { loan_id = "delay-100" }
          failed = failed + (schedule and 0 or 1)
        end)
      end
      for i = 1, 64 do
        ngx.thread.wait(threads[i])
      end
      local took_ms = native.now_ms() - begun
      -- A request that dies in the middle gives nothing back; its places come free all the same.
      local brief = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1,
        attempt_timeout_ms = 500 }))
      for i = 1, 8 do
        threads[i] = ngx.thread.spawn(function()
          brief:schedule { loan_id = "delay-1000" }
        end)
      end
      ngx.sleep(0.05)
      for i = 1, 8 do
        ngx.thread.kill(threads[i])
      end
      local schedule, err = brief:schedule { loan_id = "now" }
      local refused = tostring(err)
      local later = client:schedule { loan_id = "now" }
      driver.configure { concurrency = 64 }
      return { took_ms = took_ms, failed = failed, refused = refused, later = later and #later }
    ]], provider.port)
    provider:stop()
    assert.equal(0, answer.failed)
    assert.is_true(answer.took_ms >= 800 and answer.took_ms <= 1000, answer.took_ms)
    assert.truthy(answer.refused:find("timeout, not_sent", 1, true), answer.refused)
    assert.equal(2, answer.later)
  end)

  it("works in every phase where nginx can wait, and names those where it cannot", function()
    local port = tonumber(nginx.read(gateway.prefix .. "/nginx.conf"):match("SPEC_PORT=(%d+)"))
    local provider = nginx.start {
      http = ("server { listen 127.0.0.1:%d; location / { %s } }"):format(port, nginx.PROVIDER),
    }
    assert.equal(200, (gateway:ask("GET", "/phases")))
    socket.sleep(0.1)
    local seen = gateway:run([[
      local seen = {}
      for _, key in ipairs(ngx.shared.repay:get_keys()) do
        local phase = key:match("^phase (.*)")
        if phase then seen[phase] = ngx.shared.repay:get(key) end
      end
      return seen
    ]])
    provider:stop()
    for _, phase in ipairs { "rewrite", "access", "content", "light thread", "coroutine",
      "timer" } do
      assert.equal("ok", seen[phase], phase)
    end
    for _, phase in ipairs { "init", "init_worker", "set", "header_filter", "body_filter",
      "log" } do
      assert.equal("carbon schedule LOAN_ABC123: nginx lets nobody wait for the network in its"
        .. " phase " .. phase .. " [unsupported_phase, not_sent]; run the call"
        .. " in ngx.timer.at(0, ...)", seen[phase])
    end
  end)

  it("lets a call that was refused for its phase run elsewhere, once", function()
    local server = serve({ { "send", reply(200, FIXTURE) } })
    local seen = gateway:run([[
      local port = ...
      local repay = require "repay"
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }))
      local call = assert(client:prepare("schedule", { loan_id = "LOAN_1" }))
      local phase, real = "log", ngx.get_phase
      ngx.get_phase = function() return phase end
      local _, err = call:perform()
      ngx.get_phase = real
      local schedule = call:perform()
      local ok, raised = pcall(call.perform, call)
      return { err.kind, schedule and #schedule, ok, (tostring(raised):gsub("^.-: ", "")) }
    ]], server:port())
    assert.same({ "unsupported_phase", 2, false, "repay.call runs once, and it has run" }, seen)
  end)

  it("refuses at open what only nginx's own configuration can say", function()
    local seen = gateway:run([[
      local repay = require "repay"
      local seen = {}
      for _, name in ipairs { "ca_file", "proxy" } do
        local client, err = repay.open("carbon", { environment = "sandbox", api_key = "k-123456",
          carbon_key = "k-123457", [name] = name == "proxy" and "http://127.0.0.1:1" or "/ca.pem" })
        seen[#seen + 1] = client and "opened" or err.message
      end
      local wrong = { { concurrenc = 1 }, { concurrency = 0 }, { keepalive_ms = "1" } }
      for _, options in ipairs(wrong) do
        local ok, raised = pcall(require("repay.ngx").configure, options)
        seen[#seen + 1] = ok and "taken" or raised:gsub("^[^ ]*%d: ", "")
      end
      return seen
    ]])
    assert.same({
      "ca_file has no effect inside nginx; set lua_ssl_trusted_certificate instead",
      "proxy has no effect inside nginx; use a transport, like that of repay.resty_http",
      "repay.ngx: unknown option 'concurrenc'",
      "repay.ngx: option 'concurrency' must be a whole number above 0",
      "repay.ngx: option 'keepalive_ms' must be a whole number above 0",
    }, seen)
  end)
end)
