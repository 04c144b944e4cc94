-- The three ways to a sandbox behind one face, so that one suite of the client runs over each:
-- in process, over HTTP, over HTTPS.
--
-- A mount has way(provider): the options that lead there; open(provider, changes): a client with
-- the sandbox's own credentials; canned(…): given replies; set, fault, clear_faults, ledger,
-- verify, reject, advance, token, reset and stop; unix_ms() is what a client takes for the time.
-- `is_wire` says that bytes travel.

local process = require("spec.support.sandbox_process")
local repay = require("repay")
local sandbox = require("repay.sandbox")
local transport = require("spec.support.transport")

local mounts = {}

-- Retries without a wait; deadlines that only a stalled reply meets.
mounts.PATIENCE = {
  attempt_timeout_ms = 10000, timeout_ms = 30000, retry_base_ms = 1, retry_cap_ms = 5,
}

local function merge(...)
  local merged = {}
  for index = 1, select("#", ...) do
    for name, value in pairs((select(index, ...)) or {}) do merged[name] = value end
  end
  return merged
end

-- Canned replies ----------------------------------------------------------------------------------

local Canned = {}

-- A fixture's path, or a table as a transport returns it, as the fault that answers it.
local function fault_of(answer)
  local reply = type(answer) == "string" and transport.reply(answer) or answer
  return { kind = "reply", status = reply.status, text = reply.body, headers = reply.headers }
end

-- `requests` are those of the ledger, with the credentials that came.
function Canned.__index(self, name)
  return name == "requests" and rawget(self, "mount").ledger().requests or Canned[name]
end

-- `given` are the options of a client, but for the way to its provider.
function Canned:open(provider, given)
  return assert(repay.open(provider, merge({ retry_base_ms = 1, retry_cap_ms = 5 }, given,
    self.mount.way(provider))))
end

--- What a mount of any kind does for the specs of replies: answers these, one for each request, the
--- last one again and again, byte for byte. spec/support/helper.lua opens clients over it.
function mounts.canned(mount, ...)
  local answers = { ... }
  mount.reset()
  for index, answer in ipairs(answers) do
    local rule = fault_of(answer)
    rule[index == #answers and "from" or "nth"] = index
    mount.fault(rule)
  end
  return setmetatable({ mount = mount }, Canned)
end

-- The mounts --------------------------------------------------------------------------------------

function mounts.in_process()
  local box = sandbox.new({ seed = 42, keep_secrets = true })
  local mount = { name = "in process", is_wire = false }
  function mount.way(provider) return { transport = box:transport(provider) } end
  function mount.open(provider, changes)
    return assert(repay.open(provider, merge(sandbox.settings(provider), mounts.PATIENCE,
      mount.way(provider), changes)))
  end
  for _, name in ipairs({ "fault", "verify", "reject", "advance", "token", "set" }) do
    mount[name] = function(...) return assert(box[name](box, ...) or name == "advance") end
  end
  function mount.canned(...) return mounts.canned(mount, ...) end
  function mount.clear_faults() box:clear_faults() end
  function mount.unix_ms() return box:unix_ms() end
  function mount.ledger() return box:ledger() end
  function mount.reset() box:reset() end
  function mount.stop() end
  return mount
end

--- A mount over a server that is there. `control(method, name, body)` asks one of its control
--- routes, `settings` are its options for each provider.
function mounts.over_wire(name, is_tls, settings, control)
  local mount = { name = name, is_wire = true, is_tls = is_tls }
  function mount.way(provider)
    local given = settings[provider]
    return { base_url = given.base_url, ca_file = given.ca_file, connect = given.connect }
  end
  function mount.open(provider, changes)
    return assert(repay.open(provider, merge(settings[provider], mounts.PATIENCE, changes)))
  end
  function mount.canned(...) return mounts.canned(mount, ...) end
  function mount.fault(rule) return control("POST", "faults", rule).id end
  function mount.clear_faults() control("DELETE", "faults") end
  function mount.verify(id) return control("POST", "verify", { id = id }) end
  function mount.reject(id) return control("POST", "reject", { id = id }) end
  function mount.advance(ms) return control("POST", "clock", { advance_ms = ms }) end
  function mount.token(provider, customer_id)
    return control("POST", "token", { provider = provider, customer_id = customer_id }).token
  end
  function mount.unix_ms() return os.time() * 1000 end
  function mount.set(values) return control("POST", "switches", values) end
  function mount.ledger() return control("GET", "ledger") end
  function mount.reset() control("POST", "reset") end
  function mount.stop() end
  return mount
end

local function start(name, is_tls)
  local server = process.start("--loans", "0", "--keep-secrets", (is_tls and "--tls" or nil))
  local settings = is_tls and server.tls_settings or server.settings
  local mount = mounts.over_wire(name, is_tls, settings, function(...)
    return server:control(...)
  end)
  mount.server = server
  function mount.stop() server:stop() end
  return mount
end

function mounts.http() return start("over HTTP", false) end
function mounts.https() return start("over HTTPS", true) end

--- Describes the same over each mount, with one server for all of it. `words` are busted's own
--- (describe, setup, teardown); `body` gets a function that returns the mount once tests run.
function mounts.each(words, subject, body)
  for _, name in ipairs({ "in_process", "http", "https" }) do
    -- The eager collector's run leaves out what is slow, and bytes are read by the same code.
    local tag = name == "in_process" and "" or " #slow"
    words.describe(subject .. ", " .. name:gsub("_", " ") .. tag, function()
      local mount
      words.setup(function() mount = mounts[name]() end)
      words.teardown(function() mount.stop() end)
      body(function() return mount end, name)
    end)
  end
end

return mounts
