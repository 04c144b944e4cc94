-- A repayment that meets its own first attempt, still running, was called refused when the tenant
-- answers FAILED under HTTP 200; so were the provider's own breakdowns. Under their own statuses,
-- 409, 429 and 5xx, the same words leave the outcome unknown: the money may have moved.
local helper = require "spec.support.helper"
local transport = require "spec.support.transport"

local CASES = {
  { '{"status":"FAILED","message":"Request In Progress"}', "conflict" },
  { '{"status":"FAILED","message":"The first request with this key is still running"}',
    "conflict" },
  { '{"status":"FAILED","message":"This repayment is already being processed"}', "conflict" },
  { '{"success":false,"error":{"code":"SERVER_ERROR","message":"Internal error"}}',
    "unavailable" },
  { '{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"Try later"}}',
    "unavailable" },
  { '{"success":false,"error":{"code":"RATE_LIMIT_EXCEEDED","message":"Too many"}}',
    "rate_limited" },
}

describe("a repayment that nobody has refused", function()
  helper.watch(after_each)

  for _, case in ipairs(CASES) do
    for _, status in ipairs { 200, 422 } do
      it(("is unknown under %d: %s"):format(status, case[1]), function()
        local canned = transport.new(transport.json(case[1], status))
        local err = helper.fails(helper.ask("fincode", "repay", canned))
        assert.same({ case[2], "unknown" }, { err.kind, err.outcome })
        assert.is_false(err.retryable)
        assert.equal(1, #canned.requests)
      end)
    end
  end

  it("stays refused where the provider says no", function()
    local err = helper.fails(helper.ask("fincode", "repay",
      transport.new("fincode/loan_closed.200.json")))
    assert.same({ "loan_closed", "refused" }, { err.kind, err.outcome })
  end)
end)
