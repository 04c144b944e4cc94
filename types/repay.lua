---@meta repay
-- The public surface for the Lua language server; nothing here runs. README.md and docs/ tell more.
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
---| "duplicate_loan" | "unsupported" | "unsupported_phase" | "duplicate_payment"
---| "approval_required" | "limit_exceeded" | "journal" | "journal_busy" | "journal_corrupt"
---| "journal_on_network_fs" | "memory"

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
---@field entry? string id of the journal's entry
---@field state? repay.entry_state where that entry is now
---@field receipt? repay.receipt what came back and could not be written down
---@field rows? integer[] rows of a plan, from 1
---@field batch? integer
---@field problems? repay.file_problem[]

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

---What every figure's result has. A figure that is nil has its reason in `reasons`, and what is
---known of it in `known`.
---@class repay.figures
---@field as_of string the day of the question, YYYY-MM-DD
---@field fetched_on string the day of the balances
---@field balances string "balances as fetched on …"
---@field currency string
---@field decimals integer
---@field warnings repay.warning[]
---@field reasons table<string, string> by the name of the figure that is nil
---@field known table<string, repay.known>

---@class repay.warning
---@field word "fetched_on_another_day"|"fetched_days_apart"
---@field message string

---What is known of a figure that is not.
---@class repay.known
---@field known_minor? repay.minor of a sum
---@field known_rows? integer
---@field missing_rows? integer
---@field known? integer of a count
---@field missing? integer
---@field days_late? integer of days

---@class repay.as_of
---@field as_of? string YYYY-MM-DD; today in the schedule's zone without it

---@class repay.totals: repay.figures
---@field rows integer
---@field late_rows? integer
---@field principal_minor? repay.minor
---@field interest_minor? repay.minor
---@field penalty_minor? repay.minor
---@field total_due_minor? repay.minor
---@field paid_minor? repay.minor
---@field outstanding_minor? repay.minor
---@field overpaid_minor? repay.minor
---@field overdue_minor? repay.minor
---@field undated_minor? repay.minor outstanding on rows without a due date

---Sums over all rows.
---@param options? repay.as_of
---@return repay.totals?
---@return repay.err?
function schedule:totals(options) end

---@class repay.due_row
---@field position integer
---@field loan_id? string
---@field number? integer
---@field due_date string
---@field days_late integer
---@field outstanding_minor repay.minor

---@class repay.overdue: repay.figures
---@field overdue_minor? repay.minor
---@field rows? integer
---@field oldest_due_date? string
---@field days_late? integer of the oldest
---@field undated_minor? repay.minor
---@field list? repay.due_row[] with `limit`

---What was due before as_of.
---@param options? { as_of?: string, limit?: integer }
---@return repay.overdue?
---@return repay.err?
function schedule:overdue(options) end

---@class repay.next_due: repay.figures
---@field due_date? string nil without a reason: nothing is due any more
---@field next_due_minor? repay.minor
---@field rows? integer
---@field undated_minor? repay.minor

---The earliest day from as_of on, and all that is due on it.
---@param options? repay.as_of
---@return repay.next_due?
---@return repay.err?
function schedule:next_due(options) end

---@class repay.upcoming: repay.figures
---@field upcoming_minor? repay.minor
---@field rows? integer
---@field first_day string
---@field last_day string
---@field undated_minor? repay.minor
---@field list? repay.due_row[] with `limit`

---What is due from as_of to `days` days later, both within; 7 without them.
---@param options? { days?: integer, as_of?: string, limit?: integer }
---@return repay.upcoming?
---@return repay.err?
function schedule:upcoming(options) end

---@class repay.bucket
---@field label string "not late", "1-30", "181+", "undated"
---@field from_days? integer
---@field to_days? integer
---@field outstanding_minor repay.minor
---@field count integer rows, or loans

---@class repay.ageing: repay.figures
---@field by "installment"|"loan"
---@field buckets? repay.bucket[]
---@field outstanding_minor? repay.minor

---Buckets of days late; `buckets` are inclusive upper ends, 30, 60, 90, 180 without them.
---@param options? { by?: "installment"|"loan", buckets?: integer[], as_of?: string }
---@return repay.ageing?
---@return repay.err?
function schedule:ageing(options) end

