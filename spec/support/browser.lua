-- A headless Chromium through its WebDriver, for specs that look at a page: at any width, light or
-- dark, on paper. Debian's packages chromium and chromium-driver; `browser.missing()` says when
-- they are not there. Everything goes over loopback, and the driver is stopped by its own id.
local json = require "cjson"

local browser = {}
browser.__index = browser

local FLAGS = { "--headless=new",
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb" }

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local output_of = require("spec.support.read").command

--- Why there is no browser here, or nil.
function browser.missing()
  for _, program in ipairs { "chromium", "chromedriver", "curl" } do
    if output_of("command -v " .. program) == "" then
      return program .. " is not installed"
    end
  end
  return nil
end

local function send(self, method, path, body)
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(type(body) == "table" and json.encode(body) or body or "{}")
  file:close()
  local text = output_of(("curl -sS -m 60 -X %s -H 'content-type: application/json' %s %s%s")
    :format(method, method == "POST" and "--data-binary @" .. name or "", quote(self.origin), path))
  os.remove(name)
  local answer = json.decode(text)
  if type(answer.value) == "table" and answer.value.error then
    error(answer.value.error .. ": " .. tostring(answer.value.message), 0)
  end
  return answer.value
end

function browser.start()
  local profile = output_of("mktemp -d"):gsub("%s+$", "")
  local pipe = assert(io.popen("echo $$; exec chromedriver --port=0 2>&1", "r"))
  local self = setmetatable({ pipe = pipe, pid = pipe:read("*l"), profile = profile }, browser)
  for line in pipe:lines() do
    local port = line:match("on port (%d+)%.?$")
    if port and port ~= "0" then
      self.origin = "http://127.0.0.1:" .. port
      break
    end
  end
  assert(self.origin, "chromedriver did not start")
  local args = { "--user-data-dir=" .. profile }
  for _, flag in ipairs(FLAGS) do
    args[#args + 1] = flag
  end
  local session = send(self, "POST", "/session", { capabilities = { alwaysMatch = {
    browserName = "chrome", ["goog:chromeOptions"] = { args = args, binary = "/usr/bin/chromium" },
    ["goog:loggingPrefs"] = { browser = "ALL", performance = "ALL" },
  } } })
  self.path = "/session/" .. session.sessionId
  return self
end

function browser:post(path, body)
  return send(self, "POST", self.path .. path, body)
end

function browser:cdp(command, parameters)
  return self:post("/goog/cdp/execute", { cmd = command, params = parameters or {} })
end

--- A page of this width; options: dark, print.
function browser:view(width, height, options)
  options = options or {}
  self:cdp("Emulation.setDeviceMetricsOverride",
    { width = width, height = height, deviceScaleFactor = options.scale or 1, mobile = false })
  self:cdp("Emulation.setEmulatedMedia", { media = options.print and "print" or "screen",
    features = { { name = "prefers-color-scheme", value = options.dark and "dark" or "light" } } })
end

function browser:open(path)
  self:post("/url", { url = "file://" .. path })
end

--- The value of a JavaScript function's body.
function browser:run(script)
  -- An empty list is what cjson cannot write.
  return self:post("/execute/sync", '{"args":[],"script":' .. json.encode(script) .. "}")
end

-- Base64 of a file is written by base64(1), because Lua has no decoder of its own.
local function decode_to(path, text)
  local pipe = assert(io.popen("base64 -d > " .. quote(path), "w"))
  pipe:write(text)
  pipe:close()
end

--- The whole page as PNG, in a file.
function browser:shot(path)
  local size = self:cdp("Page.getLayoutMetrics").cssContentSize
  local shot = self:cdp("Page.captureScreenshot", { format = "png", captureBeyondViewport = true,
    clip = { x = 0, y = 0, width = size.width, height = size.height, scale = 1 } })
  decode_to(path, shot.data)
end

--- The page as it prints, as PDF in a file; its own @page rule gives the size.
function browser:pdf(path)
  local printed = self:cdp("Page.printToPDF", { preferCSSPageSize = true, printBackground = true })
  decode_to(path, printed.data)
end

--- What the browser wrote to its console, and the addresses it asked for, since the last time.
function browser:logs()
  local console, requests = {}, {}
  for _, entry in ipairs(self:post("/se/log", { type = "browser" })) do
    console[#console + 1] = entry.message
  end
  for _, entry in ipairs(self:post("/se/log", { type = "performance" })) do
    local message = json.decode(entry.message).message
    if message.method == "Network.requestWillBeSent" then
      requests[#requests + 1] = message.params.request.url
    end
  end
  return console, requests
end

function browser:stop()
  if self.path then
    pcall(send, self, "DELETE", self.path)
  end
  os.execute("kill " .. self.pid .. " 2>/dev/null")
  self.pipe:read("*a")
  self.pipe:close()
  os.execute("rm -rf --one-file-system " .. quote(self.profile))
end

return browser
