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

local driver = {}

local settings = { concurrency = 64, keepalive_ms = 30000 }

local go_on, take, now_ms_of = native.cosocket_go_on, native.cosocket_take, native.now_ms

-- Of this worker: how many calls are under way, by host and port; where each client's calls go.
local hosts = {}
local places = setmetatable({}, { __mode = "k" })

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

local function failure(kind, sent, message, reused)
  return { kind = kind, sent = sent, message = message, reused = reused }
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

-- Takes what comes until the reply is whole: nil, whether the connection may be kept, and whether
-- the call has ended; or how it failed.
local function receive(call, attempt, first_until_ms)
  local socket, reused = attempt.socket, attempt.reused
  local heard = false
  while true do
    local bytes, err, partial = socket:receiveany(PIECE)
    bytes = bytes or partial
    if bytes and bytes ~= "" then
      heard = true
      local may_keep, has_ended = take(call, bytes, reused)
      if may_keep ~= nil then
        return nil, may_keep, has_ended
      end
    end
    if err == "closed" and (heard or not reused) then
      return nil, take(call, nil, reused)
    elseif err and err ~= "timeout" then
      return failure("connection_lost", "maybe", err, not heard and reused)
    elseif err and is_given_up(call) then
      return failure("cancelled", "maybe")
    end
    local until_ms = attempt.until_ms
    if not arm(socket, heard and until_ms or math.min(first_until_ms, until_ms)) then
      return failure("timeout", "maybe")
    end
  end
end

local TOO_LATE = "the time was over before the request could leave"

-- As `receive`. From the moment `is_handed` is set the provider may have the request.
local function exchange(call, attempt, bytes, now_ms, connect_ms)
  local place, left_ms = attempt.place, attempt.until_ms - now_ms
  connect_ms = math.min(connect_ms, left_ms)
  if connect_ms <= 0 then
    return failure("timeout", "no", TOO_LATE)
  end
  local first_ms = place.first_byte_ms
  local socket = ngx.socket.tcp()
  ngx.update_time()
  socket:settimeouts(connect_ms, left_ms, math.min(left_ms, first_ms, CHECK_MS))
  local served, problem = connection.connect(socket, place, attempt.is_fresh, now_ms + connect_ms)
  if not served then
    return problem
  end
  attempt.socket, attempt.reused = socket, served > 0
  -- A kept connection was there at once; a new one has taken its time.
  if served == 0 then
    now_ms = now_ms_of()
    if not arm(socket, attempt.until_ms) then
      return failure("timeout", "no", TOO_LATE)
    end
  end
  attempt.is_handed = true
  local sent, err = socket:send(bytes)
  if not sent then
    return failure(err == "timeout" and err or "connection_lost", "maybe", err, attempt.reused)
  end
  return receive(call, attempt, now_ms + first_ms)
end

local function finish(socket, may_keep)
  if may_keep then
    local ok, kept = pcall(socket.setkeepalive, socket, settings.keepalive_ms,
      settings.concurrency)
    if ok and kept then
      return
    end
  end
  pcall(socket.close, socket)
end

-- Tells the call how the attempt failed. After a kept connection that was dead the next attempt
-- had better not take another of them.
local function report(call, attempt, problem)
  attempt.is_fresh = problem.reused or false
  if is_open(call) then
    call:answer(now_ms_of(), native.unix_ms(), nil, problem,
      attempt.socket and (attempt.reused and "reused" or "opened"))
  end
end

-- One attempt in the place that it holds: whether the call has ended.
local function try(call, attempt, bytes, now_ms, connect_ms)
  local ok, problem, may_keep, has_ended = pcall(exchange, call, attempt, bytes, now_ms, connect_ms)
  if not ok then
    problem = failure(attempt.is_handed and "connection_lost" or "connect",
      attempt.is_handed and "maybe" or "no", tostring(problem))
  end
  if attempt.socket then
    finish(attempt.socket, ok and may_keep and not attempt.is_fresh)
  end
  attempt.place.slots:give_back(attempt)
  if problem then
    report(call, attempt, problem)
  else
    attempt.is_fresh = false
  end
  attempt.is_handed, attempt.socket = false, false
  return has_ended or not is_open(call)
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

-- Does what go_on tells: whether the call has ended.
local function step(call, attempt, bytes, client, now_ms, attempt_ms, connect_ms, is_write)
  if not bytes then
    if client then
      wait(call, client)
    end
    return not client
  end
  local place, problem = place_of(client)
  if not place then
    report(call, attempt, problem)
    return false
  end
  attempt.place, attempt.until_ms = place, now_ms + attempt_ms
  attempt.is_fresh = is_write or attempt.is_fresh
  now_ms = place.slots:take(attempt, now_ms)
  if not now_ms then
    report(call, attempt,
      failure("timeout", "no", "too many calls were under way towards this host"))
    return false
  end
  return try(call, attempt, bytes, now_ms, connect_ms)
end

--- What a call's attempts leave behind while they run. Made before the call is run, because whoever
--- kills the light thread in the middle needs it.
function driver.attempt()
  return { place = false, until_ms = 0, socket = false, reused = false, is_handed = false,
    is_fresh = false, after = false }
end

--- Runs the call to its end. It begins `after` and ends `within` so many milliseconds, if given.
function driver.run(call, attempt, after, within)
  if after or within then
    local now_ms = now_ms_of()
    native.limit(call, after and now_ms + after, within and now_ms + within)
  end
  repeat
    local has_ended = step(call, attempt, go_on(call))
  until has_ended
end

--- The same where nginx can wait, and what it ended with: a schedule or a receipt, or nil and an
--- error.
function driver.perform(call)
  driver.run(call, driver.attempt())
  return native.result(call)
end

--- Whether nothing of the call's request can have left so far.
function driver.is_unsent(attempt)
  return not attempt.is_handed
end

--- After the light thread that ran the call was killed: closes its connection and frees its place.
function driver.abandon(attempt)
  if attempt.socket then
    pcall(attempt.socket.close, attempt.socket)
  end
  if attempt.place then
    attempt.place.slots:give_back(attempt)
  end
end

return driver
