-- Sends bytes as they are to a port and prints what comes back, until the other side ends.
--
--   lua5.4 spec/support/raw_client.lua PORT HEX [HEX …]
--
-- Between two texts it waits a moment, so that they arrive apart. The last line is "ended: end",
-- "ended: reset" or "ended: waiting", the latter when the other side kept the connection open.

local cqueues = require("cqueues")
local errno = require("cqueues.errno")
local socket = require("cqueues.socket")

-- For a first byte, however busy the machine is; then for more, before the other side is taken to
-- keep the connection.
local ANSWER_S, MORE_S = 20, 3

local loop = cqueues.new()
loop:wrap(function()
  local client = socket.connect("127.0.0.1", tonumber(arg[1]))
  local failure
  client:onerror(function(_, _, why) failure = why return why end)
  client:setmode("bn", "bn")
  for index = 2, #arg do
    if index > 2 then cqueues.sleep(0.1) end
    local bytes = arg[index]:gsub("%x%x", function(digits)
      return string.char(tonumber(digits, 16))
    end)
    client:xwrite(bytes, "bn")
  end
  local ended
  local wait = ANSWER_S
  repeat
    failure = nil
    local bytes = client:xread(-65536, "bn", wait)
    if bytes then
      wait = MORE_S
      io.write(bytes)
    else
      ended = failure == errno.ECONNRESET and "reset" or failure == errno.ETIMEDOUT and "waiting"
        or "end"
    end
  until ended
  io.write("\nended: ", ended, "\n")
end)
assert(loop:loop())
