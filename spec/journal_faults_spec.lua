-- What a provider can do to a repayment, each under both modes and both readings of its list: the
-- entry ends in the right state, and the ledger agrees with it.
local helper = require "spec.support.helper"
local world = require "spec.support.journal_world"

local w

local LOST = { kind = "reply_lost", route = "repay_loan", nth = 1 }

-- `state` is where the entry is at once, `settled` after two lists a settle delay apart; by mode,
-- and where it matters by list. `records` is how many the ledger has of it.
local cases = {
  {
    name = "the reply is lost", faults = { LOST }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "it is recorded and answered with HTTP 500",
    faults = { { kind = "processed_then_status", route = "repay_loan", nth = 1 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "it is not recorded and answered with HTTP 503",
    faults = { { kind = "status", status = 503, route = "repay_loan", nth = 1 } },
    records = { keyed = 1, once = 0 },
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "absent", installments = "unknown" } },
  },
  {
    name = "the connection is refused",
    faults = { { kind = "refuse", route = "repay_loan", times = 5 } }, records = 0,
    keyed = { state = "approved", settled = "approved" },
    once = { state = "approved", settled = "approved" },
  },
  {
    name = "the token is refused",
    faults = { { kind = "status", status = 401, route = "repay_loan", nth = 1 } }, records = 0,
    keyed = { state = "approved", settled = "approved" },
    once = { state = "approved", settled = "approved" },
  },
  {
    name = "it is asked to slow down",
    faults = { { kind = "status", status = 429, route = "repay_loan", nth = 1 } },
    records = { keyed = 0, once = 0 },
    keyed = { state = "approved", settled = "approved" },
    once = { state = "unknown", settled = { records = "absent", installments = "unknown" } },
  },
  {
    name = "the reply is a page of HTML",
    faults = { { kind = "html", route = "repay_loan", nth = 1 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "the reply is cut",
    faults = { { kind = "cut", route = "repay_loan", nth = 1 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "the reply is a redirect",
    faults = { { kind = "redirect", route = "repay_loan", nth = 1, location = "http://x.test/" } },
    records = { keyed = 1, once = 0 },
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "absent", installments = "unknown" } },
  },
  {
    name = "another amount is echoed, whatever is asked",
    faults = { { kind = "amount_echoed_wrong", route = "repay_loan" } }, records = 1,
    keyed = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "it is recorded and answered as rejected",
    faults = { { kind = "answered_rejected", route = "repay_loan", nth = 1 } }, records = 1,
    keyed = { state = "rejected", settled = "rejected" },
    once = { state = "rejected", settled = "rejected" },
  },
  {
    name = "it is rejected later",
    faults = { { kind = "rejected_later", route = "repay_loan", ms = 1000 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "accepted", settled = "accepted" },
  },
  {
    name = "its key is running elsewhere when it is repeated",
    faults = { LOST, { kind = "conflict_while_running", route = "repay_loan", ms = 90000000 } },
    records = 1,
    keyed = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "its reply is lost and the list lags",
    faults = { LOST, { kind = "list_lags", route = "list_customer_repayments", ms = 300000 } },
    records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "its reply is lost and the list repeats rows",
    faults = { LOST, { kind = "list_repeats", route = "list_customer_repayments" } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "unknown", settled = { records = "accepted", installments = "unknown" } },
  },
  {
    name = "verification is slow",
    faults = { { kind = "verification_delayed", route = "repay_loan", ms = 60000 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "accepted", settled = "accepted" },
  },
  {
    name = "the clock in its replies is wrong",
    faults = { { kind = "date_skewed", ms = 7200000 } }, records = 1,
    keyed = { state = "accepted", settled = "accepted" },
    once = { state = "accepted", settled = "accepted" },
  },
}

local function of(value, name)
  if type(value) == "table" then
    return value[name]
  end
  return value
end

-- A tenant that was once seen to list what it accepted: without that nothing is ever absent.
local function teach(list)
  if list == "records" then
    helper.ok(w:repay { reference = "TAUGHT", amount = "77.00" })
    helper.ok(w.journal:reconcile(w.client))
    w:advance(1000)
  end
end

local function events()
  return w.journal:verify().events
end

describe("the journal, where the provider is at fault:", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  for _, case in ipairs(cases) do
    for mode, keys in pairs { keyed = "honoured", once = "unproven" } do
      for _, list in ipairs { "records", "installments" } do
        it(("%s, %s, list of %s"):format(case.name, mode, list), function()
          w = world.new { keys = keys, list = list }
          teach(list)
          if mode == "once" then
            -- What was sent twice would be there twice.
            assert(w.box:fault { kind = "keys_ignored", route = "repay_loan" })
          end
          for _, rule in ipairs(case.faults) do
            assert(w.box:fault(rule))
          end
          local entry, err = w:repay()
          local id = entry and entry.id or err.entry
          local expected = case[mode]
          assert.equal(of(expected.state, list), w.journal:entry(id).state)
          w:settle()
          local now = w.journal:entry(id)
          assert.equal(of(expected.settled, list), now.state)
          local _, by_key = w:records()
          assert.equal(of(case.records, mode), by_key[now.key] or 0)
          -- Open or not, somebody is told what comes next, and another recovery changes nothing.
          local action = w:action(id)
          if now.state == "unknown" then
            assert.equal("ask", action)
          end
          local before = events()
          helper.ok(w.journal:recover(w.client))
          assert.equal(before, events())
        end)
      end
    end
  end

  it("a refusal after doubt settles nothing: the loan was closed by the first attempt", function()
    for _, list in ipairs { "records", "installments" } do
      w = world.new { list = list, box = { balance_on_submit = true } }
      teach(list)
      w.box:fault(LOST)
      w.box:fault { kind = "keys_forgotten", route = "repay_loan", after_ms = 0 }
      -- All that is left on this account, so that the first attempt closes it.
      local err = helper.fails(w:repay { account_id = world.ids.overdue_account,
        bank_account_id = "323e4567-e89b-12d3-a456-426614174012", amount = "109999.99" })
      assert.equal("loan_closed", err.kind)
      assert.equal("unknown", err.outcome)
      local explained = w.journal:explain(err.entry)
      assert.equal(2, #explained.attempts)
      assert.equal("refused", explained.attempts[2].outcome)
      assert.equal("unknown", explained.entry.state)
      w:settle()
      local now = w.journal:entry(err.entry)
      assert.equal(list == "records" and "accepted" or "unknown", now.state)
      local _, by_key = w:records()
      assert.equal(1, by_key[now.key])
      if list == "records" then
        w:close()
      end
    end
  end)

  it("a key that was seen before is no success, in either mode", function()
    for _, keys in ipairs { "honoured", "unproven" } do
      w = world.new { keys = keys }
      local first = helper.ok(w.client:repay(world.arguments { idempotency_key = "shared" }))
      assert.is_string(first.id)
      w:advance(1000)
      local err = helper.fails(w:repay { amount = "6000.00", idempotency_key = "shared" })
      assert.equal("key_reused", err.kind)
      assert.equal("unknown", w.journal:entry(err.entry).state)
      assert.equal(1, (w:records()))
      if keys == "honoured" then
        w:close()
      end
    end
  end)

  it("keys that are not honoured where somebody said they were make a double, and only there",
    function()
      w = world.new { keys = "honoured" }
      w.box:fault { kind = "keys_ignored", route = "repay_loan" }
      w.box:fault(LOST)
      local entry = helper.ok(w:repay())
      local _, by_key = w:records()
      assert.equal(2, by_key[entry.key])
      w:close()
      w = world.new { keys = "unproven" }
      w.box:fault { kind = "keys_ignored", route = "repay_loan" }
      w.box:fault(LOST)
      local err = helper.fails(w:repay())
      _, by_key = w:records()
      assert.equal(1, by_key[w.journal:entry(err.entry).key])
    end)

  -- As its owner gets one who logs in: what a provider remembers of keys, it remembers of a user.
  local function open_with_new_token()
    return w:open_client { token = w.box:token("fincode", world.ids.two_loans) }
  end

  it("a token that expires stops the run before anything is sent, and a new one goes on", function()
    for _, keys in ipairs { "honoured", "unproven" } do
      w = world.new { keys = keys }
      if keys == "unproven" then
        w.box:fault { kind = "keys_ignored", route = "repay_loan" }
      end
      w.box:fault { kind = "token_expires", route = "repay_loan", nth = 2 }
      local plan = helper.ok(w.journal:plan(w.client, { world.arguments(),
        world.arguments { reference = "REF 2" }, world.arguments { reference = "REF 3" } },
        { name = "three" }))
      helper.ok(w.journal:approve { batch = plan.batch })
      local ran = helper.ok(w.journal:run(open_with_new_token()))
      assert.same({ "auth", 1 }, { ran.stopped, (w:records()) })
      assert.equal(2, #w.journal:entries { state = "approved" })
      assert.equal(2, helper.ok(w.journal:run(open_with_new_token())).accepted)
      assert.same({ 3, 4 }, { (w:records()), w:posts() })
      w:close()
      w = nil
    end
  end)

  it("a token that expires after a lost reply takes no doubt away", function()
    w = world.new()
    w.box:fault(LOST)
    w.box:fault { kind = "token_expires", route = "repay_loan", nth = 2 }
    local err = helper.fails(w.journal:repay(open_with_new_token(), world.arguments()))
    assert.same({ "auth", "unknown" }, { err.kind, err.outcome })
    assert.equal("resend", w:action(err.entry))
    assert.equal("invalid_argument", helper.fails(w.journal:cancel(err.entry)).kind)
    helper.ok(w.journal:run(open_with_new_token()))
    assert.equal("accepted", w.journal:entry(err.entry).state)
    assert.same({ 1, 3 }, { (w:records()), w:posts() })
  end)

  it("each fault of the sandbox that is about money has its place here", function()
    local text = require("spec.support.read").file("spec/journal_faults_spec.lua")
    local money = 0
    for _, fault in ipairs(require("repay.sandbox.faults").list) do
      if fault.class == "money" then
        money = money + 1
        assert.truthy(text:find(('kind = "%s"'):format(fault.name), 1, true), fault.name)
      end
    end
    assert.is_true(money >= 14, money)
  end)

  it("a list that hides our record leaves it in doubt, and nothing is sent again", function()
    w = world.new { keys = "unproven" }
    teach("records")
    w.box:fault(LOST)
    w.box:fault { kind = "list_misses", route = "list_customer_repayments" }
    local err = helper.fails(w:repay())
    w:settle()
    local state = w.journal:entry(err.entry).state
    assert.is_true(state == "unknown" or state == "absent")
    w:settle()
    local _, by_key = w:records()
    assert.equal(1, by_key[w.journal:entry(err.entry).key])
  end)

  it("ids that the list has and the receipt has not are matched all the same", function()
    w = world.new { keys = "unproven", box = { list_ids = "other", repaid_ids = "other" } }
    local entry = helper.ok(w:repay())
    w:settle()
    local now = w.journal:entry(entry.id)
    assert.is_string(now.record_id)
    assert.not_equal(now.receipt_id, now.record_id)
    assert.is_false(w.journal:fact(w.client, "receipt_id_is_record_id"))
    w.box:fault(LOST)
    local err = helper.fails(w:repay { reference = "REF 2" })
    w:settle()
    assert.equal("accepted", w.journal:entry(err.entry).state)
    assert.equal(2, (w:records()))
  end)

  it("two equal repayments whose replies are lost get a record each", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", times = 2 }
    local first = helper.fails(w:repay())
    local second = helper.fails(w:repay { reference = "REF 2" })
    w:settle()
    local one, other = w.journal:entry(first.entry), w.journal:entry(second.entry)
    assert.equal("accepted", one.state)
    assert.equal("accepted", other.state)
    assert.not_equal(one.record_id, other.record_id)
  end)

  it("a stranger's record of equal amount is given to nobody", function()
    w = world.new { keys = "unproven" }
    teach("records")
    w.box:fault(LOST)
    local err = helper.fails(w:repay())
    helper.ok(w.client:repay(world.arguments { reference = "STRANGER" }))
    w:settle()
    assert.equal("unknown", w.journal:entry(err.entry).state)
    assert.equal("ask", w:action(err.entry))
    assert.equal("ambiguous", w.journal:entry(err.entry).reason)
  end)

  it("a provider that goes away after a doubt is not asked for ever", function()
    w = world.new()
    w.box:fault(LOST)
    w.box:fault { kind = "refuse", route = "repay_loan", from = 2 }
    local err = helper.fails(w:repay())
    assert.equal("unknown", err.outcome)
    assert.is_true(#w.journal:explain(err.entry).attempts <= 10)
    assert.equal("resend", w:action(err.entry))
    w.box:clear_faults()
    w:settle()
    assert.equal("accepted", w.journal:entry(err.entry).state)
    assert.equal(1, (w:records()))
  end)

  it("a list that cannot be read stops the send, not the journal", function()
    w = world.new { keys = "honoured" }
    w.box:fault { kind = "status", status = 503, route = "list_customer_repayments", times = 3 }
    local err = helper.fails(w:repay())
    assert.equal("unavailable", err.kind)
    assert.equal("approved", w.journal:entry(err.entry).state)
    assert.equal(0, w:posts())
    assert.equal(1, helper.ok(w.journal:run(w.client)).accepted)
  end)
end)
