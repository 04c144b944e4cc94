-- What a script asks of a million installments, next to the loops that it would write over
-- lua-cjson's tables: reading four fields of each row, and a report of totals, overdue and ageing.
-- Also what adding to a portfolio costs next to parsing, and what it keeps. Prints "name value"
-- lines for run.lua.
--
--   figures.lua PROVIDER FILE ROUNDS DUMP   the schedule's dump is left there, for figures.c
--
-- The process's CPU time, arms in turns, medians of the rounds' ratios.

local cjson = require("cjson")
local repay = require("repay")
local arms = require("bench.arms")
local bodies = require("bench.bodies")

local provider, path, rounds, dump_path = arg[1], arg[2], tonumber(arg[3]), arg[4]
local arm, AS_OF = arms[provider], bodies.AS_OF
local ENDS = { 30, 60, 90, 180 }
-- Accounts that the same loans are added under, so that a portfolio holds a million of them.
local ACCOUNTS = 12

local file = assert(io.open(path, "rb"))
local body = file:read("*a")
file:close()
local expected = bodies.read_sums(path)

local function open(label)
  return arms.open(repay, provider, {
    body_size_max = 2147483647,
    label = label,
    transport = {
      send = function() return { status = 200, headers = {}, body = body } end,
      sleep = function() end,
    },
  })
end

local function seconds_of(run, ...)
  collectgarbage()
  collectgarbage()
  local start = os.clock()
  local result = run(...)
  return os.clock() - start, result
end

