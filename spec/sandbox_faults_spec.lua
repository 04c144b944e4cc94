-- Faults of the sandbox: which request meets which, what it looks like in process and on a real
-- socket, and what the ledger says afterwards.

local process = require("spec.support.sandbox_process")
local requests = require("spec.support.sandbox_requests")
local sandbox = require("repay.sandbox")
local json = require("repay.sandbox.json")

local ids = sandbox.ids

local function decode(body)
  local value = json.read(body)
  return value and json.plain(value)
end

describe("a fault of the sandbox in process", function()
  local box, transport

  before_each(function()
    box = sandbox.new({ seed = 42 })
    transport = box:transport()
  end)

  local function send(request, timeout_ms)
    return transport.send({
      method = request.method, url = "https://provider.test" .. request.target,
      headers = request.headers, body = request.body, timeout_ms = timeout_ms or 10000,
    })
  end

  local function repay(change, key) return send(requests.fincode_repay(change, key)) end
  local function list() return decode(send(requests.fincode_list()).body).data end
  local function recorded() return #box:ledger().repayments end

  it("is refused when its rule is misspelt", function()
    local rules = { { kind = "resets" }, { kind = "reset", nht = 1 }, {},
      { kind = "reset", nth = 1.5 }, { kind = "reset", nth = 0 },
      { kind = "reset", at = "between" },
      { kind = "reset", probability = 2 }, { kind = "reset", probability = 0 / 0 }, "reset",
      { kind = "status", status = 99999 }, { kind = "status", body = "htm" },
      { kind = "status", retry_after = "soon" }, { kind = "stall", ms = -1 },
      { kind = "stall", ms = 1e300 }, { kind = "deep_nesting", depth = 1e12 },
      { kind = "reset", processed = "no" }, { kind = "reset", provider = "carbom" },
      { kind = "reset", route = "repay" }, { kind = "reset", method = "post" },
      { kind = "reply_lost", when = "procesed" }, { kind = "redirect", location = "a\r\nb: c" },
      { kind = "reply" }, { kind = "reply", text = 5 },
      { kind = "reply", text = "", headers = "x" },
      { kind = "reply", text = "", headers = { ["Content-Length"] = "5" } },
      { kind = "reply", text = "", headers = { a = "b\r\nc: d" } },
    }
    for index, rule in ipairs(rules) do
      local id, why = box:fault(rule)
      assert.is_nil(id, index)
      assert.is_string(why)
    end
  end)

  describe("rule", function()
    local function statuses(count)
      local list_of = {}
      for index = 1, count do list_of[index] = send(requests.carbon_schedule()).status end
      return list_of
    end

    it("meets the nth request and no other", function()
      box:fault({ kind = "status", nth = 3 })
      assert.are.same({ 200, 200, 503, 200, 200 }, statuses(5))
    end)

    it("begins with a request and ends after some times", function()
      box:fault({ kind = "status", from = 2, times = 2 })
      assert.are.same({ 200, 503, 503, 200 }, statuses(4))
    end)

    it("counts requests that other rules have taken", function()
      box:fault({ kind = "status", nth = 1 })
      box:fault({ kind = "status", nth = 2, status = 500 })
      box:fault({ kind = "status", from = 4, status = 502 })
      assert.are.same({ 503, 500, 200, 502, 502 }, statuses(5))
    end)

    it("meets requests by chance, the same ones for the same seed", function()
      box:fault({ kind = "status", probability = 0.3 })
      local first = statuses(200)
      local hits = 0
      for _, status in ipairs(first) do hits = hits + (status == 503 and 1 or 0) end
      assert.is_true(hits > 30 and hits < 90)
      box:reset()
      box:fault({ kind = "status", probability = 0.3 })
      assert.are.same(first, statuses(200))
    end)

    it("concerns its provider, its route and its method", function()
      box:fault({ kind = "status", provider = "pezesha" })
      box:fault({ kind = "status", route = "repay_loan" })
      box:fault({ kind = "status", method = "DELETE" })
      assert.are.equal(200, send(requests.carbon_schedule()).status)
      assert.are.equal(200, send(requests.fincode_list()).status)
      assert.are.equal(503, send(requests.pezesha_schedule()).status)
      assert.are.equal(503, repay().status)
      assert.are.same({ "status" }, box:ledger().requests[4].faults)
    end)

    it("is removed by its number", function()
      local id = box:fault({ kind = "status" })
      assert.is_true(box:clear_faults(id))
      assert.is_nil(box:clear_faults(id))
      assert.are.equal(200, send(requests.carbon_schedule()).status)
    end)
  end)

  describe("on the wire", function()
    -- kind, rule, error kind, what is proven, records afterwards
    local failures = {
      { "refuse", {}, "connect", "no", 0 }, { "dns", {}, "dns", "no", 0 },
      { "tls", {}, "tls", "no", 0 },
      { "reset", {}, "connection_lost", "maybe", 1 },
      { "reset", { processed = false }, "connection_lost", "maybe", 0 },
      { "reset", { at = "inside_headers" }, "connection_lost", "maybe", 1 },
      { "reset", { at = "after_headers" }, "connection_lost", "maybe", 1 },
      { "reset", { at = "inside_body" }, "connection_lost", "maybe", 1 },
      { "stall", { ms = 10000 }, "timeout", "maybe", 1 },
      { "stall", { ms = 20000, processed = false }, "timeout", "maybe", 0 },
      { "dribble", { ms = 1000 }, "timeout", "maybe", 1 },
      { "cut", {}, "connection_lost", "maybe", 1 },
      { "wrong_length", {}, "connection_lost", "maybe", 1 },
    }

    it("fails the request as a client sees it, and the ledger tells the truth", function()
      for _, case in ipairs(failures) do
        box:reset()
        local rule = { kind = case[1] }
        for name, value in pairs(case[2]) do rule[name] = value end
        assert(box:fault(rule))
        local reply, failure = repay()
        assert.is_nil(reply, case[1])
        assert.are.same({ kind = case[3], sent = case[4] }, failure)
        assert.are.equal(case[5], recorded(), case[1])
      end
    end)

    it("passes a wait on the clock, and ends with the caller's patience", function()
      local start = transport.now_ms()
      box:fault({ kind = "stall", ms = 400, times = 1 })
      assert.are.equal(200, send(requests.carbon_schedule()).status)
      assert.are.equal(400, transport.now_ms() - start)
      box:fault({ kind = "stall", ms = 400 })
      assert.are.equal("timeout", select(2, send(requests.carbon_schedule(), 250)).kind)
      assert.are.equal(650, transport.now_ms() - start)
      transport.sleep(50)
      assert.are.equal(700, transport.now_ms() - start)
    end)

    it("replaces the content after the provider has acted", function()
      for _, case in ipairs({ { "not_json", "^OK" }, { "html", "^<!DOCTYPE html>" },
        { "empty", "^$" }, { "deep_nesting", "%[%[%[%[%[" } }) do
        box:reset()
        box:fault({ kind = case[1] })
        local reply = repay()
        assert.are.equal(200, reply.status)
        assert.matches(case[2], reply.body)
        assert.are.equal(1, recorded())
      end
    end)

    it("sends more than anybody should take", function()
      box:fault({ kind = "big_body", size = 3000000, times = 1 })
      assert.are.equal(3000000, #send(requests.carbon_schedule()).body)
      box:fault({ kind = "deep_nesting", depth = 500, times = 1 })
      assert.matches(("%["):rep(500) .. ("%]"):rep(500), send(requests.carbon_schedule()).body)
      box:fault({ kind = "gzip_bomb", size = 104857600, times = 1 })
      local bomb = send(requests.carbon_schedule())
      assert.are.equal("gzip", bomb.headers["content-encoding"])
      assert.is_true(#bomb.body < 1000000)
      assert.are.equal("\31\139\8", bomb.body:sub(1, 3))
    end)

    it("hides the end behind a short length", function()
      box:fault({ kind = "wrong_length", delta = -20 })
      assert.is_nil(json.read(send(requests.carbon_schedule()).body))
    end)

    it("redirects to another host, unprocessed", function()
      box:fault({ kind = "redirect" })
      local reply = repay()
      assert.are.equal(301, reply.status)
      assert.are.equal("https://elsewhere.invalid/moved", reply.headers.location)
      assert.are.equal(0, recorded())
    end)

    it("answers a status with and without Retry-After, in the provider's words or a gateway's",
      function()
        box:fault({ kind = "status", status = 429, times = 1 })
        local reply = send(requests.fincode_list())
        assert.are.equal(429, reply.status)
        assert.is_nil(reply.headers["retry-after"])
        assert.are.equal("FAILED", decode(reply.body).status)
        box:fault({ kind = "status", status = 429, retry_after = 7, times = 1 })
        assert.are.equal("7", send(requests.fincode_list()).headers["retry-after"])
        box:fault({ kind = "status", status = 503, retry_after = "date", ms = 90000, times = 1 })
        assert.are.equal("Mon, 20 Jan 2025 08:01:30 GMT",
          send(requests.fincode_list()).headers["retry-after"])
        for _, status in ipairs({ 500, 502, 503, 504 }) do
          box:fault({ kind = "status", status = status, body = "html", times = 1 })
          reply = repay()
          assert.are.equal(status, reply.status)
          assert.matches("<html>", reply.body)
        end
        box:fault({ kind = "status", body = "empty", times = 1 })
        assert.are.equal("", repay().body)
        assert.are.equal(0, recorded())
      end)
  end)

  describe("of money", function()
    it("loses the reply of what was processed, and of nothing else", function()
      box:fault({ kind = "reply_lost" })
      local reply, failure = repay()
      assert.is_nil(reply)
      assert.are.same({ kind = "connection_lost", sent = "maybe" }, failure)
      assert.are.equal(1, recorded())
      assert.are.equal(422, repay({ repaymentAmount = json.number("0") }, "other").status)
    end)

    it("loses the reply of what was refused", function()
      box:fault({ kind = "reply_lost", when = "refused" })
      assert.is_nil((repay({ repaymentAmount = json.number("0") }, "other")))
      assert.are.equal(200, repay().status)
      assert.are.equal(1, recorded())
    end)

    it("answers 500 to what was processed; the key then shows that it was", function()
      box:fault({ kind = "processed_then_status", times = 1 })
      assert.are.equal(500, repay().status)
      assert.are.equal(200, repay().status)
      assert.are.equal(1, recorded())
    end)

    it("forgets keys after a while", function()
      box:fault({ kind = "keys_forgotten", after_ms = 5000 })
      repay()
      box:advance(4999)
      repay()
      assert.are.equal(1, recorded())
      box:advance(1)
      repay()
      assert.are.equal(2, recorded())
    end)

    it("ignores keys", function()
      box:fault({ kind = "keys_ignored" })
      repay()
      repay()
      assert.are.equal(2, recorded())
    end)

    it("answers 409 while the first request with a key is running", function()
      box:fault({ kind = "conflict_while_running", ms = 30000, nth = 1 })
      assert.are.equal("timeout", select(2, repay()).kind)
      assert.are.equal(409, repay().status)
      box:advance(20000)
      assert.are.equal(200, repay().status)
      assert.are.equal(1, recorded())
    end)

    it("ends the conflict when the first request is answered", function()
      box:fault({ kind = "conflict_while_running", ms = 3000, nth = 1 })
      assert.are.equal(200, repay().status)
      assert.are.equal(200, repay().status)
      assert.are.equal(1, recorded())
    end)

    it("lets the list lag", function()
      box:fault({ kind = "list_lags", ms = 60000 })
      repay()
      assert.are.equal(1, #list())
      box:advance(60000)
      assert.are.equal(2, #list())
    end)

    it("misses the newest record, or repeats it", function()
      local id = decode(repay().body).data.id
      box:fault({ kind = "list_misses", times = 1 })
      assert.are.equal(1, #list())
      box:fault({ kind = "list_repeats", times = 1 })
      local rows = list()
      assert.are.equal(3, #rows)
      assert.are.same({ id, id }, { rows[2].id, rows[3].id })
      assert.are.equal(2, #list())
    end)

    it("echoes another amount than it records", function()
      box:fault({ kind = "amount_echoed_wrong", delta_minor = 1 })
      assert.matches('"repaymentAmount":50000.01', repay().body, 1, true)
      assert.are.equal(5000000, box:ledger().repayments[1].amount_minor)
    end)

    it("takes all tokens back in the middle", function()
      box:fault({ kind = "token_expires", nth = 2 })
      assert.are.equal(200, send(requests.fincode_list()).status)
      assert.are.equal(401, send(requests.fincode_list()).status)
      assert.are.equal(401, repay().status)
      assert.are.equal(200, send(requests.carbon_schedule()).status)
      local token = box:token("fincode", ids.fincode.customer)
      assert.are.equal(200, send(requests.fincode_list(nil, token)).status)
    end)

    it("delays a verification", function()
      box:fault({ kind = "verification_delayed", ms = 60000 })
      local id = decode(repay().body).data.id
      box:verify(id)
      assert.are.equal("PENDING_VERIFICATION", box:ledger().repayments[1].status)
      box:advance(60000)
      assert.are.equal("VERIFIED", box:ledger().repayments[1].status)
    end)

    it("rejects after the answer, or in it", function()
      box:fault({ kind = "rejected_later", ms = 1000, times = 1 })
      assert.are.equal("PENDING_VERIFICATION", decode(repay().body).data.verificationStatus)
      box:advance(1000)
      assert.are.equal("REJECTED", box:ledger().repayments[1].status)
      box:fault({ kind = "answered_rejected", times = 1 })
      assert.are.equal("REJECTED", decode(repay({}, "second").body).data.verificationStatus)
      assert.are.equal(0, box:ledger().repayments[2].moved_minor)
    end)

    it("skews the Date header", function()
      box:fault({ kind = "date_skewed", ms = 3600000 })
      local reply = send(requests.carbon_schedule())
      assert.are.equal("Mon, 20 Jan 2025 09:00:00 GMT", reply.headers.date)
    end)

    it("leaves duplicates to the books of the others too", function()
      box:fault({ kind = "keys_ignored" })
      for _ = 1, 2 do
        send(requests.carbon_charge(100, "same"))
        send(requests.pezesha_repay())
      end
      assert.are.equal(4, recorded())
    end)
  end)
end)

describe("a fault of the sandbox server #slow", function()
  local server

  setup(function() server = process.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:reset() end)

  local can_reset = os.execute("lua5.4 -e 'require([[socket]])' 2>/dev/null")
  can_reset = can_reset == true or can_reset == 0

  -- curl's exit status, then the HTTP status it saw.
  local function repay(...)
    return server:request(requests.fincode_repay(), nil, ...)
  end
  local function recorded() return #server:ledger().repayments end

  it("resets the connection at its point", function()
    for at, seen in pairs({ before = { false, "" }, inside_headers = { 200, "" },
      after_headers = { 200, "" } }) do
      server:reset()
      server:fault({ kind = "reset", at = at })
      local code, status, body = repay()
      assert.is_true(code == 56 or not can_reset, at .. " " .. code)
      assert.are.same(seen, { status or false, body }, at)
      assert.are.equal(1, recorded())
    end
    server:reset()
    server:fault({ kind = "reset", at = "inside_body" })
    local code, status, body = repay()
    assert.is_true(code == 56 or code == 18)
    assert.are.equal(200, status)
    assert.is_true(#body > 0 and json.read(body) == nil)
  end)

  it("refuses before anything is processed, also on a port where nobody listens", function()
    server:fault({ kind = "refuse" })
    local code, status = repay()
    assert.is_true(code == 56 or code == 52)
    assert.is_nil(status)
    assert.are.equal(0, recorded())
    assert.are.equal(7, (process.curl("http://127.0.0.1:" .. server.ports.refused .. "/")))
  end)

  it("ends a body early, by cutting it or by a length that is too large", function()
    for _, rule in ipairs({ { kind = "cut" }, { kind = "cut", bytes = 0 },
      { kind = "wrong_length", delta = 1 } }) do
      server:reset()
      server:fault(rule)
      assert.are.equal(18, (repay()))
      assert.are.equal(1, recorded())
    end
    server:reset()
    server:fault({ kind = "wrong_length", delta = -5 })
    local code, status, body = repay()
    assert.are.same({ 0, 200 }, { code, status })
    assert.is_nil(json.read(body))
  end)

  it("stalls at each point for as long as it says", function()
    for _, at in ipairs({ "before", "inside_headers", "after_headers", "inside_body" }) do
      server:fault({ kind = "stall", at = at, ms = 3000, times = 1 })
      assert.are.equal(28, (repay("-m", "0.2")), at)
    end
    assert.are.equal(1, recorded())
    server:fault({ kind = "stall", ms = 50, times = 1 })
    assert.are.equal(0, (repay()))
  end)

  it("sends one byte at a time", function()
    server:fault({ kind = "dribble", ms = 0 })
    local code, status, body = repay()
    assert.are.same({ 0, 200 }, { code, status })
    assert.are.equal("SUCCESS", decode(body).status)
  end)

  it("sends 100 MB without holding them, and stops when nobody takes them", function()
    server:fault({ kind = "big_body" })
    assert.are.equal(63, (repay("--max-filesize", "8388608")))
    local code, status = process.curl("-H", "apikey: sandbox-carbon-api-key",
      "-H", "x-carbon-key: sandbox-carbon-key", "-o", "/dev/null",
      server.origin .. "/carbon/baas/api/v1/loans/LOAN_ABC123/repayments")
    assert.are.same({ 0, 200 }, { code, status })
    local file = assert(io.open("/proc/" .. server.pid .. "/status", "r"))
    local resident = tonumber(file:read("*a"):match("VmHWM:%s+(%d+)"))
    file:close()
    assert.is_true(resident < 65536, resident)
  end)

  it("loses the reply of what it processed; the key finds it again", function()
    server:fault({ kind = "reply_lost", times = 1 })
    assert.are_not.equal(0, (repay()))
    local _, status = repay()
    assert.are.equal(200, status)
    local ledger = server:ledger()
    assert.are.equal(1, #ledger.repayments)
    assert.are.same({ "processed", "replayed" },
      { ledger.requests[1].result, ledger.requests[2].result })
  end)

  it("answers 409 while the first request runs in real time", function()
    server:fault({ kind = "conflict_while_running", ms = 2500, nth = 1 })
    assert.are.equal(28, (repay("-m", "0.5")))
    assert.are.equal(409, select(2, repay()))
    repeat
      local _, status = repay()
      os.execute("sleep 0.2")
    until status == 200
    assert.are.equal(1, recorded())
  end)
end)
