-- What a command is given: its arguments, the configuration, clients, the journal, and a way to say
-- something. Everything is made when it is first asked for.
--
--   context.arguments                     what argparse found
--   context.as_of, context.zone           the day, "YYYY-MM-DD", and what today is
--   context.output                        repay.cli.output
--   context:configuration()               repay.cli.config's; nil and an error
--   context:profile(name)                 { name, … } as configured; without a name that of
--                                         --profile, else the configuration's
--   context:client(provider, profile)     an open client, kept for the next one who asks
--   context:journal(profile)              the open journal
--   context:require_live(client)          true; nil and an error where money is at stake and --live
--                                         was not given
--   context:say(text), context:warn(text), context:fail(err), context:progress(label),
--   context:confirm(question), context:interrupted(problem)     are repay.cli.talk's
--   context:keep(object)                  closes it when the command has ended
--   context:finish(), context:close()     everything is written; what was opened is closed
local keys = require "repay.keys"
local talk = require "repay.cli.talk"

local context = {}
local methods = talk.add {}

local function config_fault(message, hint)
  return nil, require("repay.error").new { kind = "config", operation = "configuration",
    message = message, hint = hint }
end

-- A wrong word on the command line raises, and ends as usage.
local function refuse(option, value, why)
  error(require("repay.error").new { kind = "invalid_argument", field = option,
    message = ("--%s: '%s': %s"):format(option, value:sub(1, 40), why) }, 0)
end

local lazy = {}

-- What "today" is where nobody says: the profile's zone, the provider's, and UTC.
function lazy.zone(self)
  local moment = require "repay.cli.moment"
  if self.arguments.zone then
    local zone, why = moment.zone(self.arguments.zone)
    return zone or refuse("zone", self.arguments.zone, why)
  end
  local loaded = self:configuration()
  local profile = loaded and (self.arguments.profile or loaded.profile) and self:profile()
  local provider = profile and profile.provider
  local given = profile and profile.zone or loaded and loaded.zone
  local preset = provider and require("repay.options").provider(provider).zone
  local zone, why = moment.zone(type(given) == "string" and given or preset or "UTC")
  return zone or error(require("repay.error").new { kind = "config", operation = "configuration",
    message = ("zone '%s': %s"):format(given, why) }, 0)
end

function lazy.as_of(self)
  local moment = require "repay.cli.moment"
  local asked = self.arguments.as_of
  if asked then
    local day, why = moment.check_day(asked)
    return day or refuse("as-of", asked, why)
  end
  return moment.day(self.world.unix_ms(), self.zone)
end

function lazy.output(self)
  return require("repay.cli.output").new { world = self.world, arguments = self.arguments }
end

--- A context for one run. `name` is the command's.
function context.new(world, name, arguments)
  return setmetatable({ world = world, name = name, arguments = arguments, clients = {},
    journals = {}, is_local = {}, kept = {} }, {
    __index = function(self, key)
      if methods[key] or not lazy[key] then
        return methods[key]
      end
      local value = lazy[key](self)
      rawset(self, key, value)
      return value
    end,
  })
end

-- Who can write the file chooses which programs are run; the doctor says what to do.
local function warn_of_configuration(self)
  for _, warning in ipairs(self.loaded.warnings) do
    self:warn(warning)
  end
  for _, file in ipairs(self.loaded.files) do
    local facts = self.world.file_facts(file.path)
    if facts and (facts.others_write or not facts.is_ours) then
      self:warn(file.path .. " can be written by others; see repay doctor")
    end
  end
end

--- Looks at the day and the zone that were given, before anything is read or sent; a wrong one
--- raises.
function methods:check()
  return (self.arguments.zone and self.zone), (self.arguments.as_of and self.as_of)
end

--- The configuration, read once; nil and an error.
function methods:configuration()
  if self.loaded == nil then
    self.loaded, self.not_loaded = require("repay.cli.config").load(self.world,
      self.arguments.config)
    self.loaded = self.loaded or false
    if self.loaded and self.name ~= "doctor" then
      warn_of_configuration(self)
    end
  end
  if not self.loaded then
    return nil, self.not_loaded
  end
  return self.loaded
