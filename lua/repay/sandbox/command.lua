-- The command "repay sandbox": the server with its settings printed, until it is stopped.

local sandbox = require "repay.sandbox"

local command = {}

local USAGE = [[
usage: repay sandbox [options]

  --port N           HTTP port on 127.0.0.1 (default 8042; 0 takes a free one)
  --tls              HTTPS too, with an authority of its own; --tls-port N chooses the port
  --ca-file PATH     where the authority's certificate is written (default: a new temporary file)
  --seed N           the random loans of this seed (default 42)
  --loans N          so many random loans besides the documented cases (default 200)
  --clock MOMENT     where the clock starts: an ISO 8601 moment, or now (default 2025-01-20)
  --flow             the clock also moves by itself
  --set NAME=VALUE   turns a switch; may be given often; --switches lists them
  --idle SECONDS     stop when nobody asked for so long
  --detach           go on when the process that started this one is gone
  --switches         list the switches and stop
  --faults           list the faults and stop
  --help             this text
]]

local VALUED = {
  port = "number", ["tls-port"] = "number", seed = "number", loans = "number", idle = "number",
  ["ca-file"] = "text", clock = "text", set = "list",
}
local FLAGS = {
  tls = true, flow = true, detach = true, switches = true, faults = true, help = true,
}

local function parse(arguments)
  local options, index = { set = {} }, 1
  while arguments[index] do
    local name, value = arguments[index]:match("^%-%-([%w-]+)=(.*)$")
    name = name or arguments[index]:match("^%-%-([%w-]+)$")
    local kind = name and VALUED[name]
    if kind and not value then
      index = index + 1
      value = arguments[index]
    end
    if FLAGS[name or ""] and not value then
      options[name] = true
    elseif not kind or not value then
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

local function server_options(options)
  local chosen = {
    port = options.port or 8042, tls = options.tls, tls_port = options["tls-port"],
    ca_file = options["ca-file"], seed = options.seed or 42, loans = options.loans or 200,
    flow = options.flow, idle_s = options.idle, follow_parent = not options.detach,
  }
  chosen.clock = options.clock == "now" and os.time() * 1000 or options.clock
  for _, text in ipairs(options.set) do
    local name, value = text:match("^([%w_]+)=(.*)$")
    if not name then
      return nil, "option --set needs NAME=VALUE"
    end
    chosen[name] = read_value(value)
  end
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

-- The settings of one provider as a line of Lua.
local function settings_line(provider, values)
  local names, parts = {}, {}
  for name in pairs(values) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = string.format("%s = %q", name, values[name])
  end
  return string.format("repay.open(%q, { %s })\n", provider, table.concat(parts, ", "))
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
  out:write("-- ledger: ", server.origin, "/_sandbox/ledger\n\n")
end

-- Runs the command and returns its exit status. `out` and `errors` are files, for specs.
function command.main(arguments, out, errors)
  out, errors = out or io.stdout, errors or io.stderr
  local options, why = parse(arguments)
  local chosen
  if options then
    chosen, why = server_options(options)
  end
  if not chosen then
    errors:write("repay sandbox: ", why, "\n", USAGE)
    return 64
  elseif options.help then
    out:write(USAGE)
    return 0
  elseif options.switches or options.faults then
    (options.switches and print_switches or print_faults)(out)
    return 0
  end
  local loaded, server = pcall(require, "repay.sandbox.server")
  if not loaded then
    errors:write("repay sandbox needs Lua 5.4 with cqueues and luaossl ",
      "(Debian: lua-cqueues, lua-luaossl)\n", tostring(server):match("[^\n]*"), "\n")
    return 69
  end
  local started, instance = pcall(server.new, chosen)
  if not started then
    errors:write("repay sandbox: ", (tostring(instance):gsub("^[^:]+:%d+: ", "")), "\n")
    return 69
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

return command
