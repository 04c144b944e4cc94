-- Which part of the command knows which: configuration, context, command, workflow, output, one
-- way. And what a start loads: the module of the chosen command, and nothing heavy before it runs.
local commands = require "repay.cli.commands"

local function lines_of(words)
  local lines = {}
  local pipe = assert(io.popen(words, "r"))
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

-- The modules that a file requires, anywhere in it; with `at_once` only when it is loaded.
local function needs_of(path, at_once)
  local found = {}
  for line in io.lines(path) do
    if not at_once or line:find("^local ") then
      for name in line:gmatch("require%s*%(?%s*\"([%w_.]+)\"") do
        found[#found + 1] = name
      end
    end
  end
  return found
end

describe("the rooms of the command #plain", function()
  local files = lines_of "find lua/repay -name '*.lua' | sort"

  it("are known to nobody outside", function()
    local strangers = {}
    for _, path in ipairs(files) do
      if not path:find("^lua/repay/cli/") then
        for _, name in ipairs(needs_of(path)) do
          if name:find("^repay%.cli$") or name:find("^repay%.cli%.") then
            strangers[#strangers + 1] = path .. " " .. name
          end
        end
      end
    end
    assert.same({}, strangers)
  end)

  it("know no command, but for the parser; and commands do not know each other", function()
    local knowing = {}
    for _, path in ipairs(files) do
      for _, name in ipairs(needs_of(path)) do
        if name:find("^repay%.cli%.commands%.") then
          knowing[#knowing + 1] = path .. " " .. name
        end
      end
    end
    assert.same({ "lua/repay/cli/parse.lua repay.cli.commands." }, knowing)
  end)

  it("that write know no configuration, no context and no workflow", function()
    for _, name in ipairs { "output", "table", "columns", "json", "exit", "words", "moment" } do
      for _, need in ipairs(needs_of("lua/repay/cli/" .. name .. ".lua")) do
        for _, pattern in ipairs { "%.config", "%.context", "%.profile", "%.source", "workflow" } do
          assert.is_nil(need:find(pattern), name .. " knows " .. need)
        end
      end
    end
  end)

  it("have a file for every command, and a command for every file", function()
    local names = commands.names()
    names[#names + 1] = "init"
    table.sort(names)
    local found = {}
    for i, path in ipairs(lines_of "ls lua/repay/cli/commands") do
      found[i] = path:match("^(.*)%.lua$")
    end
    table.sort(found)
    assert.same(names, found)
  end)

  it("load nothing heavy with a command", function()
    for _, name in ipairs(commands.names()) do
      for _, need in ipairs(needs_of("lua/repay/cli/commands/" .. name .. ".lua", true)) do
        assert.is_truthy(need:find("^repay%.cli%."), name .. " loads " .. need)
      end
    end
  end)

  it("open with what they own", function()
    for _, path in ipairs(files) do
      if path:find("^lua/repay/cli/") then
        assert.is_truthy(io.lines(path)():find("^%-%- %S"), path)
      end
    end
  end)
end)

describe("a start #interpreter", function()
  it("of repay version loads no curl, no journal, no workflow and no report", function()
    local program = rawget(_G, "jit") and "luajit" or "lua5.4"
    local script = [[
      package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
      require("repay.cli").main({ "version" }, require("repay.cli.world").real())
      for name in pairs(package.loaded) do print(name) end]]
    local loaded = {}
    for _, name in ipairs(lines_of(program .. " -e '" .. script .. "'")) do
      loaded[name] = true
    end
    assert.is_true(loaded["repay.cli.commands.version"])
    for name in pairs(loaded) do
      for _, heavy in ipairs { "native%.curl", "native%.journal", "native%.xlsx", "workflow",
        "sandbox", "cjson", "repay%.journal", "repay%.client", "cli%.commands%.[^v]",
        "report%.html", "report%.model" } do
        assert.is_nil(name:find(heavy), name)
      end
    end
  end)
end)
