-- journal:explain looked for each attempt and for each event of an entry through all of its events:
-- of an entry with 1,000 tries it took more than two seconds.
local helper = require "spec.support.helper"
local sqlite_work = require "spec.support.sqlite_work"
local world = require "spec.support.journal_world"

local w

-- Sends the entry until it has so many attempts; none leaves.
local function try(entry, count)
  while true do
    local explained = helper.ok(w.journal:explain(entry))
    if #explained.attempts >= count then
      return explained
    end
    w:advance()
    helper.ok(w.journal:run(w.client))
  end
end

local function work_of_explaining(entry)
  local before = sqlite_work.steps()
  local explained = helper.ok(w.journal:explain(entry))
  helper.ok(w.journal:entry(entry)) -- what was asked last is counted when it is let go of
  return (sqlite_work.steps() - before) / (#explained.attempts + #explained.events)
end

describe("journal:explain", function()
  setup(sqlite_work.watch)
  teardown(sqlite_work.rest)
  after_each(function()
    w:close()
    w = nil
  end)
  helper.watch(after_each)

  it("does as much for each attempt and event of many as of few", function()
    w = world.new()
    w.box:fault { kind = "refuse", route = "repay_loan", from = 1 }
    local entry = helper.fails(w:repay()).entry
    try(entry, 10)
    local few = work_of_explaining(entry)
    try(entry, 80)
    local many = work_of_explaining(entry)
    assert.is_true(few > 0)
    assert.is_true(many <= few * 1.2, ("%g steps each, and %g of more"):format(few, many))
  end)

  it("tells attempts and events in the order in which they happened", function()
    w = world.new()
    w.box:fault { kind = "refuse", route = "repay_loan", from = 1 }
    local explained = try(helper.fails(w:repay()).entry, 6)
    for i, attempt in ipairs(explained.attempts) do
      assert.equal(i, attempt.number)
      assert.equal("not_sent", attempt.outcome)
      assert.is_true(attempt.started_ms <= attempt.ended_ms)
    end
    local sequence, at_ms = 0, 0
    for _, event in ipairs(explained.events) do
      assert.is_true(event.sequence > sequence and event.at_ms >= at_ms)
      sequence, at_ms = event.sequence, event.at_ms
    end
    assert.equal(explained.entry.state, explained.events[#explained.events].to)
  end)
end)
