-- repay plan, approve, run, status, recover, reconcile, explain, cancel, resolve, replace, journal:
-- a file from its first row to the last person who has to look at it.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"
local json = require "repay.sandbox.json"

local w

local function plain(text)
  return (text:gsub("%p", "%%%0"))
end

local function states_of(rows)
  local states = {}
  for i, row in ipairs(rows) do
    states[i] = row.state
  end
  return states
end

-- The first id of the journal that is in this state.
local function id_of(state)
  for _, entry in ipairs(w:entries()) do
    if entry.state == state then
      return entry.id
    end
  end
end

-- A repayment that nobody but a person can decide.
local function stuck()
  w = cli_world.new { keys = "unproven", list = "installments" }
  w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
  w:pay()
  w:advance()
  assert.equal(3, w:run("reconcile").code)
  return id_of("unknown")
end

local function close()
  if w then
    w:close()
    w = nil
  end
end

describe("repay plan", function()
  after_each(close)
  helper.watch(after_each)

  it("writes a file to the journal, approves it within limits and sends nothing", function()
    w = cli_world.new()
    local rows, run = w:rows("plan", w:rows_file("pay.csv", 3))
    assert.equal(0, run.code)
    assert.same({ "approved", "approved", "approved" }, states_of(rows))
    assert.same({ 2, 3, 4 }, { rows[1].line, rows[2].line, rows[3].line })
    assert.matches("3 repayments, 3,?006%.00 NGN: 3 approved", run.err)
    assert.matches('"next: repay run pay%.csv"', run.err)
    assert.equal(0, w:posts())
  end)

  it("adds nothing when it is run again, and says what to run", function()
    w = cli_world.new()
    local path = w:rows_file("pay.csv", 2)
    w:run("plan", path)
    local run = w:run("plan", path)
    assert.equal(0, run.code)
    assert.matches("next: repay run pay%.csv\n", run.err)
    assert.equal(2, #w:entries())
    w:run("run", "1")
    assert.matches("nothing is waiting to be sent", w:run("plan", path).err)
  end)

  it("shows in a dry run what would be sent, with what to look at, and writes nothing", function()
    w = cli_world.new { list = "installments" }
    local path = w:file("pay.csv", cli_world.header .. "\n" .. cli_world.row(1, "999999.00")
      .. "\n")
    local rows, run = w:rows("plan", path, "--dry-run")
    assert.equal(0, run.code)
    assert.equal("new", rows[1].state)
    assert.same({ "above_payable" }, rows[1].warnings)
    assert.matches("above_payable: above what is payable on the account %(line 2%)", run.err)
    assert.matches("1 new", run.err)
    assert.same({}, w:entries())
  end)

  it("names line and column of each wrong row, and plans none", function()
    w = cli_world.new()
    local path = w:file("pay.csv", table.concat({ cli_world.header, cli_world.row(1),
      cli_world.row(2, "abc"), cli_world.row(3), cli_world.row(4, "1.234") }, "\n") .. "\n")
    local run = w:run("plan", path)
    assert.equal(2, run.code)
    assert.matches("pay%.csv:3:5: ", run.err)
    assert.matches("pay%.csv:5:5: ", run.err)
    assert.matches("2 problems; nothing was planned and nothing was sent", run.err)
    run = w:run("plan", path, "--json")
    local told = json.plain(assert(json.read(run.err:match("[^\n]*\n$"))))
    assert.equal(2, told.exit)
    assert.equal(3, told.error.problems[1].line)
    assert.equal("amount", told.error.problems[2].name)
    assert.same({}, w:entries())
  end)

  it("approves nothing above a limit, and shows all of it", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 200300 } } }
    assert.equal(0, w:run("plan", w:rows_file("pay.csv", 2), "--name", "January").code)
    local text = { cli_world.header }
    for n = 3, 5 do
      text[#text + 1] = cli_world.row(n)
    end
    local rows, run = w:rows("plan", w:file("more.csv", table.concat(text, "\n") .. "\n"))
    assert.equal(6, run.code)
    assert.same({ "planned", "planned", "planned" }, states_of(rows))
    assert.matches("after a look: repay approve more%.csv\"", run.err)
    assert.equal(0, w:run("approve", "more.csv", "--because", "seen").code)
    assert.equal("approved", w:entries()[5].state)
  end)

  it("holds a row that the list may show already", function()
    w = cli_world.new { keys = "unproven" }
    assert.equal(0, w:pay({ reference = "REF 9" }).code)
    os.execute("rm " .. w.home .. "/.local/state/repay/journal.db*")
    local path = w:file("pay.csv", cli_world.header .. "\n" .. cli_world.row(2, "5000.00") .. "\n")
    local run = w:run("plan", path)
    assert.equal(6, run.code)
    assert.matches("%-%-new%-journal", run.err)
    local rows
    rows, run = w:rows("plan", path, "--new-journal")
    assert.equal(6, run.code)
    assert.same({ "held" }, rows[1].warnings)
    assert.equal(6, w:run("approve", "pay.csv").code)
    assert.equal(6, w:run("approve", rows[1].id).code)
    assert.equal(0, w:run("approve", rows[1].id, "--because", "a second one").code)
  end)

  it("takes the profile of each row, and the strictest of their limits", function()
    w = cli_world.new { profiles = { north = { label = "north", limits = { per_run_minor = 1 } },
      south = { label = "south" } } }
    local path = w:file("pay.csv", table.concat({ "profile," .. cli_world.header,
      "north," .. cli_world.row(1), "south," .. cli_world.row(2) }, "\n") .. "\n")
    local rows, run = w:rows("plan", path)
    assert.equal(6, run.code)
    assert.equal("north", rows[1].profile)
    assert.equal(0, w:run("approve", "1", "--because", "seen").code)
    assert.equal(0, w:run("run", "1").code)
    assert.equal(2, (w:records()))
    assert.equal(2, w:run("plan", w:file("bad.csv", "profile\nnobody\n")).code)
  end)

  it("says that there is no such file, and no such profile", function()
    w = cli_world.new()
    assert.equal(2, w:run("plan", w.home .. "/nothing.csv").code)
    assert.equal(2, w:run("plan", w.home).code)
    assert.equal(2, w:run("plan").code)
    assert.equal(2, w:run("plan", w:rows_file("pay.csv", 1), "--profile", "nobody").code)
  end)
