-- What a command writes: tables that fit, cells that no terminal and no spreadsheet obeys, the same
-- figures in every form.
local cjson = require "cjson"
local columns = require "repay.cli.columns"
local errors = require "repay.error"
local json = require "repay.cli.json"
local measure = require "repay.report.measure"
local output = require "repay.cli.output"

local unpack = unpack or table.unpack

local COLUMNS = {
  { name = "loan_id", label = "Loan", shrink = 13 },
  { name = "number", label = "No.", kind = "whole", drop = 2 },
  { name = "due_date", label = "Due", kind = "day" },
  { name = "outstanding_minor", kind = "money" },
  { name = "currency", label = "" },
  { name = "late", kind = "flag", drop = 6, tone = function(value) return value and "bad" end },
  { name = "tags", kind = "list", extra = true },
}

local ROWS = {
  { loan_id = "B", number = 10, due_date = "2025-03-15", outstanding_minor = 7146666,
    currency = "NGN", late = true, tags = { "north", "sme" } },
  { loan_id = "A", number = 9, due_date = "2025-02-15", outstanding_minor = 100000000000001,
    currency = "NGN", late = false, tags = {} },
  { loan_id = "C", number = 2, due_date = "2024-12-01", outstanding_minor = -5,
    currency = "KES", tags = {} },
  { loan_id = "D" },
}

