-- 100,000 random loans of every provider, each figure compared with the judge's: no difference.
local helper = require "spec.support.helper"
local judge = require "spec.support.judge"
local loans = require "spec.support.loans"
local repay = require "repay"

local AS_OF = "2026-03-01"
local ENDS = { 30, 60, 90, 180 }
local LOANS = tonumber(os.getenv("REPAY_JUDGE_LOANS")) or 100000

-- How each kind of schedule is asked for, and how many loans come in one answer.
local kinds = {
  paid = { provider = "carbon", operation = "schedule", currency = "NGN", size = 1, part = 0.15 },
  balance = { provider = "pezesha", operation = "schedule", currency = "KES", size = 400,
    part = 0.5 },
  pending = { provider = "fincode", operation = "pending", currency = "NGN", size = 200,
    part = 0.3 },
  list = { provider = "fincode", operation = "schedule", currency = "NGN", size = 100,
    part = 0.05 },
}

-- A client of the kind's provider whose transport gives one page of `pages` after the other.
local function open(kind)
  local source = { pages = {}, at = 0 }
  local transport = {
    send = function()
      source.at = source.at + 1
      return { status = 200, headers = {}, body = source.pages[source.at] }
    end,
    sleep = function() end,
  }
  source.client = helper.open(kind.provider, transport,
    { currency = kind.currency, label = kind.operation })
  function source.fetch(pages, subject)
    source.pages, source.at = pages, 0
    local asked = helper.arguments[kind.provider][kind.operation]
    if kind.provider == "carbon" then
      asked = { loan_id = subject }
    end
    return helper.ok(source.client[kind.operation](source.client, asked))
  end
  return source
end

local function pages_of(name, batch)
  if name == "paid" then
    return { loans.paid_body(batch[1]) }
  elseif name == "balance" then
    return { loans.balance_body(batch) }
  elseif name == "pending" then
    return loans.pending_pages(batch)
  end
  return { loans.list_body(batch) }
end

-- Collects what differs; the first few are shown.
local found = { compared = 0, different = 0, shown = {} }

local function same(what, ours, judged)
  found.compared = found.compared + 1
  if type(ours) == "number" then
    ours = ("%.0f"):format(ours)
  end
  if ours ~= judged then
    found.different = found.different + 1
    if found.different <= 20 then
      found.shown[#found.shown + 1] = ("%s: ours %s, judged %s"):format(what, tostring(ours),
        tostring(judged))
    end
  end
end

local function same_sum(what, result, name, sum)
  same(what .. " " .. name, result[name], sum.missing == 0 and sum.minor or nil)
  if sum.missing > 0 then
    local known = result.known[name] or {}
    same(what .. " known " .. name, known.known_minor, sum.minor)
    same(what .. " missing " .. name, known.missing_rows, ("%d"):format(sum.missing))
    same(what .. " reason of " .. name, type(result.reasons[name]), "string")
  end
end

local function same_number(what, ours, judged)
  same(what, ours, judged and ("%d"):format(judged))
end

local function compare_totals(what, schedule, batch, given)
  local sums = judge.totals(batch, AS_OF)
  local totals = helper.ok(schedule:totals(given))
  same_sum(what, totals, "outstanding_minor", sums.outstanding)
  same_sum(what, totals, "overdue_minor", sums.overdue)
  if batch[1].kind == "list" then
    return
  end
  same_sum(what, totals, "principal_minor", sums.principal)
  same_sum(what, totals, "interest_minor", sums.interest)
  same_sum(what, totals, "total_due_minor", sums.total)
  same_sum(what, totals, "paid_minor", sums.paid)
  same_sum(what, totals, "undated_minor", sums.undated)
  same_sum(what, helper.ok(schedule:overdue(given)), "overdue_minor", sums.overdue)
  local today = judge.day(AS_OF)
  same_sum(what, helper.ok(schedule:upcoming { as_of = AS_OF, days = 45 }), "upcoming_minor",
    judge.due_between(batch, today, today + 45))
end

local function compare_next(what, schedule, of_loans, batch, given)
  local day, text
  for _, of in ipairs(of_loans) do
    if of.next_day and (not day or of.next_day < day) then
      day, text = of.next_day, of.next_text
    end
  end
  local sum = judge.due_between(batch, judge.day(AS_OF), day or math.huge)
  local next_due = helper.ok(schedule:next_due(given))
  same_sum(what, next_due, "next_due_minor", sum)
  same(what .. " next day", next_due.due_date, sum.missing == 0 and text or nil)
end

local function compare_loan(what, loan, of)
  same(what .. " id", loan.loan_id, of.loan.id)
  same(what .. " state", loan.state, judge.state(of))
  same_sum(what, loan, "outstanding_minor", { minor = of.outstanding, missing = of.unknown })
  same_sum(what, loan, "overdue_minor", { minor = of.overdue, missing = of.unknown_late })
  same(what .. " principal", loan.outstanding_principal_minor,
    of.unknown == 0 and of.high or nil)
  same(what .. " low principal", loan.outstanding_principal_low_minor,
    of.unknown == 0 and of.low or nil)
  same(what .. " next", loan.next_due_minor, of.next_known and of.next or nil)
  same(what .. " next day", loan.next_due_date, of.next_known and of.next_text or nil)
  same(what .. " oldest", loan.oldest_due_date, of.oldest_text)
  same_number(what .. " rows", loan.rows, of.rows)
