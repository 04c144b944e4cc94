-- What specs of the journal share: a sandbox in process, a client over it, a journal in a directory
-- of its own, one clock for all of them, and the sandbox's ledger as the judge.
local repay = require "repay"
local sandbox = require "repay.sandbox"

local world = {}
world.__index = world

world.ids = sandbox.ids.fincode
world.settle_ms = 600000
-- Beyond every deadline and the settle delay.
world.settled_ms = 3600000

local function run(command)
  local pipe = assert(io.popen(command, "r"))
  local line = pipe:read("*l")
  pipe:close()
  return line
end

--- In memory where there is such a place: what a disk does is looked at elsewhere.
function world.scratch()
  local file = io.open("/proc/mounts", "r")
  local mounts = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return mounts:find("tmpfs /dev/shm tmpfs rw", 1, true) and "/dev/shm" or "/tmp"
end

--- options: keys ("honoured"), list ("records"), directory (a new one), box (more of sandbox.new),
--- journal (more of repay.journal), client (more of repay.open).
function world.new(options)
  options = options or {}
  local self = setmetatable({ clients = {}, journals = {} }, world)
  local given = { seed = 42, list = options.list or "records" }
  for name, value in pairs(options.box or {}) do
    given[name] = value
  end
  self.box = sandbox.new(given)
  self.keys = options.keys or "honoured"
  self.directory = options.directory or run("mktemp -d -p " .. world.scratch())
  self.path = self.directory .. "/pay.db"
  self.client = self:open_client(options.client)
  self.journal = self:open_journal(options.journal)
  return self
end

function world:open_client(changes)
  local given = self.box:settings "fincode"
  given.keys = self.keys
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  local client = assert(repay.open("fincode", given))
  self.clients[#self.clients + 1] = client
  return client
end

function world:open_journal(changes, path)
  local given = { unix_ms = function() return self.box:unix_ms() end, settle_ms = world.settle_ms }
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  local journal = assert(repay.journal(path or self.path, given))
  self.journals[#self.journals + 1] = journal
  return journal
end

--- A new journal in the place of the one that there was, which is lost.
function world:lose_journal()
  self.journal:close()
  os.execute("rm -f " .. self.path .. " " .. self.path .. "-*")
  self.journal = self:open_journal()
end

function world:close()
  for _, journal in ipairs(self.journals) do
    journal:close()
  end
  for _, client in ipairs(self.clients) do
    client:close()
  end
  assert(self.directory:find("/tmp%.%w+$"))
  os.execute("rm -r --one-file-system " .. self.directory)
end

--- Arguments of a repayment of the customer with two loans.
function world.arguments(changes)
  local arguments = {
    customer_id = world.ids.two_loans, account_id = world.ids.on_time_account,
    bank_account_id = "323e4567-e89b-12d3-a456-426614174012", amount = "5000.00",
    reference = "REF 1", payment_date = "2025-01-20",
  }
  for name, value in pairs(changes or {}) do
    arguments[name] = value
  end
  return arguments
end

function world:repay(changes)
  return self.journal:repay(self.client, world.arguments(changes))
end

function world:advance(ms)
  self.box:advance(ms or world.settled_ms)
end

--- Two lists, a settle delay apart, as an absence needs.
function world:settle()
  for _ = 1, 2 do
    self:advance()
    assert(self.journal:recover(self.client))
  end
end

--- How many records there are of each key, and in all.
function world:records()
  local count, all = {}, 0
  for _, record in ipairs(self.box:ledger().repayments) do
    count[record.key] = (count[record.key] or 0) + 1
    all = all + 1
  end
  return all, count
end

--- How often the repayment went out.
function world:posts()
  local posts = 0
  for _, request in ipairs(self.box:ledger().requests) do
    posts = posts + (request.route == "repay_loan" and 1 or 0)
  end
  return posts
end

function world:action(id)
  return self.journal:explain(id).action
end

--- The file's name in the world's directory, with these lines.
function world:file(name, lines)
  local path = self.directory .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  return path
end

world.header = "payment_date,customer_id,account_id,bank_account_id,amount,reference"

--- A row of the file for the n-th of equal repayments.
function world.row(n, amount)
  return ("2025-01-20,%s,%s,%s,%s,REF %d"):format(world.ids.two_loans,
    n % 2 == 0 and world.ids.on_time_account or world.ids.overdue_account,
    "323e4567-e89b-12d3-a456-426614174012", amount or ("%d.00"):format(1000 + n), n)
end

function world:rows_file(name, count)
  local lines = { world.header }
  for n = 1, count do
    lines[n + 1] = world.row(n, ("%d.%02d"):format(1 + math.floor(n / 100), n % 100))
  end
  return self:file(name, lines)
end

function world:run_file(path, changes)
  local given = { journal = self.journal, client = self.client, check_lists = false }
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  given.client = not given.clients and given.client or nil
  return repay.workflow.repay_file(path, given)
end

return world
