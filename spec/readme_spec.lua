-- README is a promise: every Lua block in it runs, and prints what the `text` block behind it
-- shows. A block sees the clients and the schedule that the page speaks of, made fresh from the
-- sandbox. Every `console` block is typed, one after the other, in one terminal, beside the sandbox
-- that the page starts, and has to show what the page shows. Links lead somewhere.
local config = require "repay.cli.config"
local repay = require "repay"
local sandbox = require "repay.sandbox"
local tour = require "spec.support.tour"

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
  -- The two functions of a configuration.
  env.env = function(name) return "$" .. name end
  env.command = function(words) return words[1] end
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

  it("shows a configuration that the command accepts, without a word against it", function()
    local shown = 0
    for _, block in ipairs(blocks) do
      if block.language == "lua" and block.body:find("profiles = {", 1, true) then
        shown = shown + 1
        local path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        assert(file:write(block.body) and file:close())
        local loaded = assert(config.load({}, path))
        os.remove(path)
        assert.are.same({}, loaded.warnings)
      end
    end
    assert.are.equal(1, shown)
  end)

  it("names every function that a program may call", function()
    local page, missing, count = read "README.md", {}, 0
    for _, path in ipairs { "types/repay.lua", "types/report.lua", "types/workflow.lua" } do
      for name in read(path):gmatch("\nfunction ([%w_.:]+)") do
        count = count + 1
        local last = name:match("[%w_]+$")
        if not page:find("%f[%w_]" .. last .. "%f[^%w_]") then
          missing[#missing + 1] = name
        end
      end
    end
    assert.is_true(count >= 60)
    assert.are.equal("", table.concat(missing, ", "))
  end)

  it("links only to what is there", function()
    local page = read "README.md"
    local anchors, code = {}, false
    for line in page:gmatch("[^\n]+") do
      if line:find("^```") then code = not code end
      local heading = not code and line:match("^#+ (.*)$")
      if heading then
        anchors["#" .. heading:lower():gsub("[^%w%- _]", ""):gsub(" ", "-")] = true
      end
    end
    local links = 0
    for target in page:gmatch("%]%(([^()%s]+)%)") do
      links = links + 1
      if target:sub(1, 1) == "#" then
        assert.is_true(anchors[target], "no heading for " .. target)
      else
        local file = io.open(target, "rb")
        assert.is_truthy(file, "no file " .. target)
        file:close()
      end
    end
    assert.is_true(links >= 20)
  end)
end)

-- One session in a terminal: the steps know of each other, so they are made once and judged apart.
describe("README.md's tour #interpreter #slow", function()
  local steps, server = {}, nil
  for _, block in ipairs(blocks_of(read "README.md")) do
    if block.language == "console" then
      for _, step in ipairs(tour.steps(block.body)) do
        step.line = block.line
        steps[#steps + 1] = step
      end
    elseif block.language == "sh" and not server then
      server = block.body:match("\nrepay sandbox (%-[^\n]*)")
    end
  end

  lazy_setup(function()
    local words = {}
    for word in server:gmatch("%S+") do words[#words + 1] = word end
    tour.run(steps, (unpack or table.unpack)(words))
  end)

  for _, step in ipairs(steps) do
    local title = ("shows at line %d what comes of: %s"):format(step.line,
      step.command:match("[^\n]*"))
    it(title, function()
      assert.is_truthy(step.lines, "the session ended before")
      local shown = {}
      for i, line in ipairs(step.shown) do shown[i] = tour.plain(line) end
      if not tour.agrees(shown, step.lines) then
        assert.are.equal(table.concat(shown, "\n"), table.concat(step.lines, "\n"))
      end
    end)
  end

  it("takes each kind of step", function()
    assert.is_true(#steps >= 25)
    assert.is_true(tour.agrees({ "a", "…", "d" }, { "a", "b", "c", "d" }))
    assert.is_false(tour.agrees({ "a", "…", "d" }, { "a", "b", "c" }))
    assert.is_false(tour.agrees({ "a" }, { "a", "b" }))
  end)
end)
