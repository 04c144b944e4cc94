-- README and the pages of docs/ are a promise: every Lua block in them runs, and prints what the
-- `text` block behind it shows. A block sees the clients and the schedule that the pages speak of,
-- made fresh from the sandbox. The `console` blocks of README and of the command's page are typed,
-- one after the other, in one terminal, beside the sandbox that README starts, and have to show
-- what the pages show. Links lead somewhere, and every page is found.
local config = require "repay.cli.config"
local documents = require "spec.support.documents"
local nginx = require "spec.support.nginx"
local repay = require "repay"
local sandbox = require "repay.sandbox"
local tour = require "spec.support.tour"

local read = documents.read
local VM = rawget(_G, "jit") and "luajit" or "lua5.4"

-- A page that nobody can read in ten minutes is two pages.
local LINES_MOST = { ["README.md"] = 450 }
local LINES_MOST_ELSE = 300

-- In the order in which they are typed.
local TOURS = { "README.md", "docs/command.md" }

local pages, all_text = {}, ""
for i, path in ipairs(documents.list()) do
  local text = read(path)
  local blocks, prose = documents.blocks(text, path)
  pages[i] = { path = path, text = text, blocks = blocks, prose = prose,
    anchors = documents.anchors(prose) }
  pages[path] = pages[i]
  all_text = all_text .. text .. "\n"
end

