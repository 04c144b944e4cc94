-- FinCode's login, refresh and logout as the sandbox answers them.
--
-- Refresh tokens work once; a second use is treated as theft and ends the session, as the
-- provider's page warns.

local fincode_book = require "repay.sandbox.fincode_book"
local json = require "repay.sandbox.json"
local reply = require "repay.sandbox.fincode_reply"
local route = require "repay.sandbox.route"

local login = {}

local HEADERS = route.set("platform uuid")
local LOGOUT_HEADERS = route.set("platform uuid x-auth-token")

local function claims(sandbox, customer_id)
  local seconds = math.floor(sandbox.book.now / 1000)
  return {
    { "roles", json.array({ "CUSTOMER" }) }, { "user-id", customer_id }, { "iss", "sandbox" },
    { "exp", seconds + math.floor(sandbox.switches.token_lifetime_ms / 1000) },
    { "tenancy-id", "finlend" }, { "client-id", "sandbox" }, { "iat", seconds },
    { "jti", sandbox.book.random:uuid() },
  }
end

-- A pair of tokens for one customer.
function login.issue(sandbox, customer_id, session)
  session = session or {}
  local now = sandbox.book.now
  local access = sandbox.tokens:issue({
    provider = "fincode", user = customer_id, session = session,
    expires_unix_ms = now + sandbox.switches.token_lifetime_ms,
  }, claims(sandbox, customer_id))
  local refresh = sandbox.tokens:issue({
    provider = "fincode", user = customer_id, session = session, kind = "refresh",
  }, claims(sandbox, customer_id))
  return { access = access, refresh = refresh }
end

function login.before(context)
  for _, name in ipairs({ "platform", "uuid" }) do
    if (context.headers[name] or "") == "" then
      return reply.problem(context, "header " .. name .. " is missing")
    end
  end
  local body, why = json.read(context.request.body or "")
  if body == nil or type(body) ~= "table" or not json.is_object(body) then
    return reply.problem(context, "the body is not a JSON object: " .. (why or "another value"))
  end
  local problem = route.member_problem(body, context.route.members)
  if problem then
    return reply.problem(context, problem)
  end
  context.members = body.members
  return nil
end

local function pair_reply(context, pair)
  return reply.success(context, 200, json.object({
    { "access_token", pair.access }, { "refresh_token", pair.refresh },
  }))
end

local function refused(context, status, message)
  return { status = context.switches.fincode_error_status == "ok" and 200 or status, refused = true,
    json = json.object({ { "status", "FAILED" }, { "message", message } }) }
end

local function find_by_email(book, email)
  for _, customer in pairs(book.customers.fincode or {}) do
    if customer.email == email then
      return customer
    end
  end
  return nil
end

local function log_in(context)
  local customer = find_by_email(context.book, context.members.email)
  if not customer then
    return refused(context, 404, "User Not Found: no user has this address")
  elseif context.members.currentPassword ~= fincode_book.password then
    return refused(context, 401, "Invalid Credentials: wrong email or password")
  end
  return pair_reply(context, login.issue(context.sandbox, customer.id))
end

local function refresh(context)
  local tokens = context.sandbox.tokens
  local facts = tokens:find(tostring(context.members.refresh_token), "fincode", context.book.now)
  if not facts or facts.kind ~= "refresh" then
    return refused(context, 401, "Invalid Refresh Token: log in again")
  elseif facts.used then
    tokens:revoke_session(facts.session)
    return refused(context, 403, "Token Already Used: the session was ended")
  end
  facts.used = true
  return pair_reply(context, login.issue(context.sandbox, facts.user, facts.session))
end

local function log_out(context)
  local tokens = context.sandbox.tokens
  local facts = tokens:find(context.headers["x-auth-token"] or "", "fincode", context.book.now)
  if not facts then
    return reply.unauthenticated(context, "Authentication required: X-Auth-Token is missing or bad")
  elseif facts.session then
    tokens:revoke_session(facts.session)
  end
  return { status = 200, json = json.object({
    { "status", "SUCCESS" }, { "message", "Logged out successfully" },
  }) }
end

local SECURITY = "/api/v6/services/securitymanagement/"

login.routes = {
  { name = "login", method = "PUT", path = SECURITY .. "login", login = true, headers = HEADERS,
    members = route.set("email currentPassword"), answer = log_in },
  { name = "refresh_token", method = "PUT", path = SECURITY .. "refresh-token", login = true,
    headers = HEADERS, members = route.set("refresh_token"), answer = refresh },
  { name = "logout", method = "PUT", path = SECURITY .. "logout", login = true,
    headers = LOGOUT_HEADERS, members = route.set("refresh_token"), answer = log_out },
}

return login
