-- Bar charts as inline SVG, made to be read at any width without a script.
--
-- Places across are in percent and places down in pixels, so a wider page spreads the bars and
-- leaves the letters as they are. Every word is text. A label is written only where it fits: what
-- fits a wide page alone has the class `wide`, which the page shows when there is room. No figure
-- is in the picture alone: whoever draws a chart puts the table under it.
local measure = require "repay.report.measure"

local svg = {}

-- Pixels. The width of a plot on the narrowest page, and where the class `wide` begins.
local NARROW, WIDE = 236, 405
local PLOT_HEIGHT, TOP = 168, 22
local LETTER, GAP = 6.5, 7
local TICKS = 4
local BAR_MOST = 13 -- percent; a lone bar as wide as the page says nothing more

local ESCAPES = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;",
}

--- Text as it stands in HTML and in SVG, with what cannot be seen written out.
function svg.escape(text)
  return (measure.clean(text):gsub("[&<>\"']", ESCAPES))
end

local function place(number)
  return (("%.2f"):format(number):gsub("%.?0+$", ""))
end

-- 1, 2 or 5 times a power of ten, at least 1: the marks of whole minor units are whole.
local function step_of(span)
  local step = 1
  while true do
    for _, factor in ipairs { 1, 2, 5 } do
      if span <= step * factor * TICKS then
        return step * factor
      end
    end
    step = step * 10
  end
end

local function scale_of(bars)
  local low, high = 0, 0
  for _, bar in ipairs(bars) do
    low, high = math.min(low, bar.value or 0), math.max(high, bar.value or 0)
  end
  local step = step_of(high - low)
  local scale = { step = step, low = math.floor(low / step) * step,
    high = math.ceil(high / step) * step }
  if scale.low == scale.high then
    scale.high = step
    scale.empty = true
  end
  return scale
end

local function down(scale, value)
  return TOP + (scale.high - value) / (scale.high - scale.low) * PLOT_HEIGHT
end

