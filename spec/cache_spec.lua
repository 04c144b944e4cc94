-- The cache over a dictionary that behaves like nginx's, one thread at a time; nginx_cache_spec has
-- the real one and many at once.
local errors = require "repay.error"
local helper = require "spec.support.helper"
local native = require "repay.native.core"
local repay = require "repay"
local transport = require "spec.support.transport"

-- What lua_shared_dict offers, with its time limits.
local function dictionary()
  local self = { values = {}, sets = 0 }
  local function alive(key)
    local entry = self.values[key]
    if entry and entry.until_ms and native.now_ms() >= entry.until_ms then
      self.values[key] = nil
      entry = nil
    end
    return entry
  end
  function self.get(_, key)
    local entry = alive(key)
    return entry and entry.value
  end
  function self.set(_, key, value, seconds)
    assert(type(key) == "string" and type(value) == "string")
    self.sets = self.sets + 1
    self.values[key] = { value = value,
      until_ms = seconds and seconds > 0 and native.now_ms() + seconds * 1000 or nil }
    return true
  end
  function self.add(_, key, value, seconds)
    if alive(key) then
      return false, "exists"
    end
    return self:set(key, value, seconds)
  end
  function self.delete(_, key)
    self.values[key] = nil
  end
  return self
end

local function no_sleep()
  error("nobody else is there to wait for")
end

local ARGUMENTS = helper.arguments.carbon.schedule
local ANSWER = "carbon/schedule.200.json"

