-- One repayment in one call, and what became of everything that is open: the workflows behind
-- `repay pay`, `repay recover` and `repay reconcile`.
local helper = require "spec.support.helper"
local repay = require "repay"
local world = require "spec.support.journal_world"

local w

local function repay_one(changes, options)
  local given = { journal = w.journal, client = w.client }
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  local arguments = world.arguments(changes)
  for name, value in pairs(changes or {}) do
    if value == "" then
      arguments[name] = nil
    end
  end
  return repay.workflow.repay_one(arguments, given)
end

local function reconcile(options)
  local given = { journal = w.journal, clients = w.client }
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  return repay.workflow.reconcile.run(given)
end

describe("repay.workflow.repay_one", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("records a repayment and tells what became of it", function()
    w = world.new()
    local result = helper.ok(repay_one())
    assert.equal("done", result.stage)
    assert.equal("accepted", result.entry.state)
    assert.is_false(result.existing)
    assert.equal("derived", result.entry.key_from)
    assert.equal(1, (w:records()))
  end)

  it("sends nothing again, however often it is said", function()
    w = world.new()
    local first = helper.ok(repay_one())
    local again = helper.ok(repay_one())
    assert.is_true(again.existing)
    assert.equal(first.entry.id, again.entry.id)
    assert.equal(1, w:posts())
  end)

  it("is the same after the journal was lost, where a day was said", function()
    w = world.new()
    local first = helper.ok(repay_one())
    w:lose_journal()
    assert.equal(first.entry.key, helper.ok(repay_one()).entry.key)
    assert.equal(1, (w:records()))
  end)

  it("knows a reference again on another day", function()
    w = world.new()
    local first = helper.ok(repay_one { payment_date = "" })
    assert.equal("2025-01-20", first.entry.payment_date)
    assert.equal("random", first.entry.key_from)
    w:advance(3 * 86400000)
    local again = helper.ok(repay_one { payment_date = "" })
    assert.is_true(again.existing)
    assert.equal(first.entry.id, again.entry.id)
    assert.equal(1, w:posts())
    helper.ok(repay_one { payment_date = "", reference = "REF 2" })
    assert.equal(2, (w:records()))
  end)

  it("takes a repayment without day and reference for that day's", function()
    w = world.new()
    helper.ok(repay_one { payment_date = "", reference = "" })
    helper.ok(repay_one { payment_date = "", reference = "" })
    assert.equal(1, w:posts())
    w:advance(86400000)
    local next_day = helper.ok(repay_one { payment_date = "", reference = "" })
    assert.same({ "repeated" }, next_day.warned)
    assert.equal(2, w:posts())
  end)

  it("plans nothing in a dry run, and says what it would look at twice", function()
    w = world.new { list = "installments" }
    local result = helper.ok(repay_one({ amount = "999999999.00" }, { dry_run = true }))
    assert.equal("dry_run", result.stage)
    assert.same({ "above_payable", "unit" }, result.warned)
    assert.same({}, w.journal:entries {})
    assert.equal(0, w:posts())
  end)

  it("stops above a limit until a person approves, and then goes on", function()
    w = world.new()
    local limits = { limits = { per_run_minor = 499999 } }
    local err = helper.fails(repay_one(nil, limits))
    assert.equal("limit_exceeded", err.kind)
    assert.equal("planned", w.journal:entry(err.entry).state)
    assert.equal(0, w:posts())
    helper.ok(w.journal:approve { ids = { err.entry }, because = "seen" })
    assert.equal("accepted", helper.ok(repay_one(nil, limits)).entry.state)
    assert.equal(1, w:posts())
  end)

  it("holds what the list may show already, until a reason is given", function()
    w = world.new { keys = "unproven" }
    helper.ok(w.client:repay(world.arguments()))
    local err = helper.fails(repay_one())
    assert.equal("approval_required", err.kind)
    assert.equal("planned", w.journal:entry(err.entry).state)
    local result = helper.ok(repay_one(nil, { because = "the first was for January" }))
    assert.equal("accepted", result.entry.state)
    assert.equal(2, (w:records()))
  end)

  it("plans and approves without sending", function()
    w = world.new()
    local result = helper.ok(repay_one(nil, { send = false }))
    assert.equal("planned", result.stage)
    assert.equal("approved", result.entry.state)
    assert.equal(0, w:posts())
    assert.equal("accepted", helper.ok(repay_one()).entry.state)
  end)

  it("says how the last attempt ended, and leaves the doubt where it is", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan" }
    local result = helper.ok(repay_one())
    assert.equal("unknown", result.entry.state)
    assert.equal("unknown", result.err.outcome)
    w:advance()
    assert.equal("accepted", helper.ok(repay_one()).entry.state)
    assert.equal(1, (w:records()))
  end)

  it("refuses what is no repayment, and no journal, at the caller's line", function()
    w = world.new()
    assert.matches("a repayment is a table", helper.raises(function()
      repay.workflow.repay_one("x", { journal = w.journal, client = w.client })
    end))
    assert.matches("option 'journal' must be", helper.raises(function()
      repay.workflow.repay_one({}, { journal = "x", client = w.client })
    end))
    local err = helper.fails(repay_one { amount = "1.234" })
    assert.equal("amount", err.field)
    assert.same({}, w.journal:entries {})
  end)
end)

