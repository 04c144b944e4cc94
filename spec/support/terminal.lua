-- A real terminal for specs: tmux with a shell in it, on a socket of its own, seen as a person sees
-- it. It ends with close, and nothing of the user's tmux is touched.
local native = require "repay.native.core"

local terminal = {}
terminal.__index = terminal

local WAIT_MS = 60000
local count = 0

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(words)
  local pipe = assert(io.popen(words .. " 2>&1", "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

--- options: home, columns, rows, shell (words), path (before the system's).
function terminal.new(options)
  count = count + 1
  local self = setmetatable({ tmux = ("tmux -u -L repay-%s-%d -f /dev/null"):format(
    output_of("echo $PPID"):match("%d+"), count) }, terminal)
  local shell = ("env -i HOME=%s PATH=%s:/usr/bin:/bin TERM=screen-256color LC_ALL=C.UTF-8 "
    .. "PS1='$ ' %s"):format(quote(options.home), quote(options.path),
    options.shell or "bash --norc --noprofile")
  local said = output_of(("%s new-session -d -x %d -y %d -c %s %s"):format(self.tmux,
    options.columns, options.rows, quote(options.home), quote(shell)))
  assert(said == "", said)
  return self
end

--- What is on the screen, without the blanks at its ends; a line that is longer than the screen
--- stays one. `colored` keeps what colours it.
function terminal:screen(colored)
  local text = output_of(self.tmux .. " capture-pane -p -J" .. (colored and " -e" or ""))
  return (text:gsub("[ \t]+\n", "\n"):gsub("%s+$", ""))
end

--- Keys by tmux's names: "Enter", "Tab", "C-c".
function terminal:key(...)
  for _, name in ipairs { ... } do
    output_of(self.tmux .. " send-keys " .. name)
  end
end

function terminal:type(text)
  output_of(self.tmux .. " send-keys -l " .. quote(text))
end

--- The screen as soon as it has the pattern; an error with the screen if it never does.
function terminal:wait(pattern)
  local limit = native.now_ms() + WAIT_MS
  repeat
    local text = self:screen()
    if text:find(pattern) then
      return text
    end
    os.execute("sleep 0.05")
  until native.now_ms() > limit
  error("the terminal never showed " .. pattern .. "\n" .. self:screen(), 2)
end

--- Runs a line of shell on an empty screen: what it showed, and its exit code.
function terminal:run(line)
  return self:finish(self:start(line))
end

--- The same, without waiting for its end; `finish` takes what this gives. The end has a number, so
--- that what is left of an earlier line is not taken for it.
function terminal:start(line)
  self.lines = (self.lines or 0) + 1
  self:type(("clear; %s; echo \"[exit $? of %d]\""):format(line, self.lines))
  self:key("Enter")
  return self.lines
end

function terminal:finish(number)
  local ending = ("\n?%%[exit (%%d+) of %d%%]"):format(number)
  local text = self:wait(ending)
  local at, _, code = text:find(ending)
  return text:sub(1, at - 1), tonumber(code)
end

function terminal:close()
  output_of(self.tmux .. " kill-server")
end

return terminal
