-- What holds for any loans whatsoever: sums are those of their parts, buckets and periods divide
-- what is outstanding, a difference makes the newer schedule of the older, a dump loads as what it
-- was, and an amount is settled to its last unit. Seeded, so that a failure comes again.
local helper = require "spec.support.helper"
local loans = require "spec.support.loans"
local repay = require "repay"

local AS_OF = "2026-03-01"
local LOANS = tonumber(os.getenv("REPAY_PROPERTY_LOANS")) or 100000
local FETCHED = 1772352000000 -- 2026-03-01T08:00:00Z

local kinds = {
  { name = "paid", provider = "carbon", operation = "schedule", currency = "NGN", size = 1,
    part = 0.1, body = function(batch) return { loans.paid_body(batch[1]) } end },
  { name = "balance", provider = "pezesha", operation = "schedule", currency = "KES", size = 50,
    part = 0.6, body = function(batch) return { loans.balance_body(batch) } end },
  { name = "pending", provider = "fincode", operation = "pending", currency = "NGN", size = 50,
    part = 0.3, body = loans.pending_pages },
}

local function open(kind)
  local source = { at = 0, unix_ms = FETCHED }
  local client = helper.open(kind.provider, {
    send = function()
      source.at = source.at + 1
      return { status = 200, headers = {}, body = source.pages[source.at] }
    end,
    sleep = function() end,
    unix_ms = function()
      return source.unix_ms
    end,
  }, { currency = kind.currency, label = kind.name })
  function source.fetch(pages, subject)
    source.pages, source.at = pages, 0
    local asked = helper.arguments[kind.provider][kind.operation]
    if kind.provider == "carbon" then
      asked = { loan_id = subject }
    end
    return helper.ok(client[kind.operation](client, asked))
  end
  function source.close()
    client:close()
  end
  return source
end

--- What is known of a sum, complete or not.
local function known(result, name)
  return result[name] or result.known[name].known_minor
end

local sums = { "principal_minor", "interest_minor", "penalty_minor", "total_due_minor",
  "paid_minor", "overpaid_minor" }

local function totals_are_sums_of_rows(schedule, totals)
  local parts, missing = {}, {}
  local outstanding, above_zero = 0, 0
  for _, row in schedule:rows() do
    for _, name in ipairs(sums) do
      parts[name] = (parts[name] or 0) + (row[name] or 0)
      missing[name] = missing[name] or row[name] == nil
    end
    missing.outstanding_minor = missing.outstanding_minor or row.outstanding_minor == nil
    if row.outstanding_minor and row.outstanding_minor > 0 then
      outstanding = outstanding + row.outstanding_minor
      above_zero = above_zero + 1
    end
  end
  for _, name in ipairs(sums) do
    assert(known(totals, name) == parts[name], name)
    assert((totals[name] == nil) == missing[name], name .. " is nil")
  end
  assert(known(totals, "outstanding_minor") == outstanding)
  assert((totals.outstanding_minor == nil) == (missing.outstanding_minor or false))
  return outstanding, above_zero
end

local function buckets_divide(schedule, outstanding, rows, overdue)
  for by, count in pairs { installment = rows, loan = false } do
    local ageing = helper.ok(schedule:ageing { as_of = AS_OF, by = by, buckets = { 7, 30, 365 } })
    local sum, counted, late = 0, 0, 0
    for i, bucket in ipairs(ageing.buckets or {}) do
      sum = sum + bucket.outstanding_minor
      counted = counted + bucket.count
      if i > 1 and i < #ageing.buckets then
        late = late + bucket.outstanding_minor
      end
    end
    assert(sum == outstanding and known(ageing, "outstanding_minor") == outstanding)
    assert(not count or counted == count)
    assert(by == "loan" or late == overdue)
  end
end

local function time_divides(schedule, totals, outstanding)
  local overdue = known(totals, "overdue_minor")
  -- A hundred years ahead is all there is.
  local upcoming = helper.ok(schedule:upcoming { as_of = AS_OF, days = 36525 })
  local undated = known(totals, "undated_minor")
  assert(overdue + known(upcoming, "upcoming_minor") + undated == outstanding)
  local listed = 0
  for _, row in ipairs(schedule:overdue { as_of = AS_OF, limit = 10000 }.list) do
    assert(row.due_date < AS_OF and row.days_late > 0)
    listed = listed + row.outstanding_minor
  end
  assert(listed == overdue)
