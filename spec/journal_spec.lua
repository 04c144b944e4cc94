-- The journal as a script sees it: one repayment, what its entry says, and what a person can do.
local helper = require "spec.support.helper"
local repay = require "repay"
local world = require "spec.support.journal_world"

local w

describe("repay.journal", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("records a repayment once, however often it is asked to", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    assert.equal("accepted", entry.state)
    assert.equal(500000, entry.amount_minor)
    assert.equal(entry.receipt.id, entry.receipt_id)
    local again = helper.ok(w:repay())
    assert.equal(entry.id, again.id)
    assert.equal(1, (w:records()))
  end)

  it("makes one key at planning and sends it", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    local _, by_key = w:records()
    assert.same({ [entry.key] = 1 }, by_key)
    assert.equal("random", entry.key_from)
    assert.matches("^%x+%-%x+%-7%x+%-", entry.key)
  end)

  it("derives the same key from the same words, on any machine", function()
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    local first = w.journal:entry(plan.entries[1].id)
    w:lose_journal()
    local again = helper.ok(w.journal:plan(w.client, {
      world.arguments { customer_id = world.ids.two_loans:upper(), amount = "5000" },
    }))
    assert.equal(first.key, w.journal:entry(again.entries[1].id).key)
    assert.equal("derived", first.key_from)
  end)

  it("takes the caller's key, and holds it to one payment", function()
    w = world.new()
    helper.ok(w:repay { idempotency_key = "order-1001" })
    local err = helper.fails(w:repay { idempotency_key = "order-1001", amount = "6000.00" })
    assert.equal("key_reused", err.kind)
    assert.equal(1, (w:records()))
  end)

  it("plans all or nothing, in one batch", function()
    w = world.new()
    local bad = { world.arguments(), world.arguments { amount = "0" } }
    helper.fails(w.journal:plan(w.client, bad))
    assert.same({}, w.journal:entries {})
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments(),
      world.arguments { reference = "REF 2" } }, { name = "January" }))
    assert.equal(2, #plan.entries)
    assert.equal(2, #w.journal:entries { batch = plan.batch, state = "planned" })
    assert.equal("January", w.journal:batches()[1].name)
    assert.equal(0, w:posts())
  end)

  it("says of two equal rows of a plan which they are", function()
    w = world.new()
    local err = helper.fails(w.journal:plan(w.client, { world.arguments(),
      world.arguments { reference = "REF 2" }, world.arguments() }))
    assert.equal("duplicate_payment", err.kind)
    assert.same({ 1, 3 }, err.rows)
  end)

  it("derives no key without a day", function()
    w = world.new()
    local given = world.arguments()
    given.payment_date = nil
    local err = helper.fails(w.journal:plan(w.client, { given }))
    assert.equal("payment_date", err.field)
    local entry = helper.ok(w.journal:repay(w.client, given))
    assert.equal("2025-01-20", entry.payment_date)
    assert.matches('"paymentDate":"2025%-01%-20"', entry.body)
  end)

  it("sends what is approved and nothing else", function()
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments(),
      world.arguments { reference = "REF 2" } }))
    assert.equal(1, helper.ok(w.journal:approve { ids = { plan.entries[2].id } }))
    local ran = helper.ok(w.journal:run(w.client))
    assert.equal(1, ran.accepted)
    assert.equal("planned", w.journal:entry(plan.entries[1].id).state)
    assert.equal(1, (w:records()))
  end)

  it("gives each entry to the client that it was planned with", function()
    w = world.new()
    local other = w:open_client { label = "shop 2" }
    local plan = helper.ok(w.journal:plan(other, { world.arguments() }))
    helper.ok(w.journal:approve { ids = { plan.entries[1].id } })
    assert.equal(1, helper.ok(w.journal:run(w.client)).without_client)
    assert.equal(0, w:posts())
    assert.equal(1, helper.ok(w.journal:run { w.client, other }).accepted)
  end)

  it("approves by itself within limits only", function()
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }, { name = "x" }))
    local given = { batch = plan.batch, automatic = true, day_from_ms = w.box:unix_ms() - 1000 }
    for _, limit in ipairs { "per_run_minor", "per_account_minor", "per_day_minor" } do
      given.limits = { [limit] = 499999 }
      assert.equal("limit_exceeded", helper.fails(w.journal:approve(given)).kind)
    end
    given.limits = { per_run_minor = 500000, per_account_minor = 500000, per_day_minor = 500000 }
    assert.equal(1, helper.ok(w.journal:approve(given)))
  end)

  it("cancels what was not sent, and nothing later", function()
    w = world.new()
    local plan = helper.ok(w.journal:plan(w.client, { world.arguments() }))
    assert.equal("cancelled", helper.ok(w.journal:cancel(plan.entries[1].id)).state)
    local sent = helper.ok(w:repay { reference = "REF 2" })
    assert.equal("invalid_argument", helper.fails(w.journal:cancel(sent.id)).kind)
    w:advance(1000)
    helper.ok(w.journal:plan(w.client, { world.arguments { reference = "REF 3" } }))
    w:advance(5000)
    assert.equal(1, helper.ok(w.journal:expire { older_than_ms = 5000 }))
  end)

  it("sends nothing again of what was refused, until somebody replaces it", function()
    w = world.new()
    local err = helper.fails(w:repay { amount = "999999999.00" })
    assert.equal("amount_invalid", err.kind)
    assert.equal("refused", err.outcome)
    assert.equal("refused", w.journal:entry(err.entry).state)
    local again = helper.fails(w:repay { amount = "999999999.00",
      idempotency_key = w.journal:entry(err.entry).key })
    assert.equal("duplicate_payment", again.kind)
    assert.equal(err.entry, again.entry)
    assert.equal(1, w:posts())
    local new = helper.ok(w.journal:replace(err.entry, { because = "the limit was raised" }))
    assert.equal("planned", new.state)
    assert.equal(2, new.ordinal)
    assert.not_equal(w.journal:entry(err.entry).key, new.key)
    helper.ok(w.journal:approve { ids = { new.id }, because = "seen" })
    assert.equal(1, helper.ok(w.journal:run(w.client)).refused)
    assert.equal(2, w:posts())
  end)

  it("replaces nothing that may be recorded", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    assert.equal("invalid_argument",
      helper.fails(w.journal:replace(entry.id, { because = "x" })).kind)
  end)

  it("lets a person decide what nobody else can", function()
    for _, as in ipairs { "accepted", "absent" } do
      w = world.new { keys = "unproven", list = "installments" }
      w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
      local err = helper.fails(w:repay())
      assert.equal("unknown", err.outcome)
      w:settle()
      assert.equal("ask", w:action(err.entry))
      local entry = helper.ok(w.journal:resolve(err.entry,
        { as = as, because = "the bank says so", record_id = as == "accepted" and "r-1" or nil }))
      assert.equal(as, entry.state)
      local events = w.journal:explain(err.entry).events
      assert.equal("the bank says so", events[#events].evidence)
      assert.equal("invalid_argument",
        helper.fails(w.journal:resolve(err.entry, { as = as, because = "again" })).kind)
      w:close()
    end
    w = nil
  end)

  it("verifies what the provider calls repaid", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    assert(w.box:verify(entry.receipt_id))
    helper.ok(w.journal:reconcile(w.client))
    assert.equal("verified", w.journal:entry(entry.id).state)
    assert.equal("VERIFIED", w.journal:entry(entry.id).provider_status)
    assert.equal("none", w:action(entry.id))
  end)

  it("shows as stale what nobody verified in time", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    assert.equal("verify", w:action(entry.id))
    w:advance(3 * 86400000 + 1)
    assert.equal("stale", w:action(entry.id))
    assert.equal("accepted", w.journal:entry(entry.id).state)
  end)

  it("explains an entry with its attempts and events", function()
    w = world.new()
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local entry = helper.ok(w:repay())
    local explained = helper.ok(w.journal:explain(entry.id))
    assert.equal(2, #explained.attempts)
    assert.equal("unknown", explained.attempts[1].outcome)
    assert.equal("connection_lost", explained.attempts[1].kind)
    assert.equal("accepted", explained.attempts[2].outcome)
    local path = {}
    for i, event in ipairs(explained.events) do
      path[i] = event.to
    end
    assert.same({ "planned", "approved", "sending", "sending", "sending", "accepted" }, path)
    assert.equal(explained.entry.id, helper.ok(w.journal:entry(entry.key)).id)
  end)

  it("holds what the provider's list may show already, where keys are not proven", function()
    w = world.new { keys = "unproven" }
    helper.ok(w:repay())
    w:lose_journal()
    local err = helper.fails(w:repay { reference = "ANOTHER" })
    assert.equal("approval_required", err.kind)
    assert.equal("planned", err.state)
    assert.equal(1, w:posts())
    local entry = helper.ok(w:repay { reference = "ANOTHER", because = "it is a second one" })
    assert.equal("accepted", entry.state)
    assert.equal(err.entry, entry.id)
    helper.ok(w:repay { reference = "THIRD" })
    assert.equal(3, (w:records()))
  end)

  it("says which entry is under way in another process, and what it knows of a dead one", function()
    w = world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local first = helper.fails(w:repay())
    local again = helper.fails(w:repay())
    assert.equal(first.entry, again.entry)
    assert.equal("connection_lost", again.kind)
    assert.equal("unknown", again.outcome)
    assert.equal("unknown", again.state)
    assert.equal(1, w:posts())
  end)

  it("finds one flipped byte anywhere", function()
    w = world.new()
    helper.ok(w:repay())
    w.journal:close()
    local file = assert(io.open(w.path, "rb"))
    local whole = file:read("*a")
    file:close()
    local missed = {}
    for at = 1, #whole, math.floor(#whole / 60) do
      local flipped = whole:sub(1, at - 1) .. string.char((whole:byte(at) + 1) % 256)
        .. whole:sub(at + 1)
      local path = w:file("flipped.db", { "" })
      file = assert(io.open(path, "wb"))
      file:write(flipped)
      file:close()
      os.execute("chmod 600 " .. path)
      local opened = repay.journal(path, { unix_ms = function() return w.box:unix_ms() end })
      local found = opened == nil or opened:verify() == nil
      if opened then
        opened:close()
      end
      for _, ending in ipairs { "", "-wal", "-shm", "-lock" } do
        os.remove(path .. ending)
      end
      missed[#missed + 1] = not found and at or nil
    end
    assert.same({}, missed)
  end)

  it("learns what its provider's list shows", function()
    w = world.new()
    helper.ok(w:repay())
    assert.is_nil(w.journal:fact(w.client, "list_shows_records"))
    helper.ok(w.journal:reconcile(w.client))
    assert.is_true(w.journal:fact(w.client, "list_shows_records"))
    assert.is_true(w.journal:fact(w.client, "receipt_id_is_record_id"))
  end)

  it("makes a copy that is a journal", function()
    w = world.new()
    local entry = helper.ok(w:repay())
    assert.is_true(helper.ok(w.journal:backup(w.directory .. "/copy.db")))
    local copy = w:open_journal(nil, w.directory .. "/copy.db")
    assert.equal(entry.key, copy:entry(entry.id).key)
    assert.same(w.journal:verify(), copy:verify())
  end)

  it("refuses a client whose time is another", function()
    w = world.new()
    local late = w:open_journal({ unix_ms = function() return w.box:unix_ms() + 7200000 end },
      w.directory .. "/late.db")
    local err = helper.fails(late:repay(w.client, world.arguments()))
    assert.equal("config", err.kind)
    assert.equal(0, w:posts())
  end)

  it("gives the error of a provider that records no repayments", function()
    w = world.new()
    local carbon = assert(repay.open("carbon", w.box:settings "carbon"))
    local err = helper.fails(w.journal:plan(carbon, { { amount_minor = 100 } },
      { keys = "random" }))
    assert.equal("unsupported", err.kind)
    carbon:close()
  end)

  it("raises misuse at the caller's line", function()
    w = world.new()
    local journal, client = w.journal, w.client
    helper.raises(function() local _ = repay.journal(5) end)
    helper.raises(function() local _ = repay.journal(w.path, { settle = 1 }) end)
    helper.raises(function() local _ = journal:repay(client) end)
    helper.raises(function() local _ = journal:repay("client", {}) end)
    helper.raises(function() local _ = journal:repay(client, { account_id = "x" }) end)
    helper.raises(function() local _ = journal:plan(client, {}, { keys = "guessed" }) end)
    helper.raises(function() local _ = journal:approve {} end)
    helper.raises(function() local _ = journal:approve { id = "x" } end)
    helper.raises(function() local _ = journal:resolve("x", { as = "lost", because = "x" }) end)
    helper.raises(function() local _ = journal:resolve("x", { as = "absent" }) end)
    helper.raises(function() local _ = journal:replace("x", {}) end)
    helper.raises(function() local _ = journal:cancel() end)
    helper.raises(function() local _ = journal:run {} end)
    helper.raises(function() local _ = journal:entries { status = "unknown" } end)
    helper.raises(function() local _ = repay.workflow.pay_file end)
    journal:close()
    helper.raises(function() local _ = journal:recover() end)
  end)

  it("is nil and an error where the world is at fault", function()
    w = world.new()
    assert.equal("not_found", helper.fails(w.journal:entry "nobody").kind)
    assert.equal("not_found", helper.fails(w.journal:explain "nobody").kind)
    helper.fails(repay.journal(w.directory .. "/no/such/place.db"))
  end)

  it("lets calls of one process wait for each other's entries", function()
    w = world.new()
    local held
    local transport = w.box:transport "fincode"
    local send = transport.send
    transport.send = function(request)
      if request.is_write and coroutine.running() == held then
        coroutine.yield()
      end
      return send(request)
    end
    local client = w:open_client { transport = transport }
    local plan = helper.ok(w.journal:plan(client, { world.arguments() }))
    held = coroutine.create(function()
      return w.journal:repay(client, world.arguments { keys = "derived" })
    end)
    local _ = assert(coroutine.resume(held))
    assert.equal("held", w:action(plan.entries[1].id))
    local err = helper.fails(w.journal:repay(client, world.arguments { keys = "derived" }))
    assert.equal("journal_busy", err.kind)
    assert.equal(0, (w:records()))
    local _, entry = assert(coroutine.resume(held))
    assert.equal("accepted", entry.state)
    assert.equal(1, (w:records()))
  end)

  describe("without SQLite #interpreter", function()
    local directory

    local function run(command)
      local pipe = assert(io.popen(command, "r"))
      local text = pipe:read("*a")
      pipe:close()
      return text
    end

    -- What a script is told whose modules are these; "-" stands for the module that is there, and
    -- it asks for a library of another name.
    local function told_with(make_module)
      directory = run("mktemp -d"):match("%S+")
      local native = directory .. "/repay/native"
      os.execute("mkdir -p " .. native)
      for _, name in ipairs { "core", "files" } do
        local module = package.searchpath("repay.native." .. name, package.cpath)
        os.execute(("cp %s %s/"):format(module, native))
      end
      make_module(native .. "/journal.so",
        assert(package.searchpath("repay.native.journal", package.cpath)))
      -- The interpreter that runs this: it may have the runtime inside that its modules need.
      return run(([[LUA_PATH='%s' LUA_CPATH='%s/?.so' "$(readlink /proc/$PPID/exe)" -e '
        local repay = require "repay"
        local journal, err = repay.journal("%s/pay.db")
        io.write(tostring(journal), "|", err.kind, "|", err.message, "|", err.hint)' 2>&1]])
        :format(package.path, directory, directory))
    end

    after_each(function()
      os.execute("rm -r --one-file-system " .. directory)
    end)

    it("names the package when the module is not there", function()
      assert.equal("nil|config|the journal cannot be loaded: "
        .. "module 'repay.native.journal' not found|it needs SQLite: on Debian the package "
        .. "libsqlite3-0, and libsqlite3-dev to build it",
        told_with(function() end))
    end)

    it("names the package when the library is not there", function()
      local told = told_with(function(path, module)
        local file = assert(io.open(module, "rb"))
        local bytes = file:read("*a")
        file:close()
        file = assert(io.open(path, "wb"))
        file:write((bytes:gsub("libsqlite3%.so%.0", "libsqlite3.so.x")))
        file:close()
      end)
      assert.matches("^nil|config|the journal cannot be loaded: libsqlite3%.so%.x: cannot open",
        told)
      assert.matches("on Debian the package libsqlite3%-0", told)
    end)
  end)
end)
