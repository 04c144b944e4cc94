---@meta repay
-- The public surface for the Lua language server; nothing here runs. README.md says what it means.
-- luacheck: no unused

---Money in whole minor units, at most 2^53 - 1 in size.
---@alias repay.minor integer

---@alias repay.outcome
---| "not_sent" # proven: nothing of the request can have reached the provider
---| "refused" # the provider's own words say no
---| "unknown" # it may have happened

---@alias repay.kind
---| "invalid_argument" | "config" | "auth" | "forbidden" | "not_found" | "validation"
---| "loan_closed" | "amount_invalid" | "manual_repayment_not_allowed" | "bank_account_mismatch"
---| "loan_application_missing" | "loan_not_registered" | "conflict" | "key_reused"
---| "rate_limited" | "unavailable" | "provider_error" | "rejected" | "bad_response" | "too_large"
---| "dns" | "connect" | "tls" | "timeout" | "connection_lost" | "cancelled" | "breaker_open"
---| "duplicate_loan" | "unsupported" | "unsupported_phase" | "memory"

---@class repay.attempt
---@field kind? repay.kind absent where the attempt was accepted
---@field http_status? integer
---@field reason string why it was, or was not, followed by another
---@field wait_ms integer

---@class repay.err
---@field kind repay.kind
---@field outcome repay.outcome
---@field message string one line
---@field provider? string
---@field operation? string
---@field subject? string
---@field http_status? integer
---@field provider_message? string
---@field provider_code? string
---@field retryable boolean
---@field retry_after_ms? integer
---@field attempts repay.attempt[]
---@field idempotency_key? string
---@field interaction_id? string
---@field offset? integer the byte of the body, or of the text, that is wrong
---@field field? string the option it is about
---@field hint? string

---@class repay.request
---@field method "GET"|"POST"
---@field url string
---@field headers [string, string][]
---@field body? string
---@field timeout_ms? integer what is left of the attempt; absent in previews
---@field is_write? boolean

---@class repay.response
---@field status integer
---@field headers? table<string, string|number|string[]>|[string, string][]
---@field body? string

---@alias repay.failure_kind
---| "dns" | "connect" | "tls" | "timeout" | "connection_lost" | "too_large" | "bad_response"
---| "cancelled"

---@class repay.failure
---@field kind repay.failure_kind
---@field sent? "no"|"maybe" "no" only with proof
---@field message? string

---@class repay.transport
---@field send fun(request: repay.request): repay.response?, repay.failure|string|nil
---@field sleep fun(ms: integer)
---@field now_ms? fun(): number
---@field unix_ms? fun(): number

---@class repay.row
---@field loan_id? string
---@field number? integer
---@field due_date? string YYYY-MM-DD
---@field principal_minor? repay.minor
---@field interest_minor? repay.minor
---@field penalty_minor? repay.minor
---@field total_due_minor? repay.minor
---@field paid_minor? repay.minor
---@field outstanding_minor? repay.minor
---@field overpaid_minor? repay.minor
---@field status "pending"|"partial"|"paid"|"overdue"|"unknown"
---@field provider_status? string as received
---@field extra table<string, string> members that no page documents, as JSON text
---@field [string] any the provider's other documented fields

---@class repay.receipt
---@field id? string
---@field amount_minor repay.minor
---@field currency string
---@field reference? string
---@field verification_status? string
---@field provider_message? string
---@field idempotency_key string
---@field interaction_id string
---@field attempts repay.attempt[]

---@class repay.schedule
---@field provider string
---@field operation string
---@field subject? string
---@field environment? "sandbox"|"live"
---@field label? string
---@field currency string
---@field decimals integer
---@field zone? string
---@field fetched_at_unix_ms integer
---@field [integer] repay.row
---@operator len: integer
local schedule = {}

---@return fun(schedule: repay.schedule, index: integer): integer?, repay.row
---@return repay.schedule
---@return integer
function schedule:rows() end

