-- FinCode in the sandbox: its switches, the persons of the documented cases, and random loans.
--
-- Ids that the provider's pages print are used as they stand; the other fixtures continue their
-- pattern, so that the last two digits name the case.

local calendar = require "repay.sandbox.calendar"

local book = {}

book.currency = "NGN"
book.decimals = 2
book.token = "sandbox-fincode-token"
book.password = "sandbox-password"

book.switches = {
  { name = "list", values = { "records", "installments" }, changes = true,
    meaning = "whether a row of list-customer-repayments is a recorded repayment or an "
      .. "installment" },
  { name = "rejected_in_list", values = { "shown", "hidden" }, changes = true,
    meaning = "whether a rejected repayment stays in the list of records" },
  { name = "list_ids", values = { "same", "other" }, changes = true,
    meaning = "whether the list shows a repayment under the id that repay-loan answered" },
  { name = "repaid_ids", values = { "same", "other" }, changes = true,
    meaning = "whether repaid-transactions shows the id that repay-loan answered" },
  { name = "repaid_status", values = { "VERIFIED", "PAID" }, changes = true,
    meaning = "the status word of a completed repayment" },
  { name = "balance_on_submit", values = { false, true }, changes = true,
    meaning = "whether the balance falls when a repayment is submitted or when it is verified" },
  { name = "amount_limit", values = { "loan", "installment" }, changes = true,
    meaning = "whether \"total payable\", which an amount may not exceed, is the loan's or the "
      .. "row's" },
  { name = "fincode_error_status", values = { "own", "ok" },
    meaning = "whether a FAILED answer has its own HTTP status or 200" },
  { name = "fincode_error_text", values = { "both", "title", "sentence" },
    meaning = "whether a message is the documented title, its sentence, or both" },
  { name = "fincode_envelope", values = { "lending", "generic" },
    meaning = "whether answers carry status, as the lending pages say, or success, as the general "
      .. "page does" },
  { name = "fincode_auth_body", values = { "lending", "generic", "empty" },
    meaning = "the body of a 401: FAILED, the generic envelope with a code, or nothing" },
  { name = "success_status", values = { 200, 201, 202 },
    meaning = "the HTTP status of an accepted repayment" },
  { name = "unknown_customer", values = { "refused", "empty" }, changes = true,
    meaning = "whether the list of an unknown customer is a 404 or empty" },
  { name = "list_data", values = { "array", "content", "items", "list", "records", "data" },
    meaning = "whether rows sit in data, or in an object inside it under this name" },
  { name = "list_order", values = { "oldest", "newest" }, changes = true,
    meaning = "whether lists begin with their oldest or their newest row" },
  { name = "empty_list", values = { "array", "null", "absent" },
    meaning = "what data is when there are no rows" },
  { name = "fincode_dates", values = { "documented", "moments", "no_zone", "epoch" },
    changes = { epoch = true },
    meaning = "due dates as days and creation as a moment; all as moments; all without a zone; "
      .. "all as milliseconds since 1970" },
  { name = "paid_flag", values = { "boolean", "number" }, changes = true,
    meaning = "whether loanAmountPaid is the documented boolean, or an amount as its name says" },
  { name = "fincode_nulls", values = { false, true },
    meaning = "whether members that nothing depends on are null" },
  { name = "top_message", values = { false, true },
    meaning = "whether a success carries a message beside data, as the rendered page shows" },
  { name = "pages", values = { "followed", "ignored", "capped" },
    meaning = "whether pending-repayments follows page and size, always answers all rows, or gives "
      .. "4 rows a page whatever size asks for" },
  { name = "pending_parts", values = { "remaining", "whole" }, changes = true,
    meaning = "whether a pending row shows what is left of its principal and interest, or all" },
  { name = "key_replay", values = { "all", "accepted" },
    meaning = "whether a repeated key is answered as before for refusals too" },
  { name = "verify_after_ms", values = { false, 60000 }, changes = true,
    meaning = "whether a repayment waits for a control call, or is verified by itself after a "
      .. "while" },
  { name = "key_memory_ms", values = { 86400000, 600000 },
    meaning = "how long an idempotency key is remembered; any number may be given" },
  { name = "token_lifetime_ms", values = { 3600000, 600000 },
    meaning = "how long a token from a login works; any number may be given" },
}

-- 123e4567-e89b-12d3-a456-4266141740NN and its siblings, which start with 2, 3 and 4.
local function id(first, number)
  return string.format("%d23e4567-e89b-12d3-a456-4266141740%02d", first, number)
end

book.ids = {
  customer = id(1, 0), account = id(2, 1), bank_account = id(3, 2), application = id(4, 3),
  record = "9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01",
  two_loans = id(1, 10), on_time_account = id(2, 11), overdue_account = id(2, 15),
  third_party = id(1, 20), third_party_account = id(2, 21),
  closed = id(1, 30), closed_account = id(2, 31),
  missing_application = id(1, 40), missing_application_account = id(2, 41),
  no_loan = id(1, 50),
  paid = id(1, 60), paid_account = id(2, 61),
  unknown = id(1, 99),
}

local function day(text)
  return assert(calendar.day_read(text))