---@class repay.loan
---@field loan_id? string
---@field rows integer
---@field late_rows? integer
---@field state "paid"|"due"|"overdue"|"unknown"
---@field outstanding_minor? repay.minor
---@field overdue_minor? repay.minor the amount that brings it current
---@field days_late? integer
---@field oldest_due_date? string
---@field next_due_date? string
---@field next_due_minor? repay.minor
---@field outstanding_principal_minor? repay.minor
---@field outstanding_principal_low_minor? repay.minor
---@field principal_balance_minor? repay.minor as the provider tells of the whole loan
---@field total_balance_minor? repay.minor likewise
---@field reasons table<string, string>
---@field known table<string, repay.known>

---@class repay.loans: repay.figures
---@field [integer] repay.loan

---The rows put together by loan.
---@param options? repay.as_of
---@return repay.loans?
---@return repay.err?
function schedule:loans(options) end

---A comparison of filter: a value, or a table of them.
---@class repay.comparison
---@field is? any
---@field is_not? any
---@field min? any at least
---@field max? any at most
---@field above? any
---@field below? any
---@field given? boolean whether it must be known

---The rows that meet every condition. Names are those of a row, `state` and `days_late`.
---@param conditions { as_of?: string, limit?: integer, [string]: any|repay.comparison }
---@return repay.row[]
function schedule:filter(conditions) end

---@class repay.finding
---@field rule string
---@field level "error"|"note"
---@field position integer
---@field with_position? integer
---@field loan_id? string
---@field number? integer
---@field field? string
---@field expected? any
---@field found? any
---@field expected_minor? repay.minor
---@field found_minor? repay.minor
---@field message string

---@class repay.rule
---@field rule string
---@field meaning string
---@field checked integer
---@field errors integer
---@field notes integer

---@class repay.check
---@field rows integer
---@field errors integer
---@field notes integer
---@field findings repay.finding[]
---@field rules repay.rule[]

---Whether the figures agree with each other.
---@param options? { limit?: integer }
---@return repay.check?
---@return repay.err?
function schedule:check(options) end

---@class repay.allocated_row
---@field position integer
---@field loan_id? string
---@field number? integer
---@field due_date? string
---@field days_late? integer
---@field outstanding_minor repay.minor before
---@field settled_minor repay.minor
---@field penalty_minor repay.minor
---@field interest_minor repay.minor
---@field principal_minor repay.minor
---@field unsplit_minor repay.minor of a row whose parts are not known
---@field left_minor repay.minor outstanding afterwards

---@class repay.allocation: repay.figures
---@field simulation string that it is ours, and not the provider's rule
---@field amount_minor repay.minor
---@field settled_minor repay.minor
---@field left_over_minor repay.minor
---@field penalty_minor repay.minor
---@field interest_minor repay.minor
---@field principal_minor repay.minor
---@field unsplit_minor repay.minor
---@field order ("penalty"|"interest"|"principal")[]
---@field rows repay.allocated_row[]

---@class repay.allocate_options
---@field amount? string decimal text in major units; or
---@field amount_minor? repay.minor
---@field order? ("penalty"|"interest"|"principal")[]
---@field loan_id? string where there is more than one
---@field as_of? string

---What a repayment would settle, oldest installment first.
---@param options repay.allocate_options
---@return repay.allocation?
---@return repay.err? error with `reason`, where it cannot be known
function schedule:allocate(options) end

---@alias repay.change
---| "new" | "gone" | "paid" | "partly_paid" | "rescheduled" | "repriced" | "penalty_added"
---| "status_changed" | "changed"

---@class repay.diff_entry
---@field kinds repay.change[]
---@field position? integer absent of a row that is gone
---@field old_position? integer absent of a new row
---@field loan_id? string
---@field number? integer
---@field due_date? string
---@field by_date boolean
---@field before? table<string, any> the values that differ; all of a row that is gone
---@field after? table<string, any>

---@class repay.diff_side
---@field fetched_on string
---@field fetched_at_unix_ms integer
---@field rows integer

---@class repay.diff
---@field currency string
---@field unchanged integer
---@field by_date boolean rows were matched by due date, because their number changed
---@field reordered boolean
---@field older repay.diff_side
---@field newer repay.diff_side
---@field counts table<repay.change, integer>
---@field entries repay.diff_entry[]
---@field patch string for repay.apply

