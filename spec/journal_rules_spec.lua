-- Each rule of the journal, once kept and once switched off: kept, the provider has one record and
-- the journal knows of it; off, there is a double, or a record that the journal calls absent.
local helper = require "spec.support.helper"
local lists = require "repay.journal.lists"
local native = require "repay.native.core"
local world = require "spec.support.journal_world"

local DAY_MS = 86400000

local w

-- A transport over the sandbox whose writes go through `around(send, request)`.
local function transport_with(around)
  local transport = w.box:transport "fincode"
  local send = transport.send
  function transport.send(request)
    if request.is_write then
      return around(send, request)
    end
    return send(request)
  end
  return transport
end

-- A process that dies in its send: before or after the provider had the request. What it held is
-- given back, as the system does it.
local function die_sending(reaches, changes)
  local client = w:open_client { transport = transport_with(function(send, request)
    if reaches then
      send(request)
    end
    coroutine.yield "in flight"
  end) }
  local dying = coroutine.create(function()
    return w.journal:repay(client, world.arguments(changes))
  end)
  local _, where = assert(coroutine.resume(dying))
  assert.equal("in flight", where)
  dying = nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  return w.journal:entries { state = "sending" }[1].id
end

-- One accepted repayment that the list was seen to show.
local function teach()
  helper.ok(w:repay { reference = "TAUGHT", amount = "77.00" })
  helper.ok(w.journal:reconcile(w.client))
  assert.is_true(w.journal:fact(w.client, "list_shows_records"))
  w:advance(1000)
end

local function records_of(amount_minor)
  local count = 0
  for _, record in ipairs(w.box:ledger().repayments) do
    count = count + (record.amount_minor == amount_minor and 1 or 0)
  end
  return count
end

-- What a person does who is told that a repayment is not there.
local function replace_if_absent(id)
  if w.journal:entry(id).state ~= "absent" then
    return false
  end
  local new = helper.ok(w.journal:replace(id, { because = "it is absent" }))
  helper.ok(w.journal:approve { ids = { new.id }, because = "it is absent" })
  helper.ok(w.journal:run(w.client))
  return true
end

local function restart(options)
  w.journal:close()
  w.journal = w:open_journal(options)
end