end)

describe("repay run", function()
  after_each(close)
  helper.watch(after_each)

  it("sends what is approved of a batch, once, by its number or its name", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 3))
    local rows, run = w:rows("run", "pay.csv")
    assert.equal(0, run.code)
    assert.same({ "accepted", "accepted", "accepted" }, states_of(rows))
    assert.matches("3 accepted", run.err)
    assert.equal(0, w:run("run", "1").code)
    assert.equal(3, w:posts())
  end)

  it("sends nothing that nobody approved", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    w:run("plan", w:rows_file("pay.csv", 2))
    local run = w:run("run", "pay.csv")
    assert.equal(6, run.code)
    assert.equal(0, w:posts())
    assert.equal(0, w:run("run", "--all").code)
    assert.equal(0, w:posts())
  end)

  it("stops after a first one that is not accepted", function()
    w = cli_world.new { keys = "unproven" }
    w:run("plan", w:rows_file("pay.csv", 3), "--new-journal")
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    local rows, run = w:rows("run", "pay.csv")
    assert.equal(8, run.code)
    assert.same({ "unknown", "approved", "approved" }, states_of(rows))
    assert.matches("the first repayment was not accepted", run.err)
    assert.equal(1, w:posts())
    w:advance()
    assert.equal(8, w:run("recover").code)
    assert.equal(0, w:run("run", "pay.csv").code)
    assert.equal(3, (w:records()))
  end)

  it("ends the repayment under way at Ctrl-C, and goes on when it is run again", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 4))
    w.interrupt_when = function() return w:posts() == 2 end
    local rows, run = w:rows("run", "pay.csv")
    assert.equal(130, run.code)
    assert.same({ "accepted", "accepted", "approved", "approved" }, states_of(rows))
    assert.matches("2 not sent; go on with: repay run pay%.csv", run.err)
    w.interrupt_when = nil
    assert.equal(8, w:run("status").code)
    assert.equal(0, w:run("run", "--all").code)
    assert.equal(4, (w:records()))
  end)

  it("tells refusals from what is done, and never sends them again", function()
    w = cli_world.new()
    w:run("plan", w:file("pay.csv", table.concat({ cli_world.header, cli_world.row(1),
      cli_world.row(2, "99999999.00"), cli_world.row(3) }, "\n") .. "\n"))
    local rows, run = w:rows("run", "1")
    assert.equal(1, run.code)
    assert.same({ "accepted", "refused", "accepted" }, states_of(rows))
    assert.equal(1, w:run("run", "1").code)
    assert.equal(3, w:posts())
  end)

  it("names the provider's absence and wrong credentials before what is left", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 5))
    w.box:fault { kind = "refuse", route = "repay_loan" }
    local run = w:run("run", "1", "--no-canary")
    assert.equal(5, run.code)
    assert.matches("go on with: repay run 1", run.err)
    w.box:clear_faults()
    w.profile.token = "wrong"
    w:write_config()
    assert.equal(4, w:run("run", "1").code)
    w.profile.token = w.settings.token
    w:write_config()
    assert.equal(0, w:run("run", "1", "--reconcile").code)
    assert.equal(5, (w:records()))
    for _, entry in ipairs(w:entries()) do
      assert.truthy(entry.record_id)
    end
  end)

  it("leaves alone what belongs to a profile that is not there", function()
    w = cli_world.new { profiles = { other = { label = "other" } } }
    w:run("plan", w:rows_file("pay.csv", 1), "--profile", "other")
    w.config.profiles.other = nil
    w:write_config()
    local run = w:run("run", "1")
    assert.equal(8, run.code)
    assert.matches("no profile is chosen or configured for fincode, 'other'", run.err)
    assert.equal(0, w:posts())
  end)

  it("wants to know what to run", function()
    w = cli_world.new()
    assert.equal(2, w:run("run").code)
    assert.equal(2, w:run("run", "--all", "1").code)
    local run = w:run("run", "nothing")
    assert.equal(1, run.code)
    assert.matches("no batch and no repayment 'nothing'", run.err)
  end)

  it("shows of many rows only what is not done, on a terminal", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 45))
    w.box:fault { kind = "amount_echoed_wrong", route = "repay_loan", nth = 45 }
    w.terminal = { stdout = 200 }
    local run = w:run("run", "1")
    local _, lines = run.out:gsub("\n", "")
    assert.is_true(lines <= 2, run.out)
    assert.matches("44 accepted.*what is done is not shown", run.err)
    w.terminal = nil
    assert.equal(45, #select(1, w:rows("run", "1")))
  end)

  it("shows a bar on a terminal, and nothing of it elsewhere", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 3))
    w.terminal = { stderr = 80 }
    local run = w:run("run", "1")
    assert.matches("sending %[", run.err)
    assert.is_nil(run.out:find("\27", 1, true))
  end)
