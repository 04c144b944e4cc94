-- repay completion: what a shell needs to complete commands and options, made by argparse.
local completion = {
  example = 'eval "$(repay completion bash)"                 # in ~/.bashrc\n'
    .. "repay completion fish > ~/.config/fish/completions/repay.fish",
}

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
  context.output:text(parser["get_" .. context.arguments.shell .. "_complete"](parser))
  return 0
end

return completion
