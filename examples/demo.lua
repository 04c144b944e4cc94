-- The main job, offline: starts the sandbox server, fetches from all three providers over HTTP,
-- records a repayment once, reports on every loan, and stops the server again. `make demo` runs it.
local repay = require "repay"
local report = require "repay.report"

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"
local PAGE = arg and arg[1] or "repay-demo.html"

-- The shell prints its own id and then becomes the server.
local server = assert(io.popen("echo $$; exec lua5.4 lua/bin/repay sandbox --port 0 --loans 60"))
local pid, clients = server:read("*l"), {}
for line in server:lines() do
  -- The server prints lines that can be pasted into a program; this program pastes them.
  local name = line:match('^repay%.open%("(%w+)"')
  if name then
    clients[name] = assert(assert(load("return (...)" .. line:sub(#"repay" + 1)))(repay))
  elseif line:match("^ready ") then
    print("sandbox server on " .. line:match("^ready (%S+)") .. ", process " .. pid .. "\n")
    break
  end
end

for _, ask in ipairs {
  { clients.carbon, "schedule", { loan_id = "LOAN_ABC123" } },
  { clients.pezesha, "schedule", { merchant_id = "merchant_jane" } },
  { clients.fincode, "pending", { user_id = CUSTOMER } },
} do
  local client, operation, arguments = ask[1], ask[2], ask[3]
  print(tostring(assert(client[operation](client, arguments))) .. "\n")
end

local repayment = {
  customer_id = CUSTOMER, account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00",
  reference = "REF-2024-01-15-001", payment_date = "2024-01-15T10:00:00Z",
  idempotency_key = "demo-0001",
}
local first = assert(clients.fincode:repay(repayment))
local again = assert(clients.fincode:repay(repayment))
print(("recorded %s %s as %s, %s"):format(repay.money.format(first.amount_minor, first.currency),
  first.currency, first.id, first.verification_status))
print("the same key again gives the same record: " .. tostring(first.id == again.id))
local _, err = clients.carbon:schedule { loan_id = "NO-SUCH-LOAN" }
print("a loan that is not there: " .. tostring(err) .. "\n")

local loans = require("repay.sandbox").new({ loans = 60 }):subjects()
local fetched = assert(require("repay.workflow.fetch").run { loans = loans, clients = clients })
local made = assert(require("repay.workflow.report").run {
  fetched = fetched, as_of = "2025-01-20", made_at = "2025-01-20T08:00:00Z",
  title = "The sandbox's loans", cash_flow_periods = 3, delinquents = 3 })
print(report.text(made.facts, { width = 100 }))
local page = assert(io.open(PAGE, "w"))
assert(page:write(report.html(made.facts)) and page:close())

for _, client in pairs(clients) do client:close() end
os.execute("kill " .. pid)
server:close()
print("the same as a page:   " .. PAGE)
print("a server to play with: lua/bin/repay sandbox    (README.md: Try it without credentials)")
print("the command:           lua/bin/repay --help")
