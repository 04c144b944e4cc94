local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"

local words = { describe = describe, setup = setup, teardown = teardown }

mounts.each(words, "carbon", function(mount_of)
  local function ask(...)
    return helper.ask("carbon", "schedule", mount_of().canned(...))
  end

  helper.watch(after_each)

  it("reads every field of the documented schedule", function()
    local schedule = helper.ok(ask("carbon/schedule.200.json"))
    local expected = {
      {
        loan_id = "LOAN_ABC123", number = 1, due_date = "2025-02-15", principal_minor = 6666666,
        interest_minor = 533333, total_due_minor = 7199999, paid_minor = 0,
        outstanding_minor = 7199999, overpaid_minor = 0, status = "pending",
        provider_status = "UNPAID",
      },
      {
        loan_id = "LOAN_ABC123", number = 2, due_date = "2025-03-15", principal_minor = 6666666,
        interest_minor = 480000, total_due_minor = 7146666, paid_minor = 0,
        outstanding_minor = 7146666, overpaid_minor = 0, status = "pending",
        provider_status = "UNPAID",
      },
    }
    assert.equal(2, #schedule)
    for i = 1, 2 do
      assert.same(expected[i], helper.copy(schedule[i]))
    end
    schedule:close()
  end)

  it("sends the documented request and nothing else", function()
    local canned = mount_of().canned("carbon/schedule.200.json")
    helper.ok(helper.ask("carbon", "schedule", canned)):close()
    assert.equal(1, #canned.requests)
    local request = canned.requests[1]
    assert.equal("GET", request.method)
    local base = mount_of().way("carbon").base_url
      or "https://carbonapistagingsecure.getcarbon.co/baas/api"
    local origin, host = base:match("^(https?://([^/]+))")
    assert.equal(base .. "/v1/loans/LOAN_ABC123/repayments", origin .. request.target)
    assert.equal("", request.body)
    -- Their order says nothing.
    local headers = {}
    for _, pair in ipairs(request.headers) do
      assert.is_nil(headers[pair[1]], pair[1])
      headers[pair[1]] = pair[2]
    end
    assert.same({
      Host = host, Accept = "application/json", ["Accept-Encoding"] = "identity",
      apikey = helper.secrets.api_key, ["x-carbon-key"] = helper.secrets.carbon_key,
    }, headers)
  end)

  it("lets amounts beat words", function()
    local schedule = helper.ok(ask("carbon/part_paid.200.json"))
    assert.equal("paid", schedule[1].status)
    assert.equal("UNPAID", schedule[1].provider_status)
    assert.equal(0, schedule[1].outstanding_minor)
    assert.equal("partial", schedule[2].status)
    assert.equal(7199998, schedule[2].outstanding_minor)
    schedule:close()
  end)

  it("takes null for not told, and the parts for a missing total", function()
    local schedule = helper.ok(ask("carbon/nulls.200.json"))
    local row = schedule[1]
    assert.is_nil(row.paid_minor)
    assert.is_nil(row.outstanding_minor)
    assert.is_nil(row.provider_status)
    assert.equal(7199999, row.total_due_minor)
    assert.equal("unknown", row.status)
    schedule:close()
  end)

  it("reads numbers that come as strings", function()
    local schedule = helper.ok(ask("carbon/strings.200.json"))
    assert.equal(6666666, schedule[1].principal_minor)
    assert.equal(7199999, schedule[1].total_due_minor)
    assert.equal(1, schedule[1].paid_minor)
    schedule:close()
  end)

  it("keeps members that no page documents", function()
    local schedule = helper.ok(ask("carbon/unknown_members.200.json"))
    local row = schedule[1]
    assert.is_nil(rawget(row, "extra"))
    assert.equal("100", row.extra.feeDue)
    assert.truthy(row.extra.note:find('"a"', 1, true))
    assert.equal(row.extra, row.extra)
    schedule:close()
    assert.equal("100", row.extra.feeDue)
  end)

  it("accepts the shapes that other readers of the pages expect", function()
    local schedule = helper.ok(ask("carbon/data_list.200.json"))
    assert.truthy(#schedule > 0)
    schedule:close()
    schedule = helper.ok(ask("carbon/empty_schedule.200.json"))
    assert.equal(0, #schedule)
    assert.is_nil(schedule[1])
    schedule:close()
  end)

  local failures = {
    { "carbon/loan_not_found.400.json", "not_found", "refused", "Loan not found" },
    { "carbon/loan_not_found_a.400.json", "not_found", "refused" },
    { "carbon/loan_not_found_c.400.json", "not_found", "refused" },
    { "carbon/not_registered.422.json", "loan_not_registered", "refused",
      "No SME loan ID on record" },
    { "carbon/field_validation.400.json", "validation", "refused" },
    { "carbon/forbidden.403.json", "forbidden", "refused" },
    { "carbon/unauthorized.401.json", "auth", "not_sent" },
    { "carbon/failed.200.json", "not_found", "refused" },
    { "carbon/failed_unknown.200.json", "provider_error", "refused" },
    { "carbon/odd_status.200.json", "bad_response", "unknown" },
    { "carbon/no_status.200.json", "bad_response", "unknown" },
    { "carbon/no_schedule.200.json", "bad_response", "unknown" },
    { "carbon/null_data.200.json", "bad_response", "unknown" },
    { "carbon/html.200.html", "bad_response", "unknown" },
    { "carbon/empty.200.txt", "bad_response", "unknown" },
    { "carbon/cut.200.json", "bad_response", "unknown" },
    { "carbon/wrong_type.200.json", "bad_response", "unknown" },
    { "carbon/duplicate_member.200.json", "bad_response", "unknown" },
    { "carbon/fraction.200.json", "bad_response", "unknown" },
    { "carbon/trailing.200.json", "bad_response", "unknown" },
    { "carbon/down.503.json", "unavailable" },
    { "carbon/html.502.html", "unavailable" },
    { "carbon/limited.429.json", "rate_limited" },
  }
  for _, case in ipairs(failures) do
    it("never takes " .. case[1] .. " for a success", function()
      -- A limit is waited for, and over a socket that takes its time.
      local changes = case[2] == "rate_limited" and { attempts = 1 } or nil
      local err = helper.fails(helper.ask("carbon", "schedule", mount_of().canned(case[1]),
        changes))
      assert.equal(case[2], err.kind, tostring(err))
      if case[3] then
        assert.equal(case[3], err.outcome, tostring(err))
      end
      if case[4] then
        assert.equal(case[4], err.provider_message)
      end
      assert.equal(tonumber(case[1]:match("%.(%d%d%d)%.")), err.http_status)
      assert.equal("carbon", err.provider)
      assert.equal("schedule", err.operation)
      assert.equal("LOAN_ABC123", err.subject)
    end)
  end

  it("says when an id looks like an application's", function()
    local client = helper.open("carbon", mount_of().canned("carbon/loan_not_found.400.json"))
    local err = helper.fails(client:schedule { loan_id = "aaaabbbb-cccc-dddd-eeee-ffffffffffff" })
    assert.truthy(err.hint:find("application id", 1, true))
    client:close()
  end)
end)
