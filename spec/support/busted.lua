-- Runs busted under the interpreter that runs this file: a packaged `busted` picks its own.
require("busted.runner")({ standalone = false })