end)

describe("repay approve and cancel", function()
  after_each(close)
  helper.watch(after_each)

  it("give one word for all of a batch, or for some of it", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    w:run("plan", w:rows_file("pay.csv", 3))
    local ids = {}
    for i, entry in ipairs(w:entries()) do
      ids[i] = entry.id
    end
    assert.equal(0, w:run("approve", ids[1], ids[2]).code)
    local rows, run = w:rows("cancel", ids[2], "--because", "wrong account")
    assert.equal(0, run.code)
    assert.same({ "cancelled" }, states_of(rows))
    assert.same({ "cancelled", "cancelled" }, states_of((w:rows("cancel", "pay.csv"))))
    run = w:run("cancel", ids[1])
    assert.equal(2, run.code)
    assert.equal(0, w:run("run", "pay.csv").code)
    assert.equal(0, w:posts())
  end)

  it("do not mistake one month's batch for another's", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    w:run("plan", w:rows_file("pay.csv", 1))
    w:run("plan", w:rows_file("pay.csv", 2))
    local run = w:run("approve", "pay.csv")
    assert.equal(2, run.code)
    assert.matches("the batches 1 and 2 are both called 'pay%.csv'", run.err)
    assert.equal(0, w:run("approve", "2").code)
    assert.same({ "planned", "approved" }, states_of(w:entries()))
  end)

  it("know what there is not", function()
    w = cli_world.new()
    for _, name in ipairs { "approve", "cancel" } do
      assert.equal(1, w:run(name, "9").code)
      assert.equal(2, w:run(name).code)
    end
  end)
end)

