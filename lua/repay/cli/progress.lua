-- How far a long job is, on the error output of a terminal: one line that is written over. Nothing
-- is written where there is no terminal, or with --quiet.
local progress = {}
progress.__index = progress

local BAR = 24
local LEAST_MS = 100 -- between two drawings

--- A bar for a job with this label.
function progress.new(world, label, arguments)
  local is_shown = world.terminal.stderr and not arguments.quiet and not arguments.json
    and not arguments.ndjson
  return setmetatable({ world = world, label = label, is_shown = is_shown and true or false,
    drawn_ms = 0 }, progress)
end

--- So many of so many are done, of them so many failed. `total` may be unknown.
function progress:update(done, total, failed)
  local now = self.is_shown and self.world.unix_ms()
  if not now or (now - self.drawn_ms < LEAST_MS and done ~= total) then
    return
  end
  self.drawn_ms = now
  local bar = ""
  if total and total > 0 then
    local filled = math.floor(BAR * math.min(done / total, 1))
    bar = ("[%s%s] "):format(("#"):rep(filled), ("."):rep(BAR - filled))
  end
  self.world.stderr:write(("\r%s %s%.0f%s%s\27[K"):format(self.label, bar, done,
    total and ("/%.0f"):format(total) or "",
    (failed or 0) > 0 and (", %.0f failed"):format(failed) or ""))
  self.is_drawn = true
end

--- Takes the line away.
function progress:finish()
  if self.is_drawn then
    self.world.stderr:write("\r\27[K")
    self.is_drawn = false
  end
end

progress.close = progress.finish

return progress
