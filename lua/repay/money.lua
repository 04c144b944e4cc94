-- Amounts as texts and back. Both functions are C's, because neither VM formats 2^53 faithfully.
local native = require "repay.native.core"

return {
  --- format(minor, currency) → "50000.00", or nil and an error for an unknown currency.
  format = native.money_format,
  --- parse(text, currency) → minor units, or nil and an error; `offset` is the byte at fault.
  parse = native.money_parse,
}
