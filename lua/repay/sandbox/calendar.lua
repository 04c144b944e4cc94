-- Days and moments for the sandbox: civil days as a count from 1970-01-01, moments as milliseconds.
--
-- The C library's calendar depends on the machine's zone, so the arithmetic is done here. What is
-- not a real day or moment is nil, never a neighbouring one.

local calendar = {}

local floor = math.floor
local DAY_MS = 86400000
local MONTHS = {
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}
local WEEKDAYS = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" }
local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

calendar.DAY_MS = DAY_MS

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function month_length(year, month)
  if month == 2 and is_leap(year) then
    return 29
  end
  return LENGTHS[month]
end

-- Years are counted from March, so that the leap day is the last of its year.
function calendar.day(year, month, day)
  if month <= 2 then
    year = year - 1
    month = month + 12
  end
  local era = floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = floor((153 * (month - 3) + 2) / 5) + day - 1
  local day_of_era = year_of_era * 365 + floor(year_of_era / 4) - floor(year_of_era / 100)
    + day_of_year
  return era * 146097 + day_of_era - 719468
end

function calendar.civil(day)
  local shifted = day + 719468
  local era = floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local year_of_era = floor((day_of_era - floor(day_of_era / 1460) + floor(day_of_era / 36524)
    - floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era
    - (365 * year_of_era + floor(year_of_era / 4) - floor(year_of_era / 100))
  local shifted_month = floor((5 * day_of_year + 2) / 153)
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  local year = year_of_era + era * 400
  return month <= 2 and year + 1 or year, month,
    day_of_year - floor((153 * shifted_month + 2) / 5) + 1
end

function calendar.day_text(day)
  return string.format("%04d-%02d-%02d", calendar.civil(day))
end

function calendar.day_read(text)
  local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if not year then
    return nil
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month < 1 or month > 12 or day < 1 or day > month_length(year, month) then
    return nil
  end
  return calendar.day(year, month, day)
end

-- The same day of a later month, or that month's last day.
function calendar.add_months(day, count)
  local year, month, day_of_month = calendar.civil(day)
  local months = year * 12 + month - 1 + count
  year = floor(months / 12)
  month = months % 12 + 1
  return calendar.day(year, month, math.min(day_of_month, month_length(year, month)))
end

function calendar.day_of(unix_ms, offset_ms)
  return floor((unix_ms + (offset_ms or 0)) / DAY_MS)
end

local function clock_parts(unix_ms)
  local day = floor(unix_ms / DAY_MS)
  local rest = unix_ms - day * DAY_MS
  local seconds = floor(rest / 1000)
  return day, floor(seconds / 3600), floor(seconds / 60) % 60, seconds % 60, rest - seconds * 1000
end

-- 2024-01-15T10:30:00Z; `form` "ms" adds milliseconds, "local" leaves the zone out, "blank" writes
-- the local form with a blank between day and time.
function calendar.moment_text(unix_ms, form)
  local day, hour, minute, second, millisecond = clock_parts(unix_ms)
  local separator = form == "blank" and " " or "T"
  local text = string.format("%s%s%02d:%02d:%02d", calendar.day_text(day), separator, hour, minute,
    second)
  if form == "ms" then
    return text .. string.format(".%03dZ", millisecond)
  elseif form == "local" or form == "blank" then
    return text
  end
  return text .. "Z"
end

local function zone_read(zone)
  if zone == "" or zone == "Z" then
    return 0
  end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  local offset = (tonumber(hours) * 60 + tonumber(minutes)) * 60000
  return sign == "-" and -offset or offset
end

-- A day, or a day and a time with an optional fraction and zone. A missing zone counts as UTC.
function calendar.moment_read(text)
  local day = calendar.day_read(text)
  if day then
    return day * DAY_MS
  end
  local day_part, hour, minute, second, rest =
    text:match("^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d):(%d%d):(%d%d)(.*)$")
  day = day_part and calendar.day_read(day_part)
  if not day or tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then
    return nil
  end
  local fraction, zone = rest:match("^%.(%d+)(.*)$")
  local offset = zone_read(zone or rest)
  if not offset then
    return nil
  end
  local milliseconds = fraction and tonumber((fraction .. "00"):sub(1, 3)) or 0
  return day * DAY_MS + ((tonumber(hour) * 60 + tonumber(minute)) * 60 + tonumber(second)) * 1000
    + milliseconds - offset
end

-- The form of the Date and Retry-After headers.
function calendar.http_date(unix_ms)
  local day, hour, minute, second = clock_parts(unix_ms)
  local year, month, day_of_month = calendar.civil(day)
  return string.format("%s, %02d %s %04d %02d:%02d:%02d GMT", WEEKDAYS[day % 7 + 1], day_of_month,
    MONTHS[month], year, hour, minute, second)
end

return calendar
