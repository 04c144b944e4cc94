-- What the linker made of the compiled modules: what they export, what they load, what they leave
-- writable. Tagged #plain, because a sanitized build loads its runtime on purpose.

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1", "r"))
  local text = pipe:read("*a")
  pipe:close()
  assert(text ~= "", command .. " printed nothing")
  return text
end

local function path_of(module)
  return assert(package.searchpath(module, package.cpath))
end

local function sorted(list)
  table.sort(list)
  return list
end

local function exports_of(path)
  local found = {}
  for name in output_of("nm -D --defined-only '" .. path .. "'"):gmatch("%x+ %a (%S+)") do
    found[#found + 1] = name
  end
  return sorted(found)
end

local function needs_of(path)
  local found = {}
  for name in output_of("readelf -d '" .. path .. "'"):gmatch("%(NEEDED%)[^%[]*%[([^%]]+)%]") do
    found[#found + 1] = name
  end
  return sorted(found)
end

-- What it wants from elsewhere, less the C library, the compiler's own and Lua.
local function strangers_of(path, also)
  local found = {}
  for line in output_of("nm -D --undefined-only '" .. path .. "'"):gmatch("[^\n]+") do
    local kind, name = line:match("^%s+(%a) (%S+)$")
    local known = kind == "w" or name:find("@GLIBC", 1, true) or name:find("^luaL?_")
      or (also and name:find(also))
    if not known then found[#found + 1] = name end
  end
  return found
end

-- Each module, and the one library beside libc that it is there for.
local MODULES = { core = false, curl = "libcurl", files = false, journal = "libsqlite",
  signals = false, system = false }
-- Made only where its library is installed.
if package.searchpath("repay.native.xlsx", package.cpath) then
  MODULES.xlsx = "libxlsxwriter"
end

describe("the compiled modules #plain", function()
  local paths = {}
  for name in pairs(MODULES) do paths[name] = path_of("repay.native." .. name) end

  it("export one function each", function()
    for name, path in pairs(paths) do
      assert.same({ "luaopen_repay_native_" .. name }, exports_of(path))
    end
  end)

  it("load nothing but libc, and the one library that each is there for", function()
    assert.same({ "libc.so.6" }, needs_of(paths.core))
    for name, library in pairs(MODULES) do
      local loaded = {}
      for _, file in ipairs(needs_of(paths[name])) do loaded[file:match("^lib%a+")] = true end
      if library then assert.is_true(loaded[library]) end
      loaded.libc, loaded[library or "libc"] = nil, nil
      assert.same({}, loaded)
    end
  end)

  it("take Lua from the program that loads them", function()
    assert.same({}, strangers_of(paths.core))
    assert.same({}, strangers_of(paths.files))
    if paths.xlsx then
      assert.same({}, strangers_of(paths.xlsx, "^[cflw]%l+_%l"))
    end
    assert.same({}, strangers_of(paths.curl, "^curl_"))
    assert.same({}, strangers_of(paths.journal, "^sqlite3_"))
  end)

  it("keep libcurl mapped when Lua unloads its modules, and only libcurl", function()
    for name, path in pairs(paths) do
      local is_kept = output_of("readelf -d '" .. path .. "'"):find("NODELETE", 1, true) ~= nil
      assert.equal(name == "curl", is_kept)
    end
  end)

  it("bind early, then close what they bound, and run no code from a stack", function()
    for _, path in pairs(paths) do
      local program = output_of("readelf -lW '" .. path .. "'")
      assert.is_truthy(program:find("GNU_RELRO", 1, true))
      assert.is_truthy(program:find("GNU_STACK[^\n]+RW "))
      assert.is_truthy(output_of("readelf -d '" .. path .. "'"):find("BIND_NOW", 1, true))
    end
  end)
end)

describe("the objects of the core and the providers #plain", function()
  it("hold no state that can be written", function()
    local build = path_of("repay.native.core"):match("^(.*)/[^/]+/repay/native/core%.so$")
    local text = output_of(("size -A %s/obj/src/core/*/*.o %s/obj/src/providers/*.o"):format(build,
      build))
    local written, objects = {}, 0
    local object
    for line in text:gmatch("[^\n]+") do
      local name = line:match("^(%S+)%s+:$")
      if name then
        object = name
        objects = objects + 1
      end
      local section, size = line:match("^(%.%S+)%s+(%d+)")
      local is_data = section and (section:find("^%.bss") or section:find("^%.t?data")
        or section:find("^%.tbss")) and not section:find("^%.data%.rel%.ro")
      if is_data and tonumber(size) > 0 then written[#written + 1] = object .. " " .. section end
    end
    assert.is_true(objects > 10)
    assert.same({}, written)
  end)
end)
