-- From schedules to a report, in one call.
--
--   local fetched = assert(fetch.load(directory))
--   local made = assert(workflow.run { fetched = fetched, as_of = day, made_at = moment })
--   file:write(report.html(made.facts))
local errors = require "repay.error"
local repay = require "repay"
local report = require "repay.report"

local workflow = {}

local OWN = { fetched = true, schedules = true, as_of = true }

-- Schedules with their tags, and the loans that gave none.
local function inputs_of(given)
  local entries = {}
  for _, schedule in ipairs(given.schedules or {}) do
    entries[#entries + 1] = { schedule = schedule, tags = {} }
  end
  for _, item in ipairs(given.fetched and given.fetched.items or {}) do
    if item.schedule then
      entries[#entries + 1] = { schedule = item.schedule, tags = item.tags or {} }
    end
  end
  return entries
end

-- What the report lists of a loan that gave no schedule.
local function listed(items)
  local list = {}
  for i, item in ipairs(items or {}) do
    list[i] = { provider = item.provider, label = item.profile, subject = item.id,
      kind = item.err.kind, message = item.err.message }
  end
  return list
end

--- { facts, portfolio, schedules, duplicates }, or nil and an error. given: fetched or schedules;
--- as_of, made_at; and the options of report.facts. A loan that is there twice counts once, and is
--- listed among the failures.
function workflow.run(given)
  if type(given) ~= "table" or not (given.fetched or given.schedules) then
    error("workflow.report: option 'fetched' or 'schedules' is required", 2)
  end
  local portfolio = repay.portfolio { as_of = given.as_of }
  local failures = listed(given.fetched and given.fetched.failures)
  local schedules = {}
  for _, entry in ipairs(inputs_of(given)) do
    local added, err = portfolio:add(entry.schedule, { tags = entry.tags })
    if added then
      schedules[#schedules + 1] = entry.schedule
    elseif errors.is(err, "duplicate_loan") then
      failures[#failures + 1] = { provider = entry.schedule.provider, kind = err.kind,
        label = entry.schedule.label, subject = entry.schedule.subject, message = err.message }
    else
      return nil, err
    end
  end
  local asked = { portfolio = portfolio, failures = failures,
    not_found = listed(given.fetched and given.fetched.not_found) }
  for name, value in pairs(given) do
    if not OWN[name] then
      asked[name] = value
    end
  end
  local facts, err = report.facts(asked)
  if not facts then
    return nil, err
  end
  return { facts = facts, portfolio = portfolio, schedules = schedules }
end

return workflow
