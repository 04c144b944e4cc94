-- The report as one HTML file: no script, nothing fetched, readable on a phone, on A4, light and
-- dark. A table stands under every chart, and what could not be computed is said with its reason.
local figures = require "repay.report.figures"
local model = require "repay.report.model"
local parts = require "repay.report.html_parts"
local style = require "repay.report.html_style"
local svg = require "repay.report.svg"
local words = require "repay.report.words"

local html = {}

local escape = svg.escape
local amount_or_why = parts.amount_or_why
local count_or_why = parts.count_or_why
local percent_or_why = parts.percent_or_why
local add_table = parts.add_table
local add_figure = parts.add_figure
local key = parts.key
local amount_bar = parts.amount_bar
local amount_marks = parts.amount_marks

--
-- The parts of a currency
--

local function middle_risk(list)
  for _, risk in ipairs(list) do
    if risk.days >= 30 then
      return risk
    end
  end
  return list[#list]
end

local function tile(out, term, big, note, is_late)
  out[#out + 1] = ('<div><dt>%s</dt><dd class="big%s">%s</dd><dd class="note">%s</dd></div>')
    :format(term, is_late and " is-late" or "", big, note)
end

local function amount_tile(out, currency, name, note)
  local text, why, known = model.amount(currency.summary, name, currency.code, figures.amount)
  local is_late = name == "overdue_minor" and (currency.summary[name] or 0) > 0
  if text then
    tile(out, words.figure(name), escape(text), note, is_late)
  else
    tile(out, words.figure(name), '<span class="na">not known</span>',
      (known and "known part " .. escape(known) .. "; " or "") .. escape(why))
  end
end

local function add_tiles(out, currency)
  local summary = currency.summary
  local risk = middle_risk(currency.at_risk)
  local late = summary.late_loans
  out[#out + 1] = '<dl class="tiles">'
  amount_tile(out, currency, "outstanding_minor", escape(currency.code) .. ", "
    .. figures.several(summary.rows, "installment") .. " of "
    .. figures.several(summary.loans, "loan"))
  amount_tile(out, currency, "overdue_minor", escape(currency.code) .. ", due before the day of "
    .. "the report")
  if risk then
    local part = risk.figures
    local missing = part.missing.loans
    tile(out, escape(words.risk(risk.days)), percent_or_why(part),
      part.ratio_ppm and escape(figures.amount(part.numerator_minor, currency.code)) .. " of "
        .. escape(figures.amount(part.denominator_minor, currency.code)) .. " principal"
        .. (missing > 0 and "; " .. figures.several(missing, "loan") .. " not measured" or "")
        or "", (part.ratio_ppm or 0) > 0)
  end
  tile(out, "Late loans", late and figures.count(late) or '<span class="na">not known</span>',
    "of " .. figures.several(summary.loans, "loan")
    .. (summary.paid_loans and ", " .. figures.count(summary.paid_loans) .. " paid" or ""),
    (late or 0) > 0)
  out[#out + 1] = "</dl>"
end

local PART_COLUMNS = {
  { is_name = true, class = "id" },
  { label = "Loans", right = true },
  { label = "Late", right = true },
  { label = "Outstanding", right = true },
  { label = "Overdue", right = true },
  { label = "Principal left", right = true },
  { right = true },
}

local function part_row(name, part, code, at)
  local summary = part.summary
  return { name, figures.count(summary.loans), count_or_why(summary, "late_loans"),
    amount_or_why(summary, "outstanding_minor", code),
    amount_or_why(summary, "overdue_minor", code),
    amount_or_why(summary, "outstanding_principal_minor", code),
    part.at_risk[at] and percent_or_why(part.at_risk[at].figures) or "" }
end

local function add_groups(out, currency, title, label, groups)
  local risk = middle_risk(currency.at_risk)
  local at, columns, rows = 0, {}, {}
  for i, other in ipairs(currency.at_risk) do
    at = other == risk and i or at
  end
  for i, column in ipairs(PART_COLUMNS) do
    columns[i] = column
  end
  columns[1] = { label = label, is_name = true, class = "id" }
  columns[7] = { label = risk and "At risk, " .. risk.days .. " days" or "", right = true }
  for i, part in ipairs(groups) do
    rows[i] = part_row(escape(part.name), part, currency.code, at)
  end
  out[#out + 1] = '<div class="block"><h3>' .. title .. "</h3>"
  add_table(out, columns, rows, {
    stack = "stack", caption = "Amounts in " .. escape(currency.code),
    foot = label == "Provider"
      and part_row("All", { summary = currency.summary, at_risk = currency.at_risk },
        currency.code, at) or nil,
  })
  out[#out + 1] = "</div>"
end

local function add_risk(out, currency, id)
  local bars, rows = {}, {}
  for i, risk in ipairs(currency.at_risk) do
    local part = risk.figures
    bars[i] = {
      value = part.ratio_ppm, late = true, label = "> " .. risk.days, second = "days",
      short = part.ratio_ppm and figures.percent(part.ratio_ppm) or "none",
      title = words.risk(risk.days) .. ": "
        .. (part.ratio_ppm and figures.percent(part.ratio_ppm) or "none"),
    }
    rows[i] = { key(true) .. "more than " .. figures.several(risk.days, "day"),
      percent_or_why(part), part.ratio_low_ppm and figures.percent(part.ratio_low_ppm)
        or '<span class="na">not known</span>',
      amount_or_why(part, "numerator_minor", currency.code),
      amount_or_why(part, "denominator_minor", currency.code),
      count_or_why(part, "loans_at_risk"), figures.count(part.missing.loans) }
  end
  if #bars == 0 then
    return
  end
  add_figure(out, {
    title = "Portfolio at risk", stack = "stack",
    note = "Outstanding principal of loans with any installment so late, divided by all that is "
      .. "measured.",
    chart = { id = id .. "-risk", title = "Portfolio at risk, " .. currency.code, bars = bars,
      format = function(ppm) return ("%.4g%%"):format(ppm / 10000) end },
    columns = { { label = "Late by", is_name = true }, { label = "Ratio", right = true },
      { label = "By low principal", right = true }, { label = "Principal at risk", right = true },
      { label = "Principal measured", right = true }, { label = "Loans at risk", right = true },
      { label = "Not measured", right = true } },
    rows = rows,
  })
end

local DASH = "\226\128\147"

local function bucket_name(bucket)
  if bucket.from_days then
    return bucket.label:gsub("%-", DASH) .. " days"
  end
  return bucket.label
end

-- On a narrow page the two ends of a bucket stand one above the other.
local function bucket_label(bucket, bar)
  if not bucket.from_days then
    bar.label, bar.second = bucket.label:match("^(%S+) (.+)$")
    bar.label = bar.label or bucket.label
    return bar
  end
  bar.label, bar.second = bucket.label:gsub("%-", DASH), "days"
  bar.narrow_label = bucket.to_days and bucket.from_days .. DASH or bucket.label
  bar.narrow_second = bucket.to_days and tostring(bucket.to_days) or ""
  return bar
end

local function ageing_rows(currency, group)
  local bars, rows = {}, {}
  for i, bucket in ipairs(group.buckets) do
    local is_late = bucket.from_days ~= nil
    local name = bucket_name(bucket)
    if is_late or i == 1 or bucket.outstanding_minor ~= 0 then
      bars[#bars + 1] = amount_bar(currency, bucket.outstanding_minor, bucket_label(bucket,
        { late = is_late, name = name }))
    end
    rows[i] = { key(is_late) .. escape(name),
      escape(figures.amount(bucket.outstanding_minor, currency.code)),
      figures.count(bucket.count) }
  end
  return bars, rows
end

local function add_ageing(out, currency, id, by, note)
  local group = currency.ageing[by]
  local title = "Ageing by " .. by
  if not group.buckets then
    out[#out + 1] = ("<figure><figcaption><h3>%s</h3><p>%s</p></figcaption><p>Not computed: %s."
      .. "</p></figure>"):format(title, note, escape(words.reason(group.reasons.buckets)))
    return
  end
  local bars, rows = ageing_rows(currency, group)
  local known = group.known.outstanding_minor
  add_figure(out, {
    title = title,
    note = note .. (known and " The known part: "
      .. figures.several(known.missing_rows, "installment") .. " missing." or ""),
    chart = { id = id .. "-" .. by, title = title .. ", " .. currency.code, bars = bars,
      format = amount_marks(currency) },
    columns = { { label = "Age", is_name = true },
      { label = "Outstanding, " .. escape(currency.code), right = true },
      { label = by == "loan" and "Loans" or "Installments", right = true } },
    rows = rows,
    foot = { known and "Known part" or "Together",
      escape(figures.amount(known and known.known_minor or group.outstanding_minor,
        currency.code)), "" },
  })
end

local function flow_row(currency, name, flow, is_late)
  return { key(is_late) .. escape(name), amount_or_why(flow, "outstanding_minor", currency.code),
    amount_or_why(flow, "outstanding_principal_minor", currency.code),
    count_or_why(flow, "rows") }
end

local function flow_bars(currency, by)
  local flow = currency.cash_flow
  local bars = { amount_bar(currency, flow.overdue.outstanding_minor,
    { late = true, always = true, label = "late", name = "overdue" }) }
  for _, period in ipairs(flow.periods) do
    local label, year = model.period_label(by, period.first_day)
    bars[#bars + 1] = amount_bar(currency, period.outstanding_minor,
      { label = label, group = year, name = figures.span(period.first_day, period.last_day) })
  end
  if flow.later.outstanding_minor ~= 0 then
    bars[#bars + 1] = amount_bar(currency, flow.later.outstanding_minor,
      { always = true, label = "later", name = "later" })
  end
  if flow.undated.outstanding_minor ~= 0 then
    bars[#bars + 1] = amount_bar(currency, flow.undated.outstanding_minor,
      { always = true, second = "undated", name = "undated" })
  end
  return bars
end

local function add_cash_flow(out, currency, id, by)
  local flow = currency.cash_flow
  if not flow.periods then
    return
  end
  local rows = { flow_row(currency, "overdue", flow.overdue, true) }
  for _, period in ipairs(flow.periods) do
    rows[#rows + 1] = flow_row(currency, figures.span(period.first_day, period.last_day), period)
  end
  rows[#rows + 1] = flow_row(currency, flow.later.first_day
    and "later, from " .. figures.day(flow.later.first_day) or "later", flow.later)
  rows[#rows + 1] = flow_row(currency, "undated", flow.undated)
  local known = flow.known.outstanding_minor
  local total = known and known.known_minor or flow.outstanding_minor
  add_figure(out, {
    title = "Cash flow", stack = "stack lean",
    note = "What is left of each installment, " .. words.period(by) .. ". What is "
      .. "overdue stands apart." .. (known and " The known part: "
      .. figures.several(known.missing_rows, "installment") .. " missing." or ""),
    chart = { id = id .. "-flow", title = "Cash flow, " .. currency.code,
      bars = flow_bars(currency, by), format = amount_marks(currency) },
    columns = { { label = "Due", is_name = true },
      { label = "Outstanding, " .. escape(currency.code), right = true },
      { label = "of it principal", right = true }, { label = "Installments", right = true } },
    rows = rows,
    foot = { known and "Known part" or "Together",
      total and escape(figures.amount(total, currency.code)) or "", "", "" },
  })
end

local function loan_row(currency, loan)
  local where = escape(loan.provider) .. (loan.label and ", " .. escape(loan.label) or "")
  local tags = table.concat(loan.tags, ", ")
  return {
    "<bdi>" .. escape(loan.loan_id or words.no_id) .. "</bdi>"
      .. (tags ~= "" and '<span class="sub">' .. escape(tags) .. "</span>" or ""),
    where, figures.count(loan.days_late), escape(loan.oldest_due_date),
    amount_or_why(loan, "overdue_minor", currency.code),
    amount_or_why(loan, "outstanding_minor", currency.code),
    loan.next_due_date and escape(loan.next_due_date) .. '<span class="sub">'
      .. amount_or_why(loan, "next_due_minor", currency.code) .. "</span>"
      or loan.reasons.next_due_date and '<span class="na">not known</span>' or "none",
  }
end

local LOAN_COLUMNS = {
  { label = "Loan", is_name = true, class = "id" },
  { label = "Provider", class = "id" },
  { label = "Days late", right = true },
  { label = "Oldest due", right = true },
  { label = "Overdue", right = true },
  { label = "Outstanding", right = true },
  { label = "Next due", right = true },
}

local function add_delinquents(out, currency)
  local rows = {}
  for i, loan in ipairs(currency.delinquents) do
    rows[i] = loan_row(currency, loan)
  end
  out[#out + 1] = '<div class="block"><h3>Delinquent loans</h3>'
  if #rows == 0 then
    out[#out + 1] = '<p class="soft">No loan is known to be late.</p></div>'
    return
  end
  local all = currency.summary.late_loans
  local shown = all and all > #rows
    and "The first " .. figures.several(#rows, "loan") .. " of " .. figures.count(all)
    or figures.several(#rows, "loan")
  add_table(out, LOAN_COLUMNS, rows, {
    stack = "stack",
    caption = shown .. ", most days late first, then the greatest overdue amount. Amounts in "
      .. escape(currency.code) .. ".",
  })
  out[#out + 1] = "</div>"
end

local function add_currency(out, facts, currency)
  local id = "c-" .. currency.code:lower():gsub("[^a-z0-9]", "")
  out[#out + 1] = ('<section aria-labelledby="%s"><h2 id="%s">%s</h2>'):format(id, id,
    escape(currency.code))
  add_tiles(out, currency)
  add_groups(out, currency, "By provider", "Provider", currency.providers)
  if #currency.tags > 0 then
    add_groups(out, currency, "By tag", "Tag", currency.tags)
  end
  add_risk(out, currency, id)
  out[#out + 1] = '<div class="pair">'
  add_ageing(out, currency, id, "installment", "Each installment at its own age.")
  add_ageing(out, currency, id, "loan", "All of a loan at its oldest late installment.")
  out[#out + 1] = "</div>"
  add_cash_flow(out, currency, id, facts.cash_flow_by)
  add_delinquents(out, currency)
  out[#out + 1] = "</section>"
end

--
-- The page
--

local function sentence(text)
  return escape(text:sub(1, 1):upper() .. text:sub(2))
end

local function add_unknowns(out, facts)
  local rows = {}
  for i, entry in ipairs(facts.unknowns) do
    local extent = entry.missing_rows > 0 and figures.several(entry.missing_rows, "installment")
      .. (entry.missing_loans > 0 and " of " .. figures.several(entry.missing_loans, "loan") or "")
      or ""
    if (entry.known_balance_minor or 0) ~= 0 then
      extent = extent .. '<span class="sub">loan balances told: '
        .. escape(figures.amount(entry.known_balance_minor, entry.currency)) .. "</span>"
    end
    rows[i] = {
      escape(entry.provider and entry.provider .. ", " .. entry.currency or "Every provider"),
      escape(table.concat(entry.labels, ", ")), sentence(entry.text) .. ".",
      extent ~= "" and extent or figures.NONE,
    }
  end
  out[#out + 1] = '<section aria-labelledby="unknown"><h2 id="unknown">What could not be computed'
    .. '</h2><p class="soft">A figure that is not known is left out and never taken as zero.</p>'
  if #rows > 0 then
    add_table(out, { { label = "Where", is_name = true }, { label = "Figures" },
      { label = "Because" }, { label = "Missing" } }, rows, { stack = "stack" })
  else
    out[#out + 1] = "<p>Nothing: every figure is there.</p>"
  end
end

local function add_failures(out, title, note, list)
  if #list == 0 then
    return
  end
  local rows = {}
  for i, failure in ipairs(list) do
    rows[i] = { "<bdi>" .. escape(tostring(failure.subject or words.no_id)) .. "</bdi>",
      escape(tostring(failure.provider or ""))
        .. (failure.label and ", " .. escape(tostring(failure.label)) or ""),
      escape(failure.message or tostring(failure.kind or "")) }
  end
  out[#out + 1] = '<div class="block"><h3>' .. title .. '</h3><p class="soft">' .. note .. "</p>"
  add_table(out, { { label = "Asked for", is_name = true, class = "id" },
    { label = "Provider", class = "id" }, { label = "Answer", class = "id" } }, rows,
    { stack = "stack" })
  out[#out + 1] = "</div>"
end

local function add_footer(out, facts)
  out[#out + 1] = '<footer><h2 id="terms">What the figures mean</h2><dl class="terms">'
  for _, term in ipairs(facts.terms) do
    out[#out + 1] = "<dt>" .. escape(term[1]) .. "</dt><dd>" .. escape(term[2]) .. "</dd>"
  end
  out[#out + 1] = ('</dl><p class="soft">Made by repay on <time datetime="%s">%s, %s UTC</time>.'
    .. " This file loads nothing and contacts nobody.</p></footer>"):format(facts.made_at,
    escape(figures.day(facts.made_at:sub(1, 10))), facts.made_at:sub(12, 16))
end

local function add_header(out, facts)
  out[#out + 1] = "<header><h1>" .. escape(facts.title) .. '</h1><p class="lead">As of <strong>'
    .. escape(figures.day(facts.as_of)) .. "</strong>, " .. escape(facts.balances)
    .. '.</p><p class="soft">' .. figures.several(facts.loans, "loan") .. " in "
    .. figures.several(#facts.currencies, "currency", "currencies") .. ".</p>"
  if #facts.warnings > 0 then
    out[#out + 1] = '<ul class="warnings">'
    for _, warning in ipairs(facts.warnings) do
      out[#out + 1] = "<li>" .. sentence(warning.message) .. ".</li>"
    end
    out[#out + 1] = "</ul>"
  end
  if #facts.currencies > 1 then
    out[#out + 1] = '<nav aria-label="Currencies">'
    for _, currency in ipairs(facts.currencies) do
      out[#out + 1] = ('<a href="#c-%s">%s</a>'):format(
        currency.code:lower():gsub("[^a-z0-9]", ""), escape(currency.code))
    end
    out[#out + 1] = "</nav>"
  end
  out[#out + 1] = "</header>"
end

--- The whole page as a string.
function html.render(facts)
  local out = { ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    .. '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
    .. "'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
    .. '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    .. '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light '
    .. 'dark">\n<title>%s, %s</title>\n<style>%s</style>\n</head>\n<body>\n<div class="page">')
    :format(style.digest, escape(facts.title), escape(facts.as_of), style.css) }
  add_header(out, facts)
  out[#out + 1] = "<main>"
  for _, currency in ipairs(facts.currencies) do
    add_currency(out, facts, currency)
  end
  add_unknowns(out, facts)
  out[#out + 1] = '<div class="after">'
  add_failures(out, "No active loan", "The provider has no active loan under these ids, or does "
    .. "not know them. That is neither a failure nor a debt of zero.", facts.not_found)
  add_failures(out, "Not fetched", "These are in none of the figures.", facts.failures)
  out[#out + 1] = "</div></section></main>"
  add_footer(out, facts)
  out[#out + 1] = "</div>\n</body>\n</html>\n"
  return table.concat(out, "\n")
end


return html