end

-- Equal rows by the month; the parts are given per row, the last row takes the remainder.
local function rows(first_day, count, principal, interest)
  local list = {}
  for index = 1, count do
    list[index] = {
      day = calendar.add_months(first_day, index - 1),
      principal = index < count and math.floor(principal / count)
        or principal - math.floor(principal / count) * (count - 1),
      interest = index < count and math.floor(interest / count)
        or interest - math.floor(interest / count) * (count - 1),
    }
  end
  return list
end

local function pay(list, amount)
  for _, row in ipairs(list) do
    local part = math.min(amount, row.principal + row.interest)
    row.paid = part
    amount = amount - part
  end
  return list
end

local function person(target, number, name, email)
  return target:add_customer({
    provider = "fincode", id = id(1, number), name = name, email = email,
    banks = { [id(3, number + 2)] = true },
  })
end

local function loan(target, owner, number, fields)
  fields.id = id(2, number)
  fields.application_id = fields.application_id or id(4, number + 2)
  fields.product = fields.product or "Salary Advance"
  fields.account_product = "Personal Loan Account"
  fields.created_unix_ms = fields.created_unix_ms or (fields.rows[1].day - 30) * calendar.DAY_MS
  return target:add_loan(owner, fields)
end

-- The loan of the printed samples: 600,000 over nine months, 224,999.50 paid, of which the record
-- shows the last 50,000. What was paid before has no records, as after a migration.
local function documented(target)
  local owner = person(target, 0, "Ada Example", "ada@example.com")
  local list = {}
  for index = 1, 9 do
    local cut = index % 3 == 0
    list[index] = {
      day = calendar.add_months(day("2023-12-15"), index - 1),
      principal = cut and 6666666 or 6666667,
      interest = cut and 833334 or 833333,
    }
  end
  pay(list, 17499950)
  local ours = loan(target, owner, 1, {
    rows = list, created_unix_ms = calendar.moment_read("2023-11-10T09:00:00Z"),
    reference = "REF-2024-01-15-001",
  })
  target:record({
    id = book.ids.record, loan = ours, amount_minor = 5000000, reference = "REF-2024-01-15-001",
    status = "VERIFIED", applies = true,
    payment_unix_ms = calendar.moment_read("2024-01-15T10:00:00Z"),
    created_unix_ms = calendar.moment_read("2024-01-15T10:30:00Z"),
  })
end

function book.fixtures(target)
  documented(target)
  local today = calendar.day_of(target.now)
  local two = person(target, 10, "Bola Example", "bola@example.com")
  loan(target, two, 11, { rows = pay(rows(today - 50, 6, 30000000, 3000001), 11000000) })
  loan(target, two, 15, { rows = rows(today - 75, 4, 10000000, 999999), product = "Asset Loan" })
  local collected = person(target, 20, "Chidi Example", "chidi@example.com")
  loan(target, collected, 21, { rows = rows(today - 10, 3, 9000000, 450000), third_party = true })
  local closed = person(target, 30, "Dayo Example", "dayo@example.com")
  loan(target, closed, 31, {
    rows = pay(rows(today - 200, 3, 6000000, 300000), 6300000), state = "closed",
  })
  local missing = person(target, 40, "Efe Example", "efe@example.com")
  loan(target, missing, 41, {
    rows = rows(today - 5, 3, 6000000, 300000), application_missing = true,
  })
  person(target, 50, "Funmi Example", "funmi@example.com")
  local paid = person(target, 60, "Grace Example", "grace@example.com")
  local ours = loan(target, paid, 61, { rows = rows(today - 100, 3, 3000000, 150000) })
  for index = 1, 3 do
    target:record({
      loan = ours, amount_minor = 1050000, reference = "REF-PAID-" .. index, status = "VERIFIED",
      applies = true, payment_unix_ms = ours.rows[index].day * calendar.DAY_MS,
      created_unix_ms = ours.rows[index].day * calendar.DAY_MS,
    })
  end
end

-- One random customer with one loan; what was paid shows as verified records.
function book.random_loan(target, number)
  local random = target.random
  local name = target:random_name()
  local bank = random:uuid()
  local owner = target:add_customer({
    provider = "fincode", id = random:uuid(), name = name,
    email = name:lower():gsub(" ", ".") .. "." .. number .. "@example.com",
    banks = { [bank] = true },
  })
  local list, _, disbursed = target:random_rows({})
  local paid = {}
  for index, row in ipairs(list) do
    paid[index] = row.paid or 0
    row.paid = 0
  end
  local ours = target:add_loan(owner, {
    id = random:uuid(), application_id = random:uuid(), rows = list, product = "Salary Advance",
    account_product = "Personal Loan Account", created_unix_ms = disbursed * calendar.DAY_MS,
  })
  for index, amount in ipairs(paid) do
    if amount > 0 then
      local moment = math.min(list[index].day * calendar.DAY_MS, target.now - 3600000)
      target:record({
        loan = ours, amount_minor = amount,
        reference = string.format("REF-%05d-%02d", number, index),
        status = "VERIFIED", applies = true, payment_unix_ms = moment, created_unix_ms = moment,
      })
    end
  end
end

return book
