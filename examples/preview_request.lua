-- Shows the request that would go out, credentials starred, and sends nothing.
local repay = require "repay"

local carbon = assert(repay.open("carbon", {
  environment = "sandbox",
  api_key = "a gateway key",
  carbon_key = "a merchant key",
}))

local preview = assert(carbon:request("schedule", { loan_id = "LOAN_ABC123" }))
print(preview.method .. " " .. preview.url)
for _, header in ipairs(preview.headers) do
  print(header[1] .. ": " .. header[2])
end

carbon:close()
