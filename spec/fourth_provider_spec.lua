-- A provider is one file and two lines of a list: here a fourth is added to a copy of the sources,
-- is built, and does what is done with the others.
local function run(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local read = require("spec.support.read").file

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- What a program does with a provider, whichever it is.
local PROGRAM = [[
local repay = require "repay"
local file = assert(io.open("schedule.json"))
local body = file:read("*a")
file:close()
local asked
local options = { environment = "sandbox", api_key = "one", fourth_key = "two", transport = {
  send = function(request)
    asked = request
    return { status = 200, headers = {}, body = body }
  end,
  sleep = function() end,
} }
print(table.concat(repay.providers(), " "))
local client = assert(repay.open("fourth", options))
local schedule = assert(client:schedule { loan_id = "LOAN_ABC123" })
print(asked.url)
for _, header in ipairs(asked.headers) do
  io.write(header[1], ",")
end
print()
print(schedule.provider, #schedule, schedule:totals { as_of = "2025-03-01" }.overdue_minor)
print(#assert(repay.load(schedule:dump())), client:repay({}))
local portfolio = repay.portfolio { as_of = "2025-03-01" }
assert(portfolio:add(schedule))
print(portfolio:summary().currencies.NGN.outstanding_minor)
local ok, raised = pcall(repay.open, "forth", options)
print(ok, (raised:gsub("^.-: ", "")))
]]

describe("a fourth provider #slow #interpreter", function()
  local tree

  setup(function()
    tree = run("mktemp -d"):match("[^\n]+")
    -- With what is built already, so that only what differs is compiled.
    run(("mkdir -p %s/build/lua54 && cp -a Makefile src lua %s && cp -a build/obj build/flags"
      .. " build/sources %s/build && cp -a build/lua54/obj build/lua54/flags %s/build/lua54")
      :format(tree, tree, tree, tree))
  end)

  teardown(function()
    run("rm -rf --one-file-system " .. tree)
  end)

  it("is one file and two lines, and then like any other", function()
    write(tree .. "/src/providers/fourth.c", (read("src/providers/carbon.c")
      :gsub("https://[%w.]+/baas/api", "https://api.fourth.example/baas/api")
      :gsub("carbon", "fourth"):gsub("CARBON", "FOURTH")))
    local path = tree .. "/src/providers/provider_list.c"
    write(path, (read(path)
      :gsub("(extern const struct repay_provider repay_provider_)carbon;\n", "%0%1fourth;\n")
      :gsub("    &repay_provider_fincode,\n", "%0    &repay_provider_fourth,\n")))
    write(tree .. "/schedule.json", read("spec/fixtures/carbon/schedule.200.json"))
    write(tree .. "/program.lua", PROGRAM)
    local text = run(("cd %s && unset MAKEFLAGS MAKELEVEL MFLAGS"
      .. " && make -s build/lua54/repay/native/core.so >make.log 2>&1 || cat make.log"
      .. "; LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/lua54/?.so;;'"
      .. " lua5.4 program.lua"):format(tree))
    assert.equal([[
carbon fincode fourth pezesha
https://api.fourth.example/baas/api/v1/loans/LOAN_ABC123/repayments
Host,Accept,Accept-Encoding,apikey,x-fourth-key,
fourth	2	7199999
2	nil	fourth repay: fourth has no operation 'repay' [unsupported, not_sent]
14346665
false	unknown provider 'forth' (did you mean 'fourth'?)
]], text)
  end)
end)
