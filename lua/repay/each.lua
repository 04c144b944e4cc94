-- Many calls at once: repay.each(calls, options), a loop of call, result, err as calls end.
--
-- This file decides when a call begins; a driver moves the bytes. Calls are pulled from their
-- source (each/sources.lua) only as places get free, and a call is closed when the loop goes on, so
-- a million cost no more than those under way. Lua functions of the caller's run here, between two
-- steps of a driver.
--
-- A driver is a table of functions, made by curl.many, by driver.many, inside nginx by those of
-- ngx/threads.lua, or by the `many` function of a transport. Each is given the number of places
-- that are wanted:
--
--   places                     how many calls it takes at once, at most those that were wanted
--   now_ms()                   its clock
--   add(call, after, within)   takes a claimed call, to begin after and to end within so many ms,
--                              each of which may be nil: true, or nil and an error
--   step(ms)                   moves all on for at most so long: a call that has ended, or nil
--   finish()                   drops all but writes that may have left, and sees those to their
--                              end: a list of ended calls
--   close()                    gives everything back
--
-- One that crosses into C for each of these may offer two shorter ways, functions that are called
-- with its `engine`:
--
--   begin(engine, call)        claims a call and takes it, to begin now: true. Where there is more
--                              to it than that, false, and nothing has happened
--   take(engine, ms)           as step, and what the call ended with
local native = require "repay.native.core"
local errors = require "repay.error"
local each_options = require "repay.each.options"
local sources = require "repay.each.sources"

local claim, result_of = native.claim, native.result
local close_call = native.classes.call.close

local CONCURRENCY = 16

-- Between two steps Lua's hooks, and with them Ctrl-C, get their turn.
local STEP_MS = 100
local PROGRESS_EVERY_MS = 100

local each = {}

-- Misuse that is found deep inside and raised at the loop's line.
local Misuse = {}

local function misuse(text)
  error(setmetatable({ text = text }, Misuse), 0)
end

-- After how many milliseconds the next call may begin: so many a second, and a burst after a pause.
local function pacer(rate, burst)
  local interval = 1000 / rate
  local next_ms = 0
  return function(now_ms)
    local turn = math.max(now_ms, next_ms - (burst - 1) * interval)
    next_ms = math.max(next_ms, turn) + interval
    return math.ceil(turn - now_ms)
  end
end

-- Who moves the bytes: a transport's own driver, light threads inside nginx, libcurl elsewhere.
local function many_of(transport)
  if transport and transport.many then
    return transport.many
  elseif rawget(_G, "ngx") then
    local threads = require "repay.ngx.threads"
    return transport and threads.many_messages or threads.many
  end
  return transport and require("repay.driver").many or require("repay.curl").many
end

local function take_by_steps(step)
  return function(_, ms)
    local call = step(ms)
    if call then
      return call, result_of(call)
    end
    return nil
  end
end

local Run = {}
Run.__index = Run
Run.__name = "repay.each"

