-- The curl driver's reads: what leaves, what is tried again, what each misbehaviour is called, and
-- how long it may take.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local transport = require "spec.support.transport"
local wire = require "spec.support.wire"

local SCHEDULE = wire.fixture("carbon/schedule.200.json")
local HEAD = "HTTP/1.1 200 OK\r\n"
local UUID = ("x-x-x-x-x"):gsub("x", "%%x+"):gsub("%-", "%%-")

local golden_settings = {
  carbon = { api_key = "CARBON-API-KEY", carbon_key = "CARBON-MERCHANT-KEY" },
  pezesha = { token = "PEZESHA-TOKEN" },
  fincode = { token = "FINCODE-TOKEN" },
}

-- A golden file has the provider's host; moments and ids that are drawn anew each time are checked
-- for their form alone. In which order headers come means nothing, so they are sorted.
local function comparable(request, host)
  local head, body = request:gsub("\r\n", "\n"):match("^(.-\n)\n(.*)$")
  head = head:gsub("(\nHost: )[^\n]*", "%1" .. host)
    :gsub("(\nx%-fapi%-auth%-date: )%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ", "%1MOMENT")
    :gsub("(\nx%-fapi%-interaction%-id: )" .. UUID, "%1UUID")
    :gsub("(\nx%-idempotency%-key: )" .. UUID, "%1UUID")
  local lines = {}
  for line in head:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  local first = table.remove(lines, 1)
  table.sort(lines)
  return first .. "\n" .. table.concat(lines, "\n") .. "\n\n" .. body:gsub("\n$", "")
end

-- The header lines of a request by name, in lower case; none may come twice.
local function headers_of(request)
  local headers = {}
  for name, value in request:match("^[^\n]+\n(.-\r\n)\r\n"):gmatch("([^\r\n:]+): ([^\r\n]*)\r\n") do
    name = name:lower()
    assert.is_nil(headers[name], "twice: " .. name)
    headers[name] = value
  end
  return headers
end

local function read(server, changes)
  return wire.ask("carbon", "schedule", server, helper.copy({ attempts = 1 }, changes))
end

local function error_of(plan, changes)
  local server = wire.server(plan)
  local err = helper.fails(read(server, changes))
  return err, server
end

