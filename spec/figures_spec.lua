-- What can be asked of schedules and portfolios from Lua: options, refusals, limits, snapshots. The
-- figures themselves are in portfolio_cases_spec (by hand) and portfolio_judge_spec (at random).
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"

local LARGEST = "9007199254740991" -- 2^53 - 1

local function fetch(provider, operation, answer, changes)
  return helper.ok(helper.ask(provider, operation, transport.new(answer), changes))
end

-- A Carbon schedule of rows { due, principal, interest, total, paid }, fetched at a moment.
local function carbon(rows, unix_ms, changes)
  local texts = {}
  for i, row in ipairs(rows) do
    texts[i] = ('{"dueDate":%s,"principalDue":%s,"interestDue":%s,"totalDue":%s,"paidAmount":%s,'
      .. '"status":"%s"}'):format(row[1] and '"' .. row[1] .. '"' or "null", row[2], row[3],
      row[4], row[5], row[6] or "UNPAID")
  end
  local canned = transport.new(transport.json('{"status":"success","data":{"schedule":['
    .. table.concat(texts, ",") .. "]}}"))
  canned.unix_ms = function()
    return unix_ms or 1772352000000 -- 2026-03-01T08:00:00Z
  end
  return helper.ok(helper.ask("carbon", "schedule", canned, changes))
end

local methods = { totals = {}, overdue = {}, next_due = {}, upcoming = {}, ageing = {}, loans = {},
  allocate = { amount = "1" }, filter = { state = "due" } }

describe("a figure of a schedule", function()
  helper.watch(after_each)

  it("raises for an as_of that is not a date", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    for method, options in pairs(methods) do
      for _, as_of in ipairs { "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
        "2026-1-01", "26-01-01", "2026/01/01", "2026-01-01T00:00:00Z", " 2026-01-01", "", "today",
        20260101, true, {} } do
        local raised = helper.raises(function()
          schedule[method](schedule, helper.copy(options, { as_of = as_of }))
        end)
        assert.truthy(raised:find("'as_of' must be a day", 1, true), raised)
      end
      helper.ok(schedule[method](schedule, helper.copy(options, { as_of = "2024-02-29" })))
    end
    schedule:close()
  end)

  it("is as of today in the schedule's zone when no day is given", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    if native.test_clock then
      -- 22:59:59 in UTC is still 15 February at +01:00, and a second later it is not.
      native.test_clock(-1, 1739660399000)
      assert.equal("2025-02-15", schedule:totals().as_of)
      assert.equal(0, schedule:overdue().overdue_minor)
      native.test_clock(-1, 1739660400000)
      assert.equal("2025-02-16", schedule:totals().as_of)
      assert.equal(7199999, schedule:overdue().overdue_minor)
      native.test_clock(-1, -1)
    else
      assert.equal(os.date("!%Y-%m-%d", os.time() + 3600), schedule:totals().as_of)
    end
    schedule:close()
  end)

  it("needs a day where nothing tells the zone", function()
    local schedule = fetch("fincode", "pending", "fincode/pending.200.json")
    for method, options in pairs(methods) do
      assert.truthy(helper.raises(function()
        schedule[method](schedule, options)
      end):find("'as_of' is required", 1, true))
    end
    assert.equal(7500000, schedule:totals { as_of = "2024-03-27" }.overdue_minor)
    schedule:close()
  end)

  it("raises for options that nobody has, with the nearest name", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    for method in pairs(methods) do
      if method ~= "filter" then
        assert.truthy(helper.raises(function()
          schedule[method](schedule, { as_off = "2026-01-01" })
        end):find("unknown option 'as_off' (did you mean 'as_of'?)", 1, true))
        helper.raises(function()
          schedule[method](schedule, "2026-01-01")
        end)
      end
    end
    for _, buckets in ipairs { {}, { 0 }, { 30, 30 }, { 60, 30 }, { 1.5 }, { "30" }, 30,
      { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 } } do
      helper.raises(function()
        schedule:ageing { as_of = "2026-01-01", buckets = buckets }
      end)
    end
    helper.raises(function()
      schedule:ageing { as_of = "2026-01-01", by = "row" }
    end)
    helper.raises(function()
      schedule:upcoming { as_of = "2026-01-01", days = -1 }
    end)
    schedule:close()
  end)

  it("raises on a closed schedule", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    schedule:close()
    for method in pairs(native.classes.schedule) do
      if method ~= "close" then
        helper.raises(function()
          schedule[method](schedule, {})
        end)
      end
    end
  end)

  it("can be the largest amount there is, and one more is an error", function()
    local given = { as_of = "2026-03-01" }
    local schedule = carbon { { "2026-02-01", LARGEST, "0", LARGEST, "0" } }
    assert.equal(9007199254740991, schedule:totals(given).outstanding_minor)
    assert.equal(9007199254740991, schedule:overdue(given).overdue_minor)
    assert.equal(9007199254740991, schedule:ageing(given).buckets[2].outstanding_minor)
    assert.equal(9007199254740991, schedule:loans(given)[1].outstanding_principal_minor)
    schedule:close()
    schedule = carbon { { "2026-02-01", LARGEST, "0", LARGEST, "0" },
      { "2026-02-02", "1", "0", "1", "0" } }
    for _, method in ipairs { "totals", "overdue", "ageing", "loans" } do
      local err = helper.fails(schedule[method](schedule, given))
      assert.equal("too_large", err.kind)
      assert.truthy(err.message:find("2^53 - 1", 1, true))
    end
    assert.equal("too_large",
      helper.fails(schedule:ageing { as_of = "2026-03-01", by = "loan" }).kind)
    assert.equal("too_large",
      helper.fails(schedule:upcoming { as_of = "2026-02-01" }).kind)
    -- Each day by itself can be held.
    assert.equal(9007199254740991, schedule:next_due { as_of = "2026-02-01" }.next_due_minor)
    assert.equal(1, schedule:next_due { as_of = "2026-02-02" }.next_due_minor)
    schedule:close()
  end)

  it("refuses what is paid or due in all beyond what Lua can hold, though nothing is outstanding",
    function()
      local schedule = carbon { { "2026-02-01", LARGEST, "0", LARGEST, LARGEST },
        { "2026-02-02", "1", "0", "1", "1" } }
      assert.equal("too_large", helper.fails(schedule:totals { as_of = "2026-03-01" }).kind)
      assert.equal(0, schedule:overdue { as_of = "2026-03-01" }.overdue_minor)
      schedule:close()
    end)

  it("adds up below zero as well: a negative amount is summed as told, and owes nothing", function()
    local schedule = carbon { { "2026-02-01", "100", "-30", "70", "90" } }
    local totals = schedule:totals { as_of = "2026-03-01" }
    assert.equal(-30, totals.interest_minor)
    assert.equal(0, totals.outstanding_minor)
    assert.equal(20, totals.overpaid_minor)
    schedule:close()
  end)
end)

