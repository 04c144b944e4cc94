-- One of several processes that run the same file over the same journal: journal_file_spec.lua.
--
--   journal_file_worker.lua JOURNAL FILE BASE_URL UNIX_MS KEYS
--
-- Prints how many rows it sent itself.
local native = require "repay.native.core"
local repay = require "repay"

local began_ms = native.now_ms()
local journal = assert(repay.journal(arg[1], {
  unix_ms = function() return tonumber(arg[4]) + native.now_ms() - began_ms end,
  busy_ms = 60000,
}))
local client = assert(repay.open("fincode", {
  token = "sandbox-fincode-token", customer_ip = "127.0.0.1", currency = "NGN", zone = "+01:00",
  keys = arg[5], base_url = arg[3],
}))
local result = assert(repay.workflow.repay_file(arg[2],
  { journal = journal, client = client, check_lists = false, reconcile = false,
    new_journal = true }))
print("sent", result.run.accepted)
journal:close()
client:close()
print("done")
