-- The page in a real browser: at the width of a phone, of a desk and of A4; light and dark. Needs
-- Debian's chromium and chromium-driver, and is skipped with the reason where they are not there:
-- `make report-check` installs them. Pictures stay in build/report.
local browser = require "spec.support.browser"
local hostile = require "spec.support.report_hostile"
local forms = require "spec.support.report_forms"
local repay = require "repay"
local report = require "repay.report"
local sample = require "spec.support.report_sample"

local helper = require "spec.support.helper"

-- The page has the same bytes on both VMs, which report_spec holds: one look is enough.
local missing = helper.is_luajit and "it has been looked at on Lua 5.4" or browser.missing()
local DIRECTORY = "build/report"

-- Widths in CSS pixels; A4 is 210 mm at 96 to the inch.
local VIEWS = { { "360", 360 }, { "1280", 1280 }, { "dark", 1280, { dark = true } },
  { "dark-360", 360, { dark = true } }, { "a4", 794, { print = true } } }

-- Elements that are wider than the page, by name; texts of a chart that touch each other or leave
-- the picture; what is drawn below and above the zero line.
local LAYOUT = [[
const page = document.documentElement.clientWidth, out = { wide: [], touching: [], outside: [] };
for (const element of document.querySelectorAll('body *')) {
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  if (box.width && style.position !== 'absolute' && style.clipPath === 'none'
      && (box.right > page + 0.5 || box.left < -0.5) && !element.closest('thead')) {
    out.wide.push(element.tagName + ' ' + element.className + ' ' + Math.round(box.right));
  }
}
const seen = (text) => getComputedStyle(text).display !== 'none';
for (const plot of document.querySelectorAll('svg')) {
  const texts = [...plot.querySelectorAll('text')].filter(seen);
  const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
  for (let i = 0; i < boxes.length; i++) {
    const [name, a] = boxes[i];
    if (a.left < -0.5 || a.right > page + 0.5) out.outside.push(name);
    for (let j = i + 1; j < boxes.length; j++) {
      const [other, b] = boxes[j];
      // Letters stand two pixels inside the box of their line.
      if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top + 2 < b.bottom - 2
          && b.top + 2 < a.bottom - 2) {
        out.touching.push(plot.querySelector('title').textContent + ': ' + name + ' / ' + other);
      }
    }
  }
}
return JSON.stringify({ scroll: document.documentElement.scrollWidth - page,
  wide: out.wide.slice(0, 5).join('; '), touching: out.touching.slice(0, 5).join('; '),
  outside: out.outside.slice(0, 5).join('; '),
  charts: document.querySelectorAll('svg').length,
  texts: [...document.querySelectorAll('svg text')].filter(seen).length });
]]

-- The lowest contrast of any text with what is behind it, and of any bar or line that means
-- something, by the formula of WCAG 2; computed from the page's own colours.
local CONTRAST = [[
const channel = (c) => c <= 10.31 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4;
const numbers = (color) => color.match(/[\d.]+/g).map(Number);
const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const contrast = (a, b) => { const x = light(a), y = light(b);
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
let text = 99, mark = 99, worst = '', count = 0;
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const style = getComputedStyle(element);
  const inside = element instanceof SVGElement;
  if (own && element.tagName.toLowerCase() !== 'title') {
    const value = contrast(numbers(inside ? style.fill : style.color), behind(element));
    count++;
    if (value < text) {
      text = value;
      worst = element.tagName + '.' + element.getAttribute('class');
    }
  }
  if (element.matches('rect.bar')) mark = Math.min(mark,
    contrast(numbers(style.fill), behind(element)));
  if (element.matches('.key')) mark = Math.min(mark,
    contrast(numbers(style.backgroundColor), behind(element.parentElement)));
}
return JSON.stringify({ text, mark, worst, count });
]]

local function write(name, text)
  os.execute("mkdir -p " .. DIRECTORY)
  local path = DIRECTORY .. "/" .. name .. ".html"
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen("pwd", "r"))
  local here = pipe:read("*l")
  pipe:close()
  return here .. "/" .. path
end

local function page_of(options, more)
  local schedules = sample.schedules(options)
  local portfolio = sample.portfolio(schedules)
  local asked = { portfolio = portfolio, made_at = sample.MADE_AT }
  for name, value in pairs(more or {}) do
    asked[name] = value
  end
  local page = report.html(assert(report.facts(asked)))
  for _, schedule in ipairs(schedules) do
    schedule:close()
  end
  portfolio:close()
  return page
end

-- An amount as large as there is, in every column that can hold it.
local function largest()
  local body = [[{"status":"success","data":{"schedule":[{"dueDate":"2026-06-01",
    "principalDue":9007199254740991,"interestDue":0,"totalDue":9007199254740991,"paidAmount":0}]}}]]
  local client = sample.client("carbon", { body })
  local schedule = assert(client:schedule { loan_id = ("LOAN"):rep(30) })
  client:close()
  local portfolio = sample.portfolio { schedule }
  local page = report.html(assert(report.facts { portfolio = portfolio,
    made_at = sample.MADE_AT }))
  schedule:close()
  portfolio:close()
  return page
