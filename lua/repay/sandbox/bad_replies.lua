-- Replies that no provider should send: pages, garbage, depth, bombs, gateways' words.
--
-- Only the content is made here; how a reply is cut, delayed or reset is the mount's business.

local calendar = require "repay.sandbox.calendar"

local bad = {}

local MIB = 1048576
local SIZE = 100 * MIB
local DEPTH = 100000
local ELSEWHERE = "https://elsewhere.invalid/moved"

local PAGE = "<!DOCTYPE html>\n<html><head><title>%s</title></head>"
  .. "<body><h1>%s</h1><p>The server could not answer.</p></body></html>\n"

local REASONS = {
  [429] = "Too Many Requests", [500] = "Internal Server Error", [502] = "Bad Gateway",
  [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

local function page(title)
  return string.format(PAGE, title, title)
end

local function content(status, kind, body)
  return { status = status, headers = { { "Content-Type", kind } }, body = body }
end

-- Bits of a deflate stream, least significant first.
local function bit_writer()
  local writer = { bytes = {}, value = 0, place = 1 }
  function writer.bit(bit)
    writer.value = writer.value + bit * writer.place
    writer.place = writer.place * 2
    if writer.place == 256 then
      writer.bytes[#writer.bytes + 1] = string.char(writer.value)
      writer.value, writer.place = 0, 1
    end
  end
  function writer.bits(text)
    for digit in text:gmatch(".") do
      writer.bit(tonumber(digit))
    end
  end
  return writer
end

-- A gzip member that grows to `size` zero bytes: one literal, then copies of 258 bytes from one
-- byte back, 13 bits each. Its checksum is left zero: a client that gets so far has already lost.
function bad.gzip_bomb(size)
  local writer = bit_writer()
  writer.bits("110")      -- last block, fixed codes
  writer.bits("00110000") -- the byte 0
  local copies = math.floor((size - 1) / 258)
  -- Eight copies fill whole bytes, so the pattern repeats and is written once.
  local lead = math.min(copies, 8)
  for _ = 1, lead do
    writer.bits("1100010100000")
  end
  local before = #writer.bytes
  if copies >= 16 then
    for _ = 1, 8 do
      writer.bits("1100010100000")
    end
    local pattern = table.concat(writer.bytes, "", before + 1)
    writer.bytes = { table.concat(writer.bytes), pattern:rep(math.floor((copies - 16) / 8)) }
  end
  writer.bits("0000000")
  while writer.place ~= 1 do
    writer.bit(0)
  end
  local length = size % 4294967296
  local tail = {}
  for index = 1, 4 do
    tail[index] = string.char(length % 256)
    length = math.floor(length / 256)
  end
  return "\31\139\8\0\0\0\0\0\0\255" .. table.concat(writer.bytes) .. "\0\0\0\0"
    .. table.concat(tail)
end

local makers = {}

function makers.not_json(response)
  return content(response.status, "application/json", "OK: request handled\n")
end

function makers.html(response)
  return content(response.status, "text/html; charset=utf-8", page("Welcome"))
end

function makers.empty(response)
  return content(response.status, "application/json", "")
end

-- The blanks are sent by the mount, so that a server need not hold them.
function makers.big_body(response, rule)
  local body = content(response.status, "application/json", response.body)
  body.padding = math.max(0, (rule.size or SIZE) - #response.body)
  return body
end

function makers.deep_nesting(response, rule)
  local depth = rule.depth or DEPTH
  return content(response.status, "application/json",
    '{"status":"SUCCESS","data":' .. ("["):rep(depth) .. ("]"):rep(depth) .. "}")
end

function makers.gzip_bomb(response, rule)
  local bomb = content(response.status, "application/json", bad.gzip_bomb(rule.size or SIZE))
  bomb.headers[2] = { "Content-Encoding", "gzip" }
  return bomb
end

function makers.redirect(_, rule)
  local moved = content(rule.status or 301, "text/html; charset=utf-8", page("Moved"))
  moved.headers[2] = { "Location", rule.location or ELSEWHERE }
  return moved
end

function makers.status(response, rule, now)
  local status = rule.status or 503
  local result
  if rule.body == "html" then
    result = content(status, "text/html; charset=utf-8", page(REASONS[status] or "Error"))
  elseif rule.body == "empty" then
    result = content(status, "application/json", "")
  else
    result = content(status, "application/json", response.body)
  end
  if rule.retry_after then
    local value = rule.retry_after == "date" and calendar.http_date(now + (rule.ms or 0))
      or tostring(rule.retry_after)
    result.headers[#result.headers + 1] = { "Retry-After", value }
  end
  return result
end

-- Without a content type where the headers name none: that, too, is something to be read.
function makers.reply(_, rule)
  local headers = {}
  for name, value in pairs(rule.headers or {}) do
    headers[#headers + 1] = { name, value }
  end
  table.sort(headers, function(left, right) return left[1] < right[1] end)
  return { status = rule.status or 200, headers = headers, body = rule.text }
end

-- The reply that this wire fault puts in place of `response`, or nil where it only spoils the way.
function bad.make(rule, response, now)
  local maker = makers[rule.kind]
  return maker and maker(response, rule, now)
end

function bad.reason(status)
  return REASONS[status]
end

return bad