describe("repay.workflow.reconcile", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("says when what is not known can be decided, and then what it was", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local err = helper.fails(w:repay())
    local early = helper.ok(reconcile())
    assert.equal(1, #early.open)
    assert.equal("wait", early.open[1].action)
    assert.equal(err.entry, early.open[1].entry.id)
    assert.equal(early.open[1].due_ms, early.next_due_ms)
    assert.equal(0, early.needs_person)
    assert.matches("can be decided at 2025%-01%-20T", early.text)
    w:advance()
    local late = helper.ok(reconcile())
    assert.equal("unknown", late.changed[1].from)
    assert.equal("accepted", late.changed[1].state)
    assert.same({ accepted = 1 }, late.states)
    assert.matches("accepted, was unknown", late.text)
  end)

  it("counts what only a person can decide", function()
    w = world.new { keys = "unproven", list = "installments" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    helper.fails(w:repay())
    for _ = 1, 2 do
      w:advance()
      helper.ok(reconcile())
    end
    local result = helper.ok(reconcile())
    assert.equal("ask", result.open[1].action)
    assert.equal(1, result.needs_person)
  end)

  it("keeps the errors of lists that cannot be read beside what is open", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    helper.fails(w:repay())
    w:advance()
    w.box:fault { kind = "status", status = 503, route = "list_customer_repayments" }
    local result = helper.ok(reconcile())
    assert.equal("unavailable", result.failures[1].kind)
    assert.equal("unknown", result.open[1].state)
    assert.matches("not read: ", result.text)
  end)

  it("sends again only where that is asked for", function()
    w = world.new()
    w.box:fault { kind = "status", status = 500, route = "repay_loan" }
    local asked = 0
    helper.ok(repay_one(nil, { stop_when = function()
      asked = asked + 1
      return asked > 1
    end }))
    assert.equal("resend", w:action(w.journal:entries {}[1].id))
    local posts = w:posts()
    assert.equal("resend", helper.ok(reconcile()).open[1].action)
    assert.equal(posts, w:posts())
    w.box:clear_faults()
    local result = helper.ok(reconcile { resend = true })
    assert.equal(1, result.run.accepted)
    assert.equal(1, (w:records()))
  end)

  it("has nothing to say of an empty journal", function()
    w = world.new()
    local result = helper.ok(reconcile { resend = true })
    assert.equal("nothing is open\n", result.text)
    assert.is_nil(result.run)
    assert.matches("option 'clients'", helper.raises(function()
      repay.workflow.reconcile.run { journal = w.journal }
    end))
  end)
end)

describe("a run that is told to stop", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("ends the repayment under way and begins no other", function()
    w = world.new()
    local path = w:rows_file("pay.csv", 4)
    local sent = 0
    local result = helper.ok(w:run_file(path, {
      canary = false,
      on_progress = function() sent = sent + 1 end,
      stop_when = function() return sent == 2 end,
    }))
    assert.equal("interrupted", result.run.stopped)
    assert.equal(2, result.run.left)
    assert.same({ accepted = 2, approved = 2 }, result.states)
    assert.same({ accepted = 4 }, helper.ok(w:run_file(path)).states)
    assert.equal(4, (w:records()))
  end)

  it("does not wait for the end of a pause", function()
    w = world.new()
    w.box:fault { kind = "status", status = 429, retry_after = 60, route = "repay_loan" }
    local asked, before = 0, w.box:unix_ms()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    local ran = helper.ok(w.journal:run(w.client, { stop_when = function()
      asked = asked + 1
      return asked > 3
    end }))
    assert.is_true(w.box:unix_ms() - before < 5000)
    assert.equal(1, w:posts())
    assert.equal(1, ran.approved)
  end)

  it("reads no list any more", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    helper.fails(w:repay())
    w:advance()
    local result = helper.ok(reconcile { stop_when = function() return true end })
    assert.equal("interrupted", result.stopped)
    assert.equal("unknown", result.open[1].state)
  end)
end)

describe("a repayment that is interrupted", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("is unknown where its transport was cut off in the middle", function()
    local send
    w = world.new { keys = "unproven" }
    local settings = w.box:settings "fincode"
    local inner = settings.transport
    send = function(request)
      local reply = inner.send(request)
      if request.is_write then
        error("interrupted!", 0)
      end
      return reply
    end
    local client = w:open_client { transport = { send = send, sleep = inner.sleep,
      now_ms = inner.now_ms, unix_ms = inner.unix_ms } }
    local err = helper.fails(w.journal:repay(client, world.arguments()))
    assert.equal("unknown", w.journal:entry(err.entry).state)
  end)
end)

describe("the example of a file #interpreter", function()
  it("records each row once, also the one whose reply was lost", function()
    local pipe = assert(io.popen((helper.is_luajit and "luajit" or "lua5.4")
      .. " examples/repay_a_file.lua 2>&1", "r"))
    local said = pipe:read("*a")
    pipe:close()
    assert.matches("accepted, was unknown", said)
    assert.matches("\naccepted\t3\trecorded\t3\n$", said)
  end)
end)
