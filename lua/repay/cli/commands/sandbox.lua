-- repay sandbox: the three providers on this machine, until they are stopped.
local sandbox = { example = "repay sandbox --port 8042 --seed 42" }

local function whole(text)
  return text:find("^%d+$") and tonumber(text) or nil
end

function sandbox.configure(parser)
  for _, option in ipairs(require("repay.sandbox.command").options) do
    local name, kind, word, meaning = (unpack or table.unpack)(option, 1, 4)
    if kind == "flag" then
      parser:flag("--" .. name, meaning)
    else
      local element = parser:option("--" .. name, meaning):argname(word)
      if kind == "number" then
        element:convert(whole)
      elseif kind == "list" then
        element:count("*")
      end
    end
  end
end

function sandbox.run(context)
  local command = require "repay.sandbox.command"
  local options = {}
  for _, option in ipairs(command.options) do
    options[option[1]] = context.arguments[option[1]:gsub("-", "_")]
  end
  options.set = options.set or {}
  local said = {}
  local code = command.run(options, context.world.stdout, { write = function(_, ...)
    said[#said + 1] = table.concat { ... }
  end })
  if not said[1] then
    return code
  end
  return context:fail(require("repay.error").new { kind = "invalid_argument",
    message = table.concat(said):gsub("^repay sandbox: ", ""):gsub("%s+$", "")
      :gsub("\n", "; ") }, code)
end

return sandbox