--- Runs the calls. The value is called for each turn, as `for` does it; the fourth value lets
--- Lua 5.4 close the run when the loop is left early.
function each.run(calls, given)
  local chosen = each_options.check(given, 2)
  local pull = sources.pull_of(calls, 2)
  local places = chosen.concurrency or CONCURRENCY
  local source = chosen.per_host and sources.by_host(pull, chosen.per_host, places)
    or sources.plain(pull)
  local by_host = chosen.per_host ~= nil
  local next_call = source.next
  local turn_of = chosen.rate and pacer(chosen.rate, chosen.burst or 1)
  local deadline_ms, stop_on, on_progress = chosen.deadline_ms, chosen.stop_on, chosen.on_progress
  local driver, many, first_transport, limit_ms
  local engine, begin_now, take
  local under_way, ended, failed = 0, 0, 0
  local last, stopped, closed
  local tell_at_ms = 0
  local self = setmetatable({}, Run)

  -- The first call's client chooses; the others' must agree.
  local function choose_driver(transport)
    local wanted = many_of(transport)
    if not driver then
      local made, err = wanted(places, transport)
      if not made then
        return nil, err
      end
      driver, many, first_transport = made, wanted, transport
      places = math.min(places, made.places)
      limit_ms = deadline_ms and made.now_ms() + deadline_ms
      engine, take = made.engine, made.take or take_by_steps(made.step)
      if not (turn_of or limit_ms or by_host) then
        begin_now = made.begin
      end
    elseif wanted ~= many then
      misuse(("repay.each: calls over %s and calls over a transport cannot share a run"):format(
        rawget(_G, "ngx") and "cosockets" or "libcurl"))
    end
    return driver
  end

  -- Asked only where the run has a limit.
  local function is_over()
    return driver.now_ms() >= limit_ms
  end

  -- Hands the call to the driver; nil and an error when that is not possible.
  local function begin(call)
    local claimed, transport = claim(call)
    if not claimed then
      misuse(claimed == nil and "repay.each: a repay.call expected, got a " .. type(call)
        or "repay.each: a repay.call runs once, and one of these has run or is closed")
    end
    if not driver or transport ~= first_transport then
      local chosen_driver, why = choose_driver(transport)
      if not chosen_driver then
        return nil, why
      end
    end
    local able, err
    if turn_of or limit_ms then
      local now_ms = driver.now_ms()
      able, err = driver.add(call, turn_of and turn_of(now_ms),
        limit_ms and math.max(0, limit_ms - now_ms))
    else
      able, err = driver.add(call)
    end
    if able then
      under_way = under_way + 1
      if by_host then
        source.begun(call)
      end
    end
    return able, err
  end

  -- Fills the free places. Where a call cannot be made or begun: what stands for it, and the error.
  local function fill()
    repeat
      local call, err = next_call()
      if call == nil then
        return err, err
      elseif stopped then
        close_call(call)
        return nil
      end
      if begin_now and begin_now(engine, call) then
        under_way = under_way + 1
      else
        local begun, why = begin(call)
        if not begun then
          last = call
          return call, why
        end
      end
    until under_way >= places or (limit_ms and is_over())
    return nil
  end

  -- At its deadline a run ends; if more would have come, its last turn says so.
  local function last_turn()
    stopped = true
    return source.drop() and errors.new {
      kind = "timeout",
      message = "the time for the whole run is over; the calls left were not begun",
    }
  end

  local function tell_progress(is_final)
    local now_ms = native.now_ms()
    if is_final or now_ms >= tell_at_ms then
      tell_at_ms = now_ms + PROGRESS_EVERY_MS
      on_progress(ended, failed, under_way)
    end
  end

  -- A turn of the loop: counted, shown, asked whether it shall be the last.
  local function turn(call, result, err)
    ended = ended + 1
    if err then
      failed = failed + 1
    end
    if stop_on and stop_on(call, result, err) then
      stopped = true
    end
    if on_progress then
      tell_progress(false)
    end
    return call, result, err
  end

  local function over()
    if on_progress and not closed then
      tell_progress(true)
    end
    self.finish()
    return nil
  end

  function self.advance()
    if last then
      close_call(last)
      last = nil
    end
    while not stopped do
      if under_way < places and not source.exhausted and not (limit_ms and is_over()) then
        local call, err = fill()
        if err then
          return turn(call, nil, err)
        end
      end
      if under_way == 0 then
        local err = limit_ms and is_over() and last_turn()
        if err then
          return turn(err, nil, err)
        end
        return over()
      end
      local call, result, err = take(engine, STEP_MS)
      if call then
        last = call
        under_way = under_way - 1
        if by_host then
          source.ended(call)
        end
        return turn(call, result, err)
      elseif on_progress then
        tell_progress(false)
      end
    end
    return over()
  end

  function self.finish()
    local finished = {}
    stopped = true
    if last then
      close_call(last)
      last = nil
    end
    if driver and not closed then
      closed = true
      for i, call in ipairs(driver.finish()) do
        local result, err = result_of(call)
        finished[i] = { call = call, result = result, err = err }
      end
      driver.close()
      under_way = 0
    end
    closed = true
    return finished
  end

  function self.counts()
    return ended, failed, under_way
  end

  return self, nil, nil, self
end

local function hand_on(self, ok, call, result, err)
  if ok then
    return call, result, err
  end
  self.finish()
  if getmetatable(call) == Misuse then
    error(call.text, 2)
  elseif type(call) == "string" and call:find("begun in another process", 1, true) then
    error("repay.each was begun in another process", 2)
  end
  error(call, 0)
end

function Run.__call(self)
  return hand_on(self, pcall(self.advance))
end

--- Ends the run: reads are dropped, writes that may have left are seen to their end. What those
--- ended with is returned, a list of { call, result, err }, because no loop is there to take it.
function Run.close(self)
  return self.finish()
end

function Run.__close(self)
  self.finish()
end

function Run.__tostring(self)
  return ("repay.each: %d ended, %d failed, %d under way"):format(self.counts())
end

return each
