-- The parts under the sandbox: JSON with exact numbers, amounts, days, chance, routes.

local amount = require("repay.sandbox.amount")
local calendar = require("repay.sandbox.calendar")
local json = require("repay.sandbox.json")
local random = require("repay.sandbox.random")
local route = require("repay.sandbox.route")
local tokens = require("repay.sandbox.tokens")

describe("the sandbox's JSON", function()
  it("keeps numbers as text and members in order", function()
    local text = '{"z":1.50,"a":[-0,12345678901234567890,1e5,0.0],"m":{"k":null,"b":true}}'
    assert.are.equal(text, json.write(assert(json.read(text))))
  end)

  it("reads escapes and writes them so that they read back", function()
    local value = assert(json.read('"\\u00e9\\ud83d\\ude00\\n\\"\\\\\\/\\b\\f\\r\\t\\u0000"'))
    assert.are.equal('é😀\n"\\/\b\f\r\t\0', value)
    assert.are.equal(value, json.read(json.write(value)))
  end)

  it("says where it stops understanding", function()
    local cases = {
      { "", "unexpected end at byte 0" }, { "[1,]", "unexpected character at byte 3" },
      { '{"a":1,"a":2}', "member a stands twice at byte 7" },
      { "[01]", "number with a leading zero at byte 1" },
      { "{} x", "text after the value at byte 3" },
      { '"\\ud800"', "lone surrogate at byte 3" }, { '"\\udc00"', "lone surrogate at byte 3" },
      { '"a\1"', "control character in a string at byte 2" },
      { '"abc', "string without an end at byte 4" },
      { "\255", "not UTF-8 at byte 0" }, { '"\192\128"', "not UTF-8 at byte 1" },
      { '"\237\160\128"', "not UTF-8 at byte 1" }, { '"\244\144\128\128"', "not UTF-8 at byte 1" },
      { "[1.]", "unexpected character after a number at byte 2" },
      { "[+1]", "unexpected character at byte 1" }, { "nul", "unexpected character at byte 0" },
      { "{1:2}", "expected a member's name at byte 1" }, { '{"a" 1}', "expected : at byte 5" },
      { ("["):rep(40) .. ("]"):rep(40), "nested too deeply at byte 33" },
      { '"\\x"', "bad escape at byte 1" }, { '"\\u12g4"', "bad \\u escape at byte 3" },
    }
    for _, case in ipairs(cases) do
      local value, why = json.read(case[1])
      assert.is_nil(value)
      assert.are.equal(case[2], why)
    end
  end)
end)

describe("the sandbox's amounts", function()
  it("go to text and back for every length", function()
    for _, minor in ipairs({ 0, 1, 10, 99, 100, 101, 45000050, 9007199254740991 }) do
      assert.are.equal(minor, amount.read(amount.text(minor, 2), 2))
      assert.are.equal(minor, amount.read(amount.text(minor, 2, true), 2))
      assert.are.equal(minor, amount.read(amount.text(minor, 0), 0))
    end
    assert.are.equal("-0.05", amount.text(-5, 2))
    assert.are.equal("450000.50", amount.text(45000050, 2, true))
  end)

  it("are never rounded", function()
    assert.are.same({ nil, "has more than 2 decimals" }, { amount.read("1.005", 2) })
    assert.are.equal(100, amount.read("1.000", 2))
    assert.are.same({ nil, "is too large" }, { amount.read("90071992547409.92", 2) })
    for _, text in ipairs({ "", "1e5", ".5", "5.", "1,000", " 1", "0x10", "--1" }) do
      assert.are.same({ nil, "is not a plain decimal number" }, { amount.read(text, 2) })
    end
  end)
end)

describe("the sandbox's calendar", function()
  it("counts days that go back to the same date, over 4,000 years", function()
    for day = -800000, 800000, 997 do
      local year, month, date = calendar.civil(day)
      assert.are.equal(day, calendar.day(year, month, date))
    end
  end)

  it("knows real days and moments only", function()
    for _, text in ipairs({ "2025-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "x" }) do
      assert.is_nil(calendar.day_read(text))
    end
    assert.are.equal(19782, calendar.day_read("2024-02-29"))
    for _, text in ipairs({ "2024-01-15T24:00:00Z", "2024-01-15T10:00:00+25:00",
      "2024-01-15T10:00" }) do
      assert.is_nil(calendar.moment_read(text))
    end
    assert.are.equal("2024-01-15T09:30:00.250Z",
      calendar.moment_text(calendar.moment_read("2024-01-15T10:30:00.25+01:00"), "ms"))
    assert.are.equal("Thu, 01 Jan 1970 00:00:00 GMT", calendar.http_date(0))
    assert.are.equal("Sun, 06 Nov 1994 08:49:37 GMT", calendar.http_date(784111777000))
  end)

  it("adds months to the same day or the last one", function()
    local function add(text, count)
      return calendar.day_text(calendar.add_months(calendar.day_read(text), count))
    end
    assert.are.equal("2024-02-29", add("2024-01-31", 1))
    assert.are.equal("2023-12-31", add("2024-01-31", -1))
    assert.are.equal("2026-01-15", add("2024-01-15", 24))
  end)
end)

describe("the sandbox's chance", function()
  it("gives these numbers for this seed on every Lua", function()
    local source = random.new(42)
    assert.are.same({ 519580797, 760876610 }, { source:next(), source:next() })
    assert.are.equal("5eba4154-8b68-4dc7-9657-83fb4cb20eee", source:uuid())
  end)

  it("is spread evenly enough", function()
    local source, counts = random.new(1), {}
    for _ = 1, 10000 do
      local value = source:below(10)
      counts[value] = (counts[value] or 0) + 1
    end
    for value = 0, 9 do assert.is_true(counts[value] > 850 and counts[value] < 1150) end
  end)
end)

describe("the sandbox's routes", function()
  it("measure how far two names are apart", function()
    assert.are.equal(0, route.distance("apikey", "apikey"))
    assert.are.equal(1, route.distance("apikey", "api-key"))
    assert.are.equal(3, route.distance("kitten", "sitting"))
    assert.are.equal(6, route.distance("", "apikey"))
  end)

  it("decode percent signs strictly and leave plus signs", function()
    assert.are.equal("Partner Name", route.decode("Partner%20Name"))
    assert.are.equal("a+b", route.decode("a+b"))
    assert.is_nil(route.decode("%2"))
    assert.is_nil((route.query("a=1&a=2")))
    assert.are.same({ a = "1", b = "" }, (route.query("a=1&b=")))
    assert.are.same({ a = "x y" }, (route.form("a=x+y")))
  end)
end)

describe("the sandbox's tokens", function()
  it("are written in the alphabet of JWTs", function()
    assert.are.equal("", tokens.base64url(""))
    assert.are.equal("Zg", tokens.base64url("f"))
    assert.are.equal("Zm8", tokens.base64url("fo"))
    assert.are.equal("Zm9vYmFy", tokens.base64url("foobar"))
    assert.are.equal("-_8", tokens.base64url("\251\255"))
  end)
end)
