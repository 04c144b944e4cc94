-- Random but lawful loans from a seed, and the bodies in which the three providers would tell them.
--
-- The same seed gives the same loans on both VMs. Amounts are texts of minor units until a body is
-- written, so nothing here rounds either. What providers leave out now and then (an amount, a due
-- date) is left out here too.
local decimal = require "spec.support.decimal"

local loans = {}

--- A stream of numbers: draw(n) gives 1 to n. Products stay below 2^53.
function loans.seed(start)
  local state = start % 2147483646 + 1
  return function(most)
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * most) + 1
  end
end

local ends_of_month = { "2023-12-31", "2024-02-29", "2025-02-28", "2026-01-31", "2026-02-28",
  "2026-03-31", "2026-04-30", "2027-12-31" }

local function day(draw, number)
  if draw(50) == 1 then
    return nil
  elseif draw(6) == 1 then
    return ends_of_month[draw(#ends_of_month)]
  end
  local month = draw(20) + number
  return ("%04d-%02d-%02d"):format(2025 + math.floor((month - 1) / 12), (month - 1) % 12 + 1,
    draw(28))
end

local function amount(draw, most)
  local kind = draw(100)
  if kind == 1 then
    return nil
  elseif kind <= 5 then
    return "0"
  end
  return ("%d"):format(draw(most))
end

local function paid_row(draw, row)
  local kind = draw(10)
  row.penalty = "0"
  if row.principal and row.interest then
    row.total = draw(20) > 1 and decimal.add(row.principal, row.interest) or nil
  else
    row.total = amount(draw, 90000000)
  end
  local total = row.total or (row.principal and row.interest and
    decimal.add(row.principal, row.interest)) or "5"
  if kind <= 4 then
    row.paid = "0"
  elseif kind <= 7 then
    row.paid = total
  elseif kind == 8 then
    row.paid = decimal.add(total, "12")
  else
    row.paid = amount(draw, 60000000)
  end
end

local function balance_row(draw, row)
  row.penalty = draw(4) == 1 and amount(draw, 500000) or "0"
  row.penalty_paid = row.penalty ~= "0" and amount(draw, 400000) or "0"
  row.total = amount(draw, 90000000)
  if row.principal and row.interest and row.penalty and draw(10) > 1 then
    row.total = decimal.add(decimal.add(row.principal, row.interest), row.penalty)
  end
  local kind = draw(10)
  if kind <= 5 then
    row.left = row.total
  elseif kind <= 7 then
    row.left = "0"
  elseif kind == 8 and draw(10) == 1 then
    row.left = "-700"
  else
    row.left = amount(draw, 60000000)
  end
end

local function pending_row(draw, row)
  row.penalty = "0"
  row.left = amount(draw, 90000000)
  if row.principal and row.interest and draw(5) > 1 then
    row.left = decimal.add(row.principal, row.interest)
  end
end

local makers = { paid = paid_row, balance = balance_row, pending = pending_row }

--- One loan of a kind, with up to six installments.
function loans.one(draw, kind, id)
  local loan = { id = id, kind = kind, rows = {} }
  if kind == "list" then
    loan.told_balance = ("%d"):format(draw(9000000))
    loan.is_paid = draw(4) == 1
  end
  for number = 1, draw(6) do
    local row = { number = number, due = day(draw, number) }
    loan.rows[number] = row
    if kind == "list" then
      row.is_paid = loan.is_paid
    else
      row.principal, row.interest = amount(draw, 80000000), amount(draw, 9000000)
      makers[kind](draw, row)
    end
  end
  return loan
end

local function major(minor)
  if not minor then
    return "null"
  end
  local sign, digits = minor:match("^(%-?)(%d+)$")
  digits = ("0"):rep(3 - #digits) .. digits
  return sign .. digits:sub(1, -3) .. "." .. digits:sub(-2)
end

local function text(value)
  return value and '"' .. value .. '"' or "null"
end

--- A body of the provider that prints a loan's paid amounts, in minor units.
function loans.paid_body(loan)
  local rows = {}
  for i, row in ipairs(loan.rows) do
    rows[i] = ('{"dueDate":%s,"principalDue":%s,"interestDue":%s,"totalDue":%s,"paidAmount":%s}')
      :format(text(row.due), row.principal or "null", row.interest or "null", row.total or "null",
        row.paid or "null")
  end
  return '{"status":"success","data":{"schedule":[' .. table.concat(rows, ",") .. "]}}"
end

--- A body with what is left of each row, in major units; of any number of loans.
function loans.balance_body(list)
  local rows = {}
  for _, loan in ipairs(list) do
    for _, row in ipairs(loan.rows) do
      rows[#rows + 1] = ('{"loan_id":"%s","repayment_date":%s,"month":%d,"principal_amount":%s,'
        .. '"interest_amount":%s,"penalty_amount":%s,"penalty_paid":%s,"total_due":%s,'
        .. '"balance":%s}')
        :format(loan.id, text(row.due), row.number, major(row.principal), major(row.interest),
          major(row.penalty), major(row.penalty_paid), major(row.total), major(row.left))
    end
  end
  return '{"status":200,"error":false,"data":[' .. table.concat(rows, ",") .. "]}"
end

--- Bodies of 50 rows each, and the last one shorter, of what is still to be paid.
function loans.pending_pages(list)
  local rows, pages = {}, {}
  for _, loan in ipairs(list) do
    for _, row in ipairs(loan.rows) do
      rows[#rows + 1] = ('{"loanApplicationId":"%s","installmentNumber":%d,"dueDate":%s,'
        .. '"amountDue":%s,"principalAmount":%s,"interestAmount":%s,"status":"PENDING"}')
        :format(loan.id, row.number, text(row.due), major(row.left), major(row.principal),
          major(row.interest))
    end
  end
  -- The last page has no rows: only that says that there are no more.
  for first = 1, #rows + 50, 50 do
    pages[#pages + 1] = '{"status":"SUCCESS","data":['
      .. table.concat(rows, ",", first, math.min(first + 49, #rows)) .. "]}"
  end
  return pages
end

--- A body that tells no paid amounts, but a balance of the whole loan.
function loans.list_body(list)
  local rows = {}
  for _, loan in ipairs(list) do
    for _, row in ipairs(loan.rows) do
      rows[#rows + 1] = ('{"id":"%s/%d","loanApplicationId":"%s","installmentCount":%d,'
        .. '"paymentDueDate":%s,"totalBalance":%s,"principalBalance":%s,"totalPayable":5,'
        .. '"loanAmountPaid":%s}'):format(loan.id, row.number, loan.id, row.number, text(row.due),
          major(loan.told_balance), major(loan.told_balance), tostring(row.is_paid))
    end
  end
  return '{"status":"SUCCESS","data":[' .. table.concat(rows, ",") .. "]}"
end

return loans
