/*
 * repay.native.journal: the journal of src/journal as two classes, for lua/repay/journal.lua.
 *
 * Every rule is on this side; Lua drives the sends, which may yield, and reports how they ended. It
 * links no core object: what it needs of the core comes through repay.native.core. Moments are
 * milliseconds of Unix time and always passed in. A failure is nil and an error object; misuse
 * raises. Tables are read raw; unknown members are ignored here, because Lua has checked names.
 *
 *     native.sqlite                       the library's version
 *     native.schema                       1
 *     native.classes.journal, .owner      the tables of methods, to be extended
 *     native.derive_key{provider, environment, customer, account, installment, amount_minor,
 *         currency, payment_date, reference, ordinal}       -> key
 *     native.random_key(unix_ms)          -> key (UUIDv7)
 *     native.sent_by(call)                -> {method, target, body, key}: what an entry keeps
 *     native.find_similar(records, {account, amount_minor, payment_date})
 *         -> id of a record of equal account and amount created on or after that day, or nil. A
 *            record whose day cannot be read counts.
 *     native.crash_point(name)            in the crash build only
 *     native.open(path, {unix_ms, window_ms, settle_ms, skew_ms, margin_ms, stale_after_ms,
 *         retry_base_ms, retry_cap_ms, attempts_max, busy_ms})        -> journal
 *
 * journal (repay.journal); `o` is always a table with unix_ms, and may have `by`, who did it:
 *     journal.path, .policy               policy: a table of the settings above
 *     journal:plan(rows, o)               -> {batch, entries = {{id, state, key, existing}, …}}
 *         One commit for all rows, or nothing. A row: {provider, environment, label, mode = "keyed"
 *         or "at_most_once", key, key_from = "derived" | "random" | "given", customer, account, loan,
 *         installment, amount_minor, currency, payment_date, reference, ordinal, method, target,
 *         body, arguments = {name = text or whole number, …}, row, hold, replaces, because}.
 *         o.batch = {name, file_sha256} makes a batch. A row whose key or natural key has an entry
 *         adds nothing and is reported as that entry, `existing`; a key whose entry has another
 *         body, amount or account is an error of kind key_reused. Two rows of one call with one key
 *         are duplicate_payment; the error's `rows` names both.
 *     journal:approve(o)                  -> count. o.ids = {…} or o.batch; o.because;
 *         o.automatic, with o.limits = {per_run_minor, per_account_minor, per_day_minor} and
 *         o.day_from_ms (the start of the day): over a limit is limit_exceeded, an entry with a
 *         hold is approval_required, and nothing is approved. Not automatic: no limits; an entry
 *         with a hold needs its id in o.ids and o.because. Entries that are approved already pass.
 *     journal:cancel(id, o)               -> entry. From planned and approved. o.because
 *     journal:expire(o)                   -> count of planned entries older than o.older_than_ms
 *     journal:own(id)                     -> owner; journal_busy while someone else has it
 *     journal:recover(o)                  -> list of {id, state, action, due_ms, why}
 *         for every entry that is not final. Moves what a dead process left: `sending` that may not
 *         be sent again becomes `unknown`. Actions: approve, send, held, resend, wait (until
 *         due_ms), reconcile, ask, verify, stale. A second time it changes nothing.
 *     journal:before(o)                   -> list. The ids known now, for claims of this customer in
 *         this run: o.provider, environment, label, customer, records = {{id, account, balance_minor,
 *         is_paid}, …}, complete = true. Nothing is written until the first claim uses it. An
 *         incomplete list is an error of kind bad_response.
 *     journal:decide(o)                   -> list of {id, from, state, why, evidence, action, due_ms}
 *         o.provider, environment, label, customer; o.records = {{id, account, amount_minor,
 *         created (text as received), balance_minor, is_paid}, …}, o.complete; o.repaid = {{id,
 *         status}, …} or nil. Decides every open entry of that customer, and writes what it decided
 *         with its evidence.
 *     journal:resolve(id, o)              -> entry. o.as = "accepted" | "absent", o.record_id,
 *         o.because; from unknown only
 *     journal:replacement(id, o)          -> a row for plan with the next ordinal and its key, all of
 *         the first one's facts, replaces and because (o.because); Lua adds method, target, body
 *     journal:entries(filter)             -> list of entries; filter: state (a word or a list), batch,
 *         provider, environment, label, customer, account, after (number), limit
 *     journal:entry(id)                   -> entry, or not_found. Also by idempotency key
 *     journal:explain(id, o)              -> {entry, attempts, events, action, due_ms, why}
 *     journal:batches()                   -> list of {number, name, file_sha256, row_count, …}
 *     journal:fact(o, name)               -> true, false or nil. "list_shows_records",
 *         "receipt_id_is_record_id" of o.provider, environment, label
 *     journal:find_recent(o)              -> id of an entry of equal o.account, amount_minor, currency,
 *         provider, environment planned after o.since_ms and not known to be without effect, or nil
 *     journal:verify()                    -> {pages, entries, events}, or journal_corrupt
 *     journal:backup(path)                -> true
 *     journal:close()
 *
 * entry: a plain table of everything: number, id, state, mode, key, key_from, provider, environment,
 *     label, customer, account, loan, installment, amount_minor, currency, payment_date, reference,
 *     ordinal, arguments, method, target, body, batch, row, hold, replaces (id), because, attempts,
 *     doubtful, first_sent_ms, deadline_ms, resend_until_ms, settle_until_ms, unseen_ms, planned_ms,
 *     approved_ms, changed_ms, receipt_id, record_id, provider_status, reason.
 *
 * owner (repay.owner): the lock of one entry, until it is closed, collected, or its process dies
 *     owner.id
 *     owner:claim(call, o)                -> {attempt, deadline_ms, state = "sending"}
 *         On disk before it returns; then send. The call must be the entry's own: its key, method,
 *         target and body are compared byte for byte. o.before = what journal:before gave, or false
 *         where the provider has no list; needed when nothing may have been sent yet.
 *         Another claim of the same owner is the next attempt.
 *     owner:settle(o)                     -> {state, again, wait_ms, stop, why}
 *         o.outcome = "accepted" | "not_sent" | "refused" | "unknown"; o.kind, http_status,
 *         receipt_id, verification_status, message, interaction_id, retry_after_ms. `again`: claim
 *         once more after wait_ms, keeping the owner. `stop`: send nothing more of the batch. Call
 *         it before anyone hears how the attempt ended.
 *     owner:close()
 */
