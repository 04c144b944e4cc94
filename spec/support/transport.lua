-- A message transport that answers from a list, for specs: what it was asked stands in `requests`.
--
-- An answer is a fixture's path ("carbon/schedule.200.json": its status is in its name), a table
-- as a transport returns it, or a function of the request that returns what send returns. Sleeping
-- takes no time and moves the transport's own clock; what was slept stands in `slept`. With the
-- machine's clock a wait would be a millisecond short whenever the machine is busy.
local transport = {}

function transport.read(path)
  local file = assert(io.open("spec/fixtures/" .. path, "rb"))
  local body = file:read("*a")
  file:close()
  return body
end

function transport.reply(path)
  local status = tonumber(path:match("%.(%d%d%d)%.%w+$"))
  return { status = status, headers = { ["content-type"] = "application/json" },
    body = transport.read(path) }
end

local function answer(entry, request)
  if type(entry) == "function" then
    return entry(request)
  elseif type(entry) == "string" then
    return transport.reply(entry)
  elseif entry.kind then
    return nil, entry
  end
  return entry
end

-- The last answer is given again when the list is used up.
function transport.new(...)
  local answers = { ... }
  local self = { requests = {}, slept = {} }
  local now_ms = 1000

  function self.send(request)
    self.requests[#self.requests + 1] = request
    local entry = answers[math.min(#self.requests, #answers)]
    return answer(entry, request)
  end

  function self.sleep(ms)
    self.slept[#self.slept + 1] = ms
    now_ms = now_ms + ms
  end

  function self.now_ms()
    return now_ms
  end

  return self
end

function transport.json(body, status)
  return { status = status or 200, headers = {}, body = body }
end

return transport
