-- Parts of the page that know no report: cells, tables, figures, and figures that are not known.
local figures = require "repay.report.figures"
local model = require "repay.report.model"
local svg = require "repay.report.svg"
local words = require "repay.report.words"

local parts = {}

local escape = svg.escape

function parts.amount_or_why(group, name, code)
  local text, why, known = model.amount(group, name, code, figures.amount)
  if text then
    return escape(text)
  end
  return '<span class="na">not known</span><span class="sub">' ..
    (known and "known part " .. escape(known) or escape(why)) .. "</span>"
end

function parts.count_or_why(group, name)
  if group[name] ~= nil then
    return figures.count(group[name])
  end
  return '<span class="na">not known</span>'
end

function parts.percent_or_why(group)
  if group.ratio_ppm ~= nil then
    return figures.percent(group.ratio_ppm)
  end
  return '<span class="na">none</span><span class="sub">' ..
    escape(words.reason(group.reasons.ratio_ppm)) .. "</span>"
end

local function cell(column, content, kind)
  local classes = {}
  if column.right then
    classes[#classes + 1] = "r"
  end
  if column.class then
    classes[#classes + 1] = column.class
  end
  local class = #classes > 0 and (' class="%s"'):format(table.concat(classes, " ")) or ""
  if kind == "head" then
    return ('<th scope="col" role="columnheader"%s>%s</th>'):format(class, content)
  elseif column.is_name then
    return ('<th scope="row" role="rowheader"%s>%s</th>'):format(class, content)
  end
  return ('<td role="cell"%s data-label="%s"><span>%s</span></td>'):format(class, column.label,
    content)
end

local function add_rows(out, tag, columns, rows)
  out[#out + 1] = ('<%s role="rowgroup">'):format(tag)
  for _, row in ipairs(rows) do
    local cells = {}
    for i, column in ipairs(columns) do
      cells[i] = cell(column, row[i])
    end
    out[#out + 1] = '<tr role="row">' .. table.concat(cells) .. "</tr>"
  end
  out[#out + 1] = ("</%s>"):format(tag)
end

-- Contents of cells are HTML already. A table with the class `stack` becomes lines of a label and a
-- value where the page is too narrow for its columns.
function parts.add_table(out, columns, rows, options)
  local heads = {}
  for i, column in ipairs(columns) do
    heads[i] = cell(column, column.label, "head")
  end
  out[#out + 1] = options.stack and ('<table role="table" class="%s">'):format(options.stack)
    or '<table role="table">'
  if options.caption then
    out[#out + 1] = "<caption>" .. options.caption .. "</caption>"
  end
  out[#out + 1] = '<thead role="rowgroup"><tr role="row">' .. table.concat(heads) .. "</tr></thead>"
  add_rows(out, "tbody", columns, rows)
  if options.foot then
    add_rows(out, "tfoot", columns, { options.foot })
  end
  out[#out + 1] = "</table>"
end

function parts.add_figure(out, figure)
  out[#out + 1] = '<figure><div class="top"><figcaption><h3>' .. figure.title .. "</h3><p>"
    .. figure.note .. "</p></figcaption>"
  out[#out + 1] = svg.bars(figure.chart) .. "</div>"
  parts.add_table(out, figure.columns, figure.rows, figure)
  out[#out + 1] = "</figure>"
end

function parts.key(is_late)
  return is_late and '<span class="key late"></span>' or '<span class="key"></span>'
end

-- An amount with what an axis says of it.
function parts.amount_bar(currency, minor, bar)
  bar.value = minor
  bar.short = minor and figures.short(minor, currency.decimals) or "?"
  bar.title = bar.name .. ": " ..
    (minor and figures.amount(minor, currency.code) .. " " .. currency.code or "not known")
  return bar
end

function parts.amount_marks(currency)
  return function(minor)
    return figures.short(minor, currency.decimals)
  end
end

return parts
