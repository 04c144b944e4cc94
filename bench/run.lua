-- Runs the arms and prints one table: what was measured, its floor, its goal, and whether it holds.
--
-- Takes the build directory and the checkout. With BENCH_QUICK in the environment there are fewer
-- rounds and a tenth of the rows in the large bodies. A floor that is missed is reported and is no
-- failure of the run; a sum that is wrong stops it.

local arms = require("bench.arms")
local bodies = require("bench.bodies")

local build = assert(arg[1], "run.lua BUILD")
local root = arg[2] or "."
local quick = (os.getenv("BENCH_QUICK") or "") ~= ""
local work = build .. "/bench"
local rounds = quick and 3 or 9
local large = quick and 100000 or 1000000
local large_rounds = quick and 1 or 3

local VMS = {
  { name = "Lua 5.4", program = os.getenv("LUA54") or "lua5.4", directory = "lua54" },
  { name = "LuaJIT", program = os.getenv("LUAJIT") or "luajit", directory = "lua51" },
}

-- Times faster than lua-cjson and a loop: the promise is for Lua 5.4 at 10,000 rows. Elsewhere the
-- goal is what the research says a reader alone can reach; a single row mostly measures the call
-- around it, which the peer's arm does not have.
local FASTER = {
  ["Lua 5.4"] = {
    [1] = { goal = 4 },
    [12] = { goal = 12 },
    [100] = { goal = 15 },
    [10000] = {
      carbon = { floor = 11, goal = 13 },
      pezesha = { floor = 10, goal = 12 },
      fincode = { floor = 7.5, goal = 9 },
    },
  },
  ["LuaJIT"] = {
    [1] = { goal = 2.5 },
    [12] = { goal = 8 },
    [100] = { goal = 10 },
    [10000] = { goal = 8 },
  },
}
local NODE = { [100] = { goal = 6 }, [10000] = { goal = 6 } }
-- Bytes a row at 10,000 rows, and a loan of six.
local KEPT = { fincode = 110, pezesha = 80, carbon = 48 }
local KEPT_SMALL = { fincode = 1100, pezesha = 560, carbon = 400 }

local missed = 0

local function line(what, measured, limit, is_at_most, unit)
  local verdict = ""
  if limit and limit.floor then
    local holds = measured >= limit.floor
    if is_at_most then holds = measured <= limit.floor end
    verdict = holds and "ok" or "below"
    if not holds then missed = missed + 1 end
  end
  local function show(value)
    return value and ("%s%g"):format(is_at_most and "<= " or ">= ", value) or ""
  end
  print(("%-52s %9s %9s %12s  %s"):format(what, show(limit and limit.floor),
    show(limit and limit.goal), ("%.4g%s"):format(measured, unit or ""), verdict))
end

local function run(command)
  local pipe = assert(io.popen(command, "r"))
  local values = {}
  for text in pipe:lines() do
    local name, value = text:match("^(%S+) (%S+)$")
    if name then values[name] = tonumber(value) end
  end
  local ok, _, status = pipe:close()
  -- Lua 5.1's close tells nothing: an arm that failed has not printed what is asked for.
  if ok == false or ok == nil or (status and status ~= 0) or not next(values) then
    error("failed: " .. command, 0)
  end
  return values
end

local function paths_of(vm)
  return ("env LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;' LUA_CPATH='%s/%s/?.so;;'")
    :format(root, root, root, build, vm.directory)
end

-- The command that runs one of the programs beside this one.
local function script(vm, name, ...)
  return table.concat({ paths_of(vm), vm.program, root .. "/bench/" .. name .. ".lua", ... }, " ")
end

local function body_file(provider, rows)
  local path = ("%s/%s-%d.json"):format(work, provider, rows)
  local file = io.open(path .. ".sums", "r")
  if file then
    file:close()
  else
    os.execute(script(VMS[2], "bodies", provider, rows, path))
  end
  return path
end

local function heading(text)
  print("")
  print(("%-52s %9s %9s %12s"):format(text, "floor", "goal", "measured"))
  print(("-"):rep(88))
end

local has_node = os.execute("node --version >/dev/null 2>&1")
has_node = has_node == true or has_node == 0

