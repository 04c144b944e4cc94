-- The doctor on the configuration: is it there, is it read, who may change it, can its secrets be
-- had. A secret is fetched and forgotten; nothing of it is shown.
local config = require "repay.cli.config"
local exit = require "repay.cli.exit"
local reader = require "repay.cli.config_reader"
local rules = require "repay.cli.config_rules"
local keys = require "repay.keys"
local options = require "repay.options"
local secret = require "repay.cli.secret"

local configuration = {}

local function check_file(context, add, file)
  local facts, why = context.world.file_facts(file.path)
  if not facts then
    add { check = "configuration", subject = file.path, result = "bad", code = exit.usage,
      detail = why, remedy = "make the file readable" }
    return
  end
  local complaint
  if not facts.is_ours then
    complaint = "it belongs to somebody else"
  elseif facts.others_write then
    complaint = "others can write it, and so choose which program is run"
  end
  add { check = "configuration", subject = file.path, result = complaint and "bad" or "ok",
    code = complaint and exit.usage or nil, detail = complaint or "read",
    remedy = complaint and "chmod 600 '" .. file.path .. "', and own it" or nil }
  for _, warning in ipairs(file.warnings) do
    add { check = "configuration", subject = file.path, result = "warn", detail = warning,
      remedy = facts.others_read and "others can read it too: chmod 600, and use env or command"
        or 'use env "NAME" or command { "program", "word" }' }
  end
end

local function where_told(marker)
  return tostring(marker)
end

-- One value that is fetched: whether it can be had, never what it is.
local function check_marker(context, add, place, name, marker)
  local value, err = secret.resolve(marker, name, context.world)
  add { check = "secret", subject = place .. "." .. name, result = value and "ok" or "bad",
    code = not value and exit.usage or nil,
    detail = value and "from " .. where_told(marker) or err.message,
    remedy = not value and (marker.kind == "env" and "set " .. marker.name
      or "run the program by hand, and see what it says") or nil }
  return value ~= nil
end

--- Whether every text of a profile that opens this provider can be had.
function configuration.check_secrets(context, add, profile, provider)
  local description = options.provider(provider)
  local settings, all = rules.settings(profile, provider, description), true
  for _, name in ipairs(keys.sorted(settings)) do
    if reader.is_marker(settings[name]) then
      all = check_marker(context, add, profile.name .. "." .. provider, name, settings[name])
        and all
    end
  end
  return all
end

local function say_nothing_there(context, add)
  add { check = "configuration", result = "warn", detail = "there is none",
    subject = config.path(context.world), remedy = "write it, or begin with: repay sandbox "
      .. "--print-config" }
end

--- Looks at the files; true where there is a configuration to go on with.
function configuration.check(context, add)
  local loaded, err = context:configuration()
  if not loaded then
    add { check = "configuration", result = "bad", code = exit.of_error(err), detail = err.message,
      remedy = err.hint or "correct the line that is named" }
    return false
  elseif #loaded.files == 0 then
    say_nothing_there(context, add)
  end
  local told = {}
  for _, file in ipairs(loaded.files) do
    check_file(context, add, file)
    for _, warning in ipairs(file.warnings) do
      told[warning] = true
    end
  end
  for _, warning in ipairs(loaded.warnings) do
    if not told[warning] then
      add { check = "configuration", result = "warn", detail = warning,
        remedy = "name the directory under projects if it is yours" }
    end
  end
  local names = config.names(loaded)
  if loaded.profile and not loaded.profiles[loaded.profile] then
    add { check = "configuration", result = "bad", code = exit.usage,
      detail = "the profile that it chooses, '" .. loaded.profile .. "', is not in it",
      remedy = "profiles: " .. table.concat(names, ", ") }
  end
  return #names > 0
end

return configuration
