-- repay recover: takes over what an interrupted run left, sends again what its key protects, and
-- asks the providers' lists about the rest.
local recover = { example = "repay recover" }

function recover.configure(parser)
  parser:flag("--offline", "send nothing and ask nobody; only say where everything stands")
  require("repay.cli.payments").configure_live(parser)
end

function recover.run(context)
  return require("repay.cli.settle").run(context, { resend = true,
    offline = context.arguments.offline })
end

return recover
