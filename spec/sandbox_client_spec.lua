-- The client against the sandbox: every documented call and refusal, every switch each way, every
-- fault with its kind and outcome, in process and over real sockets. The ledger is the judge.

local cases = require("spec.support.client_cases")
local helper = require("spec.support.helper")
local mounts = require("spec.support.sandbox_mounts")
local sandbox = require("repay.sandbox")

local words = { describe = describe, setup = setup, teardown = teardown }

local ids = sandbox.ids

-- All of it, over a mount that is there when tests run.
local function suite(mount_of)
  local mount

  before_each(function()
    mount = mount_of()
    mount.reset()
  end)

  it("reads the documented schedules, amount by amount", function()
    local _, _, rows = cases.ask(mount, "carbon", "schedule", { loan_id = ids.carbon.loan })
    assert.are.same({
      { number = 1, due_date = "2025-02-15", principal_minor = 6666666, interest_minor = 533333,
        total_due_minor = 7199999, paid_minor = 0, outstanding_minor = 7199999,
        overpaid_minor = 0,
        loan_id = ids.carbon.loan, status = "pending" },
      { number = 2, due_date = "2025-03-15", principal_minor = 6666666, interest_minor = 480000,
        total_due_minor = 7146666, paid_minor = 0, outstanding_minor = 7146666,
        overpaid_minor = 0,
        loan_id = ids.carbon.loan, status = "pending" },
    }, rows)
    _, _, rows = cases.ask(mount, "pezesha", "schedule", { merchant_id = ids.pezesha.merchant })
    local outstanding = 0
    for _, row in ipairs(rows) do outstanding = outstanding + row.outstanding_minor end
    assert.are.same({ 3, 150000, "2020-07-04" }, { #rows, outstanding, rows[3].due_date })
    _, _, rows = cases.ask(mount, "fincode", "pending", { user_id = ids.fincode.customer })
    outstanding = 0
    for _, row in ipairs(rows) do outstanding = outstanding + row.outstanding_minor end
    assert.are.same({ 7, 45000050 }, { #rows, outstanding })
  end)

  it("records a repayment once and follows it to its verification", function()
    local receipt = assert(cases.pay(mount))
    assert.are.equal(5000000, receipt.amount_minor)
    assert.are.equal("PENDING_VERIFICATION", receipt.verification_status)
    cases.same_ledger(mount, { { 5000000, "unique-key-12345", "PENDING_VERIFICATION" } })
    local _, _, rows = cases.ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
    assert.are.equal(1, #rows)
    mount.verify(receipt.id)
    _, _, rows = cases.ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
    assert.are.same({ 2, "paid" }, { #rows, rows[2].status })
  end)

  it("gets the same receipt for the same key, and one record", function()
    local first, again = assert(cases.pay(mount)), assert(cases.pay(mount))
    assert.are.equal(first.id, again.id)
    cases.same_ledger(mount, { { 5000000, "unique-key-12345", "PENDING_VERIFICATION" } })
  end)

  it("maps each documented refusal to its kind, and nothing is recorded", function()
    local other = mount.token("fincode", ids.fincode.two_loans)
    local fincode = ids.fincode
    local refusals = {
      { "not_found", { account_id = fincode.bank_account } },
      { "loan_closed", { customer_id = fincode.closed, account_id = fincode.closed_account } },
      { "forbidden", {}, { token = other } },
      { "manual_repayment_not_allowed",
        { customer_id = fincode.third_party, account_id = fincode.third_party_account } },
      { "amount_invalid", { amount = "450000.51" } },
      { "bank_account_mismatch", { bank_account_id = fincode.account } },
      { "loan_application_missing", { customer_id = fincode.missing_application,
        account_id = fincode.missing_application_account } },
    }
    for index, case in ipairs(refusals) do
      case[2].idempotency_key = "key-" .. index
      local _, err = cases.pay(mount, case[2], case[3])
      assert.are.same({ case[1], "refused" }, { err.kind, err.outcome })
    end
    for provider, arguments in pairs({ carbon = { loan_id = ids.carbon.unknown },
      pezesha = { merchant_id = ids.pezesha.no_loan },
      fincode = { customer_id = ids.fincode.unknown } }) do
      local _, err = cases.ask(mount, provider, "schedule", arguments)
      assert.are.equal("not_found", err.kind, provider)
    end
    local _, err = cases.ask(mount, "carbon", "schedule", { loan_id = ids.carbon.not_registered })
    assert.are.equal("loan_not_registered", err.kind)
    assert.are.same({}, mount.ledger().repayments)
  end)

  it("sends only what the pages document: the strict sandbox refuses nothing", function()
    cases.picture(mount)
    for _, request in ipairs(mount.ledger().requests) do
      assert.are_not.equal("dropped", request.result)
      assert.is_true(request.status ~= 400 or request.provider == "carbon")
    end
  end)

  it("ends each fault on a write in its kind and outcome, and the ledger agrees", function()
    for _, case in ipairs(cases.WRITE_FAULTS) do
      if not case.only or case.only == (mount.is_wire and "wire" or "in process") then
        mount.reset()
        mount.fault(case[1])
        local receipt, err = cases.pay(mount, nil, cases.patience(case[1]))
        local what = cases.describe_rule(case[1])
        assert.is_nil(receipt, what)
        assert.are.same({ case[2], case[3] }, { err.kind, err.outcome }, what)
        assert.are.equal(case[4], #mount.ledger().repayments, what)
        -- What was not sent may be tried again; all else is one attempt.
        if case[3] ~= "not_sent" then
          assert.are.equal(1, mount.ledger().request_count, what)
        end
      end
    end
  end)

  it("accepts through faults that do not touch the answer", function()
    for _, rule in ipairs(cases.HARMLESS) do
      mount.reset()
      mount.fault(rule)
      local receipt = cases.pay(mount)
      assert.is_table(receipt, cases.describe_rule(rule))
      local ledger = mount.ledger()
      assert.are.equal(1, #ledger.repayments)
      assert.are.equal(receipt.id, ledger.repayments[1].id)
    end
  end)

  it("ends a refusal whose reply is lost as unknown, and nothing is recorded", function()
    mount.fault({ kind = "reply_lost", when = "refused" })
    local _, err = cases.pay(mount, { bank_account_id = ids.fincode.account })
    assert.are.same({ "connection_lost", "unknown" }, { err.kind, err.outcome })
    assert.are.same({}, mount.ledger().repayments)
  end)

  it("meets 409 while the first attempt runs, and never takes it for a refusal", function()
    mount.fault({ kind = "conflict_while_running", ms = 1500, nth = 1 })
    local _, err = cases.pay(mount, nil, cases.IMPATIENT)
    assert.are.same({ "timeout", "unknown" }, { err.kind, err.outcome })
    _, err = cases.pay(mount)
    assert.are.same({ "conflict", "unknown" }, { err.kind, err.outcome })
    assert.are.equal(1, #mount.ledger().repayments)
  end)

  it("shows what keys are for: ignored or forgotten, the same key pays twice", function()
    mount.fault({ kind = "keys_ignored" })
    assert(cases.pay(mount))
    assert(cases.pay(mount))
    assert.are.equal(2, #mount.ledger().repayments)
    mount.reset()
    mount.fault({ kind = "keys_forgotten", after_ms = 1000 })
    assert(cases.pay(mount))
    mount.advance(1000)
    assert(cases.pay(mount))
    assert.are.equal(2, #mount.ledger().repayments)
  end)

  it("sees lists that lag, miss and repeat", function()
    assert(cases.pay(mount))
    local function count()
      local _, _, rows = cases.ask(mount, "fincode", "schedule",
        { customer_id = ids.fincode.customer })
      return #rows
    end
    assert.are.equal(2, count())
    for kind, expected in pairs({ list_lags = 1, list_misses = 1, list_repeats = 3 }) do
      mount.fault({ kind = kind, ms = 60000 })
      assert.are.equal(expected, count(), kind)
      mount.clear_faults()
    end
  end)

  it("sees a rejection after the acceptance only as an absence among the repaid", function()
    local receipt = assert(cases.pay(mount))
    mount.reject(receipt.id)
    local _, _, rows = cases.ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
    assert.are.equal(1, #rows)
    cases.same_ledger(mount, { { 5000000, "unique-key-12345", "REJECTED" } })
  end)

  it("stops at a token that expires in the middle of a batch", function()
    mount.fault({ kind = "token_expires", route = "repay_loan", nth = 3 })
    local ended = {}
    for index = 1, 4 do
      local receipt, err = cases.pay(mount, { amount = "1.00", idempotency_key = "key-" .. index })
      ended[index] = receipt and "accepted" or err.outcome
    end
    assert.are.same({ "accepted", "accepted", "not_sent", "not_sent" }, ended)
    assert.are.equal(2, #mount.ledger().repayments)
  end)

  it("tries reads again where that helps, and says why where it does not", function()
    -- Whatever carries the bytes, the same code reads them; where waits are real one provider shows
    -- it.
    local providers = mount.is_wire and { "carbon" } or { "carbon", "pezesha", "fincode" }
    for _, provider in ipairs(providers) do
      local arguments = provider == "carbon" and { loan_id = ids.carbon.loan }
        or provider == "pezesha" and { merchant_id = ids.pezesha.merchant }
        or { customer_id = ids.fincode.customer }
      for _, case in ipairs(cases.READ_FAULTS) do
        if not case.only or case.only == provider then
          cases.read_through(mount, provider, arguments, case)
        end
      end
    end
  end)
end

-- Switches under which a client's results must be the same, each at another value than its first;
-- where there are several, the number says which. Nil when that would be nothing new.
local function other_readings(number)
  local values, is_new = {}, false
  for _, switch in ipairs(sandbox.switch_list) do
    local same = {}
    for index = 2, #switch.values do
      if not sandbox.switch_changes(switch, switch.values[index]) then
        same[#same + 1] = switch.values[index]
      end
    end
    if #same > 0 then
      values[switch.name] = same[math.min(number, #same)]
      is_new = is_new or number <= #same
    end
  end
  return is_new and values or nil
end

describe("the faults of the sandbox", function()
  it("are all met by the client's suite", function()
    local met = {}
    for _, case in ipairs(cases.WRITE_FAULTS) do met[case[1].kind] = true end
    for _, rule in ipairs(cases.HARMLESS) do met[rule.kind] = true end
    for _, fault in ipairs(sandbox.fault_list) do
      assert.is_true(met[fault.name] or false, fault.name)
    end
  end)
end)

-- The same mount, whose switches stay as they are put here whenever it begins anew.
local function switched(mount_of, values)
  return function()
    local mount = mount_of()
    return setmetatable({
      reset = function()
        mount.reset()
        mount.set(values)
      end,
    }, { __index = mount })
  end
end

mounts.each(words,
  "the client over the sandbox", function(mount_of, name)
    helper.watch(after_each)

    describe("as documented", function() suite(mount_of) end)

    -- What travels differently is seen once; each further reading only differs in the bytes.
    for reading = 1, name == "in_process" and 9 or 1 do
      local values = other_readings(reading)
      if values then
        describe("with every switch at another reading, " .. reading, function()
          suite(switched(mount_of, values))
        end)
      end
    end

    local mount

    before_each(function()
      mount = mount_of()
      mount.reset()
    end)

    describe("with the switch", function()
      local before

      setup(function()
        mount = mount_of()
        mount.reset()
        before = cases.picture(mount)
      end)

      for _, switch in ipairs(sandbox.switch_list) do
        for _, value in ipairs(switch.values) do
          it(switch.name .. " = " .. tostring(value), function()
            mount.set({ [switch.name] = value })
            local after = cases.picture(mount)
            for number, entry in ipairs(after) do
              if not sandbox.switch_changes(switch, value) then
                assert.are.same(before[number], entry)
              else
                -- Other figures or outcomes are right here; a guess or a failure to read is not.
                local malformed = cases.MALFORMED[switch.name] == value
                  and entry.kind == "bad_response"
                assert.is_true(malformed or entry.outcome ~= "unknown", entry.call)
                assert.are_not.equal("invalid_argument", entry.kind, entry.call)
              end
            end
            local accepted = {}
            for _, entry in ipairs(after) do
              if entry.id then accepted[entry.id] = entry.amount_minor end
            end
            for _, record in ipairs(mount.ledger().repayments) do
              assert.are.equal(accepted[record.id], record.amount_minor)
              accepted[record.id] = nil
            end
            assert.is_nil(next(accepted))
          end)
        end
      end
    end)

    if name ~= "in_process" then
      it("sends nothing where nobody listens", function()
        local client = mount.open("fincode", {
          base_url = "http://127.0.0.1:" .. mount.server.ports.refused
            .. "/fincode/api/v1/services",
        })
        local _, err = client:repay(cases.repayment())
        assert.are.same({ "connect", "not_sent" }, { err.kind, err.outcome })
      end)

      it("uses a fresh connection for every write, which no other request shares", function()
        local client = mount.open("fincode")
        for index = 1, 3 do
          assert(client:schedule({ customer_id = ids.fincode.customer }))
          assert(client:repay(cases.repayment({ amount = "1.00",
            idempotency_key = "key-" .. index })))
        end
        local uses, writes = {}, {}
        for _, request in ipairs(mount.ledger().requests) do
          uses[request.connection] = (uses[request.connection] or 0) + 1
          if request.method == "POST" then writes[#writes + 1] = request.connection end
        end
        assert.are.equal(3, #writes)
        for _, connection in ipairs(writes) do assert.are.equal(1, uses[connection]) end
      end)
    end

    if name == "https" then
      it("refuses bad certificates before anything is sent", function()
        for _, port in ipairs({ "tls_expired", "tls_wrong_host", "tls_self_signed" }) do
          local client = mount.open("fincode", {
            base_url = "https://localhost:" .. mount.server.ports[port]
              .. "/fincode/api/v1/services",
          })
          local _, err = client:repay(cases.repayment())
          assert.are.same({ "tls", "not_sent" }, { err.kind, err.outcome }, port)
        end
        assert.are.equal(0, mount.ledger().request_count)
      end)
    end
  end)
