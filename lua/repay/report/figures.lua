-- Figures as people read them: amounts with their thousands apart, shares in percent, days.
--
-- Amounts are written by repay.money, which is exact; what is done here is done to its text. Only
-- `short` rounds, for the marks of a chart, whose table has the exact figure.
local money = require "repay.money"

local figures = {}

figures.MINUS = "\226\136\146"
figures.NONE = "\226\128\148"


local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
  "Dec" }

local function group(digits)
  local first = #digits % 3
  local parts = first > 0 and { digits:sub(1, first) } or {}
  for at = first + 1, #digits, 3 do
    parts[#parts + 1] = digits:sub(at, at + 2)
  end
  return table.concat(parts, ",")
end

--- A whole number as text, the same on both VMs; exact up to 2^53.
function figures.whole(number)
  return ("%.0f"):format(number)
end

--- "1,234,567.89": an amount in major units, with a hyphen where it is below zero.
function figures.amount(minor, currency)
  local sign, digits, rest = assert(money.format(minor, currency)):match("^(%-?)(%d+)(.*)$")
  return sign .. group(digits) .. rest
end

--- "1234567.89": for machines.
function figures.plain(minor, currency)
  return assert(money.format(minor, currency))
end

--- "12,345"
function figures.count(number)
  local sign, digits = figures.whole(number):match("^(%-?)(%d+)$")
  return sign .. group(digits)
end

--- Parts per million as "12.35%", half up.
function figures.percent(ppm)
  local hundredths = math.floor((math.abs(ppm) + 50) / 100)
  return ("%s%d.%02d%%"):format(ppm < 0 and hundredths > 0 and "-" or "",
    math.floor(hundredths / 100), hundredths % 100)
end

--- Parts per million as percent with all four decimals: "12.3456".
function figures.exact_percent(ppm)
  local rest = math.abs(ppm)
  return ("%s%.0f.%04d"):format(ppm < 0 and "-" or "", math.floor(rest / 10000), rest % 10000)
end

local UNITS = { { 1e12, "tn" }, { 1e9, "bn" }, { 1e6, "m" }, { 1e3, "k" } }

--- "1.25m": three figures of an amount, for the marks of a chart.
function figures.short(minor, decimals)
  local major = math.abs(minor) / 10 ^ decimals
  local sign = minor < 0 and figures.MINUS or ""
  for _, unit in ipairs(UNITS) do
    -- What would be written as 1000 of a unit is 1 of the next.
    if major >= unit[1] * 0.9995 then
      return sign .. ("%.3g"):format(major / unit[1]) .. unit[2]
    end
  end
  return sign .. ("%.3g"):format(major)
end

--- "3 Mar 2025" of YYYY-MM-DD.
function figures.day(day)
  local year, month, number = day:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  return year and ("%d %s %s"):format(tonumber(number), MONTHS[tonumber(month)], year) or day
end

-- The last day of the month, as DD.
local function last_of(year, month)
  if month == 2 then
    local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
    return is_leap and "29" or "28"
  end
  return (month == 4 or month == 6 or month == 9 or month == 11) and "30" or "31"
end

--- Two days as a person writes a span: "Mar 2025", "20 to 30 Nov 2026" with a dash, and so on.
function figures.span(first, last)
  local dash = "\226\128\147"
  if first == last then
    return figures.day(first)
  end
  local month = tonumber(first:sub(6, 7))
  if first:sub(1, 7) == last:sub(1, 7) then
    if first:sub(9) == "01" and last:sub(9) == last_of(tonumber(first:sub(1, 4)), month) then
      return MONTHS[month] .. " " .. first:sub(1, 4)
    end
    return tonumber(first:sub(9)) .. dash .. figures.day(last)
  elseif first:sub(1, 4) == last:sub(1, 4) then
    return ("%d %s %s %s"):format(tonumber(first:sub(9)), MONTHS[month], dash, figures.day(last))
  end
  return figures.day(first) .. " " .. dash .. " " .. figures.day(last)
end

--- The month of YYYY-MM-DD in three letters, and its year.
function figures.month(day)
  return MONTHS[tonumber(day:sub(6, 7))], day:sub(1, 4)
end

--- The day as a whole number: days since 1 March of the year 0.
function figures.day_number(day)
  local year, month, number = day:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  year, month = tonumber(year), tonumber(month) - 3
  if month < 0 then
    year, month = year - 1, month + 12
  end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * month + 2) / 5) + tonumber(number) - 1
end

--- YYYY-MM-DD of such a number.
function figures.day_of_number(number)
  local era = math.floor(number / 146097)
  local of_era = number - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524)
    - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * of_year + 2) / 153)
  local day = of_year - math.floor((153 * month + 2) / 5) + 1
  local is_next = month >= 10
  return ("%04d-%02d-%02d"):format(year + era * 400 + (is_next and 1 or 0),
    is_next and month - 9 or month + 3, day)
end

--- "1 loan", "2 loans"
function figures.several(number, one, many)
  return figures.count(number) .. " " .. (number == 1 and one or many or one .. "s")
end



return figures
