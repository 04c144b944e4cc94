-- A connection that was open before a fork belongs to the parent: children answer over their own.
local fork = require "spec.support.fork"
local helper = require "spec.support.helper"
local wire = require "spec.support.wire"

local CHILDREN, CALLS = 3, 480

-- Each answer carries the number that was asked for, so that a mixed-up one is seen.
local ECHO = { { "echo",
  '{"status":"success","data":{"schedule":[{"dueDate":"2025-02-15","totalDue":@,'
    .. '"paidAmount":0,"status":"UNPAID"}]}}' } }

local function mixed(client, first, count)
  local wrong = 0
  for number = first, first + count - 1 do
    local schedule = client:schedule { loan_id = tostring(number) }
    if not schedule or schedule[1].total_due_minor ~= number then
      wrong = wrong + 1
    end
    if schedule then
      schedule:close()
    end
  end
  return wrong
end

describe("a forked process #fork", function()
  helper.watch(after_each)
  wire.watch(after_each)

  it("gets its own answers, as its parent does", function()
    local server = wire.server(ECHO)
    local client = wire.open("carbon", server, { attempts = 1 })
    local share = CALLS / (CHILDREN + 1)
    assert.equal(0, mixed(client, 1, 1)) -- the parent's connection is warm
    local before = server:connections()
    local children = {}
    for i = 1, CHILDREN do
      children[i] = fork.child(function()
        return mixed(client, 100000 * i, share)
      end)
    end
    assert.equal(0, mixed(client, 500000, share))
    for i = 1, CHILDREN do
      assert.equal(0, fork.wait(children[i]))
    end
    assert.equal(0, mixed(client, 1, 1))
    -- One for each child, and the parent's is still the same.
    assert.equal(before + CHILDREN, server:connections())
    assert.equal(CALLS + 2, #server:requests())
    client:close()
  end)

  it("cannot go on with what its parent began", function()
    local server = wire.server({ { "stall", 20000 } })
    local client = wire.open("carbon", server)
    local engine = assert(require("repay.curl").engine(2))
    local call = assert(client:prepare("schedule", { loan_id = "1" }))
    assert(engine:add(call))
    while #server:requests() < 1 do
      engine:step(10)
    end
    local child = fork.child(function()
      local other = assert(client:prepare("schedule", { loan_id = "2" }))
      local step_ok, step_raised = pcall(engine.step, engine, 10)
      local add_ok, add_raised = pcall(engine.add, engine, other)
      local told = not step_ok and not add_ok and engine:is_inherited()
        and step_raised:find("begun in another process", 1, true)
        and add_raised:find("begun in another process", 1, true)
      engine:close()
      return told and 0 or 1
    end)
    assert.equal(0, fork.wait(child))
    assert.equal(1, server:connections())
    assert.equal(1, engine:count())
    engine:close()
    call:close()
    client:close()
  end)

  it("can drop everything it inherited", function()
    local server = wire.server(ECHO)
    local client = wire.open("carbon", server)
    assert.equal(0, mixed(client, 1, 1))
    local child = fork.child(function()
      package.loaded["repay.curl"] = nil
      collectgarbage()
      collectgarbage()
      return mixed(client, 2, 1)
    end)
    assert.equal(0, fork.wait(child))
    assert.equal(0, mixed(client, 3, 1))
    client:close()
  end)
end)
