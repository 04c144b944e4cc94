-- The reports as readers that are not ours see them: Python's csv, jsonschema, icalendar, openpyxl,
-- and libical. Each is skipped, with its reason, where it is not installed.
local cjson = require "cjson"
local forms = require "spec.support.report_forms"
local helper = require "spec.support.helper"
local hostile = require "spec.support.report_hostile"
local repay = require "repay"
local report = require "repay.report"
local sample = require "spec.support.report_sample"

local PYTHON = "/usr/bin/python3"

local output_of = require("spec.support.read").command

-- Why there is no such judge here, or nil.
local function lacks(module)
  if output_of(("%s -c 'import %s; print(1)' 2>/dev/null"):format(PYTHON, module)) == "" then
    return "python3-" .. module .. " is not installed"
  end
end

local function with_file(text, use)
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(text)
  file:close()
  local done, result = pcall(use, name)
  os.remove(name)
  if not done then
    error(result, 0)
  end
  return result
end

local function judge(kind, text, more)
  return with_file(text, function(name)
    local told = output_of(("%s spec/support/judges/report_judge.py %s %s %s 2>&1"):format(PYTHON,
      kind, name, more or ""))
    local read, value = pcall(cjson.decode, told)
    assert(read, told)
    return value
  end)
end

local function close(schedules, portfolio)
  for _, schedule in ipairs(schedules) do
    schedule:close()
  end
  portfolio:close()
end

