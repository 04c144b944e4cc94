-- What a spec has a thread of nginx do with a journal: ngx.run_worker_thread calls it by its name,
-- in a Lua state of its own. Only the configuration of specs names this file.
local repay = require "repay"

local job = {}

--- How many events there are, or what is wrong with them; and whether the copy was made.
function job.look_after(path, copy)
  local journal = assert(repay.journal(path))
  local verified, err = journal:verify()
  local copied, failure = journal:backup(copy)
  journal:close()
  return verified and verified.events or tostring(err), copied or tostring(failure)
end

return job
