-- Many calls against providers that fail: every wire fault at every phase, a storm of 429, a
-- provider that dies in the middle, and the timetable of retries to the millisecond.
local helper = require "spec.support.helper"
local lfs = require "lfs"
local mounts = require "spec.support.sandbox_mounts"
local native = require "repay.native.core"
local repay = require "repay"
local sandbox = require "repay.sandbox"
local transport = require "spec.support.transport"
local wire = require "spec.support.wire"

local SCHEDULE = wire.fixture("carbon/schedule.200.json")

local function ids(count)
  local list = {}
  for i = 1, count do
    list[i] = "LOAN_" .. i
  end
  return list
end

local function descriptors()
  local count = 0
  for _ in lfs.dir("/proc/self/fd") do
    count = count + 1
  end
  return count
end

-- A transport with a clock of its own, that only sleeping and a slow answer move.
local function timed(answer)
  local self = { now = 1000, sent = {} }
  function self.send(request)
    self.sent[#self.sent + 1] = self.now
    return answer(self, request, #self.sent)
  end
  function self.sleep(ms) self.now = self.now + ms end
  function self.now_ms() return self.now end
  function self.unix_ms() return 1705314600000 + self.now end
  return self
end

local function status(code, headers)
  return function()
    return { status = code, headers = headers or {}, body = "" }
  end
end

local function failing(kind, sent, took_ms)
  return function(self)
    self.now = self.now + (took_ms or 0)
    return nil, { kind = kind, sent = sent }
  end
end

-- Each: a name, the operation, what is answered, changed options.
local TIMETABLE = {
  { "read, 503 for ever", "schedule", status(503) },
  { "read, 503 for ever, 10 attempts", "schedule", status(503), { attempts = 10 } },
  { "read, lost connections", "schedule", failing("connection_lost", "maybe") },
  { "read, no name", "schedule", failing("dns", "no") },
  { "read, slow to fail", "schedule", failing("timeout", "maybe", 55000) },
  { "read, a wrong certificate", "schedule", failing("tls", "no") },
  { "read, 429 with seconds", "schedule", status(429, { ["retry-after"] = "7" }) },
  { "read, 429 with too many seconds", "schedule", status(429, { ["retry-after"] = "86400" }) },
  { "read, 503 with a date", "schedule",
    status(503, { ["retry-after"] = "Mon, 15 Jan 2024 10:30:12 GMT" }) },
  { "read, a short cap", "schedule", status(503), { retry_base_ms = 100, retry_cap_ms = 150 } },
  { "read, no time left", "schedule", status(503), { timeout_ms = 700, retry_base_ms = 2000 } },
  { "read, 401", "schedule", status(401) },
  { "read, 404 that is not the provider's", "schedule", status(404) },
  { "read, one attempt", "schedule", status(503), { attempts = 1 } },
  { "write, never sent", "repay", failing("connect", "no") },
  { "write, maybe sent", "repay", failing("connection_lost", "maybe") },
  { "write, 503", "repay", status(503) },
  { "write, 429", "repay", status(429, { ["retry-after"] = "7" }) },
}

local function timetable_of(case)
  local name, operation, answer, changes = case[1], case[2], case[3], case[4]
  local over = timed(answer)
  local client = helper.open("fincode", over, changes)
  local err = helper.fails(client[operation](client, helper.arguments.fincode[operation]))
  local lines = { ("%s: %s, %s"):format(name, err.kind, err.outcome) }
  for i, attempt in ipairs(err.attempts) do
    lines[#lines + 1] = ("  %6d ms  %s%s, %s, then %d ms"):format(over.sent[i] - 1000,
      attempt.kind, attempt.http_status and " " .. attempt.http_status or "", attempt.reason,
      attempt.wait_ms)
  end
  client:close()
  return table.concat(lines, "\n") .. "\n"
end

describe("retries", function()
  helper.watch(after_each)
  after_each(function() native.test_seed("") end)

  it("keep to the timetable, to the millisecond", function()
    native.test_seed("a seed that never changes, so waits do not")
    local lines = {}
    for _, case in ipairs(TIMETABLE) do
      lines[#lines + 1] = timetable_of(case)
    end
    assert.equal(transport.read("retry/timetable.txt"), table.concat(lines))
  end)

  it("wait differently in different calls", function()
    local seen, different = {}, 0
    for _ = 1, 20 do
      local over = timed(status(503))
      local client = helper.open("carbon", over)
      local err = helper.fails(client:schedule { loan_id = "LOAN_1" })
      local wait_ms = err.attempts[1].wait_ms
      assert.truthy(wait_ms >= 0 and wait_ms <= 500)
      if not seen[wait_ms] then
        different = different + 1
      end
      seen[wait_ms] = true
      client:close()
    end
    assert.truthy(different > 10)
  end)

  it("are paid from a budget that successes fill again", function()
    local good = false
    local over = timed(function()
      if good then
        return transport.reply("carbon/schedule.200.json")
      end
      return { status = 429, headers = {}, body = "" }
    end)
    local client = helper.open("carbon", over, { attempts = 10, timeout_ms = 600000 })
    local reasons = {}
    for _ = 1, 6 do
      local err = helper.fails(client:schedule { loan_id = "LOAN_1" })
      for _, attempt in ipairs(err.attempts) do
        reasons[attempt.reason] = (reasons[attempt.reason] or 0) + 1
      end
    end
    assert.equal(20, reasons.passing_fault)
    assert.equal(4, reasons.budget_used)
    assert.equal(0, client:stats().retry_budget)
    assert.equal(20, client:stats().retries.rate_limited)
    good = true
    for _ = 1, 10 do
      helper.ok(client:schedule { loan_id = "LOAN_1" }):close()
    end
    assert.equal(10, client:stats().retry_budget)
    client:close()
  end)
end)

describe("the breaker", function()
  helper.watch(after_each)

  it("opens after five failures, and one read finds out when to close", function()
    local good = false
    local over = timed(function()
      if good then
        return transport.reply("carbon/schedule.200.json")
      end
      return nil, { kind = "connect", sent = "no" }
    end)
    local client = helper.open("carbon", over, { attempts = 1 })
    local function kind()
      return helper.fails(client:schedule { loan_id = "LOAN_1" }).kind
    end
    for _ = 1, 5 do
      assert.equal("connect", kind())
    end
    assert.is_true(client:stats().breaker_open)
    local err = helper.fails(client:schedule { loan_id = "LOAN_1" })
    assert.same({ "breaker_open", "not_sent", 30000, 0 },
      { err.kind, err.outcome, err.retry_after_ms, #err.attempts })
    assert.equal("the last calls failed, so none is sent for a while", err.message)
    over.now = over.now + 30000
    assert.equal("connect", kind())
    over.now = over.now + 30000
    assert.equal("breaker_open", kind())
    over.now = over.now + 30000
    good = true
    helper.ok(client:schedule { loan_id = "LOAN_1" }):close()
    assert.is_false(client:stats().breaker_open)
    assert.equal(7, #over.sent)
    client:close()
  end)

  it("never lets a repayment find out", function()
    local over = timed(failing("connect", "no"))
    local client = helper.open("fincode", over, { attempts = 1 })
    for _ = 1, 5 do
      helper.fails(client:schedule(helper.arguments.fincode.schedule))
    end
    over.now = over.now + 60000
    local err = helper.fails(client:repay(helper.arguments.fincode.repay))
    assert.same({ "breaker_open", "not_sent" }, { err.kind, err.outcome })
    assert.equal(5, #over.sent)
    client:close()
  end)

  it("is not opened by refusals", function()
    local client = helper.open("carbon", transport.new("carbon/loan_not_found.400.json"))
    for _ = 1, 30 do
      assert.equal("not_found", helper.fails(client:schedule { loan_id = "LOAN_1" }).kind)
    end
    assert.is_false(client:stats().breaker_open)
    client:close()
  end)
end)

describe("a storm of 429", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("is met with half the rate, again and again, and no more than the budget", function()
    local over = timed(status(429))
    local client = helper.open("carbon", over)
    local kinds = {}
    for _, _, err in repay.each(client:calls("schedule", ids(60))) do
      kinds[err.kind] = (kinds[err.kind] or 0) + 1
    end
    assert.equal(60, kinds.rate_limited)
    -- 60 calls and 20 retries. From the first answer on, one every five seconds at most.
    assert.equal(80, #over.sent)
    for i = 10, #over.sent do
      assert.truthy(over.sent[i] - over.sent[i - 1] >= 4000)
    end
    client:close()
  end)

  it("ends in time over real sockets", function()
    local server = wire.server({ { "send", wire.reply(429, "", { "Retry-After: 1" }) } })
    local client = wire.open("carbon", server)
    local begun = native.now_ms()
    local turns = 0
    for _, result, err in repay.each(client:calls("schedule", ids(500)),
      { concurrency = 16, deadline_ms = 400 }) do
      assert.is_nil(result)
      assert.truthy(err.kind == "rate_limited" or err.kind == "timeout", err.kind)
      turns = turns + 1
    end
    assert.truthy(native.now_ms() - begun < 1000)
    -- A call whose turn comes too late is told at once.
    assert.equal(500, turns)
    assert.truthy(#server:requests() <= 36, #server:requests())
    client:close()
  end)
end)

describe("a provider that dies in the middle", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("is left alone, and every call says why", function()
    local plans = {}
    for i = 1, 30 do
      plans[i] = { { "send", SCHEDULE } }
    end
    plans[31] = { { "reset" } }
    local server = wire.server((unpack or table.unpack)(plans))
    local client = wire.open("carbon", server, { retry_base_ms = 1, retry_cap_ms = 2 })
    local begun = native.now_ms()
    local good, kinds = 0, {}
    for _, schedule, err in repay.each(client:calls("schedule", ids(2000)), { concurrency = 8 }) do
      if schedule then
        good = good + 1
        schedule:close()
      else
        kinds[err.kind] = (kinds[err.kind] or 0) + 1
      end
    end
    assert.equal(30, good)
    assert.truthy(kinds.breaker_open >= 1950)
    assert.equal(1970, kinds.breaker_open + (kinds.connection_lost or 0))
    -- Those under way, and as many retries as were made before the fifth failure was known.
    assert.truthy(#server:requests() <= 30 + 8 + 20, #server:requests())
    assert.truthy(native.now_ms() - begun < 5000)
    client:close()
  end)

  it("ends the run at once where that is asked for", function()
    local server = wire.server({ { "reset" } })
    local client = wire.open("carbon", server, { attempts = 1 })
    local turns, last = 0, nil
    for _, _, err in repay.each(client:calls("schedule", ids(2000)),
      { concurrency = 4, stop_on = "breaker_open" }) do
      turns, last = turns + 1, err
    end
    assert.equal("breaker_open", last.kind)
    assert.truthy(turns < 20)
    client:close()
  end)
end)

-- A fault, the kind it is called, and after how many attempts of two.
local FAULTS = {
  { { kind = "refuse" }, "connection_lost", 2 },
  { { kind = "reset", at = "before" }, "connection_lost", 2 },
  { { kind = "reset", at = "inside_headers" }, "connection_lost", 2 },
  { { kind = "reset", at = "after_headers" }, "connection_lost", 2 },
  { { kind = "reset", at = "inside_body" }, "connection_lost", 2 },
  { { kind = "stall", ms = 2000, at = "before" }, "timeout", 2 },
  { { kind = "stall", ms = 2000, at = "inside_headers" }, "timeout", 2 },
  { { kind = "stall", ms = 2000, at = "after_headers" }, "timeout", 2 },
  { { kind = "stall", ms = 2000, at = "inside_body" }, "timeout", 2 },
  { { kind = "cut" }, "connection_lost", 2 },
  { { kind = "cut", bytes = 0 }, "connection_lost", 2 },
  { { kind = "wrong_length" }, "connection_lost", 2 },
  { { kind = "wrong_length", delta = -10 }, "bad_response", 1 },
  { { kind = "dribble", ms = 50 }, "timeout", 2 },
  { { kind = "not_json" }, "bad_response", 1 },
  { { kind = "html" }, "bad_response", 1 },
  { { kind = "empty" }, "bad_response", 1 },
  { { kind = "deep_nesting" }, "bad_response", 1 },
  { { kind = "gzip_bomb" }, "bad_response", 1 },
  { { kind = "big_body", size = 9000000 }, "too_large", 1 },
  { { kind = "redirect" }, "bad_response", 1 },
  { { kind = "status", status = 503 }, "unavailable", 2 },
  -- The next turn at half the rate comes after the call's time.
  { { kind = "status", status = 429 }, "rate_limited", 1 },
}

local ATTEMPT_MS, LATE_MS = 250, 50

describe("faults on the wire #slow", function()
  local mount

  setup(function() mount = mounts.http() end)
  teardown(function() mount.stop() end)

  local function repayment(number)
    return {
      customer_id = sandbox.ids.fincode.customer, account_id = sandbox.ids.fincode.account,
      bank_account_id = sandbox.ids.fincode.bank_account, amount = "1.00",
      reference = "REF-" .. number, payment_date = "2024-01-15T10:00:00Z",
      narration = "Many at once", idempotency_key = "many-" .. number,
    }
  end

  -- Four reads and a repayment at once, each over a client of its own so that no breaker speaks.
  local function calls_of(changes)
    local calls, clients = {}, {}
    for i = 1, 5 do
      local provider = i == 5 and "fincode" or "carbon"
      clients[i] = mount.open(provider, changes)
      calls[i] = assert(clients[i]:prepare(i == 5 and "repay" or "schedule",
        i == 5 and repayment(i) or { loan_id = sandbox.ids.carbon.loan }))
    end
    return calls, clients
  end

  local function check(fault, err, is_write, kind, attempts)
    local name = fault.kind .. " " .. (fault.at or "") .. (is_write and ", write" or ", read")
    assert.equal(name .. ": " .. kind, name .. ": " .. err.kind)
    local outcome = kind == "rate_limited" and not is_write and "not_sent" or "unknown"
    assert.equal(name .. ": " .. outcome, name .. ": " .. err.outcome)
    assert.equal(name .. ": " .. (is_write and 1 or attempts), name .. ": " .. #err.attempts)
  end

  it("each end with the right kind, outcome and attempts, and in time", function()
    local late = 0
    for _, case in ipairs(FAULTS) do
      -- What does not end by a deadline must not meet one on a busy machine.
      local is_hurried = case[2] == "timeout" or case[2] == "rate_limited"
      local changes = { attempts = 2, attempt_timeout_ms = is_hurried and ATTEMPT_MS or 20000,
        timeout_ms = is_hurried and 1000 or 60000, retry_base_ms = 1, retry_cap_ms = 2 }
      mount.reset()
      mount.clear_faults()
      mount.fault(case[1])
      local calls, clients = calls_of(changes)
      local begun, ended = native.now_ms(), 0
      for call, result, err in repay.each(calls, { concurrency = 5 }) do
        ended = ended + 1
        assert.is_nil(result)
        check(case[1], err, call.is_write, case[2], case[3])
        local most_ms = (call.is_write and 1 or case[3]) * ATTEMPT_MS
        if case[2] == "timeout" and native.now_ms() - begun > most_ms + 5 + LATE_MS then
          late = late + 1
        end
      end
      assert.equal(5, ended)
      for _, client in ipairs(clients) do
        client:close()
      end
    end
    -- Six faults end by a deadline, five calls each; a busy machine wakes us late now and then.
    assert.truthy(late <= 4, late)
  end)

  it("leave no descriptor, no object and no byte behind", function()
    mount.reset()
    mount.clear_faults()
    mount.fault({ kind = "reset", at = "inside_body", probability = 0.3 })
    mount.fault({ kind = "status", status = 503, probability = 0.3 })
    mount.fault({ kind = "cut", probability = 0.2 })
    local function run()
      local client = mount.open("carbon", { attempts = 3 })
      for _, schedule in repay.each(client:calls("schedule", ids(60)), { concurrency = 12 }) do
        if schedule then
          schedule:close()
        end
      end
      client:close()
      collectgarbage()
      collectgarbage()
    end
    run()
    local before = descriptors()
    run()
    local kib = collectgarbage("count")
    for _ = 1, 5 do
      run()
    end
    assert.equal(0, native.live())
    assert.truthy(collectgarbage("count") - kib < 64)
    -- At most as many connections are kept as there were places.
    assert.truthy(descriptors() <= before + 12)
    package.loaded["repay.curl"] = nil
    collectgarbage()
    collectgarbage()
  end)
end)
