-- Repays over a journal that cannot grow past what the shell allows: journal_full_spec.lua.
--
--   journal_full_worker.lua KEYS DIRECTORY REPAYMENTS
--
-- Prints what each call came to, and the key of every repayment that went out.
local world = require "spec.support.journal_world"

local is_open, w = pcall(world.new, { keys = arg[1], directory = arg[2] })
if not is_open then
  print("told", "no journal")
  os.exit(0)
end
for n = 1, tonumber(arg[3]) do
  local entry, err = w:repay { reference = "REF " .. n }
  print("told", entry and entry.state or err.kind, err and err.outcome)
end
local _, count = w:records()
for key in pairs(count) do
  print("sent", key)
end
print("posts", w:posts())
