local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

local function header(request, name)
  for _, pair in ipairs(request.headers) do
    if pair[1] == name then
      return pair[2]
    end
  end
  return nil
end

mounts.each(words, "pezesha", function(mount_of)
  local function ask(...)
    return helper.ask("pezesha", "schedule", mount_of().canned(...))
  end

  helper.watch(after_each)

  it("reads every field of the documented schedule", function()
    local schedule = helper.ok(ask("pezesha/schedule.200.json"))
    local dates = { "2020-07-03", "2020-07-03", "2020-07-04" }
    local after = { 100000, 50000, 0 }
    assert.equal(3, #schedule)
    for i = 1, 3 do
      assert.same({
        loan_id = "10101", number = i, due_date = dates[i], principal_minor = 50000,
        interest_minor = 0, penalty_minor = 0, penalty_paid_minor = 0, total_due_minor = 50000,
        total_outstanding_minor = after[i], paid_minor = 0,
        outstanding_minor = 50000, status = "pending", provider_status = "Active on Schedule",
      }, helper.copy(schedule[i]))
    end
    schedule:close()
  end)

  it("sends the documented request, the token under both names", function()
    local canned = mount_of().canned("pezesha/schedule.200.json")
    helper.ok(helper.ask("pezesha", "schedule", canned)):close()
    local request = canned.requests[1]
    assert.equal("GET", request.method)
    assert.truthy(request.target:find("/mfi/v1/borrowers/repayment-shedules"
      .. "?channel=Partner%20Name&merchant_id=merchant_jane", 1, true))
    assert.equal("Bearer " .. helper.secrets.pezesha, header(request, "Authorization"))
    assert.equal("Bearer " .. helper.secrets.pezesha, header(request, "Authentication"))
  end)

  it("sends the token under one name when told so", function()
    for word, other in pairs { authorization = "Authentication",
      authentication = "Authorization" } do
      local canned = mount_of().canned("pezesha/schedule.200.json")
      helper.ok(helper.ask("pezesha", "schedule", canned, { token_header = word })):close()
      assert.is_nil(header(canned.requests[1], other))
    end
  end)

  it("computes what was paid from the balance, and is silent where that contradicts", function()
    local body = '{"status":200,"response_code":0,"error":false,"message":"x","data":['
      .. '{"loan_id":1,"month":1,"total_due":500,"balance":"200.50"},'
      .. '{"loan_id":1,"month":2,"total_due":500,"balance":600}]}'
    local schedule = helper.ok(ask(transport.json(body)))
    assert.equal(29950, schedule[1].paid_minor)
    assert.equal(20050, schedule[1].outstanding_minor)
    assert.is_nil(schedule[2].paid_minor)
    assert.equal(60000, schedule[2].outstanding_minor)
    schedule:close()
  end)

  it("reads numbers and flags that come as strings, and nulls as not told", function()
    local schedule = helper.ok(ask("pezesha/strings.200.json"))
    assert.truthy(#schedule > 0)
    assert.is_number(schedule[1].total_due_minor)
    schedule:close()
    schedule = helper.ok(ask("pezesha/nulls.200.json"))
    assert.truthy(#schedule > 0)
    schedule:close()
  end)

  it("takes a single object for one row, and keeps loans apart", function()
    local schedule = helper.ok(ask("pezesha/one_row.200.json"))
    assert.equal(1, #schedule)
    schedule:close()
    schedule = helper.ok(ask("pezesha/two_loans.200.json"))
    local loans = {}
    for _, row in schedule:rows() do
      loans[row.loan_id] = true
    end
    local count = 0
    for _ in pairs(loans) do
      count = count + 1
    end
    assert.equal(2, count)
    schedule:close()
  end)

  it("has no rows where the list is empty", function()
    local schedule = helper.ok(ask("pezesha/empty_data.200.json"))
    assert.equal(0, #schedule)
    schedule:close()
  end)

  local failures = {
    { "pezesha/no_active_loan.404.json", "not_found", "refused",
      "Unable to find active loan tied to merchant" },
    { "pezesha/no_active_loan.200.json", "not_found", "refused" },
    { "pezesha/null_data.200.json", "bad_response", "unknown" },
    { "pezesha/text_data.200.json", "bad_response", "unknown" },
    { "pezesha/html.200.html", "bad_response", "unknown" },
    { "pezesha/empty.200.txt", "bad_response", "unknown" },
    { "pezesha/unauthenticated_s11.401.json", "auth", "not_sent" },
    { "pezesha/wrong_type.200.json", "bad_response", "unknown" },
    { "pezesha/duplicate_member.200.json", "bad_response", "unknown" },
    { "pezesha/fraction.200.json", "bad_response", "unknown" },
    { "pezesha/error_with_rows.200.json" },
    { "pezesha/error_word.200.json" },
    { "pezesha/error_one.200.json" },
    { "pezesha/green_s7.200.json" },
    { "pezesha/refused_s6.202.json" },
    { "pezesha/unable_s4.200.json" },
    { "pezesha/down.500.json", "unavailable" },
    { "pezesha/limited.429.html", "rate_limited" },
  }
  for _, case in ipairs(failures) do
    it("never takes " .. case[1] .. " for a success", function()
      -- A limit is waited for, and over a socket that takes its time.
      local changes = case[2] == "rate_limited" and { attempts = 1 } or nil
      local err = helper.fails(helper.ask("pezesha", "schedule", mount_of().canned(case[1]),
        changes))
      if case[2] then
        assert.equal(case[2], err.kind, tostring(err))
      end
      if case[3] then
        assert.equal(case[3], err.outcome, tostring(err))
      end
      if case[4] then
        assert.equal(case[4], err.provider_message)
      end
      assert.equal("merchant_jane", err.subject)
    end)
  end
end)
