-- What alloc_host runs with every allocation failing in turn: the main jobs, small ones and large.
--
-- A scenario may raise "not enough memory" or give nil and an error; it may not crash, leave an
-- object alive, send a repayment twice, or say "not sent" of one that was.

-- LuaJIT's compiler of traces does not survive being refused memory (tried: a jump into the heap in
-- a loop of plain Lua); it is not what is looked at here.
if rawget(_G, "jit") then
  require("jit").off()
end

local function helper()
  return require "spec.support.helper"
end

local function canned()
  return require "spec.support.transport"
end

local function many_rows(count)
  local rows = {}
  for i = 1, count do
    rows[i] = ('{"dueDate":"2025-02-15","totalDue":%d,"paidAmount":0,"status":"word %d","x":%d}')
      :format(i, i % 40, i)
  end
  return '{"status":"success","data":{"schedule":[' .. table.concat(rows, ",") .. "]}}"
end

-- A value, or an error of kind `memory` (what else could it be?), and never both.
local function expect(value, err)
  if value == nil then
    local shown = tostring(err)
    if type(err) ~= "table" or not (err.kind == "memory" or err.kind == "bad_response") then
      error("unexpected: " .. shown, 0)
    end
    error("not enough memory", 0)
  end
  if err ~= nil then
    error("unexpected: a value and an error", 0)
  end
  return value
end

local function read_all(schedule)
  local sum = 0
  for _, row in schedule:rows() do
    sum = sum + row.total_due_minor
    local _ = row.extra.x
  end
  for _, total, due, status, word in schedule:each("total_due_minor", "due_date", "status",
    "provider_status") do
    sum = sum + total + #due + #status + #word
  end
  return sum, #tostring(schedule), schedule.currency, schedule:memory(), schedule:reason("status")
end

-- A client that lives through the scenario, closed by the check.
local function over(provider, answers, job)
  local transport = canned().new((unpack or table.unpack)(answers))
  local client = helper().open(provider, transport)
  return function()
    return job(client, transport)
  end, function()
    local again = canned().new((unpack or table.unpack)(answers))
    transport.requests, transport.slept = again.requests, again.slept
    client:close()
  end
end

local scenarios = {}

-- What a first attempt left half done must not spoil a second one.
function scenarios.require()
  return function()
    require "repay"
  end, function()
    for name in pairs(package.loaded) do
      if name:find("^repay") then
        package.loaded[name] = nil
      end
    end
    expect(helper().ask("carbon", "schedule", canned().new("carbon/schedule.200.json"))):close()
  end
end

function scenarios.open()
  local options = {}
  for _, provider in ipairs { "carbon", "pezesha", "fincode" } do
    options[provider] = helper().options(provider,
      { label = "a label", transport = canned().new() })
  end
  local repay = require "repay"
  return function()
    for provider, given in pairs(options) do
      local client = expect(repay.open(provider, given))
      local _ = tostring(client) .. client.provider .. client.currency
      client:close()
    end
  end
end

function scenarios.misuse()
  local repay = require "repay"
  return function()
    for _, bad in ipairs { { colour = 1 }, { timeout_ms = 1.5 }, { api_key = 5 } } do
      local ok, raised = pcall(repay.open, "carbon", bad)
      if ok or type(raised) ~= "string" then
        error("unexpected: misuse did not raise", 0)
      end
    end
  end
end

function scenarios.preview()
  return over("fincode", {}, function(client)
    local preview = expect(client:request("repay", helper().arguments.fincode.repay))
    return #preview.body
  end)
end

function scenarios.fetch_small()
  return over("carbon", { "carbon/schedule.200.json" }, function(client)
    local schedule = expect(client:schedule { loan_id = "x" })
    for _, row in schedule:rows() do
      local _ = row.due_date
    end
    local _ = tostring(schedule)
    schedule:close()
  end)
end

function scenarios.fetch_large()
  local body = many_rows(1000)
  return over("carbon", { { status = 200, headers = {}, body = body } }, function(client)
    local schedule = expect(client:schedule { loan_id = "x" })
    if schedule:memory() < 16384 then
      error("unexpected: it is small", 0)
    end
    schedule:close()
  end)
end

function scenarios.read()
  local schedule = expect(helper().ask("carbon", "schedule",
    canned().new { status = 200, headers = {}, body = many_rows(3) }))
  return function()
    read_all(schedule)
  end, function()
    read_all(schedule)
    schedule:close()
  end
end

function scenarios.pages()
  local rows = {}
  for i = 1, 50 do
    rows[i] = '{"loanApplicationId":"a","installmentNumber":' .. i .. ',"amountDue":1}'
  end
  local page = { status = 200, headers = { { "Retry-After", "1" } },
    body = '{"status":"SUCCESS","data":[' .. table.concat(rows, ",") .. "]}" }
  return over("fincode", { page, page, "fincode/pending.200.json" }, function(client)
    expect(client:pending { user_id = "u" }):close()
  end)
end