describe("repay status", function()
  after_each(close)
  helper.watch(after_each)

  it("shows what is open, with the next step", function()
    w = cli_world.new { keys = "unproven" }
    w:run("plan", w:rows_file("pay.csv", 3), "--new-journal")
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 2 }
    w:run("run", "1")
    local rows, run = w:rows("status")
    assert.equal(8, run.code)
    assert.same({ "accepted", "unknown", "accepted" }, states_of(rows))
    assert.equal("wait", rows[2].next)
    assert.matches("can be decided at 2025%-01%-20T%d%d:%d%d:%d%dZ: repay reconcile", run.err)
    rows = w:rows("status", "--state", "unknown")
    assert.equal(1, #rows)
    w:advance()
    rows, run = w:rows("status")
    assert.equal(3, run.code)
    assert.equal("reconcile", rows[2].next)
  end)

  it("counts what there is, in sums", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 3))
    w:run("run", "1")
    w:pay { amount = "99999999.00" }
    local rows, run = w:rows("status", "--summary", "--all")
    assert.equal(1, run.code)
    assert.same({ "accepted", "refused" }, states_of(rows))
    assert.equal(3, rows[1].repayments)
    assert.equal(300600, rows[1].amount_minor)
    assert.equal("NGN", rows[1].currency)
  end)

  it("calls for somebody where an acknowledgement was never confirmed", function()
    w = cli_world.new()
    w:pay()
    assert.equal(0, w:run("status").code)
    w:advance(3 * 86400000 + 1000)
    local rows, run = w:rows("status")
    assert.equal(3, run.code)
    assert.equal("ask provider", rows[1].next)
  end)

  it("forgets a refusal of long ago, unless it is asked for", function()
    w = cli_world.new()
    w:pay { amount = "99999999.00" }
    assert.equal(0, w:run("status").code)
    assert.equal(1, w:run("status", "--all").code)
    assert.equal(1, w:run("status", w:entries()[1].id).code)
  end)

  it("knows its states", function()
    w = cli_world.new()
    local run = w:run("status", "--state", "unknwn")
    assert.equal(2, run.code)
    assert.matches("did you mean 'unknown'", run.err)
    assert.equal(1, w:run("status", "9").code)
    assert.equal(0, w:run("status", "--json").code)
  end)

  it("fits a terminal and is a table of tabs in a pipe", function()
    w = cli_world.new()
    w:pay()
    w.terminal = { stdout = 80 }
    local run = w:run("status")
    for line in run.out:gmatch("[^\n]+") do
      assert.is_true(#line:gsub("\27%[%d*m", "") <= 80, line)
    end
    assert.matches(plain(w:entries()[1].id), run.out)
    assert.matches("5,000%.00  NGN", run.out)
    w.terminal = nil
    assert.matches("^id\tstate\t", w:run("status").out)
  end)
end)

