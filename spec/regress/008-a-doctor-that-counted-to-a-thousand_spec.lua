-- `repay doctor` looked at a thousand repayments of each state: a journal with a hundred thousand
-- that nobody had sent was told to have "1000 open", and one behind the first thousand that waits
-- for a person would not have been seen.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"

describe("doctor on a journal of more than a thousand repayments", function()
  local w
  after_each(function() w:close() end)
  helper.watch(after_each)

  it("counts them all", function()
    w = cli_world.new()
    assert.equal(0, w:run("plan", w:rows_file("many.csv", 1001), "--no-lists").code)
    local run = w:run("doctor", "--offline")
    assert.is_truthy(run.out:find("whole; 1001 open, 0 of them for a person", 1, true), run.out)
  end)
end)