end

local function hostile_page()
  local facts, schedules, portfolio = hostile.facts()
  local page = report.html(facts)
  schedules[1]:close()
  portfolio:close()
  return page
end

local PAGES = {
  sample = function()
    return page_of({ carbon = 30, pezesha = 60, fincode = 40, list = true }, {
      not_found = sample.NOT_FOUND, failures = sample.FAILURES, delinquents = 25 })
  end,
  golden = function() return forms.texts()["report.html"] end,
  one = function() return page_of({ carbon = 1 }, { cash_flow_periods = 1 }) end,
  days = function()
    return page_of({ carbon = 20 }, { cash_flow_by = "day", cash_flow_periods = 60 })
  end,
  weeks = function()
    return page_of({ carbon = 20 }, { cash_flow_by = "week", cash_flow_periods = 60 })
  end,
  months = function()
    return page_of({ carbon = 20 }, { cash_flow_by = "month", cash_flow_periods = 60 })
  end,
  list = function() return page_of { list = true } end,
  nothing = function()
    local portfolio = repay.portfolio { as_of = sample.AS_OF }
    local page = report.html(assert(report.facts { portfolio = portfolio,
      made_at = sample.MADE_AT }))
    portfolio:close()
    return page
  end,
  largest = largest,
  hostile = hostile_page,
}

describe("the page in a browser #slow", function()
  local window
  local json = require "cjson"

  setup(function()
    if missing then
      io.stderr:write("report_browser_spec: skipped, " .. missing .. "\n")
      return
    end
    window = browser.start()
    window:open("/dev/null")
    window:logs()
  end)

  teardown(function()
    if window then
      window:stop()
    end
  end)

  for name, make in pairs(PAGES) do
    it("fits at every width, says nothing and asks for nothing: " .. name, function()
      if missing then
        return pending(missing)
      end
      local path = write(name, make())
      for _, view in ipairs(VIEWS) do
        window:view(view[2], 900, view[3])
        window:open(path)
        local layout = json.decode(window:run(LAYOUT))
        local console, requests = window:logs()
        assert.same({}, console)
        assert.same({ "file://" .. path }, requests)
        local place = name .. " " .. view[1] .. ": "
        assert.equal("", layout.wide, place .. layout.wide)
        assert.equal(0, layout.scroll, place .. "scrolls sideways")
        assert.equal("", layout.touching, place .. layout.touching)
        assert.equal("", layout.outside, place .. layout.outside)
        if name == "sample" then
          assert.is_true(layout.charts >= 8 and layout.texts > 80)
          window:shot(DIRECTORY .. "/sample-" .. view[1] .. ".png")
        end
      end
    end)
  end

  it("can be read: contrast of 4.5 for every text and 3 for every mark, light, dark and on paper",
    function()
      if missing then
        return pending(missing)
      end
      local path = write("sample", PAGES.sample())
      for _, view in ipairs(VIEWS) do
        window:view(view[2], 900, view[3])
        window:open(path)
        local found = json.decode(window:run(CONTRAST))
        assert.is_true(found.count > 500)
        assert.is_true(found.text >= 4.5, view[1] .. ": " .. found.text .. " " .. found.worst)
        assert.is_true(found.mark >= 3, view[1] .. ": " .. found.mark)
      end
    end)

  it("is a PDF of A4 pages on paper", function()
    if missing then
      return pending(missing)
    end
    window:view(794, 1123, { print = true })
    window:open(write("sample", PAGES.sample()))
    local path = DIRECTORY .. "/sample.pdf"
    window:pdf(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("*a")
    file:close()
    local width, height = bytes:match("/MediaBox%s*%[0 0 ([%d.]+) ([%d.]+)%]")
    assert.is_true(math.abs(width - 595) < 2 and math.abs(height - 842) < 2)
  end)

  it("has no violation for axe-core, where make report-check has put it", function()
    local file = io.open("build/axe/node_modules/axe-core/axe.min.js", "rb")
    if missing or not file then
      if file then
        file:close()
      end
      return pending(missing or "axe-core is not installed; make report-check installs it")
    end
    local axe = file:read("*a")
    file:close()
    for _, name in ipairs { "sample", "one", "hostile", "nothing" } do
      local path = write(name, PAGES[name]())
      for _, view in ipairs(VIEWS) do
        window:view(view[2], 900, view[3])
        window:open(path)
        window:run(axe .. ";window.axe = axe;")
        local told = window:run([[return axe.run(document, { resultTypes: ['violations'] })
          .then((r) => JSON.stringify({ violations: r.violations.map((v) =>
            v.id + ': ' + v.nodes[0].html.slice(0, 120)).join('\n'), passes: r.passes.length }));]])
        local found = json.decode(told)
        assert.equal("", found.violations, name .. " " .. view[1])
        assert.is_true(found.passes > 10)
      end
    end
  end)
end)
