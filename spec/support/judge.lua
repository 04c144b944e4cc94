-- A second opinion on every figure: the rules of the project's semantics in plain Lua, with its own
-- arithmetic on decimal texts and its own calendar, loan by loan and row by row, without an index.
--
-- A loan is { id, provider, currency, environment, label, tags, kind, rows }. `kind` says what its
-- provider tells: "paid" (total and paid amounts), "balance" (what is left of each row), "pending"
-- (only what is left) or "list" (nothing but that a loan is paid). A row has due (text or nil) and
-- amounts as texts of minor units, nil where they are not told.
local decimal = require "spec.support.decimal"

local judge = {}

local add, compare = decimal.add, decimal.compare

--
-- Days, counted from the first day of year 1
--

local month_lengths = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function length_of_month(year, month)
  return month == 2 and is_leap(year) and 29 or month_lengths[month]
end

local known_days = {}

function judge.day(text)
  if not text then
    return nil
  end
  local known = known_days[text]
  if not known then
    local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
    year, month = tonumber(year), tonumber(month)
    local before = year - 1
    known = before * 365 + math.floor(before / 4) - math.floor(before / 100)
      + math.floor(before / 400)
    for earlier = 1, month - 1 do
      known = known + length_of_month(year, earlier)
    end
    known = known + tonumber(day)
    known_days[text] = known
  end
  return known
end

-- The first day of year 1 was a Monday.
local function days_since_monday(day)
  return (day - 1) % 7
end

local function month_of(text)
  return tonumber(text:sub(1, 4)) * 12 + tonumber(text:sub(6, 7)) - 1
end

--
-- One row
--

--- What is left of a row, nil where that is not known.
function judge.outstanding(loan, row)
  if loan.kind == "paid" then
    local total = row.total
    if not total and row.principal and row.interest then
      total = add(row.principal, row.interest)
    end
    if not total or not row.paid then
      return nil
    end
    return decimal.max("0", decimal.subtract(total, row.paid))
  elseif loan.kind == "list" then
    return row.is_paid and "0" or nil
  end
  return row.left
end

-- High and low bound of outstanding principal; nil where a part is not known.
local function principal_of(row, left)
  if not row.principal then
    return nil, nil
  end
  local high = decimal.max("0", decimal.min(row.principal, left))
  if not row.interest or not row.penalty then
    return high, nil
  end
  local low = decimal.subtract(decimal.subtract(left, row.interest), row.penalty)
  return high, decimal.min(high, decimal.max("0", low))
end

local function new_sum()
  return { minor = "0", missing = 0, rows = 0 }
end

local function add_to(sum, minor)
  if minor then
    sum.minor = add(sum.minor, minor)
    sum.rows = sum.rows + 1
  else
    sum.missing = sum.missing + 1
  end
end

--
-- Loans
--

