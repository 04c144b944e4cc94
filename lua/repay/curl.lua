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

local function take_engine(call)
  while #idle > 0 do
    local engine = table.remove(idle)
    if not engine:is_inherited() then
      return engine
    end
  end
  return curl.engine(1, call)
end

local function give_back(engine)
  if #idle < IDLE_MAX and engine:count() == 0 then
    idle[#idle + 1] = engine
  else
    engine:close()
  end
end

local function run(engine)
  local ended
  repeat
    ended = engine:step(STEP_MS)
  until ended
end

-- Running out of memory here would lose the news of a repayment, so it is tried twice.
local function result(call)
  if not native.is_open(call, "repay.call") then
    return nil, failure("cancelled", "the call was closed before it ended")
  end
  local ok, value, err = pcall(call.result, call)
  if not ok then
    collectgarbage()
    value, err = call:result()
  end
  return value, err
end

--- Runs the call to its end: a schedule or a receipt, or nil and an error.
function curl.perform(call)
  local engine, err = take_engine(call)
  if not engine then
    return nil, err
  end
  local added, kind, message = engine:add(call)
  if not added then
    give_back(engine)
    return nil, failure(kind, message, nil, call)
  end
  local ok, raised = pcall(run, engine)
  if not ok then
    engine:remove(call)
  end
  give_back(engine)
  if not ok then
    error(raised, 0)
  end
  return result(call)
end

return curl
