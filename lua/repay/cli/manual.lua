-- The manual page, made of what help is made of: no option is described in two places.
--
-- Gives a text in the man macros; reads no clock and writes nothing.
local commands = require "repay.cli.commands"
local exit = require "repay.cli.exit"
local options = require "repay.cli.options"
local parse = require "repay.cli.parse"

local manual = {}

-- A character beyond ASCII by its number, which every roff knows.
local function by_number(bytes)
  local code = bytes:byte(1)
  code = code >= 240 and code - 240 or code >= 224 and code - 224 or code - 192
  for at = 2, #bytes do
    code = code * 64 + bytes:byte(at) - 128
  end
  return ("\\[u%04X]"):format(code)
end

-- What roff would take for itself stands for itself.
local function text_of(words)
  words = words:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("[\194-\244][\128-\191]+", by_number)
  return (words:gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

local function bold(words)
  return "\\fB" .. text_of(words) .. "\\fR"
end

local function italic(words)
  return "\\fI" .. text_of(words) .. "\\fR"
end

-- A term and what it means, as one entry of a list.
local function entry(out, term, meaning)
  out[#out + 1] = ".TP"
  out[#out + 1] = term
  out[#out + 1] = text_of(meaning)
end

local function first(value)
  return type(value) == "table" and value[1] or value
end

local function term_of_option(option)
  local names = {}
  for index, name in ipairs(option._aliases) do
    names[index] = bold(name)
  end
  local term = table.concat(names, ", ")
  if option._maxargs > 0 then
    local choices = option._choices and "{" .. table.concat(option._choices, ",") .. "}"
    term = term .. " " .. italic(choices or first(option._argname) or "VALUE")
  end
  return term
end

local common = {}
for _, option in ipairs(options.common) do
  common[option.name] = true
end

local function add_command(out, name)
  local command = parse.load(name)
  local parser, why = parse.parser(name, command)
  if not parser then
    return nil, why
  end
  out[#out + 1] = ".SS " .. text_of((parser:get_usage():gsub("^usage: ", "")))
  out[#out + 1] = text_of((commands.by_name[name]:gsub("^%l", string.upper)) .. ".")
  for _, argument in ipairs(parser._arguments) do
    entry(out, italic(first(argument._argname) or argument._name), argument._description or "")
  end
  for _, option in ipairs(parser._options) do
    if not common[option._aliases[#option._aliases]] then
      entry(out, term_of_option(option), option._description or "")
    end
  end
  if command.example then
    out[#out + 1] = ".PP\n.nf\n.RS"
    out[#out + 1] = text_of(command.example)
    out[#out + 1] = ".RE\n.fi"
  end
  return true
end

local FILES = {
  { "~/.config/repay/config.lua", "the user's configuration: a table of profiles, loaded without "
    .. "any library. It says where a secret is, with env \"NAME\" or command { \"word\", … }, and "
    .. "holds none itself. Under XDG_CONFIG_HOME where that is set." },
  { ".repay.lua", "a project's configuration, read where the user's own names its directory under "
    .. "projects." },
  { "~/.local/state/repay/snapshots", "what was fetched, by profile and moment. Under "
    .. "XDG_STATE_HOME where that is set." },
  { "~/.local/state/repay/journal.db", "the journal of repayments, unless a profile names "
    .. "another." },
}

local ENVIRONMENT = {
  { "NO_COLOR", "no colours, whatever its value" },
  { "XDG_CONFIG_HOME, XDG_STATE_HOME", "where configuration and state lie" },
}

local OPENING = [[
.SH DESCRIPTION
repay asks lending providers what is owed, records repayments exactly once, and reports on both.
Data goes to the standard output, talk to the standard error. On a terminal data is a table; in a
pipe it is one line a row, separated by tabs. Amounts are exact decimals, their currency has its own
column, and what cannot be known is empty, never zero. No option takes a secret.]]

--- The page, or nil and why there is none.
function manual.page(version)
  local out = {
    ('.TH REPAY 1 "" "repay %s" "User Commands"'):format(version),
    ".SH NAME\nrepay \\- fetch what is owed, repay it exactly once, report on it",
    ".SH SYNOPSIS\n" .. bold "repay" .. " " .. italic "COMMAND" .. " [" .. italic "options" .. "]",
    OPENING,
  }
  for _, group in ipairs(commands.groups) do
    out[#out + 1] = ".SH " .. group.title:upper()
    for _, command in ipairs(group.commands) do
      local added, why = add_command(out, command[1])
      if not added then
        return nil, why
      end
    end
  end
  out[#out + 1] = ".SH OPTIONS OF EVERY COMMAND"
  for _, option in ipairs(options.common) do
    local term = (option.short and bold(option.short) .. ", " or "") .. bold(option.name)
    entry(out, option.argname and term .. " " .. italic(option.argname) or term, option.text)
  end
  out[#out + 1] = ".SH EXIT STATUS\nThe first of these that applies:"
  for _, code in ipairs(exit.precedence) do
    entry(out, bold(tostring(code)), exit.meaning[code])
  end
  for _, part in ipairs { { "FILES", FILES }, { "ENVIRONMENT", ENVIRONMENT } } do
    out[#out + 1] = ".SH " .. part[1]
    for _, each in ipairs(part[2]) do
      entry(out, italic(each[1]), each[2])
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return manual