describe("comma-separated values #slow", function()
  helper.watch(after_each)

  it("are one table for Python's csv, and run nothing", function()
    local missing = lacks "csv"
    if missing then
      return pending(missing)
    end
    for _, make in ipairs { forms.facts, hostile.facts } do
      local facts, schedules, portfolio = make()
      for _, text in ipairs { report.csv(facts), report.delinquents(facts),
        report.installments(schedules, { as_of = sample.AS_OF, with_names = true }) } do
        local told = judge("csv", text)
        assert.equal(1, #told.widths)
        assert.same({}, told.formulas)
        assert.is_true(told.rows > 1)
      end
      close(schedules, portfolio)
    end
  end)
end)

describe("JSON #slow", function()
  helper.watch(after_each)

  it("keeps to its schema", function()
    local missing = lacks "jsonschema"
    if missing then
      return pending(missing)
    end
    local nothing = repay.portfolio { as_of = sample.AS_OF }
    local documents = { report.json(assert(report.facts { portfolio = nothing,
      made_at = sample.MADE_AT })) }
    nothing:close()
    for _, make in ipairs { forms.facts, hostile.facts } do
      local facts, schedules, portfolio = make()
      documents[#documents + 1] = report.json(facts)
      close(schedules, portfolio)
    end
    for _, document in ipairs(documents) do
      assert.same({}, judge("json", document, forms.DIRECTORY .. "/report.schema.json").errors)
    end
  end)
end)

describe("a calendar #slow", function()
  helper.watch(after_each)

  it("is read by icalendar: all-day events, one for each open installment", function()
    local missing = lacks "icalendar"
    if missing then
      return pending(missing)
    end
    local _, schedules, portfolio = forms.facts()
    local open = 0
    for _, schedule in ipairs(schedules) do
      for _, outstanding in schedule:each("outstanding_minor") do
        open = open + ((outstanding or 0) > 0 and 1 or 0)
      end
    end
    local text, undated = report.calendar(schedules, { as_of = sample.AS_OF,
      made_at = sample.MADE_AT, alarm_days = 3 })
    local told = judge("ics", text)
    assert.equal(0, undated)
    assert.equal(open, told.events)
    assert.equal(open, #told.uids)
    assert.equal(open, told.alarms)
    assert.is_true(told.all_day)
    assert.equal("CB-00001: 4,635.00 NGN due", told.first.summary)
    assert.same({ "2026-10-19", "2026-10-20" }, { told.first.start, told.first["end"] })
    close(schedules, portfolio)
  end)

  it("keeps an installment's UID when its day and its amount change", function()
    local function uids(due, left)
      local body = ([[{"status":200,"error":false,"data":[{"loan_id":"L1","repayment_date":"%s",
        "month":1,"principal_amount":5,"interest_amount":0,"penalty_amount":0,"penalty_paid":0,
        "total_due":5,"balance":%d},{"loan_id":"L1","repayment_date":"2027-01-01","month":2,
        "principal_amount":5,"interest_amount":0,"penalty_amount":0,"penalty_paid":0,"total_due":5,
        "balance":5}]}]]):format(due, left)
      local client = sample.client("pezesha", { body })
      local schedule = assert(client:schedule { merchant_id = "m" })
      client:close()
      local text = report.calendar({ schedule }, { as_of = sample.AS_OF,
        made_at = sample.MADE_AT })
      schedule:close()
      local list = {}
      for uid in text:gmatch("UID:(%S+)") do
        list[#list + 1] = uid
      end
      return list
    end
    assert.same({ "pezesha/sandbox//L1/1@repay.invalid", "pezesha/sandbox//L1/2@repay.invalid" },
      uids("2026-12-01", 5))
    assert.same(uids("2026-12-01", 5), uids("2026-12-15", 3))
    assert.same({ "pezesha/sandbox//L1/2@repay.invalid" }, uids("2026-12-01", 0))
  end)

  it("has no fault for libical", function()
    if output_of("pkg-config --exists libical 2>/dev/null && echo 1") == "" then
      return pending("libical-dev is not installed")
    end
    local program = os.tmpname()
    assert.equal("", output_of(("cc -o %s spec/support/judges/ical_judge.c $(pkg-config --cflags "
      .. "--libs libical) 2>&1"):format(program)))
    for _, make in ipairs { forms.facts, hostile.facts } do
      local _, schedules, portfolio = make()
      local text = report.calendar(schedules, { as_of = sample.AS_OF, made_at = sample.MADE_AT,
        alarm_days = 1 })
      local _, events = text:gsub("\nBEGIN:VEVENT\r", "")
      with_file(text, function(name)
        local told = output_of(program .. " <" .. name)
        assert.equal(("events %d errors 0"):format(events), told:match("^[^\n]*"))
        assert.is_nil(told:find("\t0\t%d%d%d%d%-"), "an event that is not all day")
      end)
      close(schedules, portfolio)
    end
    os.remove(program)
  end)
end)

describe("a workbook #slow", function()
  helper.watch(after_each)

  local why = not package.searchpath("repay.native.xlsx", package.cpath)
    and "repay.native.xlsx is not built: libxlsxwriter-dev is not installed" or lacks "openpyxl"

  local function workbook(make, more)
    local facts, schedules, portfolio = make()
    local name = os.tmpname()
    local options = helper.copy({ path = name, schedules = schedules }, more)
    assert.is_true(helper.ok(report.xlsx(facts, options)))
    local told = cjson.decode(output_of(PYTHON .. " spec/support/judges/report_judge.py xlsx "
      .. name))
    local mode = output_of("stat -c %a " .. name):gsub("%s", "")
    os.remove(name)
    close(schedules, portfolio)
    return told, facts, mode
  end

  local function cell(sheet, at)
    for _, found in ipairs(sheet.cells) do
      if found.at == at then
        return found
      end
    end
  end

  it("has amounts, days and totals of the right types, formats and values", function()
    if why then
      return pending(why)
    end
    local told, facts = workbook(forms.facts)
    local ageing, cash = told.sheets["Ageing NGN"], told.sheets["Cash flow NGN"]
    local known = facts.currencies[2].ageing.installment.known.outstanding_minor.known_minor
    assert.same({ "n", "[$NGN] #,##0.00" }, { cell(ageing, "B2").type, cell(ageing, "B2").format })
    assert.same({ "f", "=SUM(B2:B8)" }, { cell(ageing, "B9").type, cell(ageing, "B9").value })
    assert.equal(known, ageing.cached.B9 * 100)
    assert.equal("A2", ageing.frozen)
    assert.equal(2, ageing.charts)
    assert.equal(1, cash.charts)
    assert.is_true(cell(cash, "B3").date)
    assert.same({ "2026-11-20", "yyyy-mm-dd" }, { cell(cash, "B3").value, cell(cash, "B3").format })
    assert.equal(known, cash.cached.D9 * 100)
    local rows = told.sheets["Installments NGN"]
    assert.is_true(cell(rows, "C2").date)
    local last
    for at, value in pairs(rows.cached) do
      last = at
      assert.equal(known, value * 100)
    end
    assert.is_truthy(cell(rows, last).value:find("^=SUMIF%("))
    assert.equal("2026-11-20T09:30:00", told.created)
    assert.equal("0.00%", cell(told.sheets["Risk KES"], "B2").format)
  end)

  it("is its owner's alone", function()
    if why then
      return pending(why)
    end
    local _, _, mode = workbook(forms.facts)
    assert.equal("600", mode)
  end)

  it("keeps other people's texts as texts", function()
    if why then
      return pending(why)
    end
    local told = workbook(hostile.facts)
    local texts, formulas = {}, 0
    for _, sheet in pairs(told.sheets) do
      for _, found in ipairs(sheet.cells) do
        if found.type == "s" then
          texts[found.value] = true
        elseif found.type == "f" then
          formulas = formulas + 1
          assert.is_truthy(found.value:find("^=SUM[IF]*%(%u%d+:%u%d+[,\">0]*%)$"), found.value)
        end
      end
    end
    assert.is_true(formulas > 0)
    for _, text in ipairs { "=1+1", "+SUM(A1:A9)", "@cmd", "<script>alert(1)</script>" } do
      assert.is_true(texts[text] == true, text)
    end
  end)

  it("refuses an amount that a cell would show as another, and leaves no file", function()
    if why then
      return pending(why)
    end
    local body = [[{"status":"success","data":{"schedule":[{"dueDate":"2026-12-01",
      "principalDue":%s,"interestDue":0,"totalDue":%s,"paidAmount":0}]}}]]
    local function write(minor)
      local client = sample.client("carbon", { (body:format(minor, minor)) })
      local schedule = assert(client:schedule { loan_id = "L" })
      client:close()
      local portfolio = sample.portfolio { schedule }
      local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT })
      local name = os.tmpname()
      local done, err = report.xlsx(facts, { path = name, schedules = { schedule } })
      local file = io.open(name, "rb")
      if file then
        file:close()
        os.remove(name)
      end
      close({ schedule }, portfolio)
      return done, err, file ~= nil
    end
    assert.same({ true, nil, true }, { write("4503599627370495") })
    -- One kobo less than 2^53 - 1 has no double that prints as it does.
    local done, err, is_there = write("9007199254740990")
    helper.fails(done, err)
    assert.is_truthy(err.message:find("too large for a spreadsheet", 1, true))
    assert.is_false(is_there)
  end)

  it("is an error that names the path when it cannot be written", function()
    if why then
      return pending(why)
    end
    local facts, schedules, portfolio = forms.facts()
    local err = helper.fails(report.xlsx(facts, { path = "/nonexistent/report.xlsx" }))
    assert.equal("/nonexistent/report.xlsx", err.subject)
    helper.fails(report.xlsx(facts, { path = "a\0b" }))
    close(schedules, portfolio)
  end)
end)

describe("a workbook without its module", function()
  helper.watch(after_each)

  it("is an error that names the package", function()
    local facts, schedules, portfolio = forms.facts()
    local kept, loaded = package.cpath, package.loaded["repay.native.xlsx"]
    package.cpath, package.loaded["repay.native.xlsx"] = "", nil
    local done, err = report.xlsx(facts, { path = "unused.xlsx" })
    package.cpath, package.loaded["repay.native.xlsx"] = kept, loaded
    helper.fails(done, err)
    assert.equal("unsupported", err.kind)
    assert.is_truthy(err.hint:find("libxlsxwriter-dev", 1, true))
    close(schedules, portfolio)
  end)
end)
