-- From an entry and its next step to a row, a sentence and an exit code: pure, so every state and
-- every step is held here.
local entries = require "repay.cli.entries"
local exit = require "repay.cli.exit"
local words = require "repay.journal.words"

local DUE_MS = 1737370800000 -- 2025-01-20T11:00:00Z

local function entry_of(state, changes)
  local entry = { id = "01890a5d-0000-7000-8000-000000000001", state = state, number = 1,
    provider = "carbon", label = "main", account = "A-1", amount_minor = 500000,
    currency = "NGN", payment_date = "2025-01-20", reference = "REF 1" }
  for name, value in pairs(changes or {}) do
    entry[name] = value
  end
  return entry
end

-- state, action, word, code, a part of the sentence
local CASES = {
  { "planned", "approve", "approve", 6, "repay approve 01890a5d" },
  { "approved", "send", "run", 8, "repay run 01890a5d" },
  { "approved", "held", "wait", 8, "another process" },
  { "sending", "held", "wait", 8, "another process" },
  { "sending", "resend", "recover", 8, "repay recover" },
  { "unknown", "resend", "recover", 8, "repay recover" },
  { "unknown", "wait", "wait", 8, "wait until 2025-01-20T11:00:00Z" },
  { "unknown", "reconcile", "reconcile", 3, "repay reconcile" },
  { "unknown", "ask", "resolve", 3, "repay resolve 01890a5d" },
  { "accepted", "verify", nil, 0, "repay reconcile sees" },
  { "accepted", "stale", "ask provider", 3, "ask the provider" },
  { "verified", "none", nil, 0, "nothing" },
  { "refused", "none", "replace", 1, "repay replace 01890a5d" },
  { "rejected", "none", "replace", 1, "repay replace 01890a5d" },
  { "absent", "none", "replace", 3, "repay replace 01890a5d" },
  { "cancelled", "none", nil, 0, "repay replace 01890a5d" },
  { "expired", "none", nil, 0, "repay replace 01890a5d" },
}

describe("an entry of the command", function()
  for _, case in ipairs(CASES) do
    local state, action, word, code, part = (unpack or table.unpack)(case, 1, 5)
    it(("that is %s with the next step '%s' says so"):format(state, action), function()
      local entry = entry_of(state)
      local next_step = { action = action, why = "final",
        due_ms = action == "wait" and DUE_MS or nil }
      local row = entries.row(entry, next_step)
      assert.equal(word, row.next)
      assert.equal(code, entries.code(entry, next_step))
      assert.is_truthy(entries.next_sentence(entry, next_step):find(part, 1, true))
      assert.equal(action == "wait" and "2025-01-20T11:00:00Z" or nil, row.decided_at)
      assert.is_true(#row.why > 0)
    end)
  end

  it("names a next step wherever somebody is needed", function()
    for _, case in ipairs(CASES) do
      if case[4] == exit.person or case[4] == exit.limits or case[4] == exit.again then
        assert.is_string(case[3], case[1])
      end
    end
  end)

  it("is final without a step, too", function()
    local row = entries.row(entry_of("refused", { reason = "refused" }))
    assert.equal("the provider refused it", row.why)
    assert.equal("replace", row.next)
    assert.equal(0, entries.code(entry_of("verified")))
  end)

  it("needs nobody once a person decided, or another stands for it", function()
    assert.equal(1, entries.code(entry_of("absent"), nil, true))
    assert.equal(1, entries.code(entry_of("absent", { reason = "resolved_by_a_person" })))
  end)

  it("says why it is held, and why a person is asked", function()
    local held = entry_of("planned", { hold = "record R-1 is like it" })
    assert.matches("record R%-1 is like it.*%-%-because", entries.next_sentence(held,
      { action = "approve", why = "not_approved" }))
    local row = entries.row(entry_of("unknown", { reason = "account_moved" }),
      { action = "ask", why = "list_cannot_decide" })
    assert.equal(words.why.account_moved, row.why)
  end)

  it("has columns for all that its row has, and for a terminal some of them", function()
    local known = {}
    for _, column in ipairs(entries.columns) do
      known[column.name] = true
    end
    for _, column in ipairs(entries.terminal_columns) do
      assert.is_true(known[column.name], column.name)
    end
  end)
end)

describe("a summary of entries", function()
  it("counts states, the uncertain ones last", function()
    local rows = { { state = "unknown" }, { state = "accepted" }, { state = "accepted" },
      { state = "refused" } }
    assert.equal("2 accepted, 1 refused, 1 unknown", entries.summary(entries.count(rows)))
    assert.equal("no repayment", entries.summary {})
  end)
end)

describe("the journal's words", function()
  -- What the journal's C says of an entry or an event; a word without a sentence would be printed
  -- as it is.
  it("have a sentence for each that its source can write", function()
    local missing = {}
    for _, path in ipairs { "entry_rules", "reconcile", "journal_plan", "journal_decide",
      "journal_send" } do
      local file = assert(io.open("src/journal/" .. path .. ".c", "rb"))
      local source = file:read("*a")
      file:close()
      for _, pattern in ipairs { 'why = "([%l_]+)"', 'reason = REPAY_TEXT%("([%l_]+)"%)',
        'act, "([%l_]+)",', 'why = REPAY_TEXT%("([%l_]+)"%)' } do
        for word in source:gmatch(pattern) do
          missing[#missing + 1] = not words.why[word] and word or nil
        end
      end
      for word in source:gmatch('REPAY_ACTION_%u+, [^,{}]*, "([%l_]+)"') do
        missing[#missing + 1] = not words.why[word] and word or nil
      end
    end
    assert.same({}, missing)
  end)

  it("leave an unknown word readable, and moments to the second", function()
    assert.equal("some new word", words.of("some_new_word"))
    assert.equal("2025-01-20T11:00:00Z", words.moment(DUE_MS + 999))
    assert.is_nil(words.moment(nil))
  end)
end)
