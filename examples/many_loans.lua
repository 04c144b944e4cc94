-- Asks for many loans at once, shows those that are late, and stops at none that fails.
local repay = require "repay"
local sandbox = require("repay.sandbox").new { seed = 42, loans = 60 }

local carbon = assert(repay.open("carbon", sandbox:settings "carbon"))

-- Ids may as well come from a file, a line each: io.lines("loans.txt").
local ids = {}
for _, loan in ipairs(sandbox:subjects()) do
  if loan.provider == "carbon" then
    ids[#ids + 1] = loan.id
  end
end

local fetched, failed, late_minor = 0, 0, 0
for call, schedule, err in repay.each(carbon:calls("schedule", ids), {
  concurrency = 32, deadline_ms = 60000, stop_on = { "auth", "breaker_open" },
}) do
  if err then
    failed = failed + 1
    print(call.subject, "", err.kind)
  else
    fetched = fetched + 1
    local overdue = schedule:overdue { as_of = "2025-01-20" }
    if overdue.overdue_minor > 0 then
      late_minor = late_minor + overdue.overdue_minor
      print(call.subject, overdue.days_late .. " days",
        repay.money.format(overdue.overdue_minor, overdue.currency))
    end
    schedule:close()
  end
end
print(fetched .. " fetched, " .. failed .. " failed, "
  .. repay.money.format(late_minor, "NGN") .. " NGN late")
carbon:close()
