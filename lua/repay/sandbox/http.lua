-- HTTP/1.1 as a server reads it, from any stream: one request at a time, every size bounded.
--
-- It refuses what it does not understand with a status and closes; it never guesses where a
-- request ends. Both a length and chunks, a bad length, a bare line feed, or a blank before a
-- colon are refused, because two readers could disagree about them.

local http = {}

http.LINE_MAX = 8192
http.HEAD_MAX = 32768
http.FIELDS_MAX = 100
http.BODY_MAX = 1048576
local CHUNK_LINE_MAX = 256

local REASONS = {
  [100] = "Continue", [200] = "OK", [201] = "Created", [202] = "Accepted",
  [301] = "Moved Permanently", [302] = "Found", [303] = "See Other", [307] = "Temporary Redirect",
  [308] = "Permanent Redirect", [400] = "Bad Request", [401] = "Unauthorized",
  [402] = "Payment Required", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed", [408] = "Request Timeout", [409] = "Conflict",
  [413] = "Content Too Large", [414] = "URI Too Long", [417] = "Expectation Failed",
  [422] = "Unprocessable Content", [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout", [505] = "HTTP Version Not Supported",
}

function http.reason(status)
  return REASONS[status] or "Status"
end

-- A stream has receive(), which returns some bytes, or nil at its end. What is read too far stays
-- in `stream.rest` for the next request.
local function receive(stream)
  local bytes = stream.receive()
  if not bytes then
    return false
  end
  stream.rest = stream.rest .. bytes
  return true
end

local function take(stream, count)
  local bytes = stream.rest:sub(1, count)
  stream.rest = stream.rest:sub(count + 1)
  return bytes
end

-- Reads up to and without a mark; nil at the end of the stream, false when the limit is passed.
local function take_until(stream, mark, limit)
  local from = 1
  while true do
    local start = stream.rest:find(mark, from, true)
    if start and start - 1 <= limit then
      local bytes = take(stream, start - 1)
      take(stream, #mark)
      return bytes
    elseif start or #stream.rest > limit + #mark then
      return false
    end
    from = math.max(1, #stream.rest - #mark + 2)
    if not receive(stream) then
      return nil
    end
  end
end

local function read_exactly(stream, count)
  while #stream.rest < count do
    if not receive(stream) then
      return nil
    end
  end
  return take(stream, count)
end

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"

-- Headers that two readers could read differently if they stood twice.
local ONCE = { ["content-length"] = true, host = true, ["transfer-encoding"] = true }

local function parse_fields(lines)
  local headers, map = {}, {}
  for line in lines:gmatch("([^\r\n]+)") do
    local name, value = line:match("^([^:]+):[ \t]*(.-)[ \t]*$")
    if not name or not name:find(TOKEN) or value:find("[%z\1-\8\10-\31\127]") then
      return nil, 400, "a header line is malformed"
    end
    headers[#headers + 1] = { name, value }
    if #headers > http.FIELDS_MAX then
      return nil, 431, "too many header fields"
    end
    local lower = name:lower()
    if map[lower] and ONCE[lower] then
      return nil, 400, "header " .. lower .. " stands twice"
    end
    map[lower] = value
  end
  return headers, map
end

local function parse_head(head)
  local line, lines = head:match("^([^\r\n]*)\r\n(.*)$")
  line = line or head
  if head:gsub("\r\n", ""):find("[\r\n%z]") then
    return nil, 400, "a line does not end in CR LF"
  elseif #line > http.LINE_MAX then
    return nil, 414, "the request line is too long"
  end
  local method, target, major, minor = line:match("^(%S+) (%S+) HTTP/(%d)%.(%d)$")
  if not method or not method:find(TOKEN) then
    return nil, 400, "the request line is malformed"
  elseif major ~= "1" then
    return nil, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here"
  elseif target:sub(1, 1) ~= "/" then
    return nil, 400, "the target must begin with /"
  end
  local headers, map, text = parse_fields(lines or "")
  if not headers then
    return nil, map, text
  elseif minor ~= "0" and not map.host then
    return nil, 400, "header host is missing"
  end
  return { method = method, target = target, minor = minor, headers = headers, map = map }
end

local function read_chunks(stream)
  local parts, size = {}, 0
  while true do
    local line = take_until(stream, "\r\n", CHUNK_LINE_MAX)
    local digits = line and line:match("^(%x+)[ \t]*$") or line and line:match("^(%x+)[ \t]*;")
    if not digits or #digits > 7 then
      return nil, line == nil and 0 or 400, "a chunk's size is malformed"
    end
    local length = tonumber(digits, 16)
    size = size + length
    if size > http.BODY_MAX then
      return nil, 413, "the body is too large"
    elseif length == 0 then
      break
    end
    parts[#parts + 1] = read_exactly(stream, length)
    local stop = read_exactly(stream, 2)
    if stop ~= "\r\n" then
      return nil, stop and 400 or 0, "a chunk does not end where its size says"
    end
  end
  repeat
    local trailer = take_until(stream, "\r\n", http.LINE_MAX)
    if not trailer then
      return nil, trailer == nil and 0 or 431, "the trailer is too long"
    end
  until trailer == ""
  return table.concat(parts)
end

local function read_body(stream, request)
  local map = request.map
  local coding, length = map["transfer-encoding"], map["content-length"]
  if coding and length then
    return nil, 400, "both Content-Length and Transfer-Encoding are given"
  elseif coding and coding:lower() ~= "chunked" then
    return nil, 501, "only the transfer coding chunked is known"
  elseif length and not length:find("^%d+$") then
    return nil, 400, "Content-Length is not a number"
  elseif length and (#length > 9 or tonumber(length) > http.BODY_MAX) then
    return nil, 413, "the body is too large"
  elseif (coding or length) and (map.expect or ""):lower() == "100-continue" then
    stream.send("HTTP/1.1 100 Continue\r\n\r\n")
  end
  if coding then
    return read_chunks(stream)
  elseif length then
    local body = read_exactly(stream, tonumber(length))
    return body, 0
  end
  return ""
end

local function wants_to_stay(request)
  local connection = (request.map.connection or ""):lower()
  if request.minor == "0" then
    return connection:find("keep-alive", 1, true) ~= nil
  end
  return connection:find("close", 1, true) == nil
end

-- Returns a request { method, target, headers, body, host, keep }; or nil at a quiet end; or nil, a
-- status to answer with before closing, and a text. Status 0: the stream ended inside a request.
function http.read_request(stream)
  -- A blank line before a request is what some clients leave behind their last one.
  if stream.rest:sub(1, 2) == "\r\n" then
    take(stream, 2)
  end
  local head = take_until(stream, "\r\n\r\n", http.HEAD_MAX)
  if head == false then
    return nil, 431, "the request head is too large"
  elseif head == nil then
    return nil, stream.rest ~= "" and 0 or nil
  end
  local request, status, text = parse_head(head)
  if not request then
    return nil, status, text
  end
  request.body, status, text = read_body(stream, request)
  if not request.body then
    return nil, status, text
  end
  request.host = request.map.host
  request.keep = wants_to_stay(request)
  return request
end

-- The status line and the headers, with a length and whether the connection stays.
function http.head(response, length, keep)
  local lines = { string.format("HTTP/1.1 %d %s", response.status, http.reason(response.status)) }
  for _, pair in ipairs(response.headers) do
    lines[#lines + 1] = pair[1] .. ": " .. pair[2]
  end
  lines[#lines + 1] = string.format("Content-Length: %.0f", length)
  lines[#lines + 1] = "Connection: " .. (keep and "keep-alive" or "close")
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

return http
