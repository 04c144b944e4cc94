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

-- By host and port: of this worker.
local places = {}

-- By call: what is under way, for who gives a call up from outside.
local attempts = setmetatable({}, { __mode = "k" })

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

local function places_at(wire)
  local name = wire.host .. " " .. wire.port
  places[name] = places[name] or slots.new(settings.concurrency)
  return places[name]
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

-- Feeds what comes until the reply is whole. Nil, or how it failed; and whether another request may
-- use the connection.
local function receive(call, attempt)
  local first_ms = native.now_ms() + attempt.wire.first_byte_timeout_ms
  local heard = false
  while true do
    local limit_ms = heard and attempt.deadline_ms or math.min(first_ms, attempt.deadline_ms)
    if not connection.arm(attempt.socket, limit_ms, CHECK_MS) then
      return failure("timeout", "maybe")
    end
    local bytes, err, partial = attempt.socket:receiveany(PIECE)
    bytes = bytes or partial
    if bytes and bytes ~= "" then
      heard = true
      local state, reusable = call:feed(bytes)
      if state ~= "more" then
        return nil, state == "done" and reusable
      end
    end
    if err == "closed" and (heard or not attempt.reused) then
      call:feed(nil)
      return nil, false
    elseif err and err ~= "timeout" then
      return failure("connection_lost", "maybe", err, not heard and attempt.reused)
    elseif err and is_given_up(call) then
      return failure("cancelled", "maybe")
    end
  end
end

-- As `receive`. From the moment `is_handed` is set the provider may have the request.
local function exchange(call, attempt)
  local wire = attempt.wire
  local connect_ms = math.min(native.now_ms() + wire.connect_timeout_ms, attempt.deadline_ms)
  local socket, reused, problem = connection.open(wire, attempt.is_fresh, settings.concurrency,
    connect_ms)
  if not socket then
    return problem
  end
  attempt.socket, attempt.reused = socket, reused
  if not connection.arm(attempt.socket, attempt.deadline_ms) then
    return failure("timeout", "no", "the time was over before the request could leave")
  end
  attempt.is_handed = true
  local sent, err = attempt.socket:send(wire.bytes)
  if not sent then
    return failure(err == "timeout" and err or "connection_lost", "maybe", err, attempt.reused)
  end
  return receive(call, attempt)
end

local function finish(attempt, reusable)
  if attempt.socket then
    if not (reusable and not attempt.is_fresh
      and attempt.socket:setkeepalive(settings.keepalive_ms, settings.concurrency)) then
      attempt.socket:close()
    end
  end
end

-- One attempt, reported to the call whatever happens. True if it met a kept connection that was
-- dead: the next one had better not take another of them.
local function try(call, wants_fresh)
  local wire = call:wire()
  local attempt = { wire = wire, is_fresh = wire.fresh or wants_fresh,
    deadline_ms = native.now_ms() + wire.timeout_ms }
  local place = places_at(wire)
  attempts[call] = attempt
  local lease = place:take(attempt.deadline_ms)
  local problem, reusable
  if lease then
    attempt.place, attempt.lease = place, lease
    local ok
    ok, problem, reusable = pcall(exchange, call, attempt)
    if not ok then
      problem = failure(attempt.is_handed and "connection_lost" or "connect",
        attempt.is_handed and "maybe" or "no", tostring(problem))
    end
    pcall(finish, attempt, ok and reusable)
    place:give_back(lease)
  else
    problem = failure("timeout", "no", "too many calls were under way towards this host")
  end
  attempts[call] = nil
  if not is_open(call) then
    return false
  end
  call:answer(native.now_ms(), native.unix_ms(), nil, problem,
    attempt.socket and (attempt.reused and "reused" or "opened"))
  return problem and problem.reused
end

-- Waits; a timer whose worker is about to end stops reading. A repayment is never given up so.
local function wait(call, ms)
  local until_ms = native.now_ms() + ms
  local is_timer = ngx.get_phase() == "timer"
  while true do
    local left_ms = until_ms - native.now_ms()
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

--- Runs the call to its end. It begins `after` and ends `within` so many milliseconds, if given.
function driver.run(call, after, within)
  if after or within then
    local now_ms = native.now_ms()
    native.limit(call, after and now_ms + after, within and now_ms + within)
  end
  local wants_fresh = false
  while is_open(call) do
    local step, ms = call:next(native.now_ms(), native.unix_ms())
    if step == "send" then
      wants_fresh = try(call, wants_fresh)
    elseif step == "wait" then
      wait(call, ms)
    else
      return
    end
  end
end

--- The same where nginx can wait, and what it ended with: a schedule or a receipt, or nil and an
--- error.
function driver.perform(call)
  local refusal = driver.refusal(call)
  if refusal then
    return nil, refusal
  end
  driver.run(call)
  return native.result(call)
end

--- Whether nothing of the call's request can have left so far.
function driver.is_unsent(call)
  local attempt = attempts[call]
  return not (attempt and attempt.is_handed)
end

--- After the light thread that ran the call was killed: closes its connection and frees its place.
function driver.abandon(call)
  local attempt = attempts[call]
  attempts[call] = nil
  if attempt and attempt.socket then
    pcall(attempt.socket.close, attempt.socket)
  end
  if attempt and attempt.lease then
    attempt.place:give_back(attempt.lease)
  end
end

return driver