end

local function loans_add_up(schedule, outstanding, overdue)
  local list = helper.ok(schedule:loans { as_of = AS_OF })
  local sum, late, rows = 0, 0, 0
  for _, loan in ipairs(list) do
    sum = sum + known(loan, "outstanding_minor")
    late = late + known(loan, "overdue_minor")
    rows = rows + loan.rows
  end
  assert(sum == outstanding and late == overdue and rows == #schedule)
  return list
end

local orders = {
  { "penalty", "interest", "principal" }, { "interest", "principal", "penalty" },
  { "principal", "penalty", "interest" },
}

local function settles_to_the_last_unit(schedule, loan, draw)
  local amount = draw(200000000)
  local allocation = schedule:allocate { amount_minor = amount, loan_id = loan.loan_id,
    order = orders[draw(3)], as_of = AS_OF }
  if not allocation then
    return assert(loan.outstanding_minor == nil)
  end
  local settled = 0
  for i, row in ipairs(allocation.rows) do
    assert(row.settled_minor > 0 and row.settled_minor <= row.outstanding_minor)
    assert(row.penalty_minor + row.interest_minor + row.principal_minor + row.unsplit_minor
      == row.settled_minor)
    assert(row.left_minor == row.outstanding_minor - row.settled_minor)
    -- Only the last row that is reached may keep something.
    assert(row.left_minor == 0 or i == #allocation.rows)
    settled = settled + row.settled_minor
  end
  assert(settled == allocation.settled_minor and settled + allocation.left_over_minor == amount)
  assert(settled == math.min(amount, loan.outstanding_minor))
end

local function dumps_and_loads(schedule)
  local bytes = helper.ok(schedule:dump())
  local again = helper.ok(repay.load(bytes))
  assert(#again == #schedule and again:dump() == bytes)
  local step = math.max(1, math.floor(#schedule / 5))
  for i = 1, #schedule, step do
    for name, value in pairs(schedule[i]) do
      assert(name == "extra" or again[i][name] == value)
    end
  end
  again:close()
end

-- A day later: some rows paid, moved, dearer, gone, new, in another order.
local function change(draw, batch)
  for _, loan in ipairs(batch) do
    for i = #loan.rows, 1, -1 do
      local row, what = loan.rows[i], draw(12)
      if what == 1 and row.total then
        row.paid, row.left = row.total, "0"
      elseif what == 2 then
        row.due = "2027-01-" .. ("%02d"):format(draw(28))
      elseif what == 3 then
        row.interest = ("%d"):format(draw(5000))
      elseif what == 4 then
        row.penalty = ("%d"):format(draw(5000))
      elseif what == 5 and #loan.rows > 1 then
        table.remove(loan.rows, i)
      elseif what == 6 then
        loan.rows[#loan.rows + 1] = helper.copy(row, { number = #loan.rows + 7 })
      elseif what == 7 then
        loan.rows[1], loan.rows[i] = loan.rows[i], loan.rows[1]
      end
    end
  end
  return batch
end

local function differences_apply(older, newer)
  local diff = helper.ok(newer:diff(older))
  local again = helper.ok(repay.apply(older, diff))
  assert(again:dump() == newer:dump())
  local gone, new, kept = 0, 0, diff.unchanged
  for _, entry in ipairs(diff.entries) do
    if not entry.old_position then
      new = new + 1
    elseif not entry.position then
      gone = gone + 1
    else
      kept = kept + 1
      assert(next(entry.kinds))
      for name, value in pairs(entry.before) do
        assert(name == "extra" or value ~= entry.after[name])
      end
    end
  end
  assert(gone == diff.counts.gone and new == diff.counts.new)
  assert(kept + gone == #older and kept + new == #newer)
  assert(#newer:diff(newer).entries == 0)
  again:close()
end

local function portfolio_adds_up(portfolio, of_schedules)
  local summary = helper.ok(portfolio:summary())
  for code, sum in pairs(of_schedules) do
    local group = summary.currencies[code]
    for name, minor in pairs(sum) do
      assert(known(group, name) == minor, name)
      local of_providers = 0
      for _, provider in pairs(group.by_provider) do
        of_providers = of_providers + known(provider, name)
      end
      assert(of_providers == minor, name)
    end
    for by, periods in pairs { day = 500, week = 3, month = 30 } do
      local flow = helper.ok(portfolio:cash_flow { by = by, periods = periods }).currencies[code]
      local total = flow.overdue.outstanding_minor + flow.later.outstanding_minor
        + flow.undated.outstanding_minor
      local expected = AS_OF
      for _, period in ipairs(flow.periods) do
        assert(period.first_day >= expected and period.last_day >= period.first_day)
        expected = period.last_day
        total = total + period.outstanding_minor
      end
      assert(total == sum.outstanding_minor and known(flow, "outstanding_minor") == total)
      assert(flow.overdue.outstanding_minor == sum.overdue_minor)
      assert(flow.undated.outstanding_minor == sum.undated_minor)
    end
    for _, by in ipairs { "installment", "loan" } do
      local total = 0
      for _, bucket in ipairs(helper.ok(portfolio:ageing { by = by }).currencies[code].buckets) do
        total = total + bucket.outstanding_minor
      end
      assert(total == sum.outstanding_minor)
    end
    -- More days allowed, less at risk; the denominator is the same but for loans without a day.
    local before
    for _, days in ipairs { 0, 30, 90, 365, 5000 } do
      local risk = helper.ok(portfolio:at_risk { days = days }).currencies[code]
      assert(risk.numerator_minor <= risk.denominator_minor)
      assert(not before or risk.loans_at_risk <= before)
      assert(risk.loans + risk.missing.loans == group.loans)
      before = risk.loans_at_risk
    end
  end
end

local function one_schedule(schedule, draw, of_currency)
  local totals = helper.ok(schedule:totals { as_of = AS_OF })
  local overdue = known(totals, "overdue_minor")
  local outstanding, above_zero = totals_are_sums_of_rows(schedule, totals)
  buckets_divide(schedule, outstanding, above_zero, overdue)
  time_divides(schedule, totals, outstanding)
  local list = loans_add_up(schedule, outstanding, overdue)
  for _ = 1, math.min(#list, 10) do
    settles_to_the_last_unit(schedule, list[draw(#list)], draw)
  end
  dumps_and_loads(schedule)
  for _, name in ipairs { "outstanding_minor", "overdue_minor", "undated_minor", "paid_minor" } do
    of_currency[name] = (of_currency[name] or 0) + known(totals, name)
  end
end

describe("over " .. LOANS .. " random loans", function()
  helper.watch(after_each)

  it("sums are of parts, parts divide, differences apply, dumps load, amounts are kept #slow",
    function()
      local draw = loans.seed(20260301)
      local portfolio = helper.ok(repay.portfolio { as_of = AS_OF })
      local of_currencies = { NGN = {}, KES = {} }
      local number = 0
      for _, kind in ipairs(kinds) do
        local source = open(kind)
        for _ = 1, math.ceil(LOANS * kind.part / kind.size) do
          local batch = {}
          for i = 1, kind.size do
            number = number + 1
            batch[i] = loans.one(draw, kind.name, ("%s-%07d"):format(kind.name, number))
          end
          local subject = batch[1].id
          local older = source.fetch(kind.body(batch), subject)
          one_schedule(older, draw, of_currencies[kind.currency])
          assert(helper.ok(portfolio:add(older)) == kind.size)
          assert(helper.fails(portfolio:add(older)).kind == "duplicate_loan")
          source.unix_ms = FETCHED + 86400000
          local newer = source.fetch(kind.body(change(draw, batch)), subject)
          source.unix_ms = FETCHED
          differences_apply(older, newer)
          older:close()
          newer:close()
        end
        source.close()
      end
      assert.is_true(number >= LOANS)
      assert.equal(number, portfolio.loans)
      portfolio_adds_up(portfolio, of_currencies)
      portfolio:close()
    end)
end)