function scenarios.refused()
  return over("carbon", { "carbon/loan_not_found.400.json" }, function(client)
    local value, err = client:schedule { loan_id = "x" }
    if value ~= nil or type(err) ~= "table" then
      error("unexpected: no error", 0)
    end
    return tostring(err)
  end)
end

-- The moment that counts: once the request went out, nothing may say that it did not.
function scenarios.repay()
  local transport = canned().new("fincode/repay.200.json")
  local client = helper().open("fincode", transport)
  local value, err
  return function()
    value, err = client:repay(helper().arguments.fincode.repay)
  end, function()
    local sent = #transport.requests
    client:close()
    if sent > 1 then
      error("the repayment was sent " .. sent .. " times", 0)
    elseif value ~= nil and (err ~= nil or value.amount_minor ~= 5000000) then
      error("a receipt that is none", 0)
    elseif err ~= nil and err.outcome == "not_sent" and sent > 0 then
      error("sent " .. sent .. " times, but the outcome is " .. err.outcome, 0)
    end
    value, err = nil, nil
  end
end

function scenarios.feed()
  local body = canned().read("carbon/schedule.200.json")
  local bytes = "HTTP/1.1 200 OK\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  return over("carbon", {}, function(client)
    local call = expect(client:prepare("schedule", { loan_id = "x" }))
    call:next(0, 0)
    local _ = call:wire().bytes
    for at = 1, #bytes, 100 do
      if call:feed(bytes:sub(at, at + 99)) == "stop" then
        break
      end
    end
    call:answer(1, 1)
    if call:next(1, 1) == "done" then
      expect(call:result()):close()
    end
    call:close()
  end)
end

-- As inside nginx, where Lua is LuaJIT's.
local function cosocket()
  local native, steps = require "repay.native.core", require "repay.ngx.steps"
  local body = canned().read("carbon/schedule.200.json")
  local bytes = "HTTP/1.1 200 OK\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  return over("carbon", {}, function(client)
    local call = expect(client:prepare("schedule", { loan_id = "x" }))
    expect((native.cosocket_place(client)))
    expect((native.client_of(call)))
    if steps.go_on(call) == steps.SEND then
      local request = steps.request(call)
      steps.take(call, bytes, #request == 0)
    end
    if steps.go_on(call) == steps.OVER then
      expect(native.result(call)):close()
    end
    call:close()
  end)
end

if rawget(_G, "jit") then
  scenarios.cosocket = cosocket
end

-- Whatever fails on the way, every call is answered once at most, and all are closed in the end.
function scenarios.each()
  local repay = require "repay"
  return over("carbon", { "carbon/schedule.200.json", "carbon/loan_not_found.400.json" },
    function(client)
      local items = { "LOAN_1", "LOAN_2", { loan_id = "LOAN_3" } }
      local run = repay.each(client:calls("schedule", items),
        { deadline_ms = 60000, rate = 1000, per_host = 1, stop_on = "memory" })
      local ok, raised = pcall(function()
        for _, schedule in run do
          if schedule then
            schedule:close()
          end
        end
      end)
      run:close()
      if not ok then
        error(raised, 0)
      end
      return client:stats()
    end)
end

-- The same over a real socket: the engine's memory is Lua's, so it fails in turn as well.
local function over_curl(plan, provider, job)
  local server = require("spec.support.loopback").listen("127.0.0.1")
  server:plan(plan)
  local options = helper().options(provider, { base_url = "http://127.0.0.1:" .. server:port() })
  options.environment = nil
  local client = require("repay").open(provider, options)
  package.loaded["repay.curl"] = nil -- loading it is part of the first call
  return function()
    return job(client)
  end, function()
    local sent = #server:requests()
    client:close()
    server:close()
    return sent
  end
end

local function reply(path)
  local body = canned().read(path)
  return { { "send", "HTTP/1.1 200 OK\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body } }
end

function scenarios.curl_read()
  return over_curl(reply("carbon/schedule.200.json"), "carbon", function(client)
    expect(client:schedule { loan_id = "x" }):close()
  end)
end

function scenarios.curl_repay()
  local value, err
  local run, close = over_curl(reply("fincode/repay.200.json"), "fincode", function(client)
    value, err = client:repay(helper().arguments.fincode.repay)
  end)
  return run, function()
    local sent = close()
    if sent > 1 then
      error("the repayment was sent " .. sent .. " times", 0)
    elseif value ~= nil and (err ~= nil or value.amount_minor ~= 5000000) then
      error("a receipt that is none", 0)
    elseif err ~= nil and err.outcome == "not_sent" and sent > 0 then
      error("sent " .. sent .. " times, but the outcome is " .. err.outcome, 0)
    end
    value, err = nil, nil
  end
end

local names = {}
for name in pairs(scenarios) do
  names[#names + 1] = name
end
table.sort(names)

return names, function(name)
  local run, check = scenarios[name]()
  return run, function(ended_well)
    if check then
      check(ended_well)
    end
    collectgarbage()
    collectgarbage()
    local loaded = package.loaded["repay.native.core"]
    if loaded and loaded.live() ~= 0 then
      error(loaded.live() .. " objects are still alive", 0)
    end
  end
end
