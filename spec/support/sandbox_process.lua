-- A sandbox server as a child process, for specs on either Lua: started on free ports, asked over
-- curl, controlled over a plain socket, stopped by its own process id. It stops by itself when this
-- process is gone.

local json = require("repay.sandbox.json")

local process = {}
process.__index = process

local IDLE_S = 120

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

process.quote = quote

-- Options are those of the command, as a list of words. Returns once the server is ready.
function process.start(...)
  local words = { "exec lua5.4 lua/bin/repay sandbox --port 0 --idle " .. IDLE_S }
  for _, word in ipairs({ ... }) do words[#words + 1] = quote(word) end
  -- The shell names its own id and then becomes the server, which so has that id.
  local pipe = assert(io.popen("echo $$; " .. table.concat(words, " ") .. " 2>&1", "r"))
  local self = setmetatable({ pipe = pipe, pid = pipe:read("*l"), lines = {} }, process)
  for line in pipe:lines() do
    self.lines[#self.lines + 1] = line
    self.origin, self.tls_origin = line:match("^ready (%S+) ?(%S*)$")
    if self.origin then break end
  end
  if not self.origin then
    pipe:close()
    error("the sandbox did not start: " .. table.concat(self.lines, "\n"))
  end
  self.tls_origin = self.tls_origin ~= "" and self.tls_origin or nil
  local settings = self:control("GET", "settings")
  self.settings, self.tls_settings, self.ports = settings.http, settings.https, settings.ports
  return self
end

function process:stop()
  if self.pipe then
    os.execute("kill " .. self.pid .. " 2>/dev/null")
    self.last_words = self.pipe:read("*a")
    self.pipe:close()
    self.pipe = nil
  end
end

function process:is_running()
  local file = io.open("/proc/" .. self.pid .. "/stat", "r")
  if file then file:close() end
  return file ~= nil
end

-- Runs curl; returns its exit status, the HTTP status, the body and the headers in lower case.
function process.curl(...)
  local names = { os.tmpname(), os.tmpname(), os.tmpname() }
  local words = { "curl -sS -m 30 -o " .. names[1], "-D " .. names[2] }
  for _, word in ipairs({ ... }) do words[#words + 1] = quote(word) end
  local pipe = io.popen(table.concat(words, " ") .. " 2>" .. names[3]
    .. "; printf '%s' $?", "r")
  local code = tonumber(pipe:read("*a"))
  pipe:close()
  local texts = {}
  for index, name in ipairs(names) do
    local file = io.open(name, "rb")
    texts[index] = file and file:read("*a") or ""
    if file then file:close() end
    os.remove(name)
  end
  local headers, status = {}, nil
  for line in texts[2]:gmatch("([^\r\n]+)") do
    status = tonumber(line:match("^HTTP/1%.1 (%d+)")) or status
    local name, value = line:match("^([^:]+): (.*)$")
    if name then headers[name:lower()] = value end
  end
  return code, status, texts[1], headers, texts[3]
end

-- One request { method, target, headers, body }, with curl's own headers taken away.
function process:request(request, origin, ...)
  local words = { "-X", request.method, "-H", "Accept:", "-H", "User-Agent:" }
  for _, pair in ipairs(request.headers) do
    words[#words + 1] = "-H"
    words[#words + 1] = pair[1] .. ": " .. pair[2]
  end
  if request.body then
    words[#words + 1] = "--data-binary"
    words[#words + 1] = request.body
  end
  for _, word in ipairs({ ... }) do words[#words + 1] = word end
  words[#words + 1] = (origin or self.origin) .. request.target
  return process.curl((unpack or table.unpack)(words))
end

-- A control route; raises what the sandbox says against it. A spec asks for several, so no program
-- is started for each.
function process:control(method, name, body)
  local socket = require("socket")
  local text = body and json.write(body) or ""
  local connection = assert(socket.connect("127.0.0.1", tonumber(self.origin:match("%d+$"))))
  connection:settimeout(30)
  assert(connection:send(("%s /_sandbox/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    .. "Content-Length: %d\r\n\r\n%s"):format(method, name, #text, text)))
  local reply = assert(connection:receive("*a"))
  connection:close()
  local value = assert(json.read(reply:match("\r\n\r\n(.*)$") or ""))
  local plain = json.plain(value)
  if type(plain) == "table" and plain.error then error(plain.error, 2) end
  return plain
end

function process:fault(rule) return self:control("POST", "faults", rule).id end
function process:ledger() return self:control("GET", "ledger") end
function process:reset() return self:control("POST", "reset") end

return process