local function world(printed)
  local box = sandbox.new { seed = 42 }
  local env = { repay = repay, box = box }
  for _, name in ipairs { "carbon", "pezesha", "fincode" } do
    env[name] = assert(repay.open(name, box:settings(name)))
  end
  env.schedule = assert(env.carbon:schedule { loan_id = "LOAN_ABC123" })
  -- The two functions of a configuration.
  env.env = function(name) return "$" .. name end
  env.command = function(words) return words[1] end
  env.print = function(...)
    local parts = {}
    for i = 1, select("#", ...) do
      parts[i] = tostring((select(i, ...)))
    end
    printed[#printed + 1] = table.concat(parts, "\t")
  end
  return setmetatable(env, { __index = _G })
end

local function run(block)
  local printed = {}
  local env = world(printed)
  local chunk = assert(load(block.body, ("=%s:%d"):format(block.path, block.line), "t", env))
  chunk()
  for _, name in ipairs { "carbon", "pezesha", "fincode" } do
    env[name]:close()
  end
  env.schedule:close()
  return table.concat(printed, "\n") .. "\n"
end

local output_of = require("spec.support.read").command

for _, page in ipairs(pages) do
  describe(page.path, function()
    for i, block in ipairs(page.blocks) do
      if block.language == "lua" then
        it("keeps its word at line " .. block.line, function()
          local printed = run(block)
          local shown = page.blocks[i + 1]
          if shown and shown.language == "text" and shown.line - block.stop <= 3 then
            assert.are.equal(shown.body, printed)
          end
        end)
      elseif block.language == "console" then
        it("shows a session that is typed: line " .. block.line, function()
          local typed = false
          for _, path in ipairs(TOURS) do typed = typed or path == page.path end
          assert.is_true(typed)
        end)
      end
    end

    it("links only to what is there", function()
      local wrong = {}
      for _, target in ipairs(documents.targets(page.prose)) do
        local path, anchor = documents.resolve(page.path, target)
        local file = io.open(path, "rb")
        if not file then
          wrong[#wrong + 1] = target .. ": no such file"
        else
          file:close()
          if anchor and not (pages[path] and pages[path].anchors[anchor]) then
            wrong[#wrong + 1] = target .. ": no such heading"
          end
        end
      end
      assert.are.equal("", table.concat(wrong, "\n"))
    end)

    it("is short enough to be read", function()
      local _, lines = page.text:gsub("\n", "")
      local most = LINES_MOST[page.path] or LINES_MOST_ELSE
      assert.is_true(lines <= most, ("%d lines, %d are the most"):format(lines, most))
    end)

    it("begins with its name", function()
      assert.is_truthy(page.text:find("^# [^\n]+\n\n"))
    end)
  end)
end

describe("the documents", function()
  it("hold examples", function()
    local ran = 0
    for _, page in ipairs(pages) do
      for _, block in ipairs(page.blocks) do
        ran = ran + (block.language == "lua" and 1 or 0)
      end
    end
    assert.is_true(ran >= 25, ran)
  end)

  it("are all found from README", function()
    local found = {}
    for _, target in ipairs(documents.targets(pages["README.md"].prose)) do
      found[documents.resolve("README.md", target)] = true
    end
    for i = 2, #pages do
      assert.is_true(found[pages[i].path], pages[i].path)
    end
  end)

  it("are judged by a spec that sees a link to nothing", function()
    local _, prose = documents.blocks("# A b\n\n[x](#a-b) `[no](link)`\n```lua\n# c\n[n](#o)\n```\n"
      .. "# A b", "page")
    assert.are.same({ "#a-b" }, documents.targets(prose))
    assert.are.same({ ["a-b"] = true, ["a-b-1"] = true }, documents.anchors(prose))
    assert.are.equal("docs/b.md", documents.resolve("docs/a.md", "b.md#c"))
    assert.are.equal("README.md", documents.resolve("docs/a.md", "../README.md"))
    assert.are.equal("docs/a.md", documents.resolve("docs/a.md", "#c"))
    assert.are.equal("c", select(2, documents.resolve("docs/a.md", "#c")))
  end)

  it("say of every kind of error where it comes from, and of no other", function()
    local known, told = {}, {}
    for name in read("src/core/base/error.h"):gmatch('X%([%u_]+, "([%l_]+)"%)') do
      known[#known + 1] = name ~= "none" and name or nil
    end
    local rows = all_text:match("\n| kind | comes from |\n(.-)\n\n")
    for cell in ("\n" .. rows):gmatch("\n| ([^|]+) |") do
      for name in cell:gmatch("`([%l_]+)`") do
        told[#told + 1] = name
      end
    end
    table.sort(known)
    table.sort(told)
    assert.is_true(#known > 30, #known)
    assert.are.same(known, told)
  end)

  it("show a configuration that the command accepts, without a word against it", function()
    local shown = 0
    for _, page in ipairs(pages) do
      for _, block in ipairs(page.blocks) do
        if block.language == "lua" and block.body:find("profiles = {", 1, true) then
          shown = shown + 1
          local path = os.tmpname()
          local file = assert(io.open(path, "wb"))
          assert(file:write(block.body) and file:close())
          local loaded = assert(config.load({}, path))
          os.remove(path)
          assert.are.same({}, loaded.warnings)
        end
      end
    end
    assert.are.equal(1, shown)
  end)

  it("name every function that a program may call", function()
    local missing, count = {}, 0
    for _, path in ipairs { "types/repay.lua", "types/report.lua", "types/workflow.lua" } do
      for name in read(path):gmatch("\nfunction ([%w_.:]+)") do
        count = count + 1
        local last = name:match("[%w_]+$")
        if not all_text:find("%f[%w_]" .. last .. "%f[^%w_]") then
          missing[#missing + 1] = name
        end
      end
    end
    assert.is_true(count >= 60)
    assert.are.equal("", table.concat(missing, ", "))
  end)

  it("speak of commands and options that there are #interpreter", function()
    local help, wrong, count = {}, {}, 0
    local function judge(path, words)
      local command = words:match("^repay (%l+)")
      if not command then
        return
      end
      help[command] = help[command] or output_of(("%s lua/bin/repay %s --help 2>&1"):format(
        VM, command))
      count = count + 1
      if not help[command]:find("^usage: repay " .. command .. "%f[%s]") then
        wrong[#wrong + 1] = path .. ": " .. words
      end
      for option in words:gmatch("%s(%-%-%l[%l-]*)") do
        if not help[command]:find("%s" .. option:gsub("%-", "%%-") .. "%f[%s,]") then
          wrong[#wrong + 1] = path .. ": " .. words .. ": " .. option
        end
      end
    end
    for _, page in ipairs(pages) do
      for words in page.prose:gmatch("`(repay %l[^`]*)`") do
        judge(page.path, words)
      end
      for _, block in ipairs(page.blocks) do
        local typed = block.language == "sh" and block.body:gsub("#[^\n]*", "") or ""
        for words in typed:gmatch("%f[^%s;]repay %l[^\n;|]*") do
          judge(page.path, words)
        end
      end
    end
    assert.are.equal("", table.concat(wrong, "\n"))
    assert.is_true(count >= 20, count)
  end)

  -- What README says that the demonstration prints.
  it("show what make demo shows #interpreter #slow", function()
    local shown = {}
    for i, block in ipairs(pages["README.md"].blocks) do
      local behind = pages["README.md"].blocks[i + 1]
      if block.language == "sh" and block.body:find("^make demo") then
        for line in behind.body:gmatch("(.-)\n") do shown[#shown + 1] = tour.plain(line) end
      end
    end
    assert.is_true(#shown >= 8)
    local page, lines = os.tmpname(), {}
    local text = output_of(("%s examples/demo.lua %s"):format(VM, page))
    os.remove(page)
    for line in text:gmatch("(.-)\n") do lines[#lines + 1] = tour.plain(line) end
    assert.is_true(tour.agrees(shown, lines), text)
  end)
end)

-- What nginx says when it starts with a configuration as a page has it, but for where it keeps its
-- files and listens; and its status, 124 where it ran until it was told to end. A mere test of the
-- configuration would run none of its Lua.
local WORKPLACE = [[
http {
  lua_package_path "@ROOT@/lua/?.lua;@ROOT@/lua/?/init.lua;;"; lua_package_cpath "@CPATH@;;";
  access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
  uwsgi_temp_path tmp; scgi_temp_path tmp;
]]

local function said_by_nginx(body)
  local prefix = output_of("mktemp -d"):match("^[^\n]+")
  local root = output_of("pwd"):match("^[^\n]+")
  local modules = output_of("nginx -V 2>&1"):match("%-%-modules%-path=(%S+)")
  local workplace = WORKPLACE:gsub("@(%u+)@", { ROOT = root,
    CPATH = package.cpath:gsub("^%./", root .. "/"):gsub(";%./", ";" .. root .. "/") })
  local file = assert(io.open(prefix .. "/nginx.conf", "w"))
  for _, name in ipairs { "ndk_http", "ngx_http_lua" } do
    assert(file:write(("load_module %s/%s_module.so;\n"):format(modules, name)))
  end
  assert(file:write("pid nginx.pid;\nevents {}\n", (body:gsub("http {\n", function()
    return workplace
  end):gsub("listen %S+;", "listen unix:" .. prefix .. "/socket;"))))
  file:close()
  local text = output_of(("CARBON_API_KEY=one CARBON_KEY=two timeout -s QUIT -k 5 1 nginx -p %s/ "
    .. "-c nginx.conf -e stderr -g 'daemon off;' 2>&1; echo =$?"):format(prefix))
  os.execute("rm -rf --one-file-system " .. prefix)
  local said, status = text:match("^(.*)=(%d+)\n$")
  return said, tonumber(status)
end

nginx.describer(describe, pending)("a configuration for nginx #interpreter", function()
  for _, page in ipairs(pages) do
    for _, block in ipairs(page.blocks) do
      if block.language == "nginx" then
        local place = page.path .. ":" .. block.line
        it("is taken by it, with the client that is opened there: " .. place, function()
          local said, status = said_by_nginx(block.body)
          assert.are.equal(124, status, said)
          for _, word in ipairs { "warn", "error", "crit", "alert", "emerg" } do
            assert.is_nil(said:find("[" .. word .. "]", 1, true), said)
          end
        end)
      end
    end
  end

  it("is not taken where a client cannot be opened", function()
    local said, status = said_by_nginx("http {\n init_by_lua_block { "
      .. "require('repay').open('carbon', { enviroment = 'live' }) }\n}\n")
    assert.are.equal(1, status)
    assert.is_truthy(said:find("did you mean 'environment'", 1, true), said)
  end)
end)

-- One session in a terminal: the steps know of each other, so they are made once and judged apart.
describe("the tour of README and the command's page #interpreter #slow", function()
  local steps, server = {}, nil
  for _, path in ipairs(TOURS) do
    for _, block in ipairs(pages[path].blocks) do
      if block.language == "console" then
        for _, step in ipairs(tour.steps(block.body)) do
          step.place = path .. ":" .. block.line
          steps[#steps + 1] = step
        end
      elseif block.language == "sh" and not server then
        server = block.body:match("\nrepay sandbox (%-[^\n]*)")
      end
    end
  end

  lazy_setup(function()
    local words = {}
    for word in server:gmatch("%S+") do words[#words + 1] = word end
    tour.run(steps, (unpack or table.unpack)(words))
  end)

  for _, step in ipairs(steps) do
    local title = ("shows at %s what comes of: %s"):format(step.place,
      step.command:match("[^\n]*"))
    it(title, function()
      assert.is_truthy(step.lines, "the session ended before")
      local shown = {}
      for i, line in ipairs(step.shown) do shown[i] = tour.plain(line) end
      if not tour.agrees(shown, step.lines) then
        assert.are.equal(table.concat(shown, "\n"), table.concat(step.lines, "\n"))
      end
    end)
  end

  it("takes each kind of step", function()
    assert.is_true(#steps >= 25)
    assert.is_true(tour.agrees({ "a", "…", "d" }, { "a", "b", "c", "d" }))
    assert.is_false(tour.agrees({ "a", "…", "d" }, { "a", "b", "c" }))
    assert.is_false(tour.agrees({ "a" }, { "a", "b" }))
  end)
end)
