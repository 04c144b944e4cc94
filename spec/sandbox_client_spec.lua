-- The client against the sandbox: every documented call and refusal, every switch each way, every
-- fault with its kind and outcome, in process and over real sockets. The ledger is the judge.

local mounts = require("spec.support.sandbox_mounts")
local sandbox = require("repay.sandbox")

local ids = sandbox.ids

local FIELDS = {
  "loan_id", "number", "due_date", "principal_minor", "interest_minor", "penalty_minor",
  "total_due_minor", "paid_minor", "outstanding_minor", "status",
}

local function repayment(changes)
  local arguments = {
    customer_id = ids.fincode.customer, account_id = ids.fincode.account,
    bank_account_id = ids.fincode.bank_account, amount = "50000.00",
    reference = "REF-2024-01-15-001", payment_date = "2024-01-15T10:00:00Z",
    narration = "Monthly installment payment", idempotency_key = "unique-key-12345",
  }
  for name, value in pairs(changes or {}) do arguments[name] = value end
  return arguments
end

local function call(client, operation, arguments)
  local value, err = client[operation](client, arguments)
  assert.are_not.equal(value == nil, err == nil)
  local rows
  if value and value.rows then
    rows = {}
    for index = 1, #value do
      local row = value[index]
      rows[index] = {}
      for _, name in ipairs(FIELDS) do rows[index][name] = row[name] end
    end
  end
  return value, err, rows
end

-- One call from open to close.
local function ask(mount, provider, operation, arguments, changes)
  local client = mount.open(provider, changes)
  local value, err, rows = call(client, operation, arguments)
  client:close()
  return value, err, rows
end

-- For faults that only a deadline ends.
local IMPATIENT = { attempt_timeout_ms = 300 }
local WAITING = { stall = true, dribble = true, conflict_while_running = true }

local function patience(rule)
  return WAITING[rule.kind] and rule.ms > 20 and IMPATIENT or nil
end

local function pay(mount, changes, options)
  return ask(mount, "fincode", "repay", repayment(changes), options)
end

-- Everything that a client can learn, as plain data: what must not depend on a switch of form.
local CALLS = {
  { "carbon", "schedule", { loan_id = ids.carbon.loan } },
  { "carbon", "schedule", { loan_id = ids.carbon.partly_paid } },
  { "carbon", "schedule", { loan_id = ids.carbon.overdue } },
  { "carbon", "schedule", { loan_id = ids.carbon.closed } },
  { "carbon", "schedule", { loan_id = ids.carbon.unknown } },
  { "carbon", "schedule", { loan_id = ids.carbon.not_registered } },
  { "carbon", "schedule", { loan_id = ids.carbon.loan }, { api_key = "wrong" } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.partly_paid } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.overdue } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.two_loans } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.single } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.paid } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.no_loan } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant }, { token = "wrong" } },
  { "pezesha", "schedule", { merchant_id = ids.pezesha.merchant }, { channel = "Wrong" } },
  { "fincode", "schedule", { customer_id = ids.fincode.customer } },
  { "fincode", "schedule", { customer_id = ids.fincode.paid } },
  { "fincode", "schedule", { customer_id = ids.fincode.no_loan } },
  { "fincode", "schedule", { customer_id = ids.fincode.unknown } },
  { "fincode", "schedule", { customer_id = ids.fincode.customer }, { token = "wrong" } },
  { "fincode", "pending", { user_id = ids.fincode.customer } },
  { "fincode", "pending", { user_id = ids.fincode.two_loans } },
  { "fincode", "repaid", { user_id = ids.fincode.paid } },
  { "fincode", "repay", repayment() },
  { "fincode", "repay", repayment() },
  { "fincode", "repay", repayment({ amount = "0.01", idempotency_key = "key-2" }) },
  { "fincode", "repay", repayment({ amount = "9999999.00", idempotency_key = "key-3" }) },
  { "fincode", "repay", repayment({ bank_account_id = ids.fincode.account,
    idempotency_key = "key-4" }) },
  { "fincode", "schedule", { customer_id = ids.fincode.customer } },
}

-- A reading that leaves out what every schedule must have: an error is then the only honest answer.
local MALFORMED = { closed_schedule = "omitted", no_loan_answer = "missing" }

