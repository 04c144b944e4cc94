-- Requests for sandbox specs: lawful ones of each route, to be bent one way at a time.

local json = require("repay.sandbox.json")
local sandbox = require("repay.sandbox")

local requests = {}

local ids = sandbox.ids
local USER = "/fincode/api/v1/services/user/"

local function add(headers, more)
  for _, pair in ipairs(more) do headers[#headers + 1] = pair end
  return headers
end

local function fincode_headers(token, keyed, written)
  local headers = {
    { "X-Auth-Token", token or sandbox.settings("fincode").token },
    { "x-fapi-auth-date", "2024-01-15T10:30:00Z" },
    { "x-fapi-customer-ip-address", "192.168.1.1" },
    { "x-fapi-interaction-id", "interaction-12345" },
  }
  if keyed then add(headers, { { "x-idempotency-key", keyed } }) end
  if written then add(headers, { { "Content-Type", "application/json" } }) end
  return headers
end

function requests.fincode_list(customer_id, token)
  return { method = "GET", target = USER .. "list-customer-repayments/" ..
    (customer_id or ids.fincode.customer), headers = fincode_headers(token) }
end

function requests.fincode_pending(customer_id, query)
  return { method = "GET", target = USER .. "pending-repayments/" ..
    (customer_id or ids.fincode.customer) .. (query or ""),
    headers = fincode_headers(nil, "key-of-a-read") }
end

function requests.fincode_repaid(customer_id)
  return { method = "GET", target = USER .. "repaid-transactions/" ..
    (customer_id or ids.fincode.customer), headers = fincode_headers(nil, "key-of-a-read") }
end

function requests.fincode_instructions(application_id)
  return { method = "GET", target = USER .. "repayment-instructions/" ..
    (application_id or ids.fincode.application), headers = fincode_headers() }
end

-- `change` replaces members of the body; a value of json.null removes one.
function requests.fincode_repay(change, key, token)
  local values = {
    repaymentAmount = json.number("50000"), customerId = ids.fincode.customer,
    accountId = ids.fincode.account, bankAccountId = ids.fincode.bank_account,
    repaymentReference = "REF-2024-01-15-001", paymentDate = "2024-01-15T10:00:00Z",
    paymentNarration = "Monthly installment payment",
  }
  for name, value in pairs(change or {}) do values[name] = value end
  for name, value in pairs(values) do
    if value == json.null then values[name] = nil end
  end
  return {
    method = "POST", target = USER .. "repay-loan/" .. values.customerId,
    headers = fincode_headers(token, key or "unique-key-12345", true), body = json.write(values),
  }
end

function requests.fincode_payoff(values, key)
  return {
    method = "POST", target = USER .. "payoff-loan",
    headers = fincode_headers(nil, key or "payoff-key", true),
    body = json.write(values or { loanApplicationId = ids.fincode.application,
      paymentMethod = "BANK_TRANSFER" }),
  }
end

function requests.fincode_security(name, body, token)
  local headers = { { "Content-Type", "application/json" }, { "platform", "fincode" },
    { "uuid", "200" } }
  if token then add(headers, { { "x-auth-token", token } }) end
  return {
    method = "PUT", target = "/fincode/api/v6/services/securitymanagement/" .. name,
    headers = headers, body = json.write(body),
  }
end

-- The golden request of the schedule page, which prints no command.
function requests.pezesha_schedule(merchant_id, headers)
  return {
    method = "GET",
    target = "/pezesha/mfi/v1/borrowers/repayment-shedules?channel=Partner%20Name&merchant_id="
      .. (merchant_id or ids.pezesha.merchant),
    headers = headers or {
      { "Accept", "application/json" },
      { "Authorization", "Bearer " .. sandbox.settings("pezesha").token },
      { "Authentication", "Bearer " .. sandbox.settings("pezesha").token },
    },
  }
end

function requests.pezesha(method, path, body)
  return {
    method = method, target = "/pezesha" .. path, body = body and json.write(body),
    headers = {
      { "Authorization", "Bearer " .. sandbox.settings("pezesha").token },
      { "Content-Type", "application/json" },
    },
  }
end

function requests.pezesha_repay(change)
  local body = {
    merchant_id = ids.pezesha.merchant, channel = "Partner Name", trans_amount = "500",
    trans_time = "2020-07-03 10:15:00", trans_reference = "RCP123456", wallet_balance = "25000",
  }
  for name, value in pairs(change or {}) do body[name] = value end
  return requests.pezesha("POST", "/mfi/v1/loans/repayment", body)
end

function requests.carbon(method, path, body)
  local settings = sandbox.settings("carbon")
  local headers = { { "apikey", settings.api_key }, { "x-carbon-key", settings.carbon_key } }
  if body then add(headers, { { "Content-Type", "application/json" } }) end
  return {
    method = method, target = "/carbon/baas/api/v1" .. path, headers = headers,
    body = body and json.write(body),
  }
end

function requests.carbon_schedule(loan_id)
  return requests.carbon("GET", "/loans/" .. (loan_id or ids.carbon.loan) .. "/repayments")
end

function requests.carbon_charge(amount, reference, loan_id)
  return requests.carbon("POST", "/loans/" .. (loan_id or ids.carbon.loan) .. "/repayments",
    { amount = amount, reference = reference })
end

-- Sends one request to a sandbox in process and reads the reply.
function requests.send(box, request)
  local reply, directive = box:handle(request)
  local value = json.read(reply.body)
  return reply.status, value and json.plain(value) or nil, reply, directive
end

-- One lawful request of every documented route, by name.
function requests.every(box)
  local login = requests.fincode_security("login",
    { email = "ada@example.com", currentPassword = "sandbox-password" })
  local _, pair = requests.send(box, login)
  return {
    { "fincode list", requests.fincode_list() }, { "fincode repay", requests.fincode_repay() },
    { "fincode pending", requests.fincode_pending() },
    { "fincode repaid", requests.fincode_repaid() },
    { "fincode instructions", requests.fincode_instructions() },
    { "fincode payoff", requests.fincode_payoff() }, { "fincode login", login },
    { "fincode refresh", requests.fincode_security("refresh-token",
      { refresh_token = pair.data.refresh_token }) },
    { "fincode logout", requests.fincode_security("logout", {}, pair.data.access_token) },
    { "pezesha schedule", requests.pezesha_schedule() },
    { "pezesha token", { method = "POST", target = "/pezesha/oauth/token",
      headers = { { "Content-Type", "application/x-www-form-urlencoded" } },
      body = "grant_type=client_credentials&provider=users&client_id=sandbox-client"
        .. "&client_secret=sandbox-client-secret" } },
    { "pezesha active", requests.pezesha("GET", "/mfi/v1/borrowers/active/sandbox-merchant-key") },
    { "pezesha repay", requests.pezesha_repay() },
    { "pezesha latest", requests.pezesha("POST", "/mfi/v1/borrowers/latest",
      { channel = "Partner Name", identifier = "merchant_jane" }) },
    { "pezesha statement", requests.pezesha("POST", "/mfi/v1/borrowers/statement",
      { identification = "merchant_jane" }) },
    { "carbon schedule", requests.carbon_schedule() },
    { "carbon charge", requests.carbon_charge(7199999, "REPAY_REF_20250215_001") },
    { "carbon active", requests.carbon("GET",
      "/loans/active?customer_id=" .. ids.carbon.customer) },
    { "carbon list", requests.carbon("GET", "/loans?limit=5") },
    { "carbon one", requests.carbon("GET", "/loans/" .. ids.carbon.application) },
  }
end

return requests
