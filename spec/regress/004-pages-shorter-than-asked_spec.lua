-- A tenant that gives fewer rows a page than were asked for ended the list of pending installments
-- after its first page, without a word: debt was missing from a schedule that looked complete. The
-- wire page tells no total and no next page, so only a page without rows says that it was the last.
local helper = require "spec.support.helper"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }
local LOAN = "423e4567-e89b-12d3-a456-426614174003"

local function page(first, count)
  local rows = {}
  for i = first, first + count - 1 do
    rows[#rows + 1] = ('{"loanApplicationId":"%s","installmentNumber":%d,"amountDue":%d}')
      :format(LOAN, i, i)
  end
  return transport.json('{"status":"SUCCESS","data":[' .. table.concat(rows, ",") .. "]}")
end

mounts.each(words, "a list in pages", function(mount_of)
  helper.watch(after_each)

  -- Rows and requests of a fetch that meets these pages.
  local function fetch(...)
    local canned = mount_of().canned(...)
    local schedule = helper.ok(helper.ask("fincode", "pending", canned))
    local rows, sum = #schedule, 0
    for _, number in schedule:each("number") do
      sum = sum + number
    end
    schedule:close()
    assert.equal(rows * (rows + 1) / 2, sum)
    return { rows, #canned.requests }
  end

  it("goes on after pages that are shorter than was asked", function()
    assert.same({ 23, 4 }, fetch(page(1, 10), page(11, 10), page(21, 3), page(24, 0)))
    assert.same({ 3, 4 }, fetch(page(1, 1), page(2, 1), page(3, 1), page(4, 0)))
    assert.same({ 60, 4 }, fetch(page(1, 50), page(51, 7), page(58, 3), page(61, 0)))
  end)

  it("ends with a page that has no rows, or has those of the page before", function()
    assert.same({ 0, 1 }, fetch(page(1, 0)))
    assert.same({ 7, 2 }, fetch(page(1, 7), page(8, 0)))
    assert.same({ 7, 2 }, fetch(page(1, 7)))
    assert.same({ 57, 3 }, fetch(page(1, 50), page(51, 7)))
  end)

  it("is no list when a page of it cannot be had", function()
    for _, broken in ipairs { "fincode/html.200.html", "fincode/server_error.500.json" } do
      helper.fails(helper.ask("fincode", "pending", mount_of().canned(page(1, 7), broken)))
    end
  end)

  it("is whole from a sandbox that caps its pages", function()
    local mount = mount_of()
    local function count()
      local client = mount.open("fincode")
      local schedule = helper.ok(client:pending(helper.arguments.fincode.pending))
      local rows = #schedule
      schedule:close()
      client:close()
      return rows
    end
    mount.reset()
    local whole = count()
    assert.equal(7, whole)
    for _, reading in ipairs { "ignored", "capped" } do
      mount.set { pages = reading }
      assert.equal(whole, count(), reading)
    end
  end)
end)
