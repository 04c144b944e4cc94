-- How many attempts one worker has under way towards one host.
--
-- A semaphore, because the queue that cosockets offer for this made 64 calls of 100 ms take up to
-- five seconds instead of 0.8 when eight were allowed. Each taken place is a lease that ends with
-- its attempt's deadline: a request that nginx ends in the middle runs no more code and gives
-- nothing back, and its place is taken from it then.
local native = require "repay.native.core"
local semaphore = require "ngx.semaphore"

-- An attempt that met its deadline still has its connection to close.
local GRACE_MS = 1000

local slots = {}
slots.__index = slots

function slots.new(count)
  return setmetatable({ free = assert(semaphore.new(count)), leases = {} }, slots)
end

-- Takes back what is overdue; tells when the next lease will be, or nil.
local function reclaim(self, now_ms)
  local next_ms
  for lease in pairs(self.leases) do
    local over_ms = lease.until_ms + GRACE_MS
    if over_ms <= now_ms then
      self:give_back(lease)
    elseif not next_ms or over_ms < next_ms then
      next_ms = over_ms
    end
  end
  return next_ms
end

-- Waits for a free place until the moment; true, or nil and nginx's word.
local function wait(self, until_ms)
  while true do
    local now_ms = native.now_ms()
    local wake_ms = reclaim(self, now_ms)
    wake_ms = wake_ms and math.min(wake_ms, until_ms) or until_ms
    if until_ms <= now_ms then
      return nil, "timeout"
    end
    ngx.update_time()
    local ok, err = self.free:wait((wake_ms - now_ms) / 1000)
    if ok or err ~= "timeout" then
      return ok, err
    end
  end
end

--- A place until the moment, on the clock of native.now_ms: a lease, or nil and nginx's word.
function slots:take(until_ms)
  local ok, err = self.free:wait(0)
  if not ok then
    ok, err = wait(self, until_ms)
  end
  if not ok then
    return nil, err
  end
  local lease = { until_ms = until_ms }
  self.leases[lease] = true
  return lease
end

--- Safe twice, and for a lease that was taken back.
function slots:give_back(lease)
  if self.leases[lease] then
    self.leases[lease] = nil
    self.free:post(1)
  end
end

return slots
