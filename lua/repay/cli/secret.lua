-- Fetches the texts that a configuration only points to: a variable of the environment, or what a
-- program prints. Asked when a client is opened, never before, and kept nowhere but in the client.
--
-- Every error names the place and never the value.
local errors = require "repay.error"
local reader = require "repay.cli.config_reader"

local secret = {}

local OUTPUT_MAX = 16384
local TIMEOUT_MS = 60000 -- somebody may have to type a passphrase

local function fault(message, hint)
  return nil, errors.new { kind = "config", operation = "configuration", message = message,
    hint = hint }
end

local function from_env(marker, name, world)
  local value = world.getenv(marker.name)
  if not value or value == "" then
    return fault(("%s: the variable %s is %s"):format(name, marker.name,
      value and "empty" or "not set"))
  end
  return value
end

local function from_command(marker, name, world)
  local output, why = world.run(marker.argv, { timeout_ms = TIMEOUT_MS, output_max = OUTPUT_MAX })
  if not output then
    return fault(("%s: the program %s: %s"):format(name, marker.argv[1], tostring(why)))
  end
  local value = output:gsub("\r?\n$", "")
  if value == "" then
    return fault(("%s: the program %s printed nothing"):format(name, marker.argv[1]))
  elseif value:find("[%c]") then
    return fault(("%s: the program %s printed more than one line"):format(name,
      marker.argv[1]))
  end
  return value
end

--- The value itself; nil and an error where it cannot be had.
function secret.resolve(value, name, world)
  if not reader.is_marker(value) then
    return value
  elseif value.kind == "env" then
    return from_env(value, name, world)
  end
  return from_command(value, name, world)
end

return secret
