-- repay pay: one repayment from the words to the exit code, and never twice.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"
local options = require "repay.options"
local repay = require "repay"

local w

describe("repay pay", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  it("records a repayment and prints its entry", function()
    w = cli_world.new()
    local rows, run = w:rows(cli_world.pay_words())
    assert.equal(0, run.code)
    assert.equal("accepted", rows[1].state)
    assert.equal("REF 1", rows[1].reference)
    assert.equal(500000, rows[1].amount_minor)
    assert.equal(w:entries()[1].id, rows[1].id)
    assert.equal(1, (w:records()))
    assert.equal(1, w.released)
  end)

  it("records it once, however often it is run", function()
    w = cli_world.new()
    local first = w:rows(cli_world.pay_words())
    local again, run = w:rows(cli_world.pay_words())
    assert.equal(0, run.code)
    assert.equal(first[1].id, again[1].id)
    assert.matches("has this repayment already %(accepted%); nothing was sent", run.err)
    assert.equal(1, w:posts())
  end)

  it("has no id in a dry run, and none is shown", function()
    w = cli_world.new()
    w.terminal = { stdout = 80 }
    local run = w:pay { ["dry-run"] = true, ["no-color"] = true }
    assert.equal(0, run.code)
    assert.matches("^State +new\n", run.out)
  end)

  it("takes today without a day, and knows the reference again after midnight", function()
    w = cli_world.new()
    assert.equal(0, w:pay({ ["payment-date"] = "" }).code)
    w:advance(86400000)
    assert.equal(0, w:pay({ ["payment-date"] = "" }).code)
    assert.equal(1, w:posts())
    assert.equal("2025-01-20", w:entries()[1].payment_date)
  end)

  it("takes the day of --as-of or --zone for today", function()
    w = cli_world.new()
    w:advance(22 * 3600000) -- 22:00 in UTC, 23:00 where the borrowers are
    assert.equal(0, w:pay({ ["payment-date"] = "", zone = "+03:00" }).code)
    assert.equal("2025-01-21", w:entries()[1].payment_date)
    assert.equal(0, w:pay({ ["payment-date"] = "", ["as-of"] = "2025-01-19" }).code)
    assert.equal(1, w:posts()) -- the reference is known
    assert.equal(0, w:pay({ ["payment-date"] = "", ["as-of"] = "2025-01-19",
      reference = "REF 2" }).code)
    assert.equal("2025-01-19", w:entries()[2].payment_date)
    assert.equal(2, w:pay({ ["payment-date"] = "", ["as-of"] = "yesterday" }).code)
  end)

  it("wants a reference or a day", function()
    w = cli_world.new()
    local run = w:pay { ["payment-date"] = "", reference = "" }
    assert.equal(2, run.code)
    assert.matches("%-%-reference or %-%-payment%-date is missing", run.err)
    assert.equal(0, w:posts())
  end)

  it("stops above a limit and says how to go on", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 499999 } } }
    local run = w:pay()
    assert.equal(6, run.code)
    local id = w:entries()[1].id
    assert.matches("repay approve " .. id:gsub("%-", "%%-") .. " %-%-because REASON\n",
      run.err)
    assert.equal("", run.out)
    assert.equal(0, w:posts())
    assert.equal(0, w:run("approve", id).code)
    assert.equal(0, w:run("run", id).code)
    assert.equal(1, (w:records()))
  end)

  it("goes on by itself once a person approved", function()
    w = cli_world.new { profile = { limits = { per_day_minor = 1 } } }
    assert.equal(6, w:pay().code)
    assert.equal(0, w:run("approve", w:entries()[1].id).code)
    assert.equal(0, w:pay().code)
    assert.equal(1, (w:records()))
  end)

  it("shows in a dry run what it would do, and does nothing", function()
    w = cli_world.new { list = "installments" }
    local rows, run = w:rows(cli_world.pay_words { ["dry-run"] = true,
      amount = "999999999.00" })
    assert.equal(0, run.code)
    assert.equal("new", rows[1].state)
    assert.matches('"warning":"above what is payable', run.err)
    assert.same({}, w:entries())
    assert.equal(0, w:posts())
  end)

  it("fails with nothing uncertain where the provider refuses", function()
    w = cli_world.new()
    local rows, run = w:rows(cli_world.pay_words { amount = "999999999.00" })
    assert.equal(1, run.code)
    assert.equal("refused", rows[1].state)
    assert.equal("replace", rows[1].next)
    assert.matches('"kind":"amount_invalid"', run.err)
    assert.equal(1, w:pay({ amount = "999999999.00" }).code)
    assert.equal(1, w:posts())
  end)

  it("is to be run again while an outcome may settle, and asks a person after that", function()
    w = cli_world.new { keys = "unproven", list = "installments" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local rows, run = w:rows(cli_world.pay_words())
    assert.equal(8, run.code)
    assert.equal("unknown", rows[1].state)
    assert.equal("wait", rows[1].next)
    assert.matches("^2025%-01%-20T", rows[1].decided_at)
    for _ = 1, 3 do
      w:advance()
      rows, run = w:rows(cli_world.pay_words())
    end
    assert.equal(3, run.code)
    assert.equal("resolve", rows[1].next)
    assert.matches("repay resolve " .. rows[1].id:gsub("%-", "%%-"), run.err)
    assert.equal(1, w:posts())
  end)

  it("sends again by itself where keys are honoured", function()
    w = cli_world.new()
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    assert.equal(0, w:pay().code)
    assert.equal(2, w:posts())
    assert.equal(1, (w:records()))
  end)

  it("tells credentials from a provider that is away", function()
    w = cli_world.new { profile = { token = "wrong" } }
    assert.equal(4, w:pay().code)
    w.profile.token = w.settings.token
    w:write_config()
    w.box:fault { kind = "refuse", route = "repay_loan" }
    local run = w:pay()
    assert.equal(5, run.code)
    assert.equal("approved", w:entries()[1].state)
    w.box:clear_faults()
    assert.equal(0, w:pay().code)
    assert.equal(1, (w:records()))
  end)

  it("sends nothing where the list before the send cannot be read", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "status", status = 503, route = "list_customer_repayments" }
    assert.equal(5, w:pay().code)
    assert.equal(0, w:posts())
  end)

  it("stops at Ctrl-C after the repayment under way", function()
    w = cli_world.new()
    w.interrupt_when = function() return true end
    local run = w:pay()
    assert.equal(130, run.code)
    assert.equal(0, w:posts())
    assert.matches("nothing more is begun", run.err)
    w.interrupt_when = nil
    assert.equal(0, w:pay().code)
    assert.equal(1, (w:records()))
  end)

  it("says that the journal cannot be used", function()
    w = cli_world.new()
    assert.equal(0, w:pay().code)
    os.execute("chmod 644 " .. w.home .. "/.local/state/repay/journal.db")
    local run = w:pay { reference = "REF 2" }
    assert.equal(7, run.code)
    assert.matches("is open to others", run.err)
    assert.equal(1, w:posts())
  end)

  it("names the option that is missing, too much or wrong", function()
    w = cli_world.new()
    for words, complaint in pairs {
      ["account-id="] = "%-%-account%-id is missing",
      ["amount="] = "%-%-amount is missing",
      ["amount=5,000.00"] = "amount: not a number\n  in major units and without separators",
      ["amount=-5"] = "in major units",
      ["amount=5000.001"] = "amount: more decimals than the currency has",
      ["ordinal=x"] = "%-%-ordinal must be a whole number",
    } do
      local name, value = words:match("^(.-)=(.*)$")
      local run = w:pay { [name] = value }
      assert.equal(2, run.code)
      assert.matches(complaint, run.err)
    end
    assert.equal(2, w:run("pay", "--wrong").code)
    assert.equal(2, w:pay({ columns = "nonsense" }).code)
    assert.same({}, w:entries())
  end)

  it("sends real money only where both the profile and the words say so", function()
    w = cli_world.new { profiles = {
      real = { environment = "live", base_url = "https://pay.provider.test/api" },
      staging = { environment = "sandbox" },
    } }
    local run = w:pay { profile = "staging", live = true }
    assert.equal(2, run.code)
    assert.matches("does not say environment", run.err)
    run = w:pay { profile = "real" }
    assert.equal(2, run.code)
    assert.matches("add %-%-live", run.err)
    assert.equal(0, #w.box:ledger().requests)
    run = w:pay { profile = "real", live = true, ["dry-run"] = true }
    assert.is_nil(run.err:find("%-%-live"))
  end)

  it("takes only this machine for this machine", function()
    local is_loopback = require("repay.cli.config_rules").is_loopback
    for _, url in ipairs { "http://127.0.0.1:8042/x", "http://localhost", "https://[::1]:8/" } do
      assert.is_true(is_loopback(url), url)
    end
    for _, url in ipairs { "https://127.0.0.1.pay.test/", "https://localhost.test", "https://x",
      "https://localhost@pay.test/", "https://localhost:1@pay.test/", "127.0.0.1" } do
      assert.is_false(is_loopback(url), url)
    end
  end)

  it("has an option for everything that a provider's repayment takes", function()
    local known = {}
    for _, fact in ipairs(require("repay.cli.commands.pay").facts) do
      known[fact[1]:gsub("-", "_")] = true
    end
    for _, provider in ipairs(repay.providers()) do
      local operation = options.provider(provider).operations.repay
      for _, parameter in ipairs(operation and operation.parameters or {}) do
        assert.is_true(known[parameter.name] or parameter.type == "key", parameter.name)
      end
    end
  end)

  it("refuses a provider that cannot be paid through", function()
    w = cli_world.new()
    w.config.profiles.other = w.box:settings "carbon"
    w.config.profiles.other.transport = nil
    w.config.profiles.other.provider = "carbon"
    w:write_config()
    local run = w:pay { profile = "other" }
    assert.equal(2, run.code)
    assert.matches("repay", run.err)
  end)

  it("prints no secret and no key, in no form", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local runs = { w:pay(), w:pay { json = true }, w:pay { csv = true } }
    runs[#runs + 1] = w:run("status")
    local key = w:entries()[1].key
    for _, run in ipairs(runs) do
      assert.is_nil((run.out .. run.err):find(w.settings.token, 1, true))
      assert.is_nil(run.out:find(key, 1, true))
    end
    assert.is_truthy(w:run("explain", key).out:find(key, 1, true))
  end)
end)
