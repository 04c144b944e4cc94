-- Keeps schedules in memory that all workers of nginx share.
--
-- An entry is a schedule's dump under a fingerprint of the client, its credentials included, and of
-- what was asked: whoever may not see an answer cannot find it, and no credential is in the memory
-- in any form. One request fetches, the others wait for it. An error is never kept: those that
-- waited for the same fetch in the same worker get it, the next one fetches again.
local native = require "repay.native.core"
local errors = require "repay.error"
local keys = require "repay.keys"
local options = require "repay.options"

local cache = {}
cache.__index = cache

local defaults = {
  lifetime_ms = 60000, -- how long an answer is as good as a new one
  stale_ms = 0,        -- how much longer it serves while the provider cannot be reached
  wait_ms = 10000,     -- how long a request waits for another one's fetch
  lock_ms = 30000,     -- after so long a fetch counts as given up: a worker may die
}

-- Faults that pass by themselves: an old answer is then better than none.
local passing = { dns = true, connect = true, timeout = true, connection_lost = true,
  unavailable = true, rate_limited = true, breaker_open = true }

local FIRST_SLEEP_MS, LAST_SLEEP_MS = 2, 50

local SECRET = "repay secret"
local VERSION = "1"
local NO_CHANCE = "the system has no random bytes to give"

local function nginx_sleep(ms)
  ngx.sleep(ms / 1000)
end

local function check_options(given)
  local checked = {}
  for name, value in pairs(given or {}) do
    if name == "sleep" then
      if type(value) ~= "function" then
        error("repay.cache: option 'sleep' must be a function", 3)
      end
    elseif not defaults[name] then
      error(options.unknown("repay.cache: unknown option", tostring(name), keys.sorted(defaults)),
        3)
    elseif not native.integer(value) or value < 0 then
      error("repay.cache: option '" .. name .. "' must be a whole number, 0 or more", 3)
    end
    checked[name] = value
  end
  return checked
end

--- A cache in a shared dictionary: `ngx.shared.NAME`, or a table with its get, set, add and delete.
--- repay.cache calls this as its last act, so the caller is one level away.
function cache.new(dictionary, given)
  if type(dictionary) ~= "table" and type(dictionary) ~= "userdata" then
    error("repay.cache: a shared dictionary is required (lua_shared_dict)", 2)
  elseif given ~= nil and type(given) ~= "table" then
    error("repay.cache: options must be a table, got a " .. type(given), 2)
  end
  local checked = check_options(given)
  local self = { dictionary = dictionary, flights = {} }
  self.sleep = checked.sleep or rawget(_G, "ngx") and nginx_sleep
  if not self.sleep then
    error("repay.cache: outside nginx the option 'sleep' is required", 2)
  end
  for name, value in pairs(defaults) do
    self[name] = checked[name] or value
  end
  return setmetatable(self, cache)
end

-- The key of the fingerprints is as old as the memory: made by whoever needs it first.
local function secret_of(self)
  local secret = self.dictionary:get(SECRET)
  if not secret then
    self.dictionary:add(SECRET, (assert(native.chance(), NO_CHANCE)))
    secret = assert(self.dictionary:get(SECRET), "the shared dictionary keeps nothing")
  end
  return secret
end

