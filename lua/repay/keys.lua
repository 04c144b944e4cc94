-- The keys of a table, in order, so that what is made of them is the same on every run.
local keys = {}

--- A list of the table's keys, all of which are strings.
function keys.sorted(map)
  local list = {}
  for key in pairs(map) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

return keys
