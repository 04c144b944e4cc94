-- A file of repayments: what is checked before anything is planned, what is sent, and that the same
-- file, run again in whatever way, adds nothing.
local helper = require "spec.support.helper"
local process = require "spec.support.sandbox_process"
local world = require "spec.support.journal_world"

local ROWS = 1000

local w, server

local read = require("spec.support.read").file

-- The interpreter that runs this: it may have the runtime inside that its modules need.
local function own_program()
  local pipe = assert(io.popen("readlink /proc/$PPID/exe", "r"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

describe("repay.workflow.repay_file", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
    if server then
      server:stop()
      server = nil
    end
  end)
  helper.watch(after_each)

  it("records every row once, says so, and writes a summary", function()
    w = world.new()
    local path = w:rows_file("pay.csv", 5)
    local told = {}
    local result = helper.ok(w:run_file(path, { summary = w.directory .. "/summary.csv",
      on_progress = function(at, total) told[#told + 1] = at .. "/" .. total end }))
    assert.same({ accepted = 5 }, result.states)
    assert.same({ "1/5", "2/5", "3/5", "4/5", "5/5" }, told)
    assert.same({ NGN = 515 }, result.totals)
    assert.equal(5, (w:records()))
    local lines = {}
    for line in read(w.directory .. "/summary.csv"):gmatch("([^\r\n]+)\r\n") do
      lines[#lines + 1] = line
    end
    assert.equal(6, #lines)
    assert.matches("^line,id,state,amount,currency,", lines[1])
    assert.matches("^2,[%x%-]+,accepted,1%.01,NGN,", lines[2])
    assert.is_nil(io.open(w.directory .. "/summary.csv.part"))
  end)

  it("shows what it would send, and writes and sends nothing then", function()
    w = world.new()
    local result = helper.ok(w:run_file(w:rows_file("pay.csv", 3), { dry_run = true }))
    assert.equal("dry_run", result.stage)
    assert.same({ new = 3 }, result.states)
    assert.matches("line  account", result.table)
    assert.matches("\n   2  223e4567%-e89b%-12d3%-a456%-426614174015    1%.01  NGN  2025%-01%-20",
      result.table)
    assert.same({}, w.journal:entries {})
    assert.equal(0, w:posts())
  end)

  it("knows a file by its bytes, and says when the one of that name was changed", function()
    w = world.new()
    local first = helper.ok(w:run_file(w:file("pay.csv", { world.header, world.row(1) })))
    local batches = helper.ok(w.journal:batches())
    local pipe = assert(io.popen("sha256sum " .. w.directory .. "/pay.csv", "r"))
    assert.equal(pipe:read("*l"):match("^%x+"), batches[1].file_sha256)
    pipe:close()
    assert.is_nil(first.changed)
    local again = helper.ok(w:run_file(w.directory .. "/pay.csv"))
    assert.is_nil(again.changed)
    -- A corrected amount is another repayment beside the one that was sent.
    local path = w:file("pay.csv", { world.header, world.row(1, "1500.00"), world.row(2) })
    local shown = helper.ok(w:run_file(path, { dry_run = true }))
    assert.same({ batch = 1, name = "pay.csv", planned_ms = batches[1].planned_ms, new = 2 },
      shown.changed)
    assert.matches("the file is not the one that batch 1, 'pay.csv', was planned from on "
      .. "2025%-01%-20: 2 of its rows are new\n$", shown.table)
    assert.truthy(helper.ok(w:run_file(path)).changed)
    assert.is_nil(helper.ok(w:run_file(path)).changed)
    assert.is_nil(helper.ok(w:run_file(path, { name = "another" })).changed)
  end)

  it("asks before it goes on, and stops at a no", function()
    w = world.new()
    local shown
    local err = helper.fails(w:run_file(w:rows_file("pay.csv", 3), {
      confirm = function(result)
        shown = result.stage
        return false
      end,
    }))
    assert.equal("cancelled", err.kind)
    assert.equal("dry_run", shown)
    assert.same({}, w.journal:entries {})
  end)

  it("checks every row, and plans nothing where one is wrong", function()
    w = world.new()
    local path = w:file("bad.csv", {
      world.header .. ",ordinal",
      world.row(1) .. ",",
      ",a,b,c,5.00,r,",
      world.row(2, "1.234") .. ",",
      world.row(3) .. ",0",
      world.row(1) .. ",1",
      world.row(4) .. ",,extra",
      world.row(5, "free") .. ",",
      world.row(6, "0") .. ",",
    })
    local err = helper.fails(w:run_file(path))
    assert.equal("validation", err.kind)
    local found = {}
    for i, problem in ipairs(err.problems) do
      found[i] = ("%d:%d %s"):format(problem.line, problem.column, problem.message)
    end
    assert.same({
      "3:1 'payment_date' is empty",
      "4:5 amount: more decimals than the currency has",
      "5:7 '0' is not a whole number from 1",
      "6:1 lines 2 and 6 are one payment; a column 'ordinal' would tell them apart",
      "7:8 the row has 8 cells and the header has 7",
      "8:5 amount: not a number",
      "9:5 amount must be greater than zero",
    }, found)
    assert.same({}, w.journal:entries {})
  end)

  it("refuses a header that it does not know, with a suggestion", function()
    w = world.new()
    for header, expected in pairs {
      [world.header .. ",ordinl"] = "unknown column 'ordinl' %(did you mean 'ordinal'%?%)",
      [world.header .. ",idempotency_key"] = "keys of a file are derived",
      [world.header .. ",amount_minor"] = "are both there",
      ["customer_id,account_id,bank_account_id,amount"] = "column 'payment_date' is missing",
      ["customer_id,account_id,bank_account_id,payment_date"] = "one of the columns 'amount'",
    } do
      local err = helper.fails(w:run_file(w:file("bad.csv", { header })))
      assert.matches(expected, err.message)
    end
    assert.equal("config", helper.fails(w:run_file(w.directory .. "/none.csv")).kind)
  end)

  it("takes minor units, a currency and a profile where the file says them", function()
    w = world.new()
    local path = w:file("pay.csv", {
      "profile,currency,payment_date,customer_id,account_id,bank_account_id,amount_minor,reference",
      "lagos,NGN,2025-01-20," .. world.ids.two_loans .. "," .. world.ids.on_time_account
        .. ",323e4567-e89b-12d3-a456-426614174012,12345,R",
    })
    local result = helper.ok(w:run_file(path, { clients = { lagos = w.client } }))
    assert.equal(12345, result.rows[1].entry.amount_minor)
    path = w:file("bad.csv", {
      "profile,currency,payment_date,customer_id,account_id,bank_account_id,amount_minor",
      "abuja,NGN,2025-01-20,a,b,c,5", "lagos,KES,2025-01-20,a,b,c,5",
    })
    local err = helper.fails(w:run_file(path, { clients = { lagos = w.client } }))
    assert.matches("no client is called 'abuja'", err.problems[1].message)
    assert.matches("the client's currency is NGN, not 'KES'", err.problems[2].message)
  end)

  it("warns of what a person should look at", function()
    w = world.new()
    helper.ok(w:repay { reference = "EARLIER", amount = "3300.00" })
    local ids = world.ids
    local function row(date, customer, account, bank, amount, reference)
      return table.concat({ date, customer, account, bank, amount, reference }, ",")
    end
    local bank = "323e4567-e89b-12d3-a456-426614174012"
    local path = w:file("pay.csv", {
      world.header,
      row("2025-01-20", ids.customer, ids.account, ids.bank_account, "5000000.00", "ABOVE"),
      row("2025-01-20", ids.two_loans, ids.on_time_account, bank, "3300.00", "SAME"),
      row("2025-01-22", ids.two_loans, ids.on_time_account, bank, "3400.00", "FUTURE"),
      row("2025-01-20", ids.two_loans, ids.on_time_account, bank, "3400.00", "TWICE"),
      row("2025-01-20", ids.two_loans, ids.overdue_account, bank, "3500.00", "UNLISTED"),
    })
    local result = helper.ok(w:run_file(path, { dry_run = true, check_lists = true }))
    local warnings = {}
    for i, item in ipairs(result.rows) do
      warnings[i] = table.concat(item.warnings, " ")
    end
    assert.same({ "above_payable unit", "repeated", "future_date", "repeated_in_file",
      "not_listed" }, warnings)
    assert.matches("above what is payable on the account; the amount looks 100 times off",
      result.table)
    assert.equal(6, result.warnings)
  end)

  it("plans what is above a limit, and sends nothing of it", function()
    w = world.new()
    local path = w:rows_file("pay.csv", 3)
    for limit, value in pairs { per_run_minor = 305, per_account_minor = 203,
      per_day_minor = 305 } do
      local err = helper.fails(w:run_file(path, { limits = { [limit] = value } }))
      assert.equal("limit_exceeded", err.kind)
    end
    assert.equal(3, #w.journal:entries { state = "planned" })
    assert.equal(0, w:posts())
    helper.ok(w.journal:approve { batch = w.journal:entries {}[1].batch })
    assert.same({ accepted = 3 },
      helper.ok(w:run_file(path, { limits = { per_run_minor = 1 } })).states)
  end)

  it("sends one row ahead, and stops when that one does not go well", function()
    w = world.new()
    w.box:fault { kind = "status", status = 400, route = "repay_loan", nth = 1, body = "html" }
    w.box:fault { kind = "amount_echoed_wrong", route = "repay_loan" }
    local result = helper.ok(w:run_file(w:rows_file("pay.csv", 5)))
    assert.equal("canary", result.run.stopped)
    assert.equal(1, result.run.done)
    assert.equal(4, result.states.approved)
    assert.is_true((w:records()) <= 1)
  end)

  it("goes on where it was stopped", function()
    w = world.new()
    w.box:fault { kind = "status", status = 401, route = "repay_loan", from = 3, times = 1 }
    local path = w:rows_file("pay.csv", 5)
    local result = helper.ok(w:run_file(path))
    assert.equal("auth", result.run.stopped)
    assert.same({ accepted = 2, approved = 3 }, result.states)
    assert.same({ accepted = 5 }, helper.ok(w:run_file(path)).states)
    assert.equal(5, (w:records()))
    assert.equal(6, w:posts())
  end)

  it("stops when nothing can be sent, and does not try every row", function()
    w = world.new()
    w.box:fault { kind = "refuse", route = "repay_loan" }
    local result = helper.ok(w:run_file(w:rows_file("pay.csv", 20), { canary = false }))
    assert.is_true(result.run.stopped == "connect" or result.run.stopped == "breaker_open")
    assert.is_true(result.run.done <= 3)
    assert.same({ approved = 20 }, result.states)
  end)

  -- Where keys are not proven none is looked at: what was sent twice would be there twice.
  local function ignore_keys(box, keys)
    if keys == "unproven" then
      box:fault { kind = "keys_ignored", route = "repay_loan" }
    end
  end

  for _, keys in ipairs { "honoured", "unproven" } do
    it("adds nothing when the same file is run twice: keys " .. keys .. " #slow", function()
      w = world.new { keys = keys }
      ignore_keys(w.box, keys)
      local path = w:rows_file("pay.csv", ROWS)
      for _ = 1, 2 do
        local result = helper.ok(w:run_file(path, { new_journal = true }))
        assert.same({ accepted = ROWS }, result.states)
      end
      assert.equal(ROWS, (w:records()))
      assert.equal(ROWS, w:posts())
      assert.equal(1, #w.journal:batches())
    end)
  end

  it("adds nothing after the journal was lost, where keys are honoured #slow", function()
    w = world.new()
    local path = w:rows_file("pay.csv", ROWS)
    helper.ok(w:run_file(path))
    w:lose_journal()
    assert.same({ accepted = ROWS }, helper.ok(w:run_file(path)).states)
    assert.equal(ROWS, (w:records()))
    assert.equal(2 * ROWS, w:posts())
  end)

  it("stops with an empty journal where keys are not proven", function()
    for _, list in ipairs { "records", "installments" } do
      w = world.new { keys = "unproven", list = list }
      local path = w:rows_file("pay.csv", 10)
      assert.equal("approval_required", helper.fails(w:run_file(path)).kind)
      helper.ok(w:run_file(path, { new_journal = true }))
      assert.equal(10, (w:records()))
      w:lose_journal()
      assert.equal("approval_required", helper.fails(w:run_file(path)).kind)
      if list == "records" then
        -- Said all the same: the list shows what was recorded, and every row waits for a person.
        local result = helper.ok(w:run_file(path, { new_journal = true }))
        assert.same({ planned = 10 }, result.states)
        assert.equal(10, (w:records()))
        local id = result.rows[1].id
        assert.matches("^the provider's list has record", w.journal:entry(id).hold)
        assert.equal("approval_required",
          helper.fails(w.journal:approve { ids = { id } }).kind)
        assert.equal(1, helper.ok(w.journal:approve { ids = { id }, because = "a second one" }))
        w:close()
      end
    end
  end)

  local function run_eight(path, keys)
    local program = own_program()
    local now = server:control("GET", "clock").unix_ms
    local pipes, words = {}, {}
    for i = 1, 8 do
      pipes[i] = assert(io.popen(("%s spec/support/journal_file_worker.lua %s %s %s %.0f %s 2>&1")
        :format(program, w.directory .. "/eight.db", path, server.settings.fincode.base_url, now,
        keys)))
    end
    for i, pipe in ipairs(pipes) do
      words[i] = pipe:read("*a")
      pipe:close()
    end
    return words
  end

  for _, keys in ipairs { "honoured", "unproven" } do
    it("sends each row once when eight processes run the file at once: keys " .. keys .. " #slow",
      function()
        server = process.start("--loans", "0")
        ignore_keys(server, keys)
        w = world.new()
        local senders, sent = 0, 0
        for _, text in ipairs(run_eight(w:rows_file("pay.csv", ROWS), keys)) do
          assert.matches("done\n$", text)
          local own = tonumber(text:match("sent%s+(%d+)"))
          senders, sent = senders + (own > 0 and 1 or 0), sent + own
        end
        -- One that is through before the others begin would prove nothing.
        assert.is_true(senders >= 2, senders)
        assert.equal(ROWS, sent)
        local ledger = server:ledger()
        local seen, doubles = {}, 0
        for _, record in ipairs(ledger.repayments) do
          doubles = doubles + (seen[record.key] and 1 or 0)
          seen[record.key] = true
        end
        assert.equal(0, doubles)
        assert.equal(ROWS, #ledger.repayments)
        local posts = 0
        for _, request in ipairs(ledger.requests) do
          posts = posts + (request.route == "repay_loan" and 1 or 0)
        end
        assert.equal(ROWS, posts)
      end)
  end
end)
