-- A content handler that runs the chunk of Lua it was sent and answers with what that returned, or
-- raised. Only the configuration of specs names this file.
local json = require "cjson"

ngx.req.read_body()
local order = json.decode(ngx.req.get_body_data())
local chunk = assert(loadstring(order.chunk, "=chunk"))
-- What a chunk makes global stays its own.
setfenv(chunk, setmetatable({}, { __index = _G }))

local ok, value = xpcall(function()
  return chunk(unpack(order.arguments))
end, debug.traceback)
collectgarbage()
collectgarbage()
ngx.header.content_type = "application/json"
ngx.print(json.encode(ok and { value = value } or { raised = tostring(value) }))
