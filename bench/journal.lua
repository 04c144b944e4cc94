-- The journal next to plain SQLite with the same settings: durable commits, planning a large file
-- in one commit, and taking over what many dead processes left.
--
--   journal.lua PEER DIRECTORY [ROUNDS] [OPEN]
--
-- PEER is the program bench-journal_sqlite, DIRECTORY a place on the disk that is to be measured.
-- Rounds alternate; the medians are compared. Prints a name and a figure a line.
local repay = require "repay"

local transport = { send = function() return nil, { kind = "connect", sent = "no" } end,
  sleep = function() end }

local peer, directory = assert(arg[1]), assert(arg[2])
local rounds = tonumber(arg[3] or "3")

local COMMITS = 1000
local PLANNED = 20000
local OPEN = tonumber(arg[4] or "10000")

local NOW = 1737360000000

local function run(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

-- Wall time for commits, which mostly wait for a disk; CPU time for what is one commit.
local function seconds()
  return tonumber((run("date +%s.%N")))
end

local client = assert(repay.open("fincode", {
  token = "t", customer_ip = "127.0.0.1", currency = "NGN", zone = "+01:00",
  transport = transport,
}))

local function arguments(i)
  return {
    customer_id = "123e4567-e89b-12d3-a456-426614174010",
    account_id = "223e4567-e89b-12d3-a456-426614174011",
    bank_account_id = "323e4567-e89b-12d3-a456-426614174012",
    amount_minor = 100 + i, reference = "REF", payment_date = "2025-01-20",
  }
end

local made = 0

local function new_journal(place)
  made = made + 1
  local path = ("%s/bench-%d-%d.db"):format(place or directory, os.time(), made)
  return assert(repay.journal(path, { unix_ms = function() return NOW end })), path
end

local function remove(path)
  for _, ending in ipairs { "", "-wal", "-shm", "-lock" } do
    os.remove(path .. ending)
  end
end

local raw = require("repay.journal").raw

-- Rows as plan makes them, with keys that no list is asked about.
local function rows_of(count)
  local rows = {}
  for i = 1, count do
    rows[i] = assert(require("repay.journal.rows").new(client, arguments(i), "derived", NOW, 1))
  end
  return rows
end

local function approve_all(journal, entries)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = entry.id
  end
  assert(journal:approve { ids = ids })
  return ids
end

local function calls_of(journal, ids)
  local calls = {}
  for i, id in ipairs(ids) do
    local entry = assert(journal:entry(id))
    entry.arguments.idempotency_key = entry.key
    calls[i] = assert(client:prepare("repay", entry.arguments))
  end
  return calls
end

local ACT = { unix_ms = NOW }

local function before_of(journal)
  return assert(raw.before(journal, {
    unix_ms = NOW, provider = client.provider, environment = client.environment,
    label = client.label, customer = "123e4567-e89b-12d3-a456-426614174010", records = {},
    complete = true,
  }))
end

-- Two commits an entry: the claim, and what became of it.
local function measure_commits()
  local journal, path = new_journal()
  local plan = assert(raw.plan(journal, rows_of(COMMITS / 2), ACT))
  local ids = approve_all(journal, plan.entries)
  local calls, before = calls_of(journal, ids), before_of(journal)
  local began = seconds()
  for i, id in ipairs(ids) do
    local owner = assert(journal:own(id))
    assert(owner:claim(calls[i], { unix_ms = NOW, before = before }))
    assert(owner:settle { unix_ms = NOW, outcome = "accepted", receipt_id = "r" .. i })
    owner:close()
  end
  local rate = COMMITS / (seconds() - began)
  journal:close()
  remove(path)
  return rate
end

local function measure_planning()
  local journal, path = new_journal()
  local began = os.clock()
  local rows = rows_of(PLANNED)
  local prepared = os.clock()
  assert(#assert(raw.plan(journal, rows, ACT)).entries == PLANNED)
  local planned = os.clock()
  journal:close()
  remove(path)
  return planned - began, planned - prepared
end

-- Entries that were claimed by processes that are gone. In memory, because ten thousand claims on a
-- disk take minutes and only what comes after them is measured, in CPU time.
local function measure_recovery(place)
  local journal, path = new_journal(place)
  local plan = assert(raw.plan(journal, rows_of(OPEN), ACT))
  local ids = approve_all(journal, plan.entries)
  local calls, before = calls_of(journal, ids), before_of(journal)
  for i, id in ipairs(ids) do
    local owner = assert(journal:own(id))
    assert(owner:claim(calls[i], { unix_ms = NOW, before = before }))
    owner:close()
    calls[i]:close()
  end
  collectgarbage()
  local began = os.clock()
  local found = assert(raw.recover(journal, ACT))
  local took = os.clock() - began
  assert(#found == OPEN and found[1].state == "unknown")
  journal:close()
  remove(path)
  return took
end

local function peer_figure(kind, count, name, place)
  made = made + 1
  local path = ("%s/peer-%d-%d.db"):format(place or directory, os.time(), made)
  local text = run(("'%s' %s '%s' %d"):format(peer, kind, path, count))
  remove(path)
  return assert(tonumber(text:match(name .. " ([%d.]+)")), "the peer failed")
end

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

local figures = {}
local function note(name, value)
  figures[name] = figures[name] or {}
  table.insert(figures[name], value)
end

local memory = run("mktemp -d -p /dev/shm 2>/dev/null"):match("%S+") or directory

for _ = 1, rounds do
  local ours, theirs = measure_commits(), peer_figure("commits", COMMITS, "commits_s")
  note("commits_s", ours)
  note("peer_commits_s", theirs)
  note("commits_ratio", ours / theirs)
  local whole, one_commit = measure_planning()
  note("plan_s", whole)
  note("plan_commit_s", one_commit)
  local took = measure_recovery(memory)
  local plain = peer_figure("update", OPEN, "update_s", memory)
  note("recover_s", took)
  note("peer_update_s", plain)
  note("recover_ratio", took / plain)
end
for _, name in ipairs { "commits_s", "peer_commits_s", "commits_ratio", "plan_s", "plan_commit_s",
  "recover_s", "peer_update_s", "recover_ratio" } do
  print(("%s %.6g"):format(name, median(figures[name])))
end
client:close()
if memory ~= directory then
  os.execute("rmdir " .. memory)
end
