-- The configuration: profiles, and what holds for all of them.
--
--   return {
--     profile = "main",                            -- without --profile
--     projects = { "/home/ada/loans" },            -- directories whose .repay.lua is read too
--     profiles = {
--       main = { provider = "…", environment = "live",
--         secrets = { token = env "LOANS_TOKEN", key = command { "pass", "show", "loans" } } },
--     },
--   }
--
-- It lies in $XDG_CONFIG_HOME/repay/config.lua (~/.config without it). A directory may have its own
-- .repay.lua, which is read only when the user's file names the directory under `projects`:
-- somebody else's directory must not say which program is run or where a key is sent. The project's
-- settings win, but a profile of one name is never in both. No file is written here, and no
-- secret fetched.
local errors = require "repay.error"
local keys = require "repay.keys"
local options = require "repay.options"
local reader = require "repay.cli.config_reader"
local rules = require "repay.cli.config_rules"

local config = {}

config.PROJECT_FILE = ".repay.lua"
local READ_MAX = 1048576

local function fault(message, hint)
  return nil, errors.new { kind = "config", operation = "configuration", message = message,
    hint = hint }
end

--- Where the user's own file is looked for.
function config.path(world)
  local base = world.getenv("XDG_CONFIG_HOME")
  if not base or base:sub(1, 1) ~= "/" then
    if not world.home then
      return nil
    end
    base = world.home .. "/.config"
  end
  return base .. "/repay/config.lua"
end

-- The text, or nil and why; nil alone where no file is.
local function read_text(path)
  local file, why, number = io.open(path, "rb")
  if not file then
    if number == 2 or number == 20 then
      return nil
    end
    return nil, why
  end
  local text, problem = file:read(READ_MAX)
  file:close()
  if not text then
    return problem and nil or "", problem and path .. ": " .. problem
  end
  return text
end

-- One file: { path, data, warnings }; nil and an error; nil alone where it is not there.
local function load_file(path)
  local text, why = read_text(path)
  if why then
    return fault("the configuration cannot be read: " .. why)
  elseif not text then
    return nil
  end
  local data, wrong = reader.read(text, path, options.unknown)
  if not data then
    return fault(wrong)
  end
  local fits, problem, warnings = rules.check(data, path, text)
  if not fits then
    return fault(problem)
  end
  return { path = path, data = data, warnings = warnings }
end

local function is_trusted(user, directory)
  for _, each in ipairs(user and user.data.projects or {}) do
    if each:gsub("/+$", "") == directory:gsub("/+$", "") then
      return true
    end
  end
  return false
end

local OWN = { "profile", "zone", "journal", "snapshots", "loans", "settle_ms", "window_ms",
  "skew_ms", "stale_after_ms" }

local function add(result, file)
  for _, name in ipairs(OWN) do
    if file.data[name] ~= nil then
      result[name] = file.data[name]
    end
  end
  for name, profile in pairs(file.data.profiles or {}) do
    if result.profiles[name] then
      return fault(("%s: the profile '%s' is in %s already"):format(file.path, name,
        result.files[1].path))
    end
    result.profiles[name] = profile
  end
  result.files[#result.files + 1] = file
  for _, warning in ipairs(file.warnings) do
    result.warnings[#result.warnings + 1] = warning
  end
  return true
end

local function load_project(world, user, result)
  local path = world.cwd .. "/" .. config.PROJECT_FILE
  if not is_trusted(user, world.cwd) then
    local file = io.open(path, "rb")
    if file then
      file:close()
      result.warnings[#result.warnings + 1] = path .. " is not read: the configuration does not "
        .. "name its directory under projects"
    end
    return true
  end
  local project, err = load_file(path)
  if not project then
    return err == nil, err
  end
  return add(result, project)
end

--- The configuration: { profiles, profile, zone, journal, snapshots, loans, files, warnings }, or
--- nil and an error. `given` is the file of --config, which then is the only one.
function config.load(world, given)
  local result = { profiles = {}, files = {}, warnings = {} }
  local path = given or config.path(world)
  local user, err
  if path then
    user, err = load_file(path)
    if err then
      return nil, err
    elseif not user and given then
      return fault("there is no configuration " .. given)
    elseif user then
      local added, problem = add(result, user)
      if not added then
        return nil, problem
      end
    end
  end
  if not given then
    local done, problem = load_project(world, user, result)
    if not done then
      return nil, problem
    end
  end
  return result
end

--- The names of its profiles, in order.
function config.names(loaded)
  return keys.sorted(loaded.profiles)
end

--- A profile's settings by name, or nil and an error that names those that there are.
function config.profile(loaded, name)
  local found = loaded.profiles[name]
  if found then
    return found
  end
  local known = keys.sorted(loaded.profiles)
  if not known[1] then
    return fault("there is no profile '" .. name .. "', because nothing is configured",
      "repay doctor shows where the configuration belongs")
  end
  return fault(options.unknown("there is no profile", name, known),
    "profiles: " .. table.concat(known, ", "))
end

return config
