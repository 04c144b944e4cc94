-- Drives calls inside nginx, over cosockets: nothing here blocks the worker.
--
-- It moves bytes and sleeps. What is sent, when it is tried again, what an answer means and when to
-- stop is decided by the call, as over every other transport; the reply is parsed in C.
--
-- A read may use a kept connection and gives it back. A repayment gets a fresh one that is closed
-- afterwards. Every step has the time that is left of its deadline and no more: nginx's own
-- timeouts begin again with each byte that comes.
local native = require "repay.native.core"
local connection = require "repay.ngx.connection"
local errors = require "repay.error"
local slots = require "repay.ngx.slots"
local steps = require "repay.ngx.steps"

local driver = {}

local settings = { concurrency = 64, keepalive_ms = 30000 }

local go_on, request_of, take, times = steps.go_on, steps.request, steps.take, steps.times
local OVER, WAIT = steps.OVER, steps.WAIT
local now_ms_of = native.now_ms

-- Of this worker: how many calls are under way, by host and port; where each client's calls go.
local hosts = {}
local places = setmetatable({}, { __mode = "k" })

-- By call: the place and the socket that it has just now, where someone may have to free them.
local watched = setmetatable({}, { __mode = "k" })
local is_watching = false

-- As much as nginx hands over at once.
local PIECE = 16384

-- A worker that is told to stop waits for timers; theirs look up so often. Whoever waits for bytes
-- looks up too: its call may have been closed meanwhile.
local CHECK_MS = 250

-- Where nginx lets Lua wait for the network. The log, filter and init phases do not.
local phases = { rewrite = true, server_rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true }

--- How many attempts a worker may have under way towards one host, and how long an idle connection
--- is kept. For init_by_lua: hosts that were called already keep their number.
function driver.configure(given)
  for name, value in pairs(given) do
    if not settings[name] then
      error("repay.ngx: unknown option '" .. tostring(name) .. "'", 2)
    elseif type(value) ~= "number" or not native.integer(value) or value < 1 then
      error("repay.ngx: option '" .. name .. "' must be a whole number above 0", 2)
    end
  end
  for name, value in pairs(given) do
    settings[name] = value
  end
end

--- Nil where calls can be made, else the error that says where they can.
function driver.refusal(call)
  local phase = ngx.get_phase()
  if phases[phase] then
    return nil
  end
  return errors.new {
    kind = "unsupported_phase",
    message = "nginx lets nobody wait for the network in its phase " .. phase,
    hint = "run the call in ngx.timer.at(0, ...)",
    provider = call and call.provider,
    operation = call and call.operation,
    subject = call and call.subject,
    idempotency_key = call and call.idempotency_key,
  }
end

local function place_of(client)
  local place = places[client]
  if place then
    return place
  end
  local problem
  place, problem = connection.place(client, settings.concurrency)
  if not place then
    return nil, problem
  end
  local name = place.host .. " " .. place.port
  hosts[name] = hosts[name] or slots.new(settings.concurrency)
  place.slots = hosts[name]
  places[client] = place
  return place
end

local function is_open(call)
  return native.is_open(call, "repay.call")
end

-- Whether someone else has closed the call, or the client of a read.
local function is_given_up(call)
  return not is_open(call)
    or not call.is_write and native.host(call) == nil
end

local function failure(kind, sent, message)
  return { kind = kind, sent = sent, message = message }
end

-- Gives the socket's next step the time that is left, or CHECK_MS of it, after which the caller
-- looks at the time itself: nginx counts from a clock it keeps, which may be behind. False when
-- there is none left.
local function arm(socket, until_ms)
  local left_ms = until_ms - now_ms_of()
  if left_ms <= 0 then
    return false
  end
  socket:settimeouts(left_ms, left_ms, math.min(left_ms, CHECK_MS))
  return true
end

local function close(socket, may_keep)
  if may_keep then
    local ok, kept = pcall(socket.setkeepalive, socket, settings.keepalive_ms,
      settings.concurrency)
    if ok and kept then
      return
    end
  end
  pcall(socket.close, socket)
end

-- Closes, and says how the attempt failed on a connection that was opened for it, or used before.
-- One that was dead before it brought anything is said to be so: `met_dead`.
local function lost(socket, was_used, problem, met_dead)
  close(socket)
  problem.connection = was_used and "reused" or "opened"
  problem.reused = met_dead
  return problem
end

-- Takes what comes until the reply is whole, and closes: nil and whether the call has ended, or how
-- it failed. `keeps` says whether the connection may be kept at all.
local function receive(call, socket, was_used, keeps, first_until_ms, until_ms)
  local heard = false
  while true do
    local bytes, err, partial = socket:receiveany(PIECE)
    bytes = bytes or partial
    if bytes and bytes ~= "" then
      heard = true
      local is_clean, has_ended = take(call, bytes, was_used)
      if is_clean ~= nil then
        close(socket, is_clean and keeps)
        return nil, has_ended
      end
    end
    if err == "closed" and (heard or not was_used) then
      local _, has_ended = take(call, nil, was_used)
      close(socket)
      return nil, has_ended
    elseif err and err ~= "timeout" then
      return lost(socket, was_used, failure("connection_lost", "maybe", err),
        not heard and was_used)
    elseif err and is_given_up(call) then
      return lost(socket, was_used, failure("cancelled", "maybe"))
    elseif not arm(socket, heard and until_ms or math.min(first_until_ms, until_ms)) then
      return lost(socket, was_used, failure("timeout", "maybe"))
    end
  end
