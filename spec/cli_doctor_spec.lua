-- The doctor: each thing that may be wrong has a line, a remedy and an exit code, and nothing that
-- is right is called wrong.
local cjson = require "cjson"
local cli = require "spec.support.cli"
local helper = require "spec.support.helper"
local sandbox = require "repay.sandbox"

local unpack = unpack or table.unpack

describe("doctor", function()
  local box, place

  before_each(function()
    box = sandbox.new { seed = 42 }
    place = cli.new { box = box }
    place:configure_sandbox()
  end)
  after_each(function() place:close() end)
  helper.watch(after_each)

  -- The exit code and the lines of a check, or of all.
  local function doctor(check, ...)
    local code, out, err = place:run("doctor", "--json", ...)
    local found = {}
    for _, row in ipairs(cjson.decode(out)) do
      if not check or row.check == check then
        found[#found + 1] = row
      end
    end
    return code, found, err
  end

  local function bad(rows)
    for _, row in ipairs(rows) do
      if row.result == "bad" then
        return row
      end
    end
    return nil
  end

  it("finds nothing wrong with what works, and changes nothing by asking", function()
    local code, rows, err = doctor()
    assert.equal(0, code, err)
    assert.is_nil(bad(rows))
    local seen = {}
    for _, row in ipairs(rows) do
      seen[row.check] = (seen[row.check] or 0) + 1
      assert.is_string(row.detail)
    end
    assert.same({ 1, 4, 3, 3, 3, 1, 1 }, { seen.clock, seen.secret, seen.profile, seen.tls,
      seen.credentials, seen.journal, seen.state })
    assert.equal(0, #box:ledger().repayments)
    local journal = io.open(place.home .. "/.local/state/repay/journal.db")
    assert.is_nil(journal)
  end)

  it("asks nobody offline", function()
    assert.equal(0, (doctor(nil, "--offline")))
    assert.equal(0, #box:ledger().requests)
  end)

  it("says what to do where nothing is configured", function()
    os.remove(place.home .. "/.config/repay/config.lua")
    local code, rows = doctor "configuration"
    assert.equal(0, code)
    assert.equal("warn", rows[1].result)
    assert.equal(place.home .. "/.config/repay/config.lua", rows[1].subject)
    assert.is_truthy(rows[1].remedy:find("repay sandbox --print-config", 1, true))
  end)

  local BROKEN = {
    { 2, "configuration", "a configuration that is no Lua", function()
      place:configure "return {"
    end },
    { 2, "configuration", "a configuration that loops", function()
      place:configure "while true do end"
    end },
    { 2, "configuration", "a file that others can write", function()
      os.execute("chmod 666 '" .. place.home .. "/.config/repay/config.lua'")
    end },
    { 2, "configuration", "a choice of a profile that is not there", function()
      place:configure [[return { profile = "b", profiles = { a = { provider = "carbon",
        environment = "sandbox", api_key = env "API_KEY", carbon_key = env "CARBON_KEY" } } }]]
    end },
    { 2, "secret", "a variable that is not set", function()
      place.env.API_KEY = nil
    end },
    { 2, "profile", "a setting that is missing", function()
      place:configure [[return { profiles = { a = { provider = "carbon", environment = "sandbox",
        api_key = env "API_KEY" } } }]]
    end },
    { 2, "profile", "a host of the other environment", function()
      place:configure [[return { profiles = { a = { provider = "pezesha", currency = "KES",
        channel = "x", environment = "live", base_url = "https://dev.api.pezesha.com",
        token = env "PEZESHA" } } }]]
    end },
    { 4, "credentials", "a key that the provider does not know", function()
      place.env.PEZESHA = "wrong"
    end },
    { 5, "tls", "a certificate that is not trusted", function()
      box:fault { kind = "tls" }
    end },
    { 5, "network", "a host that is not found", function()
      box:fault { kind = "dns" }
    end },
    { 1, "clock", "a clock that stands in another century", function()
      place.now_ms = 1000
    end },
    { 7, "journal", "a journal that is damaged", function()
      os.execute("chmod 600 '" .. place:write(".local/state/repay/journal.db",
        ("no database"):rep(500)) .. "'")
    end },
    { 2, "state", "a state directory that is a file", function()
      place:write(".local/state/repay", "x")
    end },
  }
  for _, case in ipairs(BROKEN) do
    it("finds " .. case[3], function()
      if case[2] ~= "clock" then
        place.now_ms = 1800000000000
      end
      case[4]()
      local code, rows, err = doctor(case[2])
      local row = bad(rows)
      assert.is_truthy(row, err)
      assert.is_string(row.remedy)
      assert.equal(case[1], code, row.detail)
    end)
  end

  it("warns of secrets that stand in the file, and of a project that is not trusted", function()
    place:write(".repay.lua", "return {}")
    place:configure [[return { profiles = { a = { provider = "carbon", environment = "sandbox",
      api_key = "S3CR3T", carbon_key = "S3CR3T" } } }]]
    local _, rows = doctor("configuration", "--offline")
    local warnings = {}
    for _, row in ipairs(rows) do
      if row.result == "warn" then
        warnings[#warnings + 1] = row.detail
      end
    end
    local text = table.concat(warnings, "\n")
    assert.is_truthy(text:find("holds the secret 'api_key' itself", 1, true), text)
    assert.is_truthy(text:find("is not read", 1, true), text)
    assert.is_nil(text:find("S3CR3T", 1, true))
  end)

  it("looks at the profile that is chosen, or at all of them", function()
    place:configure [[return { profile = "a", profiles = { a = { provider = "carbon",
      environment = "sandbox", api_key = env "API_KEY", carbon_key = env "CARBON_KEY" },
      b = { provider = "carbon", environment = "sandbox", api_key = env "NONE",
      carbon_key = env "CARBON_KEY" } } }]]
    place.now_ms = 1800000000000
    assert.equal(0, (doctor(nil, "--offline")))
    assert.equal(2, (doctor(nil, "--offline", "--profile", "b")))
    assert.equal(2, (doctor(nil, "--offline", "--all")))
    assert.equal(2, (doctor(nil, "--offline", "--profile", "c")))
  end)

  it("is lines with remedies on a terminal", function()
    place.terminal, place.env.PEZESHA = 80, "wrong"
    local code, out = place:run("doctor", "--no-color")
    assert.equal(4, code)
    assert.is_truthy(out:find("\nbad   credentials    box.pezesha: ", 1, true), out)
    assert.is_truthy(out:find("\n +%-> fetch a new token or key"))
    assert.is_nil(out:find("\27", 1, true))
  end)

  it("starts programs without a shell, and says which one failed", function()
    place:configure [[return { profiles = { a = { provider = "carbon", environment = "sandbox",
      api_key = command { "printf", "%s", "$(id) `id` a b" },
      carbon_key = command { "false" } } } }]]
    local _, rows = doctor("secret", "--offline")
    assert.same({ "ok", "from command printf" }, { rows[1].result, rows[1].detail })
    assert.equal("bad", rows[2].result)
    assert.is_truthy(rows[2].detail:find("the program false: ended with status 1", 1, true))
  end)

  it("refuses columns that are not there before it asks anybody", function()
    local code = place:run("doctor", unpack { "--columns", "nonsense" })
    assert.equal(2, code)
    assert.equal(0, #box:ledger().requests)
  end)
end)