-- Names and values with their lengths, so that no two questions look alike.
local function subject_of(operation, arguments)
  local parts = { VERSION, operation }
  for _, name in ipairs(keys.sorted(arguments)) do
    local text = tostring(arguments[name])
    parts[#parts + 1] = name .. " " .. #text .. " " .. text
  end
  return table.concat(parts, " ")
end

-- An entry is the moment until which it is fresh, and a dump. The clock begins with the machine, as
-- the memory does not outlive it. What another version of this module left is no entry.
local function read(self, key)
  local entry = self.dictionary:get(key)
  local fresh_until_ms, dump = tostring(entry or ""):match("^(%d+) (.*)$")
  if not dump then
    return nil
  end
  return dump, native.now_ms() < tonumber(fresh_until_ms)
end

local function write(self, key, dump)
  local kept_ms = self.lifetime_ms + self.stale_ms
  if kept_ms > 0 then
    self.dictionary:set(key, ("%d %s"):format(native.now_ms() + self.lifetime_ms, dump),
      kept_ms / 1000)
  end
end

local function unlock(self, lock, token)
  if self.dictionary:get(lock) == token then
    self.dictionary:delete(lock)
  end
end

-- The one fetch. Its flight tells those of this worker who wait for it how it ended.
local function fetch(self, question, token)
  local flight = {}
  self.flights[question.key] = flight
  local ok, schedule, err = pcall(question.ask)
  local dump
  if ok and schedule then
    -- What is asked for again is given again as it came, names among it.
    dump = schedule:dump { with_names = true }
    write(self, question.key, dump)
  end
  flight.dump, flight.err, flight.is_over = dump, ok and err or nil, true
  if self.flights[question.key] == flight then
    self.flights[question.key] = nil
  end
  unlock(self, question.lock, token)
  if not ok then
    error(schedule, 0)
  end
  return schedule, err
end

-- A schedule from a dump; a dump that cannot be read is as good as none.
local function load(dump)
  return dump and native.load(dump) or nil
end

local function fresh(self, key)
  local dump, is_fresh = read(self, key)
  return is_fresh and load(dump) or nil
end

-- An error, unless it is one that passes and an old answer is there.
local function give_up(self, key, err)
  if self.stale_ms > 0 and passing[err.kind] then
    local schedule = load((read(self, key)))
    if schedule then
      return schedule, nil, "stale", err
    end
  end
  return nil, err
end

local function waited_in_vain(question)
  return errors.new {
    kind = "timeout", message = "another request is still fetching it", retryable = true,
    provider = question.provider, operation = question.operation,
  }
end

-- Sleeps a little longer each time. False where nginx lets nobody wait.
local function pause(self, sleep_ms)
  return pcall(self.sleep, sleep_ms)
end

local function refused(question)
  return errors.new {
    kind = "unsupported_phase", message = "nobody can wait for another request's fetch here",
    hint = "ask in ngx.timer.at(0, ...)", provider = question.provider,
    operation = question.operation,
  }
end

-- Takes the lock and fetches, or waits for who has it.
local function fetch_or_wait(self, question)
  local until_ms, sleep_ms = native.now_ms() + self.wait_ms, FIRST_SLEEP_MS
  local token = assert(native.chance(), NO_CHANCE)
  local flight
  while true do
    if self.dictionary:add(question.lock, token, self.lock_ms / 1000) then
      -- Whoever held it may have ended between our look and this.
      local schedule = fresh(self, question.key)
      if schedule then
        unlock(self, question.lock, token)
        return schedule, nil, "kept"
      end
      local value, err = fetch(self, question, token)
      if value then
        return value, nil, "fetched"
      end
      return give_up(self, question.key, err)
    end
    flight = flight or self.flights[question.key]
    if native.now_ms() >= until_ms then
      return give_up(self, question.key, waited_in_vain(question))
    elseif not pause(self, sleep_ms) then
      return nil, refused(question)
    end
    sleep_ms = math.min(sleep_ms * 1.5, LAST_SLEEP_MS)
    if flight and flight.is_over and flight.err then
      return give_up(self, question.key, flight.err)
    end
    local schedule = flight and load(flight.dump) or fresh(self, question.key)
    if schedule then
      return schedule, nil, "kept"
    end
  end
end

local function check_client(client, method)
  local is_open = native.is_open(client, "repay.client")
  if is_open == nil then
    error(("repay.client expected by ':%s', got a %s"):format(method, type(client)), 4)
  elseif not is_open then
    error("repay.client is closed", 4)
  end
end

-- The question's name in the memory, or nil for an operation that this provider does not have.
local function key_of(self, client, name, arguments)
  check_client(client, name)
  local description = options.provider(client.provider)
  local operation = description.operations[name]
  if not operation then
    return nil
  elseif operation.is_write then
    error("repay.cache keeps answers, and '" .. name .. "' does something", 3)
  end
  arguments = options.operation(description, operation, arguments, 3)
  return "repay " .. native.fingerprint(client, secret_of(self), subject_of(name, arguments))
end

-- Every question that some provider answers is a method: schedule, source, or nil and an error, as
-- the client's own; `source` is "fetched", "kept" or "stale", and behind "stale" stands the error.
for _, name in ipairs(native.operations()) do
  cache[name] = function(self, client, arguments)
    local key = key_of(self, client, name, arguments)
    if not key then
      return client[name](client, arguments)
    end
    local schedule = fresh(self, key)
    if schedule then
      return schedule, nil, "kept"
    end
    return fetch_or_wait(self, {
      key = key, lock = key .. " lock", provider = client.provider, operation = name,
      ask = function() return client[name](client, arguments) end,
    })
  end
end

--- Forgets one answer, after something was done that changes it.
function cache:forget(client, operation, arguments)
  local key = key_of(self, client, operation, arguments)
  if key then
    self.dictionary:delete(key)
  end
end

return cache
