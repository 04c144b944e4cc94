-- The command in this process, in surroundings of its own: a home that is made for one test,
-- streams that are kept, a clock that stands still, the sandbox instead of a network.
--
--   local place = cli.new { providers = box }
--   place:configure 'return { profiles = { … } }'
--   local code, out, err = place:run("show", "--json")
local command = require "repay.cli"
local journal_world = require "spec.support.journal_world"

local cli = {}
cli.__index = cli

-- 2025-01-20T09:30:00Z, when the sandbox's clock stands on that day.
local NOW_MS = 1737365400000

local function stream(on_write)
  local made = { parts = {} }
  function made:write(...)
    for _, part in ipairs { ... } do
      if on_write then
        local ok, why = on_write(part)
        if not ok then
          return nil, why
        end
      end
      self.parts[#self.parts + 1] = tostring(part)
    end
    return self
  end
  function made.flush()
    return true
  end
  return made
end

local function output_of(words)
  local pipe = assert(io.popen(words, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

--- options: box (a sandbox in this process), env, terminal (columns of the output; nil for a pipe),
--- error_terminal, input (a text that is typed), now_ms, run (instead of starting programs).
function cli.new(options)
  options = options or {}
  local home = output_of("mktemp -d -p " .. journal_world.scratch())
  return setmetatable({ home = home, options = options, env = options.env or {},
    terminal = options.terminal, now_ms = options.now_ms or NOW_MS, cwd = home }, cli)
end

--- Writes a file under the home; its path.
function cli:write(name, text)
  local path = self.home .. "/" .. name
  local directory = path:match("^(.*)/")
  os.execute("mkdir -p '" .. directory .. "'")
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

--- Writes the user's configuration.
function cli:configure(text)
  return self:write(".config/repay/config.lua", text)
end

local PROFILE = [[
return { profile = "box", profiles = { box = { environment = "sandbox", providers = {
  carbon = { secrets = { api_key = env "API_KEY", carbon_key = env "CARBON_KEY" } },
  pezesha = { channel = "Partner Name", currency = "KES", secrets = { token = env "PEZESHA" } },
  fincode = { customer_ip = "192.168.1.1", currency = "NGN", zone = "+01:00",
    secrets = { token = env "FINCODE" } },
} } } }
]]

--- The configuration of a newcomer: one profile with the three providers of the sandbox.
function cli:configure_sandbox()
  self.env.API_KEY, self.env.CARBON_KEY = "sandbox-carbon-api-key", "sandbox-carbon-key"
  self.env.PEZESHA, self.env.FINCODE = "sandbox-pezesha-token", "sandbox-fincode-token"
  return self:configure(PROFILE)
end

function cli:world()
  local options, place = self.options, self
  self.stdout, self.stderr = stream(options.on_write), stream()
  return {
    getenv = function(name) return place.env[name] end,
    stdout = self.stdout, stderr = self.stderr,
    stdin = { read = function() return options.input end },
    terminal = { stdout = self.terminal, stderr = options.error_terminal,
      stdin = options.input and 80 or nil },
    unix_ms = function() return place.now_ms end,
    home = self.home, cwd = self.cwd,
    run = options.run or function(argv, limits)
      return require("repay.native.system").run(argv, limits)
    end,
    file_facts = function(path) return require("repay.native.system").file_facts(path) end,
    clock_is_kept = function() return true end,
    interrupts = options.interrupts or function()
      return { seen = function() return false end, release = function() end }
    end,
    transport = options.box and function(provider)
      return options.transport and options.transport(provider)
        or options.box:settings(provider).transport
    end or nil,
  }
end

--- Runs the command: its exit code, what it wrote, what it said.
function cli:run(...)
  local code = command.main({ ... }, self:world())
  return code, table.concat(self.stdout.parts), table.concat(self.stderr.parts)
end

--- Takes the home away.
function cli:close()
  os.execute("rm -rf --one-file-system '" .. self.home .. "'")
end

return cli
