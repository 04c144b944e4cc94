-- Runs busted under the interpreter that runs this file: a packaged `busted` picks its own.

if os.getenv("REPAY_SPEC_COLLECTOR") == "eager" then
  collectgarbage("setpause", 20)
  collectgarbage("setstepmul", 1000)
end
require("busted.runner")({ standalone = false })
