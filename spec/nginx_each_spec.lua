-- repay.each inside nginx: the specs it has elsewhere that do not need one call after the other,
-- and what light threads add.
local fixtures = require "spec.support.transport"
local loopback = require "spec.support.loopback"
local nginx = require "spec.support.nginx"

local LIST = fixtures.read("fincode/list.200.json")
local RECEIPT = fixtures.read("fincode/repay.200.json")

local function reply(body)
  return ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

-- Elsewhere a transport's calls come one after the other, and a hook may interrupt a step.
local ELSEWHERE = { "process that was forked", "when it is interrupted", "hands over what",
  "cannot be made", "begins so many calls a second", "tells how far it is", "closed from within",
  "calls that it cannot run" }

nginx.describer(describe, pending)("repay.each inside nginx", function()
  local gateway, provider

  setup(function()
    provider = nginx.start { server = "location / { " .. nginx.PROVIDER .. " }" }
    gateway = nginx.start {
      server = "location = /filter { return 200 'x'; header_filter_by_lua_block { spec_each() } }",
      init = [[
        function spec_each()
          local client = assert(require("repay").open("carbon", { base_url = "http://127.0.0.1:1",
            api_key = "SECRET-key-71", carbon_key = "SECRET-key-72" }))
          for _, _, err in require("repay").each(client:calls("schedule", { "L1" })) do
            ngx.shared.repay:set("refused", err.kind)
          end
        end
      ]],
    }
  end)

  teardown(function()
    -- LuaFileSystem, which those specs use, makes itself a global.
    gateway:stop { "%('lfs'%)" }
    provider:stop()
  end)

  it("is as elsewhere", function()
    local seen = gateway:run([[
      return require("spec.support.nginx_busted").run("spec/each_spec.lua", ...)
    ]], ELSEWHERE)
    assert.same({}, seen.failures)
    assert.is_true(seen.count >= 15, seen.count)
  end)

  local RUN = [[
    local port, options, count, id = ...
    local native = require "repay.native.core"
    local repay = require "repay"
    local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
      api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1 }))
    local ids = {}
    for i = 1, count do
      ids[i] = id:format(i)
    end
    local begun, order, kinds = native.now_ms(), {}, {}
    for call, schedule, err in repay.each(client:calls("schedule", ids), options) do
      order[#order + 1] = call.subject
      local kind = err and err.kind or "rows " .. #schedule
      kinds[kind] = (kinds[kind] or 0) + 1
      if schedule then
        schedule:close()
      end
    end
    client:close()
    return { order = order, kinds = kinds, took_ms = native.now_ms() - begun }
  ]]

  it("runs so many at once, and gives them as they end", function()
    local seen = gateway:run(RUN, provider.port, { concurrency = 16 }, 64, "delay-100")
    assert.same({ ["rows 2"] = 64 }, seen.kinds)
    assert.is_true(seen.took_ms >= 400 and seen.took_ms <= 600, seen.took_ms)
    seen = gateway:run(RUN, provider.port, { concurrency = 8 }, 4, "delay-%d00")
    assert.same({ "delay-100", "delay-200", "delay-300", "delay-400" }, seen.order)
  end)

  it("keeps a rate and a deadline", function()
    local seen = gateway:run(RUN, provider.port, { concurrency = 16, rate = 50 }, 20, "LOAN_%d")
    assert.same({ ["rows 2"] = 20 }, seen.kinds)
    assert.is_true(seen.took_ms >= 370 and seen.took_ms <= 600, seen.took_ms)
    seen = gateway:run(RUN, provider.port, { concurrency = 4, deadline_ms = 250 }, 50, "delay-100")
    assert.is_true(seen.kinds["rows 2"] >= 8 and seen.kinds["rows 2"] <= 12)
    assert.is_true(seen.took_ms <= 400, seen.took_ms)
  end)

  it("tells how far it is, as over libcurl", function()
    local told = gateway:run([[
      local port = ...
      local repay = require "repay"
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1 }))
      local told = {}
      for _, schedule in repay.each(client:calls("schedule", { "delay-50", "now", "LOAN_1" }),
        { concurrency = 2, on_progress = function(...) told[#told + 1] = { ... } end }) do
        if schedule then
          schedule:close()
        end
      end
      client:close()
      return told
    ]], provider.port)
    assert.same({ 1, 0 }, { told[1][1], told[1][2] })
    assert.same({ 3, 0, 0 }, told[#told])
    for n = 2, #told do
      assert.is_true(told[n][1] >= told[n - 1][1])
    end
  end)

  it("drops reads when it is closed, and gives their places back", function()
    local fresh = nginx.start { server = "location / { " .. nginx.PROVIDER .. " }" }
    local seen = gateway:run([[
      local port = ...
      local driver = require "repay.ngx"
      local repay = require "repay"
      driver.configure { concurrency = 4 }
      local client = assert(repay.open("carbon", { base_url = "http://127.0.0.1:" .. port,
        api_key = "SECRET-key-71", carbon_key = "SECRET-key-72", attempts = 1,
        attempt_timeout_ms = 5000 }))
      local run = repay.each(client:calls("schedule", { "now", "delay-900", "delay-901",
        "delay-902" }), { concurrency = 4 })
      local _, schedule = run()
      local left = run:close()
      -- All four places must be free again: else this would wait for its deadline.
      local threads, got = {}, 0
      for i = 1, 4 do
        threads[i] = ngx.thread.spawn(function()
          local answer = client:schedule { loan_id = "delay-50" }
          got = got + (answer and 1 or 0)
        end)
      end
      for i = 1, 4 do
        ngx.thread.wait(threads[i])
      end
      driver.configure { concurrency = 64 }
      return { rows = #schedule, left = #left, got = got }
    ]], fresh.port)
    fresh:stop()
    assert.same({ rows = 2, left = 0, got = 4 }, seen)
  end)

  it("sees a write that may have left to its end when it is closed", function()
    local server = assert(loopback.listen("127.0.0.1"))
    server:plan { { "stall", 200 }, { "send", reply(RECEIPT) } }
    local slow = assert(loopback.listen("127.0.0.1"))
    slow:plan { { "stall", 20000 } }
    local quick = assert(loopback.listen("127.0.0.1"))
    quick:plan { { "send", reply(LIST) } }
    local seen = gateway:run([[
      local port, slow, quick = ...
      local repay = require "repay"
      local function open(to)
        return assert(repay.open("fincode", { base_url = "http://127.0.0.1:" .. to,
          token = "SECRET-key-73", customer_ip = "192.168.1.1", currency = "NGN" }))
      end
      local customer = "123e4567-e89b-12d3-a456-426614174000"
      local payment = assert(open(port):prepare("repay", { customer_id = customer,
        account_id = "223e4567-e89b-12d3-a456-426614174001",
        bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00" }))
      local run = repay.each({ payment,
        assert(open(slow):prepare("schedule", { customer_id = customer })),
        assert(open(quick):prepare("schedule", { customer_id = customer })) })
      run()
      local left = run:close()
      return { count = #left, same = left[1].call == payment,
        amount_minor = left[1].result and left[1].result.amount_minor }
    ]], server:port(), slow:port(), quick:port())
    assert.same({ count = 1, same = true, amount_minor = 5000000 }, seen)
    assert.equal(1, #server:requests())
    server:close()
    slow:close()
    quick:close()
  end)

  it("runs calls over transports side by side, too", function()
    local took_ms = gateway:run([[
      local native = require "repay.native.core"
      local repay = require "repay"
      local transport = {
        send = function()
          ngx.sleep(0.1)
          return { status = 422, body = '{"status":"failed","message":"No SME loan ID on record"}' }
        end,
        sleep = function(ms) ngx.sleep(ms / 1000) end,
      }
      local client = assert(repay.open("carbon", { transport = transport, api_key = "k-123456",
        carbon_key = "k-123457" }))
      local begun = native.now_ms()
      for _, _, err in repay.each(client:calls("schedule", { "a", "b", "c", "d" })) do
        assert(err.kind == "loan_not_registered")
      end
      return native.now_ms() - begun
    ]])
    -- Sleeps count from a clock that may be behind, so one may end a little early.
    assert.is_true(took_ms >= 90 and took_ms <= 250, took_ms)
  end)

  it("sees a write that a transport has to its end when it is closed, and drops its reads",
    function()
      local seen = gateway:run([[
        local body = ...
        local repay = require "repay"
        local sent = 0
        local transport = {
          send = function(request)
            sent = sent + 1
            ngx.sleep(request.is_write and 0.2 or sent == 3 and 0.05 or 30)
            return { status = 200, body = body }
          end,
          sleep = function(ms) ngx.sleep(ms / 1000) end,
        }
        local client = assert(repay.open("fincode", { transport = transport,
          token = "SECRET-key-73", customer_ip = "192.168.1.1", currency = "NGN" }))
        local customer = "123e4567-e89b-12d3-a456-426614174000"
        local payment = assert(client:prepare("repay", { customer_id = customer,
          account_id = "223e4567-e89b-12d3-a456-426614174001",
          bank_account_id = "323e4567-e89b-12d3-a456-426614174002", amount = "50000.00" }))
        local run = repay.each { payment,
          assert(client:prepare("schedule", { customer_id = customer })),
          assert(client:prepare("schedule", { customer_id = customer })) }
        run()
        local left = run:close()
        return { sent = sent, count = #left,
          amount_minor = left[1] and left[1].result and left[1].result.amount_minor }
      ]], RECEIPT)
      assert.same({ sent = 3, count = 1, amount_minor = 5000000 }, seen)
    end)

  it("refuses where nobody can wait", function()
    gateway:ask("GET", "/filter")
    assert.equal("unsupported_phase", gateway:run("return ngx.shared.repay:get('refused')"))
  end)
end)
