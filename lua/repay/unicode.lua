-- UTF-8 as RFC 3629 has it, on both VMs: no overlong form, no surrogate, nothing over U+10FFFF.
local unicode = {}

--- Code point and length of the character at `at`; nil and 1 where the bytes are no UTF-8.
function unicode.decode(text, at)
  local first = text:byte(at)
  if first < 0x80 then
    return first, 1
  end
  local length = first >= 0xf0 and 4 or first >= 0xe0 and 3 or 2
  local least = length == 4 and 0x10000 or length == 3 and 0x800 or 0x80
  if first < 0xc2 or first > 0xf4 or at + length - 1 > #text then
    return nil, 1
  end
  local code = first - (length == 4 and 0xf0 or length == 3 and 0xe0 or 0xc0)
  for i = at + 1, at + length - 1 do
    local byte = text:byte(i)
    if byte < 0x80 or byte > 0xbf then
      return nil, 1
    end
    code = code * 64 + byte - 0x80
  end
  if code < least or code > 0x10ffff or (code >= 0xd800 and code <= 0xdfff) then
    return nil, 1
  end
  return code, length
end

--- Whether the whole text is UTF-8.
function unicode.is_valid(text)
  local at = text:find("[\128-\255]")
  while at do
    local code, length = unicode.decode(text, at)
    if not code then
      return false
    end
    at = text:find("[\128-\255]", at + length)
  end
  return true
end

return unicode
