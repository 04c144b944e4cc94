-- repay completion: what a shell needs to complete commands and options, made by argparse.
local completion = {
  example = 'eval "$(repay completion bash)"                 # in ~/.bashrc; zsh likewise\n'
    .. "repay completion fish > ~/.config/fish/completions/repay.fish",
}

-- argparse's function for zsh runs itself at its end, as a file that compinit loads has to; with
-- eval nothing is being completed yet, so there it is only made known.
local ZSH_END = [[
if [ "$funcstack[1]" = "_repay" ]; then
  _repay "$@"
else
  compdef _repay repay
fi
]]

local SHELLS = { "bash", "zsh", "fish" }

function completion.configure(parser)
  parser:argument("shell", table.concat(SHELLS, ", ")):choices(SHELLS)
end

function completion.run(context)
  local parse = require "repay.cli.parse"
  local parser, why = parse.whole()
  if not parser then
    return context:fail(why)
  end
  local text = parser["get_" .. context.arguments.shell .. "_complete"](parser)
  if context.arguments.shell == "zsh" then
    text = text:gsub("_repay%s*$", function() return ZSH_END end)
  end
  context.output:text(text)
  return 0
end

return completion
