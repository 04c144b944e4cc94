-- FinCode as the sandbox speaks it: the lending reads and writes of API v1 and the logins of v6.
--
-- Pure: a request and the loan book in, a reply out. Where the provider's pages are silent, a
-- switch decides; fincode_book.lua lists them.

local amount = require "repay.sandbox.amount"
local calendar = require "repay.sandbox.calendar"
local fincode_book = require "repay.sandbox.fincode_book"
local json = require "repay.sandbox.json"
local loan_book = require "repay.sandbox.book"
local login = require "repay.sandbox.fincode_login"
local reply = require "repay.sandbox.fincode_reply"
local route = require "repay.sandbox.route"

local fincode = {
  name = "fincode",
  prefix = "/fincode",
  base_path = "/api/v1/services",
  zone_ms = 3600000,
  switches = fincode_book.switches,
  ids = fincode_book.ids,
  fixtures = fincode_book.fixtures,
  random_loan = fincode_book.random_loan,
  subject = "customer", -- whose id a schedule is asked by
  secret_headers = route.set("x-auth-token"),
  documented_headers = route.set([[x-auth-token x-fapi-auth-date x-fapi-customer-ip-address
x-fapi-interaction-id x-idempotency-key content-type platform uuid]]),
}

local PARTS = { "principal", "interest", "penalty" }

local READ_HEADERS = route.set([[x-auth-token x-fapi-auth-date x-fapi-customer-ip-address
x-fapi-interaction-id platform uuid]])
local KEYED_HEADERS = route.set([[x-auth-token x-fapi-auth-date x-fapi-customer-ip-address
x-fapi-interaction-id x-idempotency-key platform uuid]])

function fincode.owns(path)
  return path:find("^/api/v[16]/services/") ~= nil
end

-- What a client is opened with; `base_url` comes from the server.
function fincode.settings()
  return {
    token = fincode_book.token, customer_ip = "127.0.0.1", currency = fincode_book.currency,
    zone = "+01:00",
  }
end

function fincode.start(sandbox)
  sandbox.tokens:put(fincode_book.token, { provider = "fincode" })
end

-- A token of one customer; the printed one in `settings` is the tenant's and acts for everyone.
function fincode.token(sandbox, customer_id)
  return login.issue(sandbox, customer_id).access
end

fincode.problem = reply.problem

-- Checks that come before a route's own ----------------------------------------------------------

