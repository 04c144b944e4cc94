-- Words that a person may type: help, completions, wrong ones. Every answer ends with an exit code.
local cjson = require "cjson"
local cli = require "spec.support.cli"
local commands = require "repay.cli.commands"
local exit = require "repay.cli.exit"
local helper = require "spec.support.helper"
local measure = require "repay.report.measure"
local parse = require "repay.cli.parse"

local unpack = unpack or table.unpack

local function output_of(words)
  local pipe = assert(io.popen(words .. " 2>&1", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("the command", function()
  local place

  before_each(function() place = cli.new() end)
  after_each(function() place:close() end)
  helper.watch(after_each)

  it("shows every command in its group, and says the same whoever asks", function()
    local code, out, err = place:run("--help")
    assert.same({ 0, "" }, { code, err })
    for _, name in ipairs(commands.names()) do
      assert.is_truthy(out:find("\n  " .. name .. " ", 1, true), name)
    end
    for _, words in ipairs { { "-h" }, { "help" } } do
      local also_code, also = place:run(unpack(words))
      assert.same({ 0, out }, { also_code, also })
    end
  end)

  it("without a word is wrong usage, with the overview as talk", function()
    local code, out, err = place:run()
    assert.same({ 2, "" }, { code, out })
    assert.is_truthy(err:find("usage: repay COMMAND", 1, true))
  end)

  it("tells its version, however it is asked", function()
    for _, words in ipairs { { "version" }, { "--version" } } do
      local code, out = place:run(unpack(words))
      assert.equal(0, code)
      assert.is_truthy(out:find("^repay %d+%.%d+%.%d+\n$"))
    end
    local _, out = place:run("version", "--json")
    assert.is_string(cjson.decode(out).lua)
  end)

  it("has a manual of every command, every option and every exit code, which roff takes", function()
    local code, page, err = place:run("manual")
    assert.same({ 0, "" }, { code, err })
    for _, name in ipairs(commands.names()) do
      assert.is_truthy(page:find("\n.SS repay " .. name .. "[ \n]"), name)
      local parser = parse.parser(name, parse.load(name))
      for _, option in ipairs(parser._options) do
        local long = option._aliases[#option._aliases]:gsub("%-", "\\-")
        assert.is_truthy(page:find("\\fB" .. long .. "\\fR", 1, true), name .. " " .. long)
      end
    end
    for _, known in ipairs(exit.precedence) do
      assert.is_truthy(page:find("\\fB" .. known .. "\\fR\n" .. exit.meaning[known]:sub(1, 4), 1,
        true))
    end
    assert.is_nil(page:find("[\128-\255]"))
    assert.equal("", output_of("printf '' | groff -man -Tutf8 -ww -z"), "groff is missing")
    local path = place:write("repay.1", page)
    assert.equal("", output_of("groff -man -Tutf8 -ww -z '" .. path .. "'"))
  end)

  for _, name in ipairs(commands.names()) do
    it("has a short help for " .. name .. ", with an example", function()
      local code, out, err = place:run(name, "--help")
      assert.same({ 0, "" }, { code, err })
      assert.is_truthy(out:find("usage: repay " .. name, 1, true))
      assert.is_truthy(out:find("Example:\n  repay", 1, true) or out:find('Example:\n  eval', 1,
        true), out)
      local lines = 0
      for line in out:gmatch("[^\n]+") do
        lines = lines + 1
        assert.is_true(measure.width(line) <= 80, line)
      end
      assert.is_true(lines <= 48, name .. " has " .. lines .. " lines")
      local _, also = place:run("help", name)
      assert.equal(out, also)
    end)
  end

  it("helps also when that is asked in one word with another flag", function()
    local _, expected = place:run("show", "--help")
    assert.same({ 0, expected, "" }, { place:run("show", "-qh") })
  end)

  it("says that a help could not be written", function()
    place.options.on_write = function() return nil, "No space left on device" end
    for _, words in ipairs { { "--help" }, { "help" }, { "show", "--help" }, { "show", "-qh" } } do
      local code, _, err = place:run(unpack(words))
      assert.same({ 1, "repay: the output could not be written: No space left on device\n" },
        { code, err })
    end
  end)

  it("takes a value that is below zero for a value, and says what is wrong with it", function()
    for _, case in ipairs {
      { "overdue", "--min-days", "-1", says = "'-1' is not a whole number from 1 to 100000" },
      { "report", "--at-risk", "-30", says = "'-30' is not a whole number" },
      { "show", "--as-of", "-1", says = "'-1': a day is written YYYY-MM-DD" },
    } do
      local code, _, err = place:run(unpack(case))
      assert.equal(2, code)
      assert.is_truthy(err:find(case.says, 1, true), err)
    end
    local _, _, err = place:run("show", "--quiet", "-1")
    assert.is_truthy(err:find("unknown option '-1'", 1, true)
      or err:find("does not take", 1, true), err)
  end)

  it("takes no secret as an option, of any command", function()
    for _, name in ipairs(commands.names()) do
      local _, out = place:run(name, "--help")
      for option in out:gmatch("%-%-([%w-]+) %u") do
        for _, word in ipairs { "token", "secret", "password", "api-key", "carbon-key", "pass" } do
          assert.is_nil(option:find(word, 1, true), name .. " --" .. option)
        end
      end
    end
  end)

  local WRONG = {
    { { "shwo" }, "no command is called 'shwo'; did you mean 'show'?" },
    { { "rep" }, "did you mean 'report'?" },
    { { "fetch ", "x" }, "did you mean 'fetch'?" },
    { { "qqqqqq" }, "no command is called 'qqqqqq'\n" },
    { { "\27[2J\27]0;x\7" }, "no command is called '?[2J?]0;x?'" },
    { { ("x"):rep(10000) }, ("x"):rep(40) .. "'\n" },
    { { "help", "shwo" }, "no command is called 'shwo'" },
    { { "show", "--jsn" }, "unknown option '--jsn'; did you mean '--json'?" },
    { { "show", "--json", "--csv" }, "can not be used together" },
    { { "--profile" }, "usage: repay COMMAND" },
    { { "show", "--profile" }, "requires an argument" },
    { { "show", "--profile", "nope" }, "there is no profile 'nope'" },
    { { "--profile", "nope", "show" }, "there is no profile 'nope'" },
    { { "version", "extra" }, "too many arguments" },
    { { "export", "pdf" }, "must be one of" },
    { { "completion", "tcsh" }, "must be one of" },
    { { "completion" }, "missing argument" },
    { { "show", "--from", "" }, "there is no snapshot ''" },
    { { "show", "--config", "/nonexistent" }, "there is no configuration /nonexistent" },
    { { "show", "--config", "/etc" }, "cannot be read" },
    { { "export", "csv", "--out", "" }, "'' is no path" },
    { { "export", "html", "--out", ("x"):rep(4001) }, "x' is no path" },
    { { "fetch", "carbon", "X", "--to", "" }, "'' is no path" },
    { { "fetch", "/etc" }, "the loans cannot be read: /etc: Is a directory" },
    { { "plan", "/etc" }, "the file cannot be read: /etc: Is a directory" },
    { { "show", "--config", "/bin/true" }, nil },
    { { "show", "-\27[2J" }, nil },
    { { "show", "--profile", "\27[2J" }, "there is no profile" },
    { { "show", "--from", "\27]0;x\7" }, "there is no snapshot" },
    { { "show", "--zone", "\27[2J" }, "--zone" }, { { "show", "--as-of", "\27[2J" }, "--as-of" },
    { { "fetch", "\27[2J.csv" }, "cannot be read" }, { { "fetch", "\27[2J", "X" }, nil },
    { { "fetch", "x", "y", "--concurrency", "\27[2J" }, "is not a whole number" },
    { { "export", "\27[2J" }, nil }, { { "snapshot", "path", "\27[2J" }, nil },
    { { "show", "--columns" }, "requires an argument" },
    { { "show" }, "there is no snapshot in" },
    { { "overdue" }, "there is no snapshot in" },
    { { "report" }, "there is no snapshot in" },
    { { "export", "csv" }, "there is no snapshot in" },
    { { "diff" }, "there is no snapshot in" },
    { { "snapshot", "path" }, "there is no snapshot in" },
    { { "show", "--from", "/nonexistent/x" }, "/nonexistent/x is no snapshot" },
  }
  for _, case in ipairs(WRONG) do
    local shown = table.concat(case[1], " "):gsub("%c", "?"):sub(1, 40)
    it("says what is wrong with: repay " .. shown, function()
      local code, out, err = place:run(unpack(case[1]))
      assert.equal(2, code, err)
      assert.equal("", out)
      assert.is_nil(err:gsub("\n", ""):find("%c"), err)
      if case[2] then
        assert.is_truthy(err:find(case[2], 1, true), err)
      end
    end)
  end

  it("says errors as JSON where JSON was asked for, also those of usage", function()
    for _, words in ipairs { { "shwo", "--json" }, { "show", "--jsn", "--json" },
      { "show", "--json" }, { "fetch", "carbon", "X", "--ndjson" },
      { "show", "--json", "--config", "/nonexistent" } } do
      local code, out, err = place:run(unpack(words))
      local document = cjson.decode(err)
      assert.equal(2, code)
      assert.equal("", out)
      assert.equal(2, document.exit)
      assert.is_string(document.error.kind)
      assert.is_string(document.error.message)
    end
  end)

  it("has only objects on the error output where JSON was asked for", function()
    place.options.error_terminal, place.options.input = 80, "n"
    place:configure 'return { profiles = { x = { provider = "carbon" } } }'
    os.execute("chmod 666 '" .. place.home .. "/.config/repay/config.lua'")
    local cases = { {}, { "help", "nothing" }, { "sandbox", "--set", "a\27[2J" },
      { "snapshot", "prune", "--keep", "1" }, { "plan", place:write("x.csv", "a,b\n1\n") } }
    for _, name in ipairs(commands.names()) do
      cases[#cases + 1] = name ~= "sandbox" and { name } or nil
      cases[#cases + 1] = { name, "--nonsense" }
    end
    for i = 1, 3 do
      place:write(".local/state/repay/snapshots/x/2025010" .. i .. "T000000Z/index",
        "repay.snapshot\t1\n1\n")
    end
    for _, words in ipairs(cases) do
      words[#words + 1] = "--json"
      local code, _, err = place:run(unpack(words))
      local lines = 0
      for line in err:gmatch("[^\n]*\n?") do
        local is_read, document = pcall(cjson.decode, line)
        assert.is_true(line == "" or is_read and type(document) == "table",
          table.concat(words, " ") .. ": " .. line)
        lines = lines + (line == "" and 0 or 1)
      end
      assert.is_true(code == 0 or lines > 0 or words[1] == "doctor", table.concat(words, " "))
    end
  end)

  it("says in the help what --quiet leaves", function()
    local _, out = place:run("show", "--help")
    assert.is_truthy(out:find("no talk, only warnings and errors", 1, true), out)
  end)

  it("says that argparse is missing, and where it is", function()
    local loaded, searchers = package.loaded.argparse, package.loaders or package.searchers
    local old = { unpack(searchers) }
    package.loaded.argparse = nil
    table.insert(searchers, 1, function(name)
      if name == "argparse" then
        error("not here")
      end
    end)
    local code, _, err = place:run("show")
    table.remove(searchers, 1)
    package.loaded.argparse = loaded
    assert.equal(#old, #searchers)
    assert.equal(1, code)
    assert.is_truthy(err:find("apt-get install lua-argparse", 1, true))
    code, _, err = place:run("--help")
    assert.same({ 0, "" }, { code, err })
  end)

  it("ends a fault of its own as one line, and 1", function()
    package.loaded["repay.cli.commands.version"] = { run = function()
      error("boom\27[2J\nsecond line")
    end }
    local code, out, err = place:run("version")
    package.loaded["repay.cli.commands.version"] = nil
    assert.same({ 1, "" }, { code, out })
    assert.is_truthy(err:find("this is a fault of repay itself", 1, true))
    assert.is_nil(err:find("\27", 1, true))
    assert.is_nil(err:find("second line", 1, true))
  end)

  it("ends with 130 where Ctrl-C raised", function()
    package.loaded["repay.cli.commands.version"] = { run = function()
      error("somewhere.lua:1: interrupted!", 0)
    end }
    local code, _, err = place:run("version")
    package.loaded["repay.cli.commands.version"] = nil
    assert.same({ 130, "repay: interrupted\n" }, { code, err })
  end)

  it("says that a full disk is one", function()
    place.options.on_write = function() return nil, "No space left on device" end
    local code, _, err = place:run("version")
    assert.equal(1, code)
    assert.is_truthy(err:find("could not be written: No space left on device", 1, true), err)
  end)

  it("ties a value that begins with a hyphen to --sort", function()
    local options = require "repay.cli.options"
    local name, words = options.split { "--profile", "a", "show", "--sort", "-due_date", "X" }
    assert.equal("show", name)
    assert.same({ "--profile", "a", "--sort=-due_date", "X" }, words)
  end)

  it("suggests what is one letter away, and nothing else", function()
    for word, expected in pairs { shw = "show", showw = "show", shwo = "show",
      snapshto = "snapshot", dif = "diff", ["do"] = false, x = false, shoe = "show",
      whatever = false } do
      assert.equal(expected or nil, parse.nearest(word))
    end
  end)

  describe("completes", function()
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      it("in " .. shell .. " every command, in a script that the shell reads", function()
        local code, out, err = place:run("completion", shell)
        assert.same({ 0, "" }, { code, err })
        for _, name in ipairs(commands.names()) do
          assert.is_truthy(out:find(name, 1, true), name)
        end
        local path = place:write("completion." .. shell, out)
        if output_of("command -v " .. shell) ~= "" then
          assert.equal("0\n", output_of(shell .. " -n '" .. path .. "'; echo $?"))
        end
      end)
    end
  end)
end)
