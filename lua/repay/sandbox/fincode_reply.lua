-- FinCode's envelopes and scalars as the sandbox writes them.
--
-- Titles and sentences of the seven refusals are those of the repay-loan page; their HTTP statuses
-- are ours, since the page gives none.

local calendar = require "repay.sandbox.calendar"
local json = require "repay.sandbox.json"

local reply = {}

local REFUSALS = {
  loan_not_found = { 404, "Loan Not Found", "No active loan found for the provided customer ID" },
  loan_closed = { 422, "Loan Closed", "The loan is already closed and cannot be repaid" },
  unauthorized = { 403, "Unauthorized", "The customer ID does not match the authenticated user" },
  manual_repayment_not_allowed = { 422, "Manual Repayment Not Allowed",
    "The loan uses third-party collection and manual repayments are not permitted" },
  invalid_amount = { 422, "Invalid Amount",
    "Repayment amount is zero, negative, or exceeds total payable" },
  bank_account_mismatch = { 422, "Bank Account Mismatch",
    "The bank account does not belong to the customer" },
  missing_loan_application = { 422, "Missing Loan Application",
    "Loan application ID is missing for the customer loan record" },
  application_not_found = { 404, "Loan Application Not Found", "No loan application has this ID" },
  key_reused = { 422, "Idempotency Key Reused", "The key was used with another request" },
  key_running = { 409, "Request In Progress", "The first request with this key is still running" },
}

local CODES = {
  [401] = "AUTH_REQUIRED", [403] = "FORBIDDEN", [404] = "NOT_FOUND", [429] = "RATE_LIMIT_EXCEEDED",
  [500] = "SERVER_ERROR", [503] = "SERVICE_UNAVAILABLE",
}

local function generic_failure(status, message)
  return json.object({
    { "success", false },
    { "error", json.object({
      { "code", CODES[status] or "VALIDATION_ERROR" }, { "message", message },
    }) },
  })
end

local function failed(context, status, message)
  local body = json.object({ { "status", "FAILED" }, { "message", message } })
  if context.switches.fincode_envelope == "generic" then
    body = generic_failure(status, message)
  end
  return {
    status = context.switches.fincode_error_status == "ok" and 200 or status,
    json = body, refused = true,
  }
end

function reply.failed(context, name)
  local status, title, sentence = REFUSALS[name][1], REFUSALS[name][2], REFUSALS[name][3]
  local form = context.switches.fincode_error_text
  local message = form == "title" and title or form == "sentence" and sentence
    or title .. ": " .. sentence
  return failed(context, status, message)
end

-- What the sandbox is stricter about than the provider; with a status of its own, the words of
-- whatever stands before the provider.
function reply.problem(context, text, status)
  local response = failed(context, status or 422, (status and "" or "Validation Error: ") .. text)
  response.is_malformed = true
  return response
end

function reply.unauthenticated(context, message)
  local form = context.switches.fincode_auth_body
  if form == "empty" then
    return { status = 401, body = "", refused = true }
  elseif form == "generic" then
    return { status = 401, refused = true, json = generic_failure(401, message) }
  end
  return { status = 401, refused = true,
    json = json.object({ { "status", "FAILED" }, { "message", message } }) }
end

function reply.success(context, status, data)
  if context.switches.fincode_envelope == "generic" then
    return { status = status, json = json.object({
      { "success", true }, { "data", data },
      { "metadata", json.object({
        { "request_id", context.headers["x-fapi-interaction-id"] },
        { "timestamp", calendar.moment_text(context.book.now) },
      }) },
    }) }
  end
  return { status = status, json = json.object({
    { "status", "SUCCESS" },
    { "message", context.switches.top_message and "Request successful" or nil },
    { "data", data },
  }) }
end

-- Rows are { sequence, value }; the list faults act on the newest.
function reply.list(context, rows)
  local newest
  for index, row in ipairs(rows) do
    if not newest or row.sequence > rows[newest].sequence then
      newest = index
    end
  end
  local values = {}
  for index, row in ipairs(rows) do
    if not (index == newest and context.faults.list_misses) then
      values[#values + 1] = row.value
    end
    if index == newest and context.faults.list_repeats then
      values[#values + 1] = row.value
    end
  end
  if context.switches.list_order == "newest" then
    local reversed = {}
    for index, value in ipairs(values) do
      reversed[#values + 1 - index] = value
    end
    values = reversed
  end
  local data = json.array(values)
  if #values == 0 and context.switches.empty_list ~= "array" then
    data = context.switches.empty_list == "null" and json.null or nil
  elseif context.switches.list_data ~= "array" then
    data = json.object({ { context.switches.list_data, data } })
  end
  return reply.success(context, 200, data)
end

function reply.replay(context, stored)
  if stored.running_until and context.book.now < stored.running_until then
    return reply.failed(context, "key_running")
  elseif stored.path ~= context.request.path or stored.body ~= context.request.body then
    return reply.failed(context, "key_reused")
  end
  return nil
end

function reply.optional(context, value)
  return context.switches.fincode_nulls and json.null or value
end

function reply.application(loan)
  return loan.application_missing and json.null or loan.application_id
end

function reply.day(context, day)
  local form = context.switches.fincode_dates
  if form == "epoch" then
    return day * calendar.DAY_MS
  end
  if form == "moments" then
    return calendar.moment_text(day * calendar.DAY_MS)
  elseif form == "no_zone" then
    return calendar.moment_text(day * calendar.DAY_MS, "local")
  end
  return calendar.day_text(day)
end

function reply.moment(context, unix_ms)
  if context.switches.fincode_dates == "epoch" then
    return unix_ms
  end
  return calendar.moment_text(unix_ms,
    context.switches.fincode_dates == "no_zone" and "local" or nil)
end

return reply
