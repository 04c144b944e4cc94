-- repay: schedules and repayments through lending providers.
--
-- `require "repay"` does no work beyond loading: it opens no connection, reads no environment and
-- sets no global.
local native = require "repay.native.core"
local row = require "repay.row"

local repay = {
  version = "0.1.0",
  error = require "repay.error",
  money = require "repay.money",
}

row.install()

-- LuaJIT compiles a look-up that Lua does, and for one that C does it has to leave what it
-- compiled: that is a fiftieth of a call inside nginx. On 5.4 C is the faster.
local function find_in_lua()
  for class, methods in pairs(native.classes) do
    local find = native.index(class)
    native.index(class, function(object, key)
      local method = methods[key]
      if method then
        return method
      end
      return find(object, key)
    end)
  end
end

if rawget(_G, "jit") then
  find_in_lua()
end

-- Classes are made in C; this adds the methods that are Lua's.
local function extend(class, additions)
  for name, method in pairs(additions) do
    class[name] = method
  end
end

-- Two thirds of the module's Lua is of use only to someone who opens a provider. Loaded by the
-- first open, it costs nothing to a program that merely requires repay.
local options

local function load_options()
  if not options then
    local methods = require "repay.client"
    extend(native.classes.client, methods.client)
    extend(native.classes.call, methods.call)
    options = require "repay.options"
  end
  return options
end

--- Opens a provider: a client, or nil and an error. Unknown names and wrong types raise.
function repay.open(provider, given)
  local checks = load_options()
  if type(provider) ~= "string" then
    error("repay.open: the provider must be a string, got a " .. type(provider), 2)
  end
  local description = checks.provider(provider)
  if not description then
    error(checks.unknown("repay.open: unknown provider", provider, native.providers()), 2)
  end
  local checked, err = checks.open(description, given, 2)
  if not checked then
    return nil, err
  end
  return native.open(provider, checked)
end

--- A schedule from the bytes that schedule:dump made, or nil and an error.
repay.load = native.load

--- The newer schedule again, from the older one and what newer:diff(older) gave.
repay.apply = native.apply

--- Many schedules as of a day: repay.portfolio{ as_of = "2026-11-20" }.
repay.portfolio = native.portfolio

--- Keeps schedules in memory that workers share: repay.cache(ngx.shared.NAME, options).
function repay.cache(dictionary, given)
  return require("repay.cache").new(dictionary, given)
end

--- Runs many calls at once: a loop of call, result, err in order of completion.
function repay.each(calls, given)
  load_options()
  return require("repay.each").run(calls, given)
end

-- The one part that needs SQLite. Whoever has none may use all the others.
local function load_journal()
  local found, raised = pcall(require, "repay.native.journal")
  if found then
    return require "repay.journal"
  end
  -- The loader's own words stand on the second line, or a list of all places on the lines after it.
  local first, second = tostring(raised):match("^([^\n]*)\n?%s*([^\n]*)")
  local reason = first:find("^error loading") and second ~= "" and second or first:gsub(":$", "")
  return nil, repay.error.new {
    kind = "config", message = "the journal cannot be loaded: " .. reason,
    hint = "it needs SQLite: on Debian the package libsqlite3-0, and libsqlite3-dev to build it",
  }
end

--- Opens the journal of repayments at a path: a journal, or nil and an error.
function repay.journal(path, given)
  load_options()
  local journal, missing = load_journal()
  if not journal then
    return nil, missing
  end
  local opened, err = journal.open(path, given, 2)
  return opened, err
end

--- The providers' names, as a list.
function repay.providers()
  return native.providers()
end

-- Whole jobs over the parts above, each in a file of its own that is loaded when it is first named.
repay.workflow = setmetatable({}, {
  __index = function(workflow, name)
    local found, job = pcall(require, "repay.workflow." .. tostring(name))
    if not found then
      local why = tostring(job):match("[^\n]*")
      error(("repay.workflow has no '%s': %s"):format(tostring(name), why), 2)
    end
    load_options()
    rawset(workflow, name, job)
    return job
  end,
})

return repay
