-- A message transport that sends part of a repayment's bytes and dies: what a process leaves that
-- is killed while it writes. Everything else goes out whole, over curl.
local native_journal = require "repay.native.journal"

local partial = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function head_of(request, target)
  local lines = { request.method .. " " .. target .. " HTTP/1.1" }
  for _, pair in ipairs(request.headers) do
    lines[#lines + 1] = pair[1] .. ": " .. pair[2]
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- bash has sockets, and both VMs have bash.
local function write(port, bytes)
  local pipe = assert(io.popen("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/" .. port
    .. "; cat >&3; sleep 0.05'", "w"))
  pipe:write(bytes)
  pipe:close()
end

local function fetch(request)
  local words = { "curl -sS -m 20 -w '\\n%{http_code}' -H User-Agent:" }
  for _, pair in ipairs(request.headers) do
    if pair[1]:lower() ~= "host" then
      words[#words + 1] = "-H " .. quote(pair[1] .. ": " .. pair[2])
    end
  end
  words[#words + 1] = quote(request.url)
  local pipe = assert(io.popen(table.concat(words, " "), "r"))
  local text = pipe:read("*a")
  pipe:close()
  local body, status = text:match("^(.*)\n(%d+)$")
  return { status = tonumber(status), body = body, headers = {} }
end

--- `point` is C12, which dies inside the headers, or C13, inside the body.
function partial.new(point)
  local self = {}
  function self.send(request)
    if not request.is_write then
      return fetch(request)
    end
    local port, target = request.url:match("^http://127%.0%.0%.1:(%d+)(.*)$")
    local head = head_of(request, target)
    if point == "C12" then
      write(port, head:sub(1, math.floor(#head / 2)))
    else
      write(port, head .. request.body:sub(1, math.floor(#request.body / 2)))
    end
    native_journal.crash_point(point)
    return nil, { kind = "connection_lost", sent = "maybe" }
  end
  function self.sleep() end
  return self
end

return partial
