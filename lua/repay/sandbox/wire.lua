-- Replies on a real connection, whole or spoilt as a directive says.
--
-- A connection offers send(bytes), wait(ms), close() and reset(); every function here returns
-- whether the connection may carry another request.

local http = require "repay.sandbox.http"

local wire = {}

local PADDING = (" "):rep(65536)

local function send_padding(connection, count)
  while count > 0 do
    if not connection.send(PADDING:sub(1, math.min(count, #PADDING))) then
      return false
    end
    count = count - #PADDING
  end
  return true
end

local function send_whole(connection, response, keep)
  local padding = response.padding or 0
  local head = http.head(response, #response.body + padding, keep)
  return connection.send(head .. response.body) and send_padding(connection, padding) and keep
end

-- The bytes before the point of a fault, and those after it.
local function split(response, at, keep)
  local head = http.head(response, #response.body, keep)
  local whole = head .. response.body
  local place = at == "inside_headers" and math.floor(#head / 2)
    or at == "after_headers" and #head
    or at == "inside_body" and #head + math.floor(#response.body / 2) or 0
  return whole:sub(1, place), whole:sub(place + 1)
end

local spoilers = {}

function spoilers.refuse(connection)
  connection.reset()
end

spoilers.dns = spoilers.refuse
spoilers.tls = spoilers.refuse

function spoilers.reset(connection, directive, response)
  local before = split(response, directive.at, false)
  if before ~= "" then
    connection.send(before)
  end
  connection.reset()
end

function spoilers.stall(connection, directive, response, keep)
  local before, after = split(response, directive.at, keep)
  if before ~= "" then
    connection.send(before)
  end
  connection.wait(directive.ms or 1000)
  if directive.done then
    directive.done()
  end
  return connection.send(after) and keep
end

function spoilers.cut(connection, directive, response)
  local kept = directive.bytes or math.floor(#response.body / 2)
  connection.send(http.head(response, #response.body, false) .. response.body:sub(1, kept))
end

function spoilers.wrong_length(connection, directive, response)
  local length = math.max(0, #response.body + (directive.delta or 10))
  connection.send(http.head(response, length, false) .. response.body)
end

function spoilers.dribble(connection, directive, response, keep)
  local whole = http.head(response, #response.body, keep) .. response.body
  for at = 1, #whole do
    if not connection.send(whole:sub(at, at)) then
      return false
    end
    connection.wait(directive.ms or 1)
  end
  return keep
end

function wire.answer(connection, response, directive, keep)
  local spoiler = directive and spoilers[directive.kind]
  if spoiler then
    return spoiler(connection, directive, response, keep) or false
  end
  return send_whole(connection, response, keep) or false
end

return wire
