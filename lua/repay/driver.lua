-- Drives a call over a message transport: a table of two functions, send(request) and sleep(ms),
-- and if it likes now_ms() and unix_ms().
--
-- The transport's functions run under pcall and may yield. Whatever they do, the call ends with a
-- result or an error, and what may have reached the provider is never taken for not sent.
local native = require "repay.native.core"

local driver = {}

local go_on, answer = native.message_go_on, native.classes.call.answer

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

-- The clocks of a transport that has any. Without them there is nothing to remember: nil stands for
-- our own, which C reads where the call needs them.
local function clock_of(transport)
  if transport.now_ms == nil and transport.unix_ms == nil then
    return nil
  end
  return {
    now_ms = reading(transport.now_ms, native.now_ms, "now_ms"),
    unix_ms = reading(transport.unix_ms, native.unix_ms, "unix_ms"),
  }
end

-- `skipped_ms` is what sleeps were short of the time they were asked for: to a call sleep(ms) takes
-- ms, even if the transport's returns at once.
local function now_of(clock, skipped_ms)
  return (clock and clock.now_ms or native.now_ms)() + skipped_ms
end

-- What next and answer are told of the time; nil where they may look themselves.
local function times_of(clock, skipped_ms)
  if not clock and skipped_ms == 0 then
    return nil
  end
  return now_of(clock, skipped_ms), (clock and clock.unix_ms or native.unix_ms)()
end

-- The process may have been stopped since the call was asked: what is left of its time is what is
-- left now, and without any nothing leaves.
local function hand_over(message, transport, clock, skipped_ms, asked_ms)
  if asked_ms then
    message.timeout_ms = message.timeout_ms - math.max(0, now_of(clock, skipped_ms) - asked_ms)
  end
  if message.timeout_ms > 0 then
    return pcall(transport.send, message)
  end
  return true, nil, { kind = "timeout", sent = "no",
    message = "the time was over before the request could leave" }
end

local function send(call, message, transport, clock, skipped_ms, asked_ms)
  local ok, response, failure = hand_over(message, transport, clock, skipped_ms, asked_ms)
  if not ok then
    failure = { kind = "bad_response", sent = "maybe", message = text_of(response) }
    response = nil
  elseif not response then
    response = nil
    failure = failure or { kind = "bad_response", sent = "maybe", message = "it said nothing" }
  end
  local now_ms, unix_ms = times_of(clock, skipped_ms)
  if not pcall(answer, call, now_ms, unix_ms, response, failure) then
    collectgarbage()
    answer(call, now_ms, unix_ms, nil, { kind = "bad_response", sent = "maybe" })
  end
end

-- How much of the time was skipped, this sleep included.
local function wait(call, transport, clock, skipped_ms, ms)
  local until_ms = now_of(clock, skipped_ms) + ms
  if not pcall(transport.sleep, ms) then
    call:cancel()
    return skipped_ms
  end
  return skipped_ms + math.max(0, until_ms - now_of(clock, skipped_ms))
end

--- The time now, on the clock that calls are driven by: over this transport, or without one.
function driver.now_ms(transport)
  return reading(transport and transport.now_ms, native.now_ms, "now_ms")()
end

--- Runs the call to its end. It begins `after` and ends `within` so many milliseconds, if given.
function driver.run(call, transport, after, within)
  local clock, skipped_ms = clock_of(transport), 0
  if after or within then
    local now_ms = now_of(clock, 0)
    native.limit(call, after and now_ms + after, within and now_ms + within)
  end
  while true do
    local asked_ms, unix_ms = times_of(clock, skipped_ms)
    local message, wait_ms = go_on(call, asked_ms, unix_ms)
    if message then
      send(call, message, transport, clock, skipped_ms, asked_ms)
    elseif wait_ms then
      skipped_ms = wait(call, transport, clock, skipped_ms, wait_ms)
    else
      return
    end
  end
end

--- The same, for client.lua; an error where the call cannot be run, and that is never.
function driver.perform(call, transport)
  driver.run(call, transport)
  return nil
end

--- A driver of repay.each (each.lua): one call after the other, each over its own transport.
function driver.many(_, transport)
  local clock = clock_of(transport)
  local self = { places = 1, now_ms = clock and clock.now_ms or native.now_ms }
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
