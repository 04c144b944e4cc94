-- What specs of the command's repayments share: a home of its own with a configuration, the sandbox
-- in process, one clock, and what a run of the command wrote.
--
--   local w = cli_world.new { keys = "unproven" }
--   local run = w:run("pay", "--amount", "5000.00", …)     -- { code, out, err }
local cli = require "repay.cli"
local json = require "repay.sandbox.json"
local journal_world = require "spec.support.journal_world"
local repay = require "repay"
local sandbox = require "repay.sandbox"

local cli_world = {}
cli_world.__index = cli_world

cli_world.ids = sandbox.ids.fincode
cli_world.header = journal_world.header
cli_world.row = journal_world.row

local function first_line(command)
  local pipe = assert(io.popen(command, "r"))
  local line = pipe:read("*l")
  pipe:close()
  return line
end

local function literal(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local parts = {}
  for name, each in pairs(value) do
    parts[#parts + 1] = ("[%q] = %s"):format(name, literal(each))
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

--- options: keys ("honoured"), list ("records"), box, profile (laid over the profile "main"),
--- profiles (more of them), config (laid over the configuration).
function cli_world.new(options)
  options = options or {}
  local given = { seed = 42, list = options.list or "records" }
  for name, value in pairs(options.box or {}) do
    given[name] = value
  end
  local self = setmetatable({ box = sandbox.new(given) }, cli_world)
  self.home = first_line("mktemp -d -p " .. journal_world.scratch())
  self.settings = self.box:settings "fincode"
  self.transport, self.settings.transport = self.settings.transport, nil
  self.profile = { provider = "fincode", keys = options.keys or "honoured" }
  for _, changes in ipairs { self.settings, options.profile or {} } do
    for name, value in pairs(changes) do
      self.profile[name] = value
    end
  end
  self.config = { profile = "main", profiles = { main = self.profile } }
  for name, value in pairs(options.config or {}) do
    self.config[name] = value
  end
  for name, changes in pairs(options.profiles or {}) do
    local profile = {}
    for _, source in ipairs { self.profile, changes } do
      for key, value in pairs(source) do
        profile[key] = value
      end
    end
    self.config.profiles[name] = profile
  end
  self:write_config()
  return self
end

function cli_world:write_config()
  os.execute("mkdir -p " .. self.home .. "/.config/repay")
  self:file(".config/repay/config.lua", "return " .. literal(self.config))
end

function cli_world:close()
  assert(self.home:find("/tmp%.%w+$"))
  os.execute("rm -r --one-file-system " .. self.home)
end

--- A file in the home directory; its path.
function cli_world:file(name, text)
  local path = self.home .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local function collector()
  local parts = {}
  return { write = function(self, ...)
    for i = 1, select("#", ...) do
      parts[#parts + 1] = tostring((select(i, ...)))
    end
    return self
  end }, parts
end

--- Runs the command: { code, out, err }.
function cli_world:run(...)
  local out, out_parts = collector()
  local err, err_parts = collector()
  local world = {
    getenv = function(name) return name == "USER" and "ada" or nil end, home = self.home,
    cwd = self.home, stdout = out, stderr = err, stdin = { read = function() return nil end },
    terminal = self.terminal or {}, unix_ms = function() return self.box:unix_ms() end,
    transport = function() return self.given_transport or self.transport end,
    run = function() return nil, "no program is run here" end,
    file_facts = function() return { kind = "file", is_ours = true } end,
    clock_is_kept = function() return true end,
    interrupts = function()
      return { seen = function() return self.interrupt_when and self.interrupt_when() or false end,
        release = function() self.released = (self.released or 0) + 1 end }
    end,
  }
  local code = cli.main({ ... }, world)
  return { code = code, out = table.concat(out_parts), err = table.concat(err_parts) }
end

--- The same with --ndjson: its rows as tables, and the rest.
function cli_world:rows(...)
  local words = { ... }
  words[#words + 1] = "--ndjson"
  local run, rows = self:run((unpack or table.unpack)(words)), {}
  for line in run.out:gmatch("[^\n]+") do
    rows[#rows + 1] = json.plain(assert(json.read(line)))
  end
  run.rows = rows
  return rows, run
end

--- Words of `repay pay` for the customer with two loans.
function cli_world.pay_words(changes)
  local words = { "pay" }
  local given = { ["customer-id"] = cli_world.ids.two_loans,
    ["account-id"] = cli_world.ids.on_time_account,
    ["bank-account-id"] = "323e4567-e89b-12d3-a456-426614174012", amount = "5000.00",
    reference = "REF 1", ["payment-date"] = "2025-01-20" }
  for name, value in pairs(changes or {}) do
    given[name] = value or nil
  end
  local names = {}
  for name in pairs(given) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if given[name] ~= "" then
      words[#words + 1] = "--" .. name
      words[#words + 1] = given[name] ~= true and given[name] or nil
    end
  end
  return (unpack or table.unpack)(words)
end

function cli_world:pay(changes)
  return self:run(cli_world.pay_words(changes))
end

--- A file of so many rows in the home directory.
function cli_world:rows_file(name, count)
  local lines = { cli_world.header }
  for n = 1, count do
    lines[n + 1] = cli_world.row(n)
  end
  return self:file(name, table.concat(lines, "\n") .. "\n")
end

--- The journal itself, for what a spec has to do behind the command's back.
function cli_world:with_journal(work)
  local journal = assert(repay.journal(self.home .. "/.local/state/repay/journal.db",
    { unix_ms = function() return self.box:unix_ms() end }))
  local ok, result = pcall(work, journal)
  journal:close()
  assert(ok, result)
  return result
end

--- All entries, as the journal has them.
function cli_world:entries()
  return self:with_journal(function(journal) return journal:entries {} end)
end

cli_world.records = journal_world.records
cli_world.posts = journal_world.posts
cli_world.settled_ms = journal_world.settled_ms
cli_world.advance = journal_world.advance

return cli_world
