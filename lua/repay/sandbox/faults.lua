-- Faults that a sandbox can show, as data, and the rules that say which request meets which.
--
-- Wire faults spoil how a reply travels, money faults spoil what the provider remembers or tells.
-- Rules are tried in the order in which they were added; chance comes from the sandbox's seed.

local faults = {}
faults.__index = faults

-- `phase` "after" waits for the provider's answer, because the rule depends on it. `processed` is
-- whether the provider acts on the request before the fault, unless the rule says otherwise.
faults.list = {
  { name = "refuse", class = "wire", processed = false,
    meaning = "the connection is refused (on a real socket: reset before a byte is answered)" },
  { name = "dns", class = "wire", processed = false,
    meaning = "the host's name is not found; in process only" },
  { name = "tls", class = "wire", processed = false,
    meaning = "the handshake fails; in process only, the server has ports with bad certificates" },
  { name = "reset", class = "wire", processed = true,
    meaning = "the connection is reset; at: before, inside_headers, after_headers, inside_body" },
  { name = "stall", class = "wire", processed = true,
    meaning = "nothing moves for ms; at: before, inside_headers, after_headers, inside_body" },
  { name = "cut", class = "wire", processed = true,
    meaning = "the connection ends in the middle of the body, or after `bytes` of it" },
  { name = "wrong_length", class = "wire", processed = true,
    meaning = "Content-Length is wrong by `delta` (10); a negative one hides the end" },
  { name = "dribble", class = "wire", processed = true,
    meaning = "the reply comes one byte at a time, `ms` (1) apart" },
  { name = "not_json", class = "wire", processed = true, meaning = "200 with text, not JSON" },
  { name = "html", class = "wire", processed = true, meaning = "200 with an HTML page" },
  { name = "empty", class = "wire", processed = true, meaning = "200 with an empty body" },
  { name = "big_body", class = "wire", processed = true,
    meaning = "a body of `size` bytes (100 MiB), the answer followed by blanks" },
  { name = "deep_nesting", class = "wire", processed = true,
    meaning = "a body nested `depth` (100,000) levels deep" },
  { name = "gzip_bomb", class = "wire", processed = true,
    meaning = "Content-Encoding: gzip, a small body that would grow to `size` bytes (100 MiB)" },
  { name = "redirect", class = "wire", processed = false,
    meaning = "301 (or `status`) to `location` on another host" },
  { name = "status", class = "wire", processed = false,
    meaning = "HTTP `status` (503), with `retry_after` (seconds, or \"date\" in `ms`) if given; "
      .. "body: envelope, html or empty" },
  { name = "reply", class = "wire", processed = false,
    meaning = "the answer is `text`, byte for byte, under HTTP `status` (200), with `headers`, "
      .. "an object of names and values" },

  { name = "reply_lost", class = "money", phase = "after",
    meaning = "the provider acts and the reply is lost; when: processed, refused or any" },
  { name = "processed_then_status", class = "money", phase = "after",
    meaning = "the repayment is recorded and the answer is HTTP `status` (500)" },
  { name = "keys_forgotten", class = "money", meaning = "keys older than after_ms are forgotten" },
  { name = "keys_ignored", class = "money", meaning = "the idempotency key is not looked at" },
  { name = "conflict_while_running", class = "money",
    meaning = "the request runs for ms; the same key meanwhile is answered 409" },
  { name = "list_lags", class = "money", meaning = "lists do not show the last ms" },
  { name = "list_misses", class = "money", meaning = "lists leave out the newest record" },
  { name = "list_repeats", class = "money", meaning = "lists show the newest record twice" },
  { name = "amount_echoed_wrong", class = "money",
    meaning = "the answer shows an amount that differs by delta_minor (1)" },
  { name = "token_expires", class = "money", meaning = "every token given so far stops working" },
  { name = "verification_delayed", class = "money",
    meaning = "a verification takes effect only after ms" },
  { name = "rejected_later", class = "money",
    meaning = "the repayment is rejected ms after the answer" },
  { name = "answered_rejected", class = "money",
    meaning = "the repayment is recorded and answered as REJECTED" },
  { name = "date_skewed", class = "money", meaning = "the Date header is wrong by ms" },
}

local BY_NAME = {}
for _, fault in ipairs(faults.list) do
  BY_NAME[fault.name] = fault
end

local function words(text)
  local set = {}
  for word in text:gmatch("%S+") do
    set[word] = true
  end
  return set
end

local POINTS = words "before inside_headers after_headers inside_body"
local OUTCOMES = words "processed refused replayed read any"
local BODIES = words "envelope html empty"

-- The bounds of a rule's numbers. What is bounded by more than what fits is so because a server
-- that waits for years or fills the memory is of no use to anybody.
local DAY_MS = 86400000
local NUMBERS = {
  nth = { 1, 2 ^ 53 - 1 }, from = { 1, 2 ^ 53 - 1 }, times = { 0, 2 ^ 53 - 1 },
  bytes = { 0, 2 ^ 53 - 1 }, delta = { -2 ^ 31, 2 ^ 31 }, delta_minor = { -2 ^ 52, 2 ^ 52 },
  size = { 0, 2 ^ 32 }, depth = { 0, 10000000 }, status = { 200, 599 },
  ms = { -36500 * DAY_MS, 36500 * DAY_MS }, after_ms = { 0, 36500 * DAY_MS },
}

-- Members besides those: what they must be, in words and as a test of the value.
local function is_in(set)
  return function(value) return set[value] == true end
end

local function is_text(value)
  return type(value) == "string"
end

