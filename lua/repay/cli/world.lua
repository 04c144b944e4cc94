-- What surrounds a run of the command: the environment, the clock, the three streams. The launcher
-- passes this one; a spec passes its own, and nothing else in this room asks the system.
--
--   getenv(name)      stdout:write(text)   stderr:write(text)   stdin:read(what)
--   terminal          { stdin, stdout, stderr }: columns of it, or nil where it is none
--   unix_ms()         wall clock; has_system_clock says that it is the system's
--   home, cwd         directories
--   run(argv, limits) the output of a program, without a shell
--   file_facts(path), clock_is_kept()   as repay.native.system has them
--   transport(provider)   only in specs: what clients send with instead of libcurl
--   interrupts()      { seen(), release() }: Ctrl-C is noted from now on, until it is released
local world = {}

--- The real surroundings.
function world.real()
  local system
  local function load_system()
    system = system or require "repay.native.system"
    return system
  end
  -- Asked when somebody wants to know: most of a start is what is loaded.
  local terminal = setmetatable({}, { __index = function(self, name)
    local numbers = { stdin = 0, stdout = 1, stderr = 2 }
    local columns = load_system().terminal(numbers[name]) or false
    rawset(self, name, columns)
    return columns
  end })
  local function interrupts()
    local signals = require "repay.native.signals"
    signals.catch()
    return { seen = function() return signals.caught() ~= nil end, release = signals.release }
  end
  return {
    interrupts = interrupts,
    getenv = os.getenv, stdout = io.stdout, stderr = io.stderr, stdin = io.stdin,
    terminal = terminal, home = os.getenv("HOME"), cwd = os.getenv("PWD") or ".",
    unix_ms = function() return require("repay.native.core").unix_ms() end,
    has_system_clock = true,
    run = function(argv, limits) return load_system().run(argv, limits) end,
    file_facts = function(path) return load_system().file_facts(path) end,
    clock_is_kept = function() return load_system().clock_is_kept() end,
  }
end

return world
