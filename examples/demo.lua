-- The main job, offline: starts the sandbox server, fetches from all three providers over HTTP,
-- records a repayment once, shows what changed, and stops the server again. `make demo` runs it.
local repay = require "repay"

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"

-- The shell prints its own id and then becomes the server.
local command = "exec lua5.4 lua/bin/repay sandbox --port 0 --seed 42"
local server = assert(io.popen("echo $$; " .. command, "r"))
local pid = server:read("*l")
local open = {}
for line in server:lines() do
  -- The server prints lines that can be pasted into a program; this program pastes them.
  local name = line:match('^repay%.open%("(%w+)"')
  if name then
    local chunk = assert(load("local repay = ...; return " .. line))
    open[name] = function() return assert(chunk(repay)) end
  end
  if line:match("^ready ") then
    print("sandbox server on " .. line:match("^ready (%S+)") .. ", process " .. pid .. "\n")
    break
  end
end

local carbon, pezesha, fincode = open.carbon(), open.pezesha(), open.fincode()
local pending = assert(fincode:pending { user_id = CUSTOMER })
print(assert(carbon:schedule { loan_id = "LOAN_ABC123" }))
print()
print(assert(pezesha:schedule { merchant_id = "merchant_jane" }))
print()
print(pending)
print()

local repayment = {
  customer_id = CUSTOMER,
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002",
  amount = "50000.00",
  reference = "REF-2024-01-15-001",
  payment_date = "2024-01-15T10:00:00Z",
  idempotency_key = "demo-0001",
}
local first = assert(fincode:repay(repayment))
local again = assert(fincode:repay(repayment))
print(("recorded %s %s as %s, %s"):format(repay.money.format(first.amount_minor, first.currency),
  first.currency, first.id, first.verification_status))
print("the same key again gives the same record: " .. tostring(first.id == again.id))

local _, err = carbon:schedule { loan_id = "NO-SUCH-LOAN" }
print("a loan that is not there: " .. tostring(err) .. "\n")

for _, client in ipairs { carbon, pezesha, fincode } do
  client:close()
end
os.execute("kill " .. pid)
server:close()
print "next: README.md, examples/, or keep a server running with: lua/bin/repay sandbox"
