-- A provider for specs inside nginx: the documented Carbon schedule, in the way that the loan's id
-- says. "delay-150" waits so many milliseconds, "drip" sends a byte every 50 of them, "close" ends
-- the connection, anything else answers at once. Only the configuration of specs names this file.
local root = require "spec.root"

local provider = package.loaded["spec.provider"]
if not provider then
  local file = assert(io.open(root .. "/spec/fixtures/carbon/schedule.200.json", "rb"))
  provider = { body = file:read("*a") }
  file:close()
  package.loaded["spec.provider"] = provider
end

local id = ngx.var.uri:match("/loans/([^/]+)/")
local delay_ms = id and id:match("^delay%-(%d+)")
if delay_ms then
  ngx.sleep(tonumber(delay_ms) / 1000)
end
if ngx.shared.repay then
  ngx.shared.repay:incr("requests", 1, 0)
end
ngx.header.content_type = "application/json"
ngx.header["X-Connection"] = ngx.var.connection
if id == "close" then
  ngx.header.connection = "close"
end
ngx.header.content_length = #provider.body
if id == "drip" then
  for index = 1, #provider.body do
    ngx.print(provider.body:sub(index, index))
    ngx.flush(true)
    ngx.sleep(0.05)
  end
else
  ngx.print(provider.body)
end
