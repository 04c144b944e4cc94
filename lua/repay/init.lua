-- repay: schedules and repayments through lending providers.
--
-- `require "repay"` does no work beyond loading: it opens no connection, reads no environment and
-- sets no global.
local native = require "repay.native.core"
local options = require "repay.options"
local methods = require "repay.client"

local repay = {
  version = "0.1.0",
  error = require "repay.error",
  money = require "repay.money",
}

-- Classes are made in C; this adds the methods that are Lua's.
local function extend(class, additions)
  for name, method in pairs(additions) do
    class[name] = method
  end
end

extend(native.classes.client, methods.client)
extend(native.classes.call, methods.call)
require("repay.row").install()

--- Opens a provider: a client, or nil and an error. Unknown names and wrong types raise.
function repay.open(provider, given)
  if type(provider) ~= "string" then
    error("repay.open: the provider must be a string, got a " .. type(provider), 2)
  end
  local description = options.provider(provider)
  if not description then
    error(options.unknown("repay.open: unknown provider", provider, native.providers()), 2)
  end
  local checked, err = options.open(description, given, 2)
  if not checked then
    return nil, err
  end
  return native.open(provider, checked)
end

--- The providers' names, as a list.
function repay.providers()
  return native.providers()
end

return repay