---Values of columns, without a table for each row.
---@param name string
---@param ... string
---@return fun(state: userdata, index: integer): integer?, ...
---@return userdata
---@return integer
function schedule:each(name, ...) end

---Why the figure is nil in these rows; "lateness" for all that compares due dates.
---@param name string
---@return string?
function schedule:reason(name) end

---@return integer bytes
function schedule:memory() end

---@return true
function schedule:close() end

---@class repay.call
---@field provider string
---@field operation string
---@field subject? string
---@field is_write boolean
---@field idempotency_key? string
local call = {}

---Runs the call, once.
---@return repay.schedule|repay.receipt|nil
---@return repay.err?
function call:perform() end

---@return true
function call:cancel() end

---@return true
function call:close() end

---For drivers: what to do next.
---@param now_ms? integer
---@param unix_ms? integer
---@return "send"|"wait"|"done"|"failed"
---@return integer? wait_ms
function call:next(now_ms, unix_ms) end

---For drivers: the request, credentials and all.
---@return repay.request
function call:message() end

---@class repay.wire
---@field host string
---@field port integer
---@field tls boolean
---@field server_name string
---@field bytes string
---@field fresh boolean whether the connection must not have been used before
---@field is_write boolean
---@field timeout_ms integer
---@field connect_timeout_ms integer

---For byte drivers: where to connect and what to send.
---@return repay.wire
function call:wire() end

---For byte drivers: bytes of the reply, nil at the end of the stream.
---@param bytes? string
---@return "more"|"done"|"stop"
---@return boolean? reusable
function call:feed(bytes) end

---For drivers: the attempt is over.
---@param now_ms? integer
---@param unix_ms? integer
---@param response? repay.response
---@param failure? repay.failure|string
function call:answer(now_ms, unix_ms, response, failure) end

---For drivers: what the call ended with.
---@return repay.schedule|repay.receipt|nil
---@return repay.err?
function call:result() end

---@class repay.cache_options
---@field lifetime_ms? integer how long an answer is as good as a new one: 60000
---@field stale_ms? integer how much longer it serves while the provider cannot be reached: 0
---@field wait_ms? integer how long a request waits for another one's fetch: 10000
---@field lock_ms? integer after so long a fetch counts as given up: 30000
---@field sleep? fun(ms: number) required outside nginx

---@alias repay.source "fetched"|"kept"|"stale"

---@class repay.cache
local cache = {}

---@param client repay.client
---@param arguments? table
---@return repay.schedule?
---@return repay.err?
---@return repay.source?
---@return repay.err? cause why an old answer was given
function cache:schedule(client, arguments) end

---@param client repay.client
---@param arguments? table
---@return repay.schedule?
---@return repay.err?
---@return repay.source?
---@return repay.err? cause
function cache:pending(client, arguments) end

---@param client repay.client
---@param arguments? table
---@return repay.schedule?
---@return repay.err?
---@return repay.source?
---@return repay.err? cause
function cache:repaid(client, arguments) end

---@param client repay.client
---@param operation string
---@param arguments? table
function cache:forget(client, operation, arguments) end

---@class repay.client
---@field provider string
---@field environment? "sandbox"|"live"
---@field label? string
---@field currency string
---@field zone? string
---@field keys "honoured"|"unproven" what a person said of the provider's idempotency keys
local client = {}

---What the provider lists as due, in its order.
---@param arguments { loan_id?: string, merchant_id?: string, customer_id?: string }
---@return repay.schedule?
---@return repay.err?
function client:schedule(arguments) end

---What is still due, where the provider tells it apart.
---@param arguments { user_id: string }
---@return repay.schedule?
---@return repay.err?
function client:pending(arguments) end

---Completed repayments, where the provider lists them.
---@param arguments { user_id: string }
---@return repay.schedule?
---@return repay.err?
function client:repaid(arguments) end

---@class repay.repayment
---@field customer_id string
---@field account_id string
---@field bank_account_id string
---@field amount? string decimal text in major units; or
---@field amount_minor? repay.minor
---@field user_id? string
---@field reference? string
---@field payment_date? string
---@field narration? string
---@field idempotency_key? string made when none is given

