-- Runs a file of specs inside a content handler: what of busted's words our specs use, and luassert
-- itself. Only the configuration of specs names this file.
local luassert = require "luassert"

local runner = {}

local Pending = {}

-- Outer hooks run first before a test, last after it; those of one block as they were written.
local function chain(block, name)
  local found = {}
  while block do
    for i, hook in ipairs(block[name]) do
      table.insert(found, name == "before_each" and i or #found + 1, hook)
    end
    block = block.outer
  end
  return found
end

local function guarded(results, name, callback)
  local ok, raised = xpcall(callback, function(value)
    if value == Pending then
      return value
    end
    local text = type(value) == "table" and tostring(value.message or value) or tostring(value)
    return text .. "\n" .. debug.traceback()
  end)
  if ok then
    return true
  elseif raised == Pending then
    results.pending = results.pending + 1
  else
    results.failures[#results.failures + 1] = name .. ": " .. raised
  end
  return false
end

local function new_block(outer)
  return { outer = outer, setup = {}, teardown = {}, before_each = {}, after_each = {}, items = {} }
end

local function run_block(block, prefix, results)
  for _, hook in ipairs(block.setup) do
    guarded(results, prefix .. " setup", hook)
  end
  for _, item in ipairs(block.items) do
    local name = prefix .. " " .. item.name
    if item.block then
      run_block(item.block, name, results)
    else
      results.count = results.count + 1
      guarded(results, name, function()
        for _, hook in ipairs(chain(block, "before_each")) do
          hook()
        end
        item.callback()
      end)
      for _, hook in ipairs(chain(block, "after_each")) do
        guarded(results, name .. " after_each", hook)
      end
    end
  end
  for _, hook in ipairs(block.teardown) do
    guarded(results, prefix .. " teardown", hook)
  end
end

local function matches(name, patterns)
  for _, pattern in ipairs(patterns or {}) do
    if name:find(pattern) then
      return true
    end
  end
  return false
end

-- The words of a spec file. They add to whatever block is open. What has a name that matches one of
-- `without` is left out.
local function words(top, without)
  local env = { assert = luassert }
  local open = top
  function env.describe(name, body)
    if matches(name, without) then
      return
    end
    local block = new_block(open)
    open.items[#open.items + 1] = { name = name, block = block }
    open = block
    body()
    open = block.outer
  end
  function env.it(name, callback)
    if matches(name, without) then
      return
    end
    open.items[#open.items + 1] = { name = name, callback = callback }
  end
  function env.pending()
    error(Pending, 0)
  end
  for _, hook in ipairs { "setup", "teardown", "before_each", "after_each" } do
    env[hook] = function(callback)
      table.insert(open[hook], callback)
    end
  end
  return setmetatable(env, { __index = _G })
end

--- Runs the file: how many tests there were, how many pending, and what each failure said.
function runner.run(path, without)
  local results = { count = 0, pending = 0, failures = {} }
  local top = new_block(nil)
  local chunk = assert(loadfile(path))
  setfenv(chunk, words(top, without))()
  run_block(top, path, results)
  return results
end

return runner