describe("repay reconcile and recover", function()
  after_each(close)
  helper.watch(after_each)

  it("decide what the list proves, and say when the rest can be decided", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w:pay()
    local early = w:run("reconcile")
    assert.equal(8, early.code)
    assert.matches("can be decided at ", early.err)
    w:advance()
    local rows, run = w:rows("reconcile")
    assert.equal(0, run.code)
    assert.equal("accepted", rows[1].state)
    assert.equal(1, w:posts())
  end)

  it("find what the provider confirmed", function()
    w = cli_world.new { box = { verify_after_ms = 60000 } }
    w:pay()
    w:advance()
    local rows, run = w:rows("reconcile")
    assert.equal(0, run.code)
    assert.equal("verified", rows[1].state)
    rows, run = w:rows("reconcile")
    assert.same({}, rows)
    assert.matches("nothing is open", run.err)
  end)

  it("need a person where the list cannot decide", function()
    local id = stuck()
    local rows, run = w:rows("recover")
    assert.equal(3, run.code)
    assert.equal(id, rows[1].id)
    assert.equal("resolve", rows[1].next)
  end)

  it("prove an absence, which is a person's business until it is replaced", function()
    w = cli_world.new { keys = "unproven" }
    w:pay()
    w:run("reconcile")
    w:advance(86400000)
    w.box:fault { kind = "reset", at = "before", processed = false, route = "repay_loan", nth = 1 }
    assert.equal(8, w:pay({ reference = "REF 2", ["payment-date"] = "2025-01-21" }).code)
    w:advance()
    local code = w:run("reconcile").code
    w:advance()
    assert.equal(8, code)
    assert.equal(3, w:run("reconcile").code)
    local id = id_of("absent")
    assert.truthy(id)
    assert.equal(3, w:run("status").code)
    local rows, run = w:rows("replace", id, "--because", "it never arrived")
    assert.equal(0, run.code)
    assert.matches("repay approve " .. plain(rows[1].id), run.err)
    assert.equal(6, w:run("status").code)
    assert.equal(0, w:run("approve", rows[1].id).code)
    assert.equal(0, w:run("run", rows[1].id).code)
    assert.equal(0, w:run("status").code)
    assert.equal(2, (w:records()))
  end)

  it("tell a list that cannot be read, and wrong credentials", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w:pay()
    w.box:fault { kind = "status", status = 503, route = "list_customer_repayments" }
    assert.equal(5, w:run("reconcile").code)
    w.box:clear_faults()
    w.profile.token = "wrong"
    w:write_config()
    assert.equal(4, w:run("recover").code)
    w:advance()
    -- That a person is needed goes before.
    assert.equal(3, w:run("recover").code)
  end)

  it("send again what its key protects, and say so before they are asked to", function()
    w = cli_world.new()
    w.box:fault { kind = "status", status = 500, route = "repay_loan" }
    local asked = 0
    w.interrupt_when = function()
      asked = asked + 1
      return asked > 1
    end
    assert.equal(130, w:pay().code)
    w.interrupt_when = nil
    w.box:clear_faults()
    local rows, run = w:rows("recover", "--offline")
    assert.equal(8, run.code)
    assert.equal("recover", rows[1].next)
    local posts = w:posts()
    assert.equal(8, w:run("reconcile").code)
    assert.equal(posts, w:posts())
    assert.equal(0, w:run("recover").code)
    assert.equal(1, (w:records()))
  end)

  it("stop at Ctrl-C", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w:pay()
    w.interrupt_when = function() return true end
    assert.equal(130, w:run("reconcile").code)
    assert.equal(130, w:run("recover").code)
  end)

  it("say what an interrupted run left to be sent", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 2))
    assert.equal(8, w:run("recover").code)
    assert.equal(0, w:run("reconcile").code)
  end)
end)

describe("repay resolve and replace", function()
  after_each(close)
  helper.watch(after_each)

  it("take a person's word, with the reason", function()
    local id = stuck()
    assert.equal(2, w:run("resolve", id, "--as", "accepted").code)
    assert.equal(2, w:run("resolve", id, "--as", "nonsense", "--because", "x").code)
    local rows, run = w:rows("resolve", id, "--as", "paid", "--record-id", "R-1",
      "--because", "seen on their screen")
    assert.equal(0, run.code)
    assert.equal("accepted", rows[1].state)
    assert.equal("R-1", rows[1].record_id)
    assert.equal(0, w:run("status").code)
    assert.matches("seen on their screen", w:run("explain", id).out)
    assert.equal(2, w:run("resolve", id, "--as", "absent", "--because", "x").code)
  end)

  it("close what a person found nowhere", function()
    local id = stuck()
    assert.equal(0, w:run("resolve", id, "--as", "absent", "--because", "not there").code)
    assert.equal(0, w:run("status").code)
    assert.equal(1, w:run("status", id).code)
    assert.equal(0, w:run("replace", id, "--because", "again").code)
  end)

  it("replace nothing that may have had an effect", function()
    w = cli_world.new()
    w:pay()
    local run = w:run("replace", w:entries()[1].id, "--because", "x")
    assert.equal(2, run.code)
    assert.matches("cannot be replaced", run.err)
    assert.equal(1, w:run("replace", "nothing", "--because", "x").code)
    assert.equal(1, w:run("resolve", "nothing", "--as", "absent", "--because", "x").code)
  end)
end)