describe("a rule of the journal:", function()
  after_each(function()
    if native.test_clock then
      native.test_clock(-1, -1)
    end
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  -- Each returns how many records there are in the end.
  local rules, names = {}, {}

  rules["one owner at a time, by a lock"] = function(is_on)
    w = world.new { keys = "unproven" }
    teach()
    -- It sleeps with its request in hand, and wakes when others have long gone on.
    local client = w:open_client { transport = transport_with(function(send, request)
      coroutine.yield "asleep"
      return send(request)
    end) }
    local sleeper = coroutine.create(function()
      return w.journal:repay(client, world.arguments())
    end)
    assert(coroutine.resume(sleeper))
    local id = w.journal:entries { state = "sending" }[1].id
    if not is_on then
      -- Another journal finds another lock file.
      os.remove(w.path .. "-lock")
      w.journal = w:open_journal { moved = true }
    end
    w:settle()
    assert.equal(not is_on, replace_if_absent(id))
    assert(coroutine.resume(sleeper))
    return records_of(500000)
  end

  rules["the same key on every attempt"] = function(is_on)
    w = world.new()
    local attempt = 0
    local client = w:open_client { transport = transport_with(function(send, request)
      attempt = attempt + 1
      for _, pair in ipairs(request.headers) do
        if not is_on and pair[1]:lower() == "x-idempotency-key" then
          pair[2] = pair[2]:sub(1, -2) .. attempt
        end
      end
      return send(request)
    end) }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    helper.ok(w.journal:repay(client, world.arguments()))
    return records_of(500000)
  end

  rules["nothing is sent again after the key's window"] = function(is_on)
    w = world.new { journal = { window_ms = is_on and DAY_MS or 30 * DAY_MS } }
    die_sending(true)
    w:advance(DAY_MS + 1000)
    helper.ok(w.journal:recover(w.client))
    return records_of(500000)
  end

  rules["a margin before the window's end"] = function(is_on)
    local none = { settle_ms = 0, skew_ms = 0, margin_ms = 0 }
    -- The provider's clock is two minutes fast, and this request is slow.
    w = world.new { journal = not is_on and none or nil, box = { key_memory_ms = DAY_MS - 120000 } }
    local id = die_sending(true)
    local entry = w.journal:entry(id)
    local timeout_ms = entry.deadline_ms - entry.first_sent_ms
    w:advance(DAY_MS - timeout_ms - 1000)
    w.client = w:open_client { transport = transport_with(function(send, request)
      w.box:advance(math.min(timeout_ms, request.timeout_ms) - 500)
      return send(request)
    end) }
    helper.ok(w.journal:recover(w.client))
    return records_of(500000)
  end

  rules["an attempt leaves within the time of its claim, or not at all"] = function(is_on)
    w = world.new()
    local transport = transport_with(function(send, request)
      return send(request)
    end)
    -- The lid is closed once the second attempt is claimed, and opened two days later.
    local now_ms, limit, slept = transport.now_ms, native.limit, false
    function transport.now_ms()
      local entry = w.journal:entries { state = "sending" }[1]
      if entry and entry.tries == 2 and not slept then
        slept = true
        w:advance(2 * DAY_MS)
      end
      return now_ms()
    end
    if not is_on then
      native.limit = function() end
    end
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w.journal:repay(w:open_client { transport = transport }, world.arguments())
    native.limit = limit
    return records_of(500000)
  end

  rules["a copy of a journal sends nothing"] = function(is_on)
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "keys_ignored", route = "repay_loan" }
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    w.journal:close()
    -- Taken to another machine with all that lies beside it.
    local there = w.directory .. "/there"
    assert.equal(0, tonumber(io.popen(("mkdir -m 700 %s && cp -p %s* %s/; echo $?"):format(there,
      w.path, there)):read("*l")))
    w.journal = w:open_journal()
    helper.ok(w.journal:run(w.client))
    local copy = w:open_journal({ moved = not is_on }, there .. "/pay.db")
    local ran = helper.ok(copy:run(w.client))
    assert.equal(is_on and "config" or nil, ran.stopped)
    return records_of(500000)
  end

  rules["a backup that was put in place of its journal sends nothing"] = function(is_on)
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "keys_ignored", route = "repay_loan" }
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    helper.ok(w.journal:backup(w.directory .. "/backup.db"))
    helper.ok(w.journal:run(w.client))
    w.journal:close()
    os.execute(("cp %s/backup.db %s && rm -f %s-wal %s-shm"):format(w.directory, w.path, w.path,
      w.path))
    w.journal = w:open_journal { moved = not is_on }
    helper.ok(w.journal:run(w.client))
    return records_of(500000)
  end

  rules["keys are trusted by who sends again, not only by who planned"] = function(is_on)
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    -- Then a person learns that the provider ignores its keys, and says so in the client's options.
    w.box:fault { kind = "keys_ignored", route = "repay_loan" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    helper.ok(w.journal:run(w:open_client { keys = not is_on and "honoured" or "unproven" }))
    return records_of(500000)
  end

  rules["absence is believed only after a settle delay"] = function(is_on)
    w = world.new { keys = "unproven", journal = { settle_ms = is_on and 7200000 or 0 } }
    teach()
    w:advance(7200000)
    w.box:fault { kind = "list_lags", route = "list_customer_repayments", ms = 7000000 }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local err = helper.fails(w:repay())
    for _ = 1, 2 do
      w:advance(700000)
      helper.ok(w.journal:reconcile(w.client))
    end
    assert.equal(not is_on, replace_if_absent(err.entry))
    w:advance(4 * 7200000)
    helper.ok(w.journal:reconcile(w.client))
    if is_on then
      assert.equal("accepted", w.journal:entry(err.entry).state)
    end
    return records_of(500000)
  end

  rules["absence is read from complete lists only"] = function(is_on)
    w = world.new { keys = "unproven" }
    teach()
    local known = assert(lists.records(w.client, world.ids.two_loans))
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local err = helper.fails(w:repay())
    -- From here on the list has lost its rows, old and new.
    w.box:fault { kind = "list_lags", route = "list_customer_repayments", ms = 90 * DAY_MS }
    local records = lists.records
    if not is_on then
      -- Whatever is missing is taken for seen.
      lists.records = function()
        return known
      end
    end
    w:settle()
    w:settle()
    lists.records = records
    w.box:clear_faults()
    assert.equal(not is_on, replace_if_absent(err.entry))
    return records_of(500000)
  end

  rules["what may be sent is on disk before it is sent"] = function(is_on)
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "keys_ignored", route = "repay_loan" }
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    helper.ok(w.journal:backup(w.directory .. "/before.db"))
    die_sending(true, { keys = "derived" })
    if not is_on then
      -- What a journal has that writes only when the reply is there.
      w.path = w.directory .. "/before.db"
    end
    restart { moved = not is_on }
    helper.ok(w.journal:recover())
    helper.ok(w.journal:run(w.client))
    return records_of(500000)
  end

  local MINUTE_MS = 60000
  local STEADY_MS = 1000000

  -- The machine's own clocks, moved by hand: `passed_ms` really pass, and the wall clock is set
  -- `ahead_ms` ahead of what is right.
  local function let_pass(passed_ms, ahead_ms)
    local began = w.began_ms or w.box:unix_ms()
    w.began_ms, w.passed_ms = began, (w.passed_ms or 0) + passed_ms
    w.box:advance(passed_ms)
    native.test_clock(STEADY_MS + w.passed_ms, began + w.passed_ms + ahead_ms)
  end

  -- A journal over the system's clock; or, the rule switched off, over another with the same hands.
  local function use_system_clock(is_on, options)
    w.journal:close()
    options.unix_ms = not is_on and native.unix_ms or nil
    w.journal = assert(require("repay").journal(w.path, options))
    w.journals[#w.journals + 1] = w.journal
  end

  -- They can be moved in the build for tests alone.
  if native.test_clock then
    rules["a clock that was set back unseen opens no window"] = function(is_on)
      w = world.new()
      let_pass(0, 0)
      use_system_clock(is_on, {})
      die_sending(true)
      let_pass(DAY_MS + 10 * MINUTE_MS, -50 * MINUTE_MS)
      helper.ok(w.journal:recover(w.client))
      return records_of(500000)
    end

    rules["a clock that was set forward makes no delay pass"] = function(is_on)
      w = world.new { keys = "unproven" }
      let_pass(0, 0)
      use_system_clock(is_on, { settle_ms = 10 * MINUTE_MS })
      teach()
      let_pass(DAY_MS, 0)
      w.box:fault { kind = "list_lags", route = "list_customer_repayments", ms = 30 * MINUTE_MS }
      w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
      local err = helper.fails(w:repay())
      for _, passed_ms in ipairs { 1000, 12 * MINUTE_MS } do
        let_pass(passed_ms, 50 * MINUTE_MS)
        helper.ok(w.journal:reconcile(w.client))
      end
      assert.equal(not is_on, replace_if_absent(err.entry))
      return records_of(500000)
    end
  end

  -- Planned at 22 hours, and then the machine starts with its clock at 12, when it is 32. The rule
  -- switched off: what was written at 22 hours is lost, and with it what shows that the clock fell.
  rules["a clock that went back is remembered, whatever is written after it"] = function(is_on)
    local HOUR_MS, behind_ms = 3600000, 0
    w = world.new()
    local function clock()
      return w.box:unix_ms() - behind_ms
    end
    local transport = w.box:transport "fincode"
    transport.unix_ms = clock
    w.client = w:open_client { transport = transport }
    local id = die_sending(true)
    if not is_on then
      helper.ok(w.journal:backup(w.directory .. "/before.db"))
    end
    w:advance(22 * HOUR_MS)
    helper.ok(w.journal:plan(w.client, { world.arguments { reference = "LATER" } }))
    if not is_on then
      w.path = w.directory .. "/before.db"
    end
    behind_ms = 20 * HOUR_MS
    w:advance(10 * HOUR_MS)
    restart { unix_ms = clock, moved = not is_on }
    helper.ok(w.journal:plan(w.client, { world.arguments { reference = "EARLIER" } }))
    local explained = helper.ok(w.journal:explain(id))
    local found = helper.ok(w.journal:recover())[1]
    assert.same({ id, is_on and "unknown" or "sending", is_on and "reconcile" or "resend" },
      { found.id, found.state, found.action })
    assert.same({ found.action, found.why, found.due_ms }, { explained.action, explained.why,
      explained.due_ms })
    helper.ok(w.journal:recover(w.client))
    assert.equal("accepted", w.journal:entry(id).state)
    return records_of(500000)
  end

  for name in pairs(rules) do
    names[#names + 1] = name
  end
  table.sort(names)

  for _, name in ipairs(names) do
    local rule = rules[name]
    it(name, function()
      assert.equal(1, rule(true))
    end)

    it(name .. ", switched off: a double", function()
      assert.equal(2, rule(false))
    end)
  end

  -- While we sleep between the list and the claim somebody pays the same amount at the counter, and
  -- our own attempt never arrives.
  local function sleep_after_the_list(is_on)
    w = world.new { keys = "unproven" }
    local records, read = lists.records, 0
    function lists.records(...)
      local list = records(...)
      read = read + 1
      -- The first is of the planning.
      if read == 2 then
        w:advance(DAY_MS)
        helper.ok(w.client:repay(world.arguments()))
      end
      return list
    end
    local raw = require("repay.journal").raw
    local before = raw.before
    if not is_on then
      function raw.before(journal, given)
        given.unix_ms = w.box:unix_ms()
        return before(journal, given)
      end
    end
    w.box:fault { kind = "status", status = 503, route = "repay_loan", nth = 2 }
    local err = helper.fails(w:repay())
    lists.records, raw.before = records, before
    return err
  end

  it("a list that is old sends nothing", function()
    local err = sleep_after_the_list(true)
    assert.same({ "timeout", "not_sent", "approved" }, { err.kind, err.outcome, err.state })
    assert.equal(1, w:posts())
    -- The next run reads another, and the record that there was settles nothing.
    helper.ok(w.journal:run(w.client))
    w:settle()
    assert.equal("unknown", w.journal:entry(err.entry).state)
    assert.equal(1, records_of(500000))
  end)

  it("a list that is old, and used: a payment of others is taken for ours", function()
    local err = sleep_after_the_list(false)
    assert.equal("unknown", err.state)
    w:settle()
    assert.equal("accepted", w.journal:entry(err.entry).state)
    assert.equal(1, records_of(500000))
  end)

  it("no list, no send", function()
    w = world.new()
    w.box:fault { kind = "status", status = 404, route = "list_customer_repayments", body = "html" }
    helper.fails(w:repay())
    assert.equal(0, w:posts())
  end)

  it("at most once is one attempt, whatever comes back", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "status", status = 503, route = "repay_loan" }
    helper.fails(w:repay())
    w:settle()
    helper.ok(w.journal:run(w.client))
    helper.fails(w:repay())
    assert.equal(1, w:posts())
  end)

  it("what was never sent does not use up that attempt", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "refuse", route = "repay_loan", nth = 1 }
    local entry, err = w:repay()
    if not entry then
      assert.equal("not_sent", err.outcome)
      entry = helper.ok(w:repay())
    end
    assert.equal("accepted", entry.state)
    assert.equal(1, records_of(500000))
  end)

  it("a clock that went back closes every window", function()
    w = world.new()
    die_sending(true)
    local back = w:open_journal({ unix_ms = function() return w.box:unix_ms() - 3000000 end })
    local actions = helper.ok(back:recover())
    assert.equal("unknown", actions[1].state)
    w:advance(1000)
    helper.ok(w.journal:recover(w.client))
    assert.equal(1, records_of(500000))
    assert.equal(1, w:posts())
  end)

  it("a journal whose lock file was removed sends nothing until a person says so", function()
    w = world.new()
    helper.ok(w:repay())
    w.journal:close()
    os.remove(w.path .. "-lock")
    w.journal = w:open_journal()
    local err = helper.fails(w:repay { reference = "REF 2" })
    assert.equal("config", err.kind)
    assert.matches("open it with moved = true when none is in use$", err.message)
    assert.equal("approved", w.journal:entry(err.entry or w.journal:entries {}[2].id).state)
    restart { moved = true }
    assert.equal("accepted", helper.ok(w:repay { reference = "REF 2" }).state)
    -- Said once, it is known.
    restart()
    assert.equal("accepted", helper.ok(w:repay { reference = "REF 3" }).state)
    assert.truthy(helper.ok(w.journal:verify()))
  end)

  it("a client that does not trust keys closes the window for every other", function()
    w = world.new()
    local id = die_sending(true)
    local careful = w:open_client { keys = "unproven" }
    local ran = helper.ok(w.journal:run(careful))
    assert.same({ "unknown", "unknown", "not_keyed" }, { ran.entries[1].state,
      ran.entries[1].err.outcome, w.journal:entry(id).reason })
    helper.ok(w.journal:run(w.client))
    assert.equal(1, w:posts())
    w:settle()
    assert.equal("accepted", w.journal:entry(id).state)
  end)

  it("a repetition that is refused leaves the doubt of the attempt before it", function()
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local ran = helper.ok(w.journal:run(w:open_client { keys = "unproven" }))
    assert.equal("unknown", ran.entries[1].err.outcome)
    assert.equal("unknown", ran.entries[1].state)
    assert.equal(1, ran.unknown)
  end)

  it("a second recovery changes nothing", function()
    for _, keys in ipairs { "honoured", "unproven" } do
      w = world.new { keys = keys }
      die_sending(true)
      helper.ok(w.journal:recover())
      local events = w.journal:verify().events
      local first = helper.ok(w.journal:recover())
      assert.same(first, helper.ok(w.journal:recover()))
      assert.equal(events, w.journal:verify().events)
      w:settle()
      events = w.journal:verify().events
      helper.ok(w.journal:recover(w.client))
      assert.equal(events, w.journal:verify().events)
      assert.equal(1, records_of(500000))
      if keys == "honoured" then
        w:close()
      end
    end
  end)
end)
