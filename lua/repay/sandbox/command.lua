-- The command "repay sandbox": the server with its settings printed, until it is stopped.

local keys = require "repay.keys"
local sandbox = require "repay.sandbox"
local switches = require "repay.sandbox.switches"

local command = {}

--- What it takes, in the order in which help shows it: name, what a value is, its word, meaning.
command.options = {
  { "port", "number", "N", "HTTP port on 127.0.0.1 (default 8042; 0 takes a free one)" },
  { "tls", "flag", nil, "HTTPS too, with an authority of its own" },
  { "tls-port", "number", "N", "the port of HTTPS" },
  { "ca-file", "text", "PATH", "where the authority's certificate is written (default: a new "
    .. "temporary file)" },
  { "seed", "number", "N", "the random loans of this seed (default 42)" },
  { "loans", "number", "N", "so many random loans besides the documented cases (default 200)" },
  { "clock", "text", "MOMENT", "where the clock starts: an ISO 8601 moment, or now (default "
    .. "2025-01-20)" },
  { "flow", "flag", nil, "the clock also moves by itself" },
  { "set", "list", "NAME=VALUE", "turns a switch; may be given often; --switches lists them" },
  { "keep-secrets", "flag", nil, "the ledger shows credentials as they came, not starred" },
  { "idle", "number", "SECONDS", "stop when nobody asked for so long" },
  { "detach", "flag", nil, "go on when the process that started this one is gone" },
  { "print-config", "flag", nil, "print a configuration for this port and stop" },
  { "print-loans", "flag", nil, "print the loans as a CSV for repay fetch and stop" },
  { "switches", "flag", nil, "list the switches and stop" },
  { "faults", "flag", nil, "list the faults and stop" },
}

local kinds = { help = "flag" }
for _, option in ipairs(command.options) do
  kinds[option[1]] = option[2]
end

local function usage()
  local lines = { "usage: repay sandbox [options]\n" }
  for _, option in ipairs(command.options) do
    lines[#lines + 1] = ("  --%-18s %s"):format(option[1] .. (option[3] and " " .. option[3] or ""),
      option[4])
  end
  return table.concat(lines, "\n") .. "\n"
end

local function parse(arguments)
  local options, index = { set = {} }, 1
  while arguments[index] do
    local name, value = arguments[index]:match("^%-%-([%w-]+)=(.*)$")
    name = name or arguments[index]:match("^%-%-([%w-]+)$")
    local kind = name and kinds[name]
    if kind and kind ~= "flag" and not value then
      index = index + 1
      value = arguments[index]
    end
    if kind == "flag" and not value then
      options[name] = true
    elseif not kind or not value or kind == "flag" then
      return nil, "unknown or incomplete option: " .. (arguments[index] or "--" .. name)
    elseif kind == "number" and not value:find("^%d+$") then
      return nil, "option --" .. name .. " needs a whole number"
    elseif kind == "list" then
      table.insert(options.set, value)
    else
      options[name] = kind == "number" and tonumber(value) or value
    end
    index = index + 1
  end
  return options
end