local RECEIPT = { "id", "amount_minor", "currency", "reference", "verification_status" }

local function picture(mount)
  local seen, clients = {}, {}
  for index, wanted in ipairs(CALLS) do
    local slot = wanted[4] or wanted[1]
    clients[slot] = clients[slot] or mount.open(wanted[1], wanted[4])
    local value, err, rows = call(clients[slot], wanted[2], wanted[3])
    local entry = { call = index .. " " .. wanted[1] .. " " .. wanted[2] }
    if err then
      entry.kind, entry.outcome = err.kind, err.outcome
    elseif rows then
      entry.rows = rows
    else
      for _, name in ipairs(RECEIPT) do entry[name] = value[name] end
    end
    seen[index] = entry
  end
  for _, client in pairs(clients) do client:close() end
  return seen
end

local function same_ledger(mount, expected)
  local repayments = {}
  for index, record in ipairs(mount.ledger().repayments) do
    repayments[index] = { record.amount_minor, record.key, record.status }
  end
  assert.are.same(expected, repayments)
end

-- Faults ------------------------------------------------------------------------------------------

-- What a repayment ends in: rule, kind, outcome, records; `only` is the mount that can show it.
local WRITE_FAULTS = {
  { { kind = "refuse" }, "connect", "not_sent", 0, only = "in process" },
  { { kind = "dns" }, "dns", "not_sent", 0, only = "in process" },
  { { kind = "tls" }, "tls", "not_sent", 0, only = "in process" },
  { { kind = "refuse" }, "connection_lost", "unknown", 0, only = "wire" },
  { { kind = "reset" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", processed = false }, "connection_lost", "unknown", 0 },
  { { kind = "reset", at = "inside_headers" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", at = "after_headers" }, "connection_lost", "unknown", 1 },
  { { kind = "reset", at = "inside_body" }, "connection_lost", "unknown", 1 },
  { { kind = "stall", ms = 1500 }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, processed = false }, "timeout", "unknown", 0 },
  { { kind = "stall", ms = 1500, at = "inside_headers" }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, at = "after_headers" }, "timeout", "unknown", 1 },
  { { kind = "stall", ms = 1500, at = "inside_body" }, "timeout", "unknown", 1 },
  { { kind = "dribble", ms = 50 }, "timeout", "unknown", 1 },
  { { kind = "cut" }, "connection_lost", "unknown", 1 },
  { { kind = "cut", bytes = 0 }, "connection_lost", "unknown", 1 },
  { { kind = "wrong_length" }, "connection_lost", "unknown", 1 },
  { { kind = "wrong_length", delta = -10 }, "bad_response", "unknown", 1 },
  { { kind = "not_json" }, "bad_response", "unknown", 1 },
  { { kind = "html" }, "bad_response", "unknown", 1 },
  { { kind = "empty" }, "bad_response", "unknown", 1 },
  { { kind = "big_body", size = 9000000 }, "too_large", "unknown", 1 },
  { { kind = "deep_nesting" }, "bad_response", "unknown", 1 },
  { { kind = "deep_nesting", depth = 200 }, "bad_response", "unknown", 1 },
  { { kind = "gzip_bomb" }, "bad_response", "unknown", 1 },
  { { kind = "redirect" }, "bad_response", "unknown", 0 },
  { { kind = "redirect", status = 307, processed = true }, "bad_response", "unknown", 1 },
  { { kind = "status", status = 429 }, "rate_limited", "unknown", 0 },
  { { kind = "status", status = 429, retry_after = 1 }, "rate_limited", "unknown", 0 },
  { { kind = "status", status = 500 }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 502, body = "html" }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 503, body = "empty" }, "unavailable", "unknown", 0 },
  { { kind = "status", status = 504, body = "html", processed = true },
    "unavailable", "unknown", 1 },
  { { kind = "status", status = 400, body = "html" }, "validation", "unknown", 0 },
  { { kind = "reply_lost" }, "connection_lost", "unknown", 1 },
  { { kind = "processed_then_status" }, "unavailable", "unknown", 1 },
  { { kind = "processed_then_status", status = 502 }, "unavailable", "unknown", 1 },
  { { kind = "amount_echoed_wrong" }, "bad_response", "unknown", 1 },
  { { kind = "amount_echoed_wrong", delta_minor = -4999999 }, "bad_response", "unknown", 1 },
  { { kind = "token_expires" }, "auth", "not_sent", 0 },
  { { kind = "answered_rejected" }, "rejected", "refused", 1 },
  { { kind = "conflict_while_running", ms = 1500 }, "timeout", "unknown", 1 },
}

