-- Takes old snapshots away: those of one profile, never the newest, and only what a snapshot is
-- made of. A directory that holds anything else is left alone and named.
local files = require "repay.native.files"
local source = require "repay.cli.source"
local system = require "repay.native.system"

local pruning = {}

local INDEX = "index"

-- What a snapshot has in it; nil where something else is there too.
local function parts_of(path)
  local names = files.list(path)
  if not names then
    return nil
  end
  local parts, has_index = {}, false
  for _, name in ipairs(names) do
    if name == INDEX then
      has_index = true
    elseif name:find("^%d+%.repay$") then
      parts[#parts + 1] = path .. "/" .. name
    else
      return nil
    end
  end
  return parts, has_index
end

--- Which of a list (newest first, as source.list gives it) go when so many are kept, and which
--- unfinished ones lie beside them.
function pruning.choose(list, parent, keep)
  local chosen, known = {}, {}
  for i, each in ipairs(list) do
    known[each.name] = true
    if i > keep then
      chosen[#chosen + 1] = each.path
    end
  end
  for _, name in ipairs(files.list(parent) or {}) do
    local is_older = list[1] and name < list[1].name
    if is_older and not known[name] and name:find(source.NAME) then
      chosen[#chosen + 1] = parent .. "/" .. name
    end
  end
  return chosen
end

--- Removes one: true, or nil and why. The index goes first, so that a snapshot that is half gone is
--- none.
function pruning.remove(path)
  local parts, has_index = parts_of(path)
  if not parts then
    return nil, "it holds files that no snapshot has"
  end
  if has_index then
    local done, why = os.remove(path .. "/" .. INDEX)
    if not done then
      return nil, why
    end
  end
  for _, part in ipairs(parts) do
    local done, why = os.remove(part)
    if not done then
      return nil, why
    end
  end
  return system.remove_directory(path)
end

return pruning