local function is_address(text)
  local octets = { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, octet in ipairs(octets) do
    if #octet > 3 or tonumber(octet) > 255 then
      return false
    end
  end
  return #octets == 4 or text:find("^[%x:]+$") ~= nil and text:find(":", 1, true) ~= nil
end

local function header_value_problem(headers)
  if not calendar.moment_read(headers["x-fapi-auth-date"])
    or not headers["x-fapi-auth-date"]:find("T", 1, true) then
    return "header x-fapi-auth-date is not an ISO 8601 moment"
  elseif not is_address(headers["x-fapi-customer-ip-address"]) then
    return "header x-fapi-customer-ip-address is not an IP address"
  end
  return nil
end

local EVERYWHERE = {
  "x-fapi-auth-date", "x-fapi-customer-ip-address", "x-fapi-interaction-id",
}

local function check_headers(context)
  local headers = context.headers
  for _, name in ipairs(EVERYWHERE) do
    if not headers[name] or headers[name] == "" then
      return "header " .. name .. " is missing"
    end
  end
  if context.route.keyed and (headers["x-idempotency-key"] or "") == "" then
    return "header x-idempotency-key is missing"
  elseif context.route.method == "POST"
    and not (headers["content-type"] or ""):lower():find("^application/json") then
    return "header content-type must be application/json"
  end
  return header_value_problem(headers)
end

-- Returns a reply when the request may not go on.
function fincode.before(context)
  if context.route.login then
    return login.before(context)
  end
  local token = context.headers["x-auth-token"]
  local facts, why = context.sandbox.tokens:find(token or "", "fincode", context.book.now)
  if not token then
    return reply.unauthenticated(context, "Authentication required: X-Auth-Token is missing")
  elseif not facts or facts.kind == "refresh" then
    return reply.unauthenticated(context,
      "Authentication required: the token is " .. (why or "unknown"))
  end
  context.user = facts.user
  local problem = check_headers(context)
  if problem then
    return reply.problem(context, problem)
  end
  return nil
end

local function is_own(context, customer_id)
  return context.user == nil or context.user == customer_id
end

-- Reads ------------------------------------------------------------------------------------------

local function loan_balances(loan)
  local principal = 0
  for _, row in ipairs(loan.rows) do
    principal = principal + row.principal - loan_book.parts_paid(row, PARTS).principal
  end
  return principal, loan_book.outstanding(loan)
end

local function paid_flag(context, loan, outstanding)
  if context.switches.paid_flag == "number" then
    return context:money(loan_book.total(loan) - outstanding)
  end
  return context:flag(outstanding == 0)
end

local function list_row(context, loan, fields)
  local principal, total = loan_balances(loan)
  return json.object({
    { "id", fields.id },
    { "loanRepaymentMethodEnum", "External Bank Transfer" },
    { "accountProductName", reply.optional(context, loan.account_product) },
    { "customerName", reply.optional(context, loan.customer.name) },
    { "email", reply.optional(context, loan.customer.email) },
    { "repaymentAmount", context:money(fields.amount) },
    { "loanProductName", reply.optional(context, loan.product) },
    { "principalBalance", context:money(principal) },
    { "totalBalance", context:money(total) },
    { "loanAmountPaid", paid_flag(context, loan, total) },
    { "creationDate", reply.moment(context, fields.created_unix_ms) },
    { "paymentDueDate", reply.day(context, fields.row.day) },
    { "installmentCount", context:count(fields.row.number) },
    { "accountId", loan.id },
    { "loanApplicationId", reply.application(loan) },
    { "totalPayable", context:money(fields.row.total) },
  })
end

local function installment_id(loan, number)
  return loan.id:sub(1, 24) .. string.format("%012x", 0xA00000 + loan.sequence * 100 + number)
end

-- A different id for the same record, for the readings in which the lists have ids of their own.
local function other_id(record)
  return "c0" .. record.id:sub(3)
end

local function record_rows(context, loan, rows)
  local lag = context.faults.list_lags
  for _, record in ipairs(loan.repayments) do
    local hidden = record.status == "REJECTED" and context.switches.rejected_in_list == "hidden"
      or lag and record.created_unix_ms > context.book.now - (lag.ms or 60000)
    if not hidden then
      rows[#rows + 1] = {
        sequence = record.sequence,
        value = list_row(context, loan, {
          id = context.switches.list_ids == "other" and other_id(record) or record.id,
          amount = record.amount_minor, created_unix_ms = record.created_unix_ms, row = record.row,
        }),
      }
    end
  end
end

local function installment_rows(context, loan, rows)
  for _, row in ipairs(loan.rows) do
    rows[#rows + 1] = {
      sequence = #rows,
      value = list_row(context, loan, {
        id = installment_id(loan, row.number), amount = row.total,
        created_unix_ms = loan.created_unix_ms, row = row,
      }),
    }
  end
end

local function list_customer_repayments(context)
  local customer_id = context.values.customer_id
  if not is_own(context, customer_id) then
    return reply.failed(context, "unauthorized")
  end
  local customer = context.book:customer("fincode", customer_id)
  if not customer and context.switches.unknown_customer == "refused" then
    return reply.failed(context, "loan_not_found")
  end
  local rows = {}
  for _, loan in ipairs(customer and customer.loans or {}) do
    if context.switches.list == "records" then
      record_rows(context, loan, rows)
    else
      installment_rows(context, loan, rows)
    end
  end
  return reply.list(context, rows)
end

local function pending_row(context, loan, row, today)
  local paid = loan_book.parts_paid(row, PARTS)
  local whole = context.switches.pending_parts == "whole"
  return json.object({
    { "loanApplicationId", reply.application(loan) },
    { "installmentNumber", context:count(row.number) },
    { "dueDate", reply.day(context, row.day) },
    { "amountDue", context:money(row.total - row.paid) },
    { "principalAmount", context:money(row.principal - (whole and 0 or paid.principal)) },
    { "interestAmount", context:money(row.interest - (whole and 0 or paid.interest)) },
    { "status", row.day < today and "OVERDUE" or "PENDING" },
    { "daysOverdue", context:count(math.max(0, today - row.day)) },
  })
end

-- The most rows of a page that the wire page recommends, and a tenant's lower limit.
local PAGE_MAX, PAGE_CAP = 50, 4

local function page_of(rows, page, size)
  local part = {}
  for index = (page - 1) * size + 1, math.min(page * size, #rows) do
    part[#part + 1] = rows[index]
  end
  return part
end

local function pending_repayments(context)
  local customer = context.book:customer("fincode", context.values.user_id)
  local page, size = context.query.page or "1", context.query.size or "10"
  if not page:find("^[1-9]%d?%d?%d?%d?$") then
    return reply.problem(context, "query parameter page must be a whole number from 1")
  elseif not size:find("^[1-9]%d?$") or tonumber(size) > PAGE_MAX then
    return reply.problem(context, "query parameter size must be a whole number from 1 to 50")
  elseif not is_own(context, context.values.user_id) then
    return reply.failed(context, "unauthorized")
  elseif not customer then
    return reply.failed(context, "loan_not_found")
  end
  local rows, today = {}, context:today()
  for _, loan in ipairs(customer.loans) do
    for _, row in ipairs(loan.rows) do
      if row.paid < row.total then
        rows[#rows + 1] = { sequence = #rows, value = pending_row(context, loan, row, today) }
      end
    end
  end
  local reading = context.switches.pages
  if reading ~= "ignored" then
    local most = reading == "capped" and PAGE_CAP or PAGE_MAX
    rows = page_of(rows, tonumber(page), math.min(tonumber(size), most))
  end
  return reply.list(context, rows)
end

local function repaid_transactions(context)
  local customer = context.book:customer("fincode", context.values.user_id)
  if not is_own(context, context.values.user_id) then
    return reply.failed(context, "unauthorized")
  elseif not customer then
    return reply.failed(context, "loan_not_found")
  end
  local rows = {}
  for _, loan in ipairs(customer.loans) do
    for _, record in ipairs(loan.repayments) do
      if record.status == "VERIFIED" then
        rows[#rows + 1] = { sequence = record.sequence, value = json.object({
          { "repaymentId",
            context.switches.repaid_ids == "other" and other_id(record) or record.id },
          { "loanApplicationId", reply.application(loan) },
          { "repaymentAmount", context:money(record.amount_minor) },
          { "paymentDate", reply.moment(context, record.payment_unix_ms) },
          { "paymentMethod", "BANK_TRANSFER" },
          { "status", context.switches.repaid_status },
        }) }
      end
    end
  end
  return reply.list(context, rows)
end

local function repayment_instructions(context)
  local loan = context.book:application("fincode", context.values.application_id)
  if not loan or loan.application_missing then
    return reply.failed(context, "application_not_found")
  elseif not is_own(context, loan.customer.id) then
    return reply.failed(context, "unauthorized")
  end
  return reply.success(context, 200, json.object({
    { "loanApplicationId", loan.application_id },
    { "paymentMethods", json.array({ "BANK_TRANSFER" }) },
    { "bankAccountDetails", json.object({
      { "accountNumber", "0123456789" }, { "accountName", "Lender Collections" },
      { "bankCode", "058" }, { "bankName", "Example Bank" },
    }) },
    { "paymentReference", loan.reference or "REF-" .. loan.id:sub(1, 8) },
    { "instructions", json.array({ "Transfer the amount due", "Quote the payment reference" }) },
    { "contactInformation", json.object({ { "email", "support@example.com" } }) },
  }))
end

-- Writes -----------------------------------------------------------------------------------------

local function read_body(context, members, required)
  local body, why = json.read(context.request.body or "")
  if body == nil then
    return nil, "the body is not JSON: " .. why
  elseif type(body) ~= "table" or not json.is_object(body) then
    return nil, "the body is not a JSON object"
  end
  local problem = route.member_problem(body, members)
  if problem then
    return nil, problem
  end
  for _, name in ipairs(required) do
    if body.members[name] == nil or body.members[name] == json.null then
      return nil, "member " .. name .. " is missing"
    end
  end
  for _, pair in ipairs(body) do
    if not pair[1]:find("Amount$") and type(pair[2]) ~= "string" then
      return nil, "member " .. pair[1] .. " must be a string"
    end
  end
  return body.members
end

local function read_amount(value)
  if type(value) ~= "table" or not json.is_number(value) then
    return nil
  end
  local minor = amount.read(value.text, fincode_book.decimals)
  return minor and minor > 0 and minor or nil
end

local function find_loan(customer, account_id)
  for _, loan in ipairs(customer and customer.loans or {}) do
    if loan.id == account_id then
      return loan
    end
  end
  return nil
end

local function limit(context, loan)
  local row = loan_book.open_row(loan)
  if context.switches.amount_limit == "loan" then
    return loan_book.outstanding(loan)
  end
  return row and row.total or 0
end

-- The provider documents no order of its checks; this one is fixed so that tests are too.
local function repay_problem(context, body, customer, loan, minor)
  if body.customerId ~= context.values.user_id or not is_own(context, context.values.user_id) then
    return "unauthorized"
  elseif not loan then
    return "loan_not_found"
  elseif loan.state == "closed" then
    return "loan_closed"
  elseif loan.third_party then
    return "manual_repayment_not_allowed"
  elseif loan.application_missing then
    return "missing_loan_application"
  elseif not minor or minor > limit(context, loan) then
    return "invalid_amount"
  elseif not customer.banks[body.bankAccountId] then
    return "bank_account_mismatch"
  end
  return nil
end

local function repayment_reply(context, record)
  local echo = context.faults.amount_echoed_wrong
  local shown = record.amount_minor + (echo and (echo.delta_minor or 1) or 0)
  return reply.success(context, context.switches.success_status, json.object({
    { "id", record.id },
    { "repaymentAmount", context:money(shown) },
    { "customerName", reply.optional(context, record.loan.customer.name) },
    { "email", reply.optional(context, record.loan.customer.email) },
    { "loanProductName", reply.optional(context, record.loan.product) },
    { "repaymentReference", record.reference },
    { "verificationStatus", record.status },
    { "message", record.status == "REJECTED" and "Repayment rejected"
      or "Repayment submitted and awaiting verification" },
  }))
end

local REPAY_MEMBERS = route.set([[repaymentAmount customerId accountId bankAccountId
repaymentReference paymentDate paymentNarration]])

local function repay_loan(context)
  local body, problem = read_body(context, REPAY_MEMBERS,
    { "repaymentAmount", "customerId", "accountId", "bankAccountId" })
  if not body then
    return reply.problem(context, problem)
  elseif body.paymentDate and not calendar.moment_read(body.paymentDate) then
    return reply.problem(context, "member paymentDate is not ISO 8601")
  end
  local customer = context.book:customer("fincode", body.customerId)
  local loan = find_loan(customer, body.accountId)
  local minor = read_amount(body.repaymentAmount)
  local refusal = repay_problem(context, body, customer, loan, minor)
  if refusal then
    return reply.failed(context, refusal)
  end
  local record = context:record({
    loan = loan, amount_minor = minor, reference = body.repaymentReference,
    narration = body.paymentNarration,
    payment_unix_ms = body.paymentDate and calendar.moment_read(body.paymentDate),
    status = context.faults.answered_rejected and "REJECTED" or "PENDING_VERIFICATION",
    applies = context.switches.balance_on_submit and not context.faults.answered_rejected,
  })
  return repayment_reply(context, record)
end

local PAYOFF_MEMBERS = route.set("loanApplicationId paymentMethod transactionPin payoffAmount")

local function payoff_loan(context)
  local body, problem = read_body(context, PAYOFF_MEMBERS, { "loanApplicationId", "paymentMethod" })
  if not body then
    return reply.problem(context, problem)
  end
  local loan = context.book:application("fincode", body.loanApplicationId)
  if not loan or loan.application_missing then
    return reply.failed(context, "application_not_found")
  elseif not is_own(context, loan.customer.id) then
    return reply.failed(context, "unauthorized")
  elseif loan.state == "closed" then
    return reply.failed(context, "loan_closed")
  end
  local due = loan_book.outstanding(loan)
  if body.payoffAmount and read_amount(body.payoffAmount) ~= due then
    return reply.failed(context, "invalid_amount")
  end
  local record = context:record({
    loan = loan, amount_minor = due, status = "VERIFIED", applies = true,
  })
  return reply.success(context, 200, json.object({
    { "repaymentId", record.id },
    { "loanApplicationId", loan.application_id },
    { "payoffAmount", context:money(due) },
    { "remainingBalance", context:money(loan_book.outstanding(loan)) },
    { "loanStatus", "PAID_OFF" },
    { "transactionReference", string.format("TXN-%04d", record.sequence) },
    { "payoffDate", calendar.moment_text(context.book.now) },
  }))
end

local USER = "/api/v1/services/user/"

fincode.routes = {
  { name = "list_customer_repayments", method = "GET", headers = READ_HEADERS,
    path = USER .. "list-customer-repayments/:customer_id", answer = list_customer_repayments },
  { name = "pending_repayments", method = "GET", headers = KEYED_HEADERS, keyed = true,
    path = USER .. "pending-repayments/:user_id", query = route.set("page size"),
    answer = pending_repayments },
  { name = "repaid_transactions", method = "GET", headers = KEYED_HEADERS, keyed = true,
    path = USER .. "repaid-transactions/:user_id", answer = repaid_transactions },
  { name = "repayment_instructions", method = "GET", headers = READ_HEADERS,
    path = USER .. "repayment-instructions/:application_id", answer = repayment_instructions },
  { name = "repay_loan", method = "POST", headers = KEYED_HEADERS, keyed = true, write = true,
    path = USER .. "repay-loan/:user_id", answer = repay_loan, replay = reply.replay },
  { name = "payoff_loan", method = "POST", headers = KEYED_HEADERS, keyed = true, write = true,
    path = USER .. "payoff-loan", answer = payoff_loan, replay = reply.replay },
}
for _, each in ipairs(login.routes) do
  fincode.routes[#fincode.routes + 1] = each
end

return fincode
