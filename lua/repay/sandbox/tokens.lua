-- Access tokens of a sandbox: who holds which, how long, and which were taken back.
--
-- Tokens look like JWTs, because clients may read their claims, but the signature is a marker:
-- nothing outside the sandbox trusts them.

local json = require "repay.sandbox.json"

local tokens = {}
tokens.__index = tokens

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

function tokens.base64url(text)
  local out = {}
  for at = 1, #text, 3 do
    local first, second, third = text:byte(at, at + 2)
    local value = first * 65536 + (second or 0) * 256 + (third or 0)
    local count = third and 4 or second and 3 or 2
    for place = 1, count do
      local index = math.floor(value / 64 ^ (4 - place)) % 64
      out[#out + 1] = ALPHABET:sub(index + 1, index + 1)
    end
  end
  return table.concat(out)
end

function tokens.new(random)
  return setmetatable({ random = random, held = {} }, tokens)
end

-- `facts` are kept with the token: provider, user, expires_unix_ms, kind, session.
function tokens:put(text, facts)
  self.held[text] = facts
  return text
end

function tokens:issue(facts, claims)
  local header = tokens.base64url('{"alg":"RS256","typ":"JWT"}')
  local body = tokens.base64url(json.write(json.object(claims)))
  local mark = self.random:uuid():gsub("-", "")
  return self:put(header .. "." .. body .. "." .. tokens.base64url("sandbox" .. mark), facts)
end

-- What is known of a token that works now, or nil and why it does not.
function tokens:find(text, provider, now)
  local facts = self.held[text]
  if not facts or facts.provider ~= provider then
    return nil, "unknown"
  elseif facts.revoked then
    return nil, "revoked"
  elseif facts.expires_unix_ms and now >= facts.expires_unix_ms then
    return nil, "expired"
  end
  return facts
end

function tokens:revoke_all(provider)
  for _, facts in pairs(self.held) do
    if facts.provider == provider then
      facts.revoked = true
    end
  end
end

function tokens:revoke_session(session)
  for _, facts in pairs(self.held) do
    if facts.session == session then
      facts.revoked = true
    end
  end
end

return tokens
