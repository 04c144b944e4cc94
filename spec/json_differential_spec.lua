-- Generated documents, good and damaged, read by the module, by lua-cjson and by a judge in plain
-- Lua: they agree on what is JSON, on the first wrong byte, and on every value.
--
-- lua-cjson is strict about structure and escapes, and lenient about control characters and broken
-- UTF-8 in strings and about some numbers; where only it accepts, the judge names one of these.
local cjson = require "cjson"
local helper = require "spec.support.helper"
local strict_json = require "spec.support.strict_json"

local DOCUMENTS = tonumber(os.getenv("REPAY_DIFFERENTIAL_DOCUMENTS")) or 4000

-- Of its own, because the settings are its own.
local decoder = cjson.new()
decoder.decode_invalid_numbers(false)

local state
local function draw(most)
  state = state * 16807 % 2147483647
  return math.floor(state / 2147483647 * most) + 1
end

local function one_of(list)
  return list[draw(#list)]
end

local function blank()
  return draw(6) == 1 and one_of { " ", "\n", "\t", "\r\n  ", (" "):rep(draw(40)) } or ""
end

local characters = { "a", "Z", " ", "/", "\127", "\195\169", "\225\187\141", "\240\159\152\128",
  "\237\159\191", "\238\128\128", "\244\143\191\191", "\\n", '\\"', "\\\\", "\\/", "\\u0000",
  "\\u00e9", "\\uFFFF", "\\ud83d\\ude00", "\\b", "0123456789abcdef" }

local function text_value()
  local pieces = {}
  for i = 1, draw(8) - 1 do
    pieces[i] = one_of(characters)
  end
  return '"' .. table.concat(pieces) .. '"'
end

local function number_value()
  return one_of { "0", "-0", "7", "-12", "12345678", "123456789012", "0.10e1", "1E+2", "1e-0",
    "2.50", "-0.0", "1e5", "100.00", tostring(draw(2147483647)) }
end

local names = { "a", "id", "", "data", "schedule", "message", "\\u0069d", "n\195\169",
  "Status", "totalDu", "totalDues", "total_due ", "a name that is longer than any documented one" }

local any_value

local function list_of(open, close, most, element)
  local pieces = {}
  for i = 1, draw(most + 1) - 1 do
    pieces[i] = blank() .. element() .. blank()
  end
  return open .. blank() .. table.concat(pieces, ",") .. close
end

local function any_member(depth)
  return '"' .. one_of(names) .. '"' .. blank() .. ":" .. blank() .. any_value(depth + 1)
end

function any_value(depth)
  local kind = draw(depth > 3 and 6 or 8)
  if kind <= 2 then
    return text_value()
  elseif kind <= 4 then
    return number_value()
  elseif kind <= 6 then
    return one_of { "true", "false", "null" }
  elseif kind == 7 then
    return list_of("[", "]", 4, function()
      return any_value(depth + 1)
    end)
  end
  return list_of("{", "}", 4, function()
    return any_member(depth)
  end)
end

-- What each provider sends, how many of its units are one of ours, and what Lua calls its members.
local providers = {
  carbon = {
    amounts = { principalDue = "principal_minor", interestDue = "interest_minor",
      totalDue = "total_due_minor", paidAmount = "paid_minor" },
    texts = { status = "provider_status" },
    -- Where this one is absent, it is the sum of the two.
    computed = { totalDue = { "principalDue", "interestDue" } },
    unit = 1,
    body = '{"status":"success",%s"data":{%s"schedule":[%s]%s}%s}',
    rows = function(reply)
      return reply.data.schedule
    end,
  },
  pezesha = {
    amounts = { principal_amount = "principal_minor", interest_amount = "interest_minor",
      penalty_amount = "penalty_minor", total_due = "total_due_minor" },
    texts = { status = "provider_status" },
    computed = {},
    unit = 100,
    body = '{"status":200,"response_code":0,"error":false,%s%s"data":[%s]%s%s}',
    rows = function(reply)
      return reply.data
    end,
  },
}

local whole = { "0", "-0", "1E+2", "0.10e1", "1e-0", "12.0", "\"5000\"", "null", "-7",
  "90071992547409", "100e-2", "\"1e3\"" }
local cents = { "0.01", "1234567.89", "-0.10", "12345678.9", "123456789012.34", "5e-2", "\"2.50\"" }

local function amount_value(provider)
  if provider.unit > 1 and draw(2) == 1 then
    return one_of(cents)
  end
  return draw(2) == 1 and one_of(whole) or tostring(draw(999999))
end

-- Members of a row in any order, the documented ones at most once and sometimes escaped.
local function row_of(provider)
  local members = {}
  local function add(name, value)
    if draw(12) == 1 then
      name = name:gsub("^.", function(first)
        return ("\\u%04x"):format(first:byte())
      end)
    end
    table.insert(members, draw(#members + 1),
      blank() .. '"' .. name .. '"' .. blank() .. ":" .. blank() .. value .. blank())
  end
  for _, fields in ipairs { provider.amounts, provider.texts } do
    local known = {}
    for name in pairs(fields) do
      known[#known + 1] = name
    end
    table.sort(known)
    for _, name in ipairs(known) do
      if draw(6) > 1 then
        add(name, fields == provider.texts and one_of { text_value(), "null", '"PAID"', '"PAID"' }
          or amount_value(provider))
      end
    end
  end
  for _ = 1, draw(4) - 1 do
    add(one_of(names), any_value(1))
  end
  return "{" .. blank() .. table.concat(members, ",") .. "}"
end

-- Members beside the documented ones, whose names mean nothing where they stand.
local function beside(before)
  if draw(3) > 1 then
    return ""
  end
  local member = '"' .. one_of { "x", "", "rows", "schedules", "stat\\u0075s_" } .. '":'
    .. any_value(1)
  return before and member .. "," or "," .. member
end

local function document(provider)
  local rows = {}
  for i = 1, draw(5) - 1 do
    rows[i] = blank() .. row_of(provider) .. blank()
  end
  return provider.body:format(beside(true), beside(true), table.concat(rows, ","), beside(false),
    beside(false))
end

local damages = { '"', "\\", "{", "}", "[", "]", ",", ":", "0", "9", "-", "+", ".", "e", " ", "\n",
  "\0", "\31", "\127", "\128", "\195", "\226\130", "\237\160\128", "\192\175", "\244\144\128\128",
  "\239\187\191", "\\ud800", "\\udc00", "\\ud800\\u0041", "\\x", "\\u12", "nul", "true", "NaN",
  "0x1", "01", "1.", ".5", "1e", "//", "'", "\f", "null,", "{}", "[]" }

local function damage(text)
  local at, length = draw(#text), draw(12)
  local kind = draw(5)
  if kind == 1 then
    return text:sub(1, at - 1) .. one_of(damages) .. text:sub(at + 1)
  elseif kind == 2 then
    return text:sub(1, at - 1) .. one_of(damages) .. text:sub(at)
  elseif kind == 3 then
    return text:sub(1, at - 1) .. text:sub(at + length)
  elseif kind == 4 then
    return text:sub(1, at + length) .. text:sub(at)
  end
  return text:sub(1, at)
end

-- What the reader refuses in good JSON, at a byte: it knows what the document should hold.
local meanings = { "must be", "has more decimals", "is too large", "stands twice",
  "a second list of rows" }

local function is_about_meaning(err)
  for _, meaning in ipairs(meanings) do
    if err.message:find(meaning, 1, true) then
      return true
    end
  end
  return false
end

local lenient = { control = true, utf8 = true, number = true }

local function fetch(name, body)
  local client = helper.open(name, {
    send = function()
      return { status = 200, headers = {}, body = body }
    end,
    sleep = function() end,
  }, { attempts = 1 })
  local schedule, err = client:schedule(helper.arguments[name].schedule)
  client:close()
  return schedule, err
end

local function same(ours, theirs)
  if type(ours) ~= "table" or type(theirs) ~= "table" then
    return ours == theirs
  end
  for key, value in pairs(ours) do
    if not same(value, theirs[key]) then
      return false
    end
  end
  for key in pairs(theirs) do
    if ours[key] == nil then
      return false
    end
  end
  return true
end

local function minor_of(provider, row, name)
  local value, parts = row[name], provider.computed[name]
  if value ~= nil and value ~= decoder.null then
    -- No amount here is so large that its double is half a cent off; adding half may be.
    local minor = tonumber(value) * provider.unit
    return minor == math.floor(minor) and minor or math.floor(minor + 0.5)
  elseif not parts then
    return nil
  end
  local first, second = minor_of(provider, row, parts[1]), minor_of(provider, row, parts[2])
  return first and second and first + second or nil
end

local function compare_row(provider, ours, theirs)
  local members = 0
  for name, field in pairs(provider.amounts) do
    local minor = minor_of(provider, theirs, name)
    assert(ours[field] == minor, ("%s is not %s"):format(tostring(ours[field]), tostring(minor)))
  end
  for name, field in pairs(provider.texts) do
    local value = theirs[name]
    if type(value) == "string" then
      assert(ours[field] == value, "another text")
    elseif value == nil or value == decoder.null then
      assert(ours[field] == nil, "a text from nowhere")
    end
  end
  for name, value in pairs(theirs) do
    if not provider.amounts[name] and not provider.texts[name] then
      local text = ours.extra and ours.extra[name]
      assert(text, "no member " .. name)
      assert(same(decoder.decode("[" .. text .. "]")[1], value), "another " .. name)
      members = members + 1
    end
  end
  for name in pairs(ours.extra or {}) do
    members = members - 1
    assert(theirs[name] ~= nil, "a member from nowhere")
  end
  assert(members == 0)
end

local function compare_rows(provider, schedule, body)
  local rows = provider.rows(decoder.decode(body))
  assert(#schedule == #rows, "another number of rows")
  for i = 1, #rows do
    compare_row(provider, schedule[i], rows[i])
  end
end

local counts

-- Raises with what is wrong.
local function compare(name, body)
  local provider = providers[name]
  local offset, what = strict_json.fault(body)
  local schedule, err = fetch(name, body)
  local their_value = pcall(decoder.decode, body)
  if offset == nil then
    assert(their_value, "lua-cjson refuses it and the judge does not")
  elseif what ~= "object" then
    assert(not their_value or lenient[what], "only the judge refuses it: " .. tostring(what))
  end
  if schedule then
    assert(offset == nil, ("accepted, wrong at %s: %s"):format(tostring(offset), tostring(what)))
    counts.accepted = counts.accepted + 1
    local ok, reason = pcall(compare_rows, provider, schedule, body)
    schedule:close()
    assert(ok, reason)
  elseif err.offset and is_about_meaning(err) then
    assert(offset == nil or err.offset <= offset, "refused too late: " .. err.message)
    counts.meant = counts.meant + 1
  elseif err.offset then
    assert(err.kind == "bad_response", err.kind)
    assert(err.offset == offset, ("%s; the judge says %s: %s"):format(err.message,
      tostring(offset), tostring(what)))
    counts.refused = counts.refused + 1
  else
    -- The envelope was read to its end and says something else than success.
    assert(offset == nil, "judged, and wrong at " .. tostring(offset))
    counts.judged = counts.judged + 1
  end
end

local function try(name, body)
  local ok, reason = pcall(compare, name, body)
  if not ok then
    error(("%s\n%s: %q"):format(tostring(reason), name, body), 0)
  end
end

describe("the reader, lua-cjson and a plain judge", function()
  helper.watch(after_each)

  before_each(function()
    state = 20260301
    counts = { accepted = 0, refused = 0, meant = 0, judged = 0 }
  end)

  for _, name in ipairs { "carbon", "pezesha" } do
    it("agree on every value of " .. name .. "'s good documents", function()
      for _ = 1, DOCUMENTS / 4 do
        local body = document(providers[name])
        assert.is_nil(strict_json.fault(body))
        try(name, body)
      end
      assert.equal(0, counts.refused)
      -- An amount that does not fit, or a member that stands twice, is seen now and then.
      assert.truthy(counts.accepted > DOCUMENTS / 8)
    end)

    it("agree on " .. name .. "'s damaged documents, to the byte", function()
      for _ = 1, DOCUMENTS do
        local body = damage(document(providers[name]))
        try(name, draw(4) == 1 and damage(body) or body)
      end
      assert.truthy(counts.refused > DOCUMENTS / 2)
      assert.truthy(counts.accepted > DOCUMENTS / 40)
      assert.truthy(counts.meant > 0)
    end)
  end
end)
