-- The command in a real terminal and in a pipe, as a person sees it: tables at two widths against
-- golden files, the progress bar, colours, Ctrl-C, and completions in three shells.
--
-- REPAY_GOLDEN=write rewrites the golden files; look at the difference before you commit it.
local helper = require "spec.support.helper"
local measure = require "repay.report.measure"
local process = require "spec.support.sandbox_process"
local terminal = require "spec.support.terminal"

local DAY = "--as-of 2025-01-20"
local ROWS = 160 -- room for a whole report
local GOLDEN = "spec/fixtures/cli/"

local read_all = require("spec.support.read").command

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text
end

-- The day of the fetch is today, and the moment of the report is now, whatever they are.
local function settled(text)
  return (text:gsub("(as fetched on )%d+%-%d+%-%d+", "%1TODAY")
    :gsub("(Made by repay on )[%dTZ:-]+", "%1NOW"):gsub("%s+$", "") .. "\n")
end

local function matches_golden(name, text)
  local path = GOLDEN .. name .. ".txt"
  if os.getenv("REPAY_GOLDEN") == "write" then
    write(path, settled(text))
  end
  assert.equal(read(path), settled(text))
end

describe("the command in a terminal #interpreter", function()
  local home, bin, server, at

  setup(function()
    home = read_all("mktemp -d"):gsub("\n", "")
    bin = home .. "/bin"
    server = process.start("--loans", "12")
    os.execute(("mkdir -p '%s/.config/repay' '%s'"):format(home, bin))
    local checkout = read_all("pwd"):gsub("\n", "")
    local program = helper.is_luajit and "luajit" or "lua5.4"
    write(bin .. "/repay", ("#!/bin/sh\nexec %s '%s/lua/bin/repay' \"$@\"\n"):format(program,
      checkout))
    os.execute("chmod +x '" .. bin .. "/repay'")
    local port = server.origin:match("(%d+)$")
    local sandbox = "lua5.4 lua/bin/repay sandbox "
    os.execute(("%s --print-config --port %s >'%s/.config/repay/config.lua'"):format(sandbox, port,
      home))
    os.execute(("%s --print-loans --loans 12 >'%s/loans.csv'"):format(sandbox, home))
    read_all(("HOME='%s' '%s/repay' fetch '%s/loans.csv' 2>&1"):format(home, bin, home))
  end)
  teardown(function()
    server:stop()
    os.execute("rm -rf --one-file-system '" .. home .. "'")
  end)
  after_each(function()
    server:control("DELETE", "faults")
    if at then
      at:close()
      at = nil
    end
  end)

  local function open(columns, shell)
    at = terminal.new { home = home, path = bin, columns = columns, rows = ROWS, shell = shell }
    at:wait(shell and "[%%>$]" or "%$")
    return at
  end

  for _, columns in ipairs { 80, 200 } do
    for name, words in pairs { overdue = "overdue", show = "show LOAN_ABC123",
      report = "report --delinquents 3 --periods 3" } do
      it(("shows %s in %d columns as its golden file does"):format(name, columns), function()
        open(columns)
        local text, code = at:run(("repay %s %s 2>/dev/null"):format(words, DAY))
        assert.equal(0, code)
        matches_golden(name .. "-" .. columns, text)
        for line in text:gmatch("[^\n]+") do
          assert.is_true(measure.width(line) <= columns, line)
        end
      end)
    end
  end

  it("gives a pipe lines with tabs, and no colour", function()
    open(80)
    local text, code = at:run("repay overdue " .. DAY .. " 2>/dev/null | cat -A | head -n 3")
    assert.equal(0, code)
    matches_golden("overdue-pipe", text)
    assert.is_truthy(text:find("^I", 1, true))
    assert.is_nil(text:find("^[", 1, true))
  end)

  it("colours a terminal's table unless it is told not to", function()
    open(100)
    at:run("repay overdue " .. DAY .. " 2>/dev/null")
    local colored = at:screen(true)
    assert.is_truthy(colored:find("\27[", 1, true))
    for _, plain in ipairs { "NO_COLOR=1 repay overdue ", "repay overdue --no-color " } do
      at:run(plain .. DAY .. " 2>/dev/null")
      local text = at:screen(true)
      assert.is_truthy(text:find("LOAN_LATE01", 1, true))
      assert.is_nil(text:find("\27%[[%d;]*[1-9]"), text)
    end
  end)

  it("shows how far a fetch is, takes that away, and keeps at Ctrl-C what came", function()
    server:control("POST", "faults", { kind = "stall", at = "before", ms = 300 })
    open(100)
    local fetch = at:start("repay fetch --concurrency 2 loans.csv --to slow >/dev/null")
    local during = at:wait("%[#+%.+%] %d+/%d+")
    assert.is_nil(during:find("exit 130", 1, true))
    at:key("C-c")
    local after, code = at:finish(fetch)
    assert.equal(130, code)
    assert.is_nil(after:find("%[#+"), after)
    local all, missing = after:match("interrupted: of (%d+) loans (%d+) were not fetched")
    assert.is_true(tonumber(missing) > 0 and tonumber(missing) < tonumber(all), after)
    local later = at:run("repay overdue --from ./slow -q >/dev/null")
    assert.is_truthy(later:find("not fetched: the fetch was stopped before this loan came", 1,
      true), later)
    assert.is_truthy(later:find("more were not fetched: repay snapshot show", 1, true), later)
  end)

  it("keeps nothing of a fetch that Ctrl-C ends before a loan came, and says so", function()
    server:control("POST", "faults", { kind = "stall", at = "before", ms = 20000 })
    open(100)
    local fetch = at:start("repay fetch --concurrency 2 loans.csv --to none >/dev/null")
    at:wait("fetching .- 0/%d+")
    at:key("C-c")
    local after, code = at:finish(fetch)
    assert.equal(130, code)
    assert.is_truthy(after:find("nothing came, so no snapshot was kept", 1, true), after)
    assert.equal(1, (select(2, at:run("test -e none"))))
  end)

  it("asks nobody for anything where there is no terminal", function()
    open(80)
    local text = at:run("repay snapshot prune --keep 1 </dev/null 2>&1 | cat")
    assert.is_nil(text:find("[y/N]", 1, true), text)
  end)

  describe("completes commands and options", function()
    it("in bash", function()
      open(80)
      at:run 'eval "$(repay completion bash)"'
      at:type("clear; repay recon")
      at:key("Tab")
      at:wait("repay reconcile")
      at:type("--for")
      at:key("C-u")
      at:type("repay fetch --conc")
      at:key("Tab")
      at:wait("repay fetch %-%-concurrency")
    end)

    it("in zsh", function()
      open(80, "zsh -f")
      at:type('autoload -Uz compinit; compinit -u -D; eval "$(repay completion zsh)"')
      at:key("Enter")
      at:type("echo ready")
      at:key("Enter")
      at:wait("\nready")
      at:type("repay recon")
      at:key("Tab")
      at:wait("repay reconcile")
      at:key("C-u")
      at:type("repay fetch --conc")
      at:key("Tab")
      at:wait("repay fetch %-%-concurrency")
    end)

    it("in fish", function()
      local told = read_all(("HOME='%s' PATH='%s':$PATH fish --no-config -c 'repay completion "
        .. "fish | source; complete -C \"repay recon\"; complete -C \"repay fetch --conc\"' 2>&1")
        :format(home, bin))
      assert.matches("^reconcile\t", told)
      assert.matches("\n%-%-concurrency\t", told)
    end)
  end)
end)
