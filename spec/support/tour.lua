-- Runs the `console` blocks of a page as one session in a terminal of 100 columns: a home of their
-- own, the command on either Lua, and a sandbox server that the session's first lines configure.
-- What differs from day to day and from run to run (moments, random ids, the home, the port) is
-- written the same way on both sides before it is compared.
local process = require "spec.support.sandbox_process"

local tour = {}

local PORT = "8042"
local VM = rawget(_G, "jit") and "luajit" or "lua5.4"

local output_of = require("spec.support.read").command

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text) and file:close())
end

--- The steps of a block: { command, shown }. A line after "$ " is typed, one after "> " goes on
--- with it, any other is shown.
function tour.steps(body)
  local steps = {}
  for line in body:gmatch("(.-)\n") do
    local typed, more = line:match("^%$ (.*)$"), line:match("^> (.*)$")
    local step = steps[#steps]
    if typed then
      steps[#steps + 1] = { command = typed, shown = {} }
    elseif more and #step.shown == 0 then
      step.command = step.command .. "\n" .. more
    else
      step.shown[#step.shown + 1] = line
    end
  end
  return steps
end

-- What a terminal shows of these bytes, where lines are only ever written again from their start.
local function visible(text)
  text = text:gsub("\r+\n", "\n"):gsub("[^\n]*\r\27%[K", ""):gsub("\27%[[%d;?]*%a", "")
  return (text:gsub("[^\n]*\r", ""))
end

--- The same words for what no two runs have in common; the widths stay.
function tour.plain(text, home)
  if home then
    text = text:gsub(home:gsub("%p", "%%%0"), "/home/ada")
  end
  local hex = "%x"
  -- How late the cases are that a page dates before 2026 depends on today; all others move along.
  text = text:gsub(" *[%d,]+(  20[12]%d%-%d%d%-%d%d)", function(rest)
    return rest < "  2026" and " many" .. rest or nil
  end)
  return (text:gsub("%d%d%d%d%-%d%d%-%d%d", "YYYY-MM-DD")
    :gsub("%d%d? %u%l%l 20%d%d", "D Mon YYYY")
    :gsub("DDT%d%d:%d%d:%d%dZ", "DDThh:mm:ssZ")
    :gsub("%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ", "YYYYMMDDThhmmssZ")
    :gsub(hex:rep(8) .. "%-" .. hex:rep(4) .. "%-[47]" .. hex:rep(3) .. "%-" .. hex:rep(4) .. "%-"
      .. hex:rep(12), "random-id")
    :gsub("by " .. hex:rep(16), "by some process"))
end

--- Whether the lines are as shown, where a shown line "…" stands for any number of them.
function tour.agrees(shown, lines)
  local function from(i, j)
    if i > #shown then
      return j > #lines
    elseif shown[i] == "…" then
      return from(i + 1, j) or (j <= #lines and from(i, j + 1))
    end
    return j <= #lines and shown[i] == lines[j] and from(i + 1, j + 1)
  end
  return from(1, 1)
end

-- The script of the session: before each step a mark, and the status of the one before.
local function script_of(steps, port)
  local lines = { "stty cols 100 rows 50", "status=0" }
  for i, step in ipairs(steps) do
    lines[#lines + 1] = ("printf '\\001%d\\n'; (exit $status)"):format(i)
    lines[#lines + 1] = (step.command:gsub(PORT, port))
    lines[#lines + 1] = "status=$?"
  end
  return table.concat(lines, "\n") .. "\n"
end

-- The server needs modules that only the one Lua has; it is also asked for another port.
local PROGRAM = [[#!/bin/sh
case "$1" in sandbox) exec lua5.4 %s/lua/bin/repay "$@" --port %s ;; esac
exec %s %s/lua/bin/repay "$@"
]]

--- Gives each step its `lines`, what the terminal showed. The rest are the words of the sandbox.
function tour.run(steps, ...)
  local checkout = output_of("pwd"):match("^(.-)\n")
  local home = output_of("mktemp -d"):match("^(.-)\n")
  local box = process.start(...)
  local port = box.origin:match("%d+$")
  os.execute("mkdir " .. home .. "/bin")
  write(home .. "/bin/repay", PROGRAM:format(checkout, port, VM, checkout))
  write(home .. "/bin/session", script_of(steps, port))
  local text = visible(output_of(("cd %s && chmod 700 bin/repay && env -u XDG_CONFIG_HOME "
    .. "-u XDG_STATE_HOME HOME=%s PATH=%s/bin:$PATH TZ=UTC NO_COLOR=1 script -qec 'sh bin/session' "
    .. "/dev/null </dev/null 2>&1"):format(home, home, home)))
  box:stop()
  os.execute("rm -rf --one-file-system " .. home)
  for number, shown in text:gmatch("\1(%d+)\n([^\1]*)") do
    local step = steps[tonumber(number)]
    step.lines = {}
    for line in shown:gsub("([^\n])$", "%1\n"):gsub(port, PORT):gmatch("(.-)\n") do
      step.lines[#step.lines + 1] = tour.plain(line, home)
    end
  end
  return text
end

return tour
