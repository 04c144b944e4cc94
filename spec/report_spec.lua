-- The reports: the same bytes each time, figures that are right at the edges, nobody's text that
-- does anything, and nobody's name.
local figures = require "repay.report.figures"
local forms = require "spec.support.report_forms"
local helper = require "spec.support.helper"
local hostile = require "spec.support.report_hostile"
local repay = require "repay"
local report = require "repay.report"
local sample = require "spec.support.report_sample"
local svg = require "repay.report.svg"
local text = require "repay.report.text"

local HOSTILE = hostile.TEXTS

local function read(name)
  local file = assert(io.open(forms.DIRECTORY .. "/" .. name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

local function facts_of(options, more)
  local schedules = sample.schedules(options)
  local portfolio = sample.portfolio(schedules)
  local asked = helper.copy({ portfolio = portfolio, made_at = sample.MADE_AT }, more)
  local facts = assert(report.facts(asked))
  for _, schedule in ipairs(schedules) do
    schedule:close()
  end
  portfolio:close()
  return facts
end

describe("a report", function()
  helper.watch(after_each)

  it("has the same bytes on each run and on both VMs, in every form", function()
    for name, made in pairs(forms.texts()) do
      if made ~= read(name) then
        error(name .. " differs from its golden file; spec/support/report_forms.lua writes them")
      end
    end
  end)

  it("says what its balances are, and warns when they are of another day", function()
    local schedules = sample.schedules { carbon = 1 }
    local portfolio = sample.portfolio(schedules, "2027-01-01")
    local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT })
    for _, made in ipairs { report.html(facts), report.text(facts), report.markdown(facts),
      report.json(facts) } do
      assert.is_truthy(made:gsub("\\", ""):find("balances as fetched on 2026-11-20, not on "
        .. "2027-01-01", 1, true) or made:gsub("%s+", " "):gsub("\\", "")
        :find("alances as fetched on 2026-11-20, not on 2027-01-01", 1, true))
    end
    schedules[1]:close()
    portfolio:close()
  end)

  it("has every definition and every reason in the page", function()
    local facts = forms.facts()
    local page = report.html(facts)
    for _, term in ipairs(facts.terms) do
      assert.is_truthy(page:find("<dt>" .. svg.escape(term[1]) .. "</dt>", 1, true))
    end
    assert.is_true(#facts.unknowns >= 3)
    for _, entry in ipairs(facts.unknowns) do
      assert.is_truthy(page:lower():find(svg.escape(entry.text):lower(), 1, true), entry.text)
    end
    for _, loan in ipairs { "merchant_gone", "LOAN_404" } do
      assert.is_truthy(page:find(loan, 1, true))
    end
    collectgarbage()
  end)

  it("prints sums that are not known as not known, with the known part, and never as zero",
    function()
      local facts = facts_of { carbon = 3, list = true }
      local page, lines = report.html(facts), report.text(facts, { width = 200 })
      assert.is_nil(facts.currencies[1].summary.outstanding_minor)
      assert.is_truthy(page:find('not known</span>', 1, true))
      assert.is_truthy(page:find("known part", 1, true))
      assert.is_truthy(lines:find("All +6 +not known +at least [%d,]+%.%d%d"))
    end)

  it("can be made of nothing", function()
    local portfolio = repay.portfolio { as_of = sample.AS_OF }
    local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT })
    assert.is_truthy(report.html(facts):find("no schedule was added", 1, true))
    assert.is_truthy(report.text(facts):find("0 loans", 1, true))
    for _, name in ipairs { "markdown", "csv", "json", "delinquents" } do
      assert.is_string(report[name](facts))
    end
    portfolio:close()
  end)

  it("is a page under 500 KB, of 10,000 loans #slow", function()
    local schedules = sample.schedules { pezesha = 10000 }
    local portfolio = sample.portfolio(schedules)
    local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT,
      delinquents = 500 })
    local page = report.html(facts)
    assert.equal(10000, facts.loans)
    assert.is_true(#page < 500 * 1024, #page .. " bytes")
    schedules[1]:close()
    portfolio:close()
  end)

  it("raises for misuse at the caller's line, with the nearest name", function()
    local portfolio = repay.portfolio { as_of = sample.AS_OF }
    local function fails(options, expected)
      local ok, message = pcall(function() return report.facts(options) end)
      assert.is_false(ok)
      assert.is_truthy(message:find(expected, 1, true), message)
    end
    fails({ portfolio = portfolio }, "option 'made_at' is required")
    fails({ portfolio = portfolio, made_at = "today" }, "is a moment like")
    fails({ portfolio = portfolio, made_at = sample.MADE_AT, titel = "x" },
      "unknown option 'titel' (did you mean 'title'?)")
    fails({ portfolio = portfolio, made_at = 5 }, "must be a string, got a number")
    fails("x", "options must be a table")
    portfolio:close()
  end)
