-- Carbon in the sandbox: its switches, the loans of the documented cases, and random loans.

local calendar = require "repay.sandbox.calendar"

local book = {}

book.api_key = "sandbox-carbon-api-key"
book.carbon_key = "sandbox-carbon-key"

book.switches = {
  { name = "overdue_word", values = { "UNPAID", "OVERDUE" }, changes = true,
    meaning = "the status word of a row that is late" },
  { name = "status_words", values = { "short", "long", "lower" },
    meaning = "PARTIAL and PAID; PARTIALLY_PAID and SETTLED; partially-paid and paid: none of them "
      .. "is documented" },
  { name = "schedule_order", values = { "ascending", "descending" }, changes = true,
    meaning = "whether rows stand in the order of their due dates or against it" },
  { name = "total_member", values = { "given", "null", "absent" },
    meaning = "whether a row gives totalDue, or leaves the sum of its parts to the reader" },
  { name = "closed_schedule", values = { "listed", "empty", "omitted" }, changes = true,
    meaning = "whether a closed loan lists its rows, an empty schedule or none at all" },
  { name = "schedule_shape", values = { "object", "array" },
    meaning = "whether rows sit in data.schedule, or data is the array" },
  { name = "no_active_loan", values = { "null", "refused" }, changes = true,
    meaning = "the answer for a customer without an active loan" },
  { name = "carbon_overpayment", values = { "accepted", "refused" }, changes = true,
    meaning = "whether a charge may exceed what is owed" },
  { name = "carbon_delay_ms", values = { 0, 60000 }, changes = true,
    meaning = "how long a charge takes to show; any number may be given" },
  { name = "charge", values = { "moves", "refused_402", "never_moves" }, changes = true,
    meaning = "whether a charge succeeds, is refused, or is accepted without ever moving" },
  { name = "carbon_duplicate", values = { "replayed", "refused" }, changes = true,
    meaning = "whether a repeated reference is answered as before or refused" },
  { name = "carbon_auth_body", values = { "error", "failed", "gateway" },
    meaning = "the body of a 401: the error page's, the endpoint page's, or a gateway's" },
  { name = "carbon_error_body", values = { "failed", "error", "errors" },
    meaning = "which of the three documented bodies a refusal has" },
  { name = "list_shape", values = { "pagination", "total" }, changes = true,
    meaning = "whether the list of loans ends in a pagination object or in a total" },
}

book.ids = {
  loan = "LOAN_ABC123", application = "aaaabbbb-cccc-dddd-eeee-ffffffffffff",
  customer = "1732ca47-42b2-4990-a65d-c369e934eed3",
  partly_paid = "LOAN_PART01", overdue = "LOAN_LATE01", closed = "LOAN_DONE01",
  not_registered = "LOAN_WAIT01", no_loan_customer = "1732ca47-42b2-4990-a65d-c369e934ee50",
  unknown = "LOAN_NONE00",
}

local function borrower(target, number, name)
  return target:add_customer({
    provider = "carbon", name = name,
    id = string.format("1732ca47-42b2-4990-a65d-c369e934ee%02x", number),
  })
end

local function application(number)
  return string.format("aaaabbbb-cccc-dddd-eeee-0000000000%02d", number)
end

local function row(day, principal, interest)
  return { day = day, principal = principal, interest = interest }
end

function book.fixtures(target)
  local day = calendar.day_read
  local function loan(owner, id, application_id, rows, paid, extra)
    extra = extra or {}
    extra.id, extra.application_id, extra.rows = id, application_id, rows
    extra.reference = "MERCH_REF_" .. id
    extra.created_unix_ms = (rows[1].day - 31) * calendar.DAY_MS
    local ours = target:add_loan(owner, extra)
    if paid then
      target:apply(ours, paid)
    end
    return ours
  end
  loan(borrower(target, 0xd3, "Documented Borrower"), "LOAN_ABC123", book.ids.application, {
    row(day("2025-02-15"), 6666666, 533333), row(day("2025-03-15"), 6666666, 480000),
  })
  local today = calendar.day_of(target.now)
  loan(borrower(target, 0x10, "Partly Paid"), "LOAN_PART01", application(10), {
    row(today - 20, 1000000, 80000), row(today + 10, 1000000, 80000),
    row(today + 40, 1000001, 80001),
  }, 1500000)
  loan(borrower(target, 0x20, "Late Payer"), "LOAN_LATE01", application(20), {
    row(today - 61, 500000, 40000), row(today - 30, 500000, 40000), row(today + 1, 500000, 40000),
  })
  loan(borrower(target, 0x30, "Done Paying"), "LOAN_DONE01", application(30), {
    row(today - 70, 400000, 30000), row(today - 40, 400000, 30000),
  }, 860000)
  loan(borrower(target, 0x40, "Not Registered"), "LOAN_WAIT01", application(40), {
    row(today + 30, 300000, 20000), row(today + 60, 300000, 20000),
  }, nil, { not_registered = true })
  borrower(target, 0x50, "No Loan")
end

function book.random_loan(target, number)
  local random = target.random
  local owner = target:add_customer({
    provider = "carbon", id = random:uuid(), name = target:random_name(),
  })
  local rows, _, disbursed = target:random_rows({})
  local ours = target:add_loan(owner, {
    id = string.format("LOAN_R%06d", number), application_id = random:uuid(), rows = rows,
    reference = string.format("MERCH_REF_R%06d", number),
    created_unix_ms = disbursed * calendar.DAY_MS,
  })
  if target.outstanding(ours) == 0 then
    ours.state = "closed"
  end
end

return book
