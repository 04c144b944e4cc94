-- A script as a user would write it, killed somewhere in the middle and started again. It runs in
-- the crash build; the environment says where it dies.
--
--   worker.lua name=value …: task (run or settle), base_url, keys, journal, file, summary, now, and
--   for some points times, connect, ca_file, backup, ballast, partial.
--
-- What it prints is for harness.lua: a line for each entry, the number of events before and after
-- one more recovery, and "done" last.
local native = require "repay.native.core"
local repay = require "repay"

local options = {}
for _, word in ipairs(arg) do
  local name, value = word:match("^([%w_]+)=(.*)$")
  options[name] = value
end

-- The sandbox's clock stands; ours goes on from there by what really passes.
local began_ms = native.now_ms()
local function unix_ms()
  return tonumber(options.now) + native.now_ms() - began_ms
end

local ids = {
  customer = "123e4567-e89b-12d3-a456-426614174010",
  account = "223e4567-e89b-12d3-a456-426614174011",
  bank = "323e4567-e89b-12d3-a456-426614174012",
}

local function open_client()
  local given = {
    token = "sandbox-fincode-token", customer_ip = "127.0.0.1", currency = "NGN", zone = "+01:00",
    base_url = options.base_url, keys = options.keys, ca_file = options.ca_file,
    connect = options.connect, retry_base_ms = 1, retry_cap_ms = 2,
  }
  if options.partial then
    given.transport = require("spec.crash.partial").new(options.partial)
  end
  return assert(repay.open("fincode", given))
end

local function open_journal()
  return assert(repay.journal(options.journal, {
    unix_ms = unix_ms, retry_base_ms = 1, retry_cap_ms = 2, skew_ms = 3600000,
  }))
end

-- So many planned entries that the log is moved into the database.
local function plan_ballast(journal, client)
  local rows = {}
  for i = 1, tonumber(options.ballast) do
    rows[i] = {
      customer_id = ids.customer, account_id = ids.account, bank_account_id = ids.bank,
      amount_minor = 100, payment_date = "2025-01-20", reference = "BALLAST " .. i,
      loan_id = ("heavy "):rep(4000),
    }
  end
  assert(journal:plan(client, rows))
end

local function run(journal, client)
  if options.ballast then
    plan_ballast(journal, client)
  end
  for _ = 1, tonumber(options.times or 1) do
    assert(repay.workflow.repay_file(options.file, {
      journal = journal, client = client, new_journal = true, summary = options.summary,
      check_lists = false,
    }))
  end
  if options.backup then
    assert(journal:backup(options.backup))
  end
end

local function show(journal, client)
  assert(journal:recover(client))
  local events = assert(journal:verify()).events
  assert(journal:recover(client))
  print("events", events, assert(journal:verify()).events)
  local actions = {}
  for _, each in ipairs(assert(journal:recover())) do
    actions[each.id] = each.action
  end
  for _, entry in ipairs(assert(journal:entries {})) do
    if (entry.reference or ""):find("^CRASH") then
      print("entry", entry.key, entry.state, actions[entry.id] or "none", entry.reason)
    end
  end
end

local client, journal = open_client(), open_journal()
if options.task == "run" then
  run(journal, client)
elseif options.task == "settle" then
  assert(journal:recover(client))
else
  show(journal, client)
end
journal:close()
client:close()
print("done")
