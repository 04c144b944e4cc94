-- The example gateway, started by its one command: its answers, and 1,000 repayments by 200 clients
-- while nginx is reloaded and a worker is killed. The sandbox's ledger is the judge.
local json = require "cjson"
local nginx = require "spec.support.nginx"
local process = require "spec.support.sandbox_process"
local socket = require "socket"

local REPAYMENT = { customer_id = "123e4567-e89b-12d3-a456-426614174000",
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "1.00",
  payment_date = "2026-11-20" }

-- 200 clients that do not give up: each asks until it is told that its repayment is accepted.
local LOAD = [[
  local port, count, clients, body = ...
  local function ask(method, target, key, payload)
    local socket = ngx.socket.tcp()
    socket:settimeout(20000)
    if not socket:connect("127.0.0.1", port) then
      return nil
    end
    socket:send(("%s %s HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nIdempotency-Key: %s\r\n"
      .. "Content-Length: %d\r\n\r\n%s"):format(method, target, key, #payload, payload))
    local reply, _, partial = socket:receive("*a")
    socket:close()
    reply = reply or partial or ""
    return tonumber(reply:match("^HTTP/1%.1 (%d+)")), reply:match('"state":"(%a+)"')
  end
  local tries, stuck, odd = 0, {}, {}
  local function pay(number)
    local key = "pay-" .. number
    for _ = 1, 200 do
      tries = tries + 1
      local status, state = ask("POST", "/repay", key, (body:gsub("REFERENCE", key)))
      if status == 200 and state == "accepted" then
        return
      elseif status and status ~= 202 and status ~= 409 and status ~= 502 and status ~= 503 then
        odd[#odd + 1] = key .. " " .. status
      end
      ngx.sleep(0.1)
    end
    stuck[#stuck + 1] = key
  end
  local threads = {}
  for client = 1, clients do
    threads[client] = ngx.thread.spawn(function()
      for number = client, count, clients do
        pay(number)
      end
    end)
  end
  for _, thread in ipairs(threads) do
    ngx.thread.wait(thread)
  end
  return { tries = tries, stuck = stuck, odd = odd }
]]

nginx.describer(describe, pending)("the example gateway", function()
  local gateway, box, state

  setup(function()
    state = io.popen("mktemp -d"):read("*l")
    local port = nginx.free_port()
    local cpath = package.cpath:match("([^;]*lua51/%?%.so)")
    -- Beside a path of its own it is started as README says.
    os.execute(("NGINX=%s STATE=%s WORKERS=4 LOG=error.log REPAY_CPATH=%s timeout -k 5 100"
      .. " examples/openresty/start.sh %d >%s/output 2>&1 &"):format(nginx.program, state, cpath,
      port, state))
    gateway = setmetatable({ prefix = state, port = port }, { __index = nginx })
    assert(nginx.wait_until(20, function()
      local client = (nginx.read(state .. "/nginx.pid") or ""):find("%d")
        and socket.connect("127.0.0.1", port)
      return client and client:close()
    end), nginx.read(state .. "/output"))
    gateway.pid = tonumber(nginx.read(state .. "/nginx.pid"):match("%d+"))
    local origin = nginx.read(state .. "/output"):match("the sandbox on (http://[%d.:]+%d)")
    box = setmetatable({ origin = assert(origin) }, process)
  end)

  teardown(function()
    gateway:stop { "exited on signal 9" }
  end)

  local function ask(...)
    local status, body = gateway:ask(...)
    return status, status and json.decode(body)
  end

  local function repay(key, changes)
    local body = {}
    for _, all in ipairs { REPAYMENT, changes or {} } do
      for name, value in pairs(all) do
        body[name] = value
      end
    end
    return ask("POST", "/repay", json.encode(body), { ["Idempotency-Key"] = key })
  end

  it("says nothing when it starts but what to try", function()
    local output = nginx.read(state .. "/output")
    assert.truthy(output:find("curl -s http://127.0.0.1:" .. gateway.port .. "/metrics", 1, true))
    assert.is_nil(output:match("%[%l+%][^\n]*"))
  end)

  it("has a configuration without a complaint, and says what is wrong with one that has", function()
    local function check(variables)
      local pipe = assert(io.popen(("CHECK=1 REPAY_CPATH=%s %s timeout 60"
        .. " examples/openresty/start.sh %d 2>&1; echo \"$?\""):format(
        package.cpath:match("([^;]*lua51/%?%.so)"), variables, nginx.free_port())))
      local text = pipe:read("*a")
      pipe:close()
      return text
    end
    assert.equal("the configuration is right\n0\n", check(""))
    assert.truthy(check("WORKERS=none"):find('"worker_processes" directive invalid value', 1, true))
    -- An nginx without the Lua module, as far as it tells.
    local bare = state .. "/bare"
    nginx.write(bare, "#!/bin/sh\necho 'configure arguments: --modules-path=/nowhere' >&2\n")
    os.execute("chmod +x " .. bare)
    assert.truthy(check("NGINX=" .. bare):find("libnginx%-mod%-http%-lua.*\n1\n$"))
  end)

  it("gives schedules, and knows where each comes from", function()
    local status, body = ask("GET", "/schedule/carbon/LOAN_ABC123")
    assert.same({ 200, 2, "71999.99", "2025-02-15" },
      { status, #body.rows, body.rows[1].outstanding, body.rows[1].due_date })
    assert.equal("kept", select(2, ask("GET", "/schedule/carbon/LOAN_ABC123")).source)
    status, body = ask("GET", "/schedule/carbon/LOAN_NOBODY_HAS")
    assert.same({ 404, "not_found" }, { status, body.error })
    assert.equal(404, (ask("GET", "/schedule/elsewhere/LOAN_ABC123")))
  end)

  it("asks three providers at once what is late", function()
    local status, body = ask("GET", "/overdue?carbon=LOAN_ABC123&pezesha=merchant_jane"
      .. "&fincode=123e4567-e89b-12d3-a456-426614174000&as_of=2025-03-01")
    assert.equal(200, status)
    assert.equal("71999.99", body.providers.carbon.overdue)
    assert.equal("1500.00", body.providers.pezesha.overdue)
    assert.equal("NGN", body.providers.fincode.currency)
    assert.equal(400, (ask("GET", "/overdue?as_of=tomorrow")))
  end)

  -- Nothing of it may end a handler: the error log is looked at in the end.
  it("refuses what is no question of its own, in its own words", function()
    local KEY = { ["Idempotency-Key"] = "rubbish" }
    local cases = {
      { 404, "not_found", "GET", "/" }, { 404, "not_found", "GET", "/nginx.conf" },
      { 404, "not_found", "GET", "/schedule/carbon/" },
      { 404, "not_found", "GET", "/schedule/carbon/%2e%2e" },
      { 404, "not_found", "GET", "/repay/nobody" }, { 404, "not_found", "GET", "/refused" },
      { 405, "method_not_allowed", "GET", "/repay" },
      { 405, "method_not_allowed", "PUT", "/repay" },
      { 405, "method_not_allowed", "POST", "/schedule/carbon/LOAN_ABC123" },
      { 405, "method_not_allowed", "DELETE", "/overdue" },
      { 413, "too_large", "POST", "/repay", ("9"):rep(20000), KEY },
      { 400, "invalid_argument", "POST", "/repay", "not JSON", KEY },
      { 400, "invalid_argument", "POST", "/repay", ("["):rep(16000), KEY },
      { 400, "invalid_argument", "POST", "/repay", "null", KEY },
      { 400, "invalid_argument", "POST", "/repay", "[1,2]", KEY },
      { 400, "invalid_argument", "POST", "/repay", "{}", KEY },
      { 400, "invalid_argument", "POST", "/repay", json.encode(REPAYMENT) },
      { 400, "invalid_argument", "GET", "/overdue" },
      { 400, "invalid_argument", "GET", "/overdue?carbon" },
      { 400, "invalid_argument", "GET", "/overdue?carbon=a&carbon=b" },
      { 400, "invalid_argument", "GET", "/overdue?another=a" },
      { 400, "invalid_argument", "GET", "/overdue?carbon=LOAN_ABC123&as_of=tomorrow" },
      { 400, "invalid_argument", "GET", "/overdue?carbon=LOAN_ABC123&as_of=2026-99-99" },
      { 400, "invalid_argument", "GET", "/overdue?carbon=LOAN_ABC123&as_of=2026-02-29" },
      { 400, "invalid_argument", "GET", "/overdue?carbon=LOAN_ABC123&as_of" },
    }
    for _, case in ipairs(cases) do
      local status, body = ask(case[3], case[4], case[5], case[6])
      assert.same({ case[1], case[2] }, { status, body.error }, case[3] .. " " .. case[4])
    end
    for name, value in pairs { amount = "-5", payment_date = "yesterday", customer_id = "" } do
      assert.same({ 400, name }, { (repay("rubbish", { [name] = value })), name })
    end
    assert.equal(400, (repay("rub bish")))
    assert.equal(400, (repay(("k"):rep(300))))
    assert.equal(404, (ask("GET", "/repay/rubbish")))
  end)

  it("records a repayment once for each key, whoever asks again", function()
    local before = #box:ledger().repayments
    local first
    for _ = 1, 3 do
      local status, body = repay("order-1")
      assert.same({ 200, "accepted", "order-1" }, { status, body.state, body.idempotency_key })
      first = first or body
      assert.same(first, body)
    end
    assert.is_string(first.receipt_id)
    assert.equal(before + 1, #box:ledger().repayments)
    assert.same(first, select(2, ask("GET", "/repay/order-1")))
    local status, body = repay("order-1", { amount = "2.00" })
    assert.same({ 409, "key_reused" }, { status, body.error })
    -- The same payment again under another key: told so, and not recorded twice.
    status, body = repay("order-1b")
    assert.same({ 409, "conflict", "order-1" }, { status, body.error, body.idempotency_key })
    assert.equal(before + 1, #box:ledger().repayments)
  end)

  it("says what became of the money in its status", function()
    local status, body = repay("order-2", { amount = "999999999.00" })
    assert.same({ 422, "amount_invalid", "refused" }, { status, body.error, body.state })
    local before = #box:ledger().repayments
    -- Recorded, and then the reply is lost: the journal asks again under the same key.
    box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    status, body = repay("order-3", { reference = "order-3" })
    assert.same({ 200, "accepted" }, { status, body.state })
    box:control("DELETE", "faults")
    assert.equal(before + 1, #box:ledger().repayments)
    assert.equal(400, (repay("order-4", { amount = 5 })))
    -- Nothing was sent, and the same request may come again.
    box:fault { kind = "status", status = 401, route = "repay_loan", nth = 1 }
    status, body = repay("order-5", { reference = "order-5" })
    box:control("DELETE", "faults")
    assert.same({ 503, "not_sent" }, { status, body.outcome })
    assert.equal(200, (repay("order-5", { reference = "order-5" })))
  end)

  it("counts for a monitor, and tells it no credential", function()
    local _, text = gateway:ask("GET", "/metrics")
    assert.truthy(text:find('gateway_repayments_total{outcome="accepted"}', 1, true))
    assert.truthy(text:find('gateway_journal_entries{state="unknown"}', 1, true))
    local settings = json.decode(nginx.read(state .. "/settings.json"))
    assert.is_nil(text:find(settings.carbon.api_key, 1, true))
    assert.is_nil(gateway:log():find(settings.carbon.api_key, 1, true))
    assert.is_nil(gateway:log():find(settings.fincode.token, 1, true))
  end)

  it("records 1,000 repayments once each through reloads and the death of a worker", function()
    local COUNT, CLIENTS = 1000, 200
    -- A list that grows with every repayment would make this a test of the sandbox.
    box:control("POST", "switches", { list = "installments" })
    local before = {}
    for _, record in ipairs(box:ledger().repayments) do
      before[record.id] = true
    end
    local load = nginx.start {}
    REPAYMENT.reference = "REFERENCE"
    local client = load:begin(LOAD, gateway.port, COUNT, CLIENTS, json.encode(REPAYMENT))
    local function accepted()
      local _, text = gateway:ask("GET", "/metrics")
      return tonumber((text or ""):match('repayments_total{outcome="accepted"} (%d+)')) or 0
    end
    local base, reloads = accepted(), 0
    local dead
    for _, step in ipairs { { 0.2, "HUP" }, { 0.45, "KILL" }, { 0.7, "HUP" } } do
      assert.is_true(nginx.wait_until(60, function()
        return accepted() - base >= step[1] * COUNT
      end))
      dead = dead or step[2] == "KILL" and gateway:workers()[1] or nil
      reloads = reloads + (step[2] == "HUP" and 1 or 0)
      gateway:signal(step[2], step[2] == "KILL" and dead or nil)
    end
    local seen = nginx.result(client)
    load:stop()
    local log = gateway:log()
    assert.equal(reloads, select(2, log:gsub("signal 1 %(SIGHUP%) received", "")))
    assert.truthy(log:find("worker process " .. dead .. " exited on signal 9", 1, true))
    assert.same({}, seen.stuck)
    assert.same({}, seen.odd)
    local recorded, keys = 0, {}
    for _, record in ipairs(box:ledger().repayments) do
      if not before[record.id] then
        recorded = recorded + 1
        assert.is_nil(keys[record.key], "twice: " .. tostring(record.key))
        keys[record.key] = true
      end
    end
    assert.equal(COUNT, recorded)
    for number = 1, COUNT do
      assert.is_true(keys["pay-" .. number], "lost: pay-" .. number)
    end
  end)
end)
