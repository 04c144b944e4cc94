-- repay reconcile: asks the providers' lists what became of everything that is open. Sends nothing.
local reconcile = { example = "repay reconcile" }

function reconcile.run(context)
  return require("repay.cli.settle").run(context, { resend = false })
end

return reconcile
