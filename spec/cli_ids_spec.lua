-- The beginning of an id in the place of the whole: what a table cuts can be typed, and a beginning
-- that several have in common never acts on one of them.
local cli_world = require "spec.support.cli_world"
local helper = require "spec.support.helper"
local ids = require "repay.cli.ids"

local ONE, OTHER = "01a1f909-d045-70ca-b9bc-2c152bd2951a", "01a1f909-d045-70cb-88c5-07acf17b4319"

describe("an id", function()
  it("is found whole, by its beginning, and as a table shows it cut", function()
    for _, word in ipairs { ONE, ONE:sub(1, 18), ONE:sub(1, 20) .. "…" } do
      assert.equal(ONE, (ids.find(word, { OTHER, ONE, ONE })))
    end
    assert.equal("LOAN_1", (ids.find("LOAN_1", { "LOAN_10", "LOAN_1" })))
  end)

  it("is not found where none begins so, and nothing begins every id", function()
    assert.same({}, { ids.find("01a1f908", { ONE, OTHER }) })
    assert.same({}, { ids.find("", { ONE }) })
    assert.same({}, { ids.find("…", { ONE }) })
  end)

  it("is not chosen where several begin so: they are named", function()
    local found, err = ids.find("01a1f909-d045", { OTHER, ONE })
    assert.is_nil(found)
    assert.equal("invalid_argument", err.kind)
    assert.equal("several ids begin with '01a1f909-d045': " .. ONE .. ", " .. OTHER, err.message)
    local many = {}
    for i = 1, 9 do
      many[i] = "LOAN_" .. i
    end
    err = select(2, ids.find("LOAN", many))
    assert.equal("several ids begin with 'LOAN': LOAN_1, LOAN_2, LOAN_3, LOAN_4, LOAN_5 and 4 more",
      err.message)
  end)
end)

describe("the beginning of a repayment's id", function()
  local w, whole

  before_each(function()
    w = cli_world.new { profile = { limits = { per_run_minor = 1 } } }
    w:run("plan", w:rows_file("pay.csv", 2))
    whole = { w:entries()[1].id, w:entries()[2].id }
  end)
  after_each(function() w:close() end)
  helper.watch(after_each)

  -- The shortest beginning of the first id that the second has not.
  local function own()
    for length = 8, #whole[1] do
      if whole[1]:sub(1, length) ~= whole[2]:sub(1, length) then
        return whole[1]:sub(1, length)
      end
    end
  end

  local function states()
    local list = {}
    for i, entry in ipairs(w:entries()) do
      list[i] = entry.state
    end
    return list
  end

  it("names it to every command that takes one", function()
    assert.matches(whole[1], w:run("explain", own()).out, 1, true)
    assert.equal(0, w:run("approve", own() .. "…").code)
    assert.same({ "approved", "planned" }, states())
    assert.equal(whole[1], w:rows("status", own():upper())[1].id)
    assert.equal(0, w:run("run", own()).code)
    assert.same({ "accepted", "planned" }, states())
    assert.equal(1, w:posts())
    assert.equal(0, w:run("cancel", whole[2]:sub(1, #own())).code)
    assert.same({ "accepted", "cancelled" }, states())
    assert.equal(0, w:run("replace", whole[2]:sub(1, #own()), "--because", "it was right").code)
    assert.equal(whole[2], w:entries()[2].id)
    assert.equal(3, #w:entries())
  end)

  local COMMANDS = {
    { "explain" }, { "approve", "--because", "seen" }, { "run" }, { "status" },
    { "cancel", "--because", "wrong" }, { "replace", "--because", "wrong" },
    { "resolve", "--as", "absent", "--because", "seen" },
  }
  for _, words in ipairs(COMMANDS) do
    it("acts on none where two have it: " .. words[1], function()
      local run = w:run(words[1], whole[1]:sub(1, 8), (unpack or table.unpack)(words, 2))
      assert.equal(2, run.code)
      assert.equal("", run.out)
      assert.is_truthy(run.err:find(whole[1] .. ", " .. whole[2], 1, true), run.err)
      assert.same({ "planned", "planned" }, states())
      assert.equal(0, w:posts())
    end)

    it("is asked for with eight letters and no other signs: " .. words[1], function()
      for _, word in ipairs { own():sub(1, 7), "", "…", "%x", whole[1]:sub(1, 7) .. ".",
        whole[1] .. "0" } do
        local run = w:run(words[1], word, (unpack or table.unpack)(words, 2))
        assert.equal(1, run.code)
        assert.matches("the journal has no", run.err)
      end
      assert.same({ "planned", "planned" }, states())
    end)
  end

  it("resolves what nobody else can decide", function()
    w.profile.keys = "unproven"
    w:write_config()
    w:run("plan", w:file("more.csv", cli_world.header .. "\n" .. cli_world.row(3) .. "\n"),
      "--new-journal")
    whole = { w:entries()[3].id, whole[1] }
    w:run("approve", whole[1], "--because", "seen")
    w.box:fault { kind = "reply_lost", route = "repay_loan", nth = 1 }
    w:run("run", whole[1])
    assert.equal("unknown", states()[3])
    assert.equal(0, w:run("resolve", own(), "--as", "absent", "--because", "seen").code)
    assert.same({ "planned", "planned", "absent" }, states())
  end)

  it("means one repayment, however often it is named", function()
    assert.equal(1, #w:rows("status", own(), whole[1], whole[1]))
    local run = w:run("approve", own(), whole[1], "pay.csv")
    assert.same({ 0, "2 approved" }, { run.code, run.err:match("%d+ approved") })
    run = w:run("run", own(), whole[1], "pay.csv", "1")
    assert.equal(0, run.code)
    assert.is_truthy(run.err:find("\n2 accepted\n", 1, true), run.err)
    assert.equal(2, w:posts())
    run = w:run("cancel", own(), whole[1])
    assert.equal(1, select(2, run.err:gsub("cannot be cancelled", "")))
  end)

  it("leaves a batch its name", function()
    local named = whole[1]:sub(1, 8)
    w:run("plan", w:file("more.csv", cli_world.header .. "\n" .. cli_world.row(3) .. "\n"),
      "--name", named)
    assert.equal(0, w:run("approve", named).code)
    assert.same({ "planned", "planned", "approved" }, states())
  end)
end)
