-- After a header had moved to another directory, with the old time that `git mv` leaves it, what
-- included it was not compiled again: the objects of the old layout were linked with those of the
-- new one, and the tests of the core crashed. A .SECONDARY without names in the Makefile did it.
local function run(command)
  local pipe = assert(io.popen("{ " .. command .. "; } 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

describe("an incremental build", function()
  local tree

  -- This Makefile over a core of one file, with one test that includes its header.
  setup(function()
    tree = run("mktemp -d"):match("[^\n]+")
    run(("mkdir -p %s/src/core/base %s/src/core/json %s/spec/core && cp Makefile %s")
      :format(tree, tree, tree, tree))
    write(tree .. "/src/core/base/thing.h", "#define SIZE 1\nint thing(void);\n")
    write(tree .. "/src/core/base/thing.c",
      '#include "thing.h"\nint thing(void)\n{\n    return SIZE;\n}\n')
    write(tree .. "/spec/core/thing_test.c", '#include "thing.h"\n'
      .. "int main(void)\n{\n    return thing() == SIZE ? SIZE : 99;\n}\n")
  end)

  teardown(function()
    run("rm -rf --one-file-system " .. tree)
  end)

  -- Builds the test and says what it ends with.
  local function status(...)
    local text = run(("cd %s && unset MAKEFLAGS MAKELEVEL MFLAGS"
      .. " && make -s %s build/c/core/thing_test && { build/c/core/thing_test; echo status $?; }")
      :format(tree, table.concat({ ... }, " ")))
    return tonumber(text:match("status (%d+)\n$")) or text
  end

  local function compiled_at()
    return run(("stat -c %%y %s/build/obj/src/core/base/thing.o"):format(tree))
  end

  it("compiles again what included a header that moved and was then another", function()
    assert.equal(1, status())
    write(tree .. "/src/core/base/thing.h", "#define SIZE 2\nint thing(void);\n")
    run(("touch -d 2020-01-01 %s/src/core/base/thing.h"):format(tree))
    run(("mv %s/src/core/base/thing.h %s/src/core/json"):format(tree, tree))
    assert.equal(2, status())
  end)

  it("links again when a source comes or goes", function()
    write(tree .. "/src/core/json/other.c",
      "int other(void);\nint other(void)\n{\n    return 0;\n}\n")
    run(("touch -d 2020-01-01 %s/src/core/json/other.c"):format(tree))
    assert.equal(2, status())
    assert.truthy(run("nm " .. tree .. "/build/core.a"):find("T other", 1, true))
    run(("rm %s/src/core/json/other.c"):format(tree))
    assert.equal(2, status())
    assert.falsy(run("nm " .. tree .. "/build/core.a"):find("T other", 1, true))
  end)

  it("compiles again under other flags of its own, and not otherwise", function()
    status()
    local before = compiled_at()
    status()
    status("CFLAGS=-O1")
    assert.equal(before, compiled_at())
    status("HARDENING=-DOTHER")
    assert.are_not.equal(before, compiled_at())
  end)
end)
