-- What every command takes, in one list: the parser is made of it, and the command's name is found
-- among the words with it. No option takes a secret, here or anywhere: a command line is seen by
-- every process of the machine.
local options = {}

options.common = {
  { name = "--profile", argname = "NAME", text = "the profile of the configuration to use" },
  { name = "--config", argname = "FILE", text = "read this configuration and no other" },
  { name = "--as-of", argname = "DAY", text = "YYYY-MM-DD instead of today" },
  { name = "--zone", argname = "ZONE", text = "what today is: +01:00, UTC, Africa/Lagos" },
  { name = "--json", text = "one JSON document; errors too", form = true },
  { name = "--ndjson", text = "one JSON object a line", form = true },
  { name = "--csv", text = "CSV for spreadsheets and programs, lines end in LF", form = true },
  { name = "--columns", argname = "LIST", text = "these columns only, separated by commas" },
  { name = "--sort", argname = "LIST", text = "by these columns; -NAME for descending" },
  { name = "--quiet", short = "-q", text = "no talk, only warnings and errors" },
  { name = "--no-color", text = "no colours; NO_COLOR says the same" },
  { name = "--help", short = "-h", text = "this text" },
}

local takes_value = {}
for _, option in ipairs(options.common) do
  takes_value[option.name] = option.argname ~= nil
end

--- Adds the list to a parser of argparse.
function options.configure(parser)
  local elements, forms = {}, {}
  for _, option in ipairs(options.common) do
    local names = option.short and option.short .. " " .. option.name or option.name
    local element
    if option.argname then
      element = parser:option(names, option.text):argname(option.argname)
    else
      element = parser:flag(names, option.text)
    end
    elements[#elements + 1] = element
    if option.form then
      forms[#forms + 1] = element
    end
  end
  parser:mutex((unpack or table.unpack)(forms))
  parser:group("Options of every command", (unpack or table.unpack)(elements))
end

-- A value that begins with a hyphen would be taken for an option: that of --sort may be one, and a
-- number below zero is wrong in a way that the option itself can say.
local function is_tied(word, value)
  return value and (word == "--sort" or word:find("^%-%-%l[%l-]*$") and value:find("^%-%d"))
end

--- The command's name among the words, and the words without it. Options may stand before it. A
--- value that begins with a hyphen is tied to its option.
function options.split(words)
  local rest, name, at = {}, nil, 1
  while words[at] do
    local word = words[at]
    if is_tied(word, words[at + 1]) then
      at = at + 1
      rest[#rest + 1] = word .. "=" .. words[at]
    elseif not name and word:sub(1, 1) ~= "-" then
      name = word
    else
      rest[#rest + 1] = word
      if not name and takes_value[word] and words[at + 1] then
        at = at + 1
        rest[#rest + 1] = words[at]
      end
    end
    at = at + 1
  end
  return name, rest
end

--- Whether one of the words asks for this flag; after "--" nothing is a flag.
function options.has(words, long, short)
  for _, word in ipairs(words) do
    if word == "--" then
      return false
    elseif word == long or (short and word == short) then
      return true
    end
  end
  return false
end

return options
