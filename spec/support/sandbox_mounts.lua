-- The three ways to a sandbox behind one face, so that one suite of the client runs over each:
-- in process, over HTTP, over HTTPS.
--
-- A mount has open(provider, changes), set, fault, clear_faults, ledger, verify, reject, advance,
-- token, reset and stop. `is_wire` says that bytes travel.

local process = require("spec.support.sandbox_process")
local repay = require("repay")
local sandbox = require("repay.sandbox")

local mounts = {}

-- Retries without a wait; deadlines that only a stalled reply meets.
local PATIENCE = {
  attempt_timeout_ms = 10000, timeout_ms = 30000, retry_base_ms = 1, retry_cap_ms = 5,
}

local function merge(...)
  local merged = {}
  for index = 1, select("#", ...) do
    for name, value in pairs((select(index, ...)) or {}) do merged[name] = value end
  end
  return merged
end

function mounts.in_process()
  local box = sandbox.new({ seed = 42 })
  local mount = { name = "in process", is_wire = false }
  function mount.open(provider, changes)
    return assert(repay.open(provider, merge(sandbox.settings(provider), PATIENCE,
      { transport = box:transport(provider) }, changes)))
  end
  for _, name in ipairs({ "fault", "verify", "reject", "advance", "token", "set" }) do
    mount[name] = function(...) return assert(box[name](box, ...) or name == "advance") end
  end
  function mount.clear_faults() box:clear_faults() end
  function mount.ledger() return box:ledger() end
  function mount.reset() box:reset() end
  function mount.stop() end
  return mount
end

local function over_wire(name, is_tls)
  local server = process.start("--loans", "0", (is_tls and "--tls" or nil))
  local settings = is_tls and server.tls_settings or server.settings
  local mount = { name = name, is_wire = true, is_tls = is_tls, server = server }
  function mount.open(provider, changes)
    return assert(repay.open(provider, merge(settings[provider], PATIENCE, changes)))
  end
  function mount.fault(rule) return server:fault(rule) end
  function mount.clear_faults() server:control("DELETE", "faults") end
  function mount.verify(id) return server:control("POST", "verify", { id = id }) end
  function mount.reject(id) return server:control("POST", "reject", { id = id }) end
  function mount.advance(ms) return server:control("POST", "clock", { advance_ms = ms }) end
  function mount.token(provider, customer_id)
    return server:control("POST", "token", { provider = provider, customer_id = customer_id }).token
  end
  function mount.set(values) return server:control("POST", "switches", values) end
  function mount.ledger() return server:ledger() end
  function mount.reset() server:reset() end
  function mount.stop() server:stop() end
  return mount
end

function mounts.http() return over_wire("over HTTP", false) end
function mounts.https() return over_wire("over HTTPS", true) end

return mounts
