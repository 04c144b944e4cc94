-- From words to a command and its arguments, with argparse. Prints nothing and ends nothing: help
-- is a text, and wrong usage is an error with a suggestion.
local commands = require "repay.cli.commands"
local options = require "repay.cli.options"

local parse = {}

-- Columns of the help texts, whatever the terminal has.
local HELP_WIDTH = 80

local MISSING = [[the command needs lua-argparse, which is not installed
  Debian and Ubuntu:  apt-get install lua-argparse
  elsewhere:          luarocks install argparse]]

local function load_argparse()
  local loaded, argparse = pcall(require, "argparse")
  if not loaded then
    return nil, MISSING
  end
  return argparse
end

--- The module of a command.
function parse.load(name)
  return require("repay.cli.commands." .. name)
end

local function example_of(command)
  return command.example and "Example:\n  " .. command.example:gsub("\n", "\n  ") or nil
end

-- One line: argparse's own would list the options of every command too.
local function usage_of(parser, name)
  local words = { "usage: repay " .. name }
  for _, argument in ipairs(parser._arguments) do
    local word = type(argument._argname) == "string" and argument._argname
      or argument._name:upper()
    word = argument._maxargs > 1 and word .. "..." or word
    words[#words + 1] = argument._minargs == 0 and "[" .. word .. "]" or word
  end
  if #parser._commands > 0 then
    words[#words + 1] = "COMMAND"
  end
  words[#words + 1] = "[options]"
  return table.concat(words, " ")
end

-- Help is our own flag: argparse's would print and end the process. The command's options stand
-- before those of every command.
local function build(parser, name, command)
  parser:description((commands.by_name[name]:gsub("^%l", string.upper)) .. ".")
  parser:help_max_width(HELP_WIDTH)
  if command.configure then
    command.configure(parser)
  end
  if #parser._options > 0 and #parser._groups == 0 then
    parser:group("Options", (unpack or table.unpack)(parser._options))
  end
  options.configure(parser)
  parser:usage(command.usage or usage_of(parser, name))
  local example = example_of(command)
  if example then
    parser:epilog(example)
  end
  return parser
end

--- A parser for one command.
function parse.parser(name, command)
  local argparse, why = load_argparse()
  if not argparse then
    return nil, why
  end
  return build(argparse("repay " .. name):add_help(false), name, command)
end

--- One parser with every command in it, for completions.
function parse.whole()
  local argparse, why = load_argparse()
  if not argparse then
    return nil, why
  end
  local parser = argparse("repay"):add_help(false)
  options.configure(parser)
  for _, name in ipairs(commands.names()) do
    local command = parse.load(name)
    local child = parser:command(name):description(commands.by_name[name]):add_help(false)
    if command.configure then
      command.configure(child)
    end
  end
  return parser
end

-- Names that differ from a word by one letter more, less, or another; nothing compiled is loaded
-- for a misspelt command.
local function is_near(word, name)
  if math.abs(#word - #name) > 1 or #word < 2 then
    return false
  end
  local from, to = 1, 0
  while from <= #word and word:byte(from) == name:byte(from) do
    from = from + 1
  end
  while #word - to >= from and #name - to >= from
    and word:byte(#word - to) == name:byte(#name - to) do
    to = to + 1
  end
  local left, other = #word - to - from + 1, #name - to - from + 1
  local is_swapped = left == 2 and other == 2 and word:byte(from) == name:byte(from + 1)
    and word:byte(from + 1) == name:byte(from)
  return left <= 1 and other <= 1 or is_swapped
end

--- The name of the command that may have been meant, or nil.
function parse.nearest(word)
  for _, name in ipairs(commands.names()) do
    if is_near(word, name) or (#word >= 3 and name:sub(1, #word) == word) then
      return name
    end
  end
  return nil
end

--- The text of `repay --help`.
function parse.overview()
  local lines = { "usage: repay COMMAND [options]" }
  for _, group in ipairs(commands.groups) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = group.title .. ":"
    for _, command in ipairs(group.commands) do
      lines[#lines + 1] = ("  %-12s %s"):format(command[1], command[2])
    end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "repay COMMAND --help tells more. The first step without credentials is"
  lines[#lines + 1] = "repay sandbox, and repay doctor looks at what is configured."
  return table.concat(lines, "\n") .. "\n"
end

--- The arguments of a command as a table, or nil and what is wrong with the words.
function parse.arguments(parser, words)
  local ok, result = parser:pparse(words)
  if not ok then
    return nil, (result:gsub("\nDid you mean", "; did you mean"))
  end
  return result
end

return parse
