-- What a person should look at before a file is sent. Warnings stop nothing by themselves.
local lists = require "repay.journal.lists"
local plan_rows = require "repay.journal.rows"

local warnings = {}

local RECENT_MS = 48 * 3600000
-- Minor units taken for major ones, or the other way round, are off by this; both currencies that
-- our providers lend in have two decimals.
local UNIT = 100

local texts = {
  above_payable = "above what is payable on the account",
  repeated = "the same amount to the same account within 48 hours",
  repeated_in_file = "the same amount to the same account stands in this file twice",
  future_date = "the payment date lies in the future",
  unit = "the amount looks 100 times off",
  not_listed = "the provider's list does not show the account",
  unread = "the provider's list could not be read",
}
warnings.texts = texts

local function warn(item, word)
  item.warnings[#item.warnings + 1] = word
end

-- What the provider tells of each account: its balance and the amounts that stand there.
local function accounts_of(records)
  local accounts = {}
  for _, record in ipairs(records) do
    local account = record.account and accounts[record.account]
    if record.account and not account then
      account = { amounts = {}, largest = 0 }
      accounts[record.account] = account
    end
    if account then
      account.balance = account.balance or record.balance_minor
      for _, amount in ipairs { record.amount_minor or 0, record.total_due_minor or 0 } do
        account.amounts[amount] = true
        account.largest = math.max(account.largest, amount)
      end
    end
  end
  return accounts
end

local function is_off_by_unit(account, amount)
  return account.largest > 0 and not account.amounts[amount]
    and (account.amounts[amount * UNIT] or amount % UNIT == 0 and account.amounts[amount / UNIT]
      or amount >= account.largest * UNIT / 2 or amount <= account.largest / UNIT)
end

-- A provider that lists what was repaid, and not what is due, shows an account after its first
-- repayment: that it does not show this one says nothing then.
local function check_account(item, accounts, shows_records)
  local row = item.planned
  local account = accounts[row.account]
  if not account then
    if not shows_records then
      warn(item, "not_listed")
    end
    return
  end
  if account.balance and row.amount_minor > account.balance then
    warn(item, "above_payable")
  end
  if is_off_by_unit(account, row.amount_minor) then
    warn(item, "unit")
  end
end

local function check_lists(list, journal, raw)
  local accounts_by = {}
  for _, item in ipairs(list) do
    local client, customer = item.client, item.planned.customer
    if not item.existing and lists.has_records(client) then
      accounts_by[client] = accounts_by[client] or {}
      local accounts = accounts_by[client][customer]
      if accounts == nil then
        local records = lists.records(client, customer)
        accounts = records and accounts_of(records) or false
        accounts_by[client][customer] = accounts
      end
      if accounts then
        check_account(item, accounts, raw.fact(journal, lists.scope(client),
          "list_shows_records") == true)
      else
        warn(item, "unread")
      end
    end
  end
end

local function check_repeats(list, journal, raw, unix_ms)
  local seen = {}
  for _, item in ipairs(list) do
    local row = item.planned
    local slot = table.concat({ row.provider, row.label or "", row.account, row.currency,
      ("%d"):format(row.amount_minor) }, "\n")
    if seen[slot] then
      warn(item, "repeated_in_file")
    end
    seen[slot] = true
    if not item.existing then
      local id, err = raw.find_recent(journal, {
        provider = row.provider, environment = row.environment, label = row.label,
        account = row.account, amount_minor = row.amount_minor, currency = row.currency,
        since_ms = unix_ms - RECENT_MS,
      })
      if err then
        return nil, err
      elseif id then
        warn(item, "repeated")
      end
    end
  end
  return true
end

--- Puts words into the rows' `warnings`. True, or nil and an error of the journal.
function warnings.check(list, journal, raw, unix_ms, reads_lists)
  for _, item in ipairs(list) do
    if not item.existing and item.planned.payment_date:sub(1, 10)
      > plan_rows.today(item.client, unix_ms) then
      warn(item, "future_date")
    end
  end
  if reads_lists then
    check_lists(list, journal, raw)
  end
  return check_repeats(list, journal, raw, unix_ms)
end

return warnings
