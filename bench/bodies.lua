-- Bodies as the providers send them, with the sums that are in them: minified, decimals without
-- trailing zeros, names with UTF-8 and escapes, ids that repeat the way real ones do.
--
-- From a seed, with whole numbers only: the same file on every machine and both VMs, and sums that
-- are exact. As a program it writes one body, and its sums beside it as FILE.sums:
--
--   bodies.lua PROVIDER ROWS FILE

local M = {}

-- The day as of which the arms say what is late: about half of the rows are before it.
M.AS_OF = "2025-07-01"
local ROWS_PER_LOAN = 12

local state

local function random(limit)
  -- Park and Miller's generator: no product leaves what a double holds exactly.
  state = state * 16807 % 2147483647
  return state % limit
end

local function uuid()
  return ("%08x-%04x-4%03x-a%03x-%06x%06x"):format(random(2147483647), random(65536), random(4096),
    random(4096), random(16777216), random(16777216))
end

-- Minor units as a number in major units, the way a JSON library prints it.
local function major(minor)
  local cents = minor % 100
  local whole = ("%d"):format((minor - cents) / 100)
  if cents == 0 then return whole end
  return whole .. "." .. (cents % 10 == 0 and ("%d"):format(cents / 10) or ("%02d"):format(cents))
end

local function day(months, number)
  local year = 2024 + (months - months % 12) / 12
  return ("%04d-%02d-%02d"):format(year, months % 12 + 1, number)
end

local METHODS = { "External Bank Transfer", "Internal Bank Transfer", "Direct Debit" }
local ACCOUNTS = { "Personal Loan Account", "Salary Advance", "Business Loan" }
local PRODUCTS = { "Salary Advance", "Personal Loan Plus", "Small Business Growth" }
local STATUSES = { "Active on Schedule", "Overdue", "Cleared" }

-- Each: head and tail of the body, and a function that gives the rows of one provider one by one,
-- each with its text and what it adds to the sums.
local PROVIDERS = {}

PROVIDERS.fincode = {
  head = '{"status":"SUCCESS","data":[',
  tail = "]}",
  row = function(index, sums, loan)
    if index % ROWS_PER_LOAN == 0 then
      loan.account, loan.application = uuid(), uuid()
      loan.product = random(3) + 1
      loan.paid = random(4) == 0
      loan.balance = 10000000 + random(90000000)
      loan.start = random(24)
    end
    local number = index % ROWS_PER_LOAN + 1
    local amount = 100000 + random(9900000)
    local payable = amount + random(500000)
    sums.amount = sums.amount + amount
    sums.payable = sums.payable + payable
    sums.unpaid = sums.unpaid + (loan.paid and 0 or 1)
    return ('{"id":"%s","loanRepaymentMethodEnum":"%s","accountProductName":"%s","customerName":'
      .. '"Ad\195\169\225\187\141l\195\161 \\"Ada\\" \225\187\140k\195\160f\225\187\141r",'
      .. '"email":"adeola@example.com",'
      .. '"repaymentAmount":%s,"loanProductName":"%s","principalBalance":%s,"totalBalance":%s,'
      .. '"loanAmountPaid":%s,"creationDate":"%sT%02d:%02d:%02dZ","paymentDueDate":"%s",'
      .. '"installmentCount":%d,"accountId":"%s","loanApplicationId":"%s","totalPayable":%s}')
      :format(uuid(), METHODS[random(3) + 1], ACCOUNTS[loan.product], major(amount),
      PRODUCTS[loan.product],
      major(loan.balance), major(loan.balance + 4999 * number), tostring(loan.paid),
      day(loan.start + number - 1, 1 + random(28)), random(24), random(60), random(60),
      day(loan.start + number, 15), number, loan.account, loan.application, major(payable))
  end,
}

