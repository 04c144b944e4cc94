-- The report as Markdown with pipe tables, for a ticket or a wiki.
--
-- Everything that came from a provider is escaped, so that an id is never a link, an image, markup
-- or a column of its own.
local measure = require "repay.report.measure"
local outline = require "repay.report.outline"

local markdown = {}

--- A text that means itself wherever it stands in a line of Markdown.
function markdown.escape(text)
  return (measure.clean(text):gsub("[\\`*_{}%[%]<>()#+!|~$@&]", function(char)
    return char == "<" and "&lt;" or char == ">" and "&gt;" or char == "&" and "&amp;"
      or "\\" .. char
  end):gsub("://", ":\\//"):gsub("^([%-=])", "\\%1"):gsub("^(%d+)%.", "%1\\."))
end

--- Lines of a table; cells are escaped.
function markdown.table(columns, rows)
  local labels, rules = {}, {}
  for i, column in ipairs(columns) do
    labels[i] = markdown.escape(column.label or "")
    rules[i] = column.right and "---:" or ":---"
  end
  local lines = { "| " .. table.concat(labels, " | ") .. " |", "|" .. table.concat(rules, "|")
    .. "|" }
  for _, row in ipairs(rows) do
    local cells = {}
    for i in ipairs(columns) do
      cells[i] = markdown.escape(tostring(row[i] == nil and "" or row[i]))
    end
    lines[#lines + 1] = "| " .. table.concat(cells, " | ") .. " |"
  end
  return lines
end

--- The whole report.
function markdown.render(facts)
  local plan = outline.new(facts)
  local lines = { "# " .. markdown.escape(plan.title), "", markdown.escape(plan.lead) }
  for _, warning in ipairs(plan.warnings) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = "> Note: " .. markdown.escape(warning.message) .. "."
  end
  for _, section in ipairs(plan.sections) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = "## " .. markdown.escape(section.title)
    lines[#lines + 1] = ""
    if section.note then
      lines[#lines + 1] = markdown.escape(section.note)
      lines[#lines + 1] = ""
    end
    if #section.rows == 0 then
      lines[#lines + 1] = markdown.escape(section.empty or "Nothing.")
    else
      for _, line in ipairs(markdown.table(section.columns, section.rows)) do
        lines[#lines + 1] = line
      end
    end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "## What the figures mean"
  lines[#lines + 1] = ""
  for _, term in ipairs(plan.terms) do
    lines[#lines + 1] = "- **" .. markdown.escape(term[1]) .. "**: " .. markdown.escape(term[2])
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = markdown.escape(plan.made)
  return table.concat(lines, "\n") .. "\n"
end

return markdown
