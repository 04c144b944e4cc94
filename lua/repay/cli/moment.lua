-- Days and zones as the command takes them. A zone is a fixed offset; the three names of semantics
-- page 3 stand for theirs.
local figures = require "repay.report.figures"

local moment = {}

local NAMED = { UTC = "+00:00", Z = "+00:00", ["Africa/Lagos"] = "+01:00",
  ["Africa/Nairobi"] = "+03:00" }
local EPOCH = figures.day_number("1970-01-01")

--- "+HH:MM" of a zone, or nil and what is wrong.
function moment.zone(text)
  local zone = NAMED[text] or text
  local hours, minutes = zone:match("^[+-](%d%d):(%d%d)$")
  if not hours or tonumber(hours) > 14 or tonumber(minutes) > 59 then
    return nil, "a zone is an offset like +01:00, or UTC, Africa/Lagos, Africa/Nairobi"
  end
  return zone
end

local function minutes_of(zone)
  local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  local count = tonumber(hours) * 60 + tonumber(minutes)
  return sign == "-" and -count or count
end

--- The day of a moment in a zone.
function moment.day(unix_ms, zone)
  return figures.day_of_number(EPOCH
    + math.floor((unix_ms / 60000 + minutes_of(zone)) / 1440))
end

--- The text if it is a day of the calendar, or nil and what is wrong.
function moment.check_day(text)
  local is_shaped = text:find("^[1-9]%d%d%d%-%d%d%-%d%d$")
  local month = is_shaped and tonumber(text:sub(6, 7)) or 0
  if month < 1 or month > 12 or figures.day_of_number(figures.day_number(text)) ~= text then
    return nil, "a day is written YYYY-MM-DD"
  end
  return text
end

--- "2026-11-20T09:30:00Z"
function moment.utc(unix_ms)
  local seconds = math.floor(unix_ms / 1000) % 86400
  return ("%sT%02d:%02d:%02dZ"):format(moment.day(unix_ms, "+00:00"), math.floor(seconds / 3600),
    math.floor(seconds / 60) % 60, seconds % 60)
end

return moment
