-- What changed since the last fetch: fetch, compare with the last snapshot, say it, keep the new.
--
--   local seen = assert(watch.run { loans = list, clients = clients, parent = directory,
--     made_at = "2026-11-20T09:30:00Z" })
--   print(seen.text)
--
-- The comparison is schedule:diff, row by row. A row that is gone is never called paid. A loan that
-- could not be fetched is no change: it is listed, and the next time it is compared with the last
-- snapshot in which it was, a few snapshots back if need be.
local fetch = require "repay.workflow.fetch"
local figures = require "repay.report.figures"
local measure = require "repay.report.measure"
local snapshot = require "repay.workflow.snapshot"

local watch = {}

local OWN = { parent = true, made_at = true, with_names = true }
local BACK_MOST = 30 -- snapshots that are looked through for a loan that failed in the last ones

local function identity_of(item)
  return table.concat({ item.provider, item.profile or "", item.operation, item.id }, "\0")
end

local WORDS = {
  new = "new", gone = "no longer listed", paid = "paid", partly_paid = "partly paid",
  rescheduled = "due on another day", repriced = "another amount due",
  penalty_added = "penalty added", status_changed = "another status", changed = "changed",
}

local function amount(values, name, currency)
  return values and values[name] ~= nil
    and figures.amount(values[name], currency) .. " " .. currency or nil
end

local TOLD = { outstanding_minor = true, total_due_minor = true, due_date = true }

-- Fields that changed from one value to another and are no amounts, in order of their names.
local function other_names(entry)
  local names = {}
  for name, value in pairs(entry.after or {}) do
    if not TOLD[name] and not name:find("_minor$") and type(value) ~= "table"
      and entry.before and entry.before[name] ~= nil then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

--- What a reader wants to see of one entry: the amounts and the day, before and after.
function watch.detail(entry, currency)
  local parts = {}
  for _, field in ipairs { { "outstanding_minor", "left" }, { "total_due_minor", "due" } } do
    local before = amount(entry.before, field[1], currency)
    local after = amount(entry.after, field[1], currency)
    if before and after then
      parts[#parts + 1] = ("%s %s, was %s"):format(field[2], after, before)
    elseif before or after then
      parts[#parts + 1] = field[2] .. " " .. (after or before)
    end
  end
  local was, is = entry.before and entry.before.due_date, entry.after and entry.after.due_date
  if was and is then
    parts[#parts + 1] = ("on %s, was %s"):format(is, was)
  end
  for _, name in ipairs(other_names(entry)) do
    parts[#parts + 1] = ("%s %s, was %s"):format((name:gsub("_", " ")),
      tostring(entry.after[name]), tostring(entry.before[name]))
  end
  return table.concat(parts, "; ")
end

--- The kinds of an entry as a person says them.
function watch.words(entry)
  local kinds = {}
  for i, kind in ipairs(entry.kinds) do
    kinds[i] = WORDS[kind] or kind
  end
  return table.concat(kinds, ", ")
end

local function line_of(item, entry, currency)
  local detail = watch.detail(entry, currency)
  return ("%s %s%s%s: %s%s"):format(item.provider, entry.loan_id or item.id,
    entry.number and ", installment " .. figures.whole(entry.number) or "",
    entry.due_date and ", due " .. entry.due_date or "", watch.words(entry),
    detail ~= "" and " (" .. detail .. ")" or "")
end

local function compare(item, older, changes, lines)
  local diff, err = item.schedule:diff(older.schedule)
  if not diff then
    lines[#lines + 1] = ("%s %s: cannot be compared, %s"):format(item.provider, item.id,
      err.message)
    changes[#changes + 1] = { item = item, err = err }
    return
  end
  if #diff.entries > 0 then
    changes[#changes + 1] = { item = item, diff = diff }
    for _, entry in ipairs(diff.entries) do
      lines[#lines + 1] = line_of(item, entry, item.schedule.currency)
    end
  end
end

--- The changes between two fetches: { changes, new, gone, text }. A change is { item, diff } or
--- { item, err }; `new` and `gone` are items that only one of them asked for.
function watch.compare(newer, older)
  local before, result, lines = {}, { changes = {}, new = {}, gone = {} }, {}
  for _, item in ipairs(older.items) do
    before[identity_of(item)] = item
  end
  for _, item in ipairs(newer.items) do
    local identity = identity_of(item)
    local past = before[identity]
    before[identity] = nil
    if not item.schedule then
      lines[#lines + 1] = ("%s %s: not fetched, %s"):format(item.provider, item.id,
        item.err.message)
    elseif not past or not past.schedule then
      table.insert(result.new, item)
      lines[#lines + 1] = ("%s %s: first seen, %s"):format(item.provider, item.id,
        figures.several(#item.schedule, "installment"))
    else
      compare(item, past, result.changes, lines)
    end
  end
  for _, item in ipairs(older.items) do
    if before[identity_of(item)] then
      table.insert(result.gone, item)
      lines[#lines + 1] = ("%s %s: no longer asked for"):format(item.provider, item.id)
    end
  end
  for i, line in ipairs(lines) do
    lines[i] = measure.clean(line)
  end
  result.text = #lines > 0 and table.concat(lines, "\n") .. "\n" or "Nothing changed.\n"
  return result
end

-- The items of the newest snapshot; those that failed in it as they were in one before it, where
-- one of the last few has them.
local function last_known(parent)
  local paths = snapshot.newest(parent, BACK_MOST)
  if #paths == 0 then
    return { items = {} }
  end
  local known, err = snapshot.load(paths[1])
  if not known then
    return nil, err
  end
  for back = 2, #paths do
    local lost, any = {}, false
    for i, item in ipairs(known.items) do
      if not item.schedule and item.err.kind ~= "not_found" then
        lost[identity_of(item)], any = i, true
      end
    end
    local before = any and snapshot.load(paths[back])
    for _, item in ipairs(before and before.items or {}) do
      local i = lost[identity_of(item)]
      if i and item.schedule then
        known.items[i] = item
      end
    end
    if not any then
      break
    end
  end
  return known, nil, paths[1]
end

--- Fetches, compares with the newest snapshot in `parent`, saves a new one there. given: the
--- options of fetch.run; parent (a directory), made_at (names the snapshot). Returns the
--- comparison with `fetched`, `directory` and `older` (a directory, nil the first time).
function watch.run(given)
  if type(given) ~= "table" or type(given.parent) ~= "string"
    or type(given.made_at) ~= "string" then
    error("watch.run: options 'parent' and 'made_at' are required", 2)
  end
  local asked = {}
  for name, value in pairs(given) do
    if not OWN[name] then
      asked[name] = value
    end
  end
  local older, err, past = last_known(given.parent)
  if not older then
    return nil, err
  end
  local fetched, problem = fetch.run(asked)
  if not fetched then
    return nil, problem
  end
  local result = watch.compare(fetched, older)
  local directory = given.parent .. "/" .. snapshot.name(given.made_at)
  local saved, why = snapshot.save(fetched, directory, { with_names = given.with_names })
  if not saved then
    return nil, why
  end
  result.fetched, result.directory, result.older = fetched, directory, past
  return result
end

return watch
