-- The doctor on this machine: what is built and installed, and its clock.
local place = {}

-- 2025: a clock before the first of these releases is wrong, and so is one in the next century.
local FIRST_MS, LAST_MS = 1735689600000, 4102444800000

local NEEDED = {
  { "repay.native.curl", "calls over libcurl", "bad", "build it: make, with libcurl's headers" },
  { "repay.native.journal", "the journal", "bad", "build it: make, with SQLite's headers" },
  { "repay.native.xlsx", "workbooks (export xlsx)", "warn",
    "install libxlsxwriter (Debian: libxlsxwriter-dev) and run make" },
}

local function check_modules(add)
  local repay = require "repay"
  add { check = "modules", result = "ok", detail = ("repay %s on %s"):format(repay.version,
    rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION) }
  for _, need in ipairs(NEEDED) do
    local loaded = pcall(require, need[1])
    add { check = "modules", subject = need[1], result = loaded and "ok" or need[3],
      detail = need[2], remedy = not loaded and need[4] or nil }
  end
end

local function check_clock(context, add)
  local moment = require "repay.cli.moment"
  local now = context.world.unix_ms()
  if now < FIRST_MS or now > LAST_MS then
    add { check = "clock", result = "bad", code = 1, detail = "it says " .. moment.utc(now),
      remedy = "set the clock: dates of repayments and the windows of keys hang on it" }
    return
  end
  local is_kept, why = context.world.clock_is_kept()
  if is_kept == false then
    add { check = "clock", result = "warn", detail = moment.utc(now)
      .. ", and nothing keeps it right", remedy = "run an NTP service, like systemd-timesyncd" }
  else
    add { check = "clock", result = "ok", detail = moment.utc(now) .. (is_kept and ", synchronised"
      or ", not known whether it is kept (" .. tostring(why) .. ")") }
  end
end

--- Looks at it all.
function place.check(context, add)
  check_modules(add)
  check_clock(context, add)
end

return place
