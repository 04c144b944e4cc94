-- Many calls at once: what the loop gives, when calls begin and end, and what is left behind. Over
-- real sockets where timing matters, over a transport without time where order does.
local fork = require "spec.support.fork"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"
local wire = require "spec.support.wire"

local SCHEDULE = wire.fixture("carbon/schedule.200.json")
local RECEIPT = wire.fixture("fincode/repay.200.json")

local function canned(...)
  return helper.open("carbon", transport.new(...))
end

local function reader(server, changes)
  return wire.open("carbon", server, helper.copy({ attempts = 1 }, changes))
end

local function ids(count)
  local list = {}
  for i = 1, count do
    list[i] = "LOAN_" .. i
  end
  return list
end

-- Runs to the end; the turns as { subject, result, err }, schedules closed.
local function turns_of(calls, options)
  local turns = {}
  for call, result, err in repay.each(calls, options) do
    assert(call ~= nil and (result == nil) ~= (err == nil))
    turns[#turns + 1] = { subject = call.subject, rows = result and #result, err = err }
    if result and result.close then
      result:close()
    end
  end
  return turns
end

local function descriptors()
  local count = 0
  for _ in lfs.dir("/proc/self/fd") do
    count = count + 1
  end
  return count
end

local function raised_in_loop(calls, options)
  return helper.raises(function()
    for _ in repay.each(calls, options) do
      local _ = nil
    end
  end)
end

describe("repay.each", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("gives every call of a list with what it ended with", function()
    local client = canned("carbon/schedule.200.json", "carbon/loan_not_found.400.json",
      "carbon/schedule.200.json")
    local calls = {}
    for i = 1, 3 do
      calls[i] = assert(client:prepare("schedule", { loan_id = "LOAN_" .. i }))
    end
    local turns = turns_of(calls)
    assert.equal(3, #turns)
    assert.same({ "LOAN_1", 2 }, { turns[1].subject, turns[1].rows })
    assert.equal("not_found", turns[2].err.kind)
    assert.equal("LOAN_3", turns[3].subject)
    client:close()
  end)

  it("takes calls from an iterator, and closes each when the loop goes on", function()
    local client = canned("carbon/schedule.200.json")
    local made, before = 0, nil
    local function source()
      made = made + 1
      if made <= 3 then
        return client:prepare("schedule", { loan_id = "LOAN_" .. made })
      end
      return nil
    end
    for call, schedule in repay.each(source) do
      if before then
        assert.equal("repay.call (closed)", tostring(before))
      end
      before = call
      schedule:close()
    end
    assert.equal("repay.call (closed)", tostring(before))
    assert.equal(4, made)
    client:close()
  end)

  it("gives an error in place of a call that cannot be made", function()
    local client = canned("carbon/schedule.200.json")
    local turns = turns_of(client:calls("schedule", { "LOAN_1", "", { loan_id = "LOAN_3" } }))
    assert.equal(3, #turns)
    assert.equal("invalid_argument", turns[2].err.kind)
    assert.equal("loan_id is empty", turns[2].err.message)
    assert.equal("LOAN_3", turns[3].subject)
    client:close()
  end)

  it("gives calls in the order in which they end", function()
    local server = wire.server({ { "stall", 300 }, { "send", SCHEDULE } }, { { "send", SCHEDULE } })
    local client = reader(server)
    local order = {}
    for call, schedule in repay.each(client:calls("schedule", ids(5)), { concurrency = 2 }) do
      order[#order + 1] = call.subject
      schedule:close()
    end
    -- One of the first two met the slow answer.
    assert.truthy(order[5] == "LOAN_1" or order[5] == "LOAN_2")
    local stats = client:stats()
    assert.same({ 5, 5, 0 }, { stats.calls, stats.done, stats.failed })
    assert.equal(2, server:connections())
    assert.truthy(stats.latency_p99_ms >= 250)
    assert.truthy(stats.latency_p50_ms < 250)
    client:close()
  end)

  it("pulls calls only as places get free", function()
    local server = wire.server({ { "stall", 5 }, { "send", SCHEDULE } })
    local client = reader(server)
    local pulled, ended, most = 0, 0, 0
    local function source()
      pulled = pulled + 1
      most = math.max(most, pulled - ended)
      return pulled <= 40 and "LOAN_" .. pulled or nil
    end
    for _, schedule in repay.each(client:calls("schedule", source), { concurrency = 4 }) do
      ended = ended + 1
      schedule:close()
    end
    assert.equal(40, ended)
    -- The one whose turn it was is not counted as ended yet.
    assert.truthy(most <= 5)
    assert.equal(4, server:connections())
    assert.same({ 4, 36 },
      { client:stats().connections_opened, client:stats().connections_reused })
    client:close()
  end)

  it("keeps its connections for the next run and the next call", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local client = reader(server)
    for _ = 1, 3 do
      assert.equal(8, #turns_of(client:calls("schedule", ids(8)), { concurrency = 2 }))
    end
    helper.ok(client:schedule { loan_id = "LOAN_1" }):close()
    assert.equal(2, server:connections())
    client:close()
  end)

  it("holds a limit for each host, and fills the other places", function()
    local plan = { { "stall", 30 }, { "send", SCHEDULE } }
    local one, other = wire.server(plan), wire.server(plan)
    local first, second = reader(one), reader(other)
    local calls = {}
    for i = 1, 12 do
      calls[i] = assert(first:prepare("schedule", { loan_id = "A_" .. i }))
    end
    for i = 1, 12 do
      calls[12 + i] = assert(second:prepare("schedule", { loan_id = "B_" .. i }))
    end
    assert.equal(24, #turns_of(calls, { concurrency = 8, per_host = 2 }))
    assert.equal(2, one:connections())
    assert.equal(2, other:connections())
    first:close()
    second:close()
  end)

  it("begins so many calls a second, and a burst after a pause", function()
    local now = 1000
    local moments = {}
    local client = helper.open("carbon", {
      send = function()
        moments[#moments + 1] = now
        return transport.reply("carbon/schedule.200.json")
      end,
      sleep = function(ms) now = now + ms end,
      now_ms = function() return now end,
    })
    turns_of(client:calls("schedule", ids(7)), { rate = 10, burst = 3 })
    assert.same({ 1000, 1000, 1000, 1100, 1200, 1300, 1400 }, moments)
    client:close()
  end)

  it("paces all calls of a client by its own rate", function()
    local now = 1000
    local moments = {}
    local client = helper.open("carbon", {
      send = function()
        moments[#moments + 1] = now
        return transport.reply("carbon/schedule.200.json")
      end,
      sleep = function(ms) now = now + ms end,
      now_ms = function() return now end,
    }, { rate = 4, burst = 2 })
    turns_of(client:calls("schedule", ids(3)))
    helper.ok(client:schedule { loan_id = "LOAN_4" }):close()
    assert.same({ 1000, 1000, 1250, 1500 }, moments)
    client:close()
  end)

  it("lets nobody wait for ever behind the rate", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local client = reader(server, { rate = 100, burst = 1 })
    local begun = native.now_ms()
    local turns = turns_of(client:calls("schedule", ids(30)), { concurrency = 10 })
    local took = native.now_ms() - begun
    for _, turn in ipairs(turns) do
      assert.is_nil(turn.err)
    end
    assert.truthy(took >= 280)
    assert.truthy(client:stats().latency_p99_ms <= 250)
    client:close()
  end)

  it("tells how far it is, at the end in any case", function()
    local client = canned("carbon/schedule.200.json", "carbon/loan_not_found.400.json")
    local told = {}
    turns_of(client:calls("schedule", ids(4)), {
      on_progress = function(...) told[#told + 1] = { ... } end,
    })
    assert.same({ 4, 3, 0 }, told[#told])
    assert.same({ 1, 0, 0 }, told[1])
    client:close()
  end)

  it("stops on a condition, or on kinds of errors, and still gives that turn", function()
    local cases = {
      { function(call) return call.subject == "LOAN_2" end, 2 },
      { "not_found", 3 },
      { { "auth", "not_found" }, 3 },
      { { "auth" }, 5 },
    }
    for _, case in ipairs(cases) do
      local client = canned("carbon/schedule.200.json", "carbon/schedule.200.json",
        "carbon/loan_not_found.400.json")
      assert.equal(case[2], #turns_of(client:calls("schedule", ids(5)), { stop_on = case[1] }))
      client:close()
    end
  end)

  it("ends at its deadline, and says that calls are left", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 20000 } })
    local client = reader(server)
    for attempt = 1, 5 do
      local begun = native.now_ms()
      local turns = turns_of(client:calls("schedule", ids(10)),
        { concurrency = 3, deadline_ms = 300 })
      local took = native.now_ms() - begun
      local last = turns[#turns]
      for i = 1, #turns do
        assert.truthy(turns[i].err == nil or turns[i].err.kind == "timeout")
      end
      assert.equal("the time for the whole run is over; the calls left were not begun",
        last.err.message)
      assert.equal("not_sent", last.err.outcome)
      assert.equal("unknown", turns[#turns - 1].err.outcome)
      assert.truthy(took >= 299)
      -- A busy machine may be late now and then; a run that is late is late every time.
      if took <= 350 then
        break
      end
      assert.truthy(attempt < 5, took)
    end
    client:close()
  end)

  it("ends quietly at its deadline when nothing is left", function()
    local server = wire.server({ { "stall", 20000 } })
    local client = reader(server)
    local turns = turns_of(client:calls("schedule", ids(2)), { deadline_ms = 100 })
    assert.equal(2, #turns)
    assert.equal("timeout", turns[2].err.kind)
    client:close()
  end)

  it("drops reads when it is closed, and gives everything back", function()
    local before = descriptors()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 20000 } })
    local client = reader(server)
    local run = repay.each(client:calls("schedule", ids(50)), { concurrency = 8 })
    local _, schedule = run()
    schedule:close()
    assert.same({}, run:close())
    assert.same({}, run:close())
    assert.is_nil(run())
    assert.equal("repay.each: 1 ended, 0 failed, 0 under way", tostring(run))
    client:close()
    server:close()
    package.loaded["repay.curl"] = nil
    collectgarbage()
    collectgarbage()
    assert.truthy(descriptors() <= before + 1)
  end)

  it("sees a write that may have left to its end when it is interrupted", function()
    local server = wire.server({ { "stall", 200 }, { "send", RECEIPT } })
    local client = wire.open("fincode", server)
    local payment = assert(client:prepare("repay", helper.arguments.fincode.repay))
    local reading = assert(client:prepare("schedule", helper.arguments.fincode.schedule))
    local run = repay.each { payment, reading }
    debug.sethook(function()
      if #server:requests() == 2 then
        debug.sethook()
        error("interrupted!", 0)
      end
    end, "", 1)
    local ok, raised = pcall(run)
    debug.sethook()
    assert.is_false(ok)
    assert.equal("interrupted!", raised)
    assert.equal(5000000, helper.ok(payment:result()).amount_minor)
    assert.equal("cancelled", helper.fails(reading:result()).kind)
    assert.equal(2, #server:requests())
    payment:close()
    reading:close()
    client:close()
  end)

  it("hands over what it finished when it is closed", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 150 }, { "send", RECEIPT } })
    local first, second = reader(server), wire.open("fincode", server)
    local payment = assert(second:prepare("repay", helper.arguments.fincode.repay))
    local at = 0
    local run = repay.each(function()
      at = at + 1
      return at == 1 and first:prepare("schedule", { loan_id = "LOAN_1" }) or at == 2 and payment
        or nil
    end, { concurrency = 2 })
    local call, schedule, err = run()
    if call == payment then
      -- The payment's connection was the first to be accepted: it got the schedule's plan.
      assert.is_nil(schedule)
      helper.fails(nil, err)
      run:close()
    else
      schedule:close()
      while #server:requests() < 2 do
        native.now_ms()
      end
      local finished = run:close()
      assert.equal(1, #finished)
      assert.equal(payment, finished[1].call)
      assert.equal(5000000, helper.ok(finished[1].result, finished[1].err).amount_minor)
    end
    payment:close()
    first:close()
    second:close()
  end)

  it("is closed by Lua 5.4 when the loop is left early", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 20000 } })
    local client = reader(server)
    local run, _, _, closing = repay.each(client:calls("schedule", ids(20)), { concurrency = 4 })
    assert.equal(run, closing)
    for _, schedule in run, nil, nil, closing do
      schedule:close()
      if schedule then
        break
      end
    end
    if helper.is_luajit then
      run:close()
    end
    assert.equal("repay.each: 1 ended, 0 failed, 0 under way", tostring(run))
    client:close()
  end)

  it("closes before it hands on what a function of the caller's raised", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 20000 } })
    local client = reader(server)
    local run = repay.each(client:calls("schedule", ids(20)), {
      concurrency = 4, stop_on = function() error("enough", 0) end,
    })
    local ok, raised = pcall(run)
    assert.is_false(ok)
    assert.equal("enough", raised)
    assert.truthy(tostring(run):find("0 under way", 1, true))
    client:close()
  end)

  it("may be closed from within", function()
    local client = canned("carbon/schedule.200.json")
    local run, made = nil, 0
    local function source()
      made = made + 1
      if made == 3 then
        run:close()
      end
      return client:prepare("schedule", { loan_id = "LOAN_" .. made })
    end
    run = repay.each(source)
    local turns = 0
    for _, schedule in run do
      turns = turns + 1
      schedule:close()
    end
    assert.equal(2, turns)
    client:close()
  end)

  it("raises for calls that it cannot run", function()
    local server = wire.server({ { "send", SCHEDULE } })
    local client, other = canned("carbon/schedule.200.json"), reader(server)
    local function call_of(owner)
      return assert(owner:prepare("schedule", { loan_id = "LOAN_1" }))
    end
    local twice, closed = call_of(client), call_of(client)
    closed:close()
    assert.equal("repay.each: a repay.call expected, got a number", raised_in_loop { 1 })
    assert.equal("repay.each: a repay.call runs once, and one of these has run or is closed",
      raised_in_loop { twice, twice })
    assert.equal("repay.each: a repay.call runs once, and one of these has run or is closed",
      raised_in_loop { closed })
    assert.equal("repay.each: calls over libcurl and calls over a transport cannot share a run",
      raised_in_loop { call_of(client), call_of(other) })
    client:close()
    other:close()
    collectgarbage()
  end)

  it("raises for options that are none", function()
    local cases = {
      { { concurency = 1 },
        "repay.each: unknown option 'concurency' (did you mean 'concurrency'?)" },
      { { concurrency = 0 },
        "repay.each: option 'concurrency' must be a whole number from 1 to 1024" },
      { { concurrency = 1025 },
        "repay.each: option 'concurrency' must be a whole number from 1 to 1024" },
      { { per_host = 1.5 }, "repay.each: option 'per_host' must be a whole number from 1 to 1024" },
      { { rate = "5" }, "repay.each: option 'rate' must be a whole number from 1 to 1000000" },
      { { burst = 5 }, "repay.each: option 'burst' says nothing without 'rate'" },
      { { on_progress = 1 }, "repay.each: option 'on_progress' must be a function" },
      { { stop_on = "unavailabel" },
        "repay.each: unknown kind of error 'unavailabel' (did you mean 'unavailable'?)" },
      { { stop_on = {} },
        "repay.each: option 'stop_on' must be a function, a kind of error or a list of kinds" },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[2], helper.raises(function() local _ = repay.each({}, case[1]) end))
    end
    assert.equal("repay.each: options must be a table, got a number",
      helper.raises(function() local _ = repay.each({}, 5) end))
    assert.equal("repay.each: the calls must be a list or an iterator, got a nil",
      helper.raises(function() local _ = repay.each(nil) end))
  end)

  it("does not go on in a process that was forked meanwhile", function()
    local server = wire.server({ { "send", SCHEDULE } }, { { "stall", 300 }, { "send", SCHEDULE } })
    local client = reader(server)
    local run = repay.each(client:calls("schedule", ids(4)), { concurrency = 2 })
    local _, first = run()
    first:close()
    local child = fork.child(function()
      local ok, raised = pcall(run)
      local told = not ok and raised:find("repay.each was begun in another process", 1, true)
      return told and #run:close() == 0 and 0 or 1
    end)
    assert.equal(0, fork.wait(child))
    local left = 0
    for _, schedule in run do
      left = left + 1
      schedule:close()
    end
    assert.equal(3, left)
    assert.equal(4, #server:requests())
    client:close()
  end)

  it("ends calls whose client is closed under it", function()
    local server = wire.server({ { "stall", 20000 } })
    local client = reader(server)
    local calls = client:calls("schedule", ids(4))
    local turns = 0
    local run = repay.each(calls, {
      concurrency = 4,
      on_progress = function()
        if #server:requests() == 4 then
          client:close()
        end
      end,
    })
    for _, result, err in run do
      assert.is_nil(result)
      assert.equal("cancelled", err.kind)
      turns = turns + 1
    end
    assert.equal(4, turns)
  end)

  it("gives an error for a call that is closed under way", function()
    local server = wire.server({ { "stall", 20000 } })
    local client = reader(server)
    local calls = {}
    for i = 1, 3 do
      calls[i] = assert(client:prepare("schedule", { loan_id = "LOAN_" .. i }))
    end
    local kinds = {}
    for _, _, err in repay.each(calls, {
      on_progress = function()
        if #server:requests() == 3 then
          for _, call in ipairs(calls) do
            call:close()
          end
        end
      end,
    }) do
      kinds[#kinds + 1] = err.kind .. ": " .. err.message
    end
    local expected = "cancelled: the call was closed before it ended"
    assert.same({ expected, expected, expected }, kinds)
    client:close()
  end)
end)

describe("client:calls", function()
  helper.watch(after_each)

  it("raises for what is no operation, no list and no client", function()
    local client = canned("carbon/schedule.200.json")
    assert.equal("carbon has no operation 'shedule' (did you mean 'schedule'?)",
      helper.raises(function() local _ = client:calls("shedule", {}) end))
    assert.equal("repay.client:calls: the arguments must be a list or an iterator, got a number",
      helper.raises(function() local _ = client:calls("schedule", 5) end))
    client:close()
    assert.equal("repay.client is closed",
      helper.raises(function() local _ = client:calls("schedule", {}) end))
  end)

  it("says when an id alone is not enough", function()
    local client = helper.open("fincode", transport.new("fincode/repay.200.json"))
    local err = helper.fails(client:calls("repay", { "123e4567-e89b-12d3-a456-426614174000" })())
    assert.equal("invalid_argument", err.kind)
    client:close()
  end)
end)