---What changed since an earlier answer to the same question.
---@param older repay.schedule
---@return repay.diff?
---@return repay.err?
function schedule:diff(older) end

---The schedule as bytes, for repay.load. Names and e-mail addresses are left out unless
---with_names is true.
---@param options? { with_names?: boolean }
---@return string?
---@return repay.err?
function schedule:dump(options) end

---What every result of a portfolio has beside its groups.
---@class repay.measure
---@field as_of string
---@field fetched_first? string
---@field fetched_last? string
---@field balances string
---@field warnings repay.warning[]
---@field definition string what was computed, in words
---@field codes string[] the currencies, in order

---@class repay.missing
---@field loans integer
---@field rows? integer
---@field known_balance_minor repay.minor

---@class repay.summary_group
---@field currency string
---@field decimals integer
---@field loans integer
---@field late_loans? integer
---@field paid_loans? integer
---@field rows integer
---@field total_due_minor? repay.minor
---@field paid_minor? repay.minor
---@field outstanding_minor? repay.minor
---@field overdue_minor? repay.minor
---@field undated_minor? repay.minor
---@field outstanding_principal_minor? repay.minor
---@field outstanding_principal_low_minor? repay.minor
---@field collection_ppm? integer never from schedules
---@field missing repay.missing
---@field reasons table<string, string>
---@field known table<string, repay.known>
---@field providers? string[]
---@field tags? string[]
---@field by_provider? table<string, repay.summary_group>
---@field by_tag? table<string, repay.summary_group>

---@class repay.summary: repay.measure
---@field currencies table<string, repay.summary_group>

---@class repay.risk_group
---@field currency string
---@field decimals integer
---@field definition string
---@field loans integer
---@field loans_at_risk? integer
---@field numerator_minor? repay.minor
---@field denominator_minor? repay.minor
---@field ratio_ppm? integer parts per million, half up
---@field numerator_low_minor? repay.minor
---@field denominator_low_minor? repay.minor
---@field ratio_low_ppm? integer
---@field missing repay.missing
---@field reasons table<string, string>
---@field known table<string, repay.known>
---@field providers? string[]
---@field tags? string[]
---@field by_provider? table<string, repay.risk_group>
---@field by_tag? table<string, repay.risk_group>

---@class repay.risk: repay.measure
---@field days integer
---@field currencies table<string, repay.risk_group>

---@class repay.ageing_group
---@field currency string
---@field decimals integer
---@field buckets? repay.bucket[]
---@field outstanding_minor? repay.minor
---@field reasons table<string, string>
---@field known table<string, repay.known>

---@class repay.portfolio_ageing: repay.measure
---@field by "installment"|"loan"
---@field currencies table<string, repay.ageing_group>

---@class repay.flow
---@field outstanding_minor repay.minor
---@field outstanding_principal_minor? repay.minor
---@field outstanding_principal_low_minor? repay.minor
---@field rows integer
---@field first_day? string
---@field last_day? string
---@field reasons table<string, string>
---@field known table<string, repay.known>

---@class repay.flow_group
---@field currency string
---@field decimals integer
---@field overdue? repay.flow
---@field periods? repay.flow[]
---@field later? repay.flow
---@field undated? repay.flow
---@field outstanding_minor? repay.minor
---@field reasons table<string, string>
---@field known table<string, repay.known>

---@class repay.cash_flow: repay.measure
---@field by "day"|"week"|"month"
---@field currencies table<string, repay.flow_group>

---@class repay.delinquent
---@field loan_id? string
---@field provider string
---@field environment? string
---@field label? string
---@field tags string[]
---@field days_late? integer
---@field oldest_due_date string
---@field overdue_minor? repay.minor
---@field outstanding_minor? repay.minor
---@field outstanding_principal_minor? repay.minor
---@field outstanding_principal_low_minor? repay.minor
---@field next_due_date? string
---@field next_due_minor? repay.minor
---@field reasons table<string, string>
---@field known table<string, repay.known>

---@class repay.delinquents: repay.measure
---@field currencies table<string, repay.delinquent[]> the fields of a group stand beside the list

---@class repay.portfolio
---@field as_of string
---@field loans integer
---@field schedules integer
local portfolio = {}