--- Everything that can be said of one loan as of a day.
function judge.loan(loan, as_of)
  local today = judge.day(as_of)
  local of = {
    loan = loan, rows = #loan.rows, late_rows = 0, unknown = 0, unknown_late = 0, undated = 0,
    outstanding = "0", overdue = "0", high = "0", low = "0", next = "0", lines = {},
  }
  local next_unknown, unknown_undated
  for _, row in ipairs(loan.rows) do
    local left = judge.outstanding(loan, row)
    local due = loan.kind ~= "list" and judge.day(row.due) or nil
    if not left then
      of.unknown = of.unknown + 1
      if not due or due < today then
        of.unknown_late = of.unknown_late + 1
      end
      if not due then
        unknown_undated = true
      elseif due >= today and (not next_unknown or due < next_unknown) then
        next_unknown = due
      end
    elseif decimal.is_positive(left) then
      local high, low = principal_of(row, left)
      of.outstanding = add(of.outstanding, left)
      of.high = of.high and high and add(of.high, high)
      of.low = of.low and low and add(of.low, low)
      of.lines[#of.lines + 1] = { left = left, due = due, due_text = row.due, high = high }
      if not due then
        of.undated = of.undated + 1
      elseif due < today then
        of.late_rows = of.late_rows + 1
        of.overdue = add(of.overdue, left)
        if not of.oldest or due < of.oldest then
          of.oldest, of.oldest_text = due, row.due
        end
      elseif not of.next_day or due < of.next_day then
        of.next_day, of.next_text, of.next = due, row.due, left
      elseif due == of.next_day then
        of.next = add(of.next, left)
      end
    end
  end
  of.next_known = not unknown_undated
    and not (next_unknown and (not of.next_day or next_unknown <= of.next_day))
  of.days_late = of.oldest and today - of.oldest or 0
  return of
end

function judge.state(of)
  if of.late_rows > 0 then
    return "overdue"
  elseif of.unknown > 0 or of.undated > 0 then
    return "unknown"
  end
  return decimal.is_positive(of.outstanding) and "due" or "paid"
end

--
-- Sums over loans
--

--- Totals as a schedule gives them, over all rows of some loans.
function judge.totals(loans, as_of)
  local today = judge.day(as_of)
  local sums = {}
  for _, name in ipairs { "principal", "interest", "total", "paid", "outstanding", "overdue",
    "undated" } do
    sums[name] = new_sum()
  end
  for _, loan in ipairs(loans) do
    for _, row in ipairs(loan.rows) do
      local left = judge.outstanding(loan, row)
      local due = loan.kind ~= "list" and judge.day(row.due) or nil
      local total, paid = row.total, row.paid
      if loan.kind == "paid" and not total and row.principal and row.interest then
        total = add(row.principal, row.interest)
      elseif loan.kind == "balance" then
        paid = total and left and compare(left, total) <= 0 and decimal.subtract(total, left) or nil
      elseif loan.kind == "list" or loan.kind == "pending" then
        total, paid = nil, nil
      end
      add_to(sums.principal, row.principal)
      add_to(sums.interest, row.interest)
      add_to(sums.total, total)
      add_to(sums.paid, paid)
      add_to(sums.outstanding, left and decimal.max("0", left))
      if not left then
        if not due or due < today then
          sums.overdue.missing = sums.overdue.missing + 1
        end
        if not due then
          sums.undated.missing = sums.undated.missing + 1
        end
      elseif decimal.is_positive(left) then
        if not due then
          add_to(sums.undated, left)
        elseif due < today then
          add_to(sums.overdue, left)
        end
      end
    end
  end
  return sums
end

--- The sum that is due from one day to another, both within.
function judge.due_between(loans, first, last)
  local sum = new_sum()
  for _, loan in ipairs(loans) do
    for _, row in ipairs(loan.rows) do
      local left = judge.outstanding(loan, row)
      local due = loan.kind ~= "list" and judge.day(row.due) or nil
      local within = due and due >= first and due <= last
      if not left and (within or not due) then
        sum.missing = sum.missing + 1
      elseif left and within and decimal.is_positive(left) then
        add_to(sum, left)
      end
    end
  end
  return sum
end

--- Which of the buckets something is in that is so many days late.
local function bucket_of(days, ends)
  if days <= 0 then
    return 1
  end
  for i, last in ipairs(ends) do
    if days <= last then
      return i + 1
    end
  end
  return #ends + 2
end

--- Buckets as lists of { minor, count }: not late, each end, beyond, undated.
function judge.ageing(of_loans, as_of, ends, by_loan)
  local today = judge.day(as_of)
  local buckets, missing = {}, 0
  for i = 1, #ends + 3 do
    buckets[i] = { minor = "0", count = 0 }
  end
  local function put(i, minor)
    buckets[i].minor = add(buckets[i].minor, minor)
    buckets[i].count = buckets[i].count + 1
  end
  for _, of in ipairs(of_loans) do
    missing = missing + of.unknown
    if by_loan then
      if decimal.is_positive(of.outstanding) then
        if of.oldest then
          put(bucket_of(of.days_late, ends), of.outstanding)
        else
          put(of.undated > 0 and #buckets or 1, of.outstanding)
        end
      end
    else
      for _, line in ipairs(of.lines) do
        put(line.due and bucket_of(today - line.due, ends) or #buckets, line.left)
      end
    end
  end
  return buckets, missing
end

--- Overdue, periods, later and undated, as lists of { minor, count }.
function judge.cash_flow(of_loans, as_of, by, periods)
  local today = judge.day(as_of)
  local flows = {}
  for i = 1, periods + 3 do
    flows[i] = { minor = "0", count = 0 }
  end
  for _, of in ipairs(of_loans) do
    for _, line in ipairs(of.lines) do
      local at
      if not line.due then
        at = periods + 3
      elseif line.due < today then
        at = 1
      else
        local ahead
        if by == "day" then
          ahead = line.due - today
        elseif by == "week" then
          local monday = today - days_since_monday(today)
          ahead = math.floor((line.due - monday) / 7)
        else
          ahead = month_of(line.due_text) - month_of(as_of)
        end
        at = 2 + math.min(ahead, periods)
      end
      flows[at].minor = add(flows[at].minor, line.left)
      flows[at].count = flows[at].count + 1
    end
  end
  return flows
end

--- The ratio of loans at risk and what it is made of.
function judge.at_risk(of_loans, days)
  local risk = {
    numerator = "0", denominator = "0", low_numerator = "0", low_denominator = "0", loans = 0,
    loans_at_risk = 0, missing = 0, missing_balance = "0", low_known = true,
  }
  for _, of in ipairs(of_loans) do
    local late = of.oldest ~= nil and of.days_late > days
    if of.unknown > 0 or not of.high or (of.undated > 0 and not late) then
      risk.missing = risk.missing + 1
      local told = of.unknown > 0 and of.loan.told_balance
      risk.missing_balance = add(risk.missing_balance, told or of.outstanding)
    else
      risk.loans = risk.loans + 1
      risk.denominator = add(risk.denominator, of.high)
      risk.low_known = risk.low_known and of.low ~= nil
      risk.low_denominator = risk.low_known and add(risk.low_denominator, of.low)
      if late then
        risk.loans_at_risk = risk.loans_at_risk + 1
        risk.numerator = add(risk.numerator, of.high)
        risk.low_numerator = risk.low_known and add(risk.low_numerator, of.low)
      end
    end
  end
  risk.ppm = risk.denominator ~= "0" and decimal.ppm(risk.numerator, risk.denominator) or nil
  return risk
end

--- The late loans, worst first.
function judge.delinquents(of_loans)
  local late = {}
  for _, of in ipairs(of_loans) do
    if of.oldest then
      late[#late + 1] = of
    end
  end
  table.sort(late, function(a, b)
    if a.days_late ~= b.days_late then
      return a.days_late > b.days_late
    end
    local order = compare(a.overdue, b.overdue)
    if order ~= 0 then
      return order > 0
    end
    return a.loan.id < b.loan.id
  end)
  return late
end

--- Which rows an amount would settle: { row, settled, penalty, interest, principal, unsplit }.
function judge.allocate(loan, amount, order)
  local rows, left_over = {}, amount
  for position, row in ipairs(loan.rows) do
    local left = judge.outstanding(loan, row)
    if left and decimal.is_positive(left) then
      rows[#rows + 1] = { row = row, position = position, left = left,
        due = judge.day(row.due) or math.huge }
    end
  end
  table.sort(rows, function(a, b)
    if a.due ~= b.due then
      return a.due < b.due
    end
    if a.row.number ~= b.row.number then
      return a.row.number < b.row.number
    end
    return a.position < b.position
  end)
  local settled = {}
  for _, entry in ipairs(rows) do
    if left_over == "0" then
      break
    end
    local now = decimal.min(left_over, entry.left)
    local share = { position = entry.position, settled = now, penalty = "0", interest = "0",
      principal = "0" }
    local open = judge.open_parts(loan, entry.row, entry.left, order)
    local rest = now
    for _, part in ipairs(open and order or {}) do
      share[part] = decimal.min(rest, open[part])
      rest = decimal.subtract(rest, share[part])
    end
    share.unsplit = rest
    settled[#settled + 1] = share
    left_over = decimal.subtract(left_over, now)
  end
  return settled, left_over
end

--- What is open of each part, after what was paid is laid on them; nil where that is not known.
function judge.open_parts(loan, row, left, order)
  if not row.principal or not row.interest or not row.penalty then
    return nil
  end
  local open = { principal = row.principal, interest = row.interest, penalty = row.penalty }
  for _, part in pairs(open) do
    if compare(part, "0") < 0 then
      return nil
    end
  end
  local paid = row.paid
  if loan.kind == "balance" then
    paid = row.total and compare(left, row.total) <= 0 and decimal.subtract(row.total, left) or nil
  elseif loan.kind == "pending" then
    paid = nil
  end
  if not paid and add(add(open.principal, open.interest), open.penalty) == left then
    paid = "0"
  end
  if not paid or compare(paid, "0") < 0 then
    return nil
  end
  local told = row.penalty_paid and compare(row.penalty_paid, "0") >= 0
  if told then
    open.penalty = decimal.subtract(open.penalty, decimal.min(row.penalty_paid, open.penalty))
    paid = decimal.subtract(paid, decimal.min(row.penalty_paid, paid))
  end
  for _, part in ipairs(order) do
    if not (told and part == "penalty") then
      local taken = decimal.min(paid, open[part])
      open[part] = decimal.subtract(open[part], taken)
      paid = decimal.subtract(paid, taken)
    end
  end
  return open
end

return judge