local function read_value(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
  return tonumber(text) or text
end

-- The book's own options: what repay.sandbox.new takes. Only a switch is turned by --set; that it
-- could reach an option of the server, such as its address, would be a hole.
local function book_options(options)
  local chosen = {
    seed = options.seed or 42, loans = options.loans or 200,
    keep_secrets = options["keep-secrets"],
    clock = options.clock == "now" and os.time() * 1000 or options.clock,
  }
  for _, text in ipairs(options.set) do
    local name, value = text:match("^([%w_]+)=(.*)$")
    if not name then
      return nil, "option --set needs NAME=VALUE"
    end
    value = read_value(value)
    local switch, why = switches.check(sandbox.switch_list, name, value)
    if not switch then
      return nil, why
    end
    chosen[name] = value
  end
  local ok, why = sandbox.check(chosen)
  if not ok then
    return nil, why
  end
  return chosen
end

local PORT_MAX = 65535

local function server_options(options)
  local chosen, why = book_options(options)
  if not chosen then
    return nil, why
  end
  for _, name in ipairs({ "port", "tls-port" }) do
    if (options[name] or 0) > PORT_MAX then
      return nil, ("option --%s must be a port, from 0 to %d"):format(name, PORT_MAX)
    end
  end
  for _, name in ipairs({ "tls-port", "ca-file" }) do
    if options[name] and not options.tls then
      return nil, ("option --%s needs --tls"):format(name)
    end
  end
  chosen.port, chosen.tls, chosen.tls_port = options.port or 8042, options.tls, options["tls-port"]
  chosen.ca_file, chosen.flow, chosen.idle_s = options["ca-file"], options.flow, options.idle
  chosen.follow_parent = not options.detach
  return chosen
end

local function print_switches(out)
  for _, switch in ipairs(sandbox.switch_list) do
    local values = {}
    for index, value in ipairs(switch.values) do
      values[index] = tostring(value)
    end
    out:write(string.format("%-22s %-10s %s\n    %s\n", switch.name, switch.provider or "all",
      table.concat(values, " | "), switch.meaning))
  end
end

local function print_faults(out)
  for _, fault in ipairs(sandbox.fault_list) do
    out:write(string.format("%-24s %-6s %s\n", fault.name, fault.class, fault.meaning))
  end
end

-- Settings as assignments, in order of their names.
local function assignments(values)
  local parts = {}
  for i, name in ipairs(keys.sorted(values)) do
    parts[i] = ("%s = %q"):format(name, values[name])
  end
  return parts
end

-- The settings of one provider as a line of Lua.
local function settings_line(provider, values)
  return string.format("repay.open(%q, { %s })\n", provider,
    table.concat(assignments(values), ", "))
end

local function print_settings(server, out)
  local origins = { { server.origin } }
  if server.tls_origin then
    origins[2] = { server.tls_origin, server.ca_file }
  end
  for _, origin in ipairs(origins) do
    out:write("\n-- ", origin[1], "\n")
    local all = server.sandbox:all_settings(origin[1], origin[2])
    for _, dialect in ipairs(sandbox.dialects) do
      out:write(settings_line(dialect.name, all[dialect.name]))
    end
  end
  if server.tls_origin then
    out:write("\n-- bad certificates: expired ", server.ports.tls_expired, ", wrong host ",
      server.ports.tls_wrong_host, ", self-signed ", server.ports.tls_self_signed, "\n")
  end
  out:write("-- nobody listens on ", server.ports.refused, "\n")
  out:write("-- ledger: ", server.origin, "/_sandbox/ledger\n")
  out:write("-- for the command: repay sandbox --print-config --port ",
    server.origin:match("%d+$"), "\n\n")
end

-- The profile "sandbox" for repay's command; keys of the sandbox open nothing, so they may stand in
-- a file.
local function print_config(out, port)
  if port == 0 then
    return nil, "a configuration needs a port that stays the same"
  end
  local all = sandbox.new({}):all_settings(("http://127.0.0.1:%d"):format(port))
  out:write("-- ~/.config/repay/config.lua: a profile for repay sandbox --port ", port, "\n",
    "-- For repayments let it live today: what it records in 2025 is nothing that was sent now.\n",
    "--   repay sandbox --port ", port, " --clock now --flow\n",
    'return {\n  profile = "sandbox",\n  profiles = {\n    sandbox = {\n',
    "      providers = {\n")
  for _, dialect in ipairs(sandbox.dialects) do
    out:write("        ", dialect.name, " = {\n          ",
      table.concat(assignments(all[dialect.name]), ",\n          "), ",\n        },\n")
  end
  out:write("      },\n    },\n  },\n}\n")
  return true
end

-- The list that `repay fetch` takes.
local function print_loans(out, chosen)
  out:write("provider,id\n")
  local filled = sandbox.new { seed = chosen.seed, loans = chosen.loans }
  for _, subject in ipairs(filled:subjects()) do
    out:write(subject.provider, ",", subject.id, "\n")
  end
end

-- Runs the command with its options as a table and returns its exit code, one of repay.cli.exit.
-- `out` and `errors` write texts.
function command.run(options, out, errors)
  local chosen, why = server_options(options)
  if chosen and options["print-config"] then
    local printed, wrong = print_config(out, chosen.port)
    chosen, why = printed and chosen, wrong
    if printed then
      return 0
    end
  end
  if not chosen then
    errors:write("repay sandbox: ", why, "\n")
    return 2
  elseif options["print-loans"] then
    print_loans(out, chosen)
    return 0
  elseif options.switches or options.faults then
    (options.switches and print_switches or print_faults)(out)
    return 0
  end
  local loaded, server = pcall(require, "repay.sandbox.server")
  if not loaded then
    errors:write("repay sandbox needs Lua 5.4 with cqueues and luaossl ",
      "(Debian: lua-cqueues, lua-luaossl)\n", tostring(server):match("[^\n]*"), "\n")
    return 1
  end
  local started, instance = pcall(server.new, chosen)
  if not started then
    errors:write("repay sandbox: ", (tostring(instance):gsub("^[^:]+:%d+: ", "")), "\n")
    return 1
  end
  instance:stop_on_signals()
  print_settings(instance, out)
  local secure = instance.tls_origin and " " .. instance.tls_origin or ""
  out:write("ready ", instance.origin, secure, "\n")
  out:flush()
  local reason = instance:run()
  out:write("stopped: ", tostring(reason), "\n")
  return 0
end

-- The same from words, for the server alone, which needs neither argparse nor the frame.
function command.main(arguments, out, errors)
  out, errors = out or io.stdout, errors or io.stderr
  local options, why = parse(arguments)
  if not options then
    errors:write("repay sandbox: ", why, "\n", usage())
    return 2
  elseif options.help then
    out:write(usage())
    return 0
  end
  return command.run(options, out, errors)
end

return command
