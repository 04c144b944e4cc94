-- The providers that the sandbox speaks for, the only list of their names here.

local dialects = {}

for _, name in ipairs({ "fincode", "pezesha", "carbon" }) do
  dialects[#dialects + 1] = require("repay.sandbox." .. name)
end

return dialects
