-- How long the command takes to write 10,000 installments in each of its forms: CPU seconds of the
-- writing alone, the best of three.
local output = require "repay.cli.output"

local ROWS = 10000

local columns = {
  { name = "provider", drop = 4 }, { name = "label", drop = 6 },
  { name = "loan_id", shrink = 13 }, { name = "number", kind = "whole", drop = 3 },
  { name = "due_date", kind = "day" },
  { name = "state", tone = function() return "bad" end },
  { name = "days_late", kind = "whole", drop = 1 },
  { name = "total_due_minor", kind = "money", drop = 5 },
  { name = "paid_minor", kind = "money", drop = 7 },
  { name = "outstanding_minor", kind = "money" }, { name = "currency" },
}

local rows = {}
for i = 1, ROWS do
  rows[i] = { provider = "a provider", label = "main", loan_id = ("LOAN-%06d-田"):format(i),
    number = i % 12, due_date = "2025-01-01", state = "overdue", days_late = i,
    total_due_minor = i * 1000, paid_minor = 5, outstanding_minor = i * 999, currency = "NGN" }
end

-- CPU seconds; every row must have come out.
local function seconds_of(form, width)
  local lines = 0
  local made = output.new {
    arguments = { [form] = true },
    world = { getenv = function() end, terminal = { stdout = width }, stdout = {
      write = function(_, text)
        lines = lines + select(2, text:gsub("\n", ""))
        return true
      end } },
  }
  local begun = os.clock()
  made:rows(columns, rows)
  assert(lines >= ROWS, form)
  return os.clock() - begun
end

for _, form in ipairs { { "table", 80 }, { "tsv" }, { "json" }, { "csv" } } do
  local best = math.huge
  for _ = 1, 3 do
    best = math.min(best, seconds_of(form[1], form[2]))
  end
  print(("%s_s %.4f"):format(form[1], best))
end
