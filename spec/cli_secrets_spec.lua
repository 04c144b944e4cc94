-- Twelve marked credentials through every command, as text, as JSON, in errors and in what is left
-- on disk: none of them is anywhere, in any of the forms in which a text travels.
local cli = require "spec.support.cli"
local commands = require "repay.cli.commands"
local helper = require "spec.support.helper"
local sandbox = require "repay.sandbox"

local unpack = unpack or table.unpack

local CUSTOMER = "123e4567-e89b-12d3-a456-426614174000"
local ACCOUNT = "223e4567-e89b-12d3-a456-426614174001"
local BANK = "323e4567-e89b-12d3-a456-426614174002"

-- Each is awkward in its own way: format letters, quotes, what shells, JSON and URLs escape, what
-- terminals obey, long ones, short lines.
local SECRETS = {
  { "carbon", "api_key", "S3CR3T-01-%d%s%n" }, { "carbon", "carbon_key", 'S3CR3T-02-"quoted\\' },
  { "carbon", "api_key", "S3CR3T-03-" .. ("long"):rep(100) },
  { "carbon", "carbon_key", "S3CR3T-04-a/b?c=d&e" },
  { "pezesha", "token", "S3CR3T-05-eyJhbGciOi.J9.x_y" },
  { "pezesha", "token", "S3CR3T-06-(.*)[%w]+$" }, { "pezesha", "token", "S3CR3T-07-<b>&amp;</b>" },
  { "pezesha", "token", "S3CR3T-08-$(id)`id`;id" }, { "fincode", "token", "S3CR3T-09-'\"'\"'" },
  { "fincode", "token", "S3CR3T-10-with inside blanks" },
  { "fincode", "token", "S3CR3T-11-\27[31mred" }, { "fincode", "token", "S3CR3T-12-\r\nX-Y: z" },
}

