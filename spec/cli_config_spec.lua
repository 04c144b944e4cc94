-- Configurations: what may stand in one, where it lies, and what a hostile one can do (nothing).
local cli = require "spec.support.cli"
local config = require "repay.cli.config"
local helper = require "spec.support.helper"
local options = require "repay.options"
local reader = require "repay.cli.config_reader"
local rules = require "repay.cli.config_rules"
local secret = require "repay.cli.secret"

local function read(text)
  return reader.read(text, "/etc/x/config.lua", options.unknown)
end

local function refused(text)
  local data, why = read(text)
  assert.is_nil(data)
  assert.equal("string", type(why))
  return why
end

-- What the rules say against this configuration.
local function complaint(text)
  local fits, why = rules.check(assert(read(text)), "/etc/x/config.lua", text)
  assert.is_nil(fits)
  return why
end

describe("a configuration", function()
  it("is the table that its file returns, with markers where a text is to be found", function()
    local data = assert(read('return { zone = "+01:00", profiles = { a = { provider = "carbon", '
      .. 'rate = 3, api_key = env "KEY", carbon_key = command { "pass", "show", "x y" } } } }'))
    assert.equal("+01:00", data.zone)
    assert.equal(3, data.profiles.a.rate)
    assert.is_true(reader.is_marker(data.profiles.a.api_key))
    assert.equal("env KEY", tostring(data.profiles.a.api_key))
    assert.equal("command pass", tostring(data.profiles.a.carbon_key))
    assert.is_false(reader.is_marker(data.profiles.a))
  end)

  it("knows this machine by its whole name", function()
    for url, expected in pairs {
      ["http://127.0.0.1:8042/x"] = true, ["http://localhost"] = true,
      ["https://localhost:1/"] = true,
      ["http://[::1]:80/"] = true, ["http://127.0.0.1"] = true,
      ["http://127.evil.example/"] = false, ["http://localhost.example/"] = false,
      ["http://localhost@evil.example/"] = false, ["https://evil.example/127.0.0.1"] = false,
      ["ftp://localhost/"] = false, ["http://127.0.0.1.example"] = false, [""] = false,
    } do
      assert.equal(expected, rules.is_loopback(url), url)
    end
    assert.is_false(rules.is_loopback(nil))
  end)

  it("keeps nothing of the file: what it changes later changes nothing", function()
    local data = assert(read("local t = {} local p = { a = t } t.x = 1 return { p = p, q = p }"))
    assert.are_not.equal(data.p, data.q)
    assert.equal(1, data.p.a.x)
  end)

  local HOSTILE = {
    { "loops", "while true do end", "does not end" },
    { "loops by goto", "::again:: goto again", "does not end" },
    { "loops in a repeat", "local x = 0 repeat x = x + 1 until false", "does not end" },
    { "calls itself", "local function f() return 1 + f() end return f()", nil },
    { "calls itself for ever", "local function f() return f() end return f()", "does not end" },
    { "doubles a text", "local s = 'xxxxxxxxxxxxxxxx' while true do s = s .. s end", nil },
    { "fills a table", "local t = {} local i = 0 while true do i = i + 1 t[i] = { i } end", nil },
    { "uses methods of texts", 'return { zone = ("x"):rep(1e9) }', nil },
    { "uses a pattern that takes years", 'return { (("a"):rep(30)):find(("a*"):rep(30) .. "b") }',
      nil },
    { "reads files", 'return { io.open("/etc/passwd") }', "config.lua:1: " },
    { "runs programs", 'return { os.execute("true") }', "knows only env and command" },
    { "loads modules", 'return { require "repay" }', "knows only env and command" },
    { "reaches for the globals", "return _G", "not '_G'" },
    { "changes what metatables do", 'return { getmetatable("") }', "knows only" },
    { "sets a global", "x = 1 return {}", "sets nothing" },
    { "replaces env", "env = 1 return {}", "sets nothing" },
    { "raises a table", "return nil + {}", nil },
    { "is nested without end", "local t = {} t.t = t return t", "nested too deeply" },
    { "holds a function", "return { f = function() end }", "f holds a function" },
    { "returns nothing", "local x", "returns a nil" },
    { "returns a marker", 'return env "X"', "returns a table and not a table" },
    { "is no Lua", "return {", "config.lua:1:" },
    { "is compiled code", string.dump(function() return {} end), "compiled code" },
    { "is compiled for another Lua", "\27Lua\1\2\3", "compiled code" },
    { "is binary", ("\0\255\1"):rep(100), nil },
    { "is too large", "return {}" .. (" "):rep(70000), "larger than" },
    { "gives env no name", "return { env(1) }", "env takes the name" },
    { "gives env a command", 'return { env "A;rm -rf /" }', "env takes the name" },
    { "gives command a line", 'return { command "pass show x" }', "command takes a list" },
    { "gives command nothing", "return { command {} }", "command takes a list" },
    { "gives command a table", "return { command { {} } }", "command takes a list" },
    { "gives command a zero byte", 'return { command { "a\\0b" } }', "command takes a list" },
    { "changes a command afterwards", 'local c = command { "a" } c.argv = 5 return { c = c }',
      "c is no longer what" },
    { "changes a word afterwards", 'local c = command { "a" } c.argv[1] = {} return { c = c }',
      "c is no longer what" },
    { "changes a variable afterwards", 'local e = env "A" e.name = "x y" return { e = e }',
      "e is no longer what" },
    { "misspells env", 'return { envv "X" }', "did you mean 'env'?" },
  }
  for _, case in ipairs(HOSTILE) do
    it("that " .. case[1] .. " is refused, and texts have their methods afterwards", function()
      local why = refused(case[2])
      if case[3] then
        assert.is_truthy(why:find(case[3], 1, true), why)
      end
      assert.equal("X", ("x"):upper())
      assert.is_nil((debug.gethook()))
    end)
  end

  it("made of any words ends as a table or as a message", function()
    local WORDS = { "return", "{", "}", "(", ")", "env", "command", '"KEY"', "function", "end",
      "while", "true", "do", "local", "x", "=", ",", "..", "+", "-", "1", "1e308", "nil", "for",
      "in", "goto", "::x::", "[", "]", "#", "==", "and", "or", "not", ":", ".", ";", "'a'",
      "repeat", "until", "if", "then", "else", "break", "...", "\n", "--", "[[", "]]", "%",
      "\0", "\27" }
    local chance = require("repay.sandbox.random").new(8)
    local tables = 0
    for _ = 1, 3000 do
      local words = { "return {" }
      for i = 1, chance:below(12) do
        words[i + 1] = WORDS[chance:below(#WORDS) + 1]
      end
      words[#words + 1] = chance:below(2) == 0 and "}" or nil
      local data, why = read(table.concat(words, " "))
      assert.is_true(type(data) == "table" or type(why) == "string")
      tables = tables + (data and 1 or 0)
      assert.equal("X", ("x"):upper())
    end
    assert.is_true(tables > 50)
  end)

  it("names the line of a word that it does not know", function()
    assert.is_truthy(refused("return {\n\n  a = nonsense,\n}"):find("config.lua:3:", 1, true))
  end)

  describe("has names and types", function()
    local WRONG = {
      { 'return { profil = "x" }', "config.lua:1: the configuration has no setting 'profil' "
        .. "(did you mean 'profile'?)" },
      { 'return {\n  zone = 5,\n}', "config.lua:2: the configuration: 'zone' must be a text" },
      { "return { profiles = { a = 1 } }", "profile 'a' must be a table" },
      { "return { profiles = { a = {} } }", "needs one of 'provider' and 'providers'" },
      { 'return { profiles = { a = { provider = "carbon", providers = {} } } }', "needs one of" },
      { 'return { profiles = { a = { provider = "carbn" } } }', "did you mean 'carbon'?" },
      { 'return { profiles = {\n a = { provider = "carbon",\n enviroment = "live" } } }',
        "config.lua:3: profile 'a' has no setting 'enviroment' (did you mean 'environment'?)" },
      { 'return { profiles = { a = { provider = "carbon", rate = 1.5 } } }',
        "'rate' must be a whole number" },
      { 'return { profiles = { a = { provider = "carbon", token = "x" } } }', "'token'" },
      { 'return { profiles = { a = { provider = "carbon", secrets = { token = env "X" } } } }',
        "profile 'a'.secrets has no setting 'token'" },
      { 'return { profiles = { a = { provider = "carbon", secrets = "x" } } }',
        "'secrets' must be a table" },
      { 'return { profiles = { a = { provider = "carbon", limits = { per_week = 1 } } } }',
        "limits has no setting 'per_week'" },
      { 'return { profiles = { a = { provider = "carbon", transport = "x" } } }', "'transport'" },
      { 'return { profiles = { a = { providers = { carbon = 1 } } } }', "must be a table" },
      { 'return { profiles = { a = { providers = { carbon = { attempts = "many" } } } } }',
        "'attempts' must be a whole number" },
      { "return { projects = { 1 } }", "'projects' must be a list of texts" },
      { 'return { profiles = { a = { provider = env "X" } } }', "'provider' must be a text" },
    }
    for _, case in ipairs(WRONG) do
      it("and says: " .. case[2], function()
        local why = complaint(case[1])
        assert.is_truthy(why:find(case[2], 1, true), why)
      end)
    end

    it("and takes the line of the setting, not of a comment or of a longer name", function()
      local why = complaint("return {\n -- zone = 1\n xzone = 1,\n zone = 5 }")
      assert.is_truthy(why:find("config.lua:[34]:"), why)
    end)
  end)

  it("warns of a secret that stands in it, unless it is one for this machine", function()
    local function warnings(text)
      local _, _, list = rules.check(assert(read(text)), "config.lua", text)
      return list
    end
    local literal = 'return { profiles = { a = { provider = "carbon",\n environment = "live",\n'
      .. ' api_key = "S3CR3T", secrets = { carbon_key = "S3CR3T" } } } }'
    assert.equal(2, #warnings(literal))
    for _, warning in ipairs(warnings(literal)) do
      assert.is_truthy(warning:find("config.lua:3: profile 'a' holds the secret", 1, true))
      assert.is_nil(warning:find("S3CR3T", 1, true))
    end
    assert.same({}, warnings('return { profiles = { a = { provider = "carbon", base_url = '
      .. '"http://127.0.0.1:8042/x", api_key = "S3CR3T" } } }'))
    assert.same({}, warnings('return { profiles = { a = { provider = "carbon", api_key = '
      .. 'env "X" } } }'))
    assert.equal(1, #warnings('return { profiles = { a = { provider = "carbon", base_url = '
      .. '"http://127.evil.example/", api_key = "S3CR3T" } } }'))
  end)
end)

describe("configurations in their places", function()
  local place

  before_each(function() place = cli.new() end)
  after_each(function() place:close() end)

  local function load(given)
    return config.load(place:world(), given)
  end

  it("are not needed", function()
    local loaded = assert(load())
    assert.same({}, loaded.files)
    assert.same({}, config.names(loaded))
    local err = helper.fails(config.profile(loaded, "a"))
    assert.is_truthy(err.message:find("nothing is configured", 1, true))
  end)

  it("lie under XDG_CONFIG_HOME where that is an absolute path", function()
    place:write("elsewhere/repay/config.lua", 'return { zone = "+03:00" }')
    place:configure 'return { zone = "+01:00" }'
    assert.equal("+01:00", load().zone)
    place.env.XDG_CONFIG_HOME = place.home .. "/elsewhere"
    assert.equal("+03:00", load().zone)
    place.env.XDG_CONFIG_HOME = "elsewhere"
    assert.equal("+01:00", load().zone)
  end)

  it("that are named must be there, and are the only ones", function()
    place:configure "return { projects = 5 }"
    local path = place:write("own.lua", 'return { zone = "+02:00" }')
    assert.equal("+02:00", assert(load(path)).zone)
    helper.fails(load(place.home .. "/none.lua"))
  end)

  it("of a project are read only when the user's own names the directory", function()
    place:write(".repay.lua",
      'return { profile = "b", profiles = { b = { provider = "carbon" } } }')
    place:configure 'return { profile = "a", profiles = { a = { provider = "carbon" } } }'
    local loaded = assert(load())
    assert.equal("a", loaded.profile)
    assert.is_nil(loaded.profiles.b)
    assert.is_truthy(loaded.warnings[1]:find("is not read", 1, true))

    place:configure(('return { profile = "a", projects = { %q }, profiles = { a = { provider = '
      .. '"carbon" } } }'):format(place.home .. "/"))
    loaded = assert(load())
    assert.equal("b", loaded.profile)
    assert.same({ "a", "b" }, config.names(loaded))
    assert.same({}, loaded.warnings)
  end)

  it("never take a profile's name twice", function()
    place:write(".repay.lua", 'return { profiles = { a = { provider = "carbon" } } }')
    place:configure(('return { projects = { %q }, profiles = { a = { provider = "pezesha" } } }')
      :format(place.home))
    local err = helper.fails(load())
    assert.is_truthy(err.message:find("the profile 'a' is in", 1, true))
  end)

  it("that cannot be read are an error, not an absence", function()
    os.execute("mkdir -p '" .. place.home .. "/.config/repay/config.lua'")
    local err = helper.fails(load())
    assert.equal("config", err.kind)
  end)

  it("suggest a profile", function()
    place:configure 'return { profiles = { main = { provider = "carbon" } } }'
    local err = helper.fails(config.profile(assert(load()), "mian"))
    assert.is_truthy(err.message:find("did you mean 'main'?", 1, true))
    assert.equal("profiles: main", err.hint)
  end)
end)

describe("a secret", function()
  local function resolve(text, world)
    return secret.resolve(assert(read("return { " .. text .. " }"))[1], "token", world)
  end
  local function runs(output, why)
    return { run = function(argv, limits)
      assert.equal("pass", argv[1])
      assert.is_true(limits.timeout_ms > 0 and limits.output_max > 0)
      return output, why
    end }
  end

  it("is the text itself, a variable, or what a program prints less one line end", function()
    assert.equal("plain", resolve('"plain"', {}))
    assert.equal("v", resolve('env "X"', { getenv = function(name)
      return name == "X" and "v" or nil
    end }))
    assert.equal("printed ", resolve('command { "pass", "x" }', runs "printed \n"))
    assert.equal("printed", resolve('command { "pass", "x" }', runs "printed\r\n"))
  end)

  it("that cannot be had is an error that names the place", function()
    local none = { getenv = function() return nil end }
    assert.is_truthy(helper.fails(resolve('env "X"', none)).message
      :find("token: the variable X is not set", 1, true))
    none.getenv = function() return "" end
    assert.is_truthy(helper.fails(resolve('env "X"', none)).message:find("is empty", 1, true))
    for _, case in ipairs { { runs(nil, "ended with status 1"), "ended with status 1" },
      { runs "\n", "printed nothing" }, { runs "", "printed nothing" },
      { runs "S3CR3T\nS3CR3T\n", "more than one line" }, { runs "S3CR3T\0", "more than one" } } do
      local err = helper.fails(resolve('command { "pass", "x" }', case[1]))
      assert.is_truthy(err.message:find(case[2], 1, true), err.message)
      assert.is_nil(tostring(err):find("S3CR3T", 1, true))
    end
  end)
end)
