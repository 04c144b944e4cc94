-- Runs calls over libcurl, through the engine of repay.native.curl.
--
-- One engine is kept between calls, so that the next one finds its connection open. It belongs to
-- this Lua state and this process: after a fork the child makes its own and leaves the one that it
-- inherited untouched. Inside nginx nothing is run: it would stop all other requests of the worker.
local native = require "repay.native.core"
local errors = require "repay.error"

-- Lua's hooks, and with them Ctrl-C, run between two steps.
local STEP_MS = 100

-- More than one is in use at a time only where a finalizer or a hook runs a call inside a call.
local IDLE_MAX = 2

local curl = {}

local idle = {}

local function failure(kind, message, hint, call)
  return errors.new {
    kind = kind,
    message = message,
    hint = hint,
    provider = call and call.provider,
    operation = call and call.operation,
    subject = call and call.subject,
    idempotency_key = call and call.idempotency_key,
  }
end

-- The compiled module is loaded when it is first needed: it brings thirty libraries with it.
local function load_engines(call)
  if rawget(_G, "ngx") then
    return nil, failure("unsupported_phase",
      "libcurl is refused inside nginx, because it would stop the whole worker",
      "calls go over cosockets there by themselves", call)
  end
  local ok, module = pcall(require, "repay.native.curl")
  if not ok then
    local reason = tostring(module):match("[^\n]*")
    return nil, failure("config", "the libcurl driver cannot be loaded: " .. reason, nil, call)
  end
  return module
end

--- A new engine for so many calls at once, or nil and an error.
function curl.engine(slots, call)
  local module, err = load_engines(call)
  if not module then
    return nil, err
  end
  local engine, kind, message = module.engine(slots)
  if not engine then
    return nil, failure(kind, message, nil, call)
  end
  return engine
end

-- One that is kept and wide enough, or a new one.
local function take_engine(slots, call)
  for i = #idle, 1, -1 do
    if idle[i]:is_inherited() then
      table.remove(idle, i)
    elseif idle[i]:slots() >= slots then
      return table.remove(idle, i)
    end
  end
  return curl.engine(slots, call)
end

-- The newest are kept: their connections are the freshest.
local function give_back(engine)
  if engine:count() > 0 then
    engine:close()
    return
  end
  idle[#idle + 1] = engine
  if #idle > IDLE_MAX then
    table.remove(idle, 1):close()
  end
end

local function step_to_end(engine)
  local ended
  repeat
    ended = engine:step(STEP_MS)
  until ended
  return ended
end

-- Reads end here and now. A write that may have left is seen to its end, up to its own deadline: to
-- cut it off would leave nobody knowing whether money moved.
local function finish(engine)
  local ended = {}
  for i = 1, engine:withdraw() do
    ended[i] = step_to_end(engine)
  end
  return ended
end

--- Runs the call to its end; an error where it cannot be run. Interrupted in between it raises what
--- interrupted it; what became of a write is then told by call:result().
function curl.perform(call)
  local engine, err = take_engine(1, call)
  if not engine then
    return err
  end
  local added, kind, message = engine:add(call)
  if not added then
    give_back(engine)
    return failure(kind, message, nil, call)
  end
  local ok, raised = pcall(step_to_end, engine)
  if not ok then
    finish(engine)
  end
  give_back(engine)
  if not ok then
    error(raised, 0)
  end
  return nil
end

--- A driver of repay.each (each.lua): so many calls at once on one engine.
function curl.many(places)
  local engine, err = take_engine(places)
  if not engine then
    return nil, err
  end
  local self = {
    places = places, now_ms = native.now_ms,
    engine = engine, begin = engine.begin, take = engine.take,
  }

  local add = engine.add
  function self.add(call, after, within)
    if after or within then
      local now_ms = native.now_ms()
      native.limit(call, after and now_ms + after, within and now_ms + within)
    end
    local added, kind, message = add(engine, call)
    if not added then
      return nil, failure(kind, message, nil, call)
    end
    return true
  end

  local step = engine.step
  function self.step(ms)
    return step(engine, ms)
  end

  -- In a forked child all of it is the parent's.
  function self.finish()
    return engine:is_inherited() and {} or finish(engine)
  end

  function self.close()
    if engine:is_inherited() then
      engine:close()
    else
      give_back(engine)
    end
  end

  return self
end

return curl
