-- Where snapshots and the journal lie: under the XDG state directory, by profile, for their owner
-- alone. Makes directories; deletes nothing.
local errors = require "repay.error"

local store = {}

--- The state directory of repay, or nil and why.
function store.base(world)
  local base = world.getenv("XDG_STATE_HOME")
  if not base or base:sub(1, 1) ~= "/" then
    if not world.home then
      return nil, "HOME is not set, so there is no place for snapshots and the journal"
    end
    base = world.home .. "/.local/state"
  end
  return base .. "/repay"
end

-- "~/x" is in the home directory; another relative path is a mistake, since a command may be run
-- from anywhere.
local function absolute(world, path, what)
  path = path:gsub("^~/", (world.home or "") .. "/")
  if path:sub(1, 1) ~= "/" then
    return nil, what .. " must be an absolute path, or begin with ~/"
  end
  return path
end

--- The path of the journal of a profile; the directory of the user's own is made, unless somebody
--- only looks.
function store.journal_path(world, config, profile, only_look)
  local given = profile.journal or config.journal
  if given then
    return absolute(world, given, "journal")
  end
  local base, why = store.base(world)
  if not base then
    return nil, why
  end
  if not only_look then
    local made, err = store.make(base)
    if not made then
      return nil, err.message
    end
  end
  return base .. "/journal.db"
end

-- A profile's name as one part of a path.
local function part_of(name)
  return (name:gsub("[^%w%-_]", function(char) return ("%%%02X"):format(char:byte()) end))
end

--- The directory of a profile's snapshots.
function store.snapshots(world, config, name)
  local parent, why
  if config.snapshots then
    parent, why = absolute(world, config.snapshots, "snapshots")
  else
    parent, why = store.base(world)
    parent = parent and parent .. "/snapshots"
  end
  if not parent then
    return nil, errors.new { kind = "config", operation = "configuration", message = why }
  end
  return parent .. "/" .. part_of(name)
end

-- Where no profile is chosen, because there are several or none.
local MIXED = "all"

--- The directory of the snapshots of the profile that is chosen. A loan file may name many
--- profiles: its snapshot lies where the next command looks, so those of the loans do not matter.
function store.book(context)
  local loaded, err = context:configuration()
  if not loaded then
    return nil, err
  end
  local profile, problem = context:profile()
  if not profile and context.arguments.profile then
    return nil, problem
  end
  return store.snapshots(context.world, loaded, profile and profile.name or MIXED)
end

--- Makes a directory and those above it, for their owner alone: true, or nil and an error.
function store.make(path)
  local native = require "repay.native.files"
  local at = 1
  while at do
    at = path:find("/", at + 1, true)
    local part = at and path:sub(1, at - 1) or path
    local made, why = native.make_directory(part)
    if not made and why ~= "File exists" and not at then
      return nil, errors.new { kind = "config", operation = "configuration",
        message = ("the directory %s was not made: %s"):format(path, why) }
    end
  end
  return true
end

return store