local function parse_bench()
  local kept = {}
  for _, rows in ipairs({ 1, 12, 100, 10000 }) do
    heading(("times faster than lua-cjson + loop, %d row%s"):format(rows, rows == 1 and "" or "s"))
    for _, provider in ipairs(arms.names) do
      local path = body_file(provider, rows)
      local ours
      for _, vm in ipairs(VMS) do
        local got = run(script(vm, "parse", provider, path, rounds))
        local limit = FASTER[vm.name][rows]
        line(("%s, %s (%.0f ns a row, cjson %.0f)"):format(provider, vm.name, got.repay_ns_row,
          got.peer_ns_row), got.ratio, limit[provider] or limit, false)
        if vm.name == "Lua 5.4" then
          ours = got.repay_ns_row
          if rows == 10000 then kept[provider] = got end
        end
      end
      if has_node then
        local got = run(("node %s/bench/parse.js %s %s %d %s"):format(root, provider, path, rounds,
          bodies.AS_OF))
        line(("%s, node's JSON.parse (%.0f ns a row)"):format(provider, got.node_ns_row),
          got.node_ns_row / ours, NODE[rows], false)
      end
    end
  end
  return kept
end

local function kept_bench(kept)
  heading("bytes kept")
  for _, provider in ipairs(arms.names) do
    local got = kept[provider]
    line(("%s, a row of 10,000 (as cjson tables %.0f)"):format(provider, got.peer_kept / 10000),
      got.kept / 10000, { floor = KEPT[provider] }, true)
  end
  for _, provider in ipairs(arms.names) do
    local got = run(script(VMS[1], "parse", provider, body_file(provider, 6), 1))
    line(("%s, a loan of 6 rows (as cjson tables %.0f)"):format(provider, got.peer_kept), got.kept,
      { floor = KEPT_SMALL[provider] }, true)
  end
end

local function receive(vm, provider, path)
  local server = assert(io.popen(("exec %s/bench-serve %s %s"):format(work,
    body_file(provider, 10000), path), "r"))
  local port, pid = server:read("*l"):match("^(%d+) (%d+)$")
  local ok, got = pcall(run, script(vm, "receive", "repay", provider, path, large_rounds, port))
  os.execute("kill " .. pid)
  server:close()
  if not ok then error(got, 0) end
  return got
end

local function large_bench()
  heading(("%d rows received over libcurl"):format(large))
  print("(repay's time includes the wire; the others have the body in memory before theirs starts)")
  for _, provider in ipairs(arms.names) do
    local path = body_file(provider, large)
    local ours
    for _, vm in ipairs(VMS) do
      local got = receive(vm, provider, path)
      ours = ours or got
      line(("%s, %s: peak over kept (%.0f MB kept)"):format(provider, vm.name, got.kept / 1e6),
        got.peak / got.kept, { floor = 1.25, goal = 1.1 }, true)
      local peer = run(script(vm, "receive", "peer", provider, path, large_rounds))
      line(("%s, %s: times faster than cjson (%.0f ns a row, %.0f)"):format(provider, vm.name,
        got.ns_row, peer.ns_row), peer.ns_row / got.ns_row, nil, false)
      for _, sum in ipairs(arms[provider].sums) do
        if peer["error_" .. sum] ~= 0 then
          print(("    cjson's %s is wrong by %+d minor units, repay's by 0"):format(sum,
            peer["error_" .. sum]))
        end
      end
    end
    if has_node then
      local worked, got = pcall(run, ("node --max-old-space-size=8000 %s/bench/parse.js %s %s 1 %s"
        .. " 2>%s/node.log"):format(root, provider, path, bodies.AS_OF, work))
      if worked then
        line(("%s, node's JSON.parse (%.0f ns a row)"):format(provider, got.node_ns_row),
          got.node_ns_row / ours.ns_row, nil, false)
      else
        print(("%s: node cannot, the body is longer than its strings may be"):format(provider))
      end
    end
    os.remove(path)
    os.remove(path .. ".sums")
  end
end

