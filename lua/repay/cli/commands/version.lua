-- repay version: the version of repay and the Lua that runs it.
local version = { example = "repay version --json" }

function version.run(context)
  local repay = require "repay"
  local vm = rawget(_G, "jit") and rawget(_G, "jit").version or _VERSION
  if context.arguments.json or context.arguments.ndjson then
    context.output:document { { "repay", repay.version }, { "lua", vm } }
  else
    context.output:text("repay " .. repay.version .. "\n")
  end
  return 0
end

return version
