-- Due dates as an iCalendar of all-day events (RFC 5545).
--
-- An installment keeps its UID from fetch to fetch: it is made of the loan's identity and the
-- installment's number, so a calendar that takes the file again moves the event instead of adding
-- one. The sequence number grows with the moment of the fetch. Names and addresses are not in it.
local figures = require "repay.report.figures"
local installments = require "repay.report.installments"
local measure = require "repay.report.measure"

local ics = {}

local LINE_MOST = 75 -- bytes, without the line end
local SEQUENCE_MS = 60000 -- whole minutes since 1970 fit the signed 32 bits of a sequence

local function escape(text)
  return (measure.clean(text):gsub("[\\;,]", "\\%0"))
end

-- Folded between characters, because a reader may look at the bytes of a line alone.
local function add(out, name, value)
  local line = name .. ":" .. value
  local most = LINE_MOST
  while #line > most do
    local cut = most
    while line:byte(cut + 1) >= 0x80 and line:byte(cut + 1) < 0xc0 do
      cut = cut - 1
    end
    out[#out + 1] = line:sub(1, cut)
    line, most = " " .. line:sub(cut + 1), LINE_MOST
  end
  out[#out + 1] = line
end

local function in_uid(text)
  return (tostring(text):gsub("[^%w%-_.]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

-- A loan without a number for its rows counts how often each due date came before.
local function uid_of(row, seen)
  local loan = table.concat({ in_uid(row.provider), in_uid(row.environment or ""),
    in_uid(row.label or ""), in_uid(row.loan_id or row.subject or "") }, "/")
  local number = row.number and figures.whole(row.number) or "day-" .. row.due_date
  local base = loan .. "/" .. number
  seen[base] = (seen[base] or 0) + 1
  return (seen[base] > 1 and base .. "/" .. seen[base] or base) .. "@repay.invalid"
end

local function basic(day)
  return (day:gsub("%-", ""))
end

local function stamp(moment)
  return (moment:gsub("[%-:]", ""))
end

local function unix_stamp(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  local day = figures.day_of_number(days + figures.day_number("1970-01-01"))
  return ("%sT%02d%02d%02dZ"):format(basic(day), math.floor(rest / 3600),
    math.floor(rest / 60) % 60, rest % 60)
end

local function summary_of(row)
  return ("%s: %s %s due"):format(row.loan_id or row.subject or "loan",
    figures.amount(row.outstanding_minor, row.currency), row.currency)
end

local function description_of(row)
  local parts = { row.provider .. (row.label and ", " .. row.label or "") }
  if row.number then
    parts[#parts + 1] = "installment " .. figures.whole(row.number)
  end
  for _, part in ipairs { { "principal", row.principal_minor }, { "interest", row.interest_minor },
    { "penalty", row.penalty_minor } } do
    if part[2] then
      parts[#parts + 1] = part[1] .. " " .. figures.amount(part[2], row.currency)
    end
  end
  parts[#parts + 1] = "balance as fetched on " .. row.fetched_on
  return table.concat(parts, ", ")
end

local function add_event(out, row, schedule, uid, options)
  local next_day = figures.day_of_number(figures.day_number(row.due_date) + 1)
  add(out, "BEGIN", "VEVENT")
  add(out, "UID", uid)
  add(out, "DTSTAMP", stamp(options.made_at))
  add(out, "LAST-MODIFIED", unix_stamp(schedule.fetched_at_unix_ms))
  add(out, "SEQUENCE", figures.whole(math.floor(schedule.fetched_at_unix_ms / SEQUENCE_MS)))
  add(out, "DTSTART;VALUE=DATE", basic(row.due_date))
  add(out, "DTEND;VALUE=DATE", basic(next_day))
  add(out, "SUMMARY", escape(summary_of(row)))
  add(out, "DESCRIPTION", escape(description_of(row)))
  add(out, "TRANSP", "TRANSPARENT")
  if options.alarm_days then
    add(out, "BEGIN", "VALARM")
    add(out, "ACTION", "DISPLAY")
    add(out, "DESCRIPTION", escape(summary_of(row)))
    add(out, "TRIGGER", ("-P%sD"):format(figures.whole(options.alarm_days)))
    add(out, "END", "VALARM")
  end
  add(out, "END", "VEVENT")
end

--- A calendar of what is still to be paid. options: as_of and made_at (required), name,
--- alarm_days (so many days before each). Returns the calendar and how many open installments have
--- no due date and so no event.
function ics.calendar(schedules, options)
  local out, seen, undated = {}, {}, 0
  add(out, "BEGIN", "VCALENDAR")
  add(out, "VERSION", "2.0")
  add(out, "PRODID", "-//repay//due dates//EN")
  add(out, "CALSCALE", "GREGORIAN")
  add(out, "X-WR-CALNAME", escape(options.name or "Loan installments"))
  for row, schedule in installments.each(schedules, { as_of = options.as_of }) do
    -- Numbers are given to paid installments too: what was paid must not rename its neighbours.
    local uid = row.due_date and uid_of(row, seen)
    if (row.outstanding_minor or 0) > 0 then
      if uid then
        add_event(out, row, schedule, uid, options)
      else
        undated = undated + 1
      end
    end
  end
  add(out, "END", "VCALENDAR")
  return table.concat(out, "\r\n") .. "\r\n", undated
end

return ics
