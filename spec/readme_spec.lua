-- README is a promise: every Lua block in it runs, and prints what the `text` block behind it
-- shows. A block sees the clients and the schedule that the page speaks of, made fresh from the
-- sandbox.
local repay = require "repay"
local sandbox = require "repay.sandbox"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- The fenced blocks of a page, in order: language, body, line of the opening fence.
local function blocks_of(text)
  local blocks, current = {}, nil
  local line_number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    line_number = line_number + 1
    local fence = line:match("^```(%w*)")
    if fence and not current then
      current = { language = fence, line = line_number, lines = {} }
    elseif fence then
      current.body = table.concat(current.lines, "\n") .. "\n"
      current.stop = line_number
      blocks[#blocks + 1] = current
      current = nil
    elseif current then
      current.lines[#current.lines + 1] = line
    end
  end
  assert(not current, "README.md ends inside a code block")
  return blocks
end

local function world(printed)
  local box = sandbox.new { seed = 42 }
  local env = { repay = repay, box = box }
  for _, name in ipairs { "carbon", "pezesha", "fincode" } do
    env[name] = assert(repay.open(name, box:settings(name)))
  end
  env.schedule = assert(env.carbon:schedule { loan_id = "LOAN_ABC123" })
  env.print = function(...)
    local parts = {}
    for i = 1, select("#", ...) do
      parts[i] = tostring((select(i, ...)))
    end
    printed[#printed + 1] = table.concat(parts, "\t")
  end
  return setmetatable(env, { __index = _G })
end

local function run(block)
  local printed = {}
  local env = world(printed)
  local chunk = assert(load(block.body, "=README.md:" .. block.line, "t", env))
  chunk()
  for _, name in ipairs { "carbon", "pezesha", "fincode" } do
    env[name]:close()
  end
  env.schedule:close()
  return table.concat(printed, "\n") .. "\n"
end

describe("README.md", function()
  local blocks = blocks_of(read "README.md")
  local ran = 0

  for i, block in ipairs(blocks) do
    if block.language == "lua" then
      ran = ran + 1
      it("keeps its word at line " .. block.line, function()
        local printed = run(block)
        local shown = blocks[i + 1]
        if shown and shown.language == "text" and shown.line - block.stop <= 3 then
          assert.are.equal(shown.body, printed)
        end
      end)
    end
  end

  it("says of every kind of error where it comes from, and of no other", function()
    local known, told = {}, {}
    for name in read("src/core/base/error.h"):gmatch('X%([%u_]+, "([%l_]+)"%)') do
      known[#known + 1] = name ~= "none" and name or nil
    end
    local rows = read("README.md"):match("\n| kind | comes from |\n(.-)\n\n")
    for cell in ("\n" .. rows):gmatch("\n| ([^|]+) |") do
      for name in cell:gmatch("`([%l_]+)`") do
        told[#told + 1] = name
      end
    end
    table.sort(known)
    table.sort(told)
    assert.is_true(#known > 30, #known)
    assert.are.same(known, told)
  end)

  it("holds examples", function()
    assert.is_true(ran >= 10)
  end)
end)
