-- The same calls over libcurl on Lua 5.4, over libcurl on LuaJIT and over cosockets: the same
-- requests, the same waits, the same results (A16).
local fixtures = require "spec.support.transport"
local json = require "cjson"
local loopback = require "spec.support.loopback"
local nginx = require "spec.support.nginx"
local parity = require "spec.support.parity"

-- nginx counts a sleep from a clock that may be behind.
local EARLY_MS = 5

local function reply(status, body, fields)
  return ("HTTP/1.1 %d Text\r\n%sContent-Length: %d\r\n\r\n%s"):format(status, fields or "", #body,
    body)
end

-- A request as it may be compared: order and case of headers say nothing, nor does the port.
local function plain(request)
  local first, head, body = request:match("^([^\r]*)\r\n(.-)\r\n\r\n(.*)$")
  local fields = {}
  for name, value in (head .. "\r\n"):gmatch("([^:]+): ([^\r]*)\r\n") do
    fields[#fields + 1] = name:lower() .. ": " .. value:gsub("127.0.0.1:%d+", "here")
  end
  table.sort(fields)
  return { first, table.concat(fields, "\n"), body }
end

-- What passed between each request and the next one.
local function gaps_of(moments)
  local gaps = {}
  for i = 2, #moments do
    gaps[i - 1] = moments[i] - moments[i - 1]
  end
  return gaps
end

local RUNNERS = {}

local function over_curl(program, build)
  return function(list)
    local name = os.tmpname()
    nginx.write(name, json.encode(list))
    local cpath = package.cpath:gsub("lua51/%?%.so", build .. "/?.so")
    local pipe = assert(io.popen(([[
      LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;' LUA_CPATH='%s;;' %s -e '
      local json = require "cjson"
      local list = json.decode(io.open("%s"):read("*a"))
      io.write(json.encode(require("spec.support.parity").run(list)))' 2>&1]]):format(nginx.root,
      nginx.root, nginx.root, cpath:match("[^;]*/" .. build .. "/%?%.so"), program, name)))
    local text = pipe:read("*a")
    pipe:close()
    os.remove(name)
    return json.decode(text)
  end
end

nginx.describer(describe, pending)("libcurl and cosockets", function()
  local gateway
  local seen, sent, gaps = {}, {}, {}
  local cases = parity.cases(reply, {
    schedule = fixtures.read("carbon/schedule.200.json"),
    list = fixtures.read("fincode/list.200.json"),
    receipt = fixtures.read("fincode/repay.200.json"),
    pending = fixtures.read("fincode/pending.200.json"),
  })

  local function run(name, runner)
    local servers, list = {}, {}
    for i, case in ipairs(cases) do
      servers[i] = assert(loopback.listen("127.0.0.1"))
      for _, plan in ipairs(case[4]) do
        servers[i]:plan(plan)
      end
      list[i] = { case[2], case[3], servers[i]:port(), case[5] or {} }
    end
    seen[name] = runner(list)
    sent[name], gaps[name] = {}, {}
    for i, server in ipairs(servers) do
      sent[name][i] = {}
      for n, request in ipairs(server:requests()) do
        sent[name][i][n] = plain(request)
      end
      gaps[name][i] = gaps_of(server:moments())
      server:close()
    end
  end

  setup(function()
    gateway = nginx.start {}
    RUNNERS["libcurl on Lua 5.4"] = over_curl("lua5.4", "lua54")
    RUNNERS["libcurl on LuaJIT"] = over_curl("luajit", "lua51")
    RUNNERS.cosockets = function(list)
      return gateway:run([[return require("spec.support.parity").run(...)]], list)
    end
    for name, runner in pairs(RUNNERS) do
      run(name, runner)
    end
  end)

  teardown(function()
    gateway:stop()
  end)

  -- The waits that are told are waited: a driver that did not would tell the same.
  it("let pass what they say that they waited", function()
    local waits = 0
    for name in pairs(RUNNERS) do
      for i, case in ipairs(cases) do
        for n, attempt in ipairs(seen[name][i].attempts or {}) do
          local gap_ms, wait_ms = gaps[name][i][n], tonumber(attempt.wait_ms)
          if gap_ms and wait_ms > 0 then
            waits = waits + 1
            assert.is_true(gap_ms >= wait_ms - EARLY_MS, ("%s, %s: %s of %s ms"):format(name,
              case[1], gap_ms, wait_ms))
          end
        end
        if case[1] == "a provider that asks for time" then
          assert.is_true(gaps[name][i][1] >= 1000 - EARLY_MS, gaps[name][i][1])
        end
      end
    end
    assert.is_true(waits >= 9, waits)
  end)

  for i, case in ipairs(cases) do
    it("tell the same of " .. case[1], function()
      assert.is_true(#sent.cosockets[i] >= 1)
      for name in pairs(RUNNERS) do
        assert.same(seen["libcurl on Lua 5.4"][i], seen[name][i], name)
        assert.same(sent["libcurl on Lua 5.4"][i], sent[name][i], name)
      end
    end)
  end
end)
