local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

local LOAN = "423e4567-e89b-12d3-a456-426614174003"
local RECORD = "9b2d6f0e-6a55-4f0c-9d3a-0c7a3f6f1a01"

mounts.each(words, "fincode", function(mount_of)
  local function ask(operation, ...)
    return helper.ask("fincode", operation, mount_of().canned(...))
  end

  helper.watch(after_each)

  it("reads every field of the documented list", function()
    local schedule = helper.ok(ask("schedule", "fincode/list.200.json"))
    assert.equal(1, #schedule)
    assert.same({
      id = RECORD, repayment_method = "External Bank Transfer",
      account_product_name = "Personal Loan Account", customer_name = "Ada Example",
      email = "ada@example.com", repayment_amount_minor = 5000000,
      loan_product_name = "Salary Advance", principal_balance_minor = 40000000,
      total_balance_minor = 45000050, is_loan_paid = false,
      creation_date = "2024-01-15T10:30:00Z", due_date = "2024-02-15", number = 3,
      account_id = "223e4567-e89b-12d3-a456-426614174001", loan_id = LOAN,
      total_due_minor = 7500000, status = "unknown",
    }, helper.copy(schedule[1]))
    assert.is_nil(schedule[1].paid_minor)
    assert.is_nil(schedule[1].outstanding_minor)
    assert.equal("fincode_list_tells_no_paid_amount", schedule:reason("paid_minor"))
    assert.equal("fincode_list_tells_no_paid_amount", schedule:reason("outstanding_minor"))
    assert.equal("fincode_list_tells_no_paid_amount", schedule:reason("lateness"))
    schedule:close()
  end)

  it("says paid, and nothing outstanding, where the flag does", function()
    local schedule = helper.ok(ask("schedule", "fincode/list_paid.200.json"))
    assert.is_true(schedule[1].is_loan_paid)
    assert.equal("paid", schedule[1].status)
    assert.equal(0, schedule[1].outstanding_minor)
    assert.is_nil(schedule[1].paid_minor)
    schedule:close()
  end)

  it("reads every field of the documented pending installments", function()
    local schedule = helper.ok(ask("pending", "fincode/pending.200.json"))
    assert.same({
      loan_id = LOAN, number = 4, due_date = "2024-03-15", outstanding_minor = 7500000,
      principal_minor = 6000000, interest_minor = 1500000, status = "overdue",
      provider_status = "OVERDUE", days_overdue = 12,
    }, helper.copy(schedule[1]))
    assert.is_nil(schedule:reason("lateness"))
    schedule:close()
  end)

  it("reads every field of the documented repaid transactions", function()
    local schedule = helper.ok(ask("repaid", "fincode/repaid.200.json"))
    assert.same({
      repayment_id = RECORD, loan_id = LOAN, repayment_amount_minor = 5000000,
      payment_date = "2024-01-15T10:00:00Z", payment_method = "BANK_TRANSFER", status = "paid",
      provider_status = "VERIFIED",
    }, helper.copy(schedule[1]))
    schedule:close()
  end)

  it("reads amounts exactly", function()
    local schedule = helper.ok(ask("schedule", "fincode/list_exact.200.json"))
    assert.equal(9007199254740991, schedule[1].total_due_minor)
    assert.equal(10, schedule[1].repayment_amount_minor)
    schedule:close()
    for _, case in ipairs { { "1e400" }, { "1.005" }, { "99999999999999999999" } } do
      local body = '{"status":"SUCCESS","data":[{"totalPayable":' .. case[1] .. "}]}"
      local err = helper.fails(ask("schedule", transport.json(body)))
      assert.equal("bad_response", err.kind)
      local at = body:find(case[1], 1, true) - 1
      assert.truthy(err.offset >= at and err.offset < at + #case[1], tostring(err.offset))
    end
  end)

  it("follows the pages of pending installments", function()
    local function page(first, count)
      local rows = {}
      for i = first, first + count - 1 do
        rows[#rows + 1] = ('{"loanApplicationId":"%s","installmentNumber":%d,"amountDue":%d}')
          :format(LOAN, i, i)
      end
      return transport.json('{"status":"SUCCESS","data":[' .. table.concat(rows, ",") .. "]}")
    end
    local canned = mount_of().canned(page(1, 50), page(51, 50), page(101, 7),
      page(108, 0))
    local schedule = helper.ok(helper.ask("fincode", "pending", canned))
    assert.equal(107, #schedule)
    assert.equal(107, schedule[107].number)
    assert.equal(10700, schedule[107].outstanding_minor)
    assert.equal(4, #canned.requests)
    assert.truthy(canned.requests[4].target:find("page=4&size=50", 1, true))
    schedule:close()
  end)

  it("records a repayment with the documented request", function()
    local canned = mount_of().canned("fincode/repay.200.json")
    local receipt = helper.ok(helper.ask("fincode", "repay", canned))
    assert.equal(RECORD, receipt.id)
    assert.equal(5000000, receipt.amount_minor)
    assert.equal("NGN", receipt.currency)
    assert.equal("REF-2024-01-15-001", receipt.reference)
    assert.equal("PENDING_VERIFICATION", receipt.verification_status)
    assert.equal("Repayment submitted and awaiting verification", receipt.provider_message)
    assert.equal("unique-key-12345", receipt.idempotency_key)
    assert.equal(36, #receipt.interaction_id)
    assert.same({ { http_status = 200, reason = "accepted", wait_ms = 0 } }, receipt.attempts)
    local request = canned.requests[1]
    assert.equal("POST", request.method)
    local golden = transport.read("fincode/repay.request")
    assert.equal(golden:match("\r?\n\r?\n(.*)$"), request.body)
    for _, pair in ipairs(request.headers) do
      local line = golden:match("\n" .. pair[1]:gsub("%p", "%%%0") .. ": ([^\r\n]*)")
      assert.is_string(line, pair[1] .. " is not documented")
      if pair[1] ~= "Host" and pair[1] ~= "x-fapi-auth-date" and pair[1] ~= "x-fapi-interaction-id"
        and pair[1] ~= "X-Auth-Token" then
        assert.equal(line, pair[2])
      end
    end
  end)

  it("makes a key of its own when none is given, and says which", function()
    local client = helper.open("fincode", mount_of().canned("fincode/repay.200.json"))
    local given = helper.copy(helper.arguments.fincode.repay)
    given.idempotency_key = nil
    local one = helper.ok(client:repay(given))
    local two = helper.ok(client:repay(given))
    assert.truthy(one.idempotency_key:find("^%x+%-%x+%-7%x+%-%x+%-%x+$"))
    assert.are_not.equal(one.idempotency_key, two.idempotency_key)
    client:close()
  end)

  local scenarios = {
    { "loan_not_found", "not_found" }, { "loan_closed", "loan_closed" },
    { "manual_repayment", "manual_repayment_not_allowed" },
    { "invalid_amount", "amount_invalid" }, { "bank_account_mismatch", "bank_account_mismatch" },
    { "missing_loan_application", "loan_application_missing" },
  }
  for _, case in ipairs(scenarios) do
    it("maps " .. case[1] .. " to " .. case[2] .. ", under 200 too", function()
      for _, status in ipairs { case[1] == "loan_not_found" and 404 or 422, 200 } do
        local err = helper.fails(ask("repay", ("fincode/%s.%d.json"):format(case[1], status)))
        assert.equal(case[2], err.kind, tostring(err))
        assert.equal("refused", err.outcome)
        assert.equal("unique-key-12345", err.idempotency_key)
        assert.is_string(err.provider_message)
        assert.is_false(err.retryable)
      end
    end)
  end

  local repayments = {
    { "unauthorized.403.json", "forbidden", "refused" },
    { "auth_required.401.json", "auth", "not_sent" },
    { "rate_limit_exceeded.429.json", "rate_limited", "unknown" },
    { "repay_rejected.200.json", "rejected", "refused" },
    { "repay_other_amount.200.json", "bad_response", "unknown" },
    { "repay_no_amount.200.json", "bad_response", "unknown" },
    { "repay_no_data.200.json", "bad_response", "unknown" },
    { "repay_no_status.200.json", "bad_response", "unknown" },
    { "repay_list.200.json", "bad_response", "unknown" },
    { "html.200.html", "bad_response", "unknown" },
    { "html.422.html", nil, "unknown" },
    { "empty.200.txt", "bad_response", "unknown" },
    { "server_error.500.json", "unavailable", "unknown" },
    { "service_unavailable.503.json", "unavailable", "unknown" },
    { "odd_status.200.json", "bad_response", "unknown" },
    { "unmapped.422.json", "provider_error", "refused" },
  }
  for _, case in ipairs(repayments) do
    it("sends one repayment and never takes " .. case[1] .. " for a success", function()
      local canned = mount_of().canned("fincode/" .. case[1])
      local err = helper.fails(helper.ask("fincode", "repay", canned))
      if case[2] then
        assert.equal(case[2], err.kind, tostring(err))
      end
      assert.equal(case[3], err.outcome, tostring(err))
      assert.equal(1, #canned.requests)
      assert.equal("unique-key-12345", err.idempotency_key)
      assert.equal(36, #err.interaction_id)
    end)
  end

  it("counts a rate limit as not sent where keys are honoured", function()
    local err = helper.fails(helper.ask("fincode", "repay",
      mount_of().canned("fincode/rate_limit_exceeded.429.json"), { keys = "honoured" }))
    assert.equal("not_sent", err.outcome)
  end)
end)
