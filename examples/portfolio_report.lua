-- Fetches the loans of three providers and writes a report of them: one page that opens anywhere.
-- Use: lua5.4 examples/portfolio_report.lua [portfolio.html]
local repay = require "repay"
local fetch = require "repay.workflow.fetch"
local report = require "repay.report"
local report_workflow = require "repay.workflow.report"
local sandbox = require("repay.sandbox").new { seed = 42, loans = 60 }

local path = arg and arg[1] or "portfolio.html"
local clients = {}
for _, name in ipairs(repay.providers()) do
  clients[name] = assert(repay.open(name, sandbox:settings(name)))
end

local fetched = assert(fetch.run { loans = sandbox:subjects(), clients = clients })
local made = assert(report_workflow.run {
  fetched = fetched, as_of = "2025-01-20", made_at = "2025-01-20T08:00:00Z", title = "Our loans",
})

local file = assert(io.open(path, "w"))
assert(file:write(report.html(made.facts)))
assert(file:close())

for _, code in ipairs(made.portfolio:summary().codes) do
  local group = made.portfolio:summary().currencies[code]
  local risk = made.portfolio:at_risk({ days = 30 }).currencies[code]
  print(("%s: %d loans, %s outstanding, %.2f%% at risk"):format(code, group.loans,
    repay.money.format(group.outstanding_minor, code), risk.ratio_ppm / 10000))
end
for _, item in ipairs(fetched.failures) do
  print("not fetched: " .. item.id .. ", " .. item.err.kind)
end
print("wrote " .. path)

for _, client in pairs(clients) do
  client:close()
end
