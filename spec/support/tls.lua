-- Certificates made when they are needed and servers that show them, for the specs of TLS.
-- Everything lies in one directory that is removed in the end; nothing of it is committed.
local transport = require "spec.support.transport"

local tls = {}

local directory
local processes = {}

local function run(command)
  local ok = os.execute("cd '" .. directory .. "' && { " .. command .. "; } >>log 2>&1")
  assert(ok == true or ok == 0, "failed: " .. command)
end

local function write(name, text)
  local file = assert(io.open(directory .. "/" .. name, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

local function make_authority(name)
  run(("openssl req -x509 %s -keyout %s.key -out %s.pem -subj '/CN=%s' -days 2"
    .. " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign")
    :format(NEW_KEY, name, name, name))
end

local function make_certificate(name, subject_name, authority, days)
  write(name .. ".ext", "subjectAltName=" .. subject_name .. "\n")
  run(("openssl req -new %s -keyout %s.key -out %s.csr -subj /CN=%s")
    :format(NEW_KEY, name, name, name))
  run(("openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -CAcreateserial -days %d"
    .. " -extfile %s.ext -out %s.pem"):format(name, authority, authority, days, name, name))
end

--- The directory with ca.pem and every certificate, made on first use.
function tls.directory()
  if directory then
    return directory
  end
  local pipe = assert(io.popen("mktemp -d"))
  directory = assert(pipe:read("*l"))
  pipe:close()
  make_authority("ca")
  make_authority("stranger")
  make_certificate("good", "DNS:provider.test", "ca", 1)
  make_certificate("wrong", "DNS:other.test", "ca", 1)
  make_certificate("expired", "DNS:provider.test", "ca", -1)
  make_certificate("address", "IP:127.0.0.1", "ca", 1)
  make_certificate("foreign", "DNS:provider.test", "stranger", 1)
  make_certificate("client", "DNS:client.test", "ca", 1)
  run("openssl req -x509 " .. NEW_KEY .. " -keyout self.key -out self.pem -subj /CN=provider.test"
    .. " -days 1 -addext subjectAltName=DNS:provider.test")
  return directory
end

--- A certificate under an authority between it and ca.pem, made on first use: chain.pem holds both.
function tls.make_chain()
  tls.directory()
  run(("test -e chain.pem || { openssl req -new %s -keyout between.key -out between.csr"
    .. " -subj /CN=between; printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n'"
    .. " >between.ext; openssl x509 -req -in between.csr -CA ca.pem -CAkey ca.key -CAcreateserial"
    .. " -days 2 -extfile between.ext -out between.pem; }"):format(NEW_KEY))
  make_certificate("chain", "DNS:provider.test", "between", 1)
  run("cat between.pem >>chain.pem")
end

function tls.path(name)
  return tls.directory() .. "/" .. name
end

-- A process that says its number first and something of a port next.
local function start(command, pattern)
  local pipe = assert(io.popen("cd '" .. directory .. "' && echo $$ && exec timeout 60 " .. command
    .. " 2>&1"))
  local process = { pipe = pipe, pid = assert(pipe:read("*l")), output = {} }
  processes[#processes + 1] = process
  for line in pipe:lines() do
    process.output[#process.output + 1] = line
    process.port = tonumber(line:match(pattern))
    if process.port then
      return process
    end
  end
  error("did not start: " .. table.concat(process.output, "\n"))
end

--- A TLS server that shows the certificate and answers the documented Carbon schedule with it.
function tls.serve(certificate, arguments)
  tls.directory()
  local canned = transport.reply("carbon/schedule.200.json")
  run("mkdir -p v1/loans/LOAN_ABC123")
  -- It serves one connection at a time, so none may be kept.
  write("v1/loans/LOAN_ABC123/repayments", ("HTTP/1.1 200 OK\r\nConnection: close\r\n"
    .. "Content-Length: %d\r\n\r\n%s"):format(#canned.body, canned.body))
  return start(("openssl s_server -accept 127.0.0.1:0 -HTTP -cert %s.pem -key %s.key %s")
    :format(certificate, certificate, arguments or ""), "^ACCEPT .*:(%d+)")
end

local function has_nginx()
  local pipe = assert(io.popen("nginx -V 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text:find("http_v2_module", 1, true) ~= nil
end

local NGINX = [[
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events { worker_connections 256; }
http {
  log_format line '$connection $server_protocol $request_method $request_uri '
    '$http_host $http_apikey $http_x_carbon_key $http_accept $http_accept_encoding';
  access_log access.log line;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate good.pem; ssl_certificate_key good.key;
    location / { default_type application/json; return 200 '%s'; }
  }
}
]]

--- A server that speaks HTTP/2 and keeps a log, or nil where there is no nginx that can.
function tls.serve_http2(port, body)
  if not has_nginx() then
    return nil
  end
  tls.directory()
  run("mkdir -p tmp && : >access.log")
  write("nginx.conf", NGINX:format(port, body:gsub("%s+", " "):gsub("'", "")))
  -- nginx writes the file with its number once it listens.
  return start(("sh -c 'rm -f nginx.pid; nginx -p . -c nginx.conf -e stderr & "
    .. "while ! test -s nginx.pid; do sleep 0.02; done; echo port %d; wait'"):format(port),
    "^port (%d+)")
end

--- The lines of the HTTP/2 server's log: connection, protocol, method, target. It is written after
-- the replies, so this waits until there are so many.
function tls.http2_log(count)
  local lines
  for _ = 1, 100 do
    lines = {}
    for line in io.lines(directory .. "/access.log") do
      lines[#lines + 1] = line
    end
    if #lines >= count then
      break
    end
    os.execute("sleep 0.02")
  end
  return lines
end

function tls.stop_all()
  for _, process in ipairs(processes) do
    os.execute("kill " .. process.pid .. " 2>/dev/null")
    process.pipe:close()
  end
  processes = {}
end

function tls.remove()
  tls.stop_all()
  if directory then
    os.execute("rm -rf '" .. directory .. "'")
    directory = nil
  end
end

return tls
