-- Kills workers at named points and at random moments, starts them again, and lets the sandbox's
-- ledger judge: nothing doubled, lost or stuck, and a second recovery changes nothing.
--
--   lua5.4 spec/crash/harness.lua named|random RUNS [LANE LANES] [SEED] [POINT]
--
-- Prints TAP, a line for each point, VM, mode and reading of the list. Real processes, a real
-- server; each is ended by its own process id.
local cqueues = require "cqueues"
local points = require "spec.crash.points"
local json = require "repay.sandbox.json"
local process = require "spec.support.sandbox_process"
local socket = require "cqueues.socket"

local ROOT = os.getenv("REPAY_ROOT") or "."
local VMS = { { "lua54", "lua5.4" }, { "lua51", "luajit" } }
local MODES = { "honoured", "unproven" }
local LISTS = { "records", "installments" }
-- Beyond any deadline and the settle delay, so that what was unknown can be decided.
local SETTLED_MS = 3600000
local NOTICED_MS = 5000
local WAIT_S = 10
-- In memory where there is such a place: a process that is killed loses nothing that the system
-- has, and a disk's waits would take most of the time. Power cuts are tried elsewhere.
local function scratch()
  local file = io.open("/proc/mounts", "r")
  local mounts = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return mounts:find("tmpfs /dev/shm tmpfs rw", 1, true) and "/dev/shm" or "/tmp"
end
local SCRATCH = scratch()

local ROWS = 3
local HEADER = "payment_date,customer_id,account_id,bank_account_id,amount,reference\n"
local ROW = "2025-01-20,123e4567-e89b-12d3-a456-426614174010,223e4567-e89b-12d3-a456-4266141740%s,"
  .. "323e4567-e89b-12d3-a456-426614174012,%d.00,CRASH %d\n"

local kind, runs = arg[1], tonumber(arg[2] or "5")
local lane, lanes = tonumber(arg[3] or "1"), tonumber(arg[4] or "1")
local seed, only_point = tonumber(arg[5] or "1"), arg[6]

