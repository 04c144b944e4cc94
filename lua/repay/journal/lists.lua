-- What a provider lists of a customer: the ids that are known before a send, and the records among
-- which the journal looks for what became of a repayment.
--
-- A provider without such a list is told by its operations; nothing is guessed from its name.
local native_journal = require "repay.native.journal"
local options = require "repay.options"

local lists = {}

local function takes(operation, name)
  for _, parameter in ipairs(operation and operation.parameters or {}) do
    if parameter.name == name then
      return true
    end
  end
  return false
end

--- Whether what a customer repaid is listed row by row.
function lists.has_records(client)
  local operations = options.provider(client.provider).operations
  return takes(operations.schedule, "customer_id")
end

local function has_repaid(client)
  return takes(options.provider(client.provider).operations.repaid, "user_id")
end

local function flag(value)
  if type(value) == "boolean" then
    return value
  end
  return nil
end

local FIELDS = {
  "id", "account_id", "repayment_amount_minor", "creation_date", "total_balance_minor",
  "is_loan_paid", "total_due_minor",
}

local function read_records(schedule)
  local records = {}
  local at = 0
  for _, id, account, amount, created, balance, paid, due in
    schedule:each((unpack or table.unpack)(FIELDS)) do
    at = at + 1
    records[at] = {
      id = id, account = account, amount_minor = amount, created = created,
      balance_minor = balance, is_paid = flag(paid), total_due_minor = due,
    }
  end
  return records
end

--- The rows of the customer's list, or nil and an error. A list that came is one that came whole:
--- the call follows every page and fails where one does.
function lists.records(client, customer)
  local schedule, err = client:schedule { customer_id = customer }
  if not schedule then
    return nil, err
  end
  local records = read_records(schedule)
  schedule:close()
  return records
end

--- { id, status } of what the provider calls repaid; nil where it has no such list, or an error.
function lists.repaid(client, customer)
  if not has_repaid(client) then
    return nil
  end
  local schedule, err = client:repaid { user_id = customer }
  if not schedule then
    return nil, err
  end
  local repaid = {}
  for _, id, status in schedule:each("repayment_id", "provider_status") do
    repaid[#repaid + 1] = { id = id, status = status }
  end
  schedule:close()
  return repaid
end

--- The scope of a client's customer, as the journal knows it.
function lists.scope(client, customer)
  return {
    provider = client.provider, environment = client.environment, label = client.label,
    customer = customer,
  }
end

--- The id of a record that may be this payment already, or nil.
function lists.find_similar(records, account, amount_minor, payment_date)
  return native_journal.find_similar(records, {
    account = account, amount_minor = amount_minor, payment_date = payment_date,
  })
end

return lists
