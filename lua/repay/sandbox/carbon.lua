-- Carbon as the sandbox speaks it: schedule, charge, active loan, list of loans, one loan.
--
-- Pure: a request and the loan book in, a reply out. Amounts are whole kobo, so the book's minor
-- units go out as they are.

local calendar = require "repay.sandbox.calendar"
local carbon_book = require "repay.sandbox.carbon_book"
local json = require "repay.sandbox.json"
local loan_book = require "repay.sandbox.book"
local route = require "repay.sandbox.route"

local carbon = {
  name = "carbon",
  prefix = "/carbon",
  base_path = "/baas/api",
  zone_ms = 3600000,
  switches = carbon_book.switches,
  ids = carbon_book.ids,
  fixtures = carbon_book.fixtures,
  random_loan = carbon_book.random_loan,
  subject = "loan", -- whose id a schedule is asked by
  secret_headers = route.set("apikey x-carbon-key"),
  documented_headers = route.set("apikey x-carbon-key content-type"),
}

local HEADERS = route.set("apikey x-carbon-key")
local REFERENCE_MAX = 100

function carbon.owns(path)
  return path:find("^/baas/api/") ~= nil
end

function carbon.settings()
  return { api_key = carbon_book.api_key, carbon_key = carbon_book.carbon_key }
end

function carbon.start(sandbox)
  sandbox.tokens:put(carbon_book.api_key, { provider = "carbon" })
  sandbox.tokens:put(carbon_book.carbon_key, { provider = "carbon" })
end

-- There is no token exchange; what stops working with "token_expires" is given again by a reset.
function carbon.token()
  return nil, "this provider gives no tokens"
end

-- Replies ----------------------------------------------------------------------------------------

local function success(message, data)
  return { status = 200, json = json.object({
    { "status", "success" }, { "message", message }, { "data", data },
  }) }
end

-- A refusal in one of the three documented shapes.
local function refused(context, status, message, field)
  local form = context.switches.carbon_error_body
  local body
  if form == "error" then
    body = json.object({ { "status", "error" }, { "message", message },
      { "data", json.object({ { "details", message } }) } })
  elseif form == "errors" then
    body = json.object({ { "status", "failed" }, { "message", "bad request" },
      { "errors", json.array({ json.object({ { "msg", message }, { "param", field } }) }) } })
  else
    body = json.object({ { "status", "failed" }, { "message", message } })
  end
  return { status = status, json = body, refused = true }
end

function carbon.problem(context, text, status)
  return refused(context, status or 400, text)
end

local function unauthorized(context, details)
  local form = context.switches.carbon_auth_body
  if form == "gateway" then
    return { status = 401, refused = true,
      json = json.object({ { "message", "No API key found in request" } }) }
  elseif form == "failed" then
    return { status = 401, refused = true,
      json = json.object({ { "status", "failed" }, { "message", "Unauthorized access" } }) }
  end
  return { status = 401, refused = true, json = json.object({
    { "status", "error" }, { "message", "Unauthorized access" },
    { "data", json.object({ { "error_code", "INVALID_API_KEY" }, { "details", details } }) },
  }) }
end

local CREDENTIALS = { apikey = carbon_book.api_key, ["x-carbon-key"] = carbon_book.carbon_key }

function carbon.before(context)
  local now = context.book.now
  for name, value in pairs(CREDENTIALS) do
    local given = context.headers[name]
    if given ~= value or not context.sandbox.tokens:find(given, "carbon", now) then
      return unauthorized(context, "The provided API key is invalid or expired")
    end
  end
  return nil
end

-- Loans ------------------------------------------------------------------------------------------

local WORDS = {
  short = { partial = "PARTIAL", paid = "PAID" },
  long = { partial = "PARTIALLY_PAID", paid = "SETTLED" },
  lower = { partial = "partially-paid", paid = "paid" },
}

local function status_word(context, row)
  local words = WORDS[context.switches.status_words]
  if row.paid >= row.total then
    return words.paid
  elseif row.paid > 0 then
    return words.partial
  elseif row.day < context:today() then
    return context.switches.overdue_word
  end
  return "UNPAID"
end

local function total_due(context, row)
  local form = context.switches.total_member
  if form == "given" then
    return context:kobo(row.total)
  end
  return form == "null" and json.null or nil