describe("each", function()
  helper.watch(after_each)

  it("gives texts and days as rows have them, however many differ", function()
    local rows = {}
    for i = 1, 700 do
      local word = i % 11 == 0 and "null" or ('"word %d"'):format(i % 23)
      rows[i] = ('{"loan_id":"loan %d","repayment_date":"2026-%02d-%02d","month":%d,"balance":1,'
        .. '"status":%s}'):format(math.floor(i / 3) % 40, i % 12 + 1, i % 28 + 1, i, word)
    end
    local schedule = fetch("pezesha", "schedule", transport.json('{"status":200,"error":false,'
      .. '"data":[' .. table.concat(rows, ",") .. "]}"))
    local seen = 0
    for i, loan, word, due, number in schedule:each("loan_id", "provider_status", "due_date",
      "number") do
      local row = schedule[i]
      assert(loan == row.loan_id and word == row.provider_status)
      assert(due == row.due_date and number == row.number)
      seen = seen + (word and 1 or 0)
    end
    assert.equal(700 - 63, seen)
    schedule:close()
  end)

  it("gives them also where more differ within a few rows than it keeps at hand", function()
    local rows, count = {}, 5000
    for i = 1, count do
      local year, month = 1900 + i * 37 % 200, i % 12 + 1
      rows[i] = ('{"loan_id":"loan %d","repayment_date":"%d-%02d-01","month":%d,"balance":1,'
        .. '"status":"word %d"}'):format(i % 10 == 0 and 7 or i, year, month, i, i * 7 % 1000)
    end
    local schedule = fetch("pezesha", "schedule", transport.json('{"status":200,"error":false,'
      .. '"data":[' .. table.concat(rows, ",") .. "]}"))
    local next_value, cursor, at = schedule:each("provider_status", "due_date", "loan_id")
    local function is_row(index, word, due, loan)
      local row = schedule[index]
      assert(word == row.provider_status and due == row.due_date and loan == row.loan_id, index)
      return index
    end
    for _ = 1, count do
      at = is_row(next_value(cursor, at))
    end
    assert.equal(count, at)
    assert.is_nil((next_value(cursor, at)))
    for step = 1, 500 do
      is_row(next_value(cursor, step * 1237 % count))
    end
    schedule:close()
  end)
end)

