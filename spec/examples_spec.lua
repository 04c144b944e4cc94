-- Every script under examples/ runs by itself on both VMs, offline, and says what it should; none
-- is long, and each begins with what it shows. The gateway has a spec of its own, inside nginx.
local config = require "repay.cli.config"
local reader = require "repay.cli.config_reader"

local VM = rawget(_G, "jit") and "luajit" or "lua5.4"
local LINES_MOST = 60

local read = require("spec.support.read").file

local output_of = require("spec.support.read").command

-- What each prints, in this order, among other lines; `makes` is a file it is told to write.
local EXPECTED = {
  ["demo.lua"] = { makes = "<!DOCTYPE html>", "^sandbox server on ", "LOAN_ABC123",
    "recorded 50000.00 NGN as ", "the same key again gives the same record: true",
    "a loan that is not there: carbon schedule NO%-SUCH%-LOAN: Loan not found",
    "KES: portfolio at risk", "the same as a page: " },
  ["fetch_schedules.lua"] = { "LOAN_ABC123", "merchant_jane", "123e4567%-e89b%-12d3" },
  ["many_loans.lua"] = { "LOAN_LATE01\t61 days\t10800.00\n", "LOAN_WAIT01\t\tloan_not_registered\n",
    "\n24 fetched, 1 failed, 1181240.28 NGN late\n$" },
  ["own_transport.lua"] = { "^GET https://", "1\t2025%-02%-15\t0.00\tpaid\n",
    "2\t2025%-03%-15\t71466.66\tpending\n" },
  ["portfolio_report.lua"] = { makes = "<!DOCTYPE html>", "KES: 20 loans, ", "NGN: 47 loans, ",
    "not fetched: LOAN_WAIT01, loan_not_registered\n", "wrote /" },
  ["preview_request.lua"] = { "^GET https://", "apikey: %*%*%*\n" },
  ["record_repayment.lua"] = { "^submitted\t", "amount\t50000.00\n",
    "verification\tPENDING_VERIFICATION\n", "key\t%x" },
  ["repay_a_file.lua"] = { "unknown", "\naccepted\t3\trecorded\t3\n$" },
  ["watch.lua"] = { "^2025%-01%-20T08:00:00Z\n", "first seen, 7 installments\n",
    "\n2025%-01%-21T08:00:00Z\n", "installment 4, due 2024%-03%-15: partly paid" },
}

local names = {}
for path in output_of("ls examples/*.lua"):gmatch("examples/([^\n]+)") do
  names[#names + 1] = path
end

describe("examples", function()
  for _, name in ipairs(names) do
    it("are short and begin with what they show: " .. name, function()
      local text = read("examples/" .. name)
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines <= LINES_MOST, name .. " has " .. lines .. " lines")
      assert.is_truthy(text:find("^%-%- %u[^\n]+[.,:]?\n"), "its first line is no sentence")
    end)
  end

  it("are all expected to say something", function()
    local listed = { ["config.lua"] = true }
    for _, name in ipairs(names) do
      assert.is_truthy(EXPECTED[name] or listed[name], name .. " is not run by this spec")
      listed[name] = true
    end
    for name in pairs(EXPECTED) do
      assert.is_true(listed[name], name .. " is gone")
    end
  end)

  for name, expected in pairs(EXPECTED) do
    it("run by themselves #interpreter #slow: " .. name, function()
      local directory = output_of("mktemp -d"):match("^[^\n]+")
      local text = output_of(("TMPDIR=%s %s examples/%s %s/page.html 2>%s/errors; echo =$?")
        :format(directory, VM, name, directory, directory))
      local page = expected.makes and read(directory .. "/page.html")
      local errors = read(directory .. "/errors")
      os.execute("rm -rf --one-file-system " .. directory)
      assert.are.equal("", errors)
      local printed, status = text:match("^(.*)=(%d+)\n$")
      assert.are.equal("0", status)
      local from = 1
      for _, pattern in ipairs(expected) do
        local start, stop = printed:find(pattern, pattern:sub(1, 1) == "^" and 1 or from)
        assert.is_truthy(start, pattern .. " is not in:\n" .. printed)
        from = stop -- the end of one line may be the beginning of the next pattern
      end
      if page then
        assert.are.equal(expected.makes, page:sub(1, #expected.makes))
      end
    end)
  end

  it("have a configuration that the command accepts, without a word against it", function()
    local loaded = assert(config.load({}, "examples/config.lua"))
    assert.are.same({}, loaded.warnings)
    local profiles = {}
    for name in pairs(loaded.profiles) do profiles[#profiles + 1] = name end
    table.sort(profiles)
    assert.are.same({ "lagos", "nairobi", "practice" }, profiles)
    assert.is_true(reader.is_marker(loaded.profiles.nairobi.secrets.token))
  end)
end)
