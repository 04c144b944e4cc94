-- Every switch of the sandbox, each value: it is data that can be listed, it has an effect where it
-- says so, and all values together leave each documented call answerable.

local requests = require("spec.support.sandbox_requests")
local sandbox = require("repay.sandbox")
local json = require("repay.sandbox.json")

local ids = sandbox.ids

-- What tells two values of a switch apart: replies to these requests, in this order, with the same
-- seed. Each is a function of a fresh sandbox.
local function send(box, request) return requests.send(box, request) end

local function repay_then(ending)
  return function(box)
    local _, body = send(box, requests.fincode_repay())
    if ending then box[ending](box, body.data.id) end
    return { requests.fincode_list(), requests.fincode_repaid() }
  end
end

local function list(...)
  local fixed = { ... }
  return function() return fixed end
end

local PROBES = {
  numbers = list(requests.carbon_schedule(), requests.fincode_list()),
  booleans = list(requests.pezesha_schedule(), requests.fincode_list()),
  extra_members = list(requests.carbon_schedule()),
  member_order = list(requests.carbon_schedule()),
  content_type = list(requests.carbon_schedule()),
  spacing = list(requests.carbon_schedule()),
  list = list(requests.fincode_list()),
  rejected_in_list = repay_then("reject"),
  list_ids = repay_then(), repaid_ids = repay_then("verify"), repaid_status = repay_then("verify"),
  balance_on_submit = repay_then(),
  amount_limit = list(requests.fincode_repay({ repaymentAmount = json.number("75000.01") })),
  fincode_error_status = list(requests.fincode_repay({ repaymentAmount = json.number("0") })),
  fincode_error_text = list(requests.fincode_repay({ repaymentAmount = json.number("0") })),
  fincode_envelope = list(requests.fincode_list()),
  list_order = list(requests.fincode_pending()),
  paid_flag = list(requests.fincode_list()),
  fincode_auth_body = list(requests.fincode_list(nil, "wrong")),
  success_status = list(requests.fincode_repay()),
  unknown_customer = list(requests.fincode_list(ids.fincode.unknown)),
  list_data = list(requests.fincode_list()),
  empty_list = list(requests.fincode_list(ids.fincode.no_loan)),
  fincode_dates = list(requests.fincode_list()),
  fincode_nulls = list(requests.fincode_list()),
  top_message = list(requests.fincode_list()),
  pages = list(requests.fincode_pending(nil, "?page=2&size=5")),
  pending_parts = list(requests.fincode_pending()),
  key_replay = function(box)
    -- The first answer is a refusal that the verified repayment before it caused.
    local refused = requests.fincode_repay({ repaymentAmount = json.number("450000.51") }, "k")
    send(box, refused)
    box.book:loan("fincode", ids.fincode.account).rows[9].total = 10000000
    return { refused }
  end,
  key_memory_ms = function(box)
    send(box, requests.fincode_repay())
    box:advance(600000)
    return { requests.fincode_repay() }
  end,
  token_lifetime_ms = function(box)
    local token = box:token("fincode", ids.fincode.customer)
    box:advance(600000)
    return { requests.fincode_list(nil, token) }
  end,
  verify_after_ms = function(box)
    send(box, requests.fincode_repay())
    box:advance(60000)
    return { requests.fincode_repaid() }
  end,
  no_loan_status = list(requests.pezesha_schedule(ids.pezesha.no_loan)),
  pezesha_auth_body = list(requests.pezesha_schedule(nil, {})),
  validation_body = list(requests.pezesha_repay({ trans_amount = "0" })),
  settled_rows = list(requests.pezesha_schedule(ids.pezesha.paid)),
  loans_in_answer = list(requests.pezesha_schedule(ids.pezesha.two_loans)),
  pezesha_overpayment = list(requests.pezesha_repay({ trans_amount = "1500.01" })),
  pezesha_duplicate = list(requests.pezesha_repay(), requests.pezesha_repay()),
  pezesha_delay_ms = list(requests.pezesha_repay(), requests.pezesha_schedule()),
  total_due = list(requests.pezesha_schedule(ids.pezesha.overdue)),
  pezesha_nulls = list(requests.pezesha_schedule()),
  no_loan_answer = list(requests.pezesha_schedule(ids.pezesha.no_loan)),
  response_code = list(requests.pezesha_schedule()),
  total_outstanding = list(requests.pezesha_schedule(ids.pezesha.partly_paid)),
  single_row = list(requests.pezesha_schedule(ids.pezesha.single)),
  overdue_word = list(requests.carbon_schedule(ids.carbon.overdue)),
  status_words = list(requests.carbon_schedule(ids.carbon.partly_paid)),
  closed_schedule = list(requests.carbon_schedule(ids.carbon.closed)),
  schedule_order = list(requests.carbon_schedule()),
  total_member = list(requests.carbon_schedule()),
  schedule_shape = list(requests.carbon_schedule()),
  no_active_loan = list(requests.carbon("GET",
    "/loans/active?customer_id=" .. ids.carbon.no_loan_customer)),
  carbon_overpayment = list(requests.carbon_charge(14346666, "all and one")),
  carbon_delay_ms = list(requests.carbon_charge(100, "slow"), requests.carbon_schedule()),
  charge = list(requests.carbon_charge(100, "moves"), requests.carbon_schedule()),
  carbon_duplicate = list(requests.carbon_charge(1, "twice"), requests.carbon_charge(1, "twice")),
  carbon_auth_body = list(requests.carbon_schedule()),
  carbon_error_body = list(requests.carbon_schedule(ids.carbon.unknown)),
  list_shape = list(requests.carbon("GET", "/loans")),
}

