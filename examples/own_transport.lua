-- Moves the bytes yourself: a transport is a table of two functions.
-- This one answers from memory; yours may use any HTTP library, and may yield.
local repay = require "repay"

local body = [[{"status":"success","message":"Repayment schedule fetched","data":{"schedule":[
  {"dueDate":"2025-02-15","principalDue":6666666,"interestDue":533333,"totalDue":7199999,
   "paidAmount":7199999,"status":"PAID"},
  {"dueDate":"2025-03-15","principalDue":6666666,"interestDue":480000,"totalDue":7146666,
   "paidAmount":0,"status":"UNPAID"}]}}]]

local transport = {
  send = function(request)
    print(request.method .. " " .. request.url)
    return { status = 200, headers = { ["content-type"] = "application/json" }, body = body }
  end,
  sleep = function(ms)
    print("waiting " .. ms .. " ms")
  end,
}

local carbon = assert(repay.open("carbon", {
  transport = transport,
  api_key = "a gateway key",
  carbon_key = "a merchant key",
}))

local schedule = assert(carbon:schedule { loan_id = "LOAN_ABC123" })
for i, row in schedule:rows() do
  print(i, row.due_date, repay.money.format(row.outstanding_minor, schedule.currency), row.status)
end

carbon:close()
