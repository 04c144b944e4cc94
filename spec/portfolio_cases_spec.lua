-- The cases in spec/fixtures/portfolio, each worked out by hand in its own file: bodies as a
-- provider sends them, questions, and the answers with their arithmetic.
local helper = require "spec.support.helper"
local judge = require "spec.support.judge"
local repay = require "repay"

local cases = { "ageing_edges", "added_twice", "another_day", "carbon", "currencies",
  "fincode_list", "fincode_pending", "leap_day", "month_ends", "paid_early", "pezesha",
  "unknown_rows", "zero_principal" }

--- Milliseconds from 1970 of a moment like "2026-03-01T08:00:00Z".
local function unix_ms(text)
  local day, hour, minute, second = text:match("^(%d+%-%d+%-%d+)T(%d+):(%d+):(%d+)Z$")
  local days = judge.day(day) - judge.day("1970-01-01")
  return ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000
end

-- One client a schedule, because each may have an account and a moment of its own.
local function fetch(told)
  local client = helper.open(told.provider, {
    send = function()
      return { status = 200, headers = {}, body = told.body }
    end,
    sleep = function() end,
    unix_ms = function()
      return unix_ms(told.fetched)
    end,
  }, { label = told.label, currency = told.currency, zone = told.zone })
  local operation = told.operation or "schedule"
  local arguments = helper.arguments[told.provider][operation]
  if told.loan_id then
    arguments = { loan_id = told.loan_id }
  end
  local schedule = helper.ok(client[operation](client, arguments))
  client:close()
  return schedule
end

-- Every value that is wanted is there; `nothing` stands for nil. The path is for the message.
local function holds(wanted, got, path)
  if wanted == "nothing" then
    assert(got == nil, path .. " should be nil, is " .. tostring(got))
  elseif type(wanted) ~= "table" then
    assert(wanted == got, ("%s should be %s, is %s"):format(path, tostring(wanted), tostring(got)))
  else
    assert(type(got) == "table", path .. " should be a table, is " .. tostring(got))
    for name, value in pairs(wanted) do
      holds(value, got[name], path .. "." .. name)
    end
    assert(#wanted == 0 or #wanted == #got,
      ("%s should have %d items, has %d"):format(path, #wanted, #got))
    assert(next(wanted) ~= nil or next(got) == nil, path .. " should be empty")
  end
end

local function ask(world, question)
  local subject = question.of and world.schedules[question.of] or world.portfolio
  local given = question.given
  if question.older then
    given = world.schedules[question.older]
  elseif question.of and question.ask ~= "check" then
    given = helper.copy({ as_of = world.case.as_of }, given)
  end
  if question.add then
    local value, err = world.portfolio:add(world.schedules[question.add], question.given)
    if question.refused then
      err = helper.fails(value, err)
      holds(question.refused, err.kind, "add.kind")
    else
      holds(question.want, value, "add")
    end
  elseif question.refused then
    local err = helper.fails(subject[question.ask](subject, given))
    holds(question.refused, err.kind, question.ask .. ".kind")
    holds(question.reason, err.reason, question.ask .. ".reason")
  else
    holds(question.want, helper.ok(subject[question.ask](subject, given)), question.ask)
  end
end

describe("the worked case", function()
  helper.watch(after_each)

  for _, name in ipairs(cases) do
    local case = dofile("spec/fixtures/portfolio/" .. name .. ".lua")

    it(name:gsub("_", " ") .. ": " .. case.title, function()
      local world = { case = case, schedules = {} }
      world.portfolio = helper.ok(repay.portfolio { as_of = case.as_of })
      for i, told in ipairs(case.schedules) do
        world.schedules[i] = fetch(told)
        if told.add ~= false then
          helper.ok(world.portfolio:add(world.schedules[i], { tags = told.tags }))
        end
      end
      for _, question in ipairs(case.questions) do
        ask(world, question)
      end
      for _, schedule in ipairs(world.schedules) do
        schedule:close()
      end
      world.portfolio:close()
    end)
  end

  it("is one of those in the directory, and each of those is one", function()
    local listed = {}
    for _, name in ipairs(cases) do
      listed[name .. ".lua"] = true
    end
    local handle = assert(io.popen("ls spec/fixtures/portfolio"))
    for file in handle:lines() do
      assert.is_true(listed[file] == true or file == "NOTES.md", file)
      listed[file] = nil
    end
    handle:close()
    assert.is_nil(next(listed))
  end)
end)
