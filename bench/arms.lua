-- The two ways to the same sums, provider by provider: through repay, and through lua-cjson and the
-- loop that a script would write. Both return minor units.

local bodies = require("bench.bodies")

local M = {}

local AS_OF = bodies.AS_OF

-- Major units in a double become minor units once, at the end: a script that knows no better adds
-- up doubles, and the error that it collects is part of what is measured.
local function minor(total)
  return math.floor(total * 100 + 0.5)
end

local function totals(schedule)
  local sums = assert(schedule:totals({ as_of = AS_OF }))
  return sums.total_due_minor, sums.outstanding_minor, sums.overdue_minor
end

M.fincode = {
  sums = { "amount", "payable", "unpaid" },
  options = { token = "token", customer_ip = "192.0.2.1", currency = "NGN", zone = "+01:00" },
  base_path = "/api/v1/services",
  arguments = { customer_id = "123e4567-e89b-12d3-a456-426614174000" },
  -- A row of this list tells what was or will be repaid and not what is outstanding (README says
  -- why), so there are no totals as the other two have them, and the rows are walked in Lua.
  repay = function(schedule)
    local amount, payable, unpaid = 0, 0, 0
    for _, row_amount, row_payable, is_paid in schedule:each("repayment_amount_minor",
      "total_due_minor", "is_loan_paid") do
      amount = amount + row_amount
      payable = payable + row_payable
      if not is_paid then unpaid = unpaid + 1 end
    end
    return amount, payable, unpaid
  end,
  peer = function(reply)
    local rows = reply.data
    local amount, payable, unpaid = 0, 0, 0
    for i = 1, #rows do
      local row = rows[i]
      amount = amount + row.repaymentAmount
      payable = payable + row.totalPayable
      if not row.loanAmountPaid then unpaid = unpaid + 1 end
    end
    return minor(amount), minor(payable), unpaid
  end,
}

M.pezesha = {
  sums = { "total_due", "outstanding", "overdue" },
  options = { token = "token", channel = "bench", currency = "KES" },
  base_path = "",
  arguments = { merchant_id = "merchant_jane" },
  repay = totals,
  peer = function(reply)
    local rows = reply.data
    local due, outstanding, overdue = 0, 0, 0
    for i = 1, #rows do
      local row = rows[i]
      due = due + row.total_due
      outstanding = outstanding + row.balance
      if row.repayment_date < AS_OF then overdue = overdue + row.balance end
    end
    return minor(due), minor(outstanding), minor(overdue)
  end,
}

M.carbon = {
  sums = { "total_due", "outstanding", "overdue" },
  options = { api_key = "key", carbon_key = "key" },
  base_path = "",
  arguments = { loan_id = "LOAN_ABC123" },
  repay = totals,
  peer = function(reply)
    local rows = reply.data.schedule
    local due, outstanding, overdue = 0, 0, 0
    for i = 1, #rows do
      local row = rows[i]
      local rest = row.totalDue - row.paidAmount
      due = due + row.totalDue
      outstanding = outstanding + rest
      if row.dueDate < AS_OF then overdue = overdue + rest end
    end
    return due, outstanding, overdue
  end,
}

M.names = { "fincode", "pezesha", "carbon" }

-- A client of the provider over what `more` says: a transport, or the address of a server here.
function M.open(repay, name, more)
  local options = {}
  for key, value in pairs(M[name].options) do options[key] = value end
  for key, value in pairs(more) do options[key] = value end
  return assert(repay.open(name, options))
end

-- The differences between what an arm found and what is in the body.
function M.errors(name, expected, ...)
  local found, out = { ... }, {}
  for i, sum in ipairs(M[name].sums) do out[i] = found[i] - expected[sum] end
  return out
end

function M.is_exact(errors)
  for _, difference in ipairs(errors) do
    if difference ~= 0 then return false end
  end
  return true
end

return M
