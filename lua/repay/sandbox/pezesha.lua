-- Pezesha as the sandbox speaks it: token, schedule, active loans, wallet repayment, status,
-- history.
--
-- Pure: a request and the loan book in, a reply out. The path of the schedule is misspelt on
-- purpose, as the provider's is; the correct spelling is a 404.

local amount = require "repay.sandbox.amount"
local calendar = require "repay.sandbox.calendar"
local json = require "repay.sandbox.json"
local loan_book = require "repay.sandbox.book"
local pezesha_book = require "repay.sandbox.pezesha_book"
local route = require "repay.sandbox.route"

local pezesha = {
  name = "pezesha",
  prefix = "/pezesha",
  base_path = "",
  zone_ms = 3 * 3600000,
  switches = pezesha_book.switches,
  ids = pezesha_book.ids,
  fixtures = pezesha_book.fixtures,
  random_loan = pezesha_book.random_loan,
  subject = "customer", -- whose id a schedule is asked by
  secret_headers = route.set("authorization authentication"),
  documented_headers = route.set("authorization authentication content-type"),
}

local PARTS = { "penalty", "principal", "interest" }
local HEADERS = route.set("authorization authentication")
local TOKEN_LIFETIME_MS = 86400000

function pezesha.owns(path)
  return path:find("^/mfi/") ~= nil or path:find("^/oauth/") ~= nil
end

function pezesha.settings()
  return { token = pezesha_book.token, channel = pezesha_book.channel, currency = "KES" }
end

function pezesha.start(sandbox)
  sandbox.tokens:put(pezesha_book.token, { provider = "pezesha" })
end

function pezesha.token(sandbox)
  return sandbox.tokens:issue({
    provider = "pezesha", expires_unix_ms = sandbox.book.now + TOKEN_LIFETIME_MS,
  }, { { "iat", math.floor(sandbox.book.now / 1000) } })
end

-- Replies ----------------------------------------------------------------------------------------

local function envelope(context, code, is_error, message, data, status)
  return {
    status = status or code,
    refused = is_error,
    json = json.object({
      { "status", context:number(code) },
      { "response_code", context:number(context.switches.response_code) },
      { "error", context:flag(is_error) }, { "message", message }, { "data", data },
    }),
  }
end

local function success(context, message, data)
  return envelope(context, 200, false, message, data)
end

local function failure(context, code, message, status)
  return envelope(context, code, true, message, nil, status)
end

-- One field's texts, in one of the two documented shapes of a 422.
local function invalid(context, field, text)
  local fields = json.object({ { field, json.array({ text }) } })
  if context.switches.validation_body == "message" then
    return envelope(context, 422, true, fields)
  end
  return { status = 422, refused = true, json = json.object({
    { "status", 422 }, { "message", "Validation Error" }, { "errors", fields },
  }) }
end

function pezesha.problem(context, text, status)
  if status and status ~= 422 then
    return failure(context, status, text)
  end
  return invalid(context, "request", text)
end

local function required(context, field)
  return invalid(context, field, "The " .. field:gsub("_", " ") .. " field is required.")
end

local function unauthenticated(context)
  if context.switches.pezesha_auth_body == "plain" then
    return { status = 401, refused = true,
      json = json.object({ { "message", "Unauthenticated." } }) }
  end
  return failure(context, 401, "Unauthenticated.")
end