describe("repay explain", function()
  after_each(close)
  helper.watch(after_each)

  it("tells the whole story of a repayment, and its next step", function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w:pay()
    local id = w:entries()[1].id
    local run = w:run("explain", id)
    assert.equal(0, run.code)
    for _, words in ipairs { "an attempt is on disk", "connection_lost",
      "wait until 2025-01-20T", "sending\tunknown", "ada" } do
      assert.is_truthy(run.out:find(words, 1, true), words)
    end
    local told = json.plain(assert(json.read(w:run("explain", id, "--json").out)))
    assert.equal("unknown", told.state)
    assert.equal("connection_lost", told.attempts[1].kind)
    assert.equal("unknown", told.events[#told.events].to)
    assert.matches("^at,from,to,why,evidence,who\n", w:run("explain", id, "--csv").out)
    w.terminal = { stdout = 80 }
    run = w:run("explain", id)
    assert.matches("\n\nAttempt 1, 2025%-01%-20T%S+ to %S+: unknown, connection_lost\n", run.out)
    assert.matches("Z  planned to approved %(ada%)\n", run.out)
    assert.is_nil(run.out:find("\226\144", 1, true)) -- a control character made visible
    w.terminal = nil
    assert.equal(1, w:run("explain", "nothing").code)
  end)

  it("names the command to type in each state", function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    w:pay()
    local id = w:entries()[1].id
    assert.matches("repay approve " .. plain(id), w:run("explain", id).out)
    w:run("approve", id)
    assert.matches("repay run " .. plain(id), w:run("explain", id).out)
    w:run("run", id)
    assert.matches("repay reconcile sees when", w:run("explain", id).out)
    assert.equal(6, w:pay({ reference = "REF 2" }).code)
    local other = id_of("planned")
    w:run("cancel", other)
    assert.matches("repay replace " .. plain(other), w:run("explain", other).out)
  end)
end)

describe("repay journal", function()
  after_each(close)
  helper.watch(after_each)

  it("verifies every page and event, and finds one byte that changed", function()
    w = cli_world.new()
    w:pay()
    local rows, run = w:rows("journal", "verify")
    assert.equal(0, run.code)
    assert.equal(1, rows[1].entries)
    local path = w.home .. "/.local/state/repay/journal.db"
    local file = assert(io.open(path, "r+b"))
    file:seek("set", file:seek("end") - 3000)
    local byte = file:read(1):byte()
    file:seek("cur", -1)
    file:write(string.char((byte + 1) % 256))
    file:close()
    run = w:run("journal", "verify")
    assert.equal(7, run.code)
    assert.is_truthy(run.err:find("repay: ", 1, true))
  end)

  it("makes a copy that opens, and writes over nothing", function()
    w = cli_world.new()
    w:pay()
    local path = w.home .. "/copy.db"
    assert.equal(0, w:run("journal", "backup", path).code)
    assert.equal(7, w:run("journal", "backup", path).code)
    w.config.journal = path
    w:write_config()
    assert.same({ "accepted" }, states_of((w:rows("status"))))
    assert.equal(2, w:run("journal", "backup").code)
    assert.equal(2, w:run("journal", "verify", "x").code)
    assert.equal(2, w:run("journal", "burn").code)
  end)

  it("sends nothing from a copy until a person says that it is the journal now", function()
    w = cli_world.new()
    w:run("plan", w:rows_file("pay.csv", 2))
    local path = w.home .. "/copy.db"
    assert.equal(0, w:run("journal", "backup", path).code)
    w.config.journal = path
    w:write_config()
    local run = w:run("run", "1")
    assert.equal(7, run.code)
    assert.matches("is a copy, or was moved or restored", run.err)
    assert.matches("repay journal moved", run.err)
    assert.is_nil(run.err:find("moved = true", 1, true))
    assert.equal(0, w:posts())
    assert.equal(8, w:run("status").code)
    assert.equal(2, w:run("journal", "moved", "x").code)
    assert.equal(0, w:run("journal", "moved").code)
    assert.equal(0, w:run("run", "1").code)
    assert.equal(2, (w:records()))
  end)

  it("is named by every command where it cannot be used", function()
    w = cli_world.new()
    w:pay()
    os.execute("chmod 666 " .. w.home .. "/.local/state/repay/journal.db")
    local path = w:rows_file("pay.csv", 1)
    for _, words in ipairs { { "plan", path }, { "run", "1" }, { "status" }, { "recover" },
      { "reconcile" }, { "explain", "x" }, { "approve", "x" }, { "cancel", "x" },
      { "resolve", "x", "--as", "absent", "--because", "x" },
      { "replace", "x", "--because", "x" }, { "journal", "verify" } } do
      assert.equal(7, w:run((unpack or table.unpack)(words)).code, words[1])
    end
  end)
end)

describe("the journal of the command", function()
  after_each(close)
  helper.watch(after_each)

  it("is never another one because the configuration is wrong", function()
    w = cli_world.new()
    w:pay()
    w:file(".config/repay/config.lua", "return { profile = ")
    assert.equal(2, w:run("status").code)
    w.config.profile = "nobody"
    w:write_config()
    assert.equal(2, w:run("status").code)
    w.config.profile = nil
    w:write_config()
    assert.same({ "accepted" }, states_of((w:rows("status"))))
  end)

  it("settles in the time that the configuration says", function()
    w = cli_world.new { keys = "unproven", config = { settle_ms = 60000, stale_after_ms = 5000 } }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    assert.equal(8, w:pay().code)
    w:advance(5 * 60000)
    assert.equal(0, w:run("reconcile").code)
    w:advance(5000)
    assert.equal(3, w:run("status").code)
  end)
end)

-- Ids are new each time, and as long as this one.
local ID = "01890a5d-0000-7000-8000-000000000001"

local function without_ids(text)
  return (text:gsub("%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x", ID))
end

describe("a table of repayments on a terminal", function()
  after_each(close)
  helper.watch(after_each)

  before_each(function()
    w = cli_world.new { keys = "unproven" }
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 2 }
    w:run("plan", w:rows_file("pay.csv", 2), "--new-journal")
    w:run("run", "1")
  end)

  local GOLDEN = {
    [80] = [[
Id                                    State       Amount       Reference  Next
01890a5d-0000-7000-8000-000000000001  accepted  1,001.00  NGN  REF 1
01890a5d-0000-7000-8000-000000000001  unknown   1,002.00  NGN  REF 2      wait
left out for want of room: account, payment_date, decided_at, why (--columns
names what to show)
]],
    [120] = [[
Id                                    State       Amount       Date        Reference  Next  When
01890a5d-0000-7000-8000-000000000001  accepted  1,001.00  NGN  2025-01-20  REF 1
01890a5d-0000-7000-8000-000000000001  unknown   1,002.00  NGN  2025-01-20  REF 2      wait  \
2025-01-20T08:12:00Z
left out for want of room: account, why (--columns names what to show)
]],
    [200] = [[
Id                                    State       Amount       Date        Reference  Next  \
When                  Why
01890a5d-0000-7000-8000-000000000001  accepted  1,001.00  NGN  2025-01-20  REF 1                   \
               acknowledged; the provider has not confirmed it yet
01890a5d-0000-7000-8000-000000000001  unknown   1,002.00  NGN  2025-01-20  REF 2      wait  \
2025-01-20T08:12:00Z  it may still arrive, or be listed
left out for want of room: account (--columns names what to show)
]],
  }

  for width, golden in pairs(GOLDEN) do
    it("of " .. width .. " columns", function()
      w.terminal = { stdout = width }
      -- A line that goes on behind a backslash is one of the table.
      golden = golden:gsub("\\\n", "")
      assert.equal(golden, without_ids(w:run("status", "--no-color").out))
    end)
  end
end)
