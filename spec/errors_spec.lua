local errors = require "repay.error"
local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

mounts.each(words, "an error", function(mount_of)
  helper.watch(after_each)

  it("is a table of facts that prints as one line", function()
    local err = helper.fails(helper.ask("carbon", "schedule",
      mount_of().canned("carbon/loan_not_found.400.json")))
    assert.equal("not_found", err.kind)
    assert.equal("refused", err.outcome)
    assert.equal("carbon", err.provider)
    assert.equal("schedule", err.operation)
    assert.equal("LOAN_ABC123", err.subject)
    assert.equal(400, err.http_status)
    assert.equal("Loan not found", err.provider_message)
    assert.is_false(err.retryable)
    assert.is_nil(err.offset)
    assert.is_nil(err.retry_after_ms)
    assert.is_nil(err.idempotency_key)
    assert.equal("carbon schedule LOAN_ABC123: Loan not found (HTTP 400) [not_found, refused]",
      tostring(err))
  end)

  it("joins to text, and can be raised as it is", function()
    local err = helper.fails(helper.ask("carbon", "schedule",
      mount_of().canned("carbon/loan_not_found.400.json")))
    assert.equal("failed: " .. tostring(err), "failed: " .. err)
    local ok, raised = pcall(error, err)
    assert.is_false(ok)
    assert.equal(err, raised)
  end)

  it("is told apart by kind", function()
    local err = helper.fails(helper.ask("carbon", "schedule",
      mount_of().canned("carbon/loan_not_found.400.json")))
    assert.is_true(errors.is(err))
    assert.is_true(errors.is(err, "not_found"))
    assert.is_false(errors.is(err, "timeout"))
    assert.is_false(errors.is({ kind = "not_found" }, "not_found"))
    assert.is_false(errors.is("not_found"))
    assert.is_false(errors.is(nil))
  end)

  it("names the first wrong byte of a body", function()
    local cases = {
      { '{"status":"success","data":{"schedule":[{"totalDue":7x}]}}', "7x", 1 },
      { '{"status":"success","data":{"schedule":[{"totalDue":1.5}]}}', "1.5", 2 },
      { '{"status":"success","data":{"schedule":[{"totalDue":1,"totalDue":2}]}}',
        '"totalDue":2', 0 },
      { '{"status":"success","data":{"schedule":[{"totalDue":true}]}}', "true", 0 },
    }
    for _, case in ipairs(cases) do
      local err = helper.fails(helper.ask("carbon", "schedule",
        mount_of().canned(transport.json(case[1]))))
      assert.equal("bad_response", err.kind)
      assert.equal(case[1]:find(case[2], 1, true) - 1 + case[3], err.offset, tostring(err))
    end
  end)

  it("names the end of a body that is cut", function()
    local body = transport.read("carbon/cut.200.json")
    local err = helper.fails(helper.ask("carbon", "schedule",
      mount_of().canned(transport.json(body))))
    assert.equal("bad_response", err.kind)
    assert.equal(#body, err.offset)
  end)

  it("lists the attempts, with what each met and why another followed", function()
    local canned = mount_of().canned("carbon/down.503.json", "carbon/down.503.json",
      "carbon/down.503.json")
    local err = helper.fails(helper.ask("carbon", "schedule", canned))
    assert.equal("unavailable", err.kind)
    assert.equal(3, #err.attempts)
    assert.equal(3, #canned.requests)
    for i = 1, 3 do
      assert.equal("unavailable", err.attempts[i].kind)
      assert.equal(503, err.attempts[i].http_status)
      assert.is_string(err.attempts[i].reason)
    end
    assert.equal("attempts_used", err.attempts[3].reason)
    assert.equal(0, err.attempts[3].wait_ms)
    assert.truthy(tostring(err):find("3 attempts", 1, true))
    assert.is_true(err.retryable)
  end)

  it("cuts and cleans what the provider said", function()
    local body = '{"status":"failed","message":"line one\\nline two \\u001b[31m'
      .. ("x"):rep(1000) .. '"}'
    local err = helper.fails(helper.ask("carbon", "schedule",
      mount_of().canned({ status = 400, body = body })))
    assert.truthy(#err.provider_message <= 500)
    assert.falsy(err.provider_message:find("%c"))
    assert.falsy(tostring(err):find("%c"))
  end)

  it("is one line even for an id with a line break in it", function()
    local client = helper.open("carbon", mount_of().canned("carbon/schedule.200.json"))
    local err = helper.fails(client:schedule { loan_id = "a\nb" })
    assert.equal("loan_id", err.field)
    assert.truthy(tostring(err):find("^carbon schedule a%?b: "))
    client:close()
  end)
end)

describe("an error over a message transport", function()
  helper.watch(after_each)

  it("tells of each attempt how long was slept after it", function()
    local canned = transport.new("carbon/down.503.json")
    local err = helper.fails(helper.ask("carbon", "schedule", canned))
    assert.equal(2, #canned.slept)
    for i = 1, 2 do
      assert.equal(canned.slept[i], err.attempts[i].wait_ms)
      assert.truthy(canned.slept[i] > 0)
    end
  end)

  it("is retryable for a write only when nothing can have left", function()
    local cases = {
      { { kind = "connect", sent = "no" }, "not_sent", true },
      { { kind = "dns", sent = "no" }, "not_sent", true },
      { { kind = "timeout", sent = "maybe" }, "unknown", false },
      { { kind = "connection_lost" }, "unknown", false },
      { "fincode/auth_required.401.json", "not_sent", false },
      { "fincode/loan_closed.422.json", "refused", false },
      { "fincode/server_error.500.json", "unknown", false },
    }
    for _, case in ipairs(cases) do
      local err = helper.fails(helper.ask("fincode", "repay", transport.new(case[1])))
      assert.equal(case[2], err.outcome, tostring(err))
      assert.equal(case[3], err.retryable, tostring(err))
    end
  end)

  it("waits as long as the provider asks, within bounds, and says so", function()
    local limited = { status = 429, headers = { ["Retry-After"] = "7" }, body = "{}" }
    local canned = transport.new(limited, "carbon/schedule.200.json")
    helper.ok(helper.ask("carbon", "schedule", canned)):close()
    assert.same({ 7000 }, canned.slept)
    canned = transport.new(limited)
    local err = helper.fails(helper.ask("carbon", "schedule", canned, { attempts = 1 }))
    assert.equal(7000, err.retry_after_ms)
    assert.equal("rate_limited", err.kind)
  end)

  it("is made in Lua with the same shape", function()
    local err = errors.new { kind = "invalid_argument", message = "no" }
    assert.equal("not_sent", err.outcome)
    assert.equal("no [invalid_argument, not_sent]", tostring(helper.fails(nil, err)))
  end)
end)