end

local function schedule_row(context, row)
  return json.object({
    { "dueDate", calendar.day_text(row.day) },
    { "principalDue", context:kobo(row.principal) },
    { "interestDue", context:kobo(row.interest) },
    { "totalDue", total_due(context, row) },
    { "paidAmount", context:kobo(row.paid) },
    { "status", status_word(context, row) },
  })
end

local function schedule(context)
  local loan = context.book:loan("carbon", context.values.loan_id)
  if not loan then
    return refused(context, 400, "Loan not found", "loanId")
  elseif loan.not_registered then
    return refused(context, 422, "No SME loan ID on record", "loanId")
  end
  local rows = json.array({})
  local hides = loan.state == "closed" and context.switches.closed_schedule or "listed"
  for _, row in ipairs(hides == "listed" and loan.rows or {}) do
    local place = context.switches.schedule_order == "descending" and 1 or #rows + 1
    table.insert(rows, place, schedule_row(context, row))
  end
  local data = context.switches.schedule_shape == "array" and rows
    or json.object({ { "schedule", hides ~= "omitted" and rows or nil } })
  return success("Repayment schedule fetched", data)
end

local CHARGE_MEMBERS = route.set("amount reference")

local function read_charge(context)
  local body, why = json.read(context.request.body or "")
  if body == nil or type(body) ~= "table" or not json.is_object(body) then
    return nil, refused(context, 400, "the body is not a JSON object: " .. (why or "another value"))
  end
  local problem = route.member_problem(body, CHARGE_MEMBERS)
  local members = body.members
  local text = json.is_number(members.amount) and members.amount.text
  if problem then
    return nil, refused(context, 400, problem)
  elseif not text or not text:find("^%d+$") or #text > 15 or tonumber(text) == 0 then
    return nil, refused(context, 400, "amount must be a positive number (in kobo)", "amount")
  elseif type(members.reference) ~= "string" or members.reference == "" then
    return nil, refused(context, 400, "reference is required", "reference")
  elseif #members.reference > REFERENCE_MAX then
    return nil, refused(context, 400, "reference must be 100 characters or less", "reference")
  end
  return { amount = tonumber(text), reference = members.reference }
end

local function earlier_record(context, loan, reference)
  for _, record in ipairs(loan.repayments) do
    if record.reference == reference and not context.faults.keys_ignored then
      return record
    end
  end
  return nil
end

local function charge_problem(context, loan, charge)
  if not loan then
    return refused(context, 400, "Loan not found", "loanId")
  elseif loan.not_registered then
    return refused(context, 422, "No SME loan ID on record", "loanId")
  elseif context.switches.charge == "refused_402" then
    return refused(context, 402, "The charge could not be made")
  elseif context.switches.carbon_overpayment == "refused"
    and charge.amount > loan_book.outstanding(loan) then
    return refused(context, 400, "amount exceeds the outstanding balance", "amount")
  end
  return nil
end

local function charge_repayment(context)
  local charge, problem = read_charge(context)
  local loan = context.book:loan("carbon", context.values.loan_id)
  local earlier = charge and loan and earlier_record(context, loan, charge.reference)
  if earlier and context.switches.carbon_duplicate == "replayed" then
    context:replayed(earlier)
    return success("Repayment initiated", json.object({}))
  elseif earlier then
    return refused(context, 400, "reference was used before", "reference")
  end
  problem = problem or charge_problem(context, loan, charge)
  if problem then
    return problem
  end
  local delay, moves = context.switches.carbon_delay_ms, context.switches.charge == "moves"
  local record = context:record({
    loan = loan, amount_minor = charge.amount, reference = charge.reference,
    status = moves and "SETTLED" or "REJECTED", applies = moves and delay == 0,
  })
  if moves and delay > 0 then
    context.book:later(delay, function() context.book:settle(record) end)
  end
  return success("Repayment initiated", json.object({}))
end

local function loan_state(context, loan)
  local row = loan_book.open_row(loan)
  if loan.state == "closed" then
    return "CLOSED"
  end
  return row and row.day < context:today() and "ACTIVE_IN_ARREARS" or "ACTIVE"
end

