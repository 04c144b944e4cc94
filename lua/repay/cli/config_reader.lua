-- Reads a configuration file as data: a Lua table with two words in it, env "NAME" and
-- command { "program", "word" }, which say where a secret is and fetch nothing yet.
--
-- The file gets no library, not even the methods of strings; compiled code is refused; steps,
-- memory and size have ceilings on both VMs, so that a file that loops ends as an error with its
-- line.
local reader = {}

local SIZE_MAX = 65536        -- a thousand profiles
local STEPS_MAX = 200000      -- instructions; a table of that many values is no configuration
local MEMORY_MAX_KIB = 32768  -- on top of what was there before
local DEPTH_MAX = 8

local Marker = {}
Marker.__index = Marker

-- What is shown of it: where the value is, never the value.
function Marker.__tostring(marker)
  if marker.kind == "env" then
    return "env " .. marker.name
  end
  return "command " .. tostring(marker.argv[1])
end

--- Whether a value of the configuration says where to find a text instead of being one.
function reader.is_marker(value)
  return type(value) == "table" and getmetatable(value) == Marker
end

-- Texts have no methods while a file runs, so what it calls uses the library by name.
local find = string.find

local function make_env(name)
  if type(name) ~= "string" or not find(name, "^[%a_][%w_]*$") then
    error('env takes the name of a variable: env "REPAY_TOKEN"', 2)
  end
  return setmetatable({ kind = "env", name = name }, Marker)
end

local function make_command(argv)
  local is_list = type(argv) == "table" and #argv > 0
  for _, word in ipairs(is_list and argv or {}) do
    is_list = is_list and type(word) == "string" and not find(word, "%z")
  end
  if not is_list then
    error('command takes a list of words: command { "pass", "show", "loans" }', 2)
  end
  local copy = {}
  for i, word in ipairs(argv) do
    copy[i] = word
  end
  return setmetatable({ kind = "command", argv = copy }, Marker)
end

local function environment(suggest)
  return setmetatable({}, {
    __index = function(_, name)
      if name == "env" then
        return make_env
      elseif name == "command" then
        return make_command
      end
      getmetatable("").__index = string -- the file has come to its end
      error(suggest("a configuration knows only env and command, not", tostring(name),
        { "env", "command" }), 2)
    end,
    __newindex = function(_, name)
      error("a configuration sets nothing; it returns a table (name '" .. tostring(name)
        .. "')", 2)
    end,
    __metatable = false,
  })
end

-- Compiled traces of LuaJIT look at no hook, so the file is never compiled.
local function keep_interpreted(chunk)
  local jit = rawget(_G, "jit")
  if jit then
    jit.off(chunk, true)
  end
end

local function compile(text, name, env)
  if text:sub(1, 1) == "\27" then
    return nil, name .. ": compiled code is no configuration"
  end
  -- Both VMs take the mode and the environment here.
  local chunk, why = load(text, "@" .. name, "t", env)
  if not chunk then
    return nil, why
  end
  keep_interpreted(chunk)
  return chunk
end

-- Runs the chunk with its ceilings. The hook looks at each step: a text that doubles itself needs
-- few of them. It is still set for the few steps after the chunk, and must not stop those.
local function run_bounded(chunk)
  local strings = getmetatable("")
  local methods = strings.__index
  local old_hook, old_mask, old_count = debug.gethook()
  local steps, memory, is_over = 0, collectgarbage("count"), false
  strings.__index = nil
  debug.sethook(function()
    steps = steps + 1
    if is_over then
      return
    elseif steps > STEPS_MAX then
      is_over = true
      error("the configuration does not end", 2)
    elseif collectgarbage("count") - memory > MEMORY_MAX_KIB then
      is_over = true
      error("the configuration is too large", 2)
    end
  end, "", 1)
  local ok, result = pcall(function()
    local value = chunk()
    is_over = true
    return value
  end)
  is_over = true
  debug.sethook(old_hook, old_mask, old_count)
  strings.__index = methods
  return ok, result
end

-- A file may have changed what env and command gave it.
local function copy_marker(marker)
  local make = marker.kind == "env" and make_env or make_command
  local ok, made = pcall(make, marker.kind == "env" and marker.name or marker.argv)
  if not ok then
    return nil, "is no longer what env or command made"
  end
  return made
end

-- Plain data without loops, copied: no metatable and no function of the file is kept.
local function copy(value, depth)
  local kind = type(value)
  if kind == "string" or kind == "boolean" or kind == "number" then
    return value
  elseif reader.is_marker(value) then
    return copy_marker(value)
  elseif kind ~= "table" then
    return nil, "holds a " .. kind
  elseif depth == 0 then
    return nil, "is nested too deeply"
  end
  local result = {}
  for name, each in pairs(value) do
    local inner, why = copy(each, depth - 1)
    if why then
      return nil, tostring(name) .. " " .. why
    end
    result[name] = inner
  end
  return result
end

--- The table that the text of a configuration returns, or nil and a message with its line.
--- suggest(complaint, word, names) words what is not known.
function reader.read(text, name, suggest)
  if #text > SIZE_MAX then
    return nil, name .. ": larger than " .. SIZE_MAX .. " bytes"
  end
  local chunk, why = compile(text, name, environment(suggest))
  if not chunk then
    return nil, why
  end
  local ok, result = run_bounded(chunk)
  if not ok then
    return nil, type(result) == "string" and result or name .. ": raised a " .. type(result)
  elseif type(result) ~= "table" or reader.is_marker(result) then
    return nil, name .. ": returns a " .. type(result) .. " and not a table"
  end
  local data, wrong = copy(result, DEPTH_MAX)
  if not data then
    return nil, name .. ": " .. wrong
  end
  return data
end

return reader