---Adds every loan of the schedule, or nothing; how many were added.
---@param added repay.schedule
---@param options? { tags?: string[] }
---@return integer?
---@return repay.err? error of kind duplicate_loan, where one of them is held already
function portfolio:add(added, options) end

---@return repay.summary?
---@return repay.err?
function portfolio:summary() end

---Outstanding principal of loans more than `days` days late, to all of it; 30 without them.
---@param options? { days?: integer }
---@return repay.risk?
---@return repay.err?
function portfolio:at_risk(options) end

---@class repay.ageing_options
---@field by? "installment"|"loan"
---@field buckets? integer[]
---@field provider? string
---@field tag? string

---@param options? repay.ageing_options
---@return repay.portfolio_ageing?
---@return repay.err?
function portfolio:ageing(options) end

---@class repay.cash_flow_options
---@field by? "day"|"week"|"month"
---@field periods? integer 12 without them
---@field provider? string
---@field tag? string

---@param options? repay.cash_flow_options
---@return repay.cash_flow?
---@return repay.err?
function portfolio:cash_flow(options) end

---The worst late loans; 50 of each currency without a limit.
---@param options? { limit?: integer, provider?: string, tag?: string }
---@return repay.delinquents?
---@return repay.err?
function portfolio:delinquents(options) end

---@return integer bytes
function portfolio:memory() end

---@return true
function portfolio:close() end

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
local repay = { error = {}, money = {}, workflow = {} }

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

---A schedule from the bytes that schedule:dump gave.
---@param bytes string
---@return repay.schedule?
---@return repay.err?
function repay.load(bytes) end

---The newer schedule again, from the older one and what newer:diff(older) gave.
---@param older repay.schedule
---@param diff repay.diff
---@return repay.schedule?
---@return repay.err?
function repay.apply(older, diff) end

---An empty portfolio as of a day.
---@param options { as_of: string }
---@return repay.portfolio
function repay.portfolio(options) end

---@alias repay.entry_state
---| "planned" | "approved" | "sending" | "accepted" | "verified" | "rejected" | "refused"
---| "unknown" # it may have been recorded
---| "absent" | "cancelled" | "expired"

---@alias repay.entry_action
---| "none" | "approve" | "send"
---| "held" # a living process has it under way
---| "resend" | "wait" | "reconcile"
---| "ask" # the list cannot decide: journal:resolve
---| "verify" | "stale"

---@class repay.entry
---@field id string
---@field number integer
---@field state repay.entry_state
---@field mode "keyed"|"at_most_once"
---@field key string the idempotency key
---@field key_from "derived"|"random"|"given"
---@field provider string
---@field environment? string
---@field label? string
---@field customer? string
---@field account? string
---@field loan? string
---@field installment? string
---@field amount_minor repay.minor
---@field currency string
---@field payment_date? string
---@field reference? string
---@field ordinal integer
---@field arguments table<string, string|integer>
---@field method string
---@field target string
---@field body string the exact bytes that are sent
---@field batch? integer
---@field row? integer the line of its file
---@field hold? string why a person has to approve it by its id
---@field replaces? integer number of the entry that it stands for
---@field because? string
---@field attempts integer that were not proven unsent
---@field doubtful integer those of them that may have arrived and brought no proof
---@field tries integer
---@field planned_ms integer
---@field approved_ms? integer
---@field first_sent_ms? integer
---@field deadline_ms? integer
---@field resend_until_ms? integer
---@field settle_until_ms? integer
---@field unseen_ms? integer
---@field changed_ms integer
---@field receipt_id? string from the provider's answer
---@field record_id? string in the provider's list
---@field provider_status? string
---@field reason? string a fixed word: why it stands where it does
---@field receipt? repay.receipt where it was just sent

---@class repay.journal_options
---@field window_ms? integer how long the provider is trusted to know a key (24 h)
---@field settle_ms? integer from the last possible arrival until a list shows it (10 min)
---@field skew_ms? integer how far the provider's clock and ours may be apart (5 min)
---@field margin_ms? integer kept free at the end of the window (1 min)
---@field stale_after_ms? integer accepted for so long and not verified (3 days)
---@field retry_base_ms? integer
---@field retry_cap_ms? integer
---@field attempts_max? integer
---@field moved? boolean no other copy of this journal is in use
---@field busy_ms? integer how long to wait for another process's commit
---@field by? string who works with it
---@field unix_ms? fun(): integer the wall clock