describe("check", function()
  helper.watch(after_each)

  local function checked(check)
    local rules = {}
    for _, rule in ipairs(check.rules) do
      if rule.checked > 0 then
        rules[rule.rule] = rule.errors + rule.notes
      end
    end
    return rules
  end

  it("finds nothing inconsistent in the documented Carbon sample", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    local check = helper.ok(schedule:check())
    assert.same({}, check.findings)
    -- 6,666,666 + 533,333 = 7,199,999 and 6,666,666 + 480,000 = 7,146,666. Carbon has no numbers,
    -- no penalties and no running balances, so nothing is said of them.
    assert.same({ parts_make_total = 0, amounts_not_negative = 0, paid_within_total = 0,
      status_word_is_known = 0, status_fits_amounts = 0, due_date_is_readable = 0,
      due_dates_ascend = 0, due_dates_differ = 0 }, checked(check))
    schedule:close()
  end)

  it("finds two rows on one day in the documented Pezesha sample, and all else consistent",
    function()
      local schedule = fetch("pezesha", "schedule", "pezesha/schedule.200.json")
      local check = helper.ok(schedule:check())
      assert.equal(0, check.errors)
      assert.equal(1, check.notes)
      assert.same({ { rule = "due_dates_differ", level = "note", position = 2, with_position = 1,
        loan_id = "10101", number = 2, expected = "2020-07-03", found = "2020-07-03",
        message = "row 2: not so: no two installments of a loan are due on one day "
          .. "(2020-07-03, as in row 1)" } }, check.findings)
      -- 500 + 0 + 0 = 500 in each row; 1000, 500, 0 remain after rows of 500; 500 + 1000 are the
      -- 1500 outstanding.
      assert.same({ parts_make_total = 0, amounts_not_negative = 0, outstanding_within_total = 0,
        penalty_paid_within_penalty = 0, status_word_is_known = 0, status_fits_amounts = 0,
        due_date_is_readable = 0, numbers_are_unique = 0, due_dates_ascend = 0,
        due_dates_differ = 1, remaining_runs_down = 0, remaining_fits_outstanding = 0 },
        checked(check))
      schedule:close()
    end)

  it("gives both figures of what contradicts itself", function()
    local schedule = carbon { { "2026-02-01", "100", "10", "111", "0" },
      { "2026-01-31", "100", "10", "110", "120", "PAID" }, { false, "1", "1", "2", "0" },
      { "soon", "1", "1", "2", "0" } }
    local found = {}
    for _, finding in ipairs(schedule:check().findings) do
      found[finding.rule] = finding
    end
    assert.equal(110, found.parts_make_total.expected_minor)
    assert.equal(111, found.parts_make_total.found_minor)
    assert.equal(110, found.paid_within_total.expected_minor)
    assert.equal(120, found.paid_within_total.found_minor)
    assert.equal("2026-02-01", found.due_dates_ascend.expected)
    assert.equal("2026-01-31", found.due_dates_ascend.found)
    assert.equal('"soon"', found.due_date_is_readable.found)
    assert.equal(4, found.due_date_is_readable.position)
    schedule:close()
  end)

  it("lists so many findings and counts all", function()
    local rows = {}
    for i = 1, 30 do
      rows[i] = { "2026-02-01", "1", "1", "3", "0" }
    end
    local schedule = carbon(rows)
    local check = schedule:check { limit = 4 }
    assert.equal(4, #check.findings)
    assert.equal(30, check.errors)
    assert.equal(29, check.notes)
    assert.equal(0, #schedule:check { limit = 0 }.findings)
    schedule:close()
  end)
end)

describe("filter", function()
  helper.watch(after_each)

  local function numbers(rows)
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = row.number
    end
    return list
  end

  it("finds the rows that meet every condition", function()
    local schedule = carbon { { "2026-01-01", "100", "5", "105", "105", "PAID" },
      { "2026-02-01", "100", "4", "104", "50", "PARTIAL" },
      { "2026-03-01", "100", "3", "103", "0" },
      { "2026-04-01", "100", "2", "102", "0" }, { false, "100", "1", "101", "0" } }
    local function found(conditions)
      return numbers(schedule:filter(conditions))
    end
    assert.same({ 1 }, found { status = "paid" })
    assert.same({ 2, 3, 4, 5 }, found { outstanding_minor = { above = 0 } })
    assert.same({ 2, 3 }, found { due_date = { min = "2026-02-01", max = "2026-03-01" } })
    assert.same({ 3 }, found { due_date = { above = "2026-02-01", below = "2026-04-01" } })
    assert.same({ 2, 3, 4 }, found { interest_minor = { max = 4, min = 2 } })
    assert.same({ 1, 3, 4, 5 }, found { paid_minor = { is_not = 50 } })
    assert.same({ 5 }, found { due_date = { given = false } })
    assert.same({}, found { penalty_minor = 0 })
    assert.same({ 1, 2, 3, 4, 5 }, found { penalty_minor = { given = false } })
    assert.same({ 2 }, found { state = "partial_overdue", as_of = "2026-03-01" })
    assert.same({ 2, 3 }, found { days_late = { min = 1 }, as_of = "2026-03-02" })
    assert.same({ 2 }, found { days_late = { min = 1 }, as_of = "2026-03-02", limit = 1 })
    assert.same({ 1, 2, 3, 4, 5 }, found {})
    schedule:close()
  end)

  it("raises for what no row has and what cannot be compared", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    for _, conditions in ipairs { { colour = 1 }, { due_date = 5 }, { paid_minor = "5" },
      { paid_minor = { over = 5 } }, { paid_minor = 1.5 }, { status = { given = "yes" } },
      { 5 } } do
      helper.raises(function()
        schedule:filter(conditions)
      end)
    end
    helper.raises(function()
      schedule:filter()
    end)
    schedule:close()
  end)
end)

describe("allocate", function()
  helper.watch(after_each)

  it("refuses amounts that are none, and orders that are not one of each", function()
    local schedule = fetch("carbon", "schedule", "carbon/schedule.200.json")
    local function given(changes)
      return helper.copy({ as_of = "2025-03-01" }, changes)
    end
    for _, amount in ipairs { "0", "-1", "1.005", "ten", "", "1e", "90071992547409.92" } do
      local err = helper.fails(schedule:allocate(given { amount = amount }))
      assert.equal("invalid_argument", err.kind)
      assert.equal("amount", err.field)
    end
    helper.fails(schedule:allocate(given { amount_minor = 0 }))
    for _, options in ipairs { {}, { amount = "1", amount_minor = 100 }, { amount = 1 },
      { amount_minor = 1.5 }, { amount = "1", order = { "penalty", "interest" } },
      { amount = "1", order = { "penalty", "interest", "interest" } },
      { amount = "1", order = { "penalty", "interest", "principal", "principal" } },
      { amount = "1", order = "penalty" } } do
      helper.raises(function()
        schedule:allocate(given(options))
      end)
    end
    local err = helper.fails(schedule:allocate(given { amount = "1", loan_id = "another" }))
    assert.equal("not_found", err.kind)
    schedule:close()
  end)
end)

describe("diff", function()
  helper.watch(after_each)

  local DAY = 86400000
  local FIRST = 1772352000000

  it("says of each row what changed, with before and after", function()
    local older = carbon({ { "2026-01-01", "100", "10", "110", "0" },
      { "2026-02-01", "100", "9", "109", "0" }, { "2026-03-01", "100", "8", "108", "0" },
      { "2026-04-01", "100", "7", "107", "0" } }, FIRST)
    local newer = carbon({ { "2026-01-01", "100", "10", "110", "110", "PAID" },
      { "2026-02-01", "100", "9", "109", "9" }, { "2026-03-05", "100", "8", "108", "0" },
      { "2026-04-01", "100", "20", "120", "0" } }, FIRST + DAY)
    local diff = helper.ok(newer:diff(older))
    assert.equal(0, diff.unchanged)
    assert.equal("2026-03-01", diff.older.fetched_on)
    assert.equal("2026-03-02", diff.newer.fetched_on)
    assert.same({ "paid", "status_changed" }, diff.entries[1].kinds)
    assert.equal(0, diff.entries[1].before.paid_minor)
    assert.equal(110, diff.entries[1].after.paid_minor)
    assert.equal("pending", diff.entries[1].before.status)
    assert.equal("paid", diff.entries[1].after.status)
    assert.equal(110, diff.entries[1].before.outstanding_minor)
    assert.is_nil(diff.entries[1].before.principal_minor) -- it did not change
    assert.same({ "partly_paid", "status_changed" }, diff.entries[2].kinds)
    assert.same({ "rescheduled" }, diff.entries[3].kinds)
    assert.same({ due_date = "2026-03-01" }, diff.entries[3].before)
    assert.same({ due_date = "2026-03-05" }, diff.entries[3].after)
    assert.same({ "repriced" }, diff.entries[4].kinds)
    assert.equal(7, diff.entries[4].before.interest_minor)
    assert.equal(1, diff.counts.paid)
    assert.equal(1, diff.counts.rescheduled)
    assert.equal(0, diff.counts.gone)
    local again = helper.ok(repay.apply(older, diff))
    assert.equal(newer:dump(), again:dump())
    again:close()
    older:close()
    newer:close()
  end)

  it("never calls a row paid that is gone, and matches by date when the count changed", function()
    local older = carbon({ { "2026-01-01", "100", "10", "110", "0" },
      { "2026-02-01", "100", "9", "109", "0" } }, FIRST)
    local newer = carbon({ { "2026-02-01", "100", "9", "109", "0" } }, FIRST + DAY)
    local diff = helper.ok(newer:diff(older))
    assert.is_true(diff.by_date)
    assert.equal(1, diff.counts.gone)
    assert.equal(0, diff.counts.paid)
    assert.equal(1, diff.unchanged)
    assert.same({ "gone" }, diff.entries[1].kinds)
    assert.equal(110, diff.entries[1].before.total_due_minor)
    assert.is_nil(diff.entries[1].after)
    older:close()
    newer:close()
  end)

  it("names a penalty that was added", function()
    local body = transport.read("pezesha/schedule.200.json")
    local changed = body:gsub('"penalty_amount": 0', '"penalty_amount": 25', 1)
    local moments = { FIRST, FIRST + DAY }
    local schedules = {}
    for i, text in ipairs { body, changed } do
      local canned = transport.new(transport.json(text))
      canned.unix_ms = function()
        return moments[i]
      end
      schedules[i] = helper.ok(helper.ask("pezesha", "schedule", canned))
    end
    local diff = helper.ok(schedules[2]:diff(schedules[1]))
    assert.same({ "penalty_added" }, diff.entries[1].kinds)
    assert.same({ penalty_minor = 0 }, diff.entries[1].before)
    assert.same({ penalty_minor = 2500 }, diff.entries[1].after)
    assert.equal(2, diff.unchanged)
    schedules[1]:close()
    schedules[2]:close()
  end)

  it("refuses another account, another subject, another provider and a later fetch", function()
    local rows = { { "2026-01-01", "100", "10", "110", "0" } }
    local schedule = carbon(rows, FIRST)
    local others = { carbon(rows, FIRST + 1), carbon(rows, FIRST, { label = "shop" }),
      fetch("pezesha", "schedule", "pezesha/schedule.200.json") }
    for _, other in ipairs(others) do
      assert.equal("invalid_argument", helper.fails(schedule:diff(other)).kind)
      other:close()
    end
    helper.raises(function()
      schedule:diff({})
    end)
    helper.raises(function()
      repay.apply(schedule, {})
    end)
    local diff = schedule:diff(schedule)
    helper.fails(repay.apply(schedule, { patch = diff.patch:sub(1, -2) }))
    helper.fails(repay.apply(schedule, { patch = "" }))
    helper.fails(repay.apply(schedule, { patch = schedule:dump() }))
    schedule:close()
  end)
end)

describe("a dump", function()
  helper.watch(after_each)

  local function samples()
    return { fetch("carbon", "schedule", "carbon/schedule.200.json", { label = "shop" }),
      fetch("pezesha", "schedule", "pezesha/schedule.200.json"),
      fetch("fincode", "schedule", "fincode/list.200.json"),
      fetch("fincode", "pending", "fincode/pending.200.json"),
      fetch("fincode", "repaid", "fincode/repaid.200.json"),
      fetch("carbon", "schedule", "carbon/unknown_members.200.json"),
      fetch("carbon", "schedule", "carbon/empty_schedule.200.json") }
  end

  it("loads as an equal schedule", function()
    for _, schedule in ipairs(samples()) do
      local bytes = helper.ok(schedule:dump { with_names = true })
      local again = helper.ok(repay.load(bytes))
      for _, name in ipairs { "provider", "operation", "subject", "environment", "label",
        "currency", "decimals", "zone", "fetched_at_unix_ms" } do
        assert.equal(schedule[name], again[name])
      end
      assert.equal(#schedule, #again)
      for i, row in schedule:rows() do
        assert.same(row, again[i])
        for name, value in pairs(row.extra) do
          assert.equal(value, again[i].extra[name])
        end
      end
      assert.equal(tostring(schedule), tostring(again))
      assert.equal(bytes, again:dump { with_names = true })
      helper.no_secret(bytes)
      again:close()
      schedule:close()
    end
  end)

  it("carries names and e-mail addresses only where it is asked to", function()
    local schedule = fetch("fincode", "schedule", "fincode/list.200.json")
    local row = schedule[1]
    assert.is_string(row.customer_name)
    assert.is_string(row.email)
    local named = helper.ok(schedule:dump { with_names = true })
    for _, bytes in ipairs { helper.ok(schedule:dump()), helper.ok(schedule:dump {}),
      helper.ok(schedule:dump { with_names = false }) } do
      assert.is_truthy(named:find(row.customer_name, 1, true))
      assert.is_truthy(named:find(row.email, 1, true))
      assert.is_nil(bytes:find(row.customer_name, 1, true))
      assert.is_nil(bytes:find(row.email, 1, true))
      local again = helper.ok(repay.load(bytes))
      assert.is_nil(again[1].customer_name)
      assert.is_nil(again[1].email)
      row.customer_name, row.email = nil, nil
      assert.same(row, again[1])
      row = schedule[1]
      again:close()
    end
    assert.equal("schedule:dump: option 'with_names' must be true or false, got a string",
      helper.raises(function() schedule:dump { with_names = "yes" } end))
    helper.raises(function() schedule:dump { names = true } end)
    schedule:close()
  end)

  it("without names differs in nothing from what it was made of, and the patch is exact", function()
    local schedule = fetch("fincode", "schedule", "fincode/list.200.json")
    local nameless = helper.ok(repay.load(schedule:dump()))
    for _, pair in ipairs { { schedule, nameless }, { nameless, schedule } } do
      local newer, older = pair[1], pair[2]
      local diff = helper.ok(newer:diff(older))
      assert.same({}, diff.entries)
      assert.equal(#newer, diff.unchanged)
      local made = helper.ok(repay.apply(older, diff))
      assert.equal(newer:dump { with_names = true }, made:dump { with_names = true })
      made:close()
    end
    nameless:close()
    schedule:close()
  end)

  it("is refused when it is cut or changed anywhere", function()
    for _, schedule in ipairs(samples()) do
      local bytes = schedule:dump()
      for length = 0, #bytes - 1 do
        assert.equal("invalid_argument", helper.fails(repay.load(bytes:sub(1, length))).kind)
      end
      for at = 1, #bytes do
        local changed = (bytes:byte(at) + 1) % 256
        helper.fails(repay.load(bytes:sub(1, at - 1) .. string.char(changed) .. bytes:sub(at + 1)))
      end
      helper.fails(repay.load(bytes .. "\0"))
      schedule:close()
    end
  end)

  it("loads from strings only, and refuses what never was one", function()
    for _, bytes in ipairs { "", "x", ("\255"):rep(1000), ("\0"):rep(100), "rpsd\1",
      "rpsd\1" .. ("\0"):rep(40) } do
      helper.fails(repay.load(bytes))
    end
    for _, value in ipairs { 5, {}, true } do
      helper.raises(function()
        repay.load(value)
      end)
    end
  end)
end)

describe("a portfolio", function()
  helper.watch(after_each)

  it("needs a day", function()
    for _, options in ipairs { {}, { as_of = "2025-02-29" }, { as_of = 5 },
      { day = "2026-01-01" } } do
      helper.raises(function()
        repay.portfolio(options)
      end)
    end
    helper.raises(function()
      repay.portfolio()
    end)
  end)

  it("says what it is, and nothing when it is closed", function()
    local portfolio = helper.ok(repay.portfolio { as_of = "2026-03-01" })
    local schedule = carbon { { "2026-01-01", "100", "10", "110", "0" } }
    assert.equal(1, helper.ok(portfolio:add(schedule)))
    schedule:close()
    assert.equal("2026-03-01", portfolio.as_of)
    assert.equal(1, portfolio.loans)
    assert.equal(1, portfolio.schedules)
    assert.equal("repay.portfolio as of 2026-03-01: 1 loans from 1 schedules", tostring(portfolio))
    assert.truthy(portfolio:memory() > 0)
    portfolio:close()
    portfolio:close()
    assert.equal("repay.portfolio (closed)", tostring(portfolio))
    for method in pairs(native.classes.portfolio) do
      if method ~= "close" then
        helper.raises(function()
          portfolio[method](portfolio, {})
        end)
      end
    end
  end)

  it("answers when it holds nothing", function()
    local portfolio = helper.ok(repay.portfolio { as_of = "2026-03-01" })
    for _, method in ipairs { "summary", "at_risk", "ageing", "cash_flow", "delinquents" } do
      local result = helper.ok(portfolio[method](portfolio))
      assert.same({}, result.codes)
      assert.same({}, result.currencies)
      assert.equal("no schedule was added", result.balances)
    end
    portfolio:close()
  end)

  it("raises for options that nobody has", function()
    local portfolio = helper.ok(repay.portfolio { as_of = "2026-03-01" })
    local schedule = carbon { { "2026-01-01", "100", "10", "110", "0" } }
    for _, method in ipairs { "summary", "at_risk", "ageing", "cash_flow", "delinquents" } do
      helper.raises(function()
        portfolio[method](portfolio, { colour = 1 })
      end)
      helper.raises(function()
        portfolio[method](portfolio, 30)
      end)
    end
    for method, options in pairs { at_risk = { { days = -1 }, { days = 1.5 }, { days = "30" } },
      cash_flow = { { by = "year" }, { periods = 0 }, { periods = 3661 },
        { by = "month", periods = 3660, tag = 5 } },
      delinquents = { { limit = 0 }, { limit = 100001 } }, ageing = { { by = "tag" } } } do
      for _, option in ipairs(options) do
        helper.raises(function()
          portfolio[method](portfolio, option)
        end)
      end
    end
    for _, tags in ipairs { "sme", { "" }, { ("x"):rep(65) }, { 5 },
      { "1", "2", "3", "4", "5", "6", "7", "8", "9" } } do
      helper.raises(function()
        portfolio:add(schedule, { tags = tags })
      end)
    end
    helper.raises(function()
      portfolio:add({})
    end)
    assert.equal(0, portfolio.loans)
    schedule:close()
    helper.raises(function()
      portfolio:add(schedule)
    end)
    portfolio:close()
  end)

  it("holds the largest sum there is, and refuses one unit more", function()
    local portfolio = helper.ok(repay.portfolio { as_of = "2026-03-01" })
    local largest = carbon { { "2026-02-01", LARGEST, "0", LARGEST, "0" } }
    assert.equal(1, helper.ok(portfolio:add(largest)))
    largest:close()
    -- Another account, and one unit in the same currency.
    local one = carbon({ { "2026-02-01", "1", "0", "1", "0" } }, nil, { label = "other" })
    assert.equal("too_large", helper.fails(portfolio:add(one)).kind)
    one:close()
    assert.equal(1, portfolio.loans)
    local group = portfolio:summary().currencies.NGN
    assert.equal(9007199254740991, group.outstanding_minor)
    assert.equal(9007199254740991, group.overdue_minor)
    assert.equal(9007199254740991, portfolio:ageing().currencies.NGN.buckets[2].outstanding_minor)
    assert.equal(1000000, portfolio:at_risk { days = 0 }.currencies.NGN.ratio_ppm)
    portfolio:close()
  end)
end)