-- Both header names are documented, with and without "Bearer"; which one came is for the ledger.
function pezesha.before(context)
  if context.route.open then
    return nil
  end
  local came = {}
  for _, name in ipairs({ "authorization", "authentication" }) do
    local value = context.headers[name]
    if value then
      came[#came + 1] = name
      local token = value:match("^[Bb]earer +(.+)$") or value
      if not context.sandbox.tokens:find(token, "pezesha", context.book.now) then
        return unauthenticated(context)
      end
    end
  end
  context.entry.token_headers = came
  if #came == 0 then
    return unauthenticated(context)
  end
  return nil
end

-- Loans ------------------------------------------------------------------------------------------

local function active_loans(context, merchant_id, listed)
  local customer = context.book:customer("pezesha", merchant_id)
  local loans = {}
  for _, loan in ipairs(customer and customer.loans or {}) do
    if loan.state == "active" or listed then
      loans[#loans + 1] = loan
    end
  end
  return loans
end

local function penalty(context, minor)
  return minor == 0 and context.switches.pezesha_nulls and json.null or context:money(minor)
end

local function total_due(context, row)
  return row.total - (context.switches.total_due == "without_penalty" and row.penalty or 0)
end

local function schedule_row(context, loan, row, later)
  local day = loan.judged_on or context:today()
  local paid = loan_book.parts_paid(row, PARTS)
  return json.object({
    { "loan_id", context:count(loan.id) },
    { "repayment_date", calendar.day_text(row.day) },
    { "month", context:count(row.number) },
    { "principal_amount", context:money(row.principal) },
    { "interest_amount", context:money(row.interest) },
    { "penalty_amount", penalty(context, row.penalty) },
    { "penalty_paid", penalty(context, paid.penalty) },
    { "total_due", context:money(total_due(context, row)) },
    { "total_outstanding", context:money(later) },
    { "balance", context:money(row.total - row.paid) },
    { "status", row.paid >= row.total and "Paid" or row.day < day and "Overdue"
      or "Active on Schedule" },
  })
end

local function schedule_rows(context, loan, rows)
  local later, first = 0, #rows
  for index = #loan.rows, 1, -1 do
    local row = loan.rows[index]
    rows[first + index] = schedule_row(context, loan, row, later)
    later = later + total_due(context, row)
      - (context.switches.total_outstanding == "balance" and row.paid or 0)
  end
end

local function schedule(context)
  if (context.query.channel or "") == "" then
    return required(context, "channel")
  elseif (context.query.merchant_id or "") == "" then
    return required(context, "merchant_id")
  elseif context.query.channel ~= pezesha_book.channel then
    return invalid(context, "channel", "The selected channel is invalid.")
  end
  local loans = active_loans(context, context.query.merchant_id,
    context.switches.settled_rows == "listed")
  local form = context.switches.no_loan_answer
  if #loans == 0 and form ~= "not_found" then
    return success(context, "Loans Repayment Schedule", form == "empty" and json.array({}) or nil)
  elseif #loans == 0 then
    return failure(context, 404, "Unable to find active loan tied to merchant",
      context.switches.no_loan_status)
  end
  local rows = json.array({})
  for index, loan in ipairs(loans) do
    if index == 1 or context.switches.loans_in_answer == "all" then
      schedule_rows(context, loan, rows)
    end
  end
  if #rows == 1 and context.switches.single_row == "object" then
    rows = rows[1]
  end
  return success(context, "Loans Repayment Schedule", rows)
end

local function active(context)
  if context.values.merchant_key ~= pezesha_book.merchant_key then
    return failure(context, 404, "No active loans found!")
  end
  local rows = json.array({})
  for _, loan in ipairs(context.book:provider_loans("pezesha")) do
    if loan.state == "active" then
      rows[#rows + 1] = json.object({
        { "loan_id", loan.id }, { "channel", pezesha_book.channel },
        { "customer_names", loan.customer.name }, { "merchant_id", loan.customer.id },
        { "loan_amount", amount.text(context.principal(loan), 2, true) },
        { "loan_appdate", calendar.moment_text(loan.created_unix_ms, "blank") },
        { "loan_status", "Funded" },
      })
    end
  end
  return success(context, "Active Loans!", rows)
end

-- Bodies are JSON or forms: the pages do not say which.
local function read_body(context, members)
  local text = context.request.body or ""
  local kind = (context.headers["content-type"] or ""):lower()
  local body = {}
  if kind:find("x-www-form-urlencoded", 1, true) then
    local map, list = route.form(text)
    if not map then
      return nil, pezesha.problem(context, list)
    end
    body = map
  else
    local value, why = json.read(text)
    if value == nil or type(value) ~= "table" or not json.is_object(value) then
      return nil, pezesha.problem(context,
        "the body is not a JSON object: " .. (why or "another value"))
    end
    for name, member in pairs(value.members) do
      body[name] = json.is_number(member) and member.text or member
    end
  end
  for name in pairs(body) do
    if not members[name] then
      return nil, invalid(context, name, "The " .. name .. " field is not documented.")
    end
  end
  return body
end

local function missing(context, body, names)
  for _, name in ipairs(names) do
    if type(body[name]) ~= "string" or body[name] == "" then
      return required(context, name)
    end
  end
  return nil
end

local STATUS_WORDS = { closed = "Paid", active = "Funded" }

local function loan_status(context, loan)
  local row = loan_book.open_row(loan)
  if loan.state == "active" and row and row.day < (loan.judged_on or context:today()) then
    return "Late"
  end
  return STATUS_WORDS[loan.state]
end

local function interest(loan)
  local sum = 0
  for _, row in ipairs(loan.rows) do
    sum = sum + row.interest
  end
  return sum
end

local LATEST_MEMBERS = route.set("channel identifier")

local function latest(context)
  local body, problem = read_body(context, LATEST_MEMBERS)
  problem = problem or missing(context, body, { "channel", "identifier" })
  if problem then
    return problem
  end
  local loans = active_loans(context, body.identifier, true)
  local loan = loans[#loans]
  if not loan then
    return failure(context, 404, "Unable to find loan tied to merchant")
  end
  local moment = calendar.moment_text(loan.created_unix_ms, "blank")
  return success(context, "Success!", json.object({
    { "loan_id", loan.id }, { "customer_id", loan.sequence }, { "channel", body.channel },
    { "loan_amount", context:money(context.principal(loan)) },
    { "interest", context:money(interest(loan)) },
    { "status", loan_status(context, loan) },
    { "application_date", moment }, { "funded_time", moment },
  }))
end

local function statement_row(context, loan)
  local sums = { penalty = 0, penalty_paid = 0, paid = 0 }
  for _, row in ipairs(loan.rows) do
    sums.penalty = sums.penalty + row.penalty
    sums.penalty_paid = sums.penalty_paid + loan_book.parts_paid(row, PARTS).penalty
    sums.paid = sums.paid + row.paid
  end
  local total = loan_book.total(loan)
  local expected, repaid = total - sums.penalty, sums.paid - sums.penalty_paid
  local open = loan_book.open_row(loan)
  return json.object({
    { "loan_id", loan.id },
    { "loan_amount", amount.text(context.principal(loan), 2, true) },
    { "app_interest_value", amount.text(interest(loan), 2, true) },
    { "app_service_value", "0.00" },
    { "app_penalty_value", amount.text(sums.penalty, 2, true) },
    { "loan_status", loan_status(context, loan) },
    { "mpesa_time", calendar.moment_text(loan.created_unix_ms, "blank") },
    { "loan_date", calendar.day_text(calendar.day_of(loan.created_unix_ms)) },
    { "loan_duedate", calendar.day_text(loan.rows[#loan.rows].day) },
    { "amount_due", context:money(total - sums.paid) },
    { "overduedays", math.max(0, open and context:today() - open.day or 0) },
    { "penalty", context:money(sums.penalty) },
    { "amount_principal", amount.text(context.principal(loan), 2, true) },
    { "amount_expected", context:money(expected) },
    { "amount_repaid", context:money(repaid) },
    { "amount_balance", context:money(expected - repaid) },
    { "penalty_expected", context:money(sums.penalty) },
    { "penalty_repaid", context:money(sums.penalty_paid) },
    { "penalty_balance", context:money(sums.penalty - sums.penalty_paid) },
    { "net_balance", context:money(total - sums.paid) },
  })
end

local STATEMENT_MEMBERS = route.set("identification page channel")
local STATEMENT_PAGE_SIZE = 20

local function statement(context)
  local body, problem = read_body(context, STATEMENT_MEMBERS)
  problem = problem or missing(context, body, { "identification" })
  if problem then
    return problem
  elseif body.page and not body.page:find("^[1-9]%d?%d?$") then
    return invalid(context, "page", "The page must be a whole number from 1.")
  end
  local loans = active_loans(context, body.identification, true)
  local page = tonumber(body.page or "1")
  local rows = json.array({})
  for index = (page - 1) * STATEMENT_PAGE_SIZE + 1, math.min(page * STATEMENT_PAGE_SIZE, #loans) do
    rows[#rows + 1] = statement_row(context, loans[index])
  end
  return success(context, "Loans Records Found", rows)
end

-- Writes and the token ---------------------------------------------------------------------------

local REPAYMENT_MEMBERS = route.set([[merchant_id channel trans_amount trans_time trans_reference
wallet_balance]])

local function read_time(text)
  return text:find("^%d%d%d%d%-%d%d%-%d%d[ T]%d%d:%d%d:%d%d") and calendar.moment_read(text)
end

local function earlier_record(context, loan, reference)
  if context.faults.keys_ignored then
    return nil
  end
  for _, record in ipairs(loan.repayments) do
    if record.reference == reference then
      return record
    end
  end
  return nil
end

local function last_loan(context, merchant_id)
  local open = active_loans(context, merchant_id)
  local every = active_loans(context, merchant_id, true)
  return open[1], every[#every]
end

local function check_repayment(context, body)
  local problem = missing(context, body,
    { "merchant_id", "channel", "trans_amount", "trans_time", "trans_reference", "wallet_balance" })
  local minor = amount.read(tostring(body.trans_amount), pezesha_book.decimals)
  if problem then
    return problem
  elseif body.channel ~= pezesha_book.channel then
    return invalid(context, "channel", "The selected channel is invalid.")
  elseif not minor or minor <= 0 then
    return invalid(context, "trans_amount", "The trans amount must be a positive number.")
  elseif not read_time(body.trans_time) then
    return invalid(context, "trans_time", "The trans time is not a valid date.")
  elseif not amount.read(body.wallet_balance, pezesha_book.decimals) then
    return invalid(context, "wallet_balance", "The wallet balance must be a number.")
  end
  return nil, minor
end

local function repayment(context)
  local body, problem = read_body(context, REPAYMENT_MEMBERS)
  local minor
  if not problem then
    problem, minor = check_repayment(context, body)
  end
  if problem then
    return problem
  end
  local loan, latest_loan = last_loan(context, body.merchant_id)
  local earlier = latest_loan and earlier_record(context, loan or latest_loan, body.trans_reference)
  if earlier and context.switches.pezesha_duplicate == "replayed" then
    context:replayed(earlier)
    return success(context, "Repayment successful")
  elseif earlier or not loan then
    return failure(context, 400, "Unable to process request")
  elseif context.switches.pezesha_overpayment == "refused"
    and minor > loan_book.outstanding(loan) then
    return failure(context, 400, "Unable to process request")
  end
  local delay = context.switches.pezesha_delay_ms
  local record = context:record({
    loan = loan, amount_minor = minor, reference = body.trans_reference, status = "SETTLED",
    payment_unix_ms = read_time(body.trans_time), applies = delay == 0,
  })
  if delay > 0 then
    context.book:later(delay, function() context.book:settle(record) end)
  end
  return success(context, "Repayment successful")
end

local TOKEN_MEMBERS = route.set("grant_type provider client_id client_secret")

local function token(context)
  local body, problem = read_body(context, TOKEN_MEMBERS)
  if problem then
    return problem
  elseif body.grant_type ~= "client_credentials" or body.provider ~= "users"
    or body.client_id ~= pezesha_book.client_id
    or body.client_secret ~= pezesha_book.client_secret then
    return { status = 401, refused = true, json = json.object({
      { "error", "invalid_client" }, { "error_description", "Client authentication failed" },
      { "message", "Client authentication failed" },
    }) }
  end
  return { status = 200, json = json.object({
    { "token_type", "Bearer" }, { "expires_in", TOKEN_LIFETIME_MS / 1000 },
    { "access_token", pezesha.token(context.sandbox) },
  }) }
end

pezesha.routes = {
  { name = "token", method = "POST", path = "/oauth/token", open = true, headers = {},
    answer = token },
  { name = "schedule", method = "GET", path = "/mfi/v1/borrowers/repayment-shedules",
    headers = HEADERS, query = route.set("channel merchant_id"), answer = schedule },
  { name = "active_loans", method = "GET", path = "/mfi/v1/borrowers/active/:merchant_key",
    headers = HEADERS, answer = active },
  { name = "repayment", method = "POST", path = "/mfi/v1/loans/repayment", headers = HEADERS,
    write = true, answer = repayment },
  { name = "latest", method = "POST", path = "/mfi/v1/borrowers/latest", headers = HEADERS,
    answer = latest },
  { name = "statement", method = "POST", path = "/mfi/v1/borrowers/statement", headers = HEADERS,
    answer = statement },
}

return pezesha
