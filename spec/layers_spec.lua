-- The rooms of the source, held by what the files say: who includes whom, which functions and
-- types are not used, and where a provider's name stands. Reads the text; compiles nothing.
-- Tagged #plain: the text is the same whatever the collector or a sanitizer does.

local lfs = require("lfs")

local read = require("spec.support.read").file

local function files_under(directory, ending, found)
  found = found or {}
  if lfs.attributes(directory, "mode") ~= "directory" then return found end
  for name in lfs.dir(directory) do
    local path = directory .. "/" .. name
    if name:sub(1, 1) ~= "." then
      if lfs.attributes(path, "mode") == "directory" then
        files_under(path, ending, found)
      elseif name:find(ending) then
        found[#found + 1] = path
      end
    end
  end
  table.sort(found)
  return found
end

-- Keeps the newlines, so that a place in the result is a place in the file.
local function blank(text)
  return (text:gsub("[^\n]", " "))
end

-- C without its comments, and without what is inside quotes: only words that do something remain.
local function code_of(text)
  local out, at = {}, 1
  while true do
    local start = text:find("[\"'/]", at)
    if not start then break end
    out[#out + 1] = text:sub(at, start - 1)
    local two = text:sub(start, start + 1)
    local stop
    if two == "/*" then
      stop = select(2, text:find("*/", start + 2, true)) or #text
      out[#out + 1] = blank(text:sub(start, stop))
    elseif two == "//" then
      stop = (text:find("\n", start, true) or #text + 1) - 1
      out[#out + 1] = blank(text:sub(start, stop))
    elseif text:sub(start, start) == "/" then
      stop = start
      out[#out + 1] = "/"
    else
      local quote = text:sub(start, start)
      stop = start
      repeat
        stop = stop + 1
        local byte = text:sub(stop, stop)
        if byte == "\\" then stop = stop + 1 end
      until byte == quote or byte == "" or byte == "\n"
      out[#out + 1] = quote .. blank(text:sub(start + 1, stop - 1)) .. quote
    end
    at = stop + 1
  end
  out[#out + 1] = text:sub(at)
  return table.concat(out)
end

local function line_of(text, position)
  return select(2, text:sub(1, position):gsub("\n", "\n")) + 1
end

local sources = {}
for _, path in ipairs(files_under("src", "%.[ch]$")) do
  local text = read(path)
  sources[#sources + 1] = {
    path = path,
    room = path:match("^src/([^/]+)/"),
    floor = path:match("^src/core/([^/]+)/"),
    name = path:match("([^/]+)$"),
    text = text,
    code = code_of(text),
  }
end

local function in_rooms(source, rooms)
  return (" " .. rooms .. " "):find(" " .. source.room .. " ", 1, true) ~= nil
end

local function set(words)
  local out = {}
  for word in words:gmatch("%S+") do out[word] = true end
  return out
end

-- The places where one of `words` stands in the code of the named rooms, and `suffix` behind it.
local function places_of(rooms, words, suffix, excepted)
  local found, wanted = {}, set(words)
  for _, source in ipairs(sources) do
    if in_rooms(source, rooms) and not (excepted and excepted[source.name]) then
      for position, word, stop in source.code:gmatch("()([%a_][%w_]*)()") do
        if wanted[word] and (not suffix or source.code:find("^" .. suffix, stop)) then
          -- A member of that name is a function that was given, not the library's.
          local before = source.code:sub(position - 2, position - 1)
          if before ~= "->" and before:sub(2) ~= "." then
            found[#found + 1] = ("%s:%d %s"):format(source.path, line_of(source.code, position),
              word)
          end
        end
      end
    end
  end
  return found
end

local function includes_of(source)
  local found = {}
  for quote, name in source.text:gmatch('\n%s*#%s*include%s*([<"])([^>"]+)') do
    found[#found + 1] = { name = name, is_own = quote == '"' }
  end
  return found
end

-- clang-format holds the code to its width and leaves comments as they are.
local COLUMNS_MAX = 100
local HELD_TO_WIDTH = "core providers net"

-- Which room's own headers a room may see. An arrow that is not here does not exist.
local ARROWS = {
  core = set("core"),
  providers = set("core providers"),
  net = set("core net"),
  journal = set("core journal"),
  binding = set("core net journal binding"),
}
local EVERY_ROOM = "core providers net journal binding"

-- What the C library lends the core. That of stdio.h and stdlib.h it uses little is checked below.
local CORE_SYSTEM = set([[assert.h emmintrin.h inttypes.h limits.h stdalign.h stdarg.h stdbool.h
  stddef.h stdint.h stdio.h stdlib.h string.h]])

-- The floors of the core, lowest first: one may see itself and those under it.
local CORE_FLOORS = { "base", "json", "schedule", "reply", "portfolio", "call" }
local HEIGHT = {}
for height, floor in ipairs(CORE_FLOORS) do HEIGHT[floor] = height end

local headers = {}
for _, source in ipairs(sources) do
  if source.name:find("%.h$") then
    headers[source.name] = headers[source.name] or {}
    table.insert(headers[source.name], source)
  end
end

local function room_of_header(name)
  return headers[name] and headers[name][1].room
end

describe("the reader of these rules #plain", function()
  it("drops comments and what is quoted, and keeps the lines", function()
    local code = code_of('a = "x /* y"; /* strcpy\n */ b = \'"\'; // atoi\nc = d / e;\n')
    assert.is_nil(code:find("strcpy", 1, true))
    assert.is_nil(code:find("atoi", 1, true))
    assert.is_nil(code:find("y", 1, true))
    assert.is_truthy(code:find("c = d / e;", 1, true))
    assert.equal(3, line_of(code, (code:find("c = d"))))
  end)

  it("sees every room", function()
    local rooms = {}
    for _, source in ipairs(sources) do rooms[source.room] = true end
    assert.same(set(EVERY_ROOM), rooms)
  end)
end)

describe("the rooms of src #plain", function()
  it("include only along the arrows", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for _, include in ipairs(includes_of(source)) do
        if include.is_own then
          local room = room_of_header(include.name)
          if not room or not ARROWS[source.room][room] then
            wrong[#wrong + 1] = source.path .. " includes " .. include.name
          end
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("have no line that is wider than a window, comments among them", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for at, line in source.text:gmatch("()([^\n]+)") do
        local characters = #line:gsub("[\128-\191]", "")
        if characters > COLUMNS_MAX and in_rooms(source, HELD_TO_WIDTH) then
          wrong[#wrong + 1] = source.path .. ":" .. line_of(source.text, at)
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("include a file's own header first, which so proves that it is whole", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      local own = source.name:gsub("%.c$", ".h")
      local first = includes_of(source)[1]
      if in_rooms(source, HELD_TO_WIDTH) and own ~= source.name and headers[own]
        and first.name ~= own then
        wrong[#wrong + 1] = source.path
      end
    end
    assert.same({}, wrong)
  end)

  it("include, on a floor of the core, nothing from a floor above", function()
    local wrong, floors = {}, {}
    for _, source in ipairs(sources) do
      if source.room == "core" and not HEIGHT[source.floor] then
        floors[#floors + 1] = source.path
      end
      for _, include in ipairs(source.floor and includes_of(source) or {}) do
        local header = include.is_own and headers[include.name] and headers[include.name][1]
        if header and HEIGHT[header.floor] > HEIGHT[source.floor] then
          wrong[#wrong + 1] = source.path .. " includes " .. header.path
        end
      end
    end
    assert.same({}, floors)
    assert.same({}, wrong)
  end)

  it("give each header a name of its own, and each struct one place where it is defined", function()
    local twice, defined = {}, {}
    for name, same in pairs(headers) do
      if #same > 1 then twice[#twice + 1] = name end
    end
    for _, source in ipairs(sources) do
      for tag in source.code:gmatch("struct%s+(repay_[%w_]+)%s*{") do
        if defined[tag] then
          twice[#twice + 1] = ("struct %s in %s and %s"):format(tag, defined[tag], source.path)
        end
        defined[tag] = source.path
      end
    end
    assert.same({}, twice)
  end)

  it("leave lua.h to the binding, curl.h to net and sqlite3.h to the journal", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for _, include in ipairs(includes_of(source)) do
        local owner = (include.name:find("^lua") or include.name == "lauxlib.h") and "binding"
          or include.name:find("^curl/") and "net" or include.name == "sqlite3.h" and "journal"
        if not include.is_own and owner and source.room ~= owner then
          wrong[#wrong + 1] = source.path .. " includes " .. include.name
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("give the core and the providers nothing but the C library", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for _, include in ipairs(includes_of(source)) do
        if in_rooms(source, "core providers") and not include.is_own
          and not CORE_SYSTEM[include.name] then
          wrong[#wrong + 1] = source.path .. " includes " .. include.name
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("keep the versions of Lua in lua_compat.h", function()
    assert.same({}, places_of(EVERY_ROOM,
      "LUA_VERSION_NUM LUAJIT_VERSION LUAJIT_VERSION_NUM LUA_VERSION_MAJOR", nil,
      set("lua_compat.h lua_compat.c")))
  end)

  it("open each file with what it owns", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      local opening = source.text:match("^/%*(.-)%*/") or ""
      if not opening:find("%a+%A+%a+%A+%a+") then wrong[#wrong + 1] = source.path end
    end
    assert.same({}, wrong)
  end)
end)

describe("the source #plain", function()
  it("uses no function that cannot be used safely", function()
    assert.same({}, places_of(EVERY_ROOM,
      [[sprintf vsprintf strcpy strcat strncpy strncat strtok strtod strtof strtold atof atoi atol
        atoll gets gmtime localtime ctime asctime mktime rand srand random srandom alloca system
        popen setlocale tmpnam mktemp longjmp setjmp scanf sscanf fscanf]], "%s*%("))
  end)

  it("has no floating point in the core and the providers", function()
    assert.same({}, places_of("core providers", "double float"))
  end)

  it("keeps streams, clocks, chance, the environment and the heap out of the core", function()
    assert.same({}, places_of("core providers",
      [[printf fprintf puts fputs putchar fopen fread fwrite perror malloc calloc realloc free
        strdup strndup getenv time clock clock_gettime gettimeofday getrandom getpid abort exit
        errno isalpha isdigit isspace isalnum toupper tolower]], "%s*%("))
    assert.same({}, places_of("core providers", "FILE stdin stdout stderr _GNU_SOURCE"))
  end)

  it("gives structs no second name", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      if source.code:find("typedef%s+struct") or source.code:find("typedef%s+union") then
        wrong[#wrong + 1] = source.path
      end
    end
    assert.same({}, wrong)
  end)

  it("assigns nothing inside a condition", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for position, condition in source.code:gmatch("()%f[%w_]if%s*(%b())") do
        if condition:find("[^=!<>]=[^=]") then
          wrong[#wrong + 1] = source.path .. ":" .. line_of(source.code, position)
        end
      end
      for position, condition in source.code:gmatch("()%f[%w_]while%s*(%b())") do
        if condition:find("[^=!<>]=[^=]") then
          wrong[#wrong + 1] = source.path .. ":" .. line_of(source.code, position)
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("reads no number of a user with Lua's checker, which bends it on LuaJIT", function()
    assert.same({}, places_of("binding",
      "luaL_checkinteger luaL_optinteger luaL_checkint luaL_optint luaL_checknumber luaL_optnumber",
      "%s*%("))
  end)

  it("never calls back into Lua, so that nothing yields across C", function()
    assert.same({}, places_of(EVERY_ROOM,
      "lua_call lua_callk lua_pcallk lua_yield lua_yieldk lua_resume lua_pushlightuserdata",
      "%s*%("))
  end)

  it("leaves no note to itself", function()
    local wrong = {}
    for _, source in ipairs(sources) do
      for _, word in ipairs({ "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK" }) do
        if source.text:find("%f[%w]" .. word .. "%f[%W]") then
          wrong[#wrong + 1] = source.path .. " " .. word
        end
      end
    end
    assert.same({}, wrong)
  end)
end)

describe("a provider's name #plain", function()
  local PROVIDERS = {}
  for _, path in ipairs(files_under("src/providers", "%.c$")) do
    local name = path:match("([%w_]+)%.c$")
    if read(path):find("\nconst struct repay_provider [%w_]+ =") then
      PROVIDERS[#PROVIDERS + 1] = name
    end
  end

  it("is known from the providers' own files", function()
    assert.same({ "carbon", "fincode", "pezesha" }, PROVIDERS)
  end)

  it("stands in its own file, in its dialect and in the two lists, and nowhere else", function()
    local wrong = {}
    local all = files_under("src", "%.[ch]$")
    files_under("lua", "", all)
    for _, path in ipairs(all) do
      local text = read(path):lower()
      for _, name in ipairs(PROVIDERS) do
        local is_its_own = path:find("^src/providers/" .. name)
          or path:find("^lua/repay/sandbox/" .. name)
          or path == "src/providers/provider_list.c" or path == "lua/repay/sandbox/dialects.lua"
        if not is_its_own and text:find("%f[%a]" .. name .. "%f[%A]") then
          wrong[#wrong + 1] = ("%s:%d %s"):format(path,
            line_of(text, (text:find("%f[%a]" .. name .. "%f[%A]"))), name)
        end
      end
    end
    assert.same({}, wrong)
  end)

  -- The page's table: where each of its files is, NAME standing for the provider's.
  local function listed_files()
    local list = {}
    local section = read("docs/inside.md"):match("\n## Adding a provider\n(.*)$")
    for cell in section:gmatch("\n| ([^|]+) |") do
      for path in cell:gmatch("`([^`]+)`") do
        list[#list + 1] = path
      end
    end
    return list
  end

  it("stands in each file that docs/inside.md lists for a new one", function()
    local list, missing = listed_files(), {}
    assert.truthy(#list >= 14, #list)
    for _, path in ipairs(list) do
      for _, name in ipairs(PROVIDERS) do
        local own, is_own = path:gsub("NAME", name)
        if path:find("/$") then
          missing[#missing + 1] = #files_under(own:sub(1, -2), "") == 0 and own or nil
        elseif is_own > 0 then
          local file = io.open(own, "rb")
          missing[#missing + 1] = not file and own or nil
          if file then
            file:close()
          end
        elseif not read(path):lower():find(name, 1, true) then
          missing[#missing + 1] = path .. " does not name " .. name
        end
      end
    end
    assert.same({}, missing)
  end)

  it("is part of no other file's name", function()
    local patterns, strangers = {}, {}
    for _, path in ipairs(listed_files()) do
      for _, name in ipairs(PROVIDERS) do
        if path:find("NAME") then
          -- A dialect may have several files, all beginning with the name.
          patterns[#patterns + 1] = "^" .. path:gsub("%p", "%%%0"):gsub("NAME", name)
            :gsub("%%%.lua$", "[%%w_]*%%.lua$")
        end
      end
    end
    local all = {}
    for _, room in ipairs({ "src", "lua", "spec", "types", "examples" }) do
      files_under(room, "", all)
    end
    for _, path in ipairs(all) do
      for _, name in ipairs(PROVIDERS) do
        -- What is expected of a computation may be called after whose data it is of.
        local is_listed = not path:find(name, 1, true) or path:find("^spec/fixtures/portfolio/")
        for _, pattern in ipairs(is_listed and {} or patterns) do
          is_listed = is_listed or path:find(pattern) ~= nil
        end
        strangers[#strangers + 1] = not is_listed and path or nil
      end
    end
    assert.same({}, strangers)
  end)
end)

describe("the Lua files #plain", function()
  it("use nothing that one of the two Luas lacks", function()
    local wrong = {}
    for _, path in ipairs(files_under("lua", "%.lua$")) do
      local number = 0
      for line in read(path):gmatch("([^\n]*)\n") do
        number = number + 1
        local code = line:gsub("%-%-.*", ""):gsub('"[^"]*"', '""'):gsub("'[^']*'", "''")
        for _, pattern in ipairs({ "//", "<close>", "<const>", "%f[%w]utf8%.", "math%.type",
          "table%.pack", "string%.pack", "string%.unpack" }) do
          if code:find(pattern) then
            wrong[#wrong + 1] = ("%s:%d %s"):format(path, number, pattern)
          end
        end
        -- A use that has the other's name before it works on both.
        if code:find("table%.unpack") and not code:find("unpack or table%.unpack")
          and not code:find("table%.unpack or unpack") then
          wrong[#wrong + 1] = ("%s:%d table.unpack"):format(path, number)
        end
      end
    end
    assert.same({}, wrong)
  end)
end)
