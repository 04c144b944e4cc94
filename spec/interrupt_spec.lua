-- Ctrl-C in a script: the process that was interrupted has left nothing half written. A child runs
-- the script, the spec interrupts it by its process id and looks at what reached the server.
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local wire = require "spec.support.wire"

local RECEIPT = wire.fixture("fincode/repay.200.json")

local PAY = [[
local repay = require "repay"
local client = assert(repay.open("fincode", { base_url = "http://127.0.0.1:%d", token = "token",
  customer_ip = "192.168.1.1", currency = "NGN" }))
local payment = assert(client:prepare("repay", {
  customer_id = "123e4567-e89b-12d3-a456-426614174000",
  account_id = "223e4567-e89b-12d3-a456-426614174001",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174002",
  amount = "50000.00", reference = "REF-2024-01-15-001",
  payment_date = "2024-01-15T10:00:00Z", narration = "Monthly installment payment" }))
local ok = pcall(function()
  %s
end)
local receipt = not ok and payment:result()
io.write(ok and "ran" or "interrupted", " ", receipt and receipt.amount_minor or "-", "\n")
]]

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs the script, interrupts it once the server has its request, and returns what it said.
local function interrupted(server, how)
  local program = helper.is_luajit and "luajit" or "lua5.4"
  local script = PAY:format(server:port(), how)
  local pipe = assert(io.popen("echo $$; exec " .. program .. " -e " .. quoted(script)
    .. " 2>&1", "r"))
  local pid = pipe:read("*l")
  local begun = native.now_ms()
  while #server:requests() == 0 and native.now_ms() - begun < 5000 do
    os.execute("sleep 0.01")
  end
  os.execute("kill -INT " .. pid)
  local said = pipe:read("*a")
  pipe:close()
  return (said:gsub("%s+$", ""))
end

describe("a script that is interrupted #interpreter", function()
  helper.watch(after_each)
  wire.watch(after_each)

  for name, how in pairs({
    ["a call"] = "payment:perform()",
    ["a run"] = "for _ in repay.each { payment } do end",
  }) do
    it("sees the repayment that it has sent to its end, in " .. name, function()
      local server = wire.server({ { "stall", 400 }, { "send", RECEIPT } })
      assert.equal("interrupted 5000000", interrupted(server, how))
      assert.equal(1, #server:requests())
      local body = server:requests()[1]:match("\r\n\r\n(.*)$")
      assert.equal("}", body:sub(-1))
    end)
  end
end)

local JOURNAL = [[
local repay = require "repay"
local journal = assert(repay.journal(%q))
local client = assert(repay.open("fincode", %s))
local ok = pcall(journal.repay, journal, client, {
  customer_id = "123e4567-e89b-12d3-a456-426614174010",
  account_id = "223e4567-e89b-12d3-a456-426614174011",
  bank_account_id = "323e4567-e89b-12d3-a456-426614174012",
  amount = "5000.00", reference = "REF 1", payment_date = "2025-01-20" })
local entry = journal:entries {}[1]
io.write(ok and "ran" or "interrupted", " ", entry.state, " ", entry.receipt_id or "-", "\n")
]]

local function literal(settings)
  local parts = { 'keys = "unproven", currency = "NGN"' }
  for name, value in pairs(settings) do
    parts[#parts + 1] = ("%s = %q"):format(name, value)
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

describe("a journal that is interrupted #interpreter", function()
  local server, directory
  after_each(function()
    server:stop()
    os.execute("rm -r --one-file-system " .. directory)
  end)
  helper.watch(after_each)

  it("sees the repayment that it has sent to its end, and writes that down", function()
    local process = require "spec.support.sandbox_process"
    local pipe = assert(io.popen("mktemp -d", "r"))
    directory = pipe:read("*l")
    pipe:close()
    server = process.start()
    server:fault { kind = "stall", route = "repay_loan", ms = 400 }
    local program = helper.is_luajit and "luajit" or "lua5.4"
    local script = JOURNAL:format(directory .. "/d/pay.db", literal(server.settings.fincode))
    local child = assert(io.popen("echo $$; exec " .. program .. " -e " .. quoted(script)
      .. " 2>&1", "r"))
    local pid = child:read("*l")
    local begun = native.now_ms()
    while #server:ledger().repayments == 0 and native.now_ms() - begun < 5000 do
      os.execute("sleep 0.01")
    end
    os.execute("kill -INT " .. pid)
    local said = child:read("*a"):gsub("%s+$", "")
    child:close()
    assert.equal("interrupted accepted " .. server:ledger().repayments[1].id, said)
  end)
end)