local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for at = 1, #text - 2, 3 do
    local a, b, c = text:byte(at, at + 2)
    local value = a * 65536 + b * 256 + c
    for place = 3, 0, -1 do
      local index = math.floor(value / 64 ^ place) % 64
      out[#out + 1] = BASE64:sub(index + 1, index + 1)
    end
  end
  return table.concat(out)
end

-- The mark as it may travel; the rest of a secret is there only if its mark is.
local function forms_of(secret)
  local mark = secret:match("^S3CR3T%-%d%d")
  return { mark, mark:gsub(".", function(char) return ("%02x"):format(char:byte()) end),
    (mark:gsub("%-", "%%2D")), base64(mark), mark:reverse() }
end

local function check(text, secret, where)
  for _, form in ipairs(forms_of(secret)) do
    if text:find(form, 1, true) then
      error(where .. " shows a secret: " .. text:sub(1, 400), 0)
    end
  end
end

-- What the command left on disk, less the configuration and the file of programs.
local function check_files(home, secret)
  local pipe = io.popen("grep -rlaF -e " .. "'" .. table.concat(forms_of(secret), "' -e '")
    .. "' '" .. home .. "/.local' 2>/dev/null")
  local found = pipe:read("*a")
  pipe:close()
  assert.equal("", found)
end

-- Every command, with words that make it do something.
local function words_of(home)
  local pay = { "--provider", "fincode", "--customer-id", CUSTOMER, "--account-id", ACCOUNT,
    "--bank-account-id", BANK, "--amount", "50.00", "--reference", "R-1", "--payment-date",
    "2025-01-20" }
  return {
    version = { {} }, manual = { {} }, completion = { { "bash" } }, sandbox = { { "--switches" } },
    fetch = { { "carbon", "LOAN_ABC123" }, { "fincode", CUSTOMER }, { "pezesha", "merchant_jane" },
      { home .. "/loans.csv" } },
    show = { {}, { "--live-fetch", "--loans", home .. "/loans.csv" } }, overdue = { {} },
    report = { {} }, export = { { "csv" }, { "json" }, { "md" }, { "ics" }, { "html" } },
    diff = { {} }, snapshot = { { "list" }, { "show" }, { "path" } },
    doctor = { {}, { "--all" }, { "--profile", "none" } },
    pay = { pay, {} }, plan = { { home .. "/payments.csv" }, {} },
    run = { {}, { "1" } }, status = { {} }, recover = { {} }, reconcile = { {} },
    explain = { { "1" } }, approve = { { "1" } }, cancel = { { "1" } }, resolve = { { "1" } },
    replace = { { "1" } }, journal = { { "verify" } },
  }
end

-- Replies that say the credential again wherever a text could come through.
local function echoes(secret)
  local quoted = secret:gsub('[\\"]', "\\%0"):gsub("%c", "")
  return {
    function() return { status = 400, headers = { ["x-echo"] = secret },
      body = '{"status":"failed","message":"bad key ' .. quoted .. '"}' } end,
    function() return { status = 401, headers = {},
      body = '{"status":"error","message":"' .. quoted .. '"}' } end,
    function() return { status = 500, headers = {}, body = secret } end,
    function() return nil, { kind = "connect", sent = "no", message = secret } end,
    function() error("the transport printed " .. secret) end,
  }
end

describe("a credential", function()
  local place

  before_each(function()
    place = cli.new { box = sandbox.new { seed = 42 } }
    place:write("loans.csv", "provider,id\ncarbon,LOAN_ABC123\nfincode," .. CUSTOMER
      .. "\npezesha,merchant_jane\n")
    place:write("payments.csv", "payment_date,customer_id,account_id,bank_account_id,amount\n"
      .. table.concat({ "2025-01-20", CUSTOMER, ACCOUNT, BANK, "50.00" }, ",") .. "\n")
  end)
  after_each(function() place:close() end)
  helper.watch(after_each)

  it("of the list of this spec reaches every command", function()
    local words = words_of("/x")
    for _, name in ipairs(commands.names()) do
      assert.is_table(words[name], name)
    end
  end)

  -- How many commands ended well.
  local function run_all(secret)
    local well = 0
    for name, lists in pairs(words_of(place.home)) do
      for _, list in ipairs(lists) do
        for _, form in ipairs { "", "--json" } do
          local words = { name, unpack(list) }
          words[#words + 1] = form ~= "" and form or nil
          local code, out, err = place:run(unpack(words))
          local shown = table.concat(words, " ")
          well = well + (code == 0 and 1 or 0)
          check(out, secret, shown)
          check(err, secret, shown)
        end
      end
    end
    check_files(place.home, secret)
    return well
  end

  it("would be seen", function()
    for _, form in ipairs(forms_of "S3CR3T-05-x") do
      assert.has_error(function() check("a " .. form .. " b", "S3CR3T-05-x", "here") end)
      place:write(".local/state/repay/x", form)
      assert.has_error(function() check_files(place.home, "S3CR3T-05-x") end)
    end
    check("S3CR3T-06", "S3CR3T-05-x", "here")
  end)

  for number, case in ipairs(SECRETS) do
    local provider, setting, value = case[1], case[2], case[3]
    it("number " .. number .. " is nowhere, whether it is let in or not", function()
      place:configure_sandbox()
      local variable = ({ api_key = "API_KEY", carbon_key = "CARBON_KEY",
        token = provider:upper() })[setting]
      place.env[variable] = value
      assert.is_true(run_all(value) >= 10)
    end)
  end

  for number, case in ipairs(SECRETS) do
    if not case[3]:find("%c") then
      it("number " .. number .. " is nowhere when the provider says it again", function()
        place:configure_sandbox()
        for _, name in ipairs { "API_KEY", "CARBON_KEY", "PEZESHA", "FINCODE" } do
          place.env[name] = case[3]
        end
        for _, reply in ipairs(echoes(case[3])) do
          place.options.transport = function()
            return { send = reply, sleep = function() end, now_ms = function() return 0 end,
              unix_ms = function() return place.now_ms end }
          end
          for _, words in ipairs { { "fetch", "carbon", "LOAN_ABC123" }, { "doctor" },
            { "fetch", place.home .. "/loans.csv", "--json" }, { "doctor", "--json" } } do
            local _, out, err = place:run(unpack(words))
            check(out, case[3], words[1])
            check(err, case[3], words[1])
          end
        end
        check_files(place.home, case[3])
      end)
    end
  end

  it("that stands in the file is warned of and not shown", function()
    place:configure [[return { profiles = { a = { environment = "sandbox", providers = {
      carbon = { api_key = "S3CR3T-01-x", carbon_key = "S3CR3T-01-y" } } } } }]]
    run_all("S3CR3T-01-x")
    local _, _, err = place:run("fetch", "carbon", "X")
    assert.is_truthy(err:find("holds the secret 'api_key' itself", 1, true))
  end)

  it("that a program prints beside an error is not shown", function()
    place:configure [[return { profiles = { a = { environment = "sandbox", providers = {
      carbon = { api_key = command { "sh", "-c", "echo S3CR3T-01-x; echo S3CR3T-01-y" },
        carbon_key = command { "sh", "-c", "echo S3CR3T-01-z; exit 3" } } } } } }]]
    run_all("S3CR3T-01-x")
  end)
end)
