-- Every form of the sample's report, by the name of its golden file. Run as a program it writes
-- the golden files: lua5.4 spec/support/report_forms.lua, from the checkout; then read the diff.
local report = require "repay.report"
local sample = require "spec.support.report_sample"

local forms = {}

forms.DIRECTORY = "spec/fixtures/report"

--- A portfolio small enough to be checked by a person, with something of everything in it.
function forms.facts()
  local schedules = sample.schedules { carbon = 4, pezesha = 5, fincode = 3, list = true }
  local portfolio = sample.portfolio(schedules)
  return assert(report.facts {
    portfolio = portfolio, made_at = sample.MADE_AT, cash_flow_periods = 4, delinquents = 3,
    not_found = sample.NOT_FOUND, failures = sample.FAILURES,
  }), schedules, portfolio
end

--- name of the file → its text.
function forms.texts()
  local facts, schedules, portfolio = forms.facts()
  local days = { as_of = sample.AS_OF, made_at = sample.MADE_AT }
  local texts = {
    ["report.html"] = report.html(facts),
    ["report.txt"] = report.text(facts, { width = 100 }),
    ["report.md"] = report.markdown(facts),
    ["report.csv"] = report.csv(facts),
    ["report.json"] = report.json(facts),
    ["delinquents.csv"] = report.delinquents(facts),
    ["installments.csv"] = report.installments(schedules, { as_of = sample.AS_OF }),
    ["calendar.ics"] = (report.calendar(schedules, days)),
  }
  for _, schedule in ipairs(schedules) do
    schedule:close()
  end
  portfolio:close()
  return texts
end

if arg and arg[0] and arg[0]:find("report_forms%.lua$") then
  for name, text in pairs(forms.texts()) do
    local file = assert(io.open(forms.DIRECTORY .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end
end

return forms