local function grid(scale, format, out)
  local value = scale.low
  while value <= scale.high do
    local y = place(down(scale, value))
    if not (scale.empty and value ~= 0) then
      out[#out + 1] = ('<line class="%s" x1="0" x2="100%%" y1="%s" y2="%s"/>')
        :format(value == 0 and "base" or "grid", y, y)
      out[#out + 1] = ('<text class="mark" x="-8" y="%s" dy=".32em">%s</text>')
        :format(y, svg.escape(format(value)))
    end
    value = value + scale.step
  end
end

-- Labels that share a line of text must not touch. `taken` is a list of lines, each of spans.
local function claim(taken, boxes)
  for _, box in ipairs(boxes) do
    for _, other in ipairs(taken[box.line] or {}) do
      if box.from < other.to + GAP and other.from < box.to + GAP then
        return false
      end
    end
  end
  for _, box in ipairs(boxes) do
    taken[box.line] = taken[box.line] or {}
    table.insert(taken[box.line], box)
  end
  return true
end

-- The two lines under a bar; a narrow page may have its own.
local function words_of(bar, width)
  if width == NARROW and bar.narrow_label then
    return { bar.narrow_label, bar.narrow_second or "" }
  end
  return { bar.label or "", bar.second or bar.group or "" }
end

local function boxes_of(bar, center, width)
  local boxes = {}
  for line, text in ipairs(words_of(bar, width)) do
    if text ~= "" then
      local half = measure.width(text) * LETTER / 2
      boxes[#boxes + 1] = { line = line, from = center - half, to = center + half }
    end
  end
  return boxes
end

-- Those with `always` come first; of the others every second, third, … until they fit.
local function choose_labels(bars, width)
  local each = width / #bars
  local plain = {}
  for i, bar in ipairs(bars) do
    if not bar.always then
      plain[#plain + 1] = i
    end
  end
  for stride = 1, math.max(#plain, 1) do
    local taken, chosen, fits = {}, {}, true
    for i, bar in ipairs(bars) do
      if bar.always then
        chosen[i] = claim(taken, boxes_of(bar, (i - 0.5) * each, width))
      end
    end
    local beside = {}
    for at = 1, #plain, stride do
      local i = plain[at]
      local boxes = boxes_of(bars[i], (i - 0.5) * each, width)
      -- Beside a fixed label one is left out; beside its like, the stride is too short.
      if claim(beside, boxes) then
        chosen[i] = claim(taken, boxes)
      else
        fits = false
      end
    end
    if fits then
      return chosen
    end
  end
  return {}
end

-- The figure of each bar above it, where all of them fit.
local function values_fit(bars, width)
  local each, last = width / #bars, nil
  for i, bar in ipairs(bars) do
    local half = measure.width(bar.short or "") * LETTER / 2
    local center = (i - 0.5) * each
    if last and center - half < last + GAP then
      return false
    end
    last = center + half
  end
  return true
end

-- The lines of each chosen label; a group is named where it begins.
local function lines_of(bars, width)
  local chosen, lines, group = choose_labels(bars, width), {}, nil
  for i, bar in ipairs(bars) do
    if chosen[i] then
      lines[i] = words_of(bar, width)
      if bar.group and bar.group == group then
        lines[i][2] = ""
      end
      group = bar.group or group
    end
  end
  return lines
end

local function write_label(lines, center, y, class, out)
  for line, text in ipairs(lines or {}) do
    if text ~= "" then
      out[#out + 1] = ('<text class="%s%s" x="%s%%" y="%s">%s</text>')
        :format(line == 1 and "label" or "label more", class, place(center),
          place(y + (line - 1) * 15), svg.escape(text))
    end
  end
end

-- What fits a narrow page need not be part of what fits a wide one: then there are two labels.
local function write_labels(bars, each, y, out)
  local narrow = lines_of(bars, NARROW)
  local wide = lines_of(bars, WIDE)
  for i in ipairs(bars) do
    local center = (i - 0.5) * each
    local are_equal = narrow[i] and wide[i] and narrow[i][1] == wide[i][1]
      and narrow[i][2] == wide[i][2]
    if are_equal then
      write_label(wide[i], center, y, "", out)
    else
      write_label(narrow[i], center, y, " narrow", out)
      write_label(wide[i], center, y, " wide", out)
    end
  end
end

local function draw_bar(bar, scale, center, width, out)
  local from, to = down(scale, math.max(bar.value, 0)), down(scale, math.min(bar.value, 0))
  -- What is not zero is seen, however small.
  if bar.value ~= 0 and to - from < 1.5 then
    from, to = bar.value > 0 and to - 1.5 or from, bar.value > 0 and to or from + 1.5
  end
  if bar.value ~= 0 then
    out[#out + 1] = ('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s" rx="1.5">'
      .. "<title>%s</title></rect>"):format(bar.late and "bar late" or "bar",
      place(center - width / 2), place(from), place(width), place(to - from),
      svg.escape(bar.title or ""))
  end
  return from, to
end

--- A chart of bars. `chart`: id, title, format (a value → the text of a mark), bars: a list of
--- { value or nil, short, label, second, group, title, late, always, narrow_label, narrow_second };
--- `second` stands under the label, `group` only under the first label of its kind.
function svg.bars(chart)
  local bars, out = chart.bars, {}
  local scale = scale_of(bars)
  local each = 100 / math.max(#bars, 1)
  local width = math.min(each * 0.68, BAR_MOST)
  local bottom = TOP + PLOT_HEIGHT
  local value_class = values_fit(bars, NARROW) and "" or values_fit(bars, WIDE) and " wide" or nil

  out[#out + 1] = ('<svg class="plot" height="%d" role="img" aria-labelledby="%s-title">'
    .. '<title id="%s-title">%s</title>'):format(bottom + 40, chart.id, chart.id,
    svg.escape(chart.title))
  grid(scale, chart.format, out)
  for i, bar in ipairs(bars) do
    local center = (i - 0.5) * each
    local above, below
    if bar.value then
      above, below = draw_bar(bar, scale, center, width, out)
    else
      above = down(scale, 0)
    end
    if value_class and bar.short then
      local is_below = (bar.value or 0) < 0
      out[#out + 1] = ('<text class="value%s" x="%s%%" y="%s">%s</text>'):format(value_class,
        place(center), place(is_below and below + 13 or above - 5), svg.escape(bar.short))
    end
  end
  write_labels(bars, each, bottom + 18, out)
  out[#out + 1] = "</svg>"
  return table.concat(out, "\n")
end

return svg
