-- Drives a call over a message transport: a table of two functions, send(request) and sleep(ms),
-- and if it likes now_ms() and unix_ms().
--
-- The transport's functions run under pcall and may yield. Whatever they do, the call ends with a
-- result or an error, and what may have reached the provider is never taken for not sent.
local native = require "repay.native.core"

local driver = {}

local function text_of(raised)
  local ok, text = pcall(tostring, raised)
  return ok and type(text) == "string" and text or "a " .. type(raised)
end

-- One of the transport's clocks, or ours. Bad readings count as no time passed, but the first one
-- must be good: a call cannot keep deadlines on a clock that never told the time.
local function reading(clock, fallback, name)
  local last

  if clock == nil then
    return fallback
  end
  return function()
    local ok, value = pcall(clock)
    value = ok and type(value) == "number" and native.integer(math.floor(value))
    if not value and not last then
      error("the transport's " .. name .. " must return milliseconds", 0)
    end
    last = value or last
    return last
  end
end

-- A clock on which sleep(ms) takes ms, even if the transport's sleep returns at once.
local function clock_of(transport)
  local read = reading(transport.now_ms, native.now_ms, "now_ms")
  local skipped = 0
  local clock = { unix_ms = reading(transport.unix_ms, native.unix_ms, "unix_ms") }

  function clock.now_ms()
    return read() + skipped
  end

  function clock.slept_until(moment_ms)
    local short = moment_ms - clock.now_ms()
    if short > 0 then
      skipped = skipped + short
    end
  end

  return clock
end

-- The process may have been stopped since the call was asked: what is left of its time is what is
-- left now, and without any nothing leaves.
local function hand_over(call, transport, clock, asked_ms)
  local message = call:message()
  message.timeout_ms = message.timeout_ms - math.max(0, clock.now_ms() - asked_ms)
  if message.timeout_ms > 0 then
    return pcall(transport.send, message)
  end
  return true, nil, { kind = "timeout", sent = "no",
    message = "the time was over before the request could leave" }
end

local function send(call, transport, clock, asked_ms)
  local ok, response, failure = hand_over(call, transport, clock, asked_ms)
  if not ok then
    failure = { kind = "bad_response", sent = "maybe", message = text_of(response) }
    response = nil
  elseif not response then
    response = nil
    failure = failure or { kind = "bad_response", sent = "maybe", message = "it said nothing" }
  end
  local now_ms, unix_ms = clock.now_ms(), clock.unix_ms()
  if not pcall(call.answer, call, now_ms, unix_ms, response, failure) then
    collectgarbage()
    call:answer(now_ms, unix_ms, nil, { kind = "bad_response", sent = "maybe" })
  end
end

local function wait(call, transport, clock, ms)
  local until_ms = clock.now_ms() + ms
  if pcall(transport.sleep, ms) then
    clock.slept_until(until_ms)
  else
    call:cancel()
  end
end

--- The time now, on the clock that calls are driven by: over this transport, or without one.
function driver.now_ms(transport)
  return reading(transport and transport.now_ms, native.now_ms, "now_ms")()
end

--- Runs the call to its end. It begins `after` and ends `within` so many milliseconds, if given.
function driver.run(call, transport, after, within)
  local clock = clock_of(transport)
  if after or within then
    local now_ms = clock.now_ms()
    native.limit(call, after and now_ms + after, within and now_ms + within)
  end
  while true do
    local asked_ms = clock.now_ms()
    local step, ms = call:next(asked_ms, clock.unix_ms())
    if step == "send" then
      send(call, transport, clock, asked_ms)
    elseif step == "wait" then
      wait(call, transport, clock, ms)
    else
      return
    end
  end
end

--- The same, and what it ended with: a schedule or a receipt, or nil and an error.
function driver.perform(call, transport)
  driver.run(call, transport)
  return native.result(call)
end

--- A driver of repay.each (each.lua): one call after the other, each over its own transport.
function driver.many(_, transport)
  local self = { places = 1, now_ms = clock_of(transport).now_ms }
  local waiting, after, within

  function self.add(call, after_ms, within_ms)
    waiting, after, within = call, after_ms, within_ms
    return true
  end

  function self.step()
    local call = waiting
    waiting = nil
    if call then
      driver.run(call, native.transport(call), after, within)
    end
    return call
  end

  -- Nothing is under way between two steps.
  function self.finish()
    if waiting then
      waiting:cancel()
      waiting = nil
    end
    return {}
  end

  function self.close() end

  return self
end

return driver
