-- The pages that people read: README.md and all of docs/. What one is made of: its code blocks, the
-- anchors of its headings, and its links.
local documents = {}

local output_of = require("spec.support.read").command

documents.read = require("spec.support.read").file

--- The one list of documents, README first.
function documents.list()
  local paths = { "README.md" }
  for path in output_of("LC_ALL=C ls docs/*.md"):gmatch("[^\n]+") do
    paths[#paths + 1] = path
  end
  return paths
end

--- The fenced blocks of a page, in order: language, body, and the lines of both fences. The second
--- result is the page without them, a blank line for each of theirs.
function documents.blocks(text, path)
  local blocks, current, prose = {}, nil, {}
  local line_number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    line_number = line_number + 1
    local fence = line:match("^```(%w*)")
    prose[line_number] = (fence or current) and "" or line
    if fence and not current then
      current = { language = fence, line = line_number, path = path, lines = {} }
    elseif fence then
      current.body = table.concat(current.lines, "\n") .. "\n"
      current.stop = line_number
      blocks[#blocks + 1] = current
      current = nil
    elseif current then
      current.lines[#current.lines + 1] = line
    end
  end
  assert(not current, path .. " ends inside a code block")
  return blocks, table.concat(prose, "\n")
end

--- The anchors that headings get where pages of this kind are shown; an equal heading further down
--- gets a number.
function documents.anchors(prose)
  local anchors, seen = {}, {}
  for heading in ("\n" .. prose):gmatch("\n#+ ([^\n]*)") do
    local anchor = heading:lower():gsub("[^%w%- _]", ""):gsub(" ", "-")
    local times = seen[anchor] or 0
    seen[anchor] = times + 1
    anchors[times == 0 and anchor or anchor .. "-" .. times] = true
  end
  return anchors
end

--- What links and pictures point at, as written.
function documents.targets(prose)
  local targets = {}
  -- What stands between backticks is shown as it is.
  for target in prose:gsub("`[^`\n]*`", "code"):gmatch("%]%(([^()%s]+)%)") do
    targets[#targets + 1] = target
  end
  return targets
end

--- A target of a page as a path from the checkout's root, and the anchor; both may be nil.
function documents.resolve(path, target)
  local file, anchor = target:match("^([^#]*)#?(.*)$")
  if file == "" then
    file = path
  else
    file = path:match("^(.*/)[^/]*$") and path:match("^(.*/)[^/]*$") .. file or file
    local before
    repeat
      before = file
      file = file:gsub("[^/]+/%.%./", "", 1)
    until file == before
  end
  return file, anchor ~= "" and anchor or nil
end

return documents