---Records one repayment. What a failed one means is in `err.outcome`.
---@param repayment repay.repayment
---@return repay.receipt?
---@return repay.err?
function client:repay(repayment) end

---Checks the arguments and makes the call, sending nothing.
---@param operation string
---@param arguments table
---@return repay.call?
---@return repay.err?
function client:prepare(operation, arguments) end

---Prepares a call for each item of a list or an iterator, for repay.each.
---@param operation string
---@param items (table|string)[]|fun(): table|string|nil tables of arguments, or the id alone
---@return fun(): repay.call?, repay.err?
function client:calls(operation, items) end

---@class repay.stats
---@field calls integer begun
---@field done integer ended with a result
---@field failed integer ended with an error
---@field attempts integer requests that were sent or tried to be
---@field retries table<repay.kind, integer> by the kind of fault that another attempt followed
---@field retry_budget integer what is left of 100
---@field breaker_open boolean
---@field bytes_received integer of bodies
---@field connections_opened integer
---@field connections_reused integer
---@field latency_p50_ms? integer
---@field latency_p90_ms? integer
---@field latency_p99_ms? integer

---What the client has done so far.
---@return repay.stats
function client:stats() end

---The request that would go out, credentials starred.
---@param operation string
---@param arguments table
---@return repay.request?
---@return repay.err?
function client:request(operation, arguments) end

---@return true
function client:close() end

---@class repay.options
---@field environment? "sandbox"|"live"
---@field base_url? string
---@field connect? string
---@field transport? repay.transport
---@field ca_file? string
---@field client_cert? string
---@field client_key? string
---@field proxy? string
---@field currency? string
---@field amounts_in? "major"|"minor"
---@field zone? string
---@field keys? "honoured"|"unproven"
---@field label? string
---@field timeout_ms? integer
---@field attempt_timeout_ms? integer
---@field connect_timeout_ms? integer
---@field first_byte_timeout_ms? integer
---@field attempts? integer
---@field retry_base_ms? integer
---@field retry_cap_ms? integer
---@field body_size_max? integer
---@field rate? integer calls a second; without it as fast as the provider allows
---@field burst? integer
---@field [string] any the provider's own settings

---@class repay
---@field version string
local repay = { error = {}, money = {} }

---@param provider string
---@param options repay.options
---@return repay.client?
---@return repay.err?
function repay.open(provider, options) end

---@class repay.each_options
---@field concurrency? integer
---@field per_host? integer
---@field rate? integer calls a second
---@field burst? integer
---@field deadline_ms? integer of the whole run
---@field on_progress? fun(ended: integer, failed: integer, under_way: integer)
---@field stop_on? repay.kind|repay.kind[]|fun(call: repay.call, result: any, err: repay.err?): any

---@class repay.run
---@operator call: repay.call
local run = {}

---Drops reads and sees writes that may have left to their end.
---@return { call: repay.call, result: any, err?: repay.err }[]
function run:close() end

---Runs many calls at once, in order of completion.
---@param calls repay.call[]|fun(): repay.call?, repay.err?
---@param options? repay.each_options
---@return fun(): repay.call|repay.err|nil, repay.schedule|repay.receipt|nil, repay.err?
function repay.each(calls, options) end

---Keeps schedules in a shared dictionary of nginx.
---@param dictionary table ngx.shared.NAME
---@param options? repay.cache_options
---@return repay.cache
function repay.cache(dictionary, options) end

---@return string[]
function repay.providers() end

---@param value any
---@param kind? repay.kind
---@return boolean
function repay.error.is(value, kind) end

---@param minor repay.minor
---@param currency string
---@return string?
---@return repay.err?
function repay.money.format(minor, currency) end

---@param text string
---@param currency string
---@return repay.minor?
---@return repay.err?
function repay.money.parse(text, currency) end

return repay
