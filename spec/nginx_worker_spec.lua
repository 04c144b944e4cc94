-- What a worker feels of calls inside it: nothing stalls, nothing grows, a reload loses nobody,
-- and no credential reaches the log.
local fixtures = require "spec.support.transport"
local loopback = require "spec.support.loopback"
local nginx = require "spec.support.nginx"
local process = require "spec.support.sandbox_process"
local socket = require "socket"
local tls = require "spec.support.tls"
local world = require "spec.support.journal_world"

-- 64 calls whose answers take 100 to 300 ms, and a light thread that would run every millisecond.
local GAPS = [[
  local options, is_warm = ...
  local native = require "repay.native.core"
  local repay = require "repay"
  local client = assert(repay.open("carbon", options))
  local function call_all(count, id)
    local threads, failed = {}, 0
    for i = 1, count do
      threads[i] = ngx.thread.spawn(function()
        local schedule, err = client:schedule { loan_id = id(i) }
        failed = failed + (schedule and 0 or 1)
      end)
    end
    for i = 1, count do
      ngx.thread.wait(threads[i])
    end
    return failed
  end
  if is_warm then
    call_all(64, function() return "delay-50" end)
  end
  local going, ticks, widest_ms = true, 0, 0
  local ticker = ngx.thread.spawn(function()
    local last = native.now_ms()
    while going do
      ngx.sleep(0.001)
      local now = native.now_ms()
      ticks, widest_ms, last = ticks + 1, math.max(widest_ms, now - last), now
    end
  end)
  local begun = native.now_ms()
  local failed = call_all(64, function(i)
    return "delay-" .. (100 + math.floor(200 * (i - 1) / 63))
  end)
  going = false
  local took_ms = native.now_ms() - begun
  ngx.thread.wait(ticker)
  client:close()
  return { failed = failed, ticks = ticks, widest_ms = widest_ms, took_ms = took_ms }
]]

-- Other work on the machine widens gaps and never narrows them, so the best of some runs counts.
local function best_of(times, run)
  local best
  for _ = 1, times do
    local answer = run()
    assert(answer.failed == 0, "calls failed")
    if not best or answer.widest_ms < best.widest_ms then
      best = answer
    end
    if best.widest_ms <= 20 then
      break
    end
  end
  return best
end

local CREDENTIALS = { api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }

local function options_for(port, changes)
  local options = { base_url = "http://127.0.0.1:" .. port, attempts = 1 }
  for name, value in pairs(CREDENTIALS) do
    options[name] = value
  end
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return options
end