end

local TOO_LATE = "the time was over before the request could leave"

-- One attempt, as `receive` tells it. Once its request was taken from the call the provider may
-- have it.
local function exchange(call, place, is_fresh, now_ms, until_ms, connect_ms)
  local left_ms = until_ms - now_ms
  connect_ms = math.min(connect_ms, left_ms)
  if connect_ms <= 0 then
    return failure("timeout", "no", TOO_LATE)
  end
  local first_ms = place.first_byte_ms
  local socket = ngx.socket.tcp()
  socket:settimeouts(connect_ms, left_ms, math.min(left_ms, first_ms, CHECK_MS))
  local served, problem = connection.connect(socket, place, is_fresh, now_ms + connect_ms)
  if not served then
    return problem
  end
  if is_watching and watched[call] then
    watched[call].socket = socket
  end
  -- A kept connection was there at once; a new one has taken its time.
  if served == 0 then
    now_ms = now_ms_of()
    if not arm(socket, until_ms) then
      return lost(socket, false, failure("timeout", "no", TOO_LATE))
    end
  end
  local sent, err = socket:send(request_of(call))
  if not sent then
    return lost(socket, served > 0,
      failure(err == "timeout" and err or "connection_lost", "maybe", err), served > 0)
  end
  return receive(call, socket, served > 0, not is_fresh, now_ms + first_ms, until_ms)
end

-- Tells the call how the attempt failed; whether the call is over.
local function report(call, problem)
  if not is_open(call) then
    return true
  end
  call:answer(now_ms_of(), native.unix_ms(), nil, problem, problem.connection)
  return false
end

-- Waits; a timer whose worker is about to end stops reading. A repayment is never given up so.
local function wait(call, ms)
  local until_ms = now_ms_of() + ms
  local is_timer = ngx.get_phase() == "timer"
  while true do
    local left_ms = until_ms - now_ms_of()
    if left_ms <= 0 then
      return
    elseif is_timer and not call.is_write and ngx.worker.exiting() then
      return call:cancel()
    end
    ngx.update_time()
    if not pcall(ngx.sleep, (is_timer and math.min(left_ms, CHECK_MS) or left_ms) / 1000) then
      return call:cancel()
    end
  end
end

-- One attempt, if there is a place for it: whether the call is over, and whether its next attempt
-- had better take no kept connection, because this one met a dead one. What lies on the stack here
-- waits for the reply, so there is little.
local function try(call, place, is_fresh, now_ms, until_ms, connect_ms)
  local lease
  lease, now_ms = place.slots:take(until_ms, now_ms)
  if not lease then
    return report(call,
      failure("timeout", "no", "too many calls were under way towards this host"))
  end
  local held = is_watching and watched[call]
  if held then
    held.slots, held.lease = place.slots, lease
  end
  local ok, problem, has_ended = pcall(exchange, call, place, is_fresh, now_ms, until_ms,
    connect_ms)
  place.slots:give_back(lease)
  held = is_watching and watched[call]
  if held then
    held.lease, held.socket = nil, nil
  end
  if not ok then
    local is_unsent = native.is_unsent(call)
    problem = failure(is_unsent and "connect" or "connection_lost", is_unsent and "no" or "maybe",
      tostring(problem))
  end
  if problem then
    return report(call, problem), problem.reused
  end
  return has_ended
end

-- How far nginx's own clock may be behind. Its timers count from there; it looks at the time once
-- in each round of its events, and to look more often costs every call a hundredth.
local BEHIND_MS = 10

-- Does what go_on tells; as `try`.
local function step(call, client, is_fresh)
  local next_step = go_on(call)
  if next_step == OVER then
    return true
  elseif next_step == WAIT then
    wait(call, times.wait_ms)
    return false
  end
  local now_ms, attempt_ms, connect_ms = times.now_ms, times.attempt_ms, times.connect_ms
  local unix_ms, is_write = times.unix_ms, times.is_write ~= 0
  local place, problem = place_of(client)
  if not place then
    return report(call, problem)
  end
  if unix_ms - ngx.now() * 1000 > BEHIND_MS then
    ngx.update_time()
  end
  return try(call, place, is_write or is_fresh, now_ms, now_ms + attempt_ms, connect_ms)
end

--- Runs the call to its end. It begins `after` and ends `within` so many milliseconds, if given.
--- `client` is its client, for who has it at hand.
function driver.run(call, after, within, client)
  client = client or native.client_of(call)
  if after or within then
    local now_ms = now_ms_of()
    native.limit(call, after and now_ms + after, within and now_ms + within)
  end
  local is_over, is_fresh
  repeat
    is_over, is_fresh = step(call, client, is_fresh)
  until is_over
end

--- The same, for client.lua; an error where the call cannot be run, and `refusal` has asked that.
function driver.perform(call, _, client)
  return driver.run(call, nil, nil, client)
end

--- For whoever may kill the light thread that runs the call, before it is run.
function driver.watch(call)
  watched[call] = {}
  is_watching = true
end

--- After that light thread was killed: closes its connection and frees its place.
function driver.abandon(call)
  local held = watched[call]
  if held.socket then
    close(held.socket)
  end
  if held.lease then
    held.slots:give_back(held.lease)
  end
end

return driver