describe("a cache", function()
  helper.watch(after_each)

  -- What the client was asked, in all.
  local function new(options, ...)
    local dict = dictionary()
    local canned = transport.new(...)
    local cache = repay.cache(dict, helper.copy({ sleep = no_sleep }, options))
    return cache, canned, dict, helper.open("carbon", canned, { attempts = 1 })
  end

  it("fetches once and keeps the schedule, whole", function()
    local cache, canned, _, client = new({}, ANSWER)
    local first, err, source = cache:schedule(client, ARGUMENTS)
    assert.same({ "fetched" }, { helper.ok(first, err) and source })
    local second
    second, err, source = cache:schedule(client, ARGUMENTS)
    assert.equal("kept", source)
    assert.equal(1, #canned.requests)
    assert.equal(tostring(first), tostring(helper.ok(second, err)))
    assert.equal(first:dump(), second:dump())
    assert.equal(first.fetched_at_unix_ms, second.fetched_at_unix_ms)
    first:close()
    second:close()
    client:close()
  end)

  it("fetches anew after its lifetime", function()
    local cache, canned, _, client = new({ lifetime_ms = 30 }, ANSWER)
    cache:schedule(client, ARGUMENTS):close()
    local limit = native.now_ms() + 40
    repeat until native.now_ms() > limit
    local schedule, _, source = cache:schedule(client, ARGUMENTS)
    schedule:close()
    assert.equal("fetched", source)
    assert.equal(2, #canned.requests)
    client:close()
  end)

  it("keeps nothing for a lifetime of zero", function()
    local cache, canned, dict, client = new({ lifetime_ms = 0 }, ANSWER)
    cache:schedule(client, ARGUMENTS):close()
    cache:schedule(client, ARGUMENTS):close()
    assert.equal(2, #canned.requests)
    for key in pairs(dict.values) do
      assert.equal("repay secret", key)
    end
    client:close()
  end)

  it("keeps no error", function()
    local cache, canned, dict, client = new({}, "carbon/loan_not_found.400.json", ANSWER)
    local err = helper.fails(cache:schedule(client, ARGUMENTS))
    assert.equal("not_found", err.kind)
    helper.ok(cache:schedule(client, ARGUMENTS)):close()
    assert.equal(2, #canned.requests)
    for key in pairs(dict.values) do
      assert.is_nil(key:find("lock", 1, true))
    end
    client:close()
  end)

  it("gives its lock back when a transport or a caller raises", function()
    local cache, _, dict, client = new({}, ANSWER)
    local prepared = client.prepare
    assert.is_function(prepared)
    local ok = pcall(cache.schedule, cache, client, { loan_id = 5 })
    assert.is_false(ok)
    for key in pairs(dict.values) do
      assert.is_nil(key:find("lock", 1, true))
    end
    client:close()
  end)

  describe("when the provider cannot be reached", function()
    local function expired(options, failure)
      local cache, canned, _, client = new(helper.copy({ lifetime_ms = 1 }, options), ANSWER,
        failure)
      cache:schedule(client, ARGUMENTS):close()
      local limit = native.now_ms() + 5
      repeat until native.now_ms() > limit
      local schedule, err, source, cause = cache:schedule(client, ARGUMENTS)
      assert.equal(2, #canned.requests)
      client:close()
      return schedule, err, source, cause
    end

    it("gives the old answer and says why, if that was asked for", function()
      for _, failure in ipairs { { kind = "timeout" }, { kind = "connect", sent = "no" },
        { kind = "dns", sent = "no" }, transport.json("{}", 503), transport.json("{}", 429) } do
        local schedule, err, source, cause = expired({ stale_ms = 60000 }, failure)
        assert.equal("stale", source)
        assert.is_nil(err)
        assert.is_true(errors.is(cause))
        assert.equal(2, #schedule)
        schedule:close()
        helper.fails(expired({}, failure))
      end
    end)

    it("does not hide an error that will not pass", function()
      for _, failure in ipairs { "carbon/loan_not_found.400.json", transport.json("{}", 401),
        transport.json("not JSON"), { kind = "tls", sent = "no" } } do
        helper.fails(expired({ stale_ms = 60000 }, failure))
      end
    end)
  end)

  describe("tells apart", function()
    local function keys_of(dict)
      local count = 0
      for key in pairs(dict.values) do
        count = count + (key:find("^repay %x+$") and 1 or 0)
      end
      return count
    end

    it("clients by their credentials, place, label and reading", function()
      local dict = dictionary()
      local cache = repay.cache(dict, { sleep = no_sleep })
      local changes = { {}, { api_key = "another-key" }, { carbon_key = "another-key" },
        { api_key = helper.secrets.carbon_key, carbon_key = helper.secrets.api_key },
        { environment = "live" }, { label = "second" }, { zone = "UTC" },
        { base_url = "https://elsewhere.test" }, { currency = "USD" } }
      for i, change in ipairs(changes) do
        local canned = transport.new(ANSWER)
        local client = helper.open("carbon", canned, change)
        for _ = 1, 2 do
          cache:schedule(client, ARGUMENTS):close()
        end
        assert.equal(1, #canned.requests)
        assert.equal(i, keys_of(dict))
        client:close()
      end
      helper.no_secret(dict.values)
      for key, entry in pairs(dict.values) do
        helper.no_secret(key)
        helper.no_secret(entry.value)
      end
    end)

    it("and knows the same client again, in another process too", function()
      local dict = dictionary()
      for i = 1, 2 do
        local canned = transport.new(ANSWER)
        local client = helper.open("carbon", canned)
        repay.cache(dict, { sleep = no_sleep }):schedule(client, ARGUMENTS):close()
        assert.equal(i == 1 and 1 or 0, #canned.requests)
        client:close()
      end
    end)

    it("questions by operation and arguments", function()
      local dict = dictionary()
      local cache = repay.cache(dict, { sleep = no_sleep })
      local canned = transport.new("fincode/list.200.json")
      local client = helper.open("fincode", canned, { attempts = 1 })
      local other = { customer_id = "123e4567-e89b-12d3-a456-426614174009" }
      cache:schedule(client, helper.arguments.fincode.schedule):close()
      cache:schedule(client, other):close()
      cache:schedule(client, other):close()
      assert.equal(2, #canned.requests)
      client:close()
    end)
  end)

  it("takes an entry that it cannot read for none", function()
    local cache, canned, dict, client = new({}, ANSWER)
    cache:schedule(client, ARGUMENTS):close()
    for key, entry in pairs(dict.values) do
      if key:find("^repay %x+$") then
        entry.value = entry.value:sub(1, -2) .. string.char((entry.value:byte(-1) + 1) % 256)
      end
    end
    local schedule, _, source = cache:schedule(client, ARGUMENTS)
    schedule:close()
    assert.equal("fetched", source)
    assert.equal(2, #canned.requests)
    for key, entry in pairs(dict.values) do
      if key:find("^repay %x+$") then
        entry.value = "of another version"
      end
    end
    cache:schedule(client, ARGUMENTS):close()
    assert.equal(3, #canned.requests)
    client:close()
  end)

  it("forgets what it is told to", function()
    local cache, canned, _, client = new({}, ANSWER)
    cache:schedule(client, ARGUMENTS):close()
    cache:forget(client, "schedule", ARGUMENTS)
    cache:schedule(client, ARGUMENTS):close()
    assert.equal(2, #canned.requests)
    client:close()
  end)

  it("waits for another process's fetch, and not for ever", function()
    local dict = dictionary()
    -- A clock that only sleeping moves, so that how busy the machine is decides nothing.
    local slept, now_ms = 0, native.now_ms()
    finally(function() native.test_clock(-1, -1) end)
    native.test_clock(now_ms, -1)
    local cache
    cache = repay.cache(dict, { wait_ms = 40, sleep = function(ms)
      slept = slept + 1
      now_ms = now_ms + math.ceil(ms)
      native.test_clock(now_ms, -1)
    end })
    local canned = transport.new(ANSWER)
    local client = helper.open("carbon", canned)
    cache:schedule(client, ARGUMENTS):close()
    local key, entry
    for name, value in pairs(dict.values) do
      if name:find("^repay %x+$") then
        key, entry = name, value
      end
    end
    dict.values[key] = nil
    dict:add(key .. " lock", "another process's", 30)
    local err = helper.fails(cache:schedule(client, ARGUMENTS))
    assert.equal("timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(slept > 3)
    -- It appears while someone waits.
    local rounds = 0
    cache.sleep = function()
      rounds = rounds + 1
      if rounds == 3 then
        dict.values[key] = entry
      end
    end
    local schedule, _, source = cache:schedule(client, ARGUMENTS)
    schedule:close()
    assert.equal("kept", source)
    assert.equal(1, #canned.requests)
    client:close()
  end)

  it("answers what a provider does not have as the client does, and refuses to keep a write",
    function()
      local cache, canned, _, client = new({}, ANSWER)
      assert.equal("unsupported", helper.fails(cache:repay(client, {})).kind)
      local fincode = helper.open("fincode", canned)
      assert.equal("repay.cache keeps answers, and 'repay' does something",
        helper.raises(function()
          cache:repay(fincode, helper.arguments.fincode.repay)
        end))
      assert.equal(0, #canned.requests)
      fincode:close()
      client:close()
    end)

  it("raises for misuse at the caller's line", function()
    local cache, _, dict, client = new({}, ANSWER)
    local function said(callback)
      return helper.raises(callback)
    end
    assert.equal("repay.cache: a shared dictionary is required (lua_shared_dict)",
      said(function() repay.cache(nil) end))
    assert.equal("repay.cache: options must be a table, got a number",
      said(function() repay.cache(dict, 5) end))
    assert.equal("repay.cache: unknown option 'lifetime' (did you mean 'lifetime_ms'?)",
      said(function() repay.cache(dict, { lifetime = 5 }) end))
    assert.equal("repay.cache: option 'stale_ms' must be a whole number, 0 or more",
      said(function() repay.cache(dict, { stale_ms = -1 }) end))
    assert.equal("repay.cache: outside nginx the option 'sleep' is required",
      said(function() repay.cache(dict) end))
    assert.equal("carbon:schedule: unknown option 'loan' (did you mean 'loan_id'?)",
      said(function() cache:schedule(client, { loan = "L1" }) end))
    assert.equal("repay.client expected by ':schedule', got a table",
      said(function() cache:schedule({}, ARGUMENTS) end))
    client:close()
    assert.equal("repay.client is closed",
      said(function() cache:schedule(client, ARGUMENTS) end))
  end)
end)