end

local function compare_buckets(what, ageing, buckets, missing, count)
  if missing > 0 and not ageing.buckets then
    for _, bucket in ipairs(buckets) do
      same(what .. " bucket", "0", bucket.minor)
    end
    return
  end
  for i, bucket in ipairs(buckets) do
    same(("%s bucket %d"):format(what, i), ageing.buckets[i].outstanding_minor, bucket.minor)
    same_number(("%s count %d"):format(what, i), ageing.buckets[i].count, bucket.count)
  end
  same_number(what .. " missing",
    ageing.known.outstanding_minor and ageing.known.outstanding_minor.missing_rows or 0, missing)
  same_number(what .. " buckets", #ageing.buckets, count)
end

local function compare_ageing(what, asked, of_loans)
  for _, by in ipairs { "installment", "loan" } do
    local buckets, missing = judge.ageing(of_loans, AS_OF, ENDS, by == "loan")
    compare_buckets(what .. " by " .. by, asked(by), buckets, missing, #ENDS + 3)
  end
end

local orders = {
  { "penalty", "interest", "principal" }, { "principal", "interest", "penalty" },
  { "interest", "penalty", "principal" },
}

local function compare_allocation(what, schedule, loan, draw)
  local amount = ("%d"):format(draw(150000000))
  local order = orders[draw(#orders)]
  local allocation, err = schedule:allocate { amount_minor = tonumber(amount), order = order,
    loan_id = loan.id, as_of = AS_OF }
  for _, row in ipairs(loan.rows) do
    if not judge.outstanding(loan, row) then
      same(what .. " refused", err and err.kind, "unsupported")
      return
    end
  end
  local settled, left_over = judge.allocate(loan, amount, order)
  same(what .. " left over", allocation.left_over_minor, left_over)
  same_number(what .. " settled rows", #allocation.rows, #settled)
  for i, share in ipairs(settled) do
    local row = allocation.rows[i] or {}
    for _, part in ipairs { "settled", "penalty", "interest", "principal", "unsplit" } do
      same(("%s %s of row %d"):format(what, part, i), row[part .. "_minor"], share[part])
    end
  end
end

local function compare_schedule(what, schedule, batch, of_loans, draw)
  local given = { as_of = AS_OF }
  compare_totals(what, schedule, batch, given)
  compare_next(what, schedule, of_loans, batch, given)
  compare_ageing(what, function(by)
    return helper.ok(schedule:ageing { as_of = AS_OF, by = by, buckets = ENDS })
  end, of_loans)
  local list = helper.ok(schedule:loans(given))
  same_number(what .. " loans", #list, #of_loans)
  for i, of in ipairs(of_loans) do
    compare_loan(what .. " loan " .. i, list[i], of)
  end
  for _ = 1, math.min(#batch, 3) do
    compare_allocation(what .. " allocation", schedule, batch[draw(#batch)], draw)
  end
end

local function chosen(all, choose)
  local list = {}
  for _, of in ipairs(all) do
    if choose(of.loan) then
      list[#list + 1] = of
    end
  end
  return list
end

local function compare_risk(what, group, of_loans, days)
  local risk = judge.at_risk(of_loans, days)
  same(what .. " numerator", group.numerator_minor, risk.numerator)
  same(what .. " denominator", group.denominator_minor, risk.denominator)
  same(what .. " ratio", group.ratio_ppm, risk.ppm)
  same(what .. " low", group.denominator_low_minor, risk.low_known and risk.low_denominator or nil)
  same_number(what .. " loans", group.loans, risk.loans)
  same_number(what .. " at risk", group.loans_at_risk, risk.loans_at_risk)
  same_number(what .. " missing", group.missing.loans, risk.missing)
  same(what .. " missing balance", group.missing.known_balance_minor, risk.missing_balance)
end

local function raw_loans(of_loans)
  local list = {}
  for i, of in ipairs(of_loans) do
    list[i] = of.loan
  end
  return list
end

local function same_count(what, group, name, known, missing)
  same_number(what .. " " .. name, group[name], missing == 0 and known or nil)
  if missing > 0 then
    same_number(what .. " known " .. name, group.known[name].known, known)
    same_number(what .. " missing " .. name, group.known[name].missing, missing)
  end
end

local function compare_loan_counts(what, group, of_loans)
  local late, undecided, paid, unknown = 0, 0, 0, 0
  for _, of in ipairs(of_loans) do
    if of.oldest then
      late = late + 1
    elseif of.unknown_late > 0 then
      undecided = undecided + 1
    end
    if of.unknown > 0 then
      unknown = unknown + 1
    elseif of.outstanding == "0" then
      paid = paid + 1
    end
  end
  same_count(what, group, "late_loans", late, undecided)
  same_count(what, group, "paid_loans", paid, unknown)
end

local function compare_summary(what, group, of_loans)
  local sums = judge.totals(raw_loans(of_loans), AS_OF)
  same_number(what .. " loans", group.loans, #of_loans)
  same_sum(what, group, "outstanding_minor", sums.outstanding)
  same_sum(what, group, "overdue_minor", sums.overdue)
  same_sum(what, group, "paid_minor", sums.paid)
  same_sum(what, group, "undated_minor", sums.undated)
  compare_loan_counts(what, group, of_loans)
end

local function compare_flows(what, group, flows)
  local ours = { group.overdue }
  for i, period in ipairs(group.periods) do
    ours[i + 1] = period
  end
  ours[#ours + 1] = group.later
  ours[#ours + 1] = group.undated
  same_number(what .. " periods", #ours, #flows)
  for i, flow in ipairs(flows) do
    same(("%s %d"):format(what, i), ours[i].outstanding_minor, flow.minor)
    same_number(("%s rows %d"):format(what, i), ours[i].rows, flow.count)
  end
end

local function compare_delinquents(what, list, of_loans)
  local late = judge.delinquents(of_loans)
  same_number(what .. " listed", #list, math.min(#late, 500))
  for i = 1, #list do
    same(("%s %d"):format(what, i), list[i].loan_id, late[i].loan.id)
    local known = late[i].unknown_late == 0 and list[i] or list[i].known.days_late
    same_number(("%s days %d"):format(what, i), known.days_late, late[i].days_late)
    same(("%s days known %d"):format(what, i), list[i].days_late ~= nil,
      late[i].unknown_late == 0)
  end
end

local function compare_portfolio(portfolio, all)
  local summary = helper.ok(portfolio:summary())
  for _, code in ipairs { "KES", "NGN" } do
    local within = chosen(all, function(loan) return loan.currency == code end)
    compare_summary(code, summary.currencies[code], within)
    for provider, group in pairs(summary.currencies[code].by_provider) do
      compare_summary(code .. " " .. provider, group,
        chosen(within, function(loan) return loan.provider == provider end))
    end
    compare_summary(code .. " fifth", summary.currencies[code].by_tag.fifth,
      chosen(within, function(loan) return loan.tag end))
    for _, days in ipairs { 0, 1, 30, 90 } do
      local risk = helper.ok(portfolio:at_risk { days = days }).currencies[code]
      compare_risk(("%s risk %d"):format(code, days), risk, within, days)
      compare_risk(("%s fifth risk %d"):format(code, days), risk.by_tag.fifth,
        chosen(within, function(loan) return loan.tag end), days)
    end
    compare_ageing(code, function(by)
      return helper.ok(portfolio:ageing { by = by, buckets = ENDS }).currencies[code]
    end, within)
    for by, periods in pairs { day = 40, week = 12, month = 7 } do
      compare_flows(code .. " by " .. by,
        helper.ok(portfolio:cash_flow { by = by, periods = periods }).currencies[code],
        judge.cash_flow(within, AS_OF, by, periods))
    end
    compare_delinquents(code .. " late",
      helper.ok(portfolio:delinquents { limit = 500 }).currencies[code], within)
  end
end

describe("the figures of " .. LOANS .. " random loans", function()
  helper.watch(after_each)

  it("are the judge's, every one #slow", function()
    local draw = loans.seed(20261120)
    local portfolio = helper.ok(repay.portfolio { as_of = AS_OF })
    local all, number = {}, 0
    for _, name in ipairs { "paid", "balance", "pending", "list" } do
      local kind = kinds[name]
      local source = open(kind)
      for batch_number = 1, math.ceil(LOANS * kind.part / kind.size) do
        local batch, of_loans = {}, {}
        local tag = batch_number % 5 == 0
        for i = 1, kind.size do
          number = number + 1
          local loan = loans.one(draw, name, ("%s-%07d"):format(name, number))
          loan.provider, loan.currency, loan.tag = kind.provider, kind.currency, tag
          batch[i] = loan
          of_loans[i] = judge.loan(loan, AS_OF)
          all[#all + 1] = of_loans[i]
        end
        local schedule = source.fetch(pages_of(name, batch), batch[1].id)
        compare_schedule(name .. " " .. batch_number, schedule, batch, of_loans, draw)
        local tags = tag and { "fifth" } or {}
        same_number("loans added", helper.ok(portfolio:add(schedule, { tags = tags })), kind.size)
        schedule:close()
      end
      source.client:close()
    end
    assert.is_true(#all >= LOANS)
    same("loans held", portfolio.loans, ("%d"):format(#all))
    compare_portfolio(portfolio, all)
    -- Fewer loans than that share the rooms of the tables among too few.
    if LOANS >= 100000 then
      assert.is_true(portfolio:memory() <= 96 * #all)
    end
    portfolio:close()
    assert.are.equal("", table.concat(found.shown, "\n"))
    assert.are.equal(0, found.different)
    assert.is_true(found.compared > LOANS * 10)
  end)
end)
