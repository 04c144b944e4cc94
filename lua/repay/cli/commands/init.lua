-- The commands in the order in which help shows them, in their groups.
--
-- Only the module of the chosen command is loaded: repay.cli.commands.<name>, a table with
--   configure(parser)   adds arguments and options to an argparse parser
--   run(context)        does the work and returns an exit code of repay.cli.exit
--   example             one or two lines of shell for --help
-- A module requires what is heavy (repay, cjson, the workflows) inside run, because completions and
-- help load many modules and the start of each command counts.
local commands = {}

commands.groups = {
  { title = "Reading", commands = {
    { "fetch", "ask providers for loans and keep the answers as a snapshot" },
    { "show", "the installments of a snapshot" },
    { "overdue", "what is late, loan by loan" },
    { "report", "the portfolio: sums, ageing, what is at risk, cash flow" },
    { "export", "the same as a file: csv, json, md, xlsx, ics or html" },
    { "diff", "what changed between two snapshots" },
    { "snapshot", "list, find and prune snapshots" },
  } },
  { title = "Repaying", commands = {
    { "pay", "record one repayment" },
    { "plan", "check a file of repayments and write it to the journal" },
    { "approve", "approve planned repayments" },
    { "run", "send what is approved" },
    { "status", "where each repayment stands" },
    { "recover", "settle what an interrupted run left" },
    { "reconcile", "compare the journal with the provider's lists" },
    { "explain", "everything the journal knows of one repayment" },
    { "cancel", "give up a repayment that was not sent" },
    { "resolve", "say what became of an uncertain repayment" },
    { "replace", "plan again what was refused or never arrived" },
    { "journal", "verify the journal or copy it" },
  } },
  { title = "Tools", commands = {
    { "sandbox", "the three providers on this machine" },
    { "doctor", "check configuration, clock, TLS, credentials and journal" },
    { "completion", "completions for bash, zsh or fish" },
    { "manual", "all of this as a manual page" },
    { "version", "which repay this is" },
  } },
}

commands.by_name = {}
for _, group in ipairs(commands.groups) do
  for _, command in ipairs(group.commands) do
    commands.by_name[command[1]] = command[2]
  end
end

--- All names, in order.
function commands.names()
  local names = {}
  for _, group in ipairs(commands.groups) do
    for _, command in ipairs(group.commands) do
      names[#names + 1] = command[1]
    end
  end
  return names
end

return commands
