-- Money text for the sandbox: whole minor units in and out, without a double in between.

local amount = {}

-- 45000050 with two decimals is "450000.5"; `fixed` keeps the trailing zeros.
function amount.text(minor, decimals, fixed)
  local sign = minor < 0 and "-" or ""
  local digits = string.format("%.0f", minor < 0 and -minor or minor)
  if decimals == 0 then
    return sign .. digits
  end
  if #digits <= decimals then
    digits = ("0"):rep(decimals + 1 - #digits) .. digits
  end
  local whole, part = digits:sub(1, -decimals - 1), digits:sub(-decimals)
  if not fixed then
    part = part:gsub("0+$", "")
  end
  return sign .. whole .. (part == "" and "" or "." .. part)
end

-- Returns minor units, or nil and what is wrong. Zeros after the last decimal are harmless; any
-- other digit there would have to be rounded and is refused, like an exponent.
function amount.read(text, decimals)
  local sign, whole, part = text:match("^(%-?)(%d+)%.(%d+)$")
  if not whole then
    sign, whole = text:match("^(%-?)(%d+)$")
    part = ""
  end
  if not whole then
    return nil, "is not a plain decimal number"
  end
  local kept = (part .. ("0"):rep(decimals)):sub(1, decimals)
  if part:sub(decimals + 1):find("[1-9]") then
    return nil, "has more than " .. decimals .. " decimals"
  end
  local digits = (whole .. kept):gsub("^0+", "")
  if #digits > 16 or (#digits == 16 and digits > "9007199254740991") then
    return nil, "is too large"
  end
  local minor = digits == "" and 0 or tonumber(digits)
  return sign == "-" and -minor or minor
end

return amount