describe("a read over curl", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("sends the documented bytes and nothing else", function()
    local cases = {
      { "carbon", "schedule", "/baas/api" },
      { "pezesha", "schedule", "" },
      { "fincode", "schedule", "/api/v1/services" },
      { "fincode", "pending", "/api/v1/services" },
      { "fincode", "repaid", "/api/v1/services" },
      { "fincode", "repay", "/api/v1/services" },
    }
    for _, case in ipairs(cases) do
      local provider, operation = case[1], case[2]
      local server = wire.server({ { "send", wire.reply(500, "") } })
      local host = "127.0.0.1:" .. server:port()
      helper.fails(wire.ask(provider, operation, server, helper.copy(golden_settings[provider], {
        base_url = "http://" .. host .. case[3], attempts = 1,
      })))
      local expected = transport.read(("%s/%s.request"):format(provider, operation))
      assert.equal(comparable(expected, host), comparable(server:requests()[1], host))
    end
  end)

  it("reads the documented rows", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local schedule = helper.ok(read(server))
    assert.equal(2, #schedule)
    assert.equal(7199999, schedule[1].total_due_minor)
    schedule:close()
  end)

  it("reads a reply that comes byte by byte", function()
    local plan = {}
    local body = transport.read("carbon/schedule.200.json")
    local third = math.floor(#body / 3)
    for _, piece in ipairs { HEAD, "Transfer-Encoding: chunked\r\n\r\n",
      ("%x\r\n%s\r\n"):format(third, body:sub(1, third)),
      ("%x\r\n%s\r\n0\r\n\r\n"):format(#body - third, body:sub(third + 1)) } do
      plan[#plan + 1] = { "send", piece }
      plan[#plan + 1] = { "stall", 20 }
    end
    local schedule = helper.ok(read(wire.server(plan)))
    assert.equal(2, #schedule)
    schedule:close()
  end)

  it("never brings one client's host, id or key to another, whatever the ids are", function()
    local curl = require "repay.curl"
    local ids = {
      "LOAN_1", "a/b?c=d#e", "@evil.test", "//evil.test/x", "http://evil.test/", "..%2f..", "%00",
      "?apikey=1", ";type=a", "\\evil.test\\", ":443", " HTTP/1.1", "id&loan=2", "é",
      ("x"):rep(200), "LOAN_1",
    }
    local servers, clients, wanted = {}, {}, {}
    for i = 1, 2 do
      servers[i] = wire.server({ { "send", SCHEDULE } })
      clients[i] = wire.open("carbon", servers[i],
        { attempts = 1, api_key = "api-key-of-" .. i, carbon_key = "carbon-key-of-" .. i })
    end
    -- One place: every call finds the handle as the other client's call has left it.
    local engine = assert(curl.engine(1))
    for _, id in ipairs(ids) do
      for i = 1, 2 do
        local call = assert(clients[i]:prepare("schedule", { loan_id = id }))
        local url = clients[i]:request("schedule", { loan_id = id }).url
        wanted[#wanted + 1] = { i, url:match("^http://[^/]+(.*)$") }
        assert(engine:add(call))
        helper.ok((function()
          repeat until engine:step(100)
          return call:result()
        end)()):close()
        call:close()
      end
    end
    engine:close()
    for at, want in ipairs(wanted) do
      local i, target = want[1], want[2]
      local request = servers[i]:requests()[math.ceil(at / 2)]
      local headers = headers_of(request)
      assert.equal("GET " .. target .. " HTTP/1.1", request:match("^([^\r\n]*)\r\n"))
      assert.same({
        host = "127.0.0.1:" .. servers[i]:port(), apikey = "api-key-of-" .. i,
        ["x-carbon-key"] = "carbon-key-of-" .. i, accept = "application/json",
        ["accept-encoding"] = "identity",
      }, headers)
    end
    for i = 1, 2 do
      assert.equal(#ids, #servers[i]:requests())
      assert.equal(1, servers[i]:connections())
      clients[i]:close()
    end
  end)

  it("keeps its connection for the next read, also of another client", function()
    local server = wire.server({ { "send", SCHEDULE } })
    for _ = 1, 3 do
      helper.ok(read(server)):close()
    end
    assert.equal(1, server:connections())
    assert.equal(3, #server:requests())
  end)

  it("is tried again at once, and once, when a kept connection was dead", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "close" } }, { { "send", SCHEDULE } })
    helper.ok(read(server)):close()
    helper.ok(read(server)):close()
    -- The dead one, the one on which libcurl was not allowed to repeat it, and ours.
    assert.equal(3, server:connections())
    assert.equal(3, #server:requests())
  end)

  it("is not tried again a second time for that reason", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "close" } })
    helper.ok(read(server)):close()
    local err = helper.fails(read(server))
    assert.equal("connection_lost", err.kind)
    assert.equal(2, #err.attempts)
    assert.equal(3, #server:requests())
  end)

  it("is tried again after passing faults", function()
    local server = wire.server({ { "reset" } }, { { "send", wire.reply(503, "") } },
      { { "send", SCHEDULE } })
    local schedule = helper.ok(read(server,
      { attempts = 3, retry_base_ms = 1, retry_cap_ms = 2 }))
    schedule:close()
    assert.equal(3, #server:requests())
  end)

  it("hands no credential on to where a redirect points", function()
    local other = wire.server({ { "send", SCHEDULE } })
    local target = "Location: http://127.0.0.1:" .. other:port() .. "/"
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local err = error_of({ { "send", wire.reply(status, "", { target }) } })
      assert.equal(status, err.http_status)
      assert.truthy(tostring(err):find(tostring(status), 1, true))
    end
    assert.equal(0, other:connections())
  end)

  it("names what went wrong", function()
    local deep = { { "send", HEAD .. "A: " }, { "repeat", ("a"):rep(1000), 400 } }
    local cases = {
      { "connection_lost", { { "close" } } },
      { "connection_lost", { { "reset" } } },
      { "connection_lost", { { "send", HEAD .. "Content-Le" }, { "close" } } },
      { "connection_lost", { { "send", SCHEDULE:sub(1, -10) }, { "close" } } },
      { "bad_response", { { "send", "no HTTP at all\r\n\r\n" }, { "close" } } },
      { "bad_response", { { "send", wire.reply(200, "") } } },
      { "bad_response", { { "send", wire.reply(200, "<html></html>") } } },
      { "bad_response", { { "send", (SCHEDULE:gsub("Length: %d+", "Length: 100")) } } },
      { "bad_response", { { "send", HEAD .. "Content-Length: 3\r\n" .. SCHEDULE:sub(20) } } },
      { "bad_response", { { "send", HEAD .. "Transfer-Encoding: gzip\r\n\r\nxx" }, { "close" } } },
      { "bad_response", { { "send", wire.reply(200, "\31\139", { "Content-Encoding: gzip" }) } } },
      { "bad_response", { { "send", "HTTP/1.1 101 Away\r\nUpgrade: x\r\n\r\n" }, { "close" } } },
      { "too_large", deep },
      { "too_large", { { "send", HEAD }, { "repeat", "Field: value\r\n", 4000 } } },
      { "too_large", { { "send", HEAD }, { "repeat", "A: b\r\n", 101 }, { "send", "\r\n" } } },
    }
    for i, case in ipairs(cases) do
      local err, server = error_of(case[2])
      assert.equal(case[1], err.kind, "case " .. i .. ": " .. tostring(err))
      assert.equal("unknown", err.outcome, "case " .. i)
      assert.equal(1, #server:requests(), "case " .. i)
    end
  end)

  it("stops at the ceiling of its body, whatever length was promised", function()
    local row = '{"dueDate":"2025-02-15","totalDue":1,"paidAmount":0,"status":"UNPAID"},'
    local err = error_of({
      { "send", HEAD .. '\r\n{"status":"success","data":{"schedule":[' },
      { "repeat", row, 100000 },
    }, { body_size_max = 65536 })
    assert.equal("too_large", err.kind)
  end)

  it("ends within 50 ms of its deadline", function()
    -- A busy machine may wake us late now and then; an engine that is late is late every time.
    local function timed(plan, changes, expected_ms)
      local server = wire.server(plan)
      local took
      for _ = 1, 5 do
        local begun = native.now_ms()
        local err = helper.fails(read(server, changes))
        took = native.now_ms() - begun
        assert.equal("timeout", err.kind)
        assert.truthy(took >= expected_ms, ("took only %d ms"):format(took))
        if took <= expected_ms + 50 then
          return
        end
      end
      error(("took %d ms instead of %d"):format(took, expected_ms))
    end
    timed({ { "stall", 20000 } }, { first_byte_timeout_ms = 200 }, 200)
    timed({ { "stall", 20000 } }, { attempt_timeout_ms = 200 }, 200)
    timed({ { "stall", 20000 } }, { timeout_ms = 250, attempts = 3 }, 250)
    timed({ { "send", HEAD .. "Content-Length: 9\r\n\r\n{" }, { "stall", 20000 } },
      { attempt_timeout_ms = 200 }, 200)
  end)

  it("connects to IPv6 where there is one", function()
    local server = wire.server_ipv6({ { "send", SCHEDULE } })
    if not server then
      pending("this machine has no IPv6")
      return
    end
    helper.ok(read(server, { base_url = "http://[::1]:" .. server:port() })):close()
    assert.truthy(server:requests()[1]:find("\r\nHost: [::1]:" .. server:port() .. "\r\n", 1, true))
    helper.ok(read(server, {
      base_url = "http://localhost", connect = "[::1]:" .. server:port(),
    })):close()
    assert.truthy(server:requests()[2]:find("\r\nHost: localhost\r\n", 1, true))
  end)

  it("connects where it is told to, under the name of its URL", function()
    local server = wire.server({ { "send", SCHEDULE } })
    helper.ok(read(server, {
      base_url = "http://localhost:81", connect = "127.0.0.1:" .. server:port(),
    })):close()
    assert.truthy(server:requests()[1]:find("\r\nHost: localhost:81\r\n", 1, true))
  end)

  it("asks a proxy that was named, and shows it no credential", function()
    local server = wire.server({ { "send", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" } })
    local err = helper.fails(read(wire.dead_port(), {
      proxy = "http://127.0.0.1:" .. server:port(),
    }))
    assert.equal("connect", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.truthy(server:requests()[1]:find("^CONNECT "))
    helper.no_secret(server:requests()[1])
  end)

  it("can be cancelled before it runs, and runs once", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local client = wire.open("carbon", server)
    local call = assert(client:prepare("schedule", helper.arguments.carbon.schedule))
    call:cancel()
    local err = helper.fails(call:perform())
    assert.equal("cancelled", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, server:connections())
    assert.equal("repay.call runs once, and it has run", helper.raises(function()
      call:perform()
    end))
    call:close()
    client:close()
  end)

  it("refuses inside nginx, before libcurl is loaded", function()
    local client = wire.open("carbon", wire.dead_port())
    local call = assert(client:prepare("schedule", helper.arguments.carbon.schedule))
    local curl = require "repay.curl"
    rawset(_G, "ngx", {})
    local value, err = curl.engine(1, call)
    rawset(_G, "ngx", nil)
    err = helper.fails(value, err)
    assert.equal("unsupported_phase", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal("carbon", err.provider)
    assert.equal("libcurl is refused inside nginx, because it would stop the whole worker",
      err.message)
    call:close()
    client:close()
  end)

  it("is interrupted by an error from a hook, and leaves the engine usable", function()
    local server = wire.server({ { "stall", 20000 } }, { { "send", SCHEDULE } })
    local client = wire.open("carbon", server)
    local call = assert(client:prepare("schedule", helper.arguments.carbon.schedule))
    local begun = native.now_ms()
    debug.sethook(function()
      if native.now_ms() - begun > 50 then
        debug.sethook()
        error("interrupted!", 0)
      end
    end, "", 1)
    local ok, raised = pcall(call.perform, call)
    debug.sethook()
    assert.is_false(ok)
    assert.truthy(tostring(raised):find("interrupted!", 1, true))
    assert.truthy(native.now_ms() - begun < 1000)
    call:close()
    helper.ok(client:schedule(helper.arguments.carbon.schedule)):close()
    client:close()
  end)
end)

describe("the environment", function()
  helper.watch(after_each)
  wire.watch(after_each)

  -- Set before the process starts, as a user's would be.
  it("names no proxy and no netrc to the curl driver #plain", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local home = os.tmpname()
    os.remove(home)
    assert.truthy(os.execute("mkdir " .. home))
    local netrc = assert(io.open(home .. "/.netrc", "w"))
    netrc:write("machine 127.0.0.1 login NETRC-LOGIN password NETRC-PASSWORD\n")
    netrc:close()
    local script = assert(io.open(home .. "/read.lua", "w"))
    script:write(([[
      local repay = require "repay"
            local client = assert(repay.open("carbon", {
        base_url = "http://127.0.0.1:%d", api_key = "key-1234", carbon_key = "key-5678",
      }))
      local schedule = assert(client:schedule { loan_id = "LOAN_1" })
      io.write(#schedule)
    ]]):format(server:port()))
    script:close()
    local proxy = "http://127.0.0.1:" .. wire.dead_port()
    local command = ("HOME='%s' http_proxy='%s' https_proxy='%s' all_proxy='%s' ALL_PROXY='%s'"
      .. " LUA_PATH='%s' LUA_CPATH='%s' %s '%s/read.lua' 2>&1"):format(home, proxy, proxy, proxy,
      proxy, package.path, package.cpath, helper.is_luajit and "luajit" or "lua5.4", home)
    local pipe = assert(io.popen(command))
    local output = pipe:read("*a")
    pipe:close()
    os.remove(home .. "/.netrc")
    os.remove(home .. "/read.lua")
    os.remove(home)
    assert.equal("2", output)
    assert.is_nil(server:requests()[1]:lower():find("authorization", 1, true))
  end)
end)

describe("repay.native.curl", function()
  wire.watch(after_each)

  it("refuses what it cannot use, at the caller's line or with a kind", function()
    local curl = require "repay.curl"
    local module = require "repay.native.curl"
    assert.truthy(module.libcurl:find("^%d+%.%d+%.%d+"))
    for _, slots in ipairs { 0, 1025, 1.5, -1, 0 / 0, "1" } do
      assert.is_false(pcall(module.engine, slots))
    end
    local engine = assert(curl.engine(2))
    assert.equal("repay.curl_engine: 0 of 2 calls", tostring(engine))
    assert.is_false(pcall(engine.add, engine, {}))
    assert.is_false(pcall(engine.step, engine, -1))
    assert.is_nil(engine:step(0))
    assert.is_false(engine:is_inherited())
    engine:close()
    engine:close()
    assert.equal("repay.curl_engine (closed)", tostring(engine))
    local ok, raised = pcall(engine.step, engine, 0)
    assert.is_false(ok)
    assert.truthy(raised:find("repay.curl_engine is closed", 1, true))
  end)

  it("runs many calls at once and hands each out when it ends", function()
    local curl = require "repay.curl"
    local server = wire.server({ { "send", SCHEDULE } })
    local engine = assert(curl.engine(8))
    local client = wire.open("carbon", server)
    local begun, ended, rows, inside = 0, 0, 0, {}
    while ended < 100 do
      while begun < 100 and engine:count() < engine:slots() do
        local call = assert(client:prepare("schedule", { loan_id = "LOAN_" .. begun }))
        assert(engine:add(call))
        inside[call] = true
        begun = begun + 1
      end
      local call = engine:step(100)
      if call then
        assert.is_true(inside[call])
        inside[call] = nil
        local schedule = helper.ok(call:result())
        rows = rows + #schedule
        schedule:close()
        call:close()
        ended = ended + 1
      end
    end
    assert.equal(200, rows)
    assert.is_nil(next(inside))
    assert.truthy(server:connections() <= 8)
    engine:close()
    client:close()
  end)

  it("lets go of calls that were removed, closed or left inside", function()
    local curl = require "repay.curl"
    local server = wire.server({ { "stall", 20000 } })
    local client = wire.open("carbon", server)
    local engine = assert(curl.engine(3))
    local calls = {}
    for i = 1, 3 do
      calls[i] = assert(client:prepare("schedule", { loan_id = "LOAN_" .. i }))
      assert(engine:add(calls[i]))
    end
    local added, kind = engine:add(calls[1])
    assert.is_nil(added)
    assert.truthy(kind == "invalid_argument")
    while #server:requests() < 3 do
      engine:step(10)
    end
    assert.is_true(engine:remove(calls[1]))
    assert.is_false(engine:remove(calls[1]))
    assert.equal("cancelled", helper.fails(calls[1]:result()).kind)
    calls[2]:close()
    assert.equal(calls[2], engine:step(100))
    engine:close()
    local err = helper.fails(calls[3]:result())
    assert.equal("cancelled", err.kind)
    assert.equal("unknown", err.outcome)
    for i = 1, 3 do
      calls[i]:close()
    end
    client:close()
  end)

  it("ends calls whose client was closed", function()
    local curl = require "repay.curl"
    local server = wire.server({ { "stall", 20000 } })
    local client = wire.open("carbon", server)
    local engine = assert(curl.engine(1))
    local call = assert(client:prepare("schedule", { loan_id = "LOAN_1" }))
    assert(engine:add(call))
    while #server:requests() < 1 do
      engine:step(10)
    end
    client:close()
    local ended
    for _ = 1, 20 do
      ended = ended or engine:step(50)
    end
    assert.equal(call, ended)
    assert.equal("cancelled", helper.fails(call:result()).kind)
    call:close()
    engine:close()
  end)

  it("keeps its calls alive, and gives everything back when it is dropped", function()
    local curl = require "repay.curl"
    local server = wire.server({ { "send", SCHEDULE } })
    local function drop_all()
      local client = wire.open("carbon", server)
      local engine = assert(curl.engine(4))
      for i = 1, 4 do
        assert(engine:add((assert(client:prepare("schedule", { loan_id = "LOAN_" .. i })))))
      end
      client = nil -- luacheck: ignore
      collectgarbage()
      local call
      repeat
        call = engine:step(100)
      until call
      helper.ok(call:result()):close()
    end
    drop_all()
    -- The engine goes first, then its calls, then their client: a cycle each.
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.equal(0, helper.live())
  end)
end)