local function figures_bench()
  heading(("questions about %d rows, Lua 5.4"):format(large))
  for _, provider in ipairs({ "carbon", "pezesha" }) do
    local dump = ("%s/%s.dump"):format(work, provider)
    local got = run(script(VMS[1], "figures", provider, body_file(provider, large), large_rounds,
      dump))
    local plain = run(("%s/bench-figures %s %d %s"):format(work, dump, 5 * large_rounds,
      bodies.AS_OF))
    os.remove(dump)
    line(("%s: totals over a plain C loop (%.2g ns a row, %.2g)"):format(provider,
      plain.totals_ns, plain.totals_loop_ns), plain.totals_ratio, { floor = 1.5 }, true)
    line(("%s: the same, if the loop checks nothing"):format(provider),
      plain.totals_bare_ratio, nil, true)
    line(("%s: ageing over a plain C loop (%.2g ns a row, %.2g)"):format(provider,
      plain.ageing_ns, plain.ageing_loop_ns), plain.ageing_ratio, { floor = 3 }, true)
    line(("%s: the same, if the loop checks nothing"):format(provider),
      plain.ageing_bare_ratio, nil, true)
    line(("%s: report, times faster than a loop over tables"):format(provider), got.report_ratio,
      { floor = 40 }, false)
    line(("%s: the same, if the loop remembers each date"):format(provider),
      got.report_known_ratio, nil, false)
    line(("%s: each of 4 columns over tables (%.0f ns, %.0f)"):format(provider, got.each_ns,
      got.each_peer_ns), got.each_ratio, { floor = 0.7 }, true)
    line(("%s: portfolio add over parsing (%.0f ns, %.0f)"):format(provider, got.add_ns,
      got.parse_ns), got.add_ratio, { floor = 0.25 }, true)
    if got.loans > 1000 then
      line(("%s: bytes a loan, of %.0f"):format(provider, got.loans), got.bytes_a_loan,
        { floor = 96 }, true)
    end
  end
end

local function startup_bench()
  heading("start: a program that only requires repay, over cjson")
  for _, vm in ipairs(VMS) do
    local got = run(([[%s %s/bench-startup %d %s -e 'require "repay"' -- %s -e 'require "cjson"']])
      :format(paths_of(vm), work, quick and 20 or 60, vm.program, vm.program))
    line(("%s (%.2f ms, cjson %.2f)"):format(vm.name, got.ms, got.peer_ms), got.ratio,
      { floor = 1.4, goal = 1.15 }, true)
  end
end

local function command_bench()
  heading("the command")
  for _, vm in ipairs(VMS) do
    local got = run(("%s %s/bench-startup %d %s %s/lua/bin/repay version -- %s -e ''"):format(
      paths_of(vm), work, quick and 20 or 60, vm.program, root, vm.program))
    line(("%s: repay version less two bare starts, ms (%.2f, %.2f)"):format(vm.name, got.ms,
      got.peer_ms), got.ms - 2 * got.peer_ms, { floor = 10 }, true)
    local wrote = run(script(vm, "table"))
    line(vm.name .. ": a table of 10,000 rows, CPU seconds", wrote.table_s, { floor = 1 }, true)
    line(vm.name .. ": the same tab-separated", wrote.tsv_s, nil, true)
    line(vm.name .. ": the same as JSON", wrote.json_s, nil, true)
  end
end

-- On the disk that the build is on; in memory the waits that both have in common would be gone.
local function journal_bench()
  heading("the journal, next to plain SQLite with the same settings")
  local place = io.popen("mktemp -d -p " .. work, "r"):read("*l")
  local got = run(script(VMS[1], "journal", work .. "/bench-journal_sqlite", place,
    quick and 1 or 3, quick and 500 or 10000))
  os.execute("rm -r '" .. place .. "'")
  line(("durable commits a second over plain inserts (%.0f, %.0f)"):format(got.commits_s,
    got.peer_commits_s), got.commits_ratio, { floor = 0.8 }, false)
  line("planning 20,000 rows in one commit, CPU seconds", got.plan_s, nil, true)
  line(("taking over open entries, over plain updates (%.3f s, %.3f)"):format(got.recover_s,
    got.peer_update_s), got.recover_ratio, { goal = 3 }, true)
end

os.execute("mkdir -p " .. work)
print(("Medians of %d alternating rounds, CPU time%s"):format(rounds,
  quick and " (BENCH_QUICK)" or ""))
local kept = parse_bench()
kept_bench(kept)
startup_bench()
command_bench()
figures_bench()
journal_bench()
large_bench()
print("")
print(missed == 0 and "every floor holds" or missed .. " below the floor")
