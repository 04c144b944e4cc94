local helper = require "spec.support.helper"
local repay = require "repay"
local mounts = require "spec.support.sandbox_mounts"
local transport = require "spec.support.transport"

local words = { describe = describe, setup = setup, teardown = teardown }

-- Twelve credentials, each marked and each awkward in its own way: regular expression and format
-- letters, quotes, what JSON and URLs escape, parts of one another, long ones.
local marked = {
  { "carbon", "api_key", "S3CR3T-01-%d%s%n" },
  { "carbon", "carbon_key", "S3CR3T-02-\"quoted\\" },
  { "carbon", "api_key", "S3CR3T-03-" .. ("long"):rep(100) },
  { "carbon", "carbon_key", "S3CR3T-04-a/b?c=d&e" },
  { "pezesha", "token", "S3CR3T-05-eyJhbGciOi.J9.x_y" },
  { "pezesha", "token", "S3CR3T-06-(.*)[%w]+$" },
  { "pezesha", "token", "S3CR3T-07-<b>&amp;</b>" },
  { "pezesha", "token", "S3CR3T-08-aaaaaaaaaaaaaaaaaaa" },
  { "fincode", "token", "S3CR3T-09-S3CR3T-09-twice" },
  { "fincode", "token", "S3CR3T-10-with inside blanks" },
  { "fincode", "token", "S3CR3T-11-****" },
  { "fincode", "token", "S3CR3T-12-" .. ("x"):rep(600) },
}

local function json_text(text)
  return (text:gsub('[\\"]', "\\%0"))
end

-- Replies that repeat the credential wherever a text could come through.
local function replies(secret)
  local quoted = json_text(secret)
  local function echo(status, body)
    return { status = status, headers = { ["x-echo"] = secret, ["retry-after"] = secret },
      body = body }
  end
  return {
    echo(400, '{"status":"failed","message":"bad key ' .. quoted .. '"}'),
    echo(400, '{"status":"FAILED","message":"' .. ("y"):rep(480) .. quoted .. '"}'),
    echo(401, '{"status":"error","message":"x","data":{"error_code":"' .. quoted .. '","details":"'
      .. quoted .. '"}}'),
    echo(404, '{"status":404,"error":true,"message":"no ' .. quoted .. '"}'),
    echo(422, '{"status":"failed","message":"bad request","errors":[{"msg":"' .. quoted
      .. '","param":"' .. quoted .. '"}]}'),
    echo(422, '{"status":422,"message":{"' .. quoted .. '":["' .. quoted .. '"]}}'),
    echo(500, secret),
    echo(503, "<html>" .. secret .. "</html>"),
    echo(200, secret),
    echo(200, '{"status":"' .. quoted .. '"}'),
    echo(200, '{"status":"SUCCESS","success":"' .. quoted .. '","data":"' .. quoted .. '"}'),
    echo(200, '{"status":"success","data":{"schedule":[{"totalDue":"' .. quoted .. '"}]}}'),
    echo(200, '{"' .. quoted .. '":1,"' .. quoted .. '":2'),
    echo(302, ""),
    { status = 200, headers = { ["content-encoding"] = secret }, body = "{}" },
  }
end

-- Ways to fail that repeat it, which only a message transport has.
local function failures(secret)
  return {
    function() return { status = 503, headers = { [secret] = "x" }, body = "" } end,
    { kind = "connect", sent = "no", message = "cannot reach " .. secret },
    { kind = "timeout", message = secret },
    { kind = secret },
    function() error("the library printed " .. secret) end,
    function() error({ secret }) end,
    function() return nil, secret end,
    function() return secret end,
    function() return { status = secret } end,
  }
end

-- Its first bytes must not show either: a text that is cut may end within a credential.
local function check_clean(value, secret)
  helper.no_secret(value, { secret:sub(1, 10) })
end

-- Every operation of the provider, each answered so.
local function check_calls(case, canned_of, answers)
  local provider, setting, secret = case[1], case[2], case[3]
  for operation, arguments in pairs(helper.arguments[provider]) do
    for _, answer in ipairs(answers) do
      local client = helper.open(provider, canned_of(answer), { [setting] = secret, attempts = 2 })
      check_clean(client, secret)
      local call = helper.ok(client:prepare(operation, arguments))
      check_clean(call, secret)
      local value, err = call:perform()
      check_clean(err, secret)
      check_clean(value, secret)
      check_clean(helper.ok(client:request(operation, arguments)), secret)
      call:close()
      client:close()
    end
  end
end

mounts.each(words, "a credential", function(mount_of)
  helper.watch(after_each)

  for _, case in ipairs(marked) do
    it("number " .. case[3]:sub(8, 9) .. " is in no output, whatever the provider says", function()
      check_calls(case, mount_of().canned, replies(case[3]))
    end)
  end
end)

describe("a credential", function()
  helper.watch(after_each)

  for _, case in ipairs(marked) do
    local provider, setting, secret = case[1], case[2], case[3]

    it("number " .. secret:sub(8, 9) .. " is in no output, however a transport fails", function()
      check_calls(case, transport.new, failures(secret))
    end)

    it("number " .. secret:sub(8, 9) .. " is in no error of open and in nothing raised",
      function()
        local changes = {
          { [setting] = secret .. "\n" }, { [setting] = secret .. "\0" },
          { [setting] = secret, environment = "nowhere" },
          { [setting] = secret, base_url = "ftp://x" }, { [setting] = secret, attempts = 99 },
        }
        for _, change in ipairs(changes) do
          check_clean(helper.fails(repay.open(provider, helper.options(provider, change))), secret)
        end
        for _, change in ipairs { { [setting] = { secret } },
          { [setting] = secret, colour = 1 } } do
          local ok, raised = pcall(repay.open, provider, helper.options(provider, change))
          assert.is_false(ok)
          check_clean(raised, secret)
        end
        local client = helper.ok(repay.open(provider, helper.options(provider,
          { [setting] = secret })))
        local _, raised = pcall(function()
          return client[setting]
        end)
        check_clean(raised, secret)
        client:close()
        check_clean(client, secret)
      end)
  end

  it("goes out in its header, and nowhere else in the request", function()
    for _, case in ipairs(marked) do
      local canned = transport.new({ status = 500, body = "" })
      helper.fails(helper.ask(case[1], "schedule", canned,
        { [case[2]] = case[3], attempts = 1 }))
      local request = canned.requests[1]
      local found = 0
      for _, header in ipairs(request.headers) do
        found = found + (header[2]:find(case[3], 1, true) and 1 or 0)
      end
      assert.equal(case[1] == "pezesha" and 2 or 1, found)
      check_clean(request.url, case[3])
    end
  end)

  it("in a receipt's texts is starred", function()
    local secret = helper.secrets.fincode
    local body = transport.read("fincode/repay.200.json")
      :gsub("Repayment submitted and awaiting verification", "with " .. secret)
    local receipt = helper.ok(helper.ask("fincode", "repay",
      transport.new(transport.json(body))))
    helper.no_secret(receipt)
    assert.truthy(receipt.provider_message:find("^with %*+$"))
  end)
end)
