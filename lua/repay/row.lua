-- Rows are plain tables; this is the metatable that the rows of one layout share.
--
-- A field that the layout knows and the provider did not tell is nil. A name that no row has is a
-- mistake in the reading code and raises. `extra` holds the members that no page documents, as the
-- JSON text that was received; it is decoded when it is first asked for.
local native = require "repay.native.core"

local function names_of(layout)
  local list = native.row_names(layout)
  local known = {}
  for _, name in ipairs(list) do
    known[name] = true
  end
  return list, known
end

local function reader(layout)
  local list, known

  return function(row, name)
    if name == "extra" then
      local extra = native.row_extra(row)
      rawset(row, "extra", extra)
      return extra
    end
    if type(name) ~= "string" then
      return nil
    end
    if not known then
      list, known = names_of(layout)
    end
    if known[name] then
      return nil
    end
    local near = native.suggest(name, list)
    error("rows have no field '" .. name .. "'" ..
      (near and " (did you mean '" .. near .. "'?)" or ""), 2)
  end
end

local row = {}

--- Completes the metatables that C made, one for each layout.
function row.install()
  for layout, metatable in pairs(native.rows) do
    metatable.__index = reader(layout)
  end
end

return row
