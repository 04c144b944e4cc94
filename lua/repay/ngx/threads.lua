-- A driver of repay.each (each.lua) inside nginx: every call in a light thread of its own.
--
-- What a thread runs is what call:perform() would run there. The loop waits on a semaphore that
-- each thread posts when its call has ended, so nothing polls.
local cosockets = require "repay.ngx"
local messages = require "repay.driver"
local native = require "repay.native.core"
local semaphore = require "ngx.semaphore"

local threads = {}

local function wait_for_one(self, ms)
  ngx.update_time()
  if not self.posted:wait(ms / 1000) then
    return nil
  end
  local call = self.ended[self.first]
  self.ended[self.first] = nil
  self.first = self.first + 1
  -- It is over but for nginx's memory of it; only who began it may ask for that.
  pcall(ngx.thread.wait, self.threads[call])
  self.threads[call] = nil
  return call
end

local function drop(self, call)
  pcall(ngx.thread.kill, self.threads[call])
  self.threads[call] = nil
  cosockets.abandon(call)
  call:cancel()
  call:next()
end

-- Ends with the calls that have ended anyway, and those whose request may have left for a write.
local function finish(self)
  local finished = {}
  while self.first <= self.last do
    finished[#finished + 1] = wait_for_one(self, 0)
  end
  local dropped, left = {}, 0
  for call in pairs(self.threads) do
    if call.is_write and not native.is_unsent(call) then
      left = left + 1
    else
      dropped[#dropped + 1] = call
    end
  end
  for _, call in ipairs(dropped) do
    drop(self, call)
  end
  while left > 0 do
    local call = wait_for_one(self, 1000)
    if call then
      left = left - 1
      finished[#finished + 1] = call
    end
  end
  return finished
end

local function new(places, run)
  local refusal = cosockets.refusal()
  if refusal then
    return nil, refusal
  end
  local self = {
    places = places, now_ms = native.now_ms,
    posted = semaphore.new(0), threads = {}, ended = {}, first = 1, last = 0,
  }

  -- What raises here is a fault of ours; the loop must learn of the call's end all the same.
  local function run_to_end(call, after, within)
    pcall(run, call, after, within)
    self.last = self.last + 1
    self.ended[self.last] = call
    self.posted:post(1)
  end

  function self.add(call, after, within)
    cosockets.watch(call)
    self.threads[call] = true
    local thread, err = ngx.thread.spawn(run_to_end, call, after, within)
    if not thread then
      self.threads[call] = nil
      return nil, err
    end
    self.threads[call] = thread
    return true
  end

  function self.step(ms)
    return wait_for_one(self, ms)
  end

  function self.finish()
    return finish(self)
  end

  function self.close() end

  return self
end

--- Calls over cosockets.
function threads.many(places)
  return new(places, cosockets.run)
end

--- Calls over their clients' transports.
function threads.many_messages(places)
  return new(places, function(call, after, within)
    messages.run(call, native.transport(call), after, within)
  end)
end

return threads
