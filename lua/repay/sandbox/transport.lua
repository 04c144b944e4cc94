-- The sandbox in process, as a message transport: send a request, get a reply or a way to fail.
--
-- Time is the sandbox's own: sleeping moves its clock by hand, so that nothing really waits. Faults
-- that spoil how bytes travel become the error that a client would have seen.

local transport = {}

local LOST = { reset = true, cut = true }

local function failure(kind, sent)
  return nil, { kind = kind, sent = sent }
end

local function reply_of(response)
  local headers = {}
  for _, pair in ipairs(response.headers) do
    headers[pair[1]:lower()] = pair[2]
  end
  local body = response.body
  if response.padding then
    body = body .. (" "):rep(response.padding)
  end
  headers["content-length"] = headers["content-length"] or tostring(#body)
  return { status = response.status, headers = headers, body = body }
end

-- A stall or a slow reply passes its time on the clock; the caller's patience may end before.
local function pass_time(sandbox, ms, timeout_ms)
  if timeout_ms and ms >= timeout_ms then
    sandbox:advance(math.floor(timeout_ms))
    return false
  end
  sandbox:advance(ms)
  return true
end

local function obey(sandbox, directive, response, request)
  local kind = directive.kind
  if kind == "refuse" then
    return failure("connect", "no")
  elseif kind == "dns" or kind == "tls" then
    return failure(kind, "no")
  elseif LOST[kind] then
    return failure("connection_lost", "maybe")
  elseif kind == "wrong_length" then
    local delta = directive.delta or 10
    if delta > 0 then
      return failure("connection_lost", "maybe")
    end
    response.body = response.body:sub(1, math.max(0, #response.body + delta))
  elseif kind == "stall" or kind == "dribble" then
    local ms = kind == "stall" and (directive.ms or 1000) or (directive.ms or 1) * #response.body
    if not pass_time(sandbox, ms, request.timeout_ms) then
      return failure("timeout", "maybe")
    end
  end
  if directive.done then
    directive.done()
  end
  return reply_of(response)
end

local function split_url(url)
  local authority, rest = url:match("^https?://([^/?#]+)(.*)$")
  if not authority then
    return nil
  end
  if rest:sub(1, 1) ~= "/" then
    rest = "/" .. rest
  end
  return rest, authority
end

-- `provider` fixes who answers; without it the path decides.
function transport.new(sandbox, provider)
  local self = {}

  function self.send(request)
    local target, authority = split_url(request.url)
    if not target then
      error("a request's url must begin with http:// or https://", 2)
    end
    local headers = {}
    for index, pair in ipairs(request.headers or {}) do
      headers[index] = { pair[1], pair[2] }
    end
    local response, directive = sandbox:handle({
      method = request.method, target = target, headers = headers, body = request.body,
      host = authority, provider = provider,
    })
    if directive then
      return obey(sandbox, directive, response, request)
    end
    return reply_of(response)
  end

  function self.sleep(ms)
    sandbox:advance(ms)
  end

  function self.now_ms()
    return sandbox:elapsed_ms()
  end

  function self.unix_ms()
    return sandbox:unix_ms()
  end

  return self
end

return transport
