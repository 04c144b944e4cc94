-- All of a file, and all that a command prints.
local read = {}

function read.file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- What it prints to its standard output; how it ends is not asked.
function read.command(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

return read
