-- Texts of others that would do something if they were not taken as texts: formulas, markup, line
-- ends, control characters. Each is the id of a loan, and stands wherever a report has text.
local repay = require "repay"
local report = require "repay.report"
local sample = require "spec.support.report_sample"

local hostile = {}

hostile.TEXTS = { "=1+1", "+SUM(A1:A9)", "-2+3", "@cmd", "\t=1", "\r=1", " =1+1",
  "=HYPERLINK(\"http://x.example\",\"y\")", "<script>alert(1)</script>",
  "\"><img src=x onerror=alert(1)>", "']]></style><b>", "[a](javascript:alert(1))",
  "![i](http://x.example/i.png)", "a|b|c", "a\nEND:VEVENT\nBEGIN:VEVENT", "a\r\nX:1", "a,b;c\\d",
  "\27[31mred\27[0m", "\226\128\174live", "{{7*7}} ${x}", "`code` *b* _i_ # h",
  "\232\178\184\228\187\152\240\159\152\128", "e\204\129\204\129", ("x"):rep(300), "&amp;&#60;" }

local function json_text(value)
  return '"' .. value:gsub('[%c"\\]', function(char)
    return ("\\u%04x"):format(char:byte())
  end) .. '"'
end

-- A late loan for each text, which is its id, in one schedule; tags and account are texts too.
function hostile.facts()
  local rows = {}
  for i, id in ipairs(hostile.TEXTS) do
    rows[i] = ('{"loan_id":%s,"repayment_date":"2026-10-%02d","month":1,"principal_amount":100,'
      .. '"interest_amount":1,"penalty_amount":0,"penalty_paid":0,"total_due":101,"balance":101,'
      .. '"status":%s}'):format(json_text(id), i, json_text(id))
  end
  local client = sample.client("pezesha", { '{"status":200,"error":false,"data":['
    .. table.concat(rows, ",") .. "]}" }, { label = "<b>=1" })
  local schedule = assert(client:schedule { merchant_id = "merchant_jane" })
  client:close()
  local portfolio = repay.portfolio { as_of = sample.AS_OF }
  assert(portfolio:add(schedule, { tags = { "=tag", "<i>tag" } }))
  local failures = {}
  for i, id in ipairs(hostile.TEXTS) do
    failures[i] = { provider = "carbon", subject = id, kind = "timeout", message = id, label = id }
  end
  local facts = assert(report.facts { portfolio = portfolio, made_at = sample.MADE_AT,
    title = "<title>", failures = failures, not_found = failures })
  return facts, { schedule }, portfolio
end

return hostile
