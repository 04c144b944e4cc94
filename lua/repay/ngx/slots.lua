-- How many attempts one worker has under way towards one host.
--
-- Whoever finds no place waits on a semaphore: the queue that cosockets offer for this made 64
-- calls of 100 ms take up to five seconds instead of 0.8 when eight were allowed. Each taken place
-- is a lease that ends with its attempt's deadline: a request that nginx ends in the middle runs no
-- more code and gives nothing back, and its place is taken from it then.
--
-- A lease is the caller's own table with its deadline in `until_ms`, by the clock of native.now_ms.
-- `before` and `after` are this file's: leases form a list, so that taking and giving back
-- allocates nothing. One that is not held has no `before`.
local native = require "repay.native.core"
local semaphore = require "ngx.semaphore"

-- An attempt that met its deadline still has its connection to close.
local GRACE_MS = 1000

local slots = {}
slots.__index = slots

function slots.new(count)
  return setmetatable({ left = count, handed = assert(semaphore.new(0)), first = false }, slots)
end

-- Takes back what is overdue; tells when the next lease will be, or nil.
local function reclaim(self, now_ms)
  local next_ms
  local lease = self.first
  while lease do
    local after = lease.after
    local over_ms = lease.until_ms + GRACE_MS
    if over_ms <= now_ms then
      self:give_back(lease)
    elseif not next_ms or over_ms < next_ms then
      next_ms = over_ms
    end
    lease = after
  end
  return next_ms
end

-- Waits until the moment for a place that someone hands on or that was reclaimed; true, or nil and
-- nginx's word.
local function wait(self, until_ms)
  while true do
    local now_ms = native.now_ms()
    local wake_ms = reclaim(self, now_ms)
    wake_ms = wake_ms and math.min(wake_ms, until_ms) or until_ms
    if self.left > 0 then
      self.left = self.left - 1
      return true
    elseif until_ms <= now_ms then
      return nil, "timeout"
    end
    ngx.update_time()
    local ok, err = self.handed:wait((wake_ms - now_ms) / 1000)
    if ok or err ~= "timeout" then
      return ok, err
    end
  end
end

-- As `wait`. A place may have been handed to one who was just then giving up.
local function queue(self, until_ms)
  local ok, err = wait(self, until_ms)
  if not ok and err == "timeout" then
    ok = self.handed:wait(0)
  end
  return ok, err
end

--- Makes the table a lease until its moment `until_ms`: the time now, which is the one given where
--- a place was free; or nil and nginx's word.
function slots:take(lease, now_ms)
  if self.left > 0 then
    self.left = self.left - 1
  else
    local ok, err = queue(self, lease.until_ms)
    if not ok then
      return nil, err
    end
    now_ms = native.now_ms()
  end
  local first = self.first
  lease.before, lease.after = false, first
  if first then
    first.before = lease
  end
  self.first = lease
  return now_ms
end

--- Safe twice, and for a lease that was taken back. Whoever waits longest gets the place.
function slots:give_back(lease)
  local before, after = lease.before, lease.after
  if before == nil then
    return
  end
  lease.before, lease.after = nil, false
  if before then
    before.after = after
  else
    self.first = after
  end
  if after then
    after.before = before
  end
  -- Below zero are those who wait. Counting them here would count the dead ones for ever.
  if self.left == 0 and self.handed:count() < 0 then
    self.handed:post(1)
  else
    self.left = self.left + 1
  end
end

return slots