local function run_command(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

-- Control of the sandbox, over one kept connection ----------------------------------------------

local function connect(origin)
  local host, port = origin:match("^http://([^:]+):(%d+)$")
  local connection = assert(socket.connect(host, tonumber(port)))
  connection:setmode("bn", "bn")
  connection:settimeout(WAIT_S)
  assert(connection:connect())
  return connection, host .. ":" .. port
end

local function ask(server, method, path, body)
  local text = body and json.write(body) or ""
  assert(server.connection:xwrite(("%s /_sandbox/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d"
    .. "\r\nContent-Type: application/json\r\n\r\n%s"):format(method, path, server.host, #text,
    text), "bn"))
  local length
  repeat
    local line = assert(server.connection:xread("*L", "bn"), "the sandbox does not answer")
    length = tonumber(line:lower():match("^content%-length: (%d+)")) or length
  until line == "\r\n"
  local reply = length > 0 and assert(server.connection:xread(length, "bn")) or "{}"
  local value = json.plain(assert(json.read(reply)))
  assert(not (type(value) == "table" and value.error), type(value) == "table" and value.error)
  return value
end

local function start_server()
  local server = process.start("--loans", "0", "--tls")
  server.connection, server.host = connect(server.origin)
  return server
end

-- Workers ---------------------------------------------------------------------------------------

local function start(case, task, options, crash_at)
  local words = {}
  for name, value in pairs(options) do
    words[#words + 1] = process.quote(name .. "=" .. tostring(value))
  end
  local environment = ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;' LUA_CPATH='%s/build/"
    .. "crash/%s/?.so;;' %s"):format(ROOT, ROOT, ROOT, ROOT, case.vm[1],
    crash_at and "REPAY_CRASH_AT=" .. crash_at or "")
  local command = ("echo $$; exec env %s %s %s/spec/crash/worker.lua task=%s %s 2>&1"):format(
    environment, case.vm[2], ROOT, task, table.concat(words, " "))
  local pipe = assert(io.popen(command, "r"))
  return { pipe = pipe, pid = pipe:read("*l") }
end

local function kill(worker)
  os.execute("kill -9 " .. worker.pid .. " 2>/dev/null")
end

-- Its output, and how it ended: true, or the signal that ended it.
local function finish(worker)
  local text = worker.pipe:read("*a")
  local _, how, code = worker.pipe:close()
  local killed = how == "signal" and code == 9 or code == 137
  return text, killed and "killed" or code
end

-- Waits until the ledger shows that the request is where it should be.
local function wait_for(server, what)
  local until_s = cqueues.monotime() + WAIT_S
  while cqueues.monotime() < until_s do
    local ledger = ask(server, "GET", "ledger")
    for _, request in ipairs(ledger.requests) do
      if request.route == "repay_loan" and (what == "arrived" or #ledger.repayments > 0) then
        return true
      end
    end
    cqueues.sleep(0.005)
  end
  return false
end

-- Passes bytes on to the server, until the second connection begins its handshake: a repayment has
-- a connection of its own, and what came before it was a list.
local function listen_and_kill(port, get_worker)
  local proxy = { count = 0 }
  local listener = assert(socket.listen("127.0.0.1", 0))
  listener:listen()
  local _, _, own_port = listener:localname()
  proxy.port = own_port
  proxy.loop = cqueues.new()
  local function pass(from, to)
    from:setmode("bn", "bn")
    while true do
      local bytes = from:xread(-65536, "bn")
      if not bytes then break end
      if not to:xwrite(bytes, "bn") then break end
    end
    to:shutdown("w")
  end
  proxy.loop:wrap(function()
    for client in listener:clients() do
      proxy.count = proxy.count + 1
      if proxy.count == 2 then
        client:setmode("bn", "bn")
        client:xread(-16, "bn")
        kill(get_worker())
        client:close()
        break
      end
      local above = socket.connect("127.0.0.1", port)
      above:setmode("bn", "bn")
      client:setmode("bn", "bn")
      client:onerror(function(_, _, why) return why end)
      above:onerror(function(_, _, why) return why end)
      proxy.loop:wrap(function() pass(client, above) end)
      proxy.loop:wrap(function() pass(above, client) end)
    end
    proxy.done = true
    listener:close()
  end)
  function proxy.run()
    local until_s = cqueues.monotime() + WAIT_S
    while not proxy.done and cqueues.monotime() < until_s do
      proxy.loop:step(0.05)
    end
    return proxy.done
  end
  return proxy
end

-- One run ---------------------------------------------------------------------------------------

local function write_file(path)
  local file = assert(io.open(path, "wb"))
  file:write(HEADER)
  for i = 1, ROWS do
    file:write(ROW:format(i % 2 == 0 and "11" or "15", 1000 + 100 * i, i))
  end
  file:close()
end

local function options_of(case, server, directory, point)
  local options = {
    base_url = server.settings.fincode.base_url, keys = case.keys,
    journal = directory .. "/journal/pay.db", file = directory .. "/pay.csv",
    summary = directory .. "/summary.csv", now = case.now,
  }
  for name, value in pairs(point and point.options or {}) do
    options[name] = value == true and directory .. "/" .. name or value
  end
  return options
end

local function advance(case, server, ms)
  case.now = case.now + ms
  ask(server, "POST", "clock", { advance_ms = ms })
end

-- A provider whose keys are not proven looks at none: whatever is sent to it twice is there twice.
local function set_faults(case, server, rules)
  ask(server, "DELETE", "faults")
  if case.keys == "unproven" then
    ask(server, "POST", "faults", { kind = "keys_ignored", route = "repay_loan" })
  end
  for _, rule in ipairs(rules) do
    ask(server, "POST", "faults", rule)
  end
end

-- The run that is killed. Returns nil, or what went wrong.
local function crash(case, server, directory, point, hit)
  local options = options_of(case, server, directory, point)
  set_faults(case, server, point.faults or {})
  local worker
  if point.kill == "tls" then
    local tls = server.tls_settings.fincode
    local proxy = listen_and_kill(tonumber(tls.base_url:match(":(%d+)/")),
      function() return worker end)
    options.base_url, options.ca_file = tls.base_url, tls.ca_file
    options.connect = "127.0.0.1:" .. proxy.port
    worker = start(case, "run", options)
    if not proxy.run() then
      kill(worker)
      finish(worker)
      return "no second connection came"
    end
  elseif point.kill then
    worker = start(case, "run", options)
    local arrived = wait_for(server, point.kill)
    kill(worker)
    if not arrived then
      return "the request never came: " .. finish(worker)
    end
  else
    worker = start(case, "run", options, point.name .. ":" .. hit)
  end
  local text, how = finish(worker)
  set_faults(case, server, {})
  local is_reached = not point.only or point.only == case.keys
  if is_reached and how ~= "killed" then
    return ("was not killed (%s): %s"):format(tostring(how), text)
  elseif not is_reached and (how == "killed" or not text:find("done\n$")) then
    return "should not come here: " .. text
  end
  return nil
end

local function again(case, server, directory, task)
  local text, how = finish(start(case, task, options_of(case, server, directory)))
  if how == "killed" or not text:find("done\n$") then
    return nil, task .. " failed: " .. text
  end
  return text
end

-- At most once ends at one record, or at none with an entry that says so.
local WITHOUT_RECORD = { unknown = true, absent = true }
local WITH_RECORD = { unknown = true, accepted = true, verified = true }

local function fault_of(state, action, records)
  if records > 1 then
    return "double: " .. records .. " records"
  elseif state == "sending" or state == "unknown" and action == "none" then
    return "stuck: " .. state .. ", " .. action
  elseif state == "approved" or state == "planned" then
    return "lost: still " .. state .. " at the end"
  elseif records == 0 and not WITHOUT_RECORD[state] then
    return "lost: no record and the entry says " .. state
  elseif records == 1 and not WITH_RECORD[state] then
    return "recorded, and the entry says " .. state
  end
  return nil
end

-- What semantics.md calls double, lost and stuck.
local function judge(case, server, text, point)
  local count, entries, faults = {}, 0, {}
  for _, record in ipairs(ask(server, "GET", "ledger").repayments) do
    count[record.key] = (count[record.key] or 0) + 1
  end
  local before, after = text:match("events%s+(%d+)%s+(%d+)")
  if before ~= after then
    faults[#faults + 1] = "a second recovery made " .. after - before .. " events"
  end
  for key, state, action in text:gmatch("entry%s+(%S+)%s+(%S+)%s+(%S+)") do
    local records = count[key] or 0
    count[key] = nil
    entries = entries + 1
    faults[#faults + 1] = fault_of(state, action, records)
    local ends_at_one = case.keys == "honoured" and not point.advance_ms
    if ends_at_one and not (records == 1 and state == "accepted") then
      faults[#faults + 1] = ("not exactly one: %d records, %s"):format(records, state)
    end
  end
  for key in pairs(count) do
    faults[#faults + 1] = "a record that no entry has: " .. key
  end
  if entries ~= ROWS then
    faults[#faults + 1] = "lost: " .. entries .. " entries of " .. ROWS .. " rows"
  end
  return table.concat(faults, "; ")
end

local function recover(case, server, directory, point)
  -- Somebody has to notice first; and a clock that stood still would have gone back.
  advance(case, server, NOTICED_MS)
  local _, why = again(case, server, directory, "run")
  if why then
    return why
  end
  -- Where keys are honoured the second run has sent what was left; nothing is to be waited for.
  if case.keys ~= "honoured" or point.advance_ms then
    advance(case, server, SETTLED_MS)
    _, why = again(case, server, directory, "settle")
  end
  if why then
    return why
  end
  advance(case, server, SETTLED_MS)
  local text, failure = again(case, server, directory, "show")
  if not text then
    return failure
  end
  return judge(case, server, text, point)
end

local function prepare(case, server)
  ask(server, "POST", "reset")
  ask(server, "POST", "switches", { list = case.list })
  set_faults(case, server, {})
  local now = ask(server, "GET", "clock").unix_ms
  case.now = now
  local directory = run_command("mktemp -d -p " .. SCRATCH):match("%S+")
  os.execute("mkdir -m 700 " .. directory .. "/journal")
  write_file(directory .. "/pay.csv")
  return directory
end

local function clean(directory)
  assert(directory:find("/tmp%.%w+$"))
  os.execute("rm -r --one-file-system " .. directory)
end

local function named_run(case, server, point, hit)
  local directory = prepare(case, server)
  local why
  if point.schema_0 then
    local place = directory .. "/journal/pay.db"
    os.execute(("cp %s/spec/journal/schema_0.journal %s && chmod 600 %s")
      :format(ROOT, place, place))
  end
  if point.first then
    why = crash(case, server, directory, { name = point.first }, 1)
    advance(case, server, NOTICED_MS)
  end
  if not why and point.advance_ms then
    advance(case, server, point.advance_ms)
  end
  why = why or crash(case, server, directory, point, hit)
  if not why then
    local wrong = recover(case, server, directory, point)
    why = wrong ~= "" and wrong or nil
  end
  if not why then
    clean(directory)
  end
  return why, directory
end

-- How long a run takes that nobody disturbs, here and now.
local function whole_run(case, server)
  local directory = prepare(case, server)
  local worker = start(case, "run", options_of(case, server, directory))
  local began = cqueues.monotime()
  finish(worker)
  local seconds = cqueues.monotime() - began
  clean(directory)
  return seconds
end

-- Whether it was still at work when it was killed, and what was wrong then.
local function random_run(case, server, seconds)
  local directory = prepare(case, server)
  local worker = start(case, "run", options_of(case, server, directory))
  cqueues.sleep(seconds)
  kill(worker)
  local _, how = finish(worker)
  local wrong = recover(case, server, directory, {})
  if wrong == "" then
    clean(directory)
    return how == "killed"
  end
  return how == "killed", ("%s: %s"):format(directory, wrong)
end

-- All of them -----------------------------------------------------------------------------------

local function combinations()
  local list = {}
  for _, vm in ipairs(VMS) do
    for _, keys in ipairs(MODES) do
      for _, reading in ipairs(LISTS) do
        list[#list + 1] = { vm = vm, keys = keys, list = reading,
          name = ("%s, keys %s, list of %s"):format(vm[2], keys, reading) }
      end
    end
  end
  return list
end

local number, failed = 0, 0

local function report(name, wrong)
  number = number + 1
  if #wrong == 0 then
    print(("ok %d - %s"):format(number, name))
    return
  end
  failed = failed + 1
  print(("not ok %d - %s"):format(number, name))
  for _, text in ipairs(wrong) do
    print("# " .. text:gsub("\n", "\n# "))
  end
end

local function run_named(server)
  local turn = 0
  for _, point in ipairs(points) do
    for _, case in ipairs(combinations()) do
      turn = turn + 1
      local wrong = {}
      if turn % lanes == lane % lanes and (not only_point or only_point == point.name) then
        for run = 1, runs do
          local hit = (run - 1) % point.hits + 1
          local why, directory = named_run(case, server, point, hit)
          if why then
            wrong[#wrong + 1] = ("run %d, hit %d, %s: %s"):format(run, hit, directory, why)
          end
        end
        report(("%s, %s: %d kills"):format(point.name, case.name, runs), wrong)
      end
    end
  end
end

-- From the start of the process to a little after its end.
local PAST_ITS_END = 1.2

local function run_random(server)
  math.randomseed(seed * lanes + lane)
  local cases = combinations()
  local kills, at_work = 0, 0
  for at, case in ipairs(cases) do
    local wrong = {}
    local own = math.floor(runs / #cases) + (at <= runs % #cases and 1 or 0)
    local longest_s = whole_run(case, server) * PAST_ITS_END
    for run = 1, own do
      local seconds = math.random() * longest_s
      if run % lanes == lane % lanes then
        local was_at_work, why = random_run(case, server, seconds)
        kills, at_work = kills + 1, at_work + (was_at_work and 1 or 0)
        wrong[#wrong + 1] = why and ("after %.1f ms, %s"):format(seconds * 1000, why)
      end
    end
    report(("at random moments, %s: lane %d of %d kills"):format(case.name, lane, own), wrong)
  end
  -- Kills that come too late would prove nothing.
  report(("at random moments: %d of %d were at work"):format(at_work, kills),
    at_work * 3 >= kills and {} or { "too few" })
end

local server = start_server()
local ok, raised = xpcall(kind == "random" and run_random or run_named, debug.traceback, server)
server:stop()
if not ok then
  print("not ok " .. number + 1 .. " - the harness itself\n# " .. raised:gsub("\n", "\n# "))
  number = number + 1
end
print("1.." .. number)
os.exit(ok and failed == 0 and 0 or 1)
