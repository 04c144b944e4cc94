-- The loan book of a sandbox: customers, loans, recorded repayments, and the clock they live by.
--
-- It knows no provider and no wire. Amounts are whole minor units, days are counts from 1970-01-01,
-- and nothing happens by itself except when the clock, which is moved by hand, passes a due event.

local calendar = require "repay.sandbox.calendar"

local book = {}
book.__index = book

-- How old a random loan is and how its owner behaves, as shares of a hundred.
local BEHAVIOURS = {
  { name = "on_time", share = 50 }, { name = "partly_paid", share = 15 },
  { name = "overdue", share = 20 }, { name = "paid", share = 10 }, { name = "new", share = 5 },
}

local FIRST_NAMES = {
  "Ada", "Bola", "Chidi", "Dayo", "Efe", "Funmi", "Grace", "Halima", "Ife", "Jane", "Kofi", "Lara",
  "Musa", "Ngozi", "Obi", "Peter", "Ruth", "Sade", "Tunde", "Wanjiru",
}
local LAST_NAMES = {
  "Abubakar", "Bello", "Chukwu", "Danjuma", "Eze", "Kamau", "Lawal", "Mwangi", "Nwosu", "Okafor",
  "Otieno", "Sowande", "Uche", "Wekesa", "Yusuf",
}

function book.new(random, start_unix_ms)
  return setmetatable({
    random = random,
    now = start_unix_ms,
    customers = {}, -- provider → customer id → customer
    loans = {},     -- provider → loan id → loan
    applications = {}, -- provider → application id → loan
    loan_list = {},
    repayments = {},
    repayment_ids = {},
    events = {},
  }, book)
end

local function put(index, provider, id, value)
  index[provider] = index[provider] or {}
  assert(index[provider][id] == nil, "the loan book already holds " .. tostring(id))
  index[provider][id] = value
end

local function find(index, provider, id)
  return index[provider] and index[provider][id]
end

function book:add_customer(customer)
  customer.loans = {}
  customer.banks = customer.banks or {}
  put(self.customers, customer.provider, customer.id, customer)
  return customer
end

