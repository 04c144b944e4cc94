-- repay manual: the manual page, for man.
local manual = { example = "repay manual | man -l -" }

function manual.run(context)
  local page, why = require("repay.cli.manual").page(require("repay").version)
  if not page then
    return context:fail(why)
  end
  context.output:text(page)
  return 0
end

return manual