-- Faults after which a repayment is accepted all the same.
local HARMLESS = {
  { kind = "stall", ms = 20 }, { kind = "dribble", ms = 0 }, { kind = "keys_forgotten" },
  { kind = "keys_ignored" }, { kind = "list_lags" }, { kind = "list_misses" },
  { kind = "list_repeats" }, { kind = "verification_delayed" },
  { kind = "rejected_later", ms = 1000 },
  { kind = "date_skewed", ms = 3600000 }, { kind = "date_skewed", ms = -86400000 },
  { kind = "conflict_while_running", ms = 20 },
}

-- What a read ends in when the fault comes once, and how many requests it took.
local READ_FAULTS = {
  { { kind = "reset" }, nil, 2 }, { { kind = "reset", at = "inside_body" }, nil, 2 },
  { { kind = "stall", ms = 1500 }, nil, 2 }, { { kind = "cut" }, nil, 2 },
  { { kind = "wrong_length" }, nil, 2 }, { { kind = "status", status = 503 }, nil, 2 },
  { { kind = "status", status = 502, body = "html" }, nil, 2 },
  { { kind = "status", status = 500, body = "empty" }, nil, 2 },
  { { kind = "status", status = 504 }, nil, 2 }, { { kind = "status", status = 429 }, nil, 2 },
  { { kind = "status", status = 429, retry_after = 1 }, nil, 2, only = "carbon" },
  { { kind = "status", status = 503, retry_after = "date", ms = 1000 }, nil, 2, only = "carbon" },
  { { kind = "html" }, "bad_response", 1 }, { { kind = "empty" }, "bad_response", 1 },
  { { kind = "not_json" }, "bad_response", 1 }, { { kind = "gzip_bomb" }, "bad_response", 1 },
  { { kind = "deep_nesting" }, "bad_response", 1 },
  { { kind = "big_body", size = 9000000 }, "too_large", 1 },
  { { kind = "redirect" }, "bad_response", 1 },
  { { kind = "wrong_length", delta = -10 }, "bad_response", 1 },
  { { kind = "token_expires" }, "auth", 1 },
}

local describe_rule

-- One read while a fault comes once.
local function read_through(mount, provider, arguments, case)
  local rule = { times = 1 }
  for member, value in pairs(case[1]) do rule[member] = value end
  mount.reset()
  mount.fault(rule)
  local value, err = ask(mount, provider, "schedule", arguments, patience(rule))
  local what = provider .. " " .. describe_rule(rule)
  if case[2] then
    assert.is_nil(value, what)
    assert.are.equal(case[2], err.kind, what)
  else
    assert.is_truthy(value, what .. " " .. tostring(err))
  end
  assert.are.equal(case[3], mount.ledger().request_count, what)
end

