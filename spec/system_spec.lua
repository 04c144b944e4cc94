-- What the command asks of the system: programs without a shell, facts of files, terminals.
local files = require "repay.native.files"
local native = require "repay.native.core"
local system = require "repay.native.system"

local function milliseconds(work)
  local begun = native.now_ms()
  work()
  return native.now_ms() - begun
end

describe("a program", function()
  it("gives what it writes, byte for byte", function()
    assert.equal("a\0b\255\n", (system.run { "printf", "a\\000b\\377\\n" }))
    assert.equal("", (system.run { "true" }))
    assert.equal(50000, #system.run { "sh", "-c", "head -c 50000 /dev/zero" })
  end)

  it("gets its words as they are: no shell reads them", function()
    local words = { "printf", "%s\\n", "$(id)", "`id`", "a b", "*", "'", '"', ";id", "|id", "",
      "\n", "-n", "~", "$HOME", "山" }
    local expected = {}
    for i = 3, #words do
      expected[#expected + 1] = words[i] .. "\n"
    end
    assert.equal(table.concat(expected), (system.run(words)))
  end)

  it("has nothing to read, and the environment", function()
    assert.equal("", (system.run { "cat" }))
    assert.equal(os.getenv("PATH") .. "\n", (system.run { "printenv", "PATH" }))
  end)

  local FAILURES = {
    { "No such file or directory", { "no-such-program-anywhere" } },
    { "Permission denied", { "/etc/passwd" } },
    { "ended with status 3", { "sh", "-c", "echo secret; exit 3" } },
    { "was ended before it was done", { "sh", "-c", "kill -9 $$" } },
  }
  for _, case in ipairs(FAILURES) do
    it("that fails says: " .. case[1], function()
      local output, why = system.run(case[2])
      assert.is_nil(output)
      assert.equal(case[1], why)
    end)
  end

  it("has so much time and no more, also when it has closed its output", function()
    for _, script in ipairs { "sleep 30", "exec >&-; sleep 30", "echo x; sleep 30",
      "while :; do :; done" } do
      local output, why
      local spent = milliseconds(function()
        output, why = system.run({ "sh", "-c", "exec sh -c '" .. script .. "'" },
          { timeout_ms = 150 })
      end)
      assert.is_nil(output)
      assert.is_string(why)
      assert.is_true(spent >= 100 and spent < 20000, script .. ": " .. spent)
    end
  end)

  it("may write so much and no more", function()
    assert.equal("1234", (system.run({ "printf", "1234" }, { output_max = 4 })))
    local output, why = system.run({ "printf", "12345" }, { output_max = 4 })
    assert.is_nil(output)
    assert.equal("wrote more than a secret has", why)
    assert.is_nil((system.run { "yes" }))
  end)

  it("leaves nothing behind", function()
    collectgarbage()
    local before = #files.list("/proc/self/fd")
    for _ = 1, 20 do
      system.run { "true" }
      system.run { "false" }
      system.run { "no-such-program-anywhere" }
      system.run({ "sleep", "5" }, { timeout_ms = 1 })
    end
    assert.equal(before, #files.list("/proc/self/fd"))
    local children = system.run { "sh", "-c", "ps --ppid $PPID -o stat= | grep -c Z; true" }
    assert.equal("0\n", children)
  end)

  it("is not started from words that are none", function()
    for _, words in ipairs { {}, { 1 }, { "a\0b" }, { {} } } do
      assert.has_error(function() system.run(words) end)
    end
    assert.has_error(function() system.run() end)
    assert.has_error(function() system.run "ls" end)
    local many = {}
    for i = 1, 65 do
      many[i] = "x"
    end
    assert.has_error(function() system.run(many) end)
    for _, limits in ipairs { { timeout_ms = 0 }, { timeout_ms = 1.5 }, { output_max = 0 },
      { output_max = 1e12 }, { timeout_ms = "x" }, { timeout_ms = 0 / 0 } } do
      assert.has_error(function() system.run({ "true" }, limits) end)
    end
  end)
end)

describe("files and terminals", function()
  it("have facts", function()
    local path = os.tmpname()
    os.execute("chmod 646 '" .. path .. "'")
    assert.same({ kind = "file", is_ours = true, others_write = true, others_read = true },
      system.file_facts(path))
    os.execute("chmod 600 '" .. path .. "'")
    assert.same({ kind = "file", is_ours = true, others_write = false, others_read = false },
      system.file_facts(path))
    os.remove(path)
    local facts, why = system.file_facts(path)
    assert.is_nil(facts)
    assert.equal("No such file or directory", why)
    assert.equal("directory", system.file_facts("/").kind)
    assert.equal("other", system.file_facts("/dev/null").kind)
  end)

  it("are told apart", function()
    assert.is_nil(system.terminal(1000))
    for _, number in ipairs { -1, 1.5, 1e9 } do
      assert.has_error(function() system.terminal(number) end)
    end
    assert.has_error(function() system.terminal() end)
  end)

  it("are removed only when empty", function()
    local path = (system.run { "mktemp", "-d" }):gsub("\n", "")
    os.execute("touch '" .. path .. "/x'")
    assert.is_nil((system.remove_directory(path)))
    os.remove(path .. "/x")
    assert.is_true(system.remove_directory(path))
    local gone, why = system.remove_directory(path)
    assert.is_nil(gone)
    assert.equal("No such file or directory", why)
  end)
end)

describe("the clock", function()
  it("is kept by something, or not, or nobody may know", function()
    local is_kept, why = system.clock_is_kept()
    assert.is_true(type(is_kept) == "boolean" or type(why) == "string")
  end)
end)
