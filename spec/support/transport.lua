-- A message transport that answers from a list, for specs: what it was asked stands in `requests`.
--
-- An answer is a fixture's path ("carbon/schedule.200.json": its status is in its name), a table
-- as a transport returns it, or a function of the request that returns what send returns. Sleeping
-- takes no time; what was slept stands in `slept`.
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

  function self.send(request)
    self.requests[#self.requests + 1] = request
    local entry = answers[math.min(#self.requests, #answers)]
    return answer(entry, request)
  end

  function self.sleep(ms)
    self.slept[#self.slept + 1] = ms
  end

  return self
end

function transport.json(body, status)
  return { status = status or 200, headers = {}, body = body }
end

return transport
