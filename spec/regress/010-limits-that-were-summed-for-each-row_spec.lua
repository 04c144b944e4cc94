-- A file that is approved within limits had all that was approved that day added up twice for each
-- of its rows: 20,000 rows took minutes.
local helper = require "spec.support.helper"
local sqlite_work = require "spec.support.sqlite_work"
local world = require "spec.support.journal_world"

local w

local function plan(path)
  return helper.ok(w:run_file(path, {
    send = false,
    limits = { per_run_minor = 1e12, per_account_minor = 1e12, per_day_minor = 1e12 },
  }))
end

-- What the database does for each row of a file that is planned into a new journal and approved.
local function work_of_planning(count)
  local path = w:rows_file("rows.csv", count)
  local before = sqlite_work.steps()
  assert.equal(count, plan(path).states.approved)
  return (sqlite_work.steps() - before) / count
end

describe("planning a file within limits", function()
  setup(sqlite_work.watch)
  teardown(sqlite_work.rest)
  after_each(function()
    w:close()
    w = nil
  end)
  helper.watch(after_each)

  it("does as much for each of many rows as of few", function()
    w = world.new()
    local few = work_of_planning(50)
    w:lose_journal()
    local many = work_of_planning(400)
    assert.is_true(few > 0)
    assert.is_true(many <= few * 1.2, ("%g steps each, and %g of more"):format(few, many))
  end)
end)
