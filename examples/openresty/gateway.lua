-- The handlers of a gateway: schedules, repayments, what is late, and numbers for a monitor.
--
-- Clients are opened before nginx forks and serve all requests of a worker. The journal is opened
-- by each worker for itself. A repayment is answered only when the journal has it on disk.
local json = require "cjson.safe"
local repay = require "repay"

local gateway = {}

-- What /schedule and /overdue ask each provider, and under which name the id goes.
local questions = {
  carbon = { "schedule", "loan_id" },
  pezesha = { "schedule", "merchant_id" },
  fincode = { "pending", "user_id" },
}

local fields = { "loan_id", "number", "due_date", "status" }

-- As decimal text: cjson writes no more than fourteen digits of a number.
local amounts = { "principal", "interest", "penalty", "total_due", "paid", "outstanding" }

local RECOVER_EVERY_S = 5
local BODY_MAX = 16384

local clients, cache, journal = {}, nil, nil
local metrics = ngx.shared.gateway_metrics

local function count(name, labels)
  local parts = {}
  for label, value in pairs(labels) do
    parts[#parts + 1] = ("%s=%q"):format(label, value)
  end
  table.sort(parts)
  metrics:incr(("gateway_%s_total{%s}"):format(name, table.concat(parts, ",")), 1, 0)
end

local function answer(status, body)
  ngx.status = status
  ngx.print(json.encode(body), "\n")
end

-- What a caller may do about each kind of error; all else is the provider's fault.
local statuses = {
  invalid_argument = 400, validation = 400, not_found = 404, loan_not_registered = 404,
  unsupported = 404, rate_limited = 503, breaker_open = 503, timeout = 504,
  journal_busy = 409, key_reused = 409, conflict = 409,
}

-- `otherwise` is the status where the caller can do nothing about it.
local function refuse(err, otherwise)
  local status = statuses[err.kind] or 502
  count("errors", { provider = err.provider or "gateway", kind = err.kind })
  answer(status >= 500 and otherwise or status, {
    error = err.kind, outcome = err.outcome, message = err.message, hint = err.hint,
    idempotency_key = err.idempotency_key,
  })
end

local function read_settings()
  local path = assert(os.getenv("GATEWAY_SETTINGS"), "GATEWAY_SETTINGS names no file")
  local file = assert(io.open(path, "rb"))
  local settings = assert(json.decode(file:read("*a")))
  file:close()
  return settings
end

--- Before nginx forks, and for `nginx -t` too: opens clients, sends nothing.
function gateway.init()
  for provider, options in pairs(read_settings()) do
    clients[provider] = assert(repay.open(provider, options))
  end
  cache = repay.cache(ngx.shared.repay_cache, { lifetime_ms = 30000, stale_ms = 3600000 })
end

-- What a worker that died left under way is taken over: sent again under its key where the provider
-- honours keys, and looked for in the provider's list.
local function recover(premature)
  if premature or not clients.fincode then
    return
  end
  local entries, err = journal:recover({ clients.fincode })
  if not entries then
    ngx.log(ngx.WARN, "recovering: ", tostring(err))
  end
end

--- After nginx has forked.
function gateway.init_worker()
  journal = assert(repay.journal(assert(os.getenv("GATEWAY_JOURNAL")), { busy_ms = 10000 }))
  -- One worker does it for all.
  if ngx.worker.id() == 0 then
    assert(ngx.timer.every(RECOVER_EVERY_S, recover))
  end
end

local function money(minor, currency)
  return minor and (repay.money.format(minor, currency))
end

local function plain_rows(schedule)
  local rows = {}
  for i, row in schedule:rows() do
    local plain = {}
    for _, name in ipairs(fields) do
      plain[name] = row[name]
    end
    for _, name in ipairs(amounts) do
      plain[name] = money(row[name .. "_minor"], schedule.currency)
    end
    rows[i] = plain
  end
  return rows
end

-- The client's name for it, and a schedule from memory or from the provider.
local function ask(provider, id)
  local question, client = questions[provider], clients[provider]
  local schedule, err, source = cache[question[1]](cache, client, { [question[2]] = id })
  if schedule then
    count("schedules", { provider = provider, source = source })
  end
  return schedule, err, source
end

--- GET /schedule/:provider/:id
function gateway.schedule(provider, id)
  if not (questions[provider] and clients[provider]) then
    return answer(404, { error = "not_found", message = "no such provider" })
  end
  local schedule, err, source = ask(provider, id)
  if not schedule then
    return refuse(err)
  end
  ngx.header["X-Source"] = source
  answer(200, {
    provider = provider, id = id, currency = schedule.currency, source = source,
    fetched_at_unix_ms = schedule.fetched_at_unix_ms, rows = plain_rows(schedule),
  })
  schedule:close()
end

local function shown(entry)
  return {
    id = entry.id, idempotency_key = entry.key, state = entry.state,
    receipt_id = entry.receipt_id, record_id = entry.record_id,
  }
end

local function read_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if not body or #body > BODY_MAX then
    return nil
  end
  local given = json.decode(body)
  return type(given) == "table" and given or nil
end

-- Names and texts alone go on: a JSON null or number where a text belongs is the caller's mistake.
local function arguments_of(given, key)
  local arguments = { idempotency_key = key }
  for _, name in ipairs { "customer_id", "account_id", "bank_account_id", "amount", "user_id",
    "reference", "payment_date", "narration" } do
    local value = given[name]
    if value ~= nil and type(value) ~= "string" then
      return nil, name .. " must be a text"
    end
    arguments[name] = value
  end
  for _, name in ipairs { "customer_id", "account_id", "bank_account_id", "amount" } do
    if not arguments[name] then
      return nil, name .. " is missing"
    end
  end
  return arguments
end

--- POST /repay with the header Idempotency-Key. 200: submitted. 202: it may have been recorded; ask
--- GET /repay/:key. 503: nothing was sent, the same request may come again.
function gateway.repay()
  local key = ngx.req.get_headers()["idempotency-key"]
  local given = read_body()
  if type(key) ~= "string" or not given then
    return answer(400, { error = "invalid_argument",
      message = "a JSON object and one header Idempotency-Key are required" })
  end
  local arguments, why = arguments_of(given, key)
  if not arguments then
    return answer(400, { error = "invalid_argument", message = why })
  end
  local entry, err = journal:repay(clients.fincode, arguments)
  if entry and entry.key ~= key then
    -- To the journal what says the same is the same payment. Its key in the answer is that one's.
    count("repayments", { outcome = "same" })
    local body = shown(entry)
    body.error = "conflict"
    body.message = "recorded under another key; a second such payment needs its own reference"
    return answer(409, body)
  elseif entry then
    count("repayments", { outcome = "accepted" })
    cache:forget(clients.fincode, "pending", { user_id = given.user_id or given.customer_id })
    return answer(200, shown(entry))
  end
  count("repayments", { outcome = err.outcome })
  if err.outcome == "unknown" then
    return answer(202, { idempotency_key = key, state = "unknown", error = err.kind,
      message = err.message })
  elseif err.outcome == "refused" then
    return answer(422, { idempotency_key = key, state = "refused", error = err.kind,
      message = err.provider_message or err.message })
  end
  refuse(err, 503)
end

--- GET /repay/:key
function gateway.entry(key)
  local entry = journal:entry(key)
  if not entry then
    return answer(404, { error = "not_found", message = "no repayment has this key" })
  end
  answer(200, shown(entry))
end

local function late(provider, id, as_of)
  local schedule, err, source = ask(provider, id)
  if not schedule then
    count("errors", { provider = provider, kind = err.kind })
    return { error = err.kind, message = err.message }
  end
  local figures, reason = schedule:overdue { as_of = as_of }
  local result = { currency = schedule.currency, source = source,
    overdue = figures and money(figures.overdue_minor, schedule.currency),
    reason = not figures and tostring(reason) or nil }
  schedule:close()
  return result
end

-- A day that there is, or nil.
local function read_day(text)
  local year, month, day = text:match("^(%d%d%d%d)-(%d%d)-(%d%d)$")
  local moment = year and os.time { year = year, month = month, day = day, hour = 12 }
  return moment and os.date("%Y-%m-%d", moment) == text and text or nil
end

--- GET /overdue?carbon=ID&pezesha=ID&fincode=ID&as_of=DAY: all at once, each with its own answer.
function gateway.overdue()
  local wanted = ngx.req.get_uri_args(10)
  local as_of = read_day(tostring(wanted.as_of or ngx.today()))
  if not as_of then
    return answer(400, { error = "invalid_argument", message = "as_of is a day: YYYY-MM-DD" })
  end
  wanted.as_of = nil
  local results = {}
  for provider, id in pairs(wanted) do
    if not (questions[provider] and clients[provider]) or type(id) ~= "string" or id == "" then
      return answer(400, { error = "invalid_argument",
        message = "each of carbon, pezesha and fincode may be named once, with an id" })
    end
    -- What stays if its thread ends in the middle; why stands in the error log then.
    results[provider] = { error = "internal" }
  end
  if not next(results) then
    return answer(400, { error = "invalid_argument", message = "no provider is named" })
  end
  local threads = {}
  for provider in pairs(results) do
    threads[#threads + 1] = ngx.thread.spawn(function()
      results[provider] = late(provider, wanted[provider], as_of)
    end)
  end
  for _, thread in ipairs(threads) do
    ngx.thread.wait(thread)
  end
  answer(200, { as_of = as_of, providers = results })
end

local refusals = { [400] = "invalid_argument", [404] = "not_found", [405] = "method_not_allowed",
  [413] = "too_large" }

--- What nginx itself refuses: a path or a method that there is not, a body that is too long.
function gateway.refused()
  answer(ngx.status, { error = refusals[ngx.status] or "refused" })
end

--- GET /metrics, as Prometheus reads it.
function gateway.metrics()
  local names = metrics:get_keys(0)
  table.sort(names)
  for _, name in ipairs(names) do
    ngx.say(name, " ", metrics:get(name))
  end
  for _, state in ipairs { "sending", "unknown" } do
    local entries = journal:entries { state = state, limit = 1000 }
    ngx.say(("gateway_journal_entries{state=%q} %d"):format(state, entries and #entries or 0))
  end
end

return gateway
