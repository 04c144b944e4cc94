-- What the driver inside nginx asks of a call between two waits, through LuaJIT's FFI.
--
-- The functions stand in src/binding/lua_cosocket.c. They know no Lua state, so they neither raise
-- nor wait, and compiled code calls them as they are; for a function of Lua's it would have to be
-- left, which costs as much as what most of them do. Arguments are calls, and nothing checks that.
local ffi = require "ffi"
local native = require "repay.native.core"

local steps = { OVER = 0, SEND = 1, WAIT = 2 }

local go_on, request, sent, take, times_size = native.cosocket_entries()

go_on = ffi.cast("int32_t (*)(void *, void *)", go_on)
request = ffi.cast("const char *(*)(void *, size_t *)", request)
sent = ffi.cast("void (*)(void *)", sent)
take = ffi.cast("int32_t (*)(void *, const char *, size_t, int32_t)", take)

-- Milliseconds: of SEND the time now, what the attempt may take and its connection, and the time of
-- day; of WAIT how long. They hold until the next call is asked.
local times = ffi.new [[
  struct { double now_ms, attempt_ms, connect_ms, wait_ms, unix_ms; int32_t is_write; }
]]
assert(ffi.sizeof(times) == times_size)
steps.times = times

local size = ffi.new "size_t[1]"

--- OVER, also for a call that was closed; SEND or WAIT, and `steps.times` has been set.
function steps.go_on(call)
  return go_on(call, times)
end

--- The bytes to send: from now on the provider may have them.
function steps.request(call)
  local bytes = request(call, size)
  if bytes == nil then
    error("repay.call has no request under way", 2)
  end
  bytes = ffi.string(bytes, size[0])
  sent(call)
  return bytes
end

-- Bits of what `take` tells.
local CLEAN, ENDED = 2, 4

--- Takes bytes of the reply, nil where the stream ended: nil while more of it is to come. Else the
--- attempt is over, and the call knows: whether the connection may be kept, and whether the call
--- has ended.
function steps.take(call, bytes, was_used)
  local taken = take(call, bytes, bytes and #bytes or 0, was_used and 1 or 0)
  if taken == 0 then
    return nil
  elseif taken < 0 then
    error("repay.call has no request under way", 2)
  end
  return taken % ENDED >= CLEAN, taken >= ENDED
end

return steps
