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

local POINTS = { before = true, inside_headers = true, after_headers = true, inside_body = true }

local NUMBERS = { "nth", "from", "times", "ms", "bytes", "delta", "delta_minor", "size", "depth",
  "status", "after_ms" }

-- What a rule may say besides its kind; everything else is a misspelling.
local MEMBERS = {
  kind = true, provider = true, route = true, method = true, probability = true, at = true,
  processed = true, retry_after = true, body = true, location = true, when = true,
}
for _, name in ipairs(NUMBERS) do
  MEMBERS[name] = true
end

function faults.new(random)
  return setmetatable({ random = random, rules = {}, count = 0 }, faults)
end

local function problem(rule)
  if type(rule) ~= "table" then
    return "a fault is a table with a kind"
  elseif not BY_NAME[rule.kind] then
    return "no fault is called " .. tostring(rule.kind)
  end
  for name in pairs(rule) do
    if not MEMBERS[name] then
      return "a fault has no member " .. tostring(name)
    end
  end
  for _, name in ipairs(NUMBERS) do
    local value = rule[name]
    if value ~= nil and (type(value) ~= "number" or value % 1 ~= 0) then
      return name .. " must be a whole number"
    end
  end
  if rule.probability and not (type(rule.probability) == "number" and rule.probability >= 0
    and rule.probability <= 1) then
    return "probability must lie between 0 and 1"
  elseif rule.at and not POINTS[rule.at] then
    return "at must be before, inside_headers, after_headers or inside_body"
  end
  return nil
end

-- Adds a rule and returns its number, or nil and what is wrong with it.
function faults:add(rule)
  local wrong = problem(rule)
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

local function fires(self, rule)
  rule.seen = rule.seen + 1
  if rule.times and rule.fired >= rule.times then
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
      if free and fires(self, rule) then
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