function describe_rule(rule)
  local names, parts = {}, {}
  for name in pairs(rule) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do parts[#parts + 1] = name .. "=" .. tostring(rule[name]) end
  return table.concat(parts, " ")
end

-- The suite ---------------------------------------------------------------------------------------

for _, name in ipairs({ "in_process", "http", "https" }) do
  local tag = name == "in_process" and "" or " #slow"
  describe("the client over the sandbox, " .. name:gsub("_", " ") .. tag, function()
    local mount

    setup(function() mount = mounts[name]() end)
    teardown(function() mount.stop() end)
    before_each(function() mount.reset() end)

    it("reads the documented schedules, amount by amount", function()
      local _, _, rows = ask(mount, "carbon", "schedule", { loan_id = ids.carbon.loan })
      assert.are.same({
        { number = 1, due_date = "2025-02-15", principal_minor = 6666666, interest_minor = 533333,
          total_due_minor = 7199999, paid_minor = 0, outstanding_minor = 7199999,
          loan_id = ids.carbon.loan, status = "pending" },
        { number = 2, due_date = "2025-03-15", principal_minor = 6666666, interest_minor = 480000,
          total_due_minor = 7146666, paid_minor = 0, outstanding_minor = 7146666,
          loan_id = ids.carbon.loan, status = "pending" },
      }, rows)
      _, _, rows = ask(mount, "pezesha", "schedule", { merchant_id = ids.pezesha.merchant })
      local outstanding = 0
      for _, row in ipairs(rows) do outstanding = outstanding + row.outstanding_minor end
      assert.are.same({ 3, 150000, "2020-07-04" }, { #rows, outstanding, rows[3].due_date })
      _, _, rows = ask(mount, "fincode", "pending", { user_id = ids.fincode.customer })
      outstanding = 0
      for _, row in ipairs(rows) do outstanding = outstanding + row.outstanding_minor end
      assert.are.same({ 7, 45000050 }, { #rows, outstanding })
    end)

    it("records a repayment once and follows it to its verification", function()
      local receipt = assert(pay(mount))
      assert.are.equal(5000000, receipt.amount_minor)
      assert.are.equal("PENDING_VERIFICATION", receipt.verification_status)
      same_ledger(mount, { { 5000000, "unique-key-12345", "PENDING_VERIFICATION" } })
      local _, _, rows = ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
      assert.are.equal(1, #rows)
      mount.verify(receipt.id)
      _, _, rows = ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
      assert.are.same({ 2, "paid" }, { #rows, rows[2].status })
    end)

    it("gets the same receipt for the same key, and one record", function()
      local first, again = assert(pay(mount)), assert(pay(mount))
      assert.are.equal(first.id, again.id)
      same_ledger(mount, { { 5000000, "unique-key-12345", "PENDING_VERIFICATION" } })
    end)

    it("maps each documented refusal to its kind, and nothing is recorded", function()
      local other = mount.token("fincode", ids.fincode.two_loans)
      local fincode = ids.fincode
      local cases = {
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
      for index, case in ipairs(cases) do
        case[2].idempotency_key = "key-" .. index
        local _, err = pay(mount, case[2], case[3])
        assert.are.same({ case[1], "refused" }, { err.kind, err.outcome })
      end
      for provider, arguments in pairs({ carbon = { loan_id = ids.carbon.unknown },
        pezesha = { merchant_id = ids.pezesha.no_loan },
        fincode = { customer_id = ids.fincode.unknown } }) do
        local _, err = ask(mount, provider, "schedule", arguments)
        assert.are.equal("not_found", err.kind, provider)
      end
      local _, err = ask(mount, "carbon", "schedule", { loan_id = ids.carbon.not_registered })
      assert.are.equal("loan_not_registered", err.kind)
      assert.are.same({}, mount.ledger().repayments)
    end)

    it("sends only what the pages document: the strict sandbox refuses nothing", function()
      picture(mount)
      for _, request in ipairs(mount.ledger().requests) do
        assert.are_not.equal("dropped", request.result)
        assert.is_true(request.status ~= 400 or request.provider == "carbon")
      end
    end)

    it("ends each fault on a write in its kind and outcome, and the ledger agrees", function()
      for _, case in ipairs(WRITE_FAULTS) do
        if not case.only or case.only == (mount.is_wire and "wire" or "in process") then
          mount.reset()
          mount.fault(case[1])
          local receipt, err = pay(mount, nil, patience(case[1]))
          local what = describe_rule(case[1])
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
      for _, rule in ipairs(HARMLESS) do
        mount.reset()
        mount.fault(rule)
        local receipt = pay(mount)
        assert.is_table(receipt, describe_rule(rule))
        local ledger = mount.ledger()
        assert.are.equal(1, #ledger.repayments)
        assert.are.equal(receipt.id, ledger.repayments[1].id)
      end
    end)

    it("ends a refusal whose reply is lost as unknown, and nothing is recorded", function()
      mount.fault({ kind = "reply_lost", when = "refused" })
      local _, err = pay(mount, { bank_account_id = ids.fincode.account })
      assert.are.same({ "connection_lost", "unknown" }, { err.kind, err.outcome })
      assert.are.same({}, mount.ledger().repayments)
    end)

    it("meets 409 while the first attempt runs, and never takes it for a refusal", function()
      mount.fault({ kind = "conflict_while_running", ms = 1500, nth = 1 })
      local _, err = pay(mount, nil, IMPATIENT)
      assert.are.same({ "timeout", "unknown" }, { err.kind, err.outcome })
      _, err = pay(mount)
      assert.are.equal("unknown", err.outcome)
      assert.are.equal(409, err.http_status)
      assert.are.equal(1, #mount.ledger().repayments)
    end)

    it("shows what keys are for: ignored or forgotten, the same key pays twice", function()
      mount.fault({ kind = "keys_ignored" })
      assert(pay(mount))
      assert(pay(mount))
      assert.are.equal(2, #mount.ledger().repayments)
      mount.reset()
      mount.fault({ kind = "keys_forgotten", after_ms = 1000 })
      assert(pay(mount))
      mount.advance(1000)
      assert(pay(mount))
      assert.are.equal(2, #mount.ledger().repayments)
    end)

    it("sees lists that lag, miss and repeat", function()
      assert(pay(mount))
      local function count()
        local _, _, rows = ask(mount, "fincode", "schedule", { customer_id = ids.fincode.customer })
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
      local receipt = assert(pay(mount))
      mount.reject(receipt.id)
      local _, _, rows = ask(mount, "fincode", "repaid", { user_id = ids.fincode.customer })
      assert.are.equal(1, #rows)
      same_ledger(mount, { { 5000000, "unique-key-12345", "REJECTED" } })
    end)

    it("stops at a token that expires in the middle of a batch", function()
      mount.fault({ kind = "token_expires", route = "repay_loan", nth = 3 })
      local ended = {}
      for index = 1, 4 do
        local receipt, err = pay(mount, { amount = "1.00", idempotency_key = "key-" .. index })
        ended[index] = receipt and "accepted" or err.outcome
      end
      assert.are.same({ "accepted", "accepted", "not_sent", "not_sent" }, ended)
      assert.are.equal(2, #mount.ledger().repayments)
    end)

    it("tries reads again where that helps, and says why where it does not", function()
      -- Over TLS the bytes are read by the same code; one provider shows it.
      local providers = mount.is_tls and { "carbon" } or { "carbon", "pezesha", "fincode" }
      for _, provider in ipairs(providers) do
        local arguments = provider == "carbon" and { loan_id = ids.carbon.loan }
          or provider == "pezesha" and { merchant_id = ids.pezesha.merchant }
          or { customer_id = ids.fincode.customer }
        for _, case in ipairs(READ_FAULTS) do
          if not case.only or case.only == provider then
            read_through(mount, provider, arguments, case)
          end
        end
      end
    end)

    describe("with the switch", function()
      local before

      setup(function()
        mount.reset()
        before = picture(mount)
      end)

      for _, switch in ipairs(sandbox.switch_list) do
        for _, value in ipairs(switch.values) do
          it(switch.name .. " = " .. tostring(value), function()
            mount.set({ [switch.name] = value })
            local after = picture(mount)
            for number, entry in ipairs(after) do
              if not sandbox.switch_changes(switch, value) then
                assert.are.same(before[number], entry)
              else
                -- Other figures or outcomes are right here; a guess or a failure to read is not.
                local malformed = MALFORMED[switch.name] == value and entry.kind == "bad_response"
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
        local _, err = client:repay(repayment())
        assert.are.same({ "connect", "not_sent" }, { err.kind, err.outcome })
      end)

      it("uses a fresh connection for every write, which no other request shares", function()
        local client = mount.open("fincode")
        for index = 1, 3 do
          assert(client:schedule({ customer_id = ids.fincode.customer }))
          assert(client:repay(repayment({ amount = "1.00", idempotency_key = "key-" .. index })))
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
          local _, err = client:repay(repayment())
          assert.are.same({ "tls", "not_sent" }, { err.kind, err.outcome }, port)
        end
        assert.are.equal(0, mount.ledger().request_count)
      end)
    end
  end)
end
