-- A process whose journal cannot grow any more, at every place where it would: what went out was
-- claimed on disk before, what was said to be accepted is there, and the journal is whole. Which
-- writes fail in which way is tried in journal/disk_test.c; here a whole repayment meets them.
local helper = require "spec.support.helper"
local read = require "spec.support.read"
local world = require "spec.support.journal_world"

-- From where a new journal just fits to where several repayments do, about a page at a time.
local LEAST_KIB, MOST_KIB, STEP_KIB = 100, 300, 4
local REPAYMENTS = 4

-- The interpreter that runs this: it may have the runtime inside that its modules need.
local program = read.command("readlink /proc/$PPID/exe"):match("[^\n]+")

local w

-- What the process was told, and the keys of what it sent. `kib` bounds each of its files; past it
-- a write fails, as on a full disk.
local function run(keys, kib)
  w = world.new { keys = keys }
  w.journal:close()
  os.execute("rm -f " .. w.path .. " " .. w.path .. "-*")
  local text = read.command(("trap '' XFSZ; ulimit -f %d; exec %s"
    .. " spec/support/journal_full_worker.lua %s %s %d 2>&1"):format(kib * 2, program, keys,
    w.directory, REPAYMENTS))
  local told, sent = {}, {}
  for line in text:gmatch("told\t([^\n]+)") do
    told[#told + 1] = line
  end
  for key in text:gmatch("sent\t([^\n]+)") do
    sent[key] = true
  end
  return told, sent, tonumber(text:match("posts\t(%d+)")), text
end

describe("a journal that cannot grow", function()
  after_each(function()
    if w then
      w:close()
      w = nil
    end
  end)
  helper.watch(after_each)

  for _, keys in ipairs { "honoured", "unproven" } do
    it("sends nothing that it could not claim, and loses nothing that was sent: keys " .. keys
      .. " #slow", function()
      local unclaimed, unsettled = 0, 0
      for kib = LEAST_KIB, MOST_KIB, STEP_KIB do
        local told, sent, posts, text = run(keys, kib)
        assert.truthy(told[1], text)
        local accepted, states = 0, {}
        for _, word in ipairs(told) do
          accepted = accepted + (word:find("^accepted") and 1 or 0)
          unsettled = unsettled + (word == "journal\tunknown" and 1 or 0)
        end
        w.journal = w:open_journal()
        helper.ok(w.journal:verify())
        for _, entry in ipairs(w.journal:entries {}) do
          states[entry.state] = (states[entry.state] or 0) + 1
          if entry.state == "sending" or entry.state == "accepted" then
            sent[entry.key] = nil
          elseif entry.state == "approved" then
            unclaimed = unclaimed + 1
          end
        end
        assert.same({}, sent)
        assert.equal(accepted, states.accepted or 0)
        assert.equal(posts or 0, accepted + (states.sending or 0))
        w:close()
        w = nil
      end
      -- In a run in which neither came about nothing would have been tried.
      assert.is_true(unclaimed >= 1, "no claim failed")
      assert.is_true(unsettled >= 1, "no outcome failed")
    end)
  end
end)
