-- Pezesha in the sandbox: its switches, the merchants of the documented cases, and random loans.

local calendar = require "repay.sandbox.calendar"

local book = {}

book.decimals = 2
book.token = "sandbox-pezesha-token"
book.channel = "Partner Name"
book.client_id = "sandbox-client"
book.client_secret = "sandbox-client-secret"
book.merchant_key = "sandbox-merchant-key"

book.switches = {
  { name = "no_loan_status", values = { 404, 200 },
    meaning = "the HTTP status of \"no active loan\", whose body always says 404" },
  { name = "pezesha_auth_body", values = { "envelope", "plain" },
    meaning = "the body of a 401: the usual envelope, or a lone message" },
  { name = "validation_body", values = { "errors", "message" },
    meaning = "whether a 422 names the fields under errors, or as an object in message" },
  { name = "settled_rows", values = { "gone", "listed" }, changes = true,
    meaning = "whether the rows of a loan that is fully paid are still listed" },
  { name = "loans_in_answer", values = { "one", "all" }, changes = true,
    meaning = "whether a merchant with several loans gets the rows of the first or of all" },
  { name = "pezesha_overpayment", values = { "accepted", "refused" }, changes = true,
    meaning = "whether a repayment may exceed what is owed" },
  { name = "pezesha_duplicate", values = { "replayed", "refused" }, changes = true,
    meaning = "whether a repeated trans_reference is answered as before or refused" },
  { name = "pezesha_delay_ms", values = { 0, 60000 }, changes = true,
    meaning = "how long a repayment takes to show; any number may be given" },
  { name = "total_due", values = { "with_penalty", "without_penalty" }, changes = true,
    meaning = "whether total_due of a row includes its penalty; balance always does" },
  { name = "pezesha_nulls", values = { false, true }, changes = true,
    meaning = "whether a penalty of zero is null" },
  { name = "no_loan_answer", values = { "not_found", "empty", "missing" }, changes = true,
    meaning = "whether no active loan is the documented failure, a success with no rows, or one "
      .. "without data" },
  { name = "response_code", values = { 0, 7 },
    meaning = "the member response_code, which is 0 in every sample" },
  { name = "total_outstanding", values = { "due", "balance" }, changes = true,
    meaning = "whether total_outstanding sums what later rows cost or what they still lack" },
  { name = "single_row", values = { "array", "object" },
    meaning = "whether a lone row comes as an array of one or by itself" },
}

book.ids = {
  merchant = "merchant_jane", partly_paid = "merchant_john", overdue = "merchant_late",
  paid = "merchant_paid", no_loan = "merchant_new", two_loans = "merchant_two",
  single = "merchant_single", unknown = "merchant_nobody",
}

local function merchant(target, id, name)
  return target:add_customer({ provider = "pezesha", id = id, name = name })
end

local function row(day, principal, interest, penalty)
  return { day = day, principal = principal, interest = interest or 0, penalty = penalty or 0 }
end

-- Status words of the printed sample are those of the day it was printed for, hence `judged_on`.
local function documented(target)
  local first = calendar.day_read("2020-07-03")
  target:add_loan(merchant(target, "merchant_jane", "Jane Doe"), {
    id = 10101, judged_on = first, created_unix_ms = calendar.moment_read("2020-01-20T12:33:04Z"),
    rows = { row(first, 50000), row(first, 50000), row(first + 1, 50000) },
  })
end

function book.fixtures(target)
  documented(target)
  local today = calendar.day_of(target.now)
  local function loan(owner, id, rows, paid)
    local ours = target:add_loan(owner, {
      id = id, rows = rows, created_unix_ms = (rows[1].day - 7) * calendar.DAY_MS,
    })
    if paid then
      target:apply(ours, paid)
    end
  end
  loan(merchant(target, "merchant_john", "John Doe"), 10102, {
    row(today - 3, 66666, 3333), row(today + 4, 66666, 3333), row(today + 11, 66668, 3334),
  }, 90000)
  loan(merchant(target, "merchant_late", "Wanjiru Late"), 10103, {
    row(today - 45, 100000, 5000, 5250), row(today - 15, 100000, 5000),
    row(today + 15, 100000, 5000),
  }, 2000)
  loan(merchant(target, "merchant_paid", "Otieno Paid"), 10104, {
    row(today - 14, 1000, 200), row(today - 7, 1000, 200),
  }, 2400)
  merchant(target, "merchant_new", "Akinyi New")
  local two = merchant(target, "merchant_two", "Kamau Two")
  loan(two, 10105, { row(today + 2, 20000, 1000), row(today + 9, 20000, 1000) })
  loan(two, 10106, { row(today + 5, 30000, 1500) })
  loan(merchant(target, "merchant_single", "Mwangi Single"), 10107, { row(today + 6, 50050, 25) })
end

function book.random_loan(target, number)
  local owner = merchant(target, string.format("merchant_%05d", number), target:random_name())
  local rows, _, disbursed = target:random_rows({ penalties = true })
  local ours = target:add_loan(owner, {
    id = 20000 + number, rows = rows, created_unix_ms = disbursed * calendar.DAY_MS,
  })
  if target.outstanding(ours) == 0 then
    ours.state = "closed"
  end
end

return book
