-- Ctrl-C as something that is asked about, for work that has to come to an end of its own: a
-- repayment under way is seen to its end, and a fetch keeps what came. What is done then is the
-- business of the work.
local guard = {}

--- Runs `work(stop_when)` and returns what it returns; `stop_when()` says that Ctrl-C was pressed.
--- A second Ctrl-C ends the process at once, which journal and snapshots survive. `progress` is
--- taken away before anything is said.
function guard.run(context, work, progress)
  local catch = context.world.interrupts
  if not catch then
    return work(nil)
  end
  local caught = catch()
  local is_told = false
  local function stop_when()
    if not caught.seen() then
      return false
    elseif not is_told then
      is_told = true
      if progress then
        progress:finish()
      end
      context:say("interrupted: nothing more is begun")
    end
    return true
  end
  local results = { pcall(work, stop_when) }
  context.is_interrupted = caught.seen()
  caught.release()
  if not results[1] then
    error(results[2], 0)
  end
  return (unpack or table.unpack)(results, 2, 4)
end

return guard
