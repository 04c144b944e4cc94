-- The client's specs once more, inside a content handler of nginx: over message transports, and
-- against the sandbox over cosockets.
local nginx = require "spec.support.nginx"
local process = require "spec.support.sandbox_process"

local FILES = { "call", "client_carbon", "client_fincode", "client_method", "client_pezesha",
  "driver", "errors", "lifetime", "open", "options", "requests", "rows", "schedule", "secrets" }
local JOURNAL_FILES = { "journal", "journal_faults", "journal_rules", "workflow_repay" }

-- What is another answer inside nginx, and what starts a process that does not run inside it.
local ELSEWHERE = { "^refuses a CA file inside nginx", "#interpreter" }

local function passes(seen, least)
  assert.same({}, seen.failures)
  assert.is_true(seen.count >= least, seen.count)
end

nginx.describer(describe, pending)("inside a content handler", function()
  local gateway, box

  setup(function()
    box = process.start("--loans", "0", "--tls", "--keep-secrets")
    gateway = nginx.start {
      http = "lua_ssl_trusted_certificate " .. box.tls_settings.carbon.ca_file .. ";",
    }
  end)

  teardown(function()
    gateway:stop()
    box:stop()
  end)

  -- Runs a file over the sandbox in process and over this server.
  local function run(name, without)
    local server = { origin = box.origin, settings = box.settings, ports = box.ports,
      tls_settings = box.tls_settings }
    return gateway:run([[
      local server, name, without = ...
      require("spec.support.nginx_mounts").use(server, server)
      return require("spec.support.nginx_busted").run(name, without)
    ]], server, "spec/" .. name .. "_spec.lua", without)
  end

  for _, name in ipairs(FILES) do
    it("all is as elsewhere: " .. name, function()
      passes(run(name, ELSEWHERE), 3)
    end)
  end

  it("the client meets the sandbox as elsewhere", function()
    passes(run("sandbox_client", { "https" }), 30)
  end)
end)

-- A worker's journal is on the disk that everybody's is, and its calls go over message transports.
nginx.describer(describe, pending)("the journal inside a content handler", function()
  local gateway

  setup(function()
    gateway = nginx.start {}
  end)

  teardown(function()
    gateway:stop()
  end)

  for _, name in ipairs(JOURNAL_FILES) do
    it("is as elsewhere: " .. name, function()
      passes(gateway:run([[
        return require("spec.support.nginx_busted").run(...)
      ]], "spec/" .. name .. "_spec.lua", ELSEWHERE), 10)
    end)
  end
end)
