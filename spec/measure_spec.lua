-- Widths on a terminal, and texts that may be shown.
local measure = require "repay.report.measure"

local NAIRA, WIDE, ACUTE = "\226\130\166", "\232\178\184\228\187\152", "e\204\129"

describe("repay.report.measure", function()
  it("counts columns and not bytes", function()
    assert.equal(5, measure.width("LOAN1"))
    assert.equal(1, measure.width(NAIRA))
    assert.equal(4, measure.width(WIDE))
    assert.equal(1, measure.width(ACUTE))
    assert.equal(2, measure.width("\240\159\152\128"))
    assert.equal(0, measure.width(""))
    assert.equal(2, measure.width("\239\188\161")) -- a full-width A
    assert.equal(1, measure.width("\239\189\177")) -- a half-width kana
  end)

  it("counts a byte that is no UTF-8 as one column", function()
    assert.equal(3, measure.width("a\255b"))
    assert.equal(2, measure.width("\192\128")) -- an overlong zero
    assert.equal(3, measure.width("\237\160\128")) -- half of a pair
  end)

  it("cuts between characters, and says so", function()
    assert.equal("LOA\226\128\166", measure.cut("LOAN_1", 4))
    assert.equal("LOAN", measure.cut("LOAN", 4))
    assert.equal("\232\178\184\226\128\166", measure.cut(WIDE .. "xx", 4))
    assert.equal("\226\128\166", measure.cut(WIDE, 1))
    assert.equal("", measure.cut(WIDE, 0))
    for most = 0, 12 do
      assert.is_true(measure.width(measure.cut(WIDE .. ACUTE .. "abc" .. WIDE, most)) <= most)
    end
  end)

  it("fills up on either side", function()
    assert.equal("ab  ", measure.pad("ab", 4))
    assert.equal("  ab", measure.pad("ab", 4, true))
    assert.equal(WIDE, measure.pad(WIDE, 3))
  end)

  it("writes out what could not be seen, or would change what is read", function()
    assert.equal("a\226\144\137b\226\144\138", measure.clean("a\tb\n"))
    assert.equal("\226\144\155[31m", measure.clean("\27[31m"))
    assert.equal("\226\144\128", measure.clean("\0"))
    assert.equal("\226\144\161", measure.clean("\127"))
    assert.equal("<U+202E>x", measure.clean("\226\128\174x"))
    assert.equal("<U+200B>", measure.clean("\226\128\139"))
    assert.equal("<U+FEFF>", measure.clean("\239\187\191"))
    assert.equal("<U+0085>", measure.clean("\194\133"))
    assert.equal("\239\191\189(", measure.clean("\195("))
    assert.equal(WIDE .. ACUTE, measure.clean(WIDE .. ACUTE))
  end)

  it("keeps valid text as it is and mends the rest", function()
    assert.equal("a\nb", measure.valid("a\nb"))
    assert.equal("\239\191\189\239\191\189", measure.valid("\240\159"))
  end)

  it("breaks lines at blanks", function()
    assert.same({ "one two", "three" }, measure.wrap("one two three", 8))
    assert.same({ "" }, measure.wrap("", 8))
    assert.same({ "abcdefghijkl" }, measure.wrap("abcdefghijkl", 8))
  end)
end)
