-- How many attempts one worker has under way towards one host.
--
-- Whoever finds no place waits on a semaphore: the queue that cosockets offer for this made 64
-- calls of 100 ms take up to five seconds instead of 0.8 when eight were allowed. Each taken place
-- is a lease that ends with its attempt's deadline: a request that nginx ends in the middle runs no
-- more code and gives nothing back, and its place is taken from it then.
--
-- A lease is a number, the place's and how often it was taken: a call that waits costs two elements
-- of a list here, and one that was taken back and taken anew is not given back by its old holder.
local native = require "repay.native.core"
local semaphore = require "ngx.semaphore"

-- An attempt that met its deadline still has its connection to close.
local GRACE_MS = 1000

-- More places than a worker has connections.
local PLACES_MAX = 2 ^ 20

local slots = {}
slots.__index = slots

function slots.new(count)
  return setmetatable({
    left = count, handed = assert(semaphore.new(0)),
    -- By place: the moment of its lease or false, how often it was taken; and the free ones.
    until_ms = {}, turns = {}, free = {}, free_count = 0,
  }, slots)
end

-- Takes back what is overdue; tells when the next lease will be, or nil.
local function reclaim(self, now_ms)
  local next_ms
  for place, until_ms in ipairs(self.until_ms) do
    local over_ms = until_ms and until_ms + GRACE_MS
    if over_ms and over_ms <= now_ms then
      self:give_back(self.turns[place] * PLACES_MAX + place)
    elseif over_ms and (not next_ms or over_ms < next_ms) then
      next_ms = over_ms
    end
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

-- A place that nobody holds, the one that was left last.
local function lease_of(self, until_ms)
  local count = self.free_count
  local place
  if count > 0 then
    place, self.free_count = self.free[count], count - 1
  else
    place = #self.until_ms + 1
  end
  local turn = (self.turns[place] or 0) + 1
  self.until_ms[place], self.turns[place] = until_ms, turn
  return turn * PLACES_MAX + place
end

--- A place until the moment, by the clock of native.now_ms: a lease, and the time now, which is the
--- one given where a place was free; or nil and nginx's word.
function slots:take(until_ms, now_ms)
  if self.left > 0 then
    self.left = self.left - 1
  else
    local ok, err = queue(self, until_ms)
    if not ok then
      return nil, err
    end
    now_ms = native.now_ms()
  end
  return lease_of(self, until_ms), now_ms
end

--- Safe twice, and for a lease that was taken back. Whoever waits longest gets the place.
function slots:give_back(lease)
  local place = lease % PLACES_MAX
  if not self.until_ms[place] or lease ~= self.turns[place] * PLACES_MAX + place then
    return
  end
  self.until_ms[place] = false
  self.free_count = self.free_count + 1
  self.free[self.free_count] = place
  -- Below zero are those who wait. Counting them here would count the dead ones for ever.
  if self.left == 0 and self.handed:count() < 0 then
    self.handed:post(1)
  else
    self.left = self.left + 1
  end
end

return slots