local function replies(name, value)
  local box = sandbox.new({ seed = 42, [name] = value })
  local texts = {}
  for _, request in ipairs(PROBES[name](box)) do
    if name == "carbon_auth_body" then request.headers[1][2] = "wrong" end
    local reply = box:handle(request)
    local kind = "none"
    for _, pair in ipairs(reply.headers) do
      kind = pair[1] == "Content-Type" and pair[2] or kind
    end
    texts[#texts + 1] = reply.status .. " " .. kind .. " " .. reply.body
  end
  return table.concat(texts, "\n")
end

describe("a switch of the sandbox", function()
  it("is data: a name of its own, at least two values, a meaning", function()
    local seen = {}
    for _, switch in ipairs(sandbox.switch_list) do
      assert.is_nil(seen[switch.name])
      seen[switch.name] = true
      assert.is_true(#switch.values >= 2, switch.name)
      assert.is_true(#switch.meaning > 20, switch.name)
      assert.are.equal(switch.values[1], sandbox.new().switches[switch.name])
    end
    for name in pairs(PROBES) do assert.is_true(seen[name], name) end
  end)

  for _, switch in ipairs(sandbox.switch_list) do
    it("shows each of its values: " .. switch.name, function()
      assert.is_function(PROBES[switch.name])
      local seen = {}
      for _, value in ipairs(switch.values) do
        local text = replies(switch.name, value)
        assert.is_nil(seen[text], switch.name .. " = " .. tostring(value))
        seen[text] = true
      end
    end)

    it("leaves every documented call answerable: " .. switch.name, function()
      for _, value in ipairs(switch.values) do
        local box = sandbox.new({ seed = 42, [switch.name] = value })
        for _, request in ipairs({ requests.fincode_list(), requests.fincode_repay(),
          requests.fincode_pending(), requests.fincode_repaid(), requests.pezesha_schedule(),
          requests.carbon_schedule() }) do
          local reply = box:handle(request)
          assert.is_true(reply.status >= 200 and reply.status < 300)
          assert.is_table((json.read(reply.body)))
        end
      end
    end)
  end
end)