local function active_loan(context)
  local customer_id = context.query.customer_id or ""
  if customer_id == "" then
    return refused(context, 400, "customer_id query param is required", "customer_id")
  end
  local customer = context.book:customer("carbon", customer_id)
  if not customer then
    return refused(context, 400, "Customer not enrolled for lending", "customer_id")
  end
  for _, loan in ipairs(customer.loans) do
    local row = loan_book.open_row(loan)
    if loan.state == "active" and not loan.not_registered and row then
      return success("Active loan fetched", json.object({
        { "loanId", loan.id },
        { "outstandingBalance", context:kobo(loan_book.outstanding(loan)) },
        { "loanStatus", loan_state(context, loan) },
        { "nextRepaymentDate", calendar.day_text(row.day) },
        { "nextRepaymentAmount", context:kobo(row.total - row.paid) },
      }))
    end
  end
  if context.switches.no_active_loan == "refused" then
    return refused(context, 400, "No active loan found", "customer_id")
  end
  return success("Active loan fetched", json.null)
end

local function account_identifier(loan)
  return "PC_" .. loan.application_id:gsub("-", ""):sub(1, 20)
end

local function application(context, loan, whole)
  local disbursed = not loan.not_registered
  local created = calendar.moment_text(loan.created_unix_ms, "ms")
  return json.object({
    { "application_id", loan.application_id },
    { "customer_id", loan.customer.id },
    { "account_identifier", whole and account_identifier(loan) or nil },
    { "amount", context:kobo(context.principal(loan)) },
    { "repayment_period", #loan.rows },
    { "loan_purpose", "INVENTORY_MGT" },
    { "status", "DISBURSED" },
    { "offer_status", "POST_OFFER_KYC" },
    { "loan_status", disbursed and loan_state(context, loan) or json.null },
    { "loan_id", disbursed and loan.id or json.null },
    { "disbursement_account", whole and json.null or nil },
    { "reference", loan.reference },
    { "created_at", created },
    { "updated_at", created },
  })
end

local function get_loan(context)
  local loan = context.book:application("carbon", context.values.application_id)
  if not loan then
    return refused(context, 400, "Application not found", "applicationId")
  end
  return success("Application fetched", application(context, loan, true))
end

local function page_number(text, preset)
  if text == nil then
    return preset
  end
  return text:find("^[1-9]%d?%d?%d?$") and tonumber(text) or nil
end

local function list_loans(context)
  local page, size = page_number(context.query.page, 1), page_number(context.query.limit, 20)
  if not page or not size or size > 100 then
    return refused(context, 400, "page and limit must be positive whole numbers, limit at most 100")
  end
  local found = {}
  for _, loan in ipairs(context.book:provider_loans("carbon")) do
    local status = context.query.status
    if (not status or status == "DISBURSED")
      and (context.query.customer_id or loan.customer.id) == loan.customer.id then
      found[#found + 1] = loan
    end
  end
  local rows = json.array({})
  for index = (page - 1) * size + 1, math.min(page * size, #found) do
    rows[#rows + 1] = application(context, found[index], false)
  end
  local reply = success("Loan applications fetched", rows)
  local list = reply.json
  if context.switches.list_shape == "total" then
    list[2][2] = nil
    list[#list + 1] = { "total", #found }
  else
    list[#list + 1] = { "pagination", json.object({
      { "total", #found }, { "page", page }, { "limit", size },
      { "pages", math.ceil(#found / size) },
    }) }
  end
  return reply
end

carbon.routes = {
  { name = "schedule", method = "GET", path = "/baas/api/v1/loans/:loan_id/repayments",
    headers = HEADERS, answer = schedule },
  { name = "charge_repayment", method = "POST", path = "/baas/api/v1/loans/:loan_id/repayments",
    headers = HEADERS, write = true, answer = charge_repayment },
  { name = "active_loan", method = "GET", path = "/baas/api/v1/loans/active", headers = HEADERS,
    query = route.set("customer_id"), answer = active_loan },
  { name = "list_loans", method = "GET", path = "/baas/api/v1/loans", headers = HEADERS,
    query = route.set("status customer_id page limit"), answer = list_loans },
  { name = "get_loan", method = "GET", path = "/baas/api/v1/loans/:application_id",
    headers = HEADERS, answer = get_loan },
}

return carbon