local function median(list)
  table.sort(list)
  local middle = math.floor((#list + 1) / 2)
  return #list % 2 == 1 and list[middle] or (list[middle] + list[middle + 1]) / 2
end

local function say(name, value)
  print(("%s %.6g"):format(name, value))
end

--
-- The report, by hand
--

-- Days since an epoch of its own, as anyone would write it.
local function day_of(date)
  local year, month, number = date:match("^(%d+)-(%d+)-(%d+)$")
  year, month = tonumber(year), tonumber(month)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + tonumber(number)
end

-- The same for whoever has thought of working out each date only once.
local days_of = {}
local function known_day_of(date)
  local day = days_of[date]
  if not day then
    day = day_of(date)
    days_of[date] = day
  end
  return day
end

local function age(buckets, late, rest)
  local at = 1
  if late > 0 then
    at = 2
    while ENDS[at - 1] and late > ENDS[at - 1] do at = at + 1 end
  end
  buckets[at] = buckets[at] + rest
end

local by_peer = {}

function by_peer.carbon(rows, day_of_date)
  local principal, interest, due, paid, outstanding, overdue = 0, 0, 0, 0, 0, 0
  local buckets, today = { 0, 0, 0, 0, 0, 0 }, day_of(AS_OF)
  for i = 1, #rows do
    local row = rows[i]
    local rest = row.totalDue - row.paidAmount
    principal = principal + row.principalDue
    interest = interest + row.interestDue
    due = due + row.totalDue
    paid = paid + row.paidAmount
    if rest > 0 then
      local late = today - day_of_date(row.dueDate)
      outstanding = outstanding + rest
      if late > 0 then overdue = overdue + rest end
      age(buckets, late, rest)
    end
  end
  return { due, outstanding, overdue, buckets[2] }
end

function by_peer.pezesha(rows, day_of_date)
  local principal, interest, penalty, due, outstanding, overdue = 0, 0, 0, 0, 0, 0
  local buckets, today = { 0, 0, 0, 0, 0, 0 }, day_of(AS_OF)
  for i = 1, #rows do
    local row = rows[i]
    local rest = row.balance
    principal = principal + row.principal_amount
    interest = interest + row.interest_amount
    penalty = penalty + row.penalty_amount
    due = due + row.total_due
    if rest > 0 then
      local late = today - day_of_date(row.repayment_date)
      outstanding = outstanding + rest
      if late > 0 then overdue = overdue + rest end
      age(buckets, late, rest)
    end
  end
  for _, sum in ipairs({ due, outstanding, overdue, buckets[2] }) do
    buckets[#buckets + 1] = math.floor(sum * 100 + 0.5)
  end
  return { buckets[7], buckets[8], buckets[9], buckets[10] }
end

local function by_repay(schedule)
  local totals = assert(schedule:totals { as_of = AS_OF })
  local overdue = assert(schedule:overdue { as_of = AS_OF })
  local ageing = assert(schedule:ageing { as_of = AS_OF, buckets = ENDS })
  return { totals.total_due_minor, totals.outstanding_minor, overdue.overdue_minor,
    ageing.buckets[2].outstanding_minor }
end

--
-- Four fields of each row
--

local each_peer = {}

function each_peer.carbon(rows)
  local found = 0
  for i = 1, #rows do
    local row = rows[i]
    local due, total, paid, status = row.dueDate, row.totalDue, row.paidAmount, row.status
    if due and total and paid and status then found = found + 1 end
  end
  return found
end

function each_peer.pezesha(rows)
  local found = 0
  for i = 1, #rows do
    local row = rows[i]
    local due, total, rest, status = row.repayment_date, row.total_due, row.balance, row.status
    if due and total and rest and status then found = found + 1 end
  end
  return found
end

local function each_repay(schedule)
  local found = 0
  for _, due, total, rest, status in schedule:each("due_date", "total_due_minor",
    "outstanding_minor", "provider_status") do
    if due and total and rest and status then found = found + 1 end
  end
  return found
end

--
-- Parsing and adding
--

local function parse(client) return (assert(client:schedule(arm.arguments))) end

local function add(portfolio, schedule) return (assert(portfolio:add(schedule))) end

local function portfolio_bench()
  local ratios, adds, parses = {}, {}, {}
  local portfolio = assert(repay.portfolio { as_of = AS_OF })
  for account = 1, ACCOUNTS do
    local client = open("account " .. account)
    local parsed, schedule = seconds_of(parse, client)
    local added = seconds_of(add, portfolio, schedule)
    parses[account], adds[account], ratios[account] = parsed, added, added / parsed
    if account == 1 then
      local out = assert(io.open(dump_path, "wb"))
      assert(out:write(assert(schedule:dump())))
      out:close()
    end
    schedule:close()
    client:close()
  end
  say("add_ratio", median(ratios))
  say("add_ns", median(adds) / expected.rows * 1e9)
  say("parse_ns", median(parses) / expected.rows * 1e9)
  say("loans", portfolio.loans)
  say("bytes_a_loan", portfolio:memory() / portfolio.loans)
  local summary = seconds_of(function() return assert(portfolio:summary()) end)
  say("summary_ms", summary * 1000)
  portfolio:close()
end

local function loops_bench()
  local client = open("account")
  local schedule = parse(client)
  local reply = cjson.decode(body)
  local rows = provider == "carbon" and reply.data.schedule or reply.data
  local ours, theirs = by_repay(schedule), by_peer[provider](rows, day_of)
  for i, sum in ipairs(ours) do
    -- Major units in doubles collect an error that is not the arm's time: it is told by parse.lua.
    assert(math.abs(sum - theirs[i]) <= 1e-9 * sum, "the reports differ")
  end
  assert(each_repay(schedule) == #rows and each_peer[provider](rows) == #rows)
  local report = { ratio = {}, known = {}, ns = {} }
  local each = { ratio = {}, ns = {}, peer = {} }
  for round = 1, rounds do
    -- Ours is over before the clock has ticked often, so it runs many times.
    local mine = seconds_of(function()
      for _ = 1, 20 do by_repay(schedule) end
    end) / 20
    local peer = seconds_of(by_peer[provider], rows, day_of)
    report.ratio[round], report.ns[round] = peer / mine, mine
    report.known[round] = seconds_of(by_peer[provider], rows, known_day_of) / mine
    mine, peer = seconds_of(each_repay, schedule), seconds_of(each_peer[provider], rows)
    each.ratio[round], each.ns[round], each.peer[round] = mine / peer, mine, peer
  end
  say("report_ratio", median(report.ratio))
  say("report_known_ratio", median(report.known))
  say("report_ns", median(report.ns) / expected.rows * 1e9)
  say("each_ratio", median(each.ratio))
  say("each_ns", median(each.ns) / expected.rows * 1e9)
  say("each_peer_ns", median(each.peer) / expected.rows * 1e9)
  schedule:close()
  client:close()
end

portfolio_bench()
loops_bench()
