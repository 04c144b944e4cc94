-- CSV read strictly: what is said is what is there, and what is wrong has a line and a column.
local csv = require "repay.csv"

local function cells(text)
  local result, problems = csv.parse(text)
  assert.same({}, problems)
  local rows = {}
  for i, row in ipairs(result.rows) do
    rows[i] = row.cells
  end
  return rows, result
end

local function problem(text)
  local _, problems = csv.parse(text)
  assert.equal(1, #problems, "expected one problem")
  return ("%d:%d %s"):format(problems[1].line, problems[1].column, problems[1].message)
end

describe("repay.csv", function()
  it("reads cells by their column's name, whatever the order", function()
    assert.same({ { a = "1", b = "2" } }, (cells("a,b\n1,2\n")))
    assert.same({ { a = "1", b = "2" } }, (cells("b,a\n2,1\n")))
  end)

  it("guesses no type", function()
    assert.same({ { a = "007", b = "1e3" } }, (cells("a,b\n007,1e3")))
    assert.same({ { a = "true", b = "2024-01-05" } }, (cells("a,b\ntrue,2024-01-05")))
  end)

  it("reads quotes, with commas, quotes and lines inside", function()
    assert.same({ { a = 'say "hi", twice', b = "x\ny" } },
      (cells('a,b\n"say ""hi"", twice","x\ny"\n')))
  end)

  it("takes both line ends, a byte order mark and no last line end", function()
    assert.same({ { a = "1", b = "2" }, { a = "3", b = "4" } },
      (cells("\239\187\191a,b\r\n1,2\r\n3,4")))
  end)

  it("cuts blanks around cells, and takes an empty one as absent", function()
    assert.same({ { a = "x y" } }, (cells("a,b\n  x y\t,\n")))
    assert.same({ { a = "x" } }, (cells('a,b\n" x ",""\n')))
  end)

  it("leaves out empty lines, and counts them", function()
    local _, result = cells("a\n\n1\n\n\n2\n")
    assert.equal(3, result.rows[1].line)
    assert.equal(6, result.rows[2].line)
  end)

  it("counts lines inside quotes", function()
    local _, result = cells('a\n"x\n\ny"\n2\n')
    assert.equal(2, result.rows[1].line)
    assert.equal(5, result.rows[2].line)
  end)

  it("names the place of what is wrong", function()
    assert.equal("2:1 the row has 1 cells and the header has 2", problem("a,b\n1\n"))
    assert.equal("2:3 the row has 3 cells and the header has 2", problem("a,b\n1,2,3\n"))
    assert.equal("2:2 text stands behind a closing quote", problem('a,b\n1,"2"x\n'))
    assert.equal("2:2 a quote stands inside a cell that does not begin with one",
      problem('a,b\n1,2"3\n'))
    assert.equal("2:2 a quote that begins here never ends", problem('a,b\n1,"2\n3,4\n'))
    assert.equal("2:2 the cell holds a control byte", problem("a,b\n1,\0012\n"))
    assert.equal("2:1 the cell is not UTF-8", problem("a,b\n\255,2\n"))
    assert.equal("2:1 the cell is not UTF-8", problem("a,b\n\195,2\n"))
    assert.equal("2:1 a carriage return stands without a line feed", problem("a\n1\r2\n"))
    assert.equal("1:2 column 'a' stands twice, here and at column 1", problem("a,a\n1,2\n"))
    assert.equal("1:2 a column has no name", problem("a,\n1,2\n"))
    assert.equal("1:1 the file has no header", problem(""))
    assert.equal("2:1 the row is too large", problem("a\n" .. ("x"):rep(70000) .. "\n"))
  end)

  it("reads on behind a bad row", function()
    local result, problems = csv.parse('a,b\n1\n"2"x,3\n4,5\n')
    assert.equal(2, #problems)
    assert.same({ a = "4", b = "5" }, result.rows[1].cells)
    assert.equal(4, result.rows[1].line)
  end)

  it("takes no overlong form and no surrogate for UTF-8", function()
    for _, bytes in ipairs { "\224\128\175", "\237\160\128", "\244\144\128\128", "\195" } do
      local _, problems = csv.parse("a\n" .. bytes .. "\n")
      assert.equal("the cell is not UTF-8", problems[1].message)
    end
    assert.equal("\237\159\191", cells("a\n\237\159\191\n")[1].a)
  end)

  it("writes cells that no spreadsheet takes for a formula", function()
    assert.equal("'=1+2,'@x,'-5,'+5,plain\r\n", csv.line { "=1+2", "@x", "-5", "+5", "plain" })
    assert.equal("' =1+2,\" a\"\r\n", csv.line { " =1+2", " a" })
    assert.equal('"a,b","say ""x""",,"two\nlines"\r\n',
      csv.line({ "a,b", 'say "x"', nil, "two\nlines" }, 4))
  end)

  it("reads back what it writes", function()
    local values = { 'a "b"', "c,d", "e\nf", "g" }
    local rows = cells("w,x,y,z\r\n" .. csv.line(values))
    assert.same({ w = values[1], x = values[2], y = values[3], z = values[4] }, rows[1])
  end)
end)
