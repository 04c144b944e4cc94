-- From a profile to an open client. Secrets are fetched here and handed on at once.
local errors = require "repay.error"
local options = require "repay.options"
local repay = require "repay"
local rules = require "repay.cli.config_rules"
local secret = require "repay.cli.secret"

local profile = {}

-- What open() finds wrong is raised, because in a script it is a mistake of the script; here it is
-- one of the configuration.
local function open(provider, settings, name)
  local ok, client, err = pcall(repay.open, provider, settings)
  if ok then
    return client, err
  end
  local message = tostring(client):gsub("^[^:]+:%d+: ", ""):gsub("^repay%.open: ", "")
  return nil, errors.new { kind = "config", operation = "configuration",
    message = ("profile '%s': %s"):format(name, message) }
end

--- The settings of repay.open with every text fetched; nil and an error.
function profile.settings(given, provider, world)
  local description = options.provider(provider)
  local settings = {}
  for name, value in pairs(rules.settings(given, provider, description)) do
    local text, err = secret.resolve(value, name, world)
    if text == nil then
      return nil, err
    end
    settings[name] = text
  end
  settings.label = settings.label or given.name
  return settings
end

--- An open client, and whether it speaks to this machine, where nothing is real; or nil and an
--- error that names the profile.
function profile.open(given, provider, world)
  local settings, err = profile.settings(given, provider, world)
  if not settings then
    return nil, err
  end
  if world.transport then
    settings.transport = world.transport(provider)
  end
  local client, problem = open(provider, settings, given.name)
  if not client then
    return nil, problem
  end
  local is_here = rules.is_loopback(settings.base_url)
    and not (settings.connect or settings.proxy)
  return client, is_here or settings.transport ~= nil
end

return profile
