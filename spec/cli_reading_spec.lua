-- The commands that read, from words to exit code, against the sandbox in this process.
local cjson = require "cjson"
local cli = require "spec.support.cli"
local helper = require "spec.support.helper"
local sandbox = require "repay.sandbox"

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"
local LOANS = "provider,profile,id,tags\ncarbon,,LOAN_ABC123,north\ncarbon,,NOBODY,\n"
  .. "pezesha,box,merchant_jane,north\nfincode,," .. CUSTOMER .. ",south\n"

local function count(text, word)
  return select(2, text:gsub(word:gsub("%p", "%%%0"), ""))
end

describe("the reading commands", function()
  local box, place

  before_each(function()
    box = sandbox.new { seed = 42 }
    place = cli.new { box = box }
    place:configure_sandbox()
    place:write("loans.csv", LOANS)
  end)
  after_each(function() place:close() end)
  helper.watch(after_each)

  -- What a command writes as JSON; it must end well.
  local function json(...)
    local words = { ... }
    words[#words + 1] = "--json"
    local code, out, err = place:run((unpack or table.unpack)(words))
    assert.equal(0, code, err)
    return cjson.decode(out), err
  end

  -- Time passes here and at the providers.
  local function pass(ms)
    place.now_ms = place.now_ms + ms
    box:advance(ms)
  end

  local function fetch()
    local code, out, err = place:run("fetch", place.home .. "/loans.csv")
    assert.equal(0, code, err)
    return out, err
  end

  describe("fetch", function()
    it("takes the list of loans that the sandbox prints", function()
      local code, out, err = place:run("sandbox", "--print-loans", "--loans", "0")
      assert.equal(0, code, err)
      assert.matches("^provider,id\n", out)
      place:write("all.csv", out)
      local _, asked = out:gsub("\n", "")
      code, out = place:run("fetch", place.home .. "/all.csv")
      assert.equal(asked - 1, count(out, "\tfetched\t") + count(out, "\tnot_found\t")
        + count(out, "\tloan_not_registered\t"))
      -- One of the documented cases is a loan that waits, which its provider answers with an error.
      assert.equal(1, code)
      assert.equal(1, count(out, "\tloan_not_registered\t"))
    end)

    it("keeps a snapshot under the state directory, and says what came", function()
      local out, err = fetch()
      assert.equal(3, count(out, "\tfetched\t"))
      assert.equal(1, count(out, "\tnot_found\t"))
      local path = err:match("snapshot (%S+)")
      assert.equal(place.home .. "/.local/state/repay/snapshots/box/20250120T093000Z", path)
      local pipe = io.popen("stat -c %a '" .. path .. "' '" .. place.home
        .. "/.local/state/repay'")
      assert.equal("700\n700\n", pipe:read("*a"))
      pipe:close()
    end)

    it("takes one loan by provider and id, where a profile has several providers", function()
      local rows = json("fetch", "carbon", "LOAN_ABC123", "--tags", "north sme")
      assert.equal("fetched", rows[1].result)
      assert.equal(14346665, rows[1].outstanding_minor)
      local items = json("snapshot", "show")
      assert.same({ "north", "sme" }, items[1].tags)
      assert.equal("box", items[1].profile)
    end)

    it("takes the list of the configuration, and writes where it is told", function()
      local path = place:configure(([[
        return { loans = %q, profile = "box", profiles = { box = { environment = "sandbox",
          provider = "carbon", secrets = { api_key = env "API_KEY", carbon_key = env "CARBON_KEY" },
        } } }]]):format(place.home .. "/one.csv"))
      assert.is_truthy(path)
      place:write("one.csv", "provider,id\ncarbon,LOAN_ABC123\n")
      local _, err = json("fetch", "--to", place.home .. "/kept")
      assert.is_truthy(err:find("snapshot " .. place.home .. "/kept", 1, true))
      assert.equal(2, #json("show", "--from", place.home .. "/kept"))
    end)

    it("makes a snapshot of its own twice in a second", function()
      fetch()
      fetch()
      assert.same({ "20250120T093000Z-2", "20250120T093000Z" }, (function()
        local names = {}
        for i, row in ipairs(json("snapshot", "list")) do names[i] = row.name end
        return names
      end)())
    end)

    it("keeps no snapshot when nothing came, so that the last good one stays the latest", function()
      fetch()
      box:fault { kind = "status", status = 503 }
      pass(86400000)
      local code, _, err = place:run("fetch", "carbon", "LOAN_ABC123")
      assert.equal(5, code)
      assert.is_truthy(err:find("no snapshot was kept", 1, true))
      assert.equal(1, #json("snapshot", "list"))
    end)

    it("keeps what came when some failed, and its code says what failed", function()
      box:fault { kind = "status", status = 401, provider = "pezesha" }
      local code, out, err = place:run("fetch", place.home .. "/loans.csv")
      assert.equal(4, code, err)
      assert.equal(2, count(out, "\tfetched\t"))
      assert.equal(1, count(out, "\tauth\t"))
      assert.equal(4, #json("snapshot", "show"))
    end)

    -- Ctrl-C as soon as so many requests were made.
    local function interrupt_at(requests)
      place.options.interrupts = function()
        return { seen = function() return box:ledger().request_count >= requests end,
          release = function() end }
      end
    end

    it("keeps at Ctrl-C what came, and every later report says what is missing", function()
      interrupt_at(2)
      local code, out, err = place:run("fetch", place.home .. "/loans.csv", "--concurrency", "1")
      assert.equal(130, code)
      assert.equal(1, count(out, "\tfetched\t"))
      assert.equal(2, count(out, "\tcancelled\t"))
      assert.is_truthy(err:find("interrupted: of 4 loans 2 were not fetched", 1, true), err)
      place.options.interrupts = nil
      for _, words in ipairs { { "show" }, { "overdue" }, { "report", "--csv" },
        { "export", "csv" }, { "export", "ics" }, { "export", "csv", "--what", "late" },
        { "export", "json", "--what", "installments" } } do
        words[#words + 1] = "--quiet"
        code, out, err = place:run((unpack or table.unpack)(words))
        assert.equal(0, code)
        assert.equal(2, count(err, "not fetched: the fetch was stopped before this loan came"),
          table.concat(words, " "))
        assert.equal(0, count(out, "not fetched"))
      end
      out = select(2, place:run("report", "--json"))
      assert.equal(2, #cjson.decode(out).failures)
    end)

    it("keeps nothing at Ctrl-C where nothing came, and the last snapshot stays", function()
      fetch()
      pass(86400000)
      interrupt_at(box:ledger().request_count)
      local code, _, err = place:run("fetch", place.home .. "/loans.csv")
      assert.equal(130, code)
      assert.is_truthy(err:find("nothing came, so no snapshot was kept", 1, true), err)
      assert.equal(1, #json("snapshot", "list"))
    end)

    it("that a report began with ends at Ctrl-C without the report", function()
      fetch()
      pass(86400000)
      interrupt_at(box:ledger().request_count + 1)
      local code, out, err = place:run("overdue", "--live-fetch", "--json")
      assert.same({ 130, "" }, { code, out })
      for line in err:gmatch("[^\n]+") do
        assert.is_table(cjson.decode(line), line)
      end
      assert.equal(2, #json("snapshot", "list"))
    end)

    it("keeps no names unless it is told to", function()
      place:write("named.csv", "provider,id,operation\nfincode," .. CUSTOMER .. ",schedule\n")
      assert.equal(0, (place:run("fetch", place.home .. "/named.csv")))
      assert.are_not.equal("string", type(json("show", "--with-names")[1].customer_name))
      pass(86400000)
      assert.equal(0, (place:run("fetch", place.home .. "/named.csv", "--with-names")))
      local rows = json("show")
      assert.is_nil(rows[1].customer_name)
      assert.is_string(json("show", "--with-names")[1].customer_name)
      local _, csv = place:run("export", "csv")
      assert.is_nil(csv:find("customer_name", 1, true))
      _, csv = place:run("export", "csv", "--with-names")
      assert.is_truthy(csv:find("customer_name", 1, true))
    end)

    it("draws a bar on a terminal and takes it away again", function()
      place.options.error_terminal = 80
      local _, err = fetch()
      assert.is_truthy(err:find("fetching [########################] 4/4", 1, true))
      assert.is_truthy(err:find("\r\27[K", 1, true))
      local _, _, quiet = place:run("fetch", place.home .. "/loans.csv", "--quiet")
      assert.equal("", quiet)
    end)

    local WRONG = {
      { 2, "a file that is not there", { "none.csv" }, "repay fetch PROVIDER ID" },
      { 2, "a provider that the profile has not", { "carbom", "X" }, "has no provider 'carbom'" },
      { 2, "a profile that is not there", { "carbon", "X", "--profile", "bx" },
        "did you mean 'box'?" },
      { 2, "no list at all", {}, "say what to fetch" },
      { 2, "an operation that writes", { "fincode", CUSTOMER, "--operation", "repay" },
        "no read operation 'repay'" },
      { 2, "no places at once", { "carbon", "X", "--concurrency", "0" }, "from 1 to 1024" },
      { 2, "a directory that is there", { "carbon", "LOAN_ABC123", "--to", "/tmp" },
        "the directory was not made" },
      { 2, "a column that is not there", { "carbon", "LOAN_ABC123", "--columns", "x" },
        "there is no column 'x'" },
    }
    for _, case in ipairs(WRONG) do
      it("refuses " .. case[2], function()
        local code, out, err = place:run("fetch", (unpack or table.unpack)(case[3]))
        assert.equal(case[1], code)
        assert.equal("", out)
        assert.is_truthy(err:find(case[4], 1, true), err)
      end)
    end

    it("refuses a list with a wrong line, and names it", function()
      place:write("wrong.csv", "provider,id\ncarbon,A\ncarbon,\n")
      local code, _, err = place:run("fetch", place.home .. "/wrong.csv")
      assert.equal(2, code)
      assert.is_truthy(err:find("line 3 has no id", 1, true))
      assert.equal(0, #box:ledger().requests)
    end)

    it("refuses a list without a loan, so that the last snapshot stays the latest", function()
      fetch()
      place:write("none.csv", "provider,id\n")
      local code, _, err = place:run("fetch", place.home .. "/none.csv")
      assert.equal(2, code)
      assert.is_truthy(err:find("the list has no loan", 1, true))
      assert.equal(1, #json("snapshot", "list"))
    end)

    it("shows no control character of an id, a tag or a provider", function()
      place:write("hostile.csv", 'provider,id,tags\ncarbon,"A\27[2J\7",no\27[31mrth\n'
        .. "carbon,LOAN_ABC123,a\27]0;x\7b\n")
      box:fault { kind = "reply", status = 404, nth = 1,
        text = '{"status":"error","message":"\\u001b[2Jnone\\u0007"}' }
      for _, columns in ipairs { false, 80, 200 } do
        place.terminal = columns or nil
        for _, words in ipairs { { "fetch", place.home .. "/hostile.csv" }, { "show" },
          { "overdue", "--as-of", "2025-03-20" }, { "snapshot", "show" }, { "report" },
          { "snapshot", "show", "--csv" }, { "show", "--json" }, { "doctor", "--no-color" } } do
          words[#words + 1] = "--no-color"
          local _, out, err = place:run((unpack or table.unpack)(words))
          -- CSV for a file keeps what is; a terminal never gets it.
          if columns or words[3] ~= "--csv" then
            assert.is_nil(out:gsub("[\n\r\t]", ""):find("%c"), table.concat(words, " "))
          end
          assert.is_nil(err:gsub("\n", ""):find("%c"), table.concat(words, " "))
        end
      end
    end)

    it("reads the list from its input", function()
      place.options.input = "provider,id\ncarbon,LOAN_ABC123\n"
      assert.equal(1, #json("fetch", "-"))
    end)
  end)

  describe("the exit code of fetch", function()
    local FAULTS = {
      { 4, { kind = "status", status = 401 } }, { 5, { kind = "status", status = 503 } },
      { 5, { kind = "dns" } }, { 5, { kind = "tls" } }, { 5, { kind = "refuse" } },
      { 5, { kind = "reset", at = "inside_body" } }, { 5, { kind = "stall", ms = 600000 } },
      { 1, { kind = "not_json" } }, { 1, { kind = "redirect", location = "http://elsewhere/" } },
      { 1, { kind = "deep_nesting" } },
    }
    for _, case in ipairs(FAULTS) do
      it(("is %d for the fault %s"):format(case[1], case[2].status or case[2].kind), function()
        box:fault(case[2])
        local code, out, err = place:run("fetch", "carbon", "LOAN_ABC123", "--json")
        assert.equal(case[1], code, err)
        assert.is_truthy(cjson.decode(out)[1].message)
        -- Each line of the error output is an object of its own.
        local last
        for line in err:gmatch("[^\n]+") do
          last = cjson.decode(line)
        end
        assert.equal(case[1], last.exit)
        assert.is_string(last.error.kind)
      end)
    end
  end)

  describe("show", function()
    before_each(fetch)

    it("shows the installments as of a day", function()
      local rows = json("show", "LOAN_ABC123", "--as-of", "2025-03-01")
      assert.equal(2, #rows)
      assert.equal("overdue", rows[1].state)
      assert.equal(14, rows[1].days_late)
      assert.equal("due", rows[2].state)
      assert.equal(1, #json("show", "--state", "due", "--as-of", "2025-03-01"))
      assert.equal(7, #json("show", CUSTOMER))
    end)

    it("says that a loan is not in the snapshot, and of one that owes nothing nothing", function()
      local code, out, err = place:run("show", "LOAN_ABC123", "NOPE")
      assert.same({ 1, "" }, { code, out })
      assert.is_truthy(err:find("the snapshot has no loan NOPE", 1, true), err)
      -- It was asked for, and its provider does not know it.
      code = place:run("show", "NOBODY")
      assert.equal(0, code)
    end)

    it("takes the beginning of an id that a table cut, and guesses between none", function()
      assert.equal(2, #json("show", "LOAN_A…"))
      assert.equal(5, #json("show", "merch", "LOAN_"))
      place:write("two.csv", "provider,id\ncarbon,LOAN_ABC123\ncarbon,LOAN_LATE01\n")
      assert.equal(0, (place:run("fetch", place.home .. "/two.csv", "--to", place.home .. "/two")))
      local code, out, err = place:run("show", "LOAN", "--from", place.home .. "/two")
      assert.same({ 2, "" }, { code, out })
      assert.is_truthy(err:find("several ids begin with 'LOAN': LOAN_ABC123, LOAN_LATE01", 1,
        true), err)
    end)

    it("says that balances are of another day than it", function()
      local _, err = json("show", "--as-of", "2025-03-01")
      assert.is_truthy(err:find("as of 2025-03-01; balances as fetched on 2025-01-20", 1, true))
      _, err = json("show")
      assert.is_nil(err:find("balances", 1, true))
    end)

    it("takes today from the zone", function()
      place.now_ms = 1737406800000 -- 21:00 UTC on the 20th: the 21st in +03:00
      assert.equal(341, json("show", CUSTOMER, "--zone", "+03:00")[1].days_late)
      assert.equal(340, json("show", CUSTOMER, "--zone", "UTC")[1].days_late)
      assert.equal(341, json("show", CUSTOMER, "--zone", "Africa/Nairobi")[1].days_late)
    end)

    it("refuses days and zones that are none", function()
      for _, words in ipairs { { "--as-of", "2025-02-30" }, { "--as-of", "today" },
        { "--as-of", "2025-13-01" }, { "--zone", "Lagos" }, { "--zone", "+15:00" },
        { "--state", "late" }, { "--zone", "+1:00" } } do
        local code = place:run("show", words[1], words[2])
        assert.equal(2, code, words[2])
      end
    end)

    it("finds a snapshot by directory, name and day", function()
      pass(3 * 86400000)
      fetch()
      local path = place.home .. "/.local/state/repay/snapshots/box/20250120T093000Z"
      for _, word in ipairs { path, path .. "/", "20250120T093000Z", "2025-01-20" } do
        assert.equal("2025-01-20", json("show", "--from", word)[1].fetched_on)
      end
      assert.equal("2025-01-23", json("show")[1].fetched_on)
      local code, _, err = place:run("show", "--from", "2025-01-21")
      assert.equal(2, code)
      assert.is_truthy(err:find("there is no snapshot '2025-01-21'", 1, true))
    end)

    it("fetches first when it is told to, what the latest snapshot has", function()
      pass(86400000)
      local rows, err = json("show", "--live-fetch")
      assert.equal(12, #rows)
      assert.equal("2025-01-21", rows[1].fetched_on)
      assert.is_truthy(err:find("snapshot ", 1, true))
      assert.equal(2, #json("snapshot", "list"))
      place:write("one.csv", "provider,id\ncarbon,LOAN_ABC123\n")
      assert.equal(2, #json("show", "--live-fetch", "--loans", place.home .. "/one.csv"))
      assert.equal(2, (place:run("show", "--loans", place.home .. "/one.csv")))
      assert.equal(2, (place:run("show", "--live-fetch", "--from", "2025-01-20")))
    end)

    it("is a table that fits on a terminal", function()
      place.terminal = 80
      local _, out = place:run("show", "--as-of", "2025-03-01", "--no-color")
      for line in out:gmatch("[^\n]+") do
        assert.is_true(require("repay.report.measure").width(line) <= 80, line)
      end
      assert.is_truthy(out:find("71,999.99  NGN", 1, true))
    end)
  end)

  it("warn of a configuration that others can write", function()
    fetch()
    os.execute("chmod 620 '" .. place.home .. "/.config/repay/config.lua'")
    local code, _, err = place:run("show", "--quiet")
    assert.equal(0, code)
    assert.is_truthy(err:find("can be written by others; see repay doctor", 1, true))
    os.execute("chmod 600 '" .. place.home .. "/.config/repay/config.lua'")
    code, _, err = place:run("show", "--quiet")
    assert.same({ 0, "" }, { code, err })
  end)

  it("refuse a zone of the configuration that is none", function()
    fetch()
    place:configure 'return { zone = "Lagos" }'
    local code, _, err = place:run("show", "--from", place.home
      .. "/.local/state/repay/snapshots/box/20250120T093000Z")
    assert.equal(2, code)
    assert.is_truthy(err:find("zone 'Lagos': a zone is an offset", 1, true), err)
  end)

  describe("overdue", function()
    before_each(fetch)

    it("lists loans, the worst first within a currency", function()
      local rows = json("overdue", "--as-of", "2025-03-20")
      assert.same({ "10101", "423e4567-e89b-12d3-a456-426614174003", "LOAN_ABC123" },
        { rows[1].loan_id, rows[2].loan_id, rows[3].loan_id })
      assert.equal(33, rows[3].days_late)
      assert.equal(14346665, rows[3].overdue_minor)
      assert.same({ "north" }, rows[3].tags)
      assert.equal(2, #json("overdue", "--as-of", "2025-03-20", "--limit", "1"))
      assert.equal(2, #json("overdue", "--as-of", "2025-03-20", "--min-days", "34"))
    end)

    it("says so when nothing is late, and warns of loans that cannot be judged", function()
      place:write("one.csv", "provider,id,operation\nfincode," .. CUSTOMER .. ",schedule\n")
      assert.equal(0, (place:run("fetch", place.home .. "/one.csv", "--with-names")))
      local rows, err = json("overdue")
      assert.equal(0, #rows)
      assert.is_truthy(err:find("cannot be judged", 1, true), err)
      assert.is_truthy(err:find("no loan is known to be late", 1, true))
    end)
  end)

  describe("report and export", function()
    before_each(fetch)

    it("give every form", function()
      local cases = {
        { { "report" }, "Loan portfolio\nAs of 20 Jan 2025" },
        { { "report", "--json" }, '"format": "repay.report"' },
        { { "report", "--ndjson" }, '"format":"repay.report"' },
        { { "report", "--csv" }, "as_of,fetched_first" },
        { { "report", "--title", "Ours", "--by", "week", "--periods", "3" }, "Ours\n" },
        { { "report", "--at-risk", "1,7" }, "more than 7 days" },
        { { "export", "csv" }, "provider,operation,environment" },
        { { "export", "csv", "--what", "figures" }, "as_of,fetched_first" },
        { { "export", "csv", "--what", "late" }, "currency,provider,environment" },
        { { "export", "json" }, '"format": "repay.report"' },
        { { "export", "json", "--what", "installments" }, '{"provider":"carbon"' },
        { { "export", "md" }, "# Loan portfolio" },
        { { "export", "html" }, "<!DOCTYPE html>" },
        { { "export", "ics", "--alarm-days", "3" }, "TRIGGER:-P3D" },
      }
      for _, case in ipairs(cases) do
        local code, out, err = place:run((unpack or table.unpack)(case[1]))
        assert.equal(0, code, err)
        assert.is_truthy(out:find(case[2], 1, true), table.concat(case[1], " "))
      end
    end)

    it("write a file for its owner alone, and say so", function()
      local path = place.home .. "/portfolio.html"
      local code, out, err = place:run("export", "html", "--out", path)
      assert.same({ 0, "", "wrote " .. path .. "\n" }, { code, out, err })
      local pipe = io.popen("stat -c %a '" .. path .. "'")
      assert.equal("600\n", pipe:read("*a"))
      pipe:close()
      code, out, err = place:run("export", "md", "--out", place.home .. "/none/x.md")
      assert.same({ 1, "" }, { code, out })
      assert.is_truthy(err:find("was not written", 1, true))
    end)

    it("end lines of CSV with LF on the output and with CR LF in a file", function()
      local path = place.home .. "/late.csv"
      for _, words in ipairs { { "report", "--csv" }, { "export", "csv" },
        { "export", "csv", "--what", "figures" }, { "export", "csv", "--what", "late" },
        { "overdue", "--csv", "--as-of", "2025-03-20" }, { "show", "--csv" } } do
        local code, out = place:run((unpack or table.unpack)(words))
        assert.equal(0, code)
        assert.is_true(count(out, "\n") > 1)
        assert.is_nil(out:find("\r", 1, true), table.concat(words, " "))
        if words[1] == "export" then
          words[#words + 1], words[#words + 2] = "--out", path
          assert.equal(0, (place:run((unpack or table.unpack)(words))))
          local file = assert(io.open(path, "rb"))
          assert.equal((out:gsub("\n", "\r\n")), file:read("*a"))
          file:close()
        end
      end
    end)

    it("make a workbook where its library is", function()
      local path = place.home .. "/book.xlsx"
      local code = place:run("export", "xlsx", "--out", path)
      if pcall(require, "repay.native.xlsx") then
        assert.equal(0, code)
        local file = assert(io.open(path, "rb"))
        assert.equal("PK", file:read(2))
        file:close()
      else
        assert.is_true(code ~= 0)
      end
    end)

    it("refuse what does not go together", function()
      for _, words in ipairs { { "export", "xlsx" }, { "export", "pdf" }, { "export" },
        { "export", "html", "--what", "late" }, { "export", "csv", "--alarm-days", "1" },
        { "export", "json", "--what", "late" }, { "report", "--by", "year" },
        { "report", "--at-risk", "x" }, { "report", "--periods", "0" } } do
        assert.equal(2, (place:run((unpack or table.unpack)(words))), table.concat(words, " "))
      end
    end)
  end)

  describe("diff", function()
    it("says what changed, installment by installment", function()
      fetch()
      pass(86400000)
      local carbon = box:settings "carbon"
      local reply = carbon.transport.send {
        method = "POST", url = "http://127.0.0.1/carbon/baas/api/v1/loans/LOAN_ABC123/repayments",
        headers = { { "apikey", carbon.api_key }, { "x-carbon-key", carbon.carbon_key },
          { "content-type", "application/json" } },
        body = '{"amount":500000,"reference":"abc"}', timeout_ms = 1000,
      }
      assert.equal(200, reply.status, reply.body)
      place:write("loans.csv", "provider,id\ncarbon,LOAN_ABC123\ncarbon,NOBODY\n"
        .. "pezesha,merchant_jane\n")
      assert.equal(0, (place:run("fetch", place.home .. "/loans.csv")))
      local rows = json "diff"
      assert.equal("LOAN_ABC123", rows[1].loan)
      assert.equal("partly paid, another status", rows[1].change)
      assert.equal(7199999, rows[1].before_minor)
      assert.equal(6699999, rows[1].outstanding_minor)
      assert.equal("NGN", rows[1].currency)
      local said = {}
      for i, row in ipairs(rows) do
        said[i] = row.loan .. ": " .. row.change
      end
      local text = table.concat(said, "\n")
      for _, expected in ipairs { CUSTOMER .. ": no longer asked for", "NOBODY: not fetched" } do
        assert.is_truthy(text:find(expected, 1, true), text)
      end
    end)

    it("needs two snapshots, the older one first", function()
      assert.equal(2, (place:run("diff")))
      fetch()
      local code, _, err = place:run("diff")
      assert.equal(2, code)
      assert.is_truthy(err:find("there is only one snapshot", 1, true))
      pass(86400000)
      fetch()
      assert.equal(0, (place:run("diff")))
      local _, _, between = place:run("diff", "2025-01-20", "2025-01-21")
      assert.equal("from 20250120T093000Z to 20250121T093000Z\n", between)
      code, _, err = place:run("diff", "2025-01-21", "2025-01-20")
      assert.equal(2, code)
      assert.is_truthy(err:find("is the newer one", 1, true))
    end)
  end)

  describe("snapshot", function()
    it("lists, finds and shows", function()
      fetch()
      local list = json("snapshot", "list")
      assert.equal("2025-01-20", list[1].day)
      local _, path = place:run("snapshot", "path")
      assert.equal(list[1].path .. "\n", path)
      assert.equal(4, #json("snapshot", "show", "2025-01-20"))
      place.terminal = 40 -- a part of a path leads nowhere
      local _, listed = place:run("snapshot", "list", "--no-color")
      assert.equal("Name              Day\n20250120T093000Z  2025-01-20\nleft out for want of room:"
        .. " path\n(--columns names what to show)\n", listed)
      place.terminal = nil
      assert.equal(2, (place:run("snapshot", "path", "2025-01-19")))
    end)

    it("takes old ones away, asked or told, and never the newest", function()
      for _ = 1, 4 do
        fetch()
        pass(86400000)
      end
      assert.equal(2, (place:run("snapshot", "prune")))
      assert.equal(6, (place:run("snapshot", "prune", "--keep", "2")))
      assert.equal(2, #json("snapshot", "prune", "--keep", "2", "--dry-run"))
      assert.equal(4, #json("snapshot", "list"))
      place.options.input, place.options.error_terminal = "n", 80
      assert.equal(0, (place:run("snapshot", "prune", "--keep", "2")))
      assert.equal(4, #json("snapshot", "list"))
      place.options.input = "y"
      assert.equal(0, (place:run("snapshot", "prune", "--keep", "2")))
      local left = json("snapshot", "list")
      assert.equal(2, #left)
      assert.equal("2025-01-23", left[1].day)
      assert.equal(1, #json("snapshot", "prune", "--keep", "1", "--yes"))
    end)

    it("removes fetches that never ended, and nothing that is not a snapshot", function()
      fetch()
      local parent = place.home .. "/.local/state/repay/snapshots/box"
      place:write(".local/state/repay/snapshots/box/20240101T000000Z/000001.repay", "half")
      place:write(".local/state/repay/snapshots/box/20240102T000000Z/letter.txt", "dear")
      place:write(".local/state/repay/snapshots/box/notes", "mine")
      local code, out = place:run("snapshot", "prune", "--keep", "1", "--yes")
      assert.equal(1, code)
      assert.is_truthy(out:find("20240101T000000Z\tremoved", 1, true))
      assert.is_truthy(out:find("20240102T000000Z\tnot removed: it holds files", 1, true))
      assert.is_truthy(io.open(parent .. "/20240102T000000Z/letter.txt"))
      assert.is_truthy(io.open(parent .. "/notes"))
    end)
  end)
end)