PROVIDERS.pezesha = {
  head = '{"status":200,"response_code":0,"error":false,'
    .. '"message":"Loans Repayment Schedule","data":[',
  tail = "]}",
  row = function(index, sums, loan)
    if index % ROWS_PER_LOAN == 0 then
      loan.id = 10101 + index
      loan.start = random(24)
      loan.remaining = 90000000
      -- The documented sample is in whole shillings.
      loan.unit = random(3) == 0 and 1 or 100
    end
    local number = index % ROWS_PER_LOAN + 1
    local unit = loan.unit
    local principal, interest = (500 + random(5000)) * 100 + random(100) % unit, random(20000)
    interest = interest - interest % unit
    local due = principal + interest
    local balance = random(3) == 0 and 0 or random(2) == 0 and due or due - due % 200
    local date = day(loan.start + number, 3 + random(20))
    loan.remaining = loan.remaining - due
    sums.total_due = sums.total_due + due
    sums.outstanding = sums.outstanding + balance
    sums.overdue = sums.overdue + (date < M.AS_OF and balance or 0)
    return ('{"loan_id":%d,"repayment_date":"%s","month":%d,"principal_amount":%s,'
      .. '"interest_amount":%s,"penalty_amount":0,"penalty_paid":0,"total_due":%s,'
      .. '"total_outstanding":%s,"balance":%s,"status":"%s"}'):format(loan.id, date, number,
      major(principal), major(interest), major(due), major(loan.remaining), major(balance),
      STATUSES[balance == 0 and 3 or date < M.AS_OF and 2 or 1])
  end,
}

PROVIDERS.carbon = {
  head = '{"status":"success","message":"Repayment schedule fetched","data":{"schedule":[',
  tail = "]}}",
  row = function(index, sums, loan)
    if index % ROWS_PER_LOAN == 0 then loan.start = random(24) end
    local number = index % ROWS_PER_LOAN + 1
    local principal, interest = 6000000 + random(9000000), 100000 + random(800000)
    local due = principal + interest
    local paid = random(3) == 0 and due or random(4) == 0 and random(due) or 0
    local date = day(loan.start + number, 15)
    sums.total_due = sums.total_due + due
    sums.outstanding = sums.outstanding + (due - paid)
    sums.overdue = sums.overdue + (date < M.AS_OF and due - paid or 0)
    return ('{"dueDate":"%s","principalDue":%d,"interestDue":%d,"totalDue":%d,"paidAmount":%d,'
      .. '"status":"%s"}'):format(date, principal, interest, due, paid,
      paid == due and "PAID" or paid > 0 and "PARTIAL" or "UNPAID")
  end,
}

-- Gives the body to `emit` piece by piece; returns the sums and the size.
function M.write(provider, rows, emit)
  local shape = assert(PROVIDERS[provider], "no such provider")
  local sums = { total_due = 0, outstanding = 0, overdue = 0, amount = 0, payable = 0, unpaid = 0 }
  local loan, pieces, size = {}, { shape.head }, 0
  state = 20250701
  local function flush()
    local piece = table.concat(pieces)
    size = size + #piece
    emit(piece)
    pieces = {}
  end
  for index = 0, rows - 1 do
    if index > 0 then pieces[#pieces + 1] = "," end
    pieces[#pieces + 1] = shape.row(index, sums, loan)
    if #pieces >= 2000 then flush() end
  end
  pieces[#pieces + 1] = shape.tail
  flush()
  return sums, size
end

function M.text(provider, rows)
  local pieces = {}
  local sums = M.write(provider, rows, function(piece) pieces[#pieces + 1] = piece end)
  return table.concat(pieces), sums
end

-- What `write` returned for a file that this program wrote.
function M.read_sums(path)
  local sums = {}
  for line in io.lines(path .. ".sums") do
    local name, value = line:match("^(%S+) (%d+)$")
    sums[name] = tonumber(value)
  end
  return sums
end

if arg and arg[0] and arg[0]:find("bodies%.lua$") then
  local provider, rows, path = arg[1], tonumber(arg[2]), arg[3]
  local file = assert(io.open(path, "wb"))
  local sums, size = M.write(provider, rows, function(piece) assert(file:write(piece)) end)
  assert(file:close())
  sums.bytes = size
  sums.rows = rows
  local notes = assert(io.open(path .. ".sums", "wb"))
  for name, value in pairs(sums) do notes:write(("%s %d\n"):format(name, value)) end
  assert(notes:close())
end

return M