end

--- A profile: its settings and its name.
function methods:profile(name)
  local config = require "repay.cli.config"
  local loaded, err = self:configuration()
  if not loaded then
    return nil, err
  end
  name = name or self.arguments.profile or loaded.profile
  if not name then
    local names = config.names(loaded)
    if #names ~= 1 then
      return config_fault("no profile is chosen", #names > 0
        and "--profile takes one of: " .. table.concat(names, ", ")
        or "repay doctor shows where the configuration belongs")
    end
    name = names[1]
  end
  local found, problem = config.profile(loaded, name)
  if not found then
    return nil, problem
  end
  local profile = { name = name }
  for key, value in pairs(found) do
    profile[key] = value
  end
  return profile
end

--- The providers of a profile, in order of their names.
function methods.providers(_, profile)
  if profile.provider then
    return { profile.provider }
  end
  return keys.sorted(profile.providers)
end

--- An open client of a profile; `provider` may be left out where the profile has one.
function methods:client(provider, name)
  local profile, err = self:profile(name)
  if not profile then
    return nil, err
  end
  local providers = self:providers(profile)
  provider = provider or (#providers == 1 and providers[1]) or nil
  local has = false
  for _, each in ipairs(providers) do
    has = has or each == provider
  end
  if not has then
    return config_fault(("the profile '%s' %s"):format(profile.name, provider
      and "has no provider '" .. provider:sub(1, 40) .. "'" or "has several providers"),
      "providers: " .. table.concat(providers, ", "))
  end
  local key = provider .. "\0" .. profile.name
  if not self.clients[key] then
    local client, told = require("repay.cli.profile").open(profile, provider, self.world)
    if not client then
      return nil, told
    end
    self.clients[key], self.is_local[client] = client, told
  end
  return self.clients[key]
end

-- Of repay.journal, what a configuration may say.
local POLICY = { "settle_ms", "window_ms", "skew_ms", "stale_after_ms" }

--- The journal of a profile, of the configuration, or the user's own. Without a profile that is
--- chosen there still is one; with a configuration that is wrong there is none, because it might be
--- another one. `moved`: a person says that no other copy of it is in use. A wall clock of one's
--- own is not passed where it is the system's, which the journal holds against the steady one.
function methods:journal(name, moved)
  local store = require "repay.cli.store"
  local loaded, broken = self:configuration()
  if not loaded then
    return nil, broken
  end
  local profile, err = self:profile(name)
  if not profile and (name or self.arguments.profile or loaded.profile) then
    return nil, err
  end
  local path, why = store.journal_path(self.world, loaded, profile or {})
  if not path then
    return config_fault(why)
  elseif not self.journals[path] then
    local options = { by = self.world.getenv("USER"), moved = moved,
      unix_ms = not self.world.has_system_clock and self.world.unix_ms or nil }
    for _, option in ipairs(POLICY) do
      options[option] = loaded[option]
    end
    local opened, problem = require("repay").journal(path, options)
    if not opened then
      return nil, problem
    end
    self.journals[path] = opened
  end
  return self.journals[path]
end

--- A repayment with money behind it needs --live; the sandbox does not.
function methods:require_live(client)
  if self.arguments.live or client.environment == "sandbox"
    or client.environment ~= "live" and self.is_local[client] then
    return true
  end
  return config_fault("this is a live environment", "add --live to send repayments to it")
end

--- Has an object closed when the command has ended.
function methods:keep(object)
  self.kept[#self.kept + 1] = object
  return object
end

--- Closes what was opened.
function methods:close()
  for _, list in ipairs { self.kept, self.clients, self.journals } do
    for key, each in pairs(list) do
      list[key] = nil
      each:close()
    end
  end
end

--- Sees to it that everything is written.
function methods:finish()
  if rawget(self, "output") then
    self.output:finish()
  end
end

return context
