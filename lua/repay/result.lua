-- What a call ended with, taken with care: a schedule or a receipt, or nil and an error.
local native = require "repay.native.core"
local errors = require "repay.error"

-- Running out of memory here would lose the news of a repayment, so it is tried twice.
return function(call)
  if not native.is_open(call, "repay.call") then
    return nil, errors.new { kind = "cancelled", message = "the call was closed before it ended" }
  end
  local ok, value, err = pcall(call.result, call)
  if not ok then
    collectgarbage()
    value, err = call:result()
  end
  return value, err
end
