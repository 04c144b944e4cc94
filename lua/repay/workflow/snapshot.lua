-- A fetch as a directory: a dump for each schedule, and an index that says what was asked for.
--
-- The directory is its owner's alone and new: nothing is ever written into one that was there. The
-- index is written last, so a directory without one is a fetch that never ended, and is refused.
-- Index: lines of tab-separated cells, the first one naming the format.
local errors = require "repay.error"
local repay = require "repay"

local snapshot = {}

local FORMAT = "repay.snapshot\t1"
local INDEX = "index"
local COLUMNS = { "file", "provider", "profile", "operation", "id", "tags", "kind", "message" }
-- A dump is at most 2 GiB, and one that large is no schedule of ours.
local FILE_SIZE_MAX = 1073741824

local function failure(message, path, kind)
  return nil, errors.new {
    kind = kind or "invalid_argument", operation = "snapshot", subject = path, message = message,
  }
end

local function load_native()
  return require "repay.native.files"
end

local function encode(text)
  return (tostring(text == nil and "" or text):gsub("[%%%c]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

local function decode(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function line_of(item, file)
  local cells = { file = file or "", provider = item.provider, profile = item.profile,
    operation = item.operation, id = item.id, tags = table.concat(item.tags or {}, " "),
    kind = item.err and item.err.kind, message = item.err and item.err.message }
  local line = {}
  for i, name in ipairs(COLUMNS) do
    line[i] = encode(cells[name])
  end
  return table.concat(line, "\t")
end

--- Writes what fetch.run gave to a new directory: true, or nil and an error. Names and e-mail
--- addresses are written only with options.with_names.
function snapshot.save(fetched, directory, options)
  local native = load_native()
  local form = { with_names = options and options.with_names }
  local made, why = native.make_directory(directory)
  if not made then
    return failure("the directory was not made: " .. why, directory)
  end
  local lines = { FORMAT, encode(fetched.fetched_at_unix_ms and
    ("%.0f"):format(fetched.fetched_at_unix_ms) or "") }
  for i, item in ipairs(fetched.items) do
    local file
    if item.schedule then
      local bytes, err = item.schedule:dump(form)
      if not bytes then
        return nil, err
      end
      file = ("%06d.repay"):format(i)
      local written, problem = native.write(directory .. "/" .. file, bytes)
      if not written then
        return failure("a dump was not written: " .. problem, directory .. "/" .. file)
      end
    end
    lines[#lines + 1] = line_of(item, file)
  end
  local written, problem = native.write(directory .. "/" .. INDEX,
    table.concat(lines, "\n") .. "\n")
  if not written then
    return failure("the index was not written: " .. problem, directory)
  end
  return true
end

local function read(path)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local text = file:read(FILE_SIZE_MAX) or ""
  file:close()
  return text
end

local function read_item(line)
  local item, at = {}, 0
  for cell in (line .. "\t"):gmatch("([^\t]*)\t") do
    at = at + 1
    item[COLUMNS[at] or ""] = decode(cell)
  end
  if at ~= #COLUMNS then
    return nil
  end
  return item
end

-- "profile" and the like are absent where they were empty.
local function tidy(item, tags)
  for _, name in ipairs { "profile", "file", "kind", "message" } do
    if item[name] == "" then
      item[name] = nil
    end
  end
  item.tags = tags
  return item
end

local function take_item(line, directory, fetched)
  local item = read_item(line)
  -- Only names that save gives: an index is no way to read another file.
  if not item or not (item.file == "" or item.file:find("^%d+%.repay$")) then
    return failure("a line of the index cannot be read", directory, "bad_response")
  end
  local tags = {}
  for tag in item.tags:gmatch("%S+") do
    tags[#tags + 1] = tag
  end
  tidy(item, tags)
  if item.file then
    local bytes, why = read(directory .. "/" .. item.file)
    if not bytes then
      return failure("a dump is missing: " .. why, directory, "bad_response")
    end
    local schedule, err = repay.load(bytes)
    if not schedule then
      return nil, err
    end
    item.schedule = schedule
  else
    item.err = errors.new { kind = item.kind, message = item.message or "", outcome = "unknown",
      provider = item.provider, operation = item.operation, subject = item.id }
  end
  fetched.items[#fetched.items + 1] = item
  return item
end

--- What was saved, as fetch.run gives it; or nil and an error.
function snapshot.load(directory)
  local text, why = read(directory .. "/" .. INDEX)
  if not text then
    return failure("there is no index: " .. why, directory, "not_found")
  end
  local fetched, number = { items = {} }, 0
  for line in text:gmatch("([^\n]*)\n") do
    number = number + 1
    if number == 1 then
      if line ~= FORMAT then
        return failure("the index is of another format", directory, "bad_response")
      end
    elseif number == 2 then
      fetched.fetched_at_unix_ms = tonumber(line)
    else
      local item, err = take_item(line, directory, fetched)
      if not item then
        return nil, err
      end
    end
  end
  if number < 2 then
    return failure("the index is empty", directory, "bad_response")
  end
  return snapshot.sort_out(fetched)
end

--- Sets the lists schedules, not_found and failures from the items.
function snapshot.sort_out(fetched)
  fetched.schedules, fetched.not_found, fetched.failures = {}, {}, {}
  for _, item in ipairs(fetched.items) do
    if item.schedule then
      table.insert(fetched.schedules, item.schedule)
    else
      table.insert(item.err.kind == "not_found" and fetched.not_found or fetched.failures, item)
    end
  end
  return fetched
end

--- The newest snapshots in a directory of snapshots, newest first, at most so many. Names are made
--- by snapshot.name, so their order is that of time.
function snapshot.newest(parent, most)
  local names, found = load_native().list(parent), {}
  for i = #(names or {}), 1, -1 do
    local path = parent .. "/" .. names[i]
    local file = #found < most and io.open(path .. "/" .. INDEX, "rb")
    if file then
      file:close()
      found[#found + 1] = path
    end
  end
  return found
end

--- The newest one, or nil.
function snapshot.latest(parent)
  return snapshot.newest(parent, 1)[1]
end

--- "20261120T093000Z": the name of a snapshot of this moment.
function snapshot.name(moment)
  return (moment:gsub("[%-:]", ""))
end

return snapshot
