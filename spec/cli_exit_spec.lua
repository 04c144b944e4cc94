-- The exit codes, as a table: what an error, an entry and many results give.
local exit = require "repay.cli.exit"

describe("the exit code", function()
  it("has a name for each code that is promised", function()
    local codes = {}
    for name, code in pairs(exit) do
      if type(code) == "number" then codes[code] = name end
    end
    assert.same({ [0] = "done", "failed", "usage", "person", "credentials", "unavailable", "limits",
      "journal", "again", [130] = "interrupted" }, codes)
  end)

  local ERRORS = {
    { 2, "invalid_argument" }, { 2, "config" }, { 2, "unsupported" }, { 2, "unsupported_phase" },
    { 2, "duplicate_payment" }, { 4, "auth" }, { 4, "forbidden" }, { 5, "dns" }, { 5, "connect" },
    { 5, "tls" }, { 5, "timeout" }, { 5, "connection_lost" }, { 5, "unavailable" },
    { 5, "breaker_open" }, { 5, "rate_limited" }, { 6, "approval_required" },
    { 6, "limit_exceeded" }, { 7, "journal" }, { 7, "journal_busy" }, { 7, "journal_corrupt" },
    { 7, "journal_on_network_fs" }, { 1, "not_found" }, { 1, "loan_closed" },
    { 1, "bad_response" }, { 1, "cancelled" }, { 1, "output" }, { 1, "a word of tomorrow" },
  }
  for _, case in ipairs(ERRORS) do
    it("of an error of kind " .. case[2] .. " is " .. case[1], function()
      assert.equal(case[1], exit.of_error { kind = case[2], outcome = "not_sent" })
    end)
  end

  it("of a repayment that may have left is that of a job to run again", function()
    assert.equal(8, exit.of_error { kind = "timeout", outcome = "unknown", idempotency_key = "k" })
    assert.equal(7, exit.of_error { kind = "journal", outcome = "unknown", idempotency_key = "k" })
    assert.equal(5, exit.of_error { kind = "timeout", outcome = "unknown" })
    assert.equal(1, exit.of_error("a text"))
  end)

  local ENTRIES = {
    { 6, "planned", "approve" }, { 8, "approved", "send" }, { 8, "sending", "held" },
    { 0, "accepted", "verify" }, { 3, "accepted", "stale" }, { 0, "verified", "none" },
    { 1, "rejected", "none" }, { 1, "refused", "none" }, { 8, "unknown", "wait" },
    { 8, "unknown", "resend" }, { 8, "unknown", "held" }, { 3, "unknown", "reconcile" },
    { 3, "unknown", "ask" }, { 3, "absent", "none" }, { 0, "cancelled", "none" },
    { 0, "expired", "none" },
  }
  for _, case in ipairs(ENTRIES) do
    it(("of an entry that is %s, next %s, is %d"):format(case[2], case[3], case[1]), function()
      assert.equal(case[1], exit.of_entry(case[2], case[3]))
    end)
  end

  it("of many results is the first of 130, 7, 3, 4, 6, 5, 8, 2, 1, 0", function()
    local order = { 130, 7, 3, 4, 6, 5, 8, 2, 1, 0 }
    for i = 1, #order do
      for j = i, #order do
        assert.equal(order[i], exit.worst { order[j], order[i], order[j] })
      end
    end
    assert.equal(0, exit.worst {})
  end)
end)