-- `loan.rows` are { number, day, principal, interest, penalty }; amounts paid start at zero.
function book:add_loan(customer, loan)
  loan.customer = customer
  loan.provider = customer.provider
  loan.repayments = {}
  loan.state = loan.state or "active"
  loan.sequence = #self.loan_list + 1
  for number, row in ipairs(loan.rows) do
    row.number = row.number or number
    row.penalty = row.penalty or 0
    row.total = row.principal + row.interest + row.penalty
    row.paid = row.paid or 0
  end
  put(self.loans, loan.provider, loan.id, loan)
  if loan.application_id then
    put(self.applications, loan.provider, loan.application_id, loan)
  end
  customer.loans[#customer.loans + 1] = loan
  self.loan_list[#self.loan_list + 1] = loan
  return loan
end

function book:customer(provider, id)
  return find(self.customers, provider, id)
end

function book:loan(provider, id)
  return find(self.loans, provider, id)
end

function book:application(provider, id)
  return find(self.applications, provider, id)
end

-- Loans of a provider in the order in which they were added.
function book:provider_loans(provider)
  local list = {}
  for _, loan in ipairs(self.loan_list) do
    if loan.provider == provider then
      list[#list + 1] = loan
    end
  end
  return list
end

function book.outstanding(loan)
  local sum = 0
  for _, row in ipairs(loan.rows) do
    sum = sum + row.total - row.paid
  end
  return sum
end

function book.total(loan)
  local sum = 0
  for _, row in ipairs(loan.rows) do
    sum = sum + row.total
  end
  return sum
end

-- What of a row's parts is paid, when payments fill the parts in the given order.
function book.parts_paid(row, order)
  local left, parts = row.paid, {}
  for _, part in ipairs(order) do
    parts[part] = math.min(left, row[part])
    left = left - parts[part]
  end
  return parts
end

-- The oldest row that is not paid, or nil.
function book.open_row(loan)
  for _, row in ipairs(loan.rows) do
    if row.paid < row.total then
      return row
    end
  end
  return nil
end

-- Fills the oldest rows first. Returns what went where and what was left over.
function book:apply(loan, amount)
  local allocation = {}
  for _, row in ipairs(loan.rows) do
    local part = math.min(amount, row.total - row.paid)
    if part > 0 then
      row.paid = row.paid + part
      row.paid_day = calendar.day_of(self.now)
      allocation[#allocation + 1] = { row = row, amount = part }
      amount = amount - part
    end
  end
  if book.outstanding(loan) == 0 and loan.state == "active" then
    loan.state = "closed"
    loan.closed_unix_ms = self.now
  end
  return allocation, amount
end

local function unapply(record)
  for _, piece in ipairs(record.allocation or {}) do
    piece.row.paid = piece.row.paid - piece.amount
  end
  if record.allocation and record.loan.state == "closed" and book.outstanding(record.loan) > 0 then
    record.loan.state = "active"
  end
  record.allocation = nil
end

-- A repayment that the provider has taken note of. `status` is PENDING_VERIFICATION, VERIFIED,
-- REJECTED or SETTLED; `applies` says whether the balance moves at once.
function book:record(fields)
  local loan = fields.loan
  local row = book.open_row(loan)
  local record = {
    sequence = #self.repayments + 1,
    id = fields.id or self.random:uuid(),
    provider = loan.provider,
    loan = loan,
    row = row or loan.rows[#loan.rows],
    amount_minor = fields.amount_minor,
    reference = fields.reference,
    key = fields.key,
    payment_unix_ms = fields.payment_unix_ms or self.now,
    narration = fields.narration,
    created_unix_ms = fields.created_unix_ms or self.now,
    status = fields.status,
    request = fields.request,
  }
  self.repayments[record.sequence] = record
  self.repayment_ids[record.id] = record
  loan.repayments[#loan.repayments + 1] = record
  if fields.applies then
    self:settle(record)
  end
  return record
end

function book:settle(record)
  if not record.allocation then
    record.allocation, record.excess = self:apply(record.loan, record.amount_minor)
  end
end

function book:verify(id)
  local record = self.repayment_ids[id]
  if not record then
    return nil, "no repayment has the id " .. tostring(id)
  elseif record.status ~= "PENDING_VERIFICATION" then
    return nil, "repayment " .. id .. " is " .. record.status .. " and stays so"
  elseif record.verification_delay_ms then
    local delay = record.verification_delay_ms
    record.verification_delay_ms = nil
    self:later(delay, function() self:verify(id) end)
    return record
  end
  record.status = "VERIFIED"
  self:settle(record)
  return record
end

function book:reject(id)
  local record = self.repayment_ids[id]
  if not record then
    return nil, "no repayment has the id " .. tostring(id)
  elseif record.status ~= "PENDING_VERIFICATION" then
    return nil, "repayment " .. id .. " is " .. record.status .. " and stays so"
  end
  record.status = "REJECTED"
  unapply(record)
  return record
end

-- Time -------------------------------------------------------------------------------------------

function book:later(delay_ms, action)
  self.events[#self.events + 1] = { at = self.now + delay_ms, action = action }
end

-- Takes out what is due by a moment, the earliest first; equal moments keep their order.
local function take_due(self, unix_ms)
  local due, rest = {}, {}
  for index, event in ipairs(self.events) do
    event.place = index
    local list = event.at <= unix_ms and due or rest
    list[#list + 1] = event
  end
  self.events = rest
  table.sort(due, function(left, right)
    if left.at ~= right.at then
      return left.at < right.at
    end
    return left.place < right.place
  end)
  return due
end

-- Moves the clock to a moment and runs what became due on the way, in the order of time. An action
-- may plan another one; if that falls due too, it runs after those that were planned before.
function book:reach(unix_ms)
  local due = take_due(self, unix_ms)
  while #due > 0 do
    for _, event in ipairs(due) do
      self.now = math.max(self.now, event.at)
      event.action()
    end
    due = take_due(self, unix_ms)
  end
  self.now = unix_ms
end

-- Random loans -----------------------------------------------------------------------------------

-- Equal parts whose last one takes the remainder, so that they sum exactly.
function book.parts(sum, count)
  local each = math.floor(sum / count)
  local parts = {}
  for index = 1, count do
    parts[index] = each
  end
  parts[count] = sum - each * (count - 1)
  return parts
end

function book:random_name()
  return self.random:pick(FIRST_NAMES) .. " " .. self.random:pick(LAST_NAMES)
end

local function pick_behaviour(random)
  local point = random:below(100)
  for _, behaviour in ipairs(BEHAVIOURS) do
    point = point - behaviour.share
    if point < 0 then
      return behaviour.name
    end
  end
  return BEHAVIOURS[1].name
end

-- Pays the rows that this borrower would have paid by today.
local function behave(rows, behaviour, today, random)
  for index, row in ipairs(rows) do
    local total = row.principal + row.interest + (row.penalty or 0)
    local due = row.day < today
    if behaviour == "paid" then
      row.paid = total
    elseif behaviour == "overdue" then
      row.paid = due and index <= #rows - 2 and rows[index + 2].day < today and total or 0
    elseif behaviour ~= "new" and due then
      row.paid = total
    elseif behaviour == "partly_paid" and (index == 1 or rows[index - 1].day < today) then
      row.paid = math.floor(total * random:between(10, 90) / 100)
    end
  end
end

-- Rows of a lawful loan: parts sum exactly to the loan, and the borrower is as late as its
-- behaviour says. Returns the rows, the principal, the day of disbursement and the behaviour.
function book:random_rows(options)
  local random = self.random
  local count = random:between(3, 12)
  local principal = random:between(50, 2000) * 100000 + random:below(4) * 25
  local interest = math.floor(principal * random:between(4, 30) / 100)
  local behaviour = pick_behaviour(random)
  local today = calendar.day_of(self.now)
  local passed = behaviour == "new" and 0 or behaviour == "paid" and count
    or random:between(math.min(2, count - 1), count - 1)
  local first = calendar.add_months(today, -passed + 1) - random:between(1, 27)
  local principals, interests = book.parts(principal, count), book.parts(interest, count)
  local rows = {}
  for index = 1, count do
    rows[index] = {
      day = calendar.add_months(first, index - 1),
      principal = principals[index],
      interest = interests[index],
      penalty = 0,
    }
    if options.penalties and behaviour == "overdue" and rows[index].day < today - 30 then
      rows[index].penalty = math.floor(principals[index] / 20)
    end
  end
  behave(rows, behaviour, today, random)
  return rows, principal, calendar.add_months(first, -1), behaviour
end

return book
