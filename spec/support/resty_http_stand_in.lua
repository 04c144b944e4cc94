-- The methods of lua-resty-http that our adapter uses, with the same answers, over a cosocket. For
-- specs where the library is not installed; not for anything else.
local stand_in = {}
stand_in.__index = stand_in

function stand_in.new()
  return setmetatable({ socket = ngx.socket.tcp() }, stand_in)
end

function stand_in:set_timeouts(connect_ms, send_ms, read_ms)
  return self.socket:settimeouts(connect_ms, send_ms, read_ms)
end

function stand_in:connect(options)
  local pool = options.pool or table.concat({ options.scheme, options.host, options.port,
    tostring(options.ssl_server_name), tostring(options.ssl_verify) }, ":")
  local ok, err = self.socket:connect(options.host, options.port,
    { pool = pool, pool_size = options.pool_size })
  if not ok then
    return nil, err
  end
  if options.scheme == "https" and self.socket:getreusedtimes() == 0 then
    local session
    session, err = self.socket:sslhandshake(options.ssl_reused_session, options.ssl_server_name,
      options.ssl_verify)
    if not session then
      self:close()
      return nil, err
    end
  end
  return true
end

function stand_in:get_reused_times()
  return self.socket:getreusedtimes()
end

function stand_in:close()
  return self.socket:close()
end

function stand_in:set_keepalive(...)
  if self.keeps then
    return self.socket:setkeepalive(...)
  end
  return self.socket:close()
end

local function read_head(self)
  local line, err = self.socket:receive("*l")
  local status = line and tonumber(line:match("^HTTP/1%.%d (%d%d%d)"))
  if not status then
    return nil, err or "no status line"
  end
  local headers = {}
  while true do
    line, err = self.socket:receive("*l")
    if not line then
      return nil, err
    elseif line == "" then
      return status, headers
    end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    headers[name] = value
  end
end

local function field(headers, wanted)
  for name, value in pairs(headers) do
    if name:lower() == wanted then
      return value
    end
  end
  return nil
end

function stand_in:request(params)
  local lines = { params.method .. " " .. params.path .. " HTTP/1.1" }
  for name, value in pairs(params.headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  local sent, err = self.socket:send(table.concat(lines, "\r\n") .. "\r\n\r\n"
    .. (params.body or ""))
  if not sent then
    return nil, err
  end
  local status, headers = read_head(self)
  if not status then
    return nil, headers
  end
  local left = tonumber(field(headers, "content-length"))
  self.keeps = left ~= nil and field(headers, "connection") ~= "close"
  local function reader(size)
    local wanted = left and math.min(left, size) or size
    if wanted == 0 then
      return nil
    end
    local bytes, failure, partial = self.socket:receive(wanted)
    if left and bytes then
      left = left - #bytes
    elseif not left and failure == "closed" then
      return partial, failure
    end
    return bytes, failure
  end
  return { status = status, headers = headers, has_body = left ~= 0, body_reader = reader }
end

return stand_in
