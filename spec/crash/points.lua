-- The points at which a worker is killed, and what each needs so that it is reached.
--
--   faults      rules for the sandbox during the run that dies
--   first       a point at which an earlier run dies, so that this one finds something to take over
--   advance_ms  how much later the run that dies begins
--   kill        who kills: nil for the build itself, else what the harness waits for
--   only        the one mode in which the point is reached; in the other the run ends well
--   options     more for the worker
local points = {}

local LOST = { { kind = "reply_lost", route = "repay_loan", nth = 1 } }
local REFUSED_TOKEN = { { kind = "status", status = 401, route = "repay_loan", nth = 1 } }
local TWO_DAYS_MS = 2 * 86400000
local STALL_MS = 20000

-- The first repayment hangs, before or after it was recorded.
local function hang(processed)
  return { { kind = "stall", at = "before", processed = processed, ms = STALL_MS,
    route = "repay_loan", nth = 1 } }
end

local special = {
  C10 = { kill = "tls" },
  C12 = { options = { partial = "C12" } },
  C13 = { options = { partial = "C13" } },
  C14 = { kill = "arrived", faults = hang(false) },
  C15 = { kill = "recorded", faults = hang(true) },
  C24 = { faults = LOST, only = "honoured" },
  C25 = { faults = REFUSED_TOKEN },
  C26 = { faults = REFUSED_TOKEN, options = { times = 2 } },
  C27 = { first = "C08", advance_ms = TWO_DAYS_MS },
  C31 = { options = { ballast = 700 } },
  C32 = { schema_0 = true },
  C33 = { options = { backup = true } },
}

-- The second of a run's two sends, where a point is passed by each: what is before it must stay.
local hits = { C06 = 2, C07 = 2, C08 = 2, C09 = 2, C11 = 2, C16 = 2, C17 = 2, C18 = 2, C19 = 2,
  C20 = 2, C21 = 2, C22 = 2 }

for number = 1, 34 do
  local name = ("C%02d"):format(number)
  local point = special[name] or {}
  point.name = name
  point.hits = hits[name] or 1
  points[number] = point
end

return points
