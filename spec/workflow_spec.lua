-- From a list of loans to schedules, snapshots, changes and a report, against the sandbox.
local errors = require "repay.error"
local fetch = require "repay.workflow.fetch"
local files = require "repay.native.files"
local helper = require "spec.support.helper"
local repay = require "repay"
local report = require "repay.report"
local report_workflow = require "repay.workflow.report"
local sandbox = require "repay.sandbox"
local snapshot = require "repay.workflow.snapshot"
local watch = require "repay.workflow.watch"

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"
local LOANS = "provider,id,tags\r\ncarbon,LOAN_ABC123,north sme\r\ncarbon,NOBODY,\r\n"
  .. "pezesha,merchant_jane,north\r\nfincode," .. CUSTOMER .. ",\r\n"

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

describe("workflows", function()
  local box, clients, directory

  before_each(function()
    box, clients = sandbox.new { seed = 42 }, {}
    for _, name in ipairs { "carbon", "pezesha", "fincode" } do
      clients[name] = assert(repay.open(name, box:settings(name)))
    end
    directory = output_of("mktemp -d")
  end)

  after_each(function()
    for _, client in pairs(clients) do
      client:close()
    end
    os.execute("rm -rf --one-file-system '" .. directory .. "'")
    collectgarbage()
    collectgarbage()
  end)
  helper.watch(after_each)

  local function close(fetched)
    for _, schedule in ipairs(fetched.schedules) do
      schedule:close()
    end
  end

  describe("fetch", function()
    it("gives schedules, loans that are not known, and failures, each in its list", function()
      box:fault { kind = "status", status = 503, route = "schedule", nth = 1 }
      local fetched = helper.ok(fetch.run { loans = LOANS, clients = clients, unix_ms = 5 })
      assert.equal(4, #fetched.items)
      assert.equal(4, #fetched.schedules + #fetched.not_found + #fetched.failures)
      assert.equal(1, #fetched.not_found)
      assert.equal("NOBODY", fetched.not_found[1].id)
      assert.equal("not_found", fetched.not_found[1].kind)
      assert.equal("pending", fetched.items[4].operation)
      assert.same({ "north", "sme" }, fetched.items[1].tags)
      assert.equal(5, fetched.fetched_at_unix_ms)
      close(fetched)
    end)

    it("takes a list, with profiles that name clients", function()
      local fetched = helper.ok(fetch.run { loans = {
        { profile = "ours", provider = "carbon", id = "LOAN_ABC123" },
        { provider = "fincode", id = CUSTOMER, operation = "schedule" },
      }, clients = { ours = clients.carbon, fincode = clients.fincode } })
      assert.equal(2, #fetched.schedules)
      assert.equal("ours", fetched.items[1].profile)
      assert.equal("schedule", fetched.items[2].operation)
      close(fetched)
    end)

    it("takes a function that gives the client of a loan, and its error", function()
      local asked = {}
      local fetched = helper.ok(fetch.run { loans = fetch.read("provider,profile,id\ncarbon,north,"
        .. "LOAN_ABC123\n"), clients = function(loan)
        asked[#asked + 1] = loan.profile .. " " .. loan.provider
        return clients.carbon
      end })
      assert.same({ "north carbon" }, asked)
      assert.equal("north", fetched.items[1].profile)
      close(fetched)
      local err = helper.fails(fetch.run { loans = LOANS, clients = function()
        return nil, errors.new { kind = "config", message = "no such profile" }
      end })
      assert.equal("no such profile", err.message)
    end)

    it("asks nothing when the list is wrong, and names the line", function()
      local function refused(loans, expected)
        local err = helper.fails(fetch.run { loans = loans, clients = clients })
        assert.is_truthy(err.message:find(expected, 1, true), err.message)
      end
      refused("provider,id\ncarbon,\n", "line 2 has no id")
      refused("provider,id\ncarbon,A\ncarbon,A\n", "line 3 asks for the same as line 2")
      refused("provider,id\nother,A\n", "line 2: there is no client for 'other'")
      refused("provider,ids\ncarbon,A\n", "column 'ids'")
      refused("provider,id,operation\ncarbon,A,repay\n", "no read operation 'repay'")
      refused("provider,id\ncarbon,\"A\n", "line 2")
      assert.equal(0, #box:ledger().requests)
    end)

    it("keeps what is whole when it is stopped, and says of each loan that it was not", function()
      local asked = 0
      local fetched = helper.ok(fetch.run { loans = LOANS, clients = clients, concurrency = 1,
        stop_when = function()
          asked = box:ledger().request_count
          return asked >= 2
        end })
      assert.equal("stopped", fetched.stopped)
      assert.equal(2, asked)
      assert.equal(1, #fetched.schedules)
      assert.equal(1, #fetched.not_found)
      assert.equal(2, #fetched.failures)
      for _, item in ipairs(fetched.failures) do
        assert.equal("cancelled", item.kind)
        assert.equal("the fetch was stopped before this loan came", item.message)
      end
      close(fetched)
    end)

    it("is stopped while a call is under way, too, and raises what a callback does", function()
      local slow = assert(repay.open("carbon", { environment = "sandbox", api_key = "k",
        carbon_key = "k", transport = { sleep = function() end, send = function() end,
          many = function()
            return { places = 1, now_ms = function() return 0 end,
              add = function() return true end,
              step = function() return nil end, finish = function() return {} end,
              close = function() end }
          end } }))
      local turns = 0
      local fetched = helper.ok(fetch.run { loans = "provider,id\ncarbon,A\n",
        clients = { carbon = slow }, stop_when = function()
          turns = turns + 1
          return turns > 1
        end })
      assert.equal("stopped", fetched.stopped)
      assert.equal("cancelled", fetched.failures[1].kind)
      assert.is_truthy(helper.raises(function()
        fetch.run { loans = LOANS, clients = clients, on_progress = function() error "mine" end }
      end):find("mine", 1, true))
      slow:close()
    end)

    it("that came to its end was not stopped", function()
      local fetched = helper.ok(fetch.run { loans = LOANS, clients = clients,
        stop_when = function() return false end })
      assert.is_nil(fetched.stopped)
      assert.equal(3, #fetched.schedules)
      close(fetched)
    end)

    it("raises for misuse", function()
      helper.raises(function() fetch.run() end)
      helper.raises(function()
        fetch.run { loans = LOANS, clients = clients, stop_when = true }
      end)
      helper.raises(function() fetch.run { loans = LOANS } end)
      helper.raises(function() fetch.run { loans = LOANS, clients = {}, client = 1 } end)
    end)
  end)

  describe("a snapshot", function()
    it("is a new directory of its owner, and comes back as it was", function()
      local fetched = helper.ok(fetch.run { loans = LOANS, clients = clients, unix_ms = 7 })
      local path = directory .. "/20250120T080000Z"
      assert.is_true(helper.ok(fetch.save(fetched, path)))
      assert.equal("700", output_of("stat -c %a " .. path))
      assert.equal("600", output_of("stat -c %a " .. path .. "/* | sort -u"))
      local back = helper.ok(fetch.load(path))
      assert.equal(7, back.fetched_at_unix_ms)
      for i, item in ipairs(fetched.items) do
        for _, name in ipairs { "provider", "operation", "id", "kind" } do
          assert.equal(item[name], back.items[i][name])
        end
        assert.same(item.tags, back.items[i].tags)
        assert.equal(item.schedule ~= nil, back.items[i].schedule ~= nil)
        if item.schedule then
          assert.equal(item.schedule:dump(), back.items[i].schedule:dump())
        else
          assert.is_true(errors.is(back.items[i].err, "not_found"))
        end
      end
      close(fetched)
      close(back)
    end)

    it("is never written into a directory that is there", function()
      local fetched = helper.ok(fetch.run { loans = {}, clients = clients })
      helper.fails(fetch.save(fetched, directory))
    end)

    it("without its index is a fetch that never ended", function()
      helper.fails(fetch.load(directory))
      assert.is_nil(snapshot.latest(directory))
    end)

    it("reads no file but its own", function()
      local function index(line)
        assert(files.write(directory .. "/index", "repay.snapshot\t1\n7\n" .. line .. "\n"))
        return helper.fails(fetch.load(directory))
      end
      index("../../etc/passwd\tcarbon\t\tschedule\tA\t\t\t")
      index("000001.repay\tcarbon\t\tschedule\tA\t\t\t")
      index("nonsense")
      assert(files.write(directory .. "/000001.repay", "not a dump"))
      index("000001.repay\tcarbon\t\tschedule\tA\t\t\t")
      assert(files.write(directory .. "/index", "something else\n"))
      helper.fails(fetch.load(directory))
    end)

    it("keeps no names and addresses unless it is told to", function()
      local fetched = helper.ok(fetch.run { clients = clients,
        loans = { { provider = "fincode", id = CUSTOMER, operation = "schedule" } } })
      local name = fetched.items[1].schedule[1].customer_name
      assert.is_string(name)
      assert.is_true(helper.ok(fetch.save(fetched, directory .. "/none")))
      assert.is_true(helper.ok(fetch.save(fetched, directory .. "/all", { with_names = true })))
      assert.is_nil(output_of("cat " .. directory .. "/none/*"):find(name, 1, true))
      assert.is_truthy(output_of("cat " .. directory .. "/all/*"):find(name, 1, true))
      local without = helper.ok(fetch.load(directory .. "/none"))
      assert.is_nil(without.items[1].schedule[1].customer_name)
      assert.is_nil(without.items[1].schedule[1].email)
      -- Who looks again sees no change in names that were never kept.
      assert.same({}, helper.ok(fetched.items[1].schedule:diff(without.items[1].schedule)).entries)
      local with = helper.ok(fetch.load(directory .. "/all"))
      assert.equal(name, with.items[1].schedule[1].customer_name)
      close(fetched)
      close(without)
      close(with)
    end)

    it("keeps any text in its lines", function()
      local odd = "a\tb\nc%09\0d"
      local path = directory .. "/odd"
      assert(fetch.save({ items = { { provider = "carbon", operation = "schedule", id = odd,
        err = errors.new { kind = "timeout", message = odd }, tags = { "x" } } } }, path))
      local back = helper.ok(fetch.load(path))
      assert.equal(odd, back.items[1].id)
      assert.equal(odd, back.failures[1].message)
    end)
  end)

  describe("watch", function()
    local function look(moment, more)
      return helper.ok(watch.run(helper.copy({ loans = LOANS, clients = clients,
        parent = directory, made_at = moment }, more)))
    end

    it("says what is there the first time, then what changed, then nothing", function()
      local first = look "2025-01-20T08:00:00Z"
      assert.is_nil(first.older)
      assert.equal(3, #first.new)
      assert.is_truthy(first.text:find("carbon LOAN_ABC123: first seen, 2 installments", 1, true))
      assert.is_truthy(first.text:find("carbon NOBODY: not fetched", 1, true))
      local second = look("2025-01-20T09:00:00Z", { loans = "provider,id\ncarbon,LOAN_ABC123\n" })
      assert.equal(first.directory, second.older)
      assert.same({ 0, 0, 3 }, { #second.changes, #second.new, #second.gone })
      local third = look("2025-01-20T10:00:00Z", { loans = "provider,id\ncarbon,LOAN_ABC123\n" })
      assert.equal("Nothing changed.\n", third.text)
      for _, seen in ipairs { first, second, third } do
        close(seen.fetched)
      end
    end)

    it("compares a loan that failed with the last snapshot that has it", function()
      local loans = "provider,id\ncarbon,LOAN_ABC123\n"
      local first = look("2025-01-20T08:00:00Z", { loans = loans })
      box:fault { kind = "reply", status = 400, text = "{}" }
      local second = look("2025-01-20T09:00:00Z", { loans = loans })
      assert.equal(1, #second.fetched.failures)
      assert.is_truthy(second.text:find("not fetched", 1, true))
      box:reset()
      local third = look("2025-01-20T10:00:00Z", { loans = loans })
      assert.equal("Nothing changed.\n", third.text)
      for _, seen in ipairs { first, second, third } do
        close(seen.fetched)
      end
    end)

    it("tells each change of a row, before and after", function()
      local transport = require "spec.support.transport"
      local body = [[{"status":"success","data":{"schedule":[{"dueDate":"%s","principalDue":%d,
        "interestDue":0,"totalDue":%d,"paidAmount":%d}]}}]]
      local now = 1737360000000
      local function asked(due, total, paid)
        now = now + 1000
        local canned = transport.new(transport.json(body:format(due, total, total, paid)))
        local client = assert(repay.open("carbon", { api_key = "k", carbon_key = "k",
          environment = "sandbox", transport = { send = canned.send, sleep = canned.sleep,
            unix_ms = function() return now end } }))
        local fetched = helper.ok(fetch.run { clients = { carbon = client },
          loans = { { provider = "carbon", id = "L 1" } } })
        client:close()
        return fetched
      end
      local older = asked("2025-02-01", 5000, 0)
      local newer = asked("2025-02-15", 5000, 2000)
      local seen = watch.compare(newer, older)
      assert.equal(1, #seen.changes)
      assert.is_truthy(seen.text:find("left 30.00 NGN, was 50.00 NGN", 1, true), seen.text)
      assert.is_truthy(seen.text:find("on 2025-02-15, was 2025-02-01", 1, true), seen.text)
      assert.is_truthy(seen.text:find("partly paid", 1, true), seen.text)
      assert.is_nil(seen.text:gsub("\n$", ""):find("%c"))
      close(older)
      close(newer)
    end)
  end)

  describe("report", function()
    it("is made of a snapshot, with what was not fetched", function()
      local fetched = helper.ok(fetch.run { loans = LOANS, clients = clients })
      assert(fetch.save(fetched, directory .. "/one"))
      local back = helper.ok(fetch.load(directory .. "/one"))
      local made = helper.ok(report_workflow.run { fetched = back, as_of = "2025-03-01",
        made_at = "2025-03-01T08:00:00Z" })
      assert.equal(3, made.facts.schedules)
      assert.equal("NOBODY", made.facts.not_found[1].subject)
      local page = report.html(made.facts)
      assert.is_truthy(page:find("NOBODY", 1, true))
      assert.is_truthy(page:find("north", 1, true))
      made.portfolio:close()
      close(fetched)
      close(back)
    end)

    it("counts a loan that is there twice once, and says so", function()
      local fetched = helper.ok(fetch.run { loans = "provider,id\ncarbon,LOAN_ABC123\n",
        clients = clients })
      local schedule = fetched.schedules[1]
      local made = helper.ok(report_workflow.run { schedules = { schedule, schedule },
        as_of = "2025-03-01", made_at = "2025-03-01T08:00:00Z" })
      assert.equal(1, made.facts.loans)
      assert.equal("duplicate_loan", made.facts.failures[1].kind)
      made.portfolio:close()
      close(fetched)
    end)
  end)

  describe("files", function()
    it("are written whole, for their owner, in place of what was there", function()
      local path = directory .. "/a"
      assert.is_true(files.write(path, "one"))
      assert.is_true(files.write(path, "two\0"))
      local file = assert(io.open(path, "rb"))
      assert.equal("two\0", file:read("*a"))
      file:close()
      assert.equal("600", output_of("stat -c %a " .. path))
      assert.same({ "a" }, files.list(directory))
    end)

    it("that cannot be written leave nothing behind", function()
      assert.is_nil((files.write(directory .. "/none/a", "x")))
      assert(files.make_directory(directory .. "/b"))
      assert.is_nil((files.write(directory .. "/b", "x")))
      assert.same({ "b" }, files.list(directory))
      assert.is_nil((files.make_directory(directory .. "/b")))
      assert.is_nil((files.list(directory .. "/none")))
      helper.raises(function() files.write("a\0b", "x") end)
      helper.raises(function() files.list("") end)
    end)
  end)
end)
