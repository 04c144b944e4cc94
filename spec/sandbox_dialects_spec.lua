-- The dialects as pure functions: documented answers, documented refusals, and strictness.

local json = require("repay.sandbox.json")
local requests = require("spec.support.sandbox_requests")
local sandbox = require("repay.sandbox")

local ids = sandbox.ids

local read_file = require("spec.support.read").file

local function header(request, name, value)
  for index, pair in ipairs(request.headers) do
    if pair[1]:lower() == name:lower() then
      if value == nil then table.remove(request.headers, index) else pair[2] = value end
      return request
    end
  end
  table.insert(request.headers, { name, value })
  return request
end

describe("the sandbox", function()
  local box

  before_each(function() box = sandbox.new({ seed = 42 }) end)

  local function send(request) return requests.send(box, request) end

  it("answers every documented route with a success", function()
    for _, entry in ipairs(requests.every(box)) do
      local fresh = sandbox.new({ seed = 42 })
      requests.every(fresh)
      local status, body = requests.send(fresh, entry[2])
      assert.are.equal(200, status, entry[1])
      assert.is_table(body, entry[1])
    end
  end)

  it("prints the same bytes for the same seed and other ones for another", function()
    local function customers(seed)
      local list = {}
      for _, loan in ipairs(sandbox.new({ seed = seed, loans = 60 }).book.loan_list) do
        list[#list + 1] = tostring(loan.id) .. " " .. loan.customer.name
        for _, row in ipairs(loan.rows) do
          list[#list + 1] = string.format("%.0f %.0f %.0f", row.day, row.total, row.paid)
        end
      end
      return table.concat(list, "\n")
    end
    assert.are.equal(customers(42), customers(42))
    assert.are_not.equal(customers(42), customers(43))
    assert.are.equal("b847ab43-caa5-4dce-8dd4-100841ab9284",
      select(2, send(requests.fincode_repay())).data.id)
  end)

  it("makes lawful loans: parts sum exactly and nobody has paid more than a row", function()
    local seen = {}
    for _, loan in ipairs(sandbox.new({ seed = 7, loans = 300 }).book.loan_list) do
      for index, row in ipairs(loan.rows) do
        assert.are.equal(row.principal + row.interest + row.penalty, row.total)
        assert.is_true(row.paid >= 0 and row.paid <= row.total)
        assert.is_true(index == 1 or row.day >= loan.rows[index - 1].day)
      end
      seen[loan.state] = true
    end
    assert.is_true(seen.active and seen.closed)
  end)

  it("refuses unknown options and values, with the allowed ones named", function()
    assert.has_error(function() sandbox.new({ lists = "records" }) end)
    assert.has_error(function() sandbox.new({ list = "rows" }) end)
    assert.has_error(function() sandbox.new({ loans = -1 }) end)
    assert.has_error(function() sandbox.new({ clock = "yesterday" }) end)
    local ok, why = box:set({ list = "rows" })
    assert.is_nil(ok)
    assert.are.equal("switch list is one of records, installments", why)
  end)

  it("answers 404 and 405 in the provider's own envelope", function()
    local status, body = send(requests.carbon("GET", "/nothing"))
    assert.are.equal(404, status)
    assert.are.equal("failed", body.status)
    local request = requests.carbon_schedule()
    request.method = "DELETE"
    local reply
    status, body, reply = send(request)
    assert.are.equal(405, status)
    assert.matches("DELETE", body.message)
    assert.are.same({ "Allow", "GET, POST" }, reply.headers[2])
    assert.are.equal(404, (send({ method = "GET", target = "/elsewhere", headers = {} })))
  end)

  it("moves its clock by hand, and with real time if it is let", function()
    local start = box:unix_ms()
    local real = 5000
    box:let_clock_flow(function() return real end)
    real = 5250.7
    assert.are.equal(start + 250, box:unix_ms())
    box:advance(1000)
    real = 5251.2
    assert.are.equal(start + 1251, box:unix_ms())
    assert.are.equal(1251, box:elapsed_ms())
    box:reset()
    assert.are.equal(start, box:unix_ms())
    assert.has_error(function() box:advance(-1) end)
    assert.has_error(function() box:advance(0.5) end)
  end)

  it("runs what is due in the order of time, also what is planned on the way", function()
    local seen = {}
    local function note(name) return function() seen[#seen + 1] = name end end
    box.book:later(300, note("third"))
    box.book:later(100, function()
      note("first")()
      box.book:later(50, note("planned"))
    end)
    box.book:later(300, note("fourth"))
    box.book:later(200, note("second"))
    box.book:later(301, note("late"))
    box:advance(300)
    assert.are.same({ "first", "second", "third", "fourth", "planned" }, seen)
  end)

  it("keeps the latest requests of its ledger, counts all, and shows credentials on demand",
    function()
      box = sandbox.new({ ledger_size = 2, keep_secrets = true })
      for _ = 1, 3 do send(requests.carbon_schedule()) end
      local ledger = box:ledger()
      assert.are.same({ 2, 3, 1 }, { #ledger.requests, ledger.request_count,
        ledger.dropped_requests })
      assert.are.equal(2, ledger.requests[1].sequence)
      assert.are.equal(sandbox.settings("carbon").api_key, ledger.requests[1].headers[1][2])
    end)

  it("starts again after a reset", function()
    send(requests.fincode_repay())
    box:advance(5000)
    box:fault({ kind = "status" })
    box:set({ list = "installments" })
    box:reset()
    local ledger = box:ledger()
    assert.are.equal(0, #ledger.requests)
    assert.are.equal(0, #ledger.repayments)
    assert.are.equal("records", box.switches.list)
    assert.are.equal(1737360000000, box:unix_ms())
    assert.are.equal(200, (send(requests.carbon_schedule())))
  end)

  describe("strictness", function()
    local cases = {
      { "fincode list", function() return requests.fincode_list() end, 422 },
      { "fincode repay", function() return requests.fincode_repay() end, 422 },
      { "pezesha schedule", function() return requests.pezesha_schedule() end, 422 },
      { "carbon schedule", function() return requests.carbon_schedule() end, 400 },
    }

    it("refuses a header that is almost a documented one, and names both", function()
      local near = { "x-auth-tokn", "x-fapi-auth-dates", "authentcation", "x-carbon-keys" }
      for index, case in ipairs(cases) do
        local status, body = send(header(case[2](), near[index], "v"))
        assert.are.equal(case[3], status, case[1])
        assert.matches(near[index], json.write(body), 1, true)
      end
      local status, body = send(header(requests.carbon_schedule(), "api-key", "v"))
      assert.are.equal(400, status)
      assert.matches("did you mean apikey", body.message)
    end)

    it("refuses an x- header that no page documents", function()
      for _, case in ipairs(cases) do
        assert.are.equal(case[3], (send(header(case[2](), "x-request-id", "1"))), case[1])
      end
    end)

    it("refuses a query parameter that no page documents", function()
      for _, case in ipairs(cases) do
        local request = case[2]()
        local mark = request.target:find("?", 1, true) and "&" or "?"
        request.target = request.target .. mark .. "limits=1"
        assert.are.equal(case[3], (send(request)), case[1])
      end
    end)

    it("lets standard headers pass", function()
      for _, case in ipairs(cases) do
        local request = case[2]()
        for name in ("Accept-Encoding User-Agent Connection Host Expect TE"):gmatch("%S+") do
          header(request, name, "identity")
        end
        assert.are.equal(200, (send(request)), case[1])
      end
    end)

    it("refuses a documented header on a route whose page lacks it", function()
      local status, body = send(header(requests.fincode_list(), "x-idempotency-key", "k"))
      assert.are.equal(422, status)
      assert.matches("x%-idempotency%-key is not documented for this route", body.message)
    end)

    it("refuses a header that stands twice", function()
      local request = requests.carbon_schedule()
      table.insert(request.headers, { "ApiKey", "again" })
      local status, body = send(request)
      assert.are.equal(400, status)
      assert.are.equal("header apikey stands twice", body.message)
    end)

    it("refuses unknown, missing and ill-typed members", function()
      local status, body = send(requests.fincode_repay({ repaymentamount = "1" }))
      assert.are.equal(422, status)
      assert.matches("member repaymentamount is not documented", body.message)
      status, body = send(requests.fincode_repay({ accountId = json.null }))
      assert.are.equal(422, status)
      assert.matches("member accountId is missing", body.message)
      assert.are.equal(422, (send(requests.fincode_repay({ paymentNarration = 7 }))))
      assert.are.equal(400, (send(requests.carbon("POST", "/loans/LOAN_ABC123/repayments",
        { amount = 1, reference = "r", note = "n" }))))
      assert.are.equal(422, (send(requests.pezesha_repay({ loan_id = "10101" }))))
    end)

    it("refuses bodies that are not one JSON object", function()
      for _, text in ipairs({ "", "[]", "{", '{"a":1,"a":2}', "{} {}", '{"a":"\255"}', "null" }) do
        local request = requests.fincode_repay()
        request.body = text
        assert.are.equal(422, (send(request)), text)
      end
      assert.are.equal(0, #box:ledger().repayments)
    end)
  end)

  describe("for fincode", function()
    it("gives the documented row for the documented customer", function()
      local status, body = send(requests.fincode_list())
      assert.are.equal(200, status)
      assert.are.same({ {
        id = ids.fincode.record, loanRepaymentMethodEnum = "External Bank Transfer",
        accountProductName = "Personal Loan Account", customerName = "Ada Example",
        email = "ada@example.com", repaymentAmount = 50000, loanProductName = "Salary Advance",
        principalBalance = 400000, totalBalance = 450000.5, loanAmountPaid = false,
        creationDate = "2024-01-15T10:30:00Z", paymentDueDate = "2024-02-15", installmentCount = 3,
        accountId = "223e4567-e89b-12d3-a456-426614174001",
        loanApplicationId = "423e4567-e89b-12d3-a456-426614174003", totalPayable = 75000,
      } }, body.data)
    end)

    it("answers each of the seven documented refusals", function()
      local other = box:token("fincode", ids.fincode.two_loans)
      local cases = {
        { "Loan Not Found", 404, { accountId = ids.fincode.bank_account } },
        { "Loan Closed", 422,
          { customerId = ids.fincode.closed, accountId = ids.fincode.closed_account } },
        { "Unauthorized", 403, {}, other },
        { "Manual Repayment Not Allowed", 422,
          { customerId = ids.fincode.third_party, accountId = ids.fincode.third_party_account } },
        { "Invalid Amount", 422, { repaymentAmount = json.number("0") } },
        { "Invalid Amount", 422, { repaymentAmount = json.number("-1") } },
        { "Invalid Amount", 422, { repaymentAmount = json.number("450000.51") } },
        { "Invalid Amount", 422, { repaymentAmount = json.number("0.001") } },
        { "Invalid Amount", 422, { repaymentAmount = "50000" } },
        { "Bank Account Mismatch", 422, { bankAccountId = ids.fincode.account } },
        { "Missing Loan Application", 422, { customerId = ids.fincode.missing_application,
          accountId = ids.fincode.missing_application_account } },
      }
      for index, case in ipairs(cases) do
        local status, body = send(requests.fincode_repay(case[3], "key-" .. index, case[4]))
        assert.are.equal(case[2], status, case[1])
        assert.are.equal("FAILED", body.status)
        assert.matches("^" .. case[1] .. ": ", body.message)
      end
      assert.are.equal(0, #box:ledger().repayments)
    end)

    it("keeps a repayment pending, and balances untouched, until it is verified", function()
      local _, body = send(requests.fincode_repay())
      assert.are.equal("PENDING_VERIFICATION", body.data.verificationStatus)
      assert.are.equal(50000, body.data.repaymentAmount)
      assert.are.equal(450000.5, select(2, send(requests.fincode_list())).data[1].totalBalance)
      assert.are.equal(1, #select(2, send(requests.fincode_repaid())).data)
      assert.is_table(box:verify(body.data.id))
      assert.are.equal(400000.5, select(2, send(requests.fincode_list())).data[1].totalBalance)
      local repaid = select(2, send(requests.fincode_repaid())).data
      assert.are.equal(body.data.id, repaid[2].repaymentId)
      assert.are.equal("VERIFIED", repaid[2].status)
      assert.is_nil(box:verify(body.data.id))
      assert.is_nil(box:reject(body.data.id))
      assert.is_nil(box:verify("nothing"))
    end)

    it("takes a rejected repayment back", function()
      box:set({ balance_on_submit = true })
      local _, body = send(requests.fincode_repay())
      assert.are.equal(400000.5, select(2, send(requests.fincode_list())).data[1].totalBalance)
      box:reject(body.data.id)
      assert.are.equal(450000.5, select(2, send(requests.fincode_list())).data[1].totalBalance)
      assert.are.equal("REJECTED", box:ledger().repayments[1].status)
      assert.are.equal(0, box:ledger().repayments[1].moved_minor)
    end)

    it("answers a repeated key as before and records once", function()
      local first = requests.fincode_repay()
      local _, _, reply = send(first)
      local _, _, again = send(first)
      assert.are.equal(reply.body, again.body)
      assert.are.equal(1, #box:ledger().repayments)
      assert.are.equal("replayed", box:ledger().requests[2].result)
      local status, body = send(requests.fincode_repay({ repaymentAmount = json.number("1") }))
      assert.are.equal(422, status)
      assert.matches("Idempotency Key Reused", body.message)
    end)

    it("forgets a key when its memory ends", function()
      send(requests.fincode_repay())
      box:advance(86400000)
      send(requests.fincode_repay())
      assert.are.equal(2, #box:ledger().repayments)
    end)

    it("answers 401 without a token, to a foreign one, and to Authorization alone", function()
      local request = header(requests.fincode_list(), "X-Auth-Token", nil)
      assert.are.equal(401, (send(request)))
      header(request, "Authorization", "Bearer " .. sandbox.settings("fincode").token)
      assert.are.equal(401, (send(request)))
      assert.are.equal(401, (send(requests.fincode_list(nil, "sandbox-pezesha-token"))))
    end)

    it("names a documented header that is missing", function()
      for _, name in ipairs({ "x-fapi-auth-date", "x-fapi-customer-ip-address",
        "x-fapi-interaction-id", "x-idempotency-key" }) do
        local status, body = send(header(requests.fincode_repay(), name, nil))
        assert.are.equal(422, status, name)
        assert.matches("header " .. name:gsub("%-", "%%-") .. " is missing", body.message)
      end
      assert.are.equal(422, (send(header(requests.fincode_repay(), "Content-Type", "text/plain"))))
      assert.are.equal(422, (send(header(requests.fincode_list(), "x-fapi-auth-date", "today"))))
      local nobody = header(requests.fincode_list(), "x-fapi-customer-ip-address", "me")
      assert.are.equal(422, (send(nobody)))
    end)

    it("follows pages of pending repayments to the end", function()
      local numbers = {}
      for page = 1, 5 do
        local _, body = send(requests.fincode_pending(nil, "?page=" .. page .. "&size=3"))
        for _, row in ipairs(body.data) do numbers[#numbers + 1] = row.installmentNumber end
      end
      assert.are.same({ 3, 4, 5, 6, 7, 8, 9 }, numbers)
      assert.are.equal(422, (send(requests.fincode_pending(nil, "?page=0"))))
      assert.are.equal(422, (send(requests.fincode_pending(nil, "?size=51"))))
    end)

    it("tells what is pending: amount, parts, lateness", function()
      local _, body = send(requests.fincode_pending(ids.fincode.two_loans, "?size=50"))
      local late, sum = 0, 0
      for _, row in ipairs(body.data) do
        late = late + (row.status == "OVERDUE" and 1 or 0)
        sum = sum + math.floor(row.amountDue * 100 + 0.5)
        assert.are.equal(row.status == "OVERDUE", row.daysOverdue > 0)
      end
      assert.are.equal(3, late)
      assert.are.equal(30000000 + 3000001 - 11000000 + 10000000 + 999999, sum)
    end)

    it("pays a loan off at once", function()
      local status, body = send(requests.fincode_payoff())
      assert.are.equal(200, status)
      assert.are.equal(450000.5, body.data.payoffAmount)
      assert.are.equal(0, body.data.remainingBalance)
      assert.are.equal("PAID_OFF", body.data.loanStatus)
      assert.is_true(select(2, send(requests.fincode_list())).data[1].loanAmountPaid)
      assert.are.equal(422, (send(requests.fincode_payoff(nil, "another key"))))
    end)

    it("logs in, refreshes once, ends the session on a second refresh, and logs out", function()
      local status, body = send(requests.fincode_security("login",
        { email = "ada@example.com", currentPassword = "sandbox-password" }))
      assert.are.equal(200, status)
      local pair = body.data
      assert.are.equal(200, (send(requests.fincode_list(nil, pair.access_token))))
      assert.are.equal(401, (send(requests.fincode_list(nil, pair.refresh_token))))
      assert.are.equal(403, (send(requests.fincode_list(ids.fincode.two_loans, pair.access_token))))
      local renewal = requests.fincode_security("refresh-token",
        { refresh_token = pair.refresh_token })
      local _, renewed = send(renewal)
      assert.are.equal(200, (send(requests.fincode_list(nil, renewed.data.access_token))))
      assert.are.equal(403, (send(renewal)))
      assert.are.equal(401, (send(requests.fincode_list(nil, renewed.data.access_token))))
      assert.are.equal(401, (send(requests.fincode_security("login",
        { email = "ada@example.com", currentPassword = "wrong-password" }))))
      assert.are.equal(404, (send(requests.fincode_security("login",
        { email = "nobody@example.com", currentPassword = "sandbox-password" }))))
      local token = box:token("fincode", ids.fincode.customer)
      assert.are.equal(200, (send(requests.fincode_security("logout", {}, token))))
      assert.are.equal(401, (send(requests.fincode_list(nil, token))))
    end)

    it("lets a token expire", function()
      local token = box:token("fincode", ids.fincode.customer)
      box:advance(3600000)
      assert.are.equal(401, (send(requests.fincode_list(nil, token))))
    end)
  end)

  describe("for pezesha", function()
    it("answers the golden request with the page's three rows, byte for byte as values", function()
      local status, body, reply = send(requests.pezesha_schedule())
      assert.are.equal(200, status)
      assert.are.equal("Loans Repayment Schedule", body.message)
      local expected = '"data":['
      for number, row in ipairs({ { "03", 1000 }, { "03", 500 }, { "04", 0 } }) do
        expected = expected .. (number > 1 and "," or "")
          .. '{"loan_id":10101,"repayment_date":"2020-07-' .. row[1]
          .. '","month":' .. number .. ',"principal_amount":500,"interest_amount":0,'
          .. '"penalty_amount":0,"penalty_paid":0,"total_due":500,"total_outstanding":' .. row[2]
          .. ',"balance":500,"status":"Active on Schedule"}'
      end
      assert.are.equal('{"status":200,"response_code":0,"error":false,'
        .. '"message":"Loans Repayment Schedule",' .. expected .. "]}", reply.body)
      assert.are.same({ "authorization", "authentication" }, box:ledger().requests[1].token_headers)
    end)

    it("takes the token from either header, with or without Bearer, and refuses none", function()
      local token = sandbox.settings("pezesha").token
      for _, headers in ipairs({ { { "Authorization", "Bearer " .. token } },
        { { "AUTHENTICATION", token } } }) do
        assert.are.equal(200, (send(requests.pezesha_schedule(nil, headers))))
      end
      assert.are.equal(401, (send(requests.pezesha_schedule(nil, {}))))
      local wrong = requests.pezesha_schedule(nil, { { "Authorization", "Bearer no" } })
      assert.are.equal(401, (send(wrong)))
    end)

    it("answers 404 to the correct spelling of its path", function()
      local request = requests.pezesha_schedule()
      request.target = request.target:gsub("shedules", "schedules")
      assert.are.equal(404, (send(request)))
    end)

    it("says the documented words for no loan, an unknown merchant and a paid loan", function()
      for _, merchant in ipairs({ ids.pezesha.no_loan, ids.pezesha.unknown, ids.pezesha.paid }) do
        local status, body = send(requests.pezesha_schedule(merchant))
        assert.are.equal(404, status)
        assert.are.same({ status = 404, response_code = 0, error = true,
          message = "Unable to find active loan tied to merchant" }, body)
      end
    end)

    it("names a missing or wrong query field", function()
      local request = requests.pezesha_schedule()
      request.target = "/pezesha/mfi/v1/borrowers/repayment-shedules?channel=Partner%20Name"
      local status, body = send(request)
      assert.are.equal(422, status)
      assert.are.equal("The merchant id field is required.", body.errors.merchant_id[1])
      request.target = request.target:gsub("Partner%%20Name", "Partner+Name")
        .. "&merchant_id=merchant_jane"
      assert.are.equal(422, (send(request)))
    end)

    it("fills the oldest row first, then the next", function()
      send(requests.pezesha_repay({ trans_amount = "700" }))
      local _, body = send(requests.pezesha_schedule())
      assert.are.equal(0, body.data[1].balance)
      assert.are.equal("Paid", body.data[1].status)
      assert.are.equal(300, body.data[2].balance)
      assert.are.equal(500, body.data[3].balance)
      assert.are.equal(70000, box:ledger().repayments[1].moved_minor)
    end)

    it("pays the penalty first", function()
      local _, body = send(requests.pezesha_schedule(ids.pezesha.overdue))
      assert.are.equal(52.5, body.data[1].penalty_amount)
      assert.are.equal(20, body.data[1].penalty_paid)
      assert.are.equal(1102.5, body.data[1].total_due)
      assert.are.equal(1082.5, body.data[1].balance)
      assert.are.equal("Overdue", body.data[1].status)
    end)

    it("applies a repeated reference once", function()
      for _ = 1, 3 do assert.are.equal(200, (send(requests.pezesha_repay()))) end
      assert.are.equal(1, #box:ledger().repayments)
      assert.are.equal(0, select(2, send(requests.pezesha_schedule())).data[1].balance)
    end)

    it("refuses amounts and times that are none", function()
      for _, change in ipairs({ { trans_amount = "0" }, { trans_amount = "5e2" },
        { trans_amount = "1.005" }, { trans_time = "yesterday" }, { wallet_balance = "lots" },
        { trans_reference = "" } }) do
        assert.are.equal(422, (send(requests.pezesha_repay(change))))
      end
    end)

    it("gives a token for the right secret and the OAuth error for another", function()
      local request = requests.every(box)[11][2]
      local status, body = send(request)
      assert.are.equal(200, status)
      assert.are.equal(86400, body.expires_in)
      local schedule = requests.pezesha_schedule(nil,
        { { "Authorization", "Bearer " .. body.access_token } })
      assert.are.equal(200, (send(schedule)))
      box:advance(86400000)
      assert.are.equal(401, (send(schedule)))
      request.body = request.body:gsub("secret$", "secrets")
      status, body = send(request)
      assert.are.equal(401, status)
      assert.are.equal("invalid_client", body.error)
    end)
  end)

  describe("for carbon", function()
    it("answers the printed command with the page's bytes, blanks aside", function()
      local _, _, reply = send(requests.carbon_schedule())
      local page = read_file("spec/fixtures/carbon/page_schedule.json"):gsub("%s+", "")
      assert.are.equal(page, (reply.body:gsub("%s+", "")))
    end)

    it("fills the oldest row first and says so in words", function()
      send(requests.carbon_charge(7199999, "one"))
      send(requests.carbon_charge(1, "two"))
      local rows = select(2, send(requests.carbon_schedule())).data.schedule
      assert.are.same({ 7199999, "PAID" }, { rows[1].paidAmount, rows[1].status })
      assert.are.same({ 1, "PARTIAL" }, { rows[2].paidAmount, rows[2].status })
    end)

    it("answers the documented refusals", function()
      local cases = {
        { 400, "Loan not found", requests.carbon_schedule(ids.carbon.unknown) },
        { 400, "Loan not found", requests.carbon_schedule(ids.carbon.application) },
        { 422, "No SME loan ID on record", requests.carbon_schedule(ids.carbon.not_registered) },
        { 400, "Loan not found", requests.carbon_charge(1, "r", ids.carbon.unknown) },
        { 422, "No SME loan ID on record",
          requests.carbon_charge(1, "r", ids.carbon.not_registered) },
        { 400, "amount must be a positive number (in kobo)", requests.carbon_charge(0, "r") },
        { 400, "amount must be a positive number (in kobo)", requests.carbon_charge(-1, "r") },
        { 400, "amount must be a positive number (in kobo)", requests.carbon_charge("abc", "r") },
        { 400, "amount must be a positive number (in kobo)", requests.carbon_charge(nil, "r") },
        { 400, "reference is required", requests.carbon_charge(1, nil) },
        { 400, "reference is required", requests.carbon_charge(1, "") },
        { 400, "customer_id query param is required", requests.carbon("GET", "/loans/active") },
        { 400, "Customer not enrolled for lending",
          requests.carbon("GET", "/loans/active?customer_id=nobody") },
        { 400, "Application not found", requests.carbon("GET", "/loans/" .. ids.carbon.loan) },
      }
      for _, case in ipairs(cases) do
        local status, body = send(case[3])
        assert.are.equal(case[1], status)
        assert.are.equal(case[2], body.message)
        assert.are.equal("failed", body.status)
      end
      assert.are.equal(0, #box:ledger().repayments)
    end)

    it("answers 401 when either key is missing or wrong", function()
      for _, name in ipairs({ "apikey", "x-carbon-key" }) do
        assert.are.equal(401, (send(header(requests.carbon_schedule(), name, nil))))
        assert.are.equal(401, (send(header(requests.carbon_schedule(), name, "wrong"))))
      end
    end)

    it("keeps the literal path apart from an application's", function()
      local path = "/loans/active?customer_id="
      local _, body = send(requests.carbon("GET", path .. ids.carbon.customer))
      assert.are.same({
        loanId = "LOAN_ABC123", outstandingBalance = 14346665, loanStatus = "ACTIVE",
        nextRepaymentDate = "2025-02-15", nextRepaymentAmount = 7199999,
      }, body.data)
      local _, late = send(requests.carbon("GET", path .. "1732ca47-42b2-4990-a65d-c369e934ee20"))
      assert.are.equal("ACTIVE_IN_ARREARS", late.data.loanStatus)
    end)

    it("lists loans by pages", function()
      box = sandbox.new({ seed = 42, loans = 60 })
      local total, seen = nil, {}
      for page = 1, 4 do
        local _, body = send(requests.carbon("GET", "/loans?limit=8&page=" .. page))
        total = body.pagination.total
        for _, row in ipairs(body.data) do seen[row.application_id] = true end
      end
      local count = 0
      for _ in pairs(seen) do count = count + 1 end
      assert.are.equal(total, count)
      assert.are.equal(25, count)
    end)

    it("charges a repeated reference once", function()
      for _ = 1, 2 do assert.are.equal(200, (send(requests.carbon_charge(100, "same")))) end
      assert.are.equal(1, #box:ledger().repayments)
    end)
  end)
end)
