-- The cache in nginx's own shared memory: one fetch for everybody who asks, in every worker.
local loopback = require "spec.support.loopback"
local nginx = require "spec.support.nginx"

local ASK = [[
  local port, id, changes, options = ...
  local repay = require "repay"
  local name = table.concat({ port, tostring(options and options.stale_ms),
    tostring(options and options.wait_ms) }, " ")
  -- As a gateway has it: one cache and one client for all requests of the worker.
  local shared = package.loaded["spec.caches"] or {}
  package.loaded["spec.caches"] = shared
  shared[name] = shared[name] or { cache = repay.cache(ngx.shared.repay, options) }
  local settings = { base_url = "http://127.0.0.1:" .. port, attempts = 1,
    api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }
  for key, value in pairs(changes or {}) do
    settings[key] = value
  end
  local client = assert(repay.open("carbon", settings))
  local schedule, err, source = shared[name].cache:schedule(client, { loan_id = id })
  client:close()
  return { rows = schedule and #schedule, kind = err and err.kind, source = source }
]]

nginx.describer(describe, pending)("the cache inside nginx", function()
  local gateway, provider
  local fetched = 0

  -- How often the provider was asked since the last time.
  local function fetches()
    local all = provider:run("return ngx.shared.repay:get('requests') or 0")
    local new = all - fetched
    fetched = all
    return new
  end

  setup(function()
    provider = nginx.start { server = "location / { " .. nginx.PROVIDER .. " }" }
    gateway = nginx.start { workers = 4 }
  end)

  teardown(function()
    gateway:stop()
    provider:stop()
  end)

  local function ask_at_once(count, ...)
    local clients, words = {}, {}
    for i = 1, count do
      clients[i] = gateway:begin(ASK, ...)
    end
    for i = 1, count do
      local seen = nginx.result(clients[i])
      local word = seen.kind or seen.rows .. " " .. seen.source
      words[word] = (words[word] or 0) + 1
    end
    return words
  end

  it("fetches once for 60 who ask four workers at the same time", function()
    assert.same({ ["2 fetched"] = 1, ["2 kept"] = 59 },
      ask_at_once(60, provider.port, "delay-200"))
    assert.equal(1, fetches())
    assert.same({ ["2 kept"] = 8 }, ask_at_once(8, provider.port, "delay-200"))
    assert.equal(0, fetches())
  end)

  it("mixes no credentials", function()
    for i = 1, 2 do
      assert.equal(i == 1 and "fetched" or "kept",
        gateway:run(ASK, provider.port, "LOAN_1", { api_key = "SECRET-key-other" }).source)
    end
    assert.equal("fetched", gateway:run(ASK, provider.port, "LOAN_1").source)
    assert.equal(2, fetches())
    local keys = gateway:run([[
      local found = {}
      for _, key in ipairs(ngx.shared.repay:get_keys()) do
        if (key .. ngx.shared.repay:get(key)):find("SECRET", 1, true) then
          found[#found + 1] = key
        end
      end
      return found
    ]])
    assert.same({}, keys)
  end)

  it("keeps no error: each worker's waiters share one, and the next one asks again", function()
    local server = assert(loopback.listen("127.0.0.1"))
    server:plan { { "stall", 200 }, { "close" } }
    local words = ask_at_once(40, server:port(), "LOAN_1")
    assert.same({ connection_lost = 40 }, words)
    local asked = #server:requests()
    assert.is_true(asked >= 1 and asked <= 4, asked)
    gateway:run(ASK, server:port(), "LOAN_1")
    assert.equal(asked + 1, #server:requests())
    server:close()
  end)

  it("gives what it had while the provider is gone, if that was asked for", function()
    local options = { lifetime_ms = 50, stale_ms = 60000 }
    local server = assert(loopback.listen("127.0.0.1"))
    local file = assert(io.open("spec/fixtures/carbon/schedule.200.json", "rb"))
    local body = file:read("*a")
    file:close()
    server:plan { { "send", ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(#body)
      .. body } }
    local port = server:port()
    assert.equal("fetched", gateway:run(ASK, port, "LOAN_1", {}, options).source)
    server:close()
    nginx.wait_until(0.1, function() return false end)
    assert.same({ ["2 stale"] = 20 }, ask_at_once(20, port, "LOAN_1", {}, options))
  end)

  it("is not held up for ever by who died while fetching", function()
    local options = { lock_ms = 300, wait_ms = 5000 }
    -- The light thread is killed as nginx kills a request whose client went away.
    gateway:run([[
      local port = ...
      local repay = require "repay"
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        attempts = 1, api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }))
      local cache = repay.cache(ngx.shared.repay, { lock_ms = 300 })
      local thread = ngx.thread.spawn(cache.schedule, cache, client, { loan_id = "delay-1000" })
      ngx.sleep(0.05)
      return ngx.thread.kill(thread)
    ]], provider.port)
    assert.equal("fetched", gateway:run(ASK, provider.port, "delay-1000", {}, options).source)
    fetches()
  end)

  it("answers from memory in phases where nobody can wait", function()
    assert.equal("fetched", gateway:run(ASK, provider.port, "LOAN_LOG").source)
    local seen = gateway:run([[
      local port = ...
      local repay = require "repay"
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        attempts = 1, api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }))
      local cache = repay.cache(ngx.shared.repay)
      local real = ngx.get_phase
      ngx.get_phase = function() return "log" end
      local schedule = cache:schedule(client, { loan_id = "LOAN_LOG" })
      local _, err = cache:schedule(client, { loan_id = "LOAN_ELSE" })
      ngx.get_phase = real
      return { schedule and #schedule, err.kind }
    ]], provider.port)
    assert.same({ 2, "unsupported_phase" }, seen)
  end)
end)