nginx.describer(describe, pending)("a worker of nginx", function()
  local provider, tls_port

  setup(function()
    tls_port = nginx.free_port()
    local directory = tls.directory()
    provider = nginx.start {
      server = "location / { " .. nginx.PROVIDER .. " }",
      http = ([[server { listen 127.0.0.1:%d ssl; ssl_certificate %s/good.pem;
        ssl_certificate_key %s/good.key; location / { %s } }]]):format(tls_port, directory,
        directory, nginx.PROVIDER),
    }
  end)

  teardown(function()
    provider:stop()
    tls.remove()
  end)

  it("is never held up by 64 calls, and they take as long as the slowest (A1, A2)", function()
    local gateway = nginx.start {}
    local seen = best_of(4, function()
      return gateway:run(GAPS, options_for(provider.port), true)
    end)
    gateway:stop()
    assert.is_true(seen.widest_ms <= 80, seen.widest_ms)
    assert.is_true(seen.ticks >= 0.5 * seen.took_ms, seen.ticks .. " in " .. seen.took_ms)
    assert.is_true(seen.took_ms <= 1.5 * 300, seen.took_ms)
  end)

  it("is hardly held up by 64 new TLS connections (A3)", function()
    local gateway = nginx.start {
      server = ("location = /tls { lua_ssl_trusted_certificate %s; %s }"):format(
        tls.path("ca.pem"), nginx.RUN),
    }
    local options = options_for(tls_port, {
      base_url = "https://provider.test:" .. tls_port, connect = "127.0.0.1:" .. tls_port,
    })
    local tries = 0
    local seen = best_of(4, function()
      -- A worker that was just begun has no connection in its pool.
      if tries > 0 then
        local old = gateway:workers()[1]
        gateway:signal("HUP")
        nginx.wait_until(5, function() return not nginx.read("/proc/" .. old .. "/stat") end)
      end
      tries = tries + 1
      return gateway:run_at("/tls", GAPS, options, false)
    end)
    gateway:stop()
    assert.is_true(seen.widest_ms <= 80, seen.widest_ms)
  end)

  it("answers who was there when it is told to reload or to stop (A11)", function()
    local gateway = nginx.start {}
    for _, signal in ipairs { "HUP", "QUIT" } do
      local clients = {}
      for i = 1, 40 do
        clients[i] = gateway:begin([[
          local client = assert(require("repay").open("carbon", ...))
          local schedule, err = client:schedule { loan_id = "delay-2000" }
          return schedule and #schedule or tostring(err)
        ]], options_for(provider.port))
      end
      socket.sleep(0.5)
      gateway:signal(signal)
      for i = 1, 40 do
        assert.equal(2, nginx.result(clients[i]))
      end
    end
    assert.is_true(nginx.wait_until(5, function() return not gateway:is_running() end))
    gateway:stop()
  end)

  it("ends a repayment that is under way when it is told to reload, and sends it once", function()
    local server = assert(loopback.listen("127.0.0.1"))
    local receipt = fixtures.read("fincode/repay.200.json")
    local head = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(#receipt)
    server:plan { { "stall", 1000 }, { "send", head .. receipt } }
    local gateway = nginx.start {}
    local client = gateway:begin([[
      local client = assert(require("repay").open("fincode", {
        base_url = "http://127.0.0.1:" .. ...,
        token = "SECRET-key-73", customer_ip = "192.168.1.1", currency = "NGN" }))
      local accepted, err = client:repay {
        customer_id = "123e4567-e89b-12d3-a456-426614174000",
        account_id = "223e4567-e89b-12d3-a456-426614174001",
        bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00" }
      return accepted and accepted.amount_minor or tostring(err)
    ]], server:port())
    socket.sleep(0.3)
    gateway:signal("HUP")
    assert.equal(5000000, nginx.result(client))
    gateway:stop()
    assert.equal(1, #server:requests())
    server:close()
  end)

  it("ends at once when it is told to, with calls under way, and breaks nothing", function()
    local gateway = nginx.start {}
    local clients = {}
    for i = 1, 40 do
      clients[i] = gateway:begin([[
        return tostring(require("repay").open("carbon", ...):schedule { loan_id = "delay-3000" })
      ]], options_for(provider.port))
    end
    socket.sleep(0.3)
    local begun = socket.gettime()
    gateway:signal("TERM")
    assert.is_true(nginx.wait_until(5, function() return not gateway:is_running() end))
    assert.is_true(socket.gettime() - begun < 2)
    for i = 1, 40 do
      clients[i]:close()
    end
    gateway:stop()
  end)

  it("keeps nothing of 1,500 requests with a new Lua state each (A15)", function()
    local gateway = nginx.start {
      server = "location = /fresh { lua_code_cache off; content_by_lua_block { "
        .. ([[
          local client = assert(require("repay").open("carbon", {
            base_url = "http://127.0.0.1:%d", api_key = "SECRET-key-71",
            carbon_key = "SECRET-key-72", attempts = 1 }))
          local schedule, err = client:schedule { loan_id = "LOAN_1" }
          ngx.print(schedule and #schedule or tostring(err))
        ]]):format(provider.port) .. " } }",
    }
    local pid = gateway:workers()[1]
    local function ask(times)
      for _ = 1, times do
        local _, body = gateway:ask("GET", "/fresh")
        assert.equal("2", body)
      end
    end
    ask(200)
    local memory_kib, files = nginx.memory_kib(pid), nginx.open_files(pid)
    ask(1500)
    local grown_kib, more = nginx.memory_kib(pid) - memory_kib, nginx.open_files(pid) - files
    -- nginx says at start that this directive costs speed.
    gateway:stop { "lua_code_cache is off" }
    assert.is_true(grown_kib <= 64, grown_kib)
    assert.equal(0, more)
  end)

  -- Kilobytes that the master has more after so many reloads. Each new set of workers must be there
  -- before the next reload, or several reloads count as one.
  local function grown_by_reloads(gateway, times)
    local function reload()
      local old = gateway:workers()[1]
      gateway:signal("HUP")
      assert.is_true(nginx.wait_until(10, function()
        local workers = gateway:workers()
        return #workers == 1 and workers[1] ~= old
      end))
    end
    -- The first ones fill what the allocator keeps.
    for _ = 1, 5 do
      reload()
    end
    local before_kib = nginx.memory_kib(gateway.pid)
    for _ = 1, times do
      reload()
    end
    return nginx.memory_kib(gateway.pid) - before_kib
  end

  it("lets its master grow by no more than a kilobyte a reload for us (A12)", function()
    local TIMES = 30
    local bare = nginx.start {}
    local grown_bare_kib = grown_by_reloads(bare, TIMES)
    bare:stop()
    local gateway = nginx.start {
      init = ([[
        package.loaded["spec.client"] = assert(require("repay").open("carbon", {
          base_url = "http://127.0.0.1:%d", api_key = "SECRET-key-71",
          carbon_key = "SECRET-key-72" }))
        package.loaded["spec.cache"] = require("repay").cache(ngx.shared.repay)
      ]]):format(provider.port),
    }
    local grown_kib = grown_by_reloads(gateway, TIMES)
    local answer = gateway:run([[
      local client = package.loaded["spec.client"]
      return #assert(client:schedule { loan_id = "LOAN_1" })
    ]])
    gateway:stop()
    assert.equal(2, answer)
    assert.is_true((grown_kib - grown_bare_kib) / TIMES <= 1,
      ("%d KiB with us, %d without"):format(grown_kib, grown_bare_kib))
  end)

  it("has no libcurl in it (A17), and no global of ours", function()
    local gateway = nginx.start {}
    local seen = gateway:run([[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      local client = assert(require("repay").open("carbon", ...))
      assert(client:schedule { loan_id = "LOAN_1" }):close()
      client:close()
      local new = {}
      for name in pairs(_G) do
        if not before[name] then new[#new + 1] = name end
      end
      return { new = #new, curl = package.loaded["repay.native.curl"] ~= nil }
    ]], options_for(provider.port))
    local maps = nginx.read("/proc/" .. gateway:workers()[1] .. "/maps")
    gateway:stop()
    assert.same({ new = 0, curl = false }, seen)
    assert.truthy(maps:find("core.so", 1, true))
    assert.is_nil(maps:find("libcurl", 1, true))
  end)

  it("gives up the waits of a timer's reads when it is told to stop", function()
    local gateway = nginx.start {}
    gateway:run([[
      ngx.timer.at(0, function(_, options)
        local client = assert(require("repay").open("carbon", options))
        local _, err = client:schedule { loan_id = "LOAN_1" }
        ngx.log(ngx.NOTICE, "timer ended with ", err.kind)
      end, ...)
      return true
    ]], options_for(1, { attempts = 10, retry_base_ms = 60000, retry_cap_ms = 60000 }))
    socket.sleep(0.1)
    local begun = socket.gettime()
    gateway:signal("QUIT")
    assert.is_true(nginx.wait_until(5, function() return not gateway:is_running() end))
    assert.is_true(socket.gettime() - begun < 2)
    assert.truthy(gateway:log():find("timer ended with cancelled", 1, true)
      or gateway:log():find("timer ended with connect", 1, true))
    gateway:stop()
  end)

  it("goes on while a thread of its own verifies and copies a journal", function()
    local ROWS = 5000
    local w = world.new()
    local rows = {}
    for n = 1, ROWS do
      rows[n] = world.arguments { reference = "REF " .. n }
    end
    assert(w.journal:plan(w.client, rows, { name = "long" }))
    local events = w.journal:verify().events
    local gateway = nginx.start { main = "thread_pool long threads=1;" }
    local seen = gateway:run([[
      local path = ...
      local job = require "spec.support.nginx_thread_job"
      local native = require "repay.native.core"
      local function widest_gap(work)
        local going, widest_ms, last = true, 0, native.now_ms()
        local ticker = ngx.thread.spawn(function()
          while going do
            ngx.sleep(0.001)
            local now = native.now_ms()
            widest_ms, last = math.max(widest_ms, now - last), now
          end
        end)
        local result = { work() }
        going = false
        ngx.thread.wait(ticker)
        return widest_ms, result
      end
      local least = { inside = math.huge, beside = math.huge }
      local results = {}
      for n = 1, 3 do
        local copy = path .. ".copy-" .. n
        local gap_ms, result = widest_gap(function() return job.look_after(path, copy) end)
        least.inside = math.min(least.inside, gap_ms)
        gap_ms, results[n] = widest_gap(function()
          return ngx.run_worker_thread("long", "spec.support.nginx_thread_job", "look_after", path,
            copy .. "-beside")
        end)
        least.beside = math.min(least.beside, gap_ms)
      end
      return { inside = least.inside, beside = least.beside, results = results }
    ]], w.path)
    gateway:stop()
    w:close()
    for n = 1, 3 do
      assert.same({ true, events, true }, seen.results[n])
    end
    assert.is_true(seen.beside * 2 <= seen.inside,
      ("%d ms beside the worker, %d inside"):format(seen.beside, seen.inside))
  end)

  it("writes no credential to its log, whatever happens and however much it logs", function()
    local box = process.start("--loans", "0", "--tls")
    local gateway = nginx.start {
      level = "debug",
      -- ngx_lua's own words about sockets too.
      server = ("lua_socket_log_errors on; lua_ssl_trusted_certificate %s;"):format(
        box.tls_settings.carbon.ca_file),
    }
    gateway:run([[
      local plain, secure, dead, fresh = ...
      local repay = require "repay"
      local clients = {}
      for _, all in ipairs { plain, secure } do
        for provider, options in pairs(all) do
          options.ca_file = nil
          options.attempts = 1
          clients[#clients + 1] = assert(repay.open(provider, options))
          options.base_url, options.connect = nil, dead
          options.environment = "sandbox"
          clients[#clients + 1] = assert(repay.open(provider, options))
        end
      end
      local arguments = { carbon = { loan_id = "LOAN_ABC123" },
        pezesha = { merchant_id = "merchant_jane" },
        fincode = { customer_id = "123e4567-e89b-12d3-a456-426614174000" } }
      for _, client in ipairs(clients) do
        local schedule, err = client:schedule(arguments[client.provider])
        ngx.log(ngx.ERR, tostring(client), " ", tostring(schedule), " ", tostring(err))
        for name, value in pairs(err or {}) do
          ngx.log(ngx.ERR, name, "=", tostring(value))
        end
        if client.provider == "fincode" then
          local receipt, failure = client:repay {
            customer_id = "123e4567-e89b-12d3-a456-426614174000",
            account_id = "223e4567-e89b-12d3-a456-426614174001",
            bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00" }
          ngx.log(ngx.ERR, tostring(receipt), tostring(failure))
        end
        client:close()
      end
      return true
    ]], box.settings, box.tls_settings, "127.0.0.1:" .. box.ports.refused)
    local log = gateway:log()
    gateway:stop()
    local secrets = { box.settings.carbon.api_key, box.settings.carbon.carbon_key,
      box.settings.pezesha.token, box.settings.fincode.token }
    box:stop()
    assert.truthy(log:find("repay.client: carbon", 1, true))
    -- An nginx that was built without it logs no more than "info" would.
    assert.equal(nginx.logs_debug(), log:find("[debug]", 1, true) ~= nil)
    for _, secret in ipairs(secrets) do
      local at = log:find(secret, 1, true)
      assert.is_nil(at, at and log:sub(at - 200, at + 60))
    end
  end)
end)