-- How long a reply is, and what follows it, other faults lie about; a header that broke the reply
-- into two would be a fault of the sandbox's own.
local FRAMING = words "content-length transfer-encoding connection date"

local function are_headers(value)
  if type(value) ~= "table" then
    return false
  end
  for name, text in pairs(value) do
    if type(name) ~= "string" or not name:find("^[%w-]+$") or FRAMING[name:lower()]
      or type(text) ~= "string" or text:find("[%c]") then
      return false
    end
  end
  return true
end

local OTHERS = {
  at = { "before, inside_headers, after_headers or inside_body", is_in(POINTS) },
  when = { "processed, refused, replayed, read or any", is_in(OUTCOMES) },
  body = { "envelope, html or empty", is_in(BODIES) },
  processed = { "true or false", function(value) return type(value) == "boolean" end },
  method = { "a method in capitals", function(value)
    return is_text(value) and value:find("^%u+$") ~= nil
  end },
  location = { "a text", function(value) return is_text(value) and not value:find("%c") end },
  text = { "a text", is_text },
  headers = { "an object of names and values", are_headers },
  retry_after = { "a number of seconds, or \"date\"", function(value)
    return value == "date" or type(value) == "number" and value % 1 == 0 and value >= 0
  end },
  probability = { "a number from 0 to 1", function(value)
    return type(value) == "number" and value >= 0 and value <= 1
  end },
}

-- `known` has the names that a rule's provider and route may have: { provider = { name = true },
-- route = … }. A rule for a name that nobody has would never be met, and nobody would know why.
function faults.new(random, known)
  return setmetatable({ random = random, known = known, rules = {}, count = 0 }, faults)
end

local function number_problem(name, value)
  local bounds = NUMBERS[name]
  if type(value) ~= "number" or value % 1 ~= 0 then
    return name .. " must be a whole number"
  elseif value < bounds[1] or value > bounds[2] then
    return ("%s must lie between %.0f and %.0f"):format(name, bounds[1], bounds[2])
  end
  return nil
end

local function member_problem(known, name, value)
  if name == "kind" then
    return nil
  elseif NUMBERS[name] then
    return number_problem(name, value)
  elseif OTHERS[name] then
    return not OTHERS[name][2](value) and name .. " must be " .. OTHERS[name][1] or nil
  elseif known[name] then
    return not known[name][value] and "no " .. name .. " is called " .. tostring(value) or nil
  end
  return "a fault has no member " .. tostring(name)
end

local function problem(known, rule)
  if type(rule) ~= "table" then
    return "a fault is a table with a kind"
  elseif not BY_NAME[rule.kind] then
    return "no fault is called " .. tostring(rule.kind)
  end
  for name, value in pairs(rule) do
    local wrong = member_problem(known, name, value)
    if wrong then
      return wrong
    end
  end
  if rule.ms and rule.ms < 0 and rule.kind ~= "date_skewed" then
    return "ms must not be negative"
  elseif rule.kind == "reply" and not rule.text then
    return "a reply needs its text"
  end
  return nil
end

-- Adds a rule and returns its number, or nil and what is wrong with it.
function faults:add(rule)
  local wrong = problem(self.known, rule)
  if wrong then
    return nil, wrong
  end
  self.count = self.count + 1
  local entry = { id = self.count, fault = BY_NAME[rule.kind], seen = 0, fired = 0 }
  for name, value in pairs(rule) do
    entry[name] = value
  end
  entry.times = entry.times or (entry.nth and 1) or nil
  if entry.fault.phase == "after" then
    entry.when = entry.when or "processed"
  end
  self.rules[#self.rules + 1] = entry
  return entry.id
end

function faults:remove(id)
  for index, rule in ipairs(self.rules) do
    if rule.id == id then
      table.remove(self.rules, index)
      return true
    end
  end
  return nil, "no fault has the number " .. tostring(id)
end

function faults:clear()
  self.rules = {}
end

local function concerns(rule, facts)
  return (not rule.provider or rule.provider == facts.provider)
    and (not rule.route or rule.route == facts.route)
    and (not rule.method or rule.method == facts.method)
    and (not rule.when or rule.when == "any" or rule.when == facts.result)
end

-- A request that another rule has taken is counted all the same: "the third" is the third request,
-- whatever the first two met.
local function fires(self, rule, is_free)
  rule.seen = rule.seen + 1
  if not is_free then
    return false
  elseif rule.times and rule.fired >= rule.times then
    return false
  elseif rule.nth and rule.seen ~= rule.nth then
    return false
  elseif rule.from and rule.seen < rule.from then
    return false
  elseif rule.probability and not self.random:chance(rule.probability) then
    return false
  end
  rule.fired = rule.fired + 1
  return true
end

-- The faults that this request meets: the first wire fault, and money faults by their kind.
-- `facts` are provider, route, method and, after the answer, result ("processed" or "refused").
function faults:take(phase, facts)
  local wire, money = nil, {}
  for _, rule in ipairs(self.rules) do
    if (rule.fault.phase or "before") == phase and concerns(rule, facts) then
      local class = rule.fault.class
      local free = class == "money" and not money[rule.kind] or class == "wire" and not wire
      if fires(self, rule, free) then
        if class == "money" then
          money[rule.kind] = rule
        else
          wire = rule
        end
      end
    end
  end
  return wire, money
end

-- Whether a reset may come, which the server must know before it reads a request.
function faults:may_reset()
  for _, rule in ipairs(self.rules) do
    if rule.kind == "reset" or rule.kind == "refuse" or rule.kind == "reply_lost" then
      return true
    end
  end
  return false
end

return faults