-- What is written of these rows with these words of a command line.
local function written(arguments, rows, terminal, list)
  local parts, said = {}, {}
  local made = output.new {
    arguments = arguments, say = function(text) said[#said + 1] = text end,
    world = { getenv = function(name) return arguments[name] end,
      terminal = { stdout = terminal },
      stdout = { write = function(_, text) parts[#parts + 1] = text return true end } },
  }
  local ok, err = pcall(made.rows, made, list or COLUMNS, rows or ROWS)
  if not ok then
    return nil, err
  end
  return table.concat(parts), table.concat(said, "\n")
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

describe("the output", function()
  it("is a table on a terminal: figures to the right, the currency in its own column", function()
    assert.same({
      "Loan  No.  Due                  Outstanding       Late",
      "B      10  2025-03-15             71,466.66  NGN  yes",
      "A       9  2025-02-15  1,000,000,000,000.01  NGN  no",
      "C       2  2024-12-01                 -0.05  KES",
      "D",
    }, lines_of((written({ no_color = true }, nil, 80))))
  end)

  it("is tab-separated in a pipe, with plain decimals, empty where nothing is known", function()
    assert.same({
      "loan_id\tnumber\tdue_date\toutstanding\tcurrency\tlate\ttags",
      "B\t10\t2025-03-15\t71466.66\tNGN\ttrue\tnorth sme",
      "A\t9\t2025-02-15\t1000000000000.01\tNGN\tfalse\t",
      "C\t2\t2024-12-01\t-0.05\tKES\t\t",
      "D\t\t\t\t\t\t",
    }, lines_of((written {})))
  end)

  it("is JSON: minor units as whole numbers, null where nothing is known", function()
    local document = (cjson.decode((written { json = true })))
    assert.equal(4, #document)
    assert.equal(7146666, document[1].outstanding_minor)
    assert.same({ "north", "sme" }, document[1].tags)
    assert.same({}, document[2].tags)
    assert.is_true(document[1].late)
    assert.equal(cjson.null, document[4].outstanding_minor)
    assert.equal("[]\n", (written({ json = true }, {})))
  end)

  it("is one object a line", function()
    local lines = lines_of((written { ndjson = true }))
    assert.equal('{"loan_id":"B","number":10,"due_date":"2025-03-15","outstanding_minor":7146666,'
      .. '"currency":"NGN","late":true,"tags":["north","sme"]}', lines[1])
    assert.equal(4, #lines)
    assert.equal("", (written({ ndjson = true }, {})))
  end)

  it("is CSV as spreadsheets read it", function()
    local text = written({ csv = true }, { { loan_id = '=1+1,"x"', outstanding_minor = -5,
      currency = "KES" }, { loan_id = " -2", number = -1 } })
    assert.equal("loan_id,number,due_date,outstanding,currency,late,tags\n"
      .. "\"'=1+1,\"\"x\"\"\",,,-0.05,KES,,\n' -2,-1,,,,,\n", text)
  end)

  it("ends lines of CSV as other programs of a pipe do, and leaves cells as they are", function()
    local text = written({ csv = true }, { { loan_id = "a\r\nb\r\n", late = true } })
    assert.equal("loan_id,number,due_date,outstanding,currency,late,tags\n"
      .. '"a\r\nb\r\n",,,,,true,\n', text)
  end)

  it("adds to an amount the currency that it needs, whatever --columns names", function()
    assert.equal('{"outstanding_minor":7146666,"currency":"NGN"}',
      lines_of((written { ndjson = true, columns = "outstanding" }))[1])
  end)

  describe("shows columns", function()
    it("that are named, in their order, by either name of an amount, extra ones too", function()
      assert.same({ "outstanding\tloan_id\ttags", "71466.66\tB\tnorth sme" },
        { unpack(lines_of((written { columns = "outstanding,loan_id,tags" })), 1, 2) })
      assert.equal("Outstanding  Tags", lines_of((written({ no_color = true,
        columns = "outstanding_minor tags" }, {}, 80)))[1])
    end)

    for asked, expected in pairs {
      ["loan"] = "there is no column 'loan'", ["outstandng"] = "did you mean 'outstanding'?",
      [","] = "names no column", ["due_date,\27[2J"] = "there is no column '?[2J'",
    } do
      it("and refuses " .. asked:gsub("%c", "?"), function()
        local text, err = written { columns = asked }
        assert.is_nil(text)
        assert.is_true(errors.is(err, "invalid_argument"))
        assert.is_truthy(err.message:find(expected, 1, true), err.message)
      end)
    end

    it("as far as they fit: minor ones go, ids shrink, more go, figures stay", function()
      local uuid = "123e4567-e89b-12d3-a456-426614174000"
      local rows = { { loan_id = uuid, number = 1, due_date = "2025-03-15",
        outstanding_minor = 7146666, currency = "NGN", late = true } }
      local function shown(width)
        local text, said = written({ no_color = true }, rows, width)
        local lines = lines_of(text)
        for _, line in ipairs(lines) do
          assert.is_true(measure.width(line) <= math.max(width, 38), line)
        end
        return lines[2], said
      end
      assert.equal(uuid .. "    1  2025-03-15    71,466.66  NGN  yes", (shown(80)))
      assert.equal(uuid .. "    1  2025-03-15    71,466.66  NGN", (shown(73)))
      assert.equal("123e4567-e89b-12d3-a45…    1  2025-03-15    71,466.66  NGN", (shown(58)))
      assert.equal("123e4567-e89…    1  2025-03-15    71,466.66  NGN", (shown(48)))
      assert.equal("123e4567-e89…  2025-03-15    71,466.66  NGN", (shown(46)))
      assert.equal("123e456…  2025-03-15    71,466.66  NGN", (shown(20)))
    end)

    it("so that no column is left out for one that went after it", function()
      local list = { { name = "loan_id" }, { name = "number", drop = 3 },
        { name = "due_date", drop = 2 }, { name = "provider", drop = 5 } }
      local lines = lines_of((written({ no_color = true }, { { loan_id = ("x"):rep(22),
        number = "12345", due_date = "2025-03-15", provider = "carbon" } }, 31, list)))
      assert.equal(("x"):rep(22) .. "  12345", lines[2])
      assert.equal("left out for want of room:", lines[3])
      assert.equal("due_date, provider (--columns", lines[4])
    end)

    it("and says under the table which it left out, with --quiet too", function()
      local rows = { { loan_id = ("x"):rep(36), number = 1, outstanding_minor = 7146666,
        currency = "NGN", late = true } }
      local lines = lines_of((written({ no_color = true, quiet = true }, rows, 63)))
      assert.same({ "left out for want of room: late (--columns names what to show)" },
        { unpack(lines, 3) })
      lines = lines_of((written({ no_color = true }, rows, 40)))
      assert.same({ "left out for want of room: number, late", "(--columns names what to show)" },
        { unpack(lines, 3) })
      assert.equal(2, #lines_of((written({ no_color = true }, rows, 100))))
    end)

    it("without leaving one out that was asked for", function()
      local text, said = written({ no_color = true, columns = "loan_id,late,number" },
        { { loan_id = ("x"):rep(50), late = true, number = 5 } }, 30)
      assert.equal(("x"):rep(18) .. "…  yes     5", lines_of(text)[2])
      assert.equal("", said)
    end)
  end)

  describe("shows ids", function()
    local IDS = { { name = "loan_id", label = "Loan", id = true, shrink = 13 },
      { name = "outstanding_minor", kind = "money" }, { name = "provider", drop = 2 } }

    local function shown(width, ...)
      local rows = {}
      for i, id in ipairs { ... } do
        rows[i] = { loan_id = id or nil, outstanding_minor = 100, currency = "NGN",
          provider = "carbon" }
      end
      return lines_of((written({ no_color = true }, rows, width, IDS)))
    end

    it("never so short that two of them look the same", function()
      local lines = shown(30, "423e4567-e89b-12d3-a456-426614174003",
        "423e4567-e89b-22d3-a456-426614174017", "523e4567-e89b-12d3-a456-426614174003")
      assert.same({ "423e4567-e89b-1…         1.00", "423e4567-e89b-2…         1.00",
        "523e4567-e89b-1…         1.00" }, { unpack(lines, 2, 4) })
      lines = shown(40, "423e4567-e89b-12d3-a456-426614174003",
        "423e4567-e89b-12d3-a456-426614174017")
      assert.equal("423e4567-e89b-12d3-a456-426614174003         1.00", lines[2])
    end)

    it("whole beside one that goes on where it ends", function()
      local lines = shown(20, "merchant_000001", "merchant_000001", "merchant_00000123456789")
      assert.equal("merchant_000001           1.00", lines[2])
      assert.equal("merchant_0000012…         1.00", lines[4])
    end)

    it("and says which are cut, that this is enough to name one, and where all of it is", function()
      local lines = shown(47, "423e4567-e89b-12d3-a456-426614174003", "LOAN_1")
      assert.same({ "cut short: loan_id (what is shown names one;", "--csv has all of it)" },
        { unpack(lines, #lines - 1) })
    end)

    it("as the reports do where there is none", function()
      assert.equal("(no id)         1.00  carbon", shown(80, false)[2])
      assert.equal("loan_id\toutstanding\tprovider\n\t\t\n", (written({}, { {} }, nil, IDS)))
    end)
  end)

  describe("sorts", function()
    local function ids(sort, rows)
      local found = {}
      for i, line in ipairs(lines_of((written({ sort = sort, columns = "loan_id" }, rows)))) do
        found[i - 1] = line
      end
      return table.concat(found, "")
    end

    it("numbers as numbers, days as days, amounts within their currency", function()
      assert.equal("CABD", ids "number")
      assert.equal("BACD", ids "-number")
      assert.equal("CABD", ids "due_date")
      assert.equal("CBAD", ids "outstanding")
      assert.equal("CABD", ids "-outstanding_minor")
      assert.equal("DCBA", ids "-loan_id")
      assert.equal("CBAD", ids "currency,-late,number")
    end)

    it("what is not known to the end, and equal rows as they came", function()
      local rows = {}
      for i = 1, 200 do
        rows[i] = { loan_id = ("%03d,"):format(i), number = i % 2 == 0 and 1 or nil }
      end
      local text = ids("-number", rows)
      assert.equal("002,004,", text:sub(1, 8))
      assert.equal("197,199,", text:sub(-8))
    end)

    it("by no column that is not there", function()
      local text, err = written { sort = "-numbr" }
      assert.is_nil(text)
      assert.is_truthy(err.message:find("did you mean 'number'?", 1, true))
    end)
  end)

  describe("of hostile texts", function()
    local HOSTILE = "a\27[31mred\27[0m\tb\nc\r\0d\226\128\174e\255\\"

    it("obeys none on a terminal", function()
      local text = written({ no_color = true }, { { loan_id = HOSTILE } }, 200)
      assert.is_nil(text:find("[%c\128-\159]", 1, false) and text:gsub("\n", ""):find("%c"))
      assert.equal(2, #lines_of(text))
      assert.is_truthy(text:find("<U+202E>", 1, true))
    end)

    it("obeys none on a terminal that is given CSV, and keeps them in a file", function()
      local rows = { { loan_id = "a\27[31mred" } }
      assert.is_nil(written({ csv = true }, rows, 80):find("\27", 1, true))
      assert.is_truthy(written({ csv = true }, rows):find("a\27[31mred", 1, true))
    end)

    it("keeps one line and its cells in a pipe", function()
      local lines = lines_of((written({}, { { loan_id = HOSTILE, number = 1 } })))
      assert.equal(2, #lines)
      assert.equal("a\\x1b[31mred\\x1b[0m\\tb\\nc\\r\\x00d<U+202E>e\239\191\189\\\\\t1\t\t\t\t\t",
        lines[2])
    end)

    it("says them again in JSON", function()
      local text = written({ json = true }, { { loan_id = HOSTILE } })
      assert.is_nil(text:gsub("\n", ""):find("%c"))
      local document = (cjson.decode(text))
      assert.equal(HOSTILE:gsub("\255", "\239\191\189"), document[1].loan_id)
    end)

    it("measures wide letters and marks", function()
      local lines = lines_of((written({ no_color = true }, { { loan_id = "山田", number = 1 },
        { loan_id = "é", number = 2 }, { loan_id = "plain", number = 3 } }, 80)))
      for _, line in ipairs(lines) do
        assert.equal(measure.width(lines[2]), measure.width(line:sub(1, #line)) + (line:find("No.",
          1, true) and measure.width(lines[2]) - measure.width(line) or 0))
      end
    end)
  end)

  describe("has colours", function()
    local function has_color(arguments, terminal)
      return written(arguments, nil, terminal):find("\27[", 1, true) ~= nil
    end

    it("on a terminal only, and not against anybody's wish", function()
      assert.is_true(has_color({}, 80))
      assert.is_false(has_color({}, nil))
      assert.is_false(has_color({ no_color = true }, 80))
      assert.is_false(has_color({ NO_COLOR = "1" }, 80))
      assert.is_true(has_color({ NO_COLOR = "" }, 80))
      assert.is_false(has_color({ TERM = "dumb" }, 80))
    end)

    it("that change no width", function()
      local plain = written({ no_color = true }, nil, 80)
      local colored = written({}, nil, 80)
      assert.equal(plain, (colored:gsub("\27%[%d+m", "")))
    end)
  end)

  it("streams rows where it needs not know them all", function()
    for _, form in ipairs { "tsv", "ndjson", "csv", "json" } do
      local parts, given = {}, 0
      local made = output.new {
        arguments = { [form] = true },
        world = { getenv = function() end, terminal = {},
          stdout = { write = function(_, text) parts[#parts + 1] = text return true end } },
      }
      made:rows(COLUMNS, function()
        -- Each row is out before the next is asked for.
        assert.is_true(given == 0 or table.concat(parts):find("row" .. given, 1, true) ~= nil)
        given = given + 1
        return given <= 3 and { loan_id = "row" .. given } or nil
      end)
    end
  end)

  it("that cannot be written raises, with why", function()
    local made = output.new {
      arguments = {}, world = { getenv = function() end, terminal = {}, stdout = {
        write = function() return nil, "No space left on device" end } },
    }
    local ok, err = pcall(made.text, made, "x")
    assert.is_false(ok)
    assert.equal("output", err.kind)
    assert.is_truthy(err.message:find("No space left", 1, true))
  end)

  describe("of one thing", function()
    local function record(arguments, terminal)
      local parts = {}
      local made = output.new {
        arguments = arguments, world = { getenv = function() end, terminal = { stdout = terminal },
          stdout = { write = function(_, text) parts[#parts + 1] = text return true end } },
      }
      made:record(COLUMNS, { loan_id = "B", outstanding_minor = 100, currency = "NGN" })
      return table.concat(parts)
    end

    it("is a line a fact, or one object", function()
      assert.equal("Loan         B\nOutstanding  1.00\n             NGN\n",
        record({ no_color = true }, 80))
      assert.equal("loan_id\tB\nnumber\t\ndue_date\t\noutstanding\t1.00\ncurrency\tNGN\nlate\t\n"
        .. "tags\t\n", record {})
      assert.equal("B", cjson.decode(record { json = true }).loan_id)
    end)
  end)
end)

describe("the JSON of the command", function()
  it("keeps an order that is given, sorts one that is not, and loses no digit", function()
    assert.equal('{"b":1,"a":[true,null,"x"],"c":{"x":9007199254740991,"y":{}}}', json.object {
      { "b", 1 }, { "a", { true, json.null, "x" } },
      { "c", { y = json.of {}, x = 9007199254740991 } }, { "d", nil } })
    assert.equal("[]", json.encode {})
    assert.equal('"\\u0000\\u001b\\"\\\\\\u007f\\n"', json.encode "\0\27\"\\\127\n")
  end)
end)

describe("columns", function()
  it("are checked before a command does something", function()
    local made = output.new { arguments = { columns = "x" }, world = { getenv = function() end,
      terminal = {} } }
    local fits, err = made:check(COLUMNS)
    assert.is_nil(fits)
    assert.equal("invalid_argument", err.kind)
    assert.equal("outstanding", columns.title(COLUMNS[4]))
  end)
end)