---@class repay.repayment
---@field customer_id string
---@field account_id string
---@field bank_account_id string
---@field amount? string decimal text in major units; or
---@field amount_minor? repay.minor
---@field reference? string
---@field payment_date? string
---@field narration? string
---@field idempotency_key? string
---@field installment? string
---@field ordinal? integer tells equal repayments of one day apart
---@field loan_id? string
---@field keys? "random"|"derived" of journal:repay
---@field because? string of journal:repay: why one that is held goes all the same

---@class repay.plan
---@field batch? integer
---@field entries { id: string, state: repay.entry_state, existing: boolean }[]

---@class repay.next
---@field id string
---@field state repay.entry_state
---@field action repay.entry_action
---@field due_ms? integer of "wait"
---@field why string

---@class repay.decision
---@field id string
---@field from repay.entry_state
---@field state repay.entry_state
---@field why string
---@field evidence string
---@field action repay.entry_action
---@field due_ms? integer

---@class repay.run_result
---@field total integer
---@field done integer
---@field left integer not reached, because the run stopped
---@field without_client integer
---@field stopped? string why
---@field held? integer another process has them under way
---@field elsewhere? integer another process was faster
---@field accepted? integer and so for every state that was reached
---@field entries { id: string, state: repay.entry_state, err?: repay.err }[]

---@alias repay.progress fun(at: integer, total: integer, entry?: repay.entry, err?: repay.err)

---@class repay.plan_options
---@field keys? "derived"|"random"
---@field name? string makes a batch of this name
---@field file_sha256? string
---@field by? string
---@field rows? integer[] the lines of a file

---@class repay.approve_options
---@field ids? string[]
---@field batch? integer
---@field because? string
---@field automatic? boolean nobody looked: limits count, and what is held stays
---@field limits? repay.limits
---@field day_from_ms? integer when some day began, as limits count them; days of UTC without it
---@field by? string

---@class repay.run_options
---@field batch? integer
---@field ids? string[]
---@field canary? boolean the first goes alone
---@field on_progress? repay.progress
---@field stop_when? fun(): boolean asked before each; what is under way is seen to its end

---@class repay.entry_filter
---@field state? repay.entry_state|repay.entry_state[]
---@field batch? integer
---@field provider? string
---@field environment? string
---@field label? string
---@field customer? string
---@field account? string
---@field after? integer a number
---@field limit? integer

---@class repay.explained
---@field entry repay.entry
---@field attempts table[]
---@field events table[]
---@field action repay.entry_action
---@field why string
---@field due_ms? integer

---@class repay.journal
---@field path string
---@field policy table<string, integer>
local journal = {}

---Plans, approves, sends and settles one repayment. The same again sends nothing again.
---@param with repay.client
---@param repayment repay.repayment
---@return repay.entry?
---@return repay.err?
function journal:repay(with, repayment) end

---Plans repayments in one commit, all or none, and sends nothing.
---@param with repay.client
---@param repayments repay.repayment[]
---@param options? repay.plan_options
---@return repay.plan?
---@return repay.err?
function journal:plan(with, repayments, options) end

---@param options repay.approve_options
---@return integer? count
---@return repay.err?
function journal:approve(options) end

---@param id string
---@param options? { because?: string, by?: string }
---@return repay.entry?
---@return repay.err?
function journal:cancel(id, options) end

---@param options { older_than_ms: integer, by?: string }
---@return integer? count
---@return repay.err?
function journal:expire(options) end

---Sends what is approved, and what may be sent again.
---@param clients repay.client|repay.client[]
---@param options? repay.run_options
---@return repay.run_result?
---@return repay.err?
function journal:run(clients, options) end

---Takes over what dead processes left; with clients it also sends again and reads the lists.
---@param clients? repay.client|repay.client[]
---@return repay.next[]?
---@return repay.err?
function journal:recover(clients) end

---Asks the provider's lists what became of everything that is open.
---@param clients repay.client|repay.client[]
---@param options? { stop_when?: fun(): boolean }
---@return repay.decision[]? with `failures`, a list of errors
---@return repay.err?
function journal:reconcile(clients, options) end