end)

describe("what others wrote", function()
  helper.watch(after_each)

  local function closed(use)
    local facts, schedules, portfolio = hostile.facts()
    use(facts, schedules)
    schedules[1]:close()
    portfolio:close()
  end

  it("is text in the page: no tag, no attribute and no rule of ours is changed", function()
    closed(function(facts)
      local page = report.html(facts)
      local calm = page:gsub("<style>.-</style>", "")
      assert.is_nil(calm:find("<script", 1, true))
      assert.is_nil(calm:find("<img", 1, true))
      assert.is_nil(calm:find("<i>tag", 1, true))
      assert.is_nil(calm:find("<b>", 1, true))
      assert.is_nil(page:find("[%z\1-\9\11-\31]"))
      assert.is_nil(page:find("\226\128\174", 1, true))
      -- Every tag is one that the page is made of.
      local own = {}
      for name in ([[html head meta title style body div header h1 p strong ul li nav a main section
        h2 h3 dl dt dd figure figcaption svg line text rect table caption thead tbody tfoot tr th td
        span bdi footer time]]):gmatch("%S+") do
        own[name] = true
      end
      for name in page:gmatch("</?(%a%w*)") do
        assert.is_true(own[name:lower()] ~= nil, "<" .. name .. ">")
      end
      for tag in calm:gmatch("<[^>]*>") do
        local names = tag:gsub('"[^"]*"', "")
        assert.is_nil(names:find("%son%a+="), tag)
        assert.is_nil(names:find("%sstyle="), tag)
      end
    end)
  end)

  it("is no formula in a file of comma-separated values", function()
    closed(function(facts, schedules)
      local csv = require "repay.csv"
      for _, made in ipairs { report.csv(facts), report.delinquents(facts),
        report.installments(schedules, { as_of = sample.AS_OF }) } do
        local parsed, problems = csv.parse(made)
        assert.is_true(#parsed.rows > 0)
        for _, problem in ipairs(problems) do
          -- The strict reader refuses control characters, which these texts have.
          assert.is_truthy(problem.message:find("character") or problem.message:find("byte"),
            problem.message)
        end
      end
    end)
  end)

  it("is no markup, link, image or column in Markdown", function()
    closed(function(facts)
      local made = report.markdown(facts)
      assert.is_nil(made:find("[^\\]%[a%]"))
      assert.is_nil(made:find("://", 1, true))
      assert.is_nil(made:find("<script", 1, true))
      local columns
      for line in made:gmatch("[^\n]+") do
        if line:find("^|") then
          local _, bars = line:gsub("\\|", ""):gsub("|", "")
          columns = line:find("^|:?%-") and bars or columns
          assert.is_true(bars >= 4, line)
        end
      end
      assert.is_number(columns)
    end)
  end)

  it("moves no cursor and colours nothing in a terminal", function()
    closed(function(facts)
      for line in (report.text(facts, { width = 80 })):gmatch("[^\n]*") do
        assert.is_nil(line:find("%c"))
      end
    end)
  end)

  it("ends no line and begins no component in a calendar", function()
    closed(function(_, schedules)
      local made = report.calendar(schedules, { as_of = sample.AS_OF, made_at = sample.MADE_AT })
      local events = 0
      for line in made:gmatch("([^\r\n]*)\r\n") do
        assert.is_true(#line <= 75, line)
        assert.is_nil(line:find("%c"))
        events = events + (line == "BEGIN:VEVENT" and 1 or 0)
      end
      assert.equal(#HOSTILE, events)
      assert.equal(made, (made:gsub("\r?\n", "\r\n"):gsub("\r\r", "\r")))
    end)
  end)

  it("comes back from JSON as it was", function()
    closed(function(facts)
      local json = require "cjson"
      local back = json.decode(report.json(facts))
      assert.equal(#HOSTILE, #back.failures)
      for i, id in ipairs(HOSTILE) do
        assert.equal(id, back.failures[i].subject)
      end
      assert.equal(report.json(facts, { compact = true }):gsub("%s", ""),
        (report.json(facts):gsub("%s", "")))
    end)
  end)
end)

describe("names and addresses", function()
  helper.watch(after_each)

  local function listed()
    local body = read("../fincode/list.200.json")
    local client = sample.client("fincode", { body })
    local schedule = assert(client:schedule {
      customer_id = "123e4567-e89b-12d3-a456-426614174000" })
    client:close()
    return schedule, body:match('"customerName"%s*:%s*"([^"]+)"'),
      body:match('"email"%s*:%s*"([^"]+)"')
  end

  it("stay in the house unless they are asked for", function()
    local schedule, name, email = listed()
    local portfolio = repay.portfolio { as_of = sample.AS_OF }
    assert(portfolio:add(schedule))
    local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT })
    local days = { as_of = sample.AS_OF, made_at = sample.MADE_AT }
    for _, made in ipairs { report.html(facts), report.text(facts), report.markdown(facts),
      report.csv(facts), report.json(facts), report.delinquents(facts),
      report.installments({ schedule }, { as_of = sample.AS_OF }),
      report.installments({ schedule }, { as_of = sample.AS_OF, form = "ndjson" }),
      (report.calendar({ schedule }, days)) } do
      assert.is_nil(made:find(name, 1, true))
      assert.is_nil(made:find(email, 1, true))
    end
    local asked = report.installments({ schedule }, { as_of = sample.AS_OF, with_names = true })
    assert.is_truthy(asked:find(name, 1, true))
    assert.is_truthy(asked:find(email, 1, true))
    schedule:close()
    portfolio:close()
  end)
end)

describe("figures", function()
  it("are written exactly, with their thousands apart", function()
    assert.equal("90,071,992,547,409.91", figures.amount(9007199254740991, "NGN"))
    assert.equal("-90,071,992,547,409.91", figures.amount(-9007199254740991, "NGN"))
    assert.equal("0.00", figures.amount(0, "NGN"))
    assert.equal("-0.05", figures.amount(-5, "NGN"))
    assert.equal("1,000", figures.amount(1000, "JPY"))
    assert.equal("1.000", figures.amount(1000, "KWD"))
    assert.equal("999.99", figures.amount(99999, "NGN"))
    assert.equal("9007199254740991", figures.whole(9007199254740991))
  end)

  it("are rounded half up to hundredths of a percent", function()
    assert.equal("12.35%", figures.percent(123450))
    assert.equal("12.34%", figures.percent(123449))
    assert.equal("100.00%", figures.percent(1000000))
    assert.equal("0.00%", figures.percent(0))
    assert.equal("12.3456", figures.exact_percent(123456))
  end)

  it("are short on a chart", function()
    assert.equal("1.23m", figures.short(123456789, 2))
    assert.equal("1m", figures.short(99999999, 2))
    assert.equal("\226\136\1465k", figures.short(-500000, 2))
    assert.equal("0", figures.short(0, 2))
  end)

  it("count days as the calendar does", function()
    assert.equal(1, figures.day_number("2024-03-01") - figures.day_number("2024-02-29"))
    assert.equal(1, figures.day_number("2025-03-01") - figures.day_number("2025-02-28"))
    assert.equal(20777, figures.day_number("2026-11-20") - figures.day_number("1970-01-01"))
    for _, day in ipairs { "0001-01-01", "1900-02-28", "2000-02-29", "2026-12-31", "9999-12-31" } do
      assert.equal(day, figures.day_of_number(figures.day_number(day)))
    end
    for number = 738000, 740000 do
      assert.equal(number, figures.day_number(figures.day_of_number(number)))
    end
  end)

  it("name a span as a person would", function()
    assert.equal("Feb 2024", figures.span("2024-02-01", "2024-02-29"))
    assert.equal("1\226\128\14728 Feb 2024", figures.span("2024-02-01", "2024-02-28"))
    assert.equal("30 Nov \226\128\147 6 Dec 2026", figures.span("2026-11-30", "2026-12-06"))
    assert.equal("28 Dec 2026 \226\128\147 3 Jan 2027", figures.span("2026-12-28", "2027-01-03"))
    assert.equal("3 Mar 2025", figures.span("2025-03-03", "2025-03-03"))
  end)
end)

describe("a table for a terminal", function()
  local COLUMNS = { { label = "Loan" }, { label = "Amount", right = true } }

  it("aligns by display width", function()
    assert.same({ "Loan    Amount", "\232\178\184\228\187\152      1.00", "LOAN_1   12.00" },
      text.table(COLUMNS, { { "\232\178\184\228\187\152", "1.00" }, { "LOAN_1", "12.00" } }))
  end)

  it("cuts words and never figures", function()
    local lines = text.table(COLUMNS, { { ("x"):rep(60), "1,234,567.89" } }, { width = 30 })
    assert.equal(("x"):rep(15) .. "\226\128\166  1,234,567.89", lines[2])
    lines = text.table({ COLUMNS[2], COLUMNS[2] }, { { "123456789.00", "123456789.00" } },
      { width = 10 })
    assert.equal("123456789.00  123456789.00", lines[2])
  end)

  it("goes on below where a sentence is too long, and cuts no word of it", function()
    local columns = { { label = "Where" }, { label = "Because", wrap = true }, COLUMNS[2] }
    assert.same({ "Where  Because     Amount", "here   nothing       1.00", "       tells it",
      "there  no            2.00" }, text.table(columns, { { "here", "nothing tells it", "1.00" },
      { "there", "no", "2.00" } }, { width = 25 }))
  end)

  it("gives an id a line of its own where there is no room for it", function()
    local columns = { { label = "Loan", id = true }, { label = "Name" }, COLUMNS[2] }
    local rows = { { ("7"):rep(30), "Ada", "1.00" }, { "LOAN_1", "Bo", "12.00" } }
    assert.same({ "Loan", "  Name  Amount", ("7"):rep(30), "  Ada     1.00", "LOAN_1",
      "  Bo     12.00" }, text.table(columns, rows, { width = 43 }))
    assert.equal(("7"):rep(30) .. "  Ada     1.00", text.table(columns, rows, { width = 44 })[2])
  end)
end)

local LABEL = '<text class="label([^"]*)" x="([%d.]+)%%"[^>]*>([^<]*)'

describe("a chart", function()
  local function draw(values, more)
    local bars = {}
    for i, value in ipairs(values) do
      bars[i] = helper.copy({ value = value, label = "b" .. i, short = tostring(value),
        title = "t" }, more)
    end
    return svg.bars { id = "c", title = "A chart", bars = bars,
      format = function(value) return ("%.0f"):format(value) end }
  end

  local function rectangles(drawn)
    local list = {}
    for y, height in drawn:gmatch('<rect[^>]- y="([%d.]+)"[^>]- height="([%d.]+)"') do
      list[#list + 1] = { top = tonumber(y), bottom = tonumber(y) + tonumber(height) }
    end
    return list
  end

  it("stands on zero, and what is below zero hangs from it", function()
    local list = rectangles(draw { 300, -100, 200 })
    assert.equal(3, #list)
    assert.is_true(math.abs(list[1].bottom - list[2].top) < 0.02)
    assert.is_true(math.abs(list[1].bottom - list[3].bottom) < 0.02)
    assert.is_true(math.abs((list[1].bottom - list[1].top) - 3 * (list[2].bottom - list[2].top))
      < 0.05)
  end)

  it("has no bar for zero, and one for the smallest amount", function()
    assert.equal(0, #rectangles(draw { 0, 0 }))
    local list = rectangles(draw { 9007199254740991, 1, -1 })
    assert.equal(3, #list)
    assert.is_true(list[2].bottom - list[2].top >= 1.49)
  end)

  it("has one, twelve or sixty bars whose labels do not touch", function()
    for _, count in ipairs { 1, 12, 60, 200 } do
      local values = {}
      for i = 1, count do
        values[i] = i * 1000
      end
      local drawn = draw(values)
      assert.equal(count, #rectangles(drawn))
      for class, width in pairs { narrow = 236, wide = 405 } do
        local last = -1000
        for classes, x, label in drawn:gmatch(LABEL) do
          if classes == "" or classes == " " .. class then
            local half = #label * 6.5 / 2
            local center = tonumber(x) / 100 * width
            assert.is_true(center - half > last, count .. " bars, " .. label)
            last = center + half
          end
        end
        assert.is_true(last > 0)
      end
    end
  end)
end)

describe("the page's style", function()
  it("has the digest that the page allows", function()
    local style = require "repay.report.html_style"
    local name = os.tmpname()
    local file = assert(io.open(name, "wb"))
    file:write(style.css)
    file:close()
    local pipe = assert(io.popen("openssl dgst -sha256 -binary " .. name .. " | base64", "r"))
    assert.equal(style.digest, (pipe:read("*a"):gsub("%s+$", "")))
    pipe:close()
    os.remove(name)
  end)
end)

describe("the annotations of the reports", function()
  local function names(path, class)
    local file = assert(io.open(path, "rb"))
    local found = {}
    for name in file:read("*a"):gmatch("\nfunction " .. class .. "%.([%w_]+)%(") do
      found[name] = true
    end
    file:close()
    return found
  end

  local function functions_of(module)
    local found = {}
    for name, value in pairs(module) do
      found[name] = type(value) == "function" or nil
    end
    return found
  end

  it("name every function, and nothing else", function()
    assert.same(functions_of(report), names("types/report.lua", "report"))
    for module, class in pairs { fetch = "fetch", watch = "watch", report = "workflow_report" } do
      assert.same(functions_of(require("repay.workflow." .. module)),
        names("types/workflow.lua", class))
    end
    for _, path in ipairs { "types/report.lua", "types/workflow.lua" } do
      assert.is_table(assert(loadfile(path))())
    end
  end)

  it("name every fact of a report", function()
    local file = assert(io.open("types/report.lua", "rb"))
    local block = file:read("*a"):match("@class repay%.report%.facts\n(.-)\n\n")
    file:close()
    local named, has = {}, {}
    for name in block:gmatch("@field ([%w_]+)") do
      named[name] = true
    end
    local facts, schedules, portfolio = forms.facts()
    for name in pairs(facts) do
      has[name] = true
    end
    assert.same(has, named)
    for _, schedule in ipairs(schedules) do
      schedule:close()
    end
    portfolio:close()
  end)
end)
