-- The command: from words to an exit code.
--
--   os.exit(require("repay.cli").main({ "version" }, require("repay.cli.world").real()), true)
--
-- Data flows one way: configuration, context, command, workflow, output. Only the module of the
-- chosen command is loaded. Nothing here ends the process, and what a command raises ends as one
-- line and an exit code: Ctrl-C as 130, wrong usage as 2, a fault of ours as 1.
local commands = require "repay.cli.commands"
local exit = require "repay.cli.exit"
local options = require "repay.cli.options"
local parse = require "repay.cli.parse"

local cli = {}

local NOT_BUILT = "its compiled modules are missing; run make in the checkout, or install repay"

local KINDS = { [exit.usage] = "usage", [exit.interrupted] = "cancelled" }

-- The error as JSON when that was asked for: a program reads it.
local function refuse(world, words, code, message, hint)
  if options.has(words, "--json") or options.has(words, "--ndjson") then
    local json = require "repay.cli.json"
    world.stderr:write(json.object({
      { "error", json.of { { "kind", KINDS[code] or "internal" },
        { "message", message }, { "hint", hint } } },
      { "exit", code },
    }), "\n")
  else
    world.stderr:write("repay: ", message, "\n", hint and hint .. "\n" or "")
  end
  return code
end

local function usage(world, words, name, message)
  return refuse(world, words, exit.usage, (message:gsub("%c", "?")),
    ("try: repay %s--help"):format(name and name .. " " or ""))
end

local function unknown(world, words, name)
  local near = parse.nearest(name)
  local shown = name:gsub("%c", "?"):sub(1, 40)
  return usage(world, words, nil, ("no command is called '%s'%s"):format(shown,
    near and "; did you mean '" .. near .. "'?" or ""))
end

-- What a command raised: an error object (of output, say) is reported like one that it returned.
local function raised(context, world, words, problem)
  if context and type(problem) == "table" and problem.kind then
    return context:fail(problem)
  end
  local text = tostring(problem)
  if text:find("interrupted!", 1, true) then
    return refuse(world, words, exit.interrupted, "interrupted")
  elseif text:find("module 'repay.native.", 1, true) then
    return refuse(world, words, exit.failed, NOT_BUILT)
  end
  return refuse(world, words, exit.failed, "this is a fault of repay itself: "
    .. text:match("[^\n]*"):gsub("%c", "?"), "please report it with the command that you gave")
end

-- A text of ours, like a help. A full disk is said here too.
local function show(world, words, text)
  local written, why = world.stdout:write(text)
  if written and world.stdout.flush then
    written, why = world.stdout:flush()
  end
  if not written then
    return refuse(world, words, exit.failed, "the output could not be written: " .. tostring(why))
  end
  return exit.done
end

local function run(name, words, world)
  local command = parse.load(name)
  local parser, why = parse.parser(name, command)
  if not parser then
    return refuse(world, words, exit.failed, why)
  elseif options.has(words, "--help", "-h") then
    return show(world, words, parser:get_help() .. "\n")
  end
  local arguments, wrong = parse.arguments(parser, words)
  if not arguments then
    return usage(world, words, name, wrong)
  elseif arguments.help then -- in one word with another flag
    return show(world, words, parser:get_help() .. "\n")
  end
  local context
  local ok, code = xpcall(function()
    context = require("repay.cli.context").new(world, name, arguments)
    context:check()
    local result = command.run(context)
    context:finish()
    return result
  end, function(problem)
    if type(problem) ~= "string" or not world.getenv("REPAY_TRACEBACK") then
      return problem
    end
    return problem .. "\n" .. debug.traceback()
  end)
  if context then
    context:close()
  end
  if ok then
    return code
  end
  local told, last = pcall(raised, context, world, words, code)
  return told and last or exit.failed
end

--- Runs the command of these words and returns its exit code.
function cli.main(argv, world)
  local name, words = options.split(argv)
  if name == "help" then
    name = nil
    for _, word in ipairs(words) do
      name = name or word:sub(1, 1) ~= "-" and word or nil
    end
    table.insert(words, 1, "--help")
  elseif not name and options.has(words, "--version") then
    name, words = "version", {}
  end
  if not name then
    if options.has(words, "--help", "-h") then
      return show(world, words, parse.overview())
    elseif options.has(words, "--json") or options.has(words, "--ndjson") then
      return usage(world, words, nil, "no command was given")
    end
    world.stderr:write(parse.overview())
    return exit.usage
  elseif not commands.by_name[name] then
    return unknown(world, words, name)
  end
  local ok, code = pcall(run, name, words, world)
  if ok then
    return code
  end
  return raised(nil, world, words, code)
end

return cli