---A person's word on an entry that is unknown.
---@param id string
---@param options { as: "accepted"|"absent", record_id?: string, because: string, by?: string }
---@return repay.entry?
---@return repay.err?
function journal:resolve(id, options) end

---Plans a repayment that stands for one without effect.
---@param id string
---@param options { because: string, by?: string }
---@return repay.entry?
---@return repay.err?
function journal:replace(id, options) end

---@param filter? repay.entry_filter
---@return repay.entry[]?
---@return repay.err?
function journal:entries(filter) end

---By its id or by its idempotency key.
---@param id string
---@return repay.entry?
---@return repay.err?
function journal:entry(id) end

---@param id string
---@return repay.explained?
---@return repay.err?
function journal:explain(id) end

---@return table[]?
---@return repay.err?
function journal:batches() end

---What the journal has learnt of the client's provider.
---@param with repay.client
---@param name "list_shows_records"|"receipt_id_is_record_id"
---@return boolean?
function journal:fact(with, name) end

---@return { pages: integer, pages_without_checksum: integer, entries: integer, events: integer }?
---@return repay.err?
function journal:verify() end

---@param path string where nothing is yet
---@return true?
---@return repay.err?
function journal:backup(path) end

---@return true
function journal:close() end

---Opens the journal of repayments at a path, and makes it if there is none.
---@param path string
---@param options? repay.journal_options
---@return repay.journal?
---@return repay.err?
function repay.journal(path, options) end

---@class repay.limits
---@field per_run_minor? repay.minor
---@field per_account_minor? repay.minor
---@field per_day_minor? repay.minor

---@class repay.file_problem
---@field line integer
---@field column integer
---@field name? string
---@field message string

---@class repay.file_options
---@field journal repay.journal
---@field client? repay.client or
---@field clients? table<string, repay.client> by the names in the column `profile`
---@field dry_run? boolean
---@field confirm? fun(result: repay.file_result): boolean
---@field limits? repay.limits
---@field canary? boolean true
---@field check_lists? boolean true
---@field new_journal? boolean
---@field send? boolean true; false plans, and approves within limits, only
---@field on_progress? repay.progress
---@field stop_when? fun(): boolean
---@field reconcile? boolean true
---@field summary? string where the summary is written
---@field name? string of the batch: the file's name
---@field because? string
---@field by? string

---@class repay.file_row
---@field line integer 1 where there is no file
---@field client repay.client
---@field planned table what is planned of it
---@field id? string
---@field state? repay.entry_state absent where it is new
---@field existing boolean it had an entry before
---@field entry? repay.entry
---@field warnings string[]

---@class repay.file_change
---@field batch integer
---@field name string
---@field planned_ms integer
---@field new integer rows that are not in the journal

---@class repay.file_result
---@field stage "dry_run"|"planned"|"done"
---@field path? string
---@field batch? integer
---@field rows repay.file_row[]
---@field states table<string, integer>
---@field totals table<string, repay.minor> by currency
---@field warnings integer
---@field table string
---@field changed? repay.file_change since the file was planned
---@field run? repay.run_result
---@field decisions? repay.decision[]

---Records the repayments of a CSV file through a journal.
---@param path string
---@param options repay.file_options
---@return repay.file_result?
---@return repay.err?
function repay.workflow.repay_file(path, options) end

---@class repay.one_options
---@field journal repay.journal
---@field client repay.client
---@field dry_run? boolean
---@field today? string the day of a repayment without one: the client's
---@field limits? repay.limits
---@field check_lists? boolean true
---@field send? boolean true; false plans, and approves within limits, only
---@field on_progress? repay.progress
---@field stop_when? fun(): boolean
---@field reconcile? boolean true
---@field because? string why one that is held goes all the same
---@field by? string

---@class repay.one_result: repay.file_result
---@field entry? repay.entry absent in a dry run of what is new
---@field existing boolean it had an entry before
---@field planned table what is planned of it
---@field warned string[]
---@field err? repay.err how its last attempt ended

---Records one repayment through a journal, however often it is said.
---@param repayment repay.repayment
---@param options repay.one_options
---@return repay.one_result?
---@return repay.err?
function repay.workflow.repay_one(repayment, options) end

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
