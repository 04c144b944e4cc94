-- Clients over real sockets, for the specs of the curl driver: a server on this machine that does
-- what it is told, and the bytes of replies.
local helper = require "spec.support.helper"
local loopback = require "spec.support.loopback"
local repay = require "repay"
local transport = require "spec.support.transport"

local wire = { dead_port = loopback.dead_port }

local open_servers = {}

--- A server that follows the plans, one for each request; the last one stays.
function wire.server(...)
  local server = assert(loopback.listen("127.0.0.1"))
  for _, plan in ipairs { ... } do
    server:plan(plan)
  end
  open_servers[#open_servers + 1] = server
  return server
end

--- The same on ::1, or nil where this machine has no IPv6.
function wire.server_ipv6(...)
  local server = loopback.listen("::1")
  if server then
    for _, plan in ipairs { ... } do
      server:plan(plan)
    end
    open_servers[#open_servers + 1] = server
  end
  return server
end

function wire.watch(after_each)
  after_each(function()
    for _, server in ipairs(open_servers) do
      server:close()
    end
    open_servers = {}
  end)
end

--- The bytes of a reply with a length.
function wire.reply(status, body, fields)
  local lines = { ("HTTP/1.1 %d Text"):format(status) }
  for _, field in ipairs(fields or {}) do
    lines[#lines + 1] = field
  end
  lines[#lines + 1] = "Content-Length: " .. #body
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

--- A fixture as a reply; its status is in its name.
function wire.fixture(path)
  local canned = transport.reply(path)
  return wire.reply(canned.status, canned.body, { "Content-Type: application/json" })
end

--- A client of the server; `changes` are laid over its options.
function wire.open(provider, server, changes)
  local port = type(server) == "number" and server or server:port()
  local options = helper.options(provider, { base_url = "http://127.0.0.1:" .. port })
  options.environment = nil
  return assert(repay.open(provider, helper.copy(options, changes)))
end

--- One call from open to close.
function wire.ask(provider, operation, server, changes)
  local client = wire.open(provider, server, changes)
  local value, err = client[operation](client, helper.arguments[provider][operation])
  client:close()
  return value, err
end

return wire
