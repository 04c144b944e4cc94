-- The installments of many schedules as one table, for every form of export.
--
-- Names and e-mail addresses are left out unless they are asked for, and members that no page
-- documents always, because nobody knows what is in them. `state` is as of a day, `status` is what
-- the provider's own data says.
local figures = require "repay.report.figures"

local installments = {}

local FACTS = { "provider", "operation", "environment", "label", "subject", "currency",
  "fetched_on" }
local READ = { "loan_id", "number", "due_date", "principal_minor", "interest_minor",
  "penalty_minor", "total_due_minor", "paid_minor", "outstanding_minor", "status",
  "provider_status" }

--- Names of the fields that say who somebody is.
installments.PERSONAL = { "customer_name", "email" }

--- Names of the columns, in order.
function installments.columns(options)
  local names = { "provider", "operation", "environment", "label", "subject", "loan_id", "number",
    "due_date", "days_late", "state", "status", "provider_status", "currency", "principal_minor",
    "interest_minor", "penalty_minor", "total_due_minor", "paid_minor", "outstanding_minor",
    "fetched_on" }
  if options.with_names then
    for _, name in ipairs(installments.PERSONAL) do
      names[#names + 1] = name
    end
  end
  return names
end

-- The same rule as schedule:filter has.
local function state_of(row, lateness_reason, as_of)
  if row.outstanding_minor == nil then
    return "unknown"
  elseif row.outstanding_minor <= 0 then
    return "paid"
  elseif not row.due_date or lateness_reason then
    return "unknown"
  elseif row.due_date >= as_of then
    return "due"
  end
  return (row.paid_minor or 0) > 0 and "partial_overdue" or "overdue"
end

local function add_personal(schedule, i, row)
  local whole = schedule[i]
  for _, name in ipairs(installments.PERSONAL) do
    -- A name that these rows cannot have raises.
    local has, value = pcall(function() return whole[name] end)
    row[name] = has and value or nil
  end
end

-- 1970-01-01 as figures.day_number counts.
local EPOCH = figures.day_number("1970-01-01")

--- The day of the fetch, in the schedule's zone.
function installments.fetched_on(schedule)
  local zone = schedule.zone and schedule.zone:match("^([+-]%d%d:%d%d)$")
  local minutes = 0
  if zone then
    minutes = tonumber(zone:sub(2, 3)) * 60 + tonumber(zone:sub(5, 6))
    minutes = zone:sub(1, 1) == "-" and -minutes or minutes
  end
  local days = math.floor((schedule.fetched_at_unix_ms / 60000 + minutes) / 1440)
  return figures.day_of_number(EPOCH + days)
end

local function facts_of(schedule)
  local facts = {}
  for _, name in ipairs(FACTS) do
    if name ~= "fetched_on" then
      facts[name] = schedule[name]
    end
  end
  facts.fetched_on = installments.fetched_on(schedule)
  return facts
end

--- Iterates over the installments of all schedules: a row with its schedule's facts each time, and
--- the schedule. options: as_of (required), with_names.
function installments.each(schedules, options)
  local at, position = 1, 0
  local facts, reason, day = nil, nil, figures.day_number(options.as_of)
  return function()
    local schedule = schedules[at]
    while schedule and position >= #schedule do
      at, position, facts = at + 1, 0, nil
      schedule = schedules[at]
    end
    if not schedule then
      return nil
    end
    if not facts then
      facts, reason = facts_of(schedule), schedule:reason("lateness")
    end
    position = position + 1
    local source, row = schedule[position], {}
    for name, value in pairs(facts) do
      row[name] = value
    end
    for _, name in ipairs(READ) do
      row[name] = source[name]
    end
    row.state = state_of(row, reason, options.as_of)
    if row.state == "overdue" or row.state == "partial_overdue" then
      row.days_late = day - figures.day_number(row.due_date)
    end
    row.position = position
    if options.with_names then
      add_personal(schedule, position, row)
    end
    return row, schedule
  end
end

return installments
