rockspec_format = "3.0"
package = "repay"
version = "scm-1"

source = {
  -- Installed from a checkout with `luarocks make`; nothing is fetched.
  url = ".",
}

description = {
  summary = "Loan schedules and repayments through lending providers' HTTP APIs",
  detailed = [[
Fetches what borrowers owe, records repayments exactly once, and answers questions about a portfolio.
The providers' clients and the schedules are C, amounts are whole minor units from the first byte to
the last, and a failed repayment always says whether money may have moved.]],
  license = "MIT",
  labels = { "http", "finance", "json", "c" },
}

-- lua-cjson and argparse (which the command needs) are asked for when something first needs them:
-- named here, they would make an install without a network fail where the distribution's packages
-- of them are used.
dependencies = {
  "lua >= 5.1, < 5.5",
}

external_dependencies = {
  -- The library and not its header: Debian keeps that where luarocks does not look.
  CURL = { library = "curl" },
  SQLITE = { library = "sqlite3" },
}

-- Not luarocks' own builder: it can neither hide symbols nor keep libcurl mapped until the process
-- ends (see the Makefile), and it would leave its objects among the sources.
build = {
  type = "make",
  build_target = "rock",
  install_target = "install-rock",
  variables = {
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    CURL_INCDIR = "$(CURL_INCDIR)",
    CURL_LIBDIR = "$(CURL_LIBDIR)",
    SQLITE_INCDIR = "$(SQLITE_INCDIR)",
    SQLITE_LIBDIR = "$(SQLITE_LIBDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
    INST_DOCDIR = "$(PREFIX)/doc",
  },
}
