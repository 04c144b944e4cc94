/*
 * Owns the matching of the provider's records with entries. Refuses to guess: with one record too
 * many nobody is matched, and nothing is called absent that could merely be unseen.
 */
#include "reconcile.h"

#include "date.h"
#include "money.h"

#define DAY_MS         REPAY_JOURNAL_DAY_MS
#define SECONDS_LENGTH 19 /* 2024-01-15T10:30:00 */
#define RECORD_NONE    SIZE_MAX

/* What is at stake in one tuple: the records that could be someone's, and who has which. */
struct match {
    const struct repay_core_api *core;
    const struct repay_journal_policy *policy;
    const struct repay_tuple *tuple;
    struct repay_claimant *claimants;
    size_t count;
    size_t order[REPAY_MATCH_MAX];   /* claimants: who surely has a record first, then by time */
    size_t records[REPAY_MATCH_MAX]; /* numbers of the records that are candidates of someone */
    size_t record_count;
    uint64_t candidates[REPAY_MATCH_MAX]; /* by claimant: bits by place in `records` */
    size_t taken_by[REPAY_MATCH_MAX];     /* by place in `records`: the claimant, or RECORD_NONE */
    bool is_dropped[REPAY_MATCH_MAX];     /* by claimant: cannot compete for what is new */
};

static bool has_record(const struct repay_claimant *claimant)
{
    return claimant->now.state == REPAY_ENTRY_ACCEPTED ||
           claimant->now.state == REPAY_ENTRY_VERIFIED;
}

static bool read_two(const char *text, int64_t *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *out = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

/* "+01:00" behind the seconds or their fraction, as milliseconds. */
static bool read_offset(struct repay_text rest, int64_t *out)
{
    int64_t hours, minutes;

    while (rest.length > 6 &&
           (rest.data[0] == '.' || (rest.data[0] >= '0' && rest.data[0] <= '9'))) {
        rest.data++;
        rest.length--;
    }
    if (rest.length != 6 || (rest.data[0] != '+' && rest.data[0] != '-') || rest.data[3] != ':' ||
        !read_two(rest.data + 1, &hours) || !read_two(rest.data + 4, &minutes))
        return false;
    *out = (hours * 60 + minutes) * 60000 * (rest.data[0] == '-' ? -1 : 1);
    return true;
}

/* The first and the last millisecond that the text can mean. False: it excludes nothing. */
static bool range_of(const struct repay_core_api *core, struct repay_text created, int64_t *first,
                     int64_t *last)
{
    char utc[SECONDS_LENGTH + 1];
    int64_t packed, offset;

    if (core->moment_pack(created, &packed)) {
        bool is_day = repay_moment_form_of(packed) == REPAY_MOMENT_DAY;
        int64_t moment = packed >> 2;

        *first = is_day ? moment - DAY_MS : moment;
        *last = is_day ? moment + 2 * DAY_MS - 1 : moment + 999;
        return true;
    }
    if (created.length <= SECONDS_LENGTH ||
        !read_offset(
            (struct repay_text){created.data + SECONDS_LENGTH, created.length - SECONDS_LENGTH},
            &offset))
        return false;
    memcpy(utc, created.data, SECONDS_LENGTH);
    utc[SECONDS_LENGTH] = 'Z';
    if (!core->moment_pack((struct repay_text){utc, sizeof utc}, &packed))
        return false;
    *first = (packed >> 2) - offset;
    *last = *first + 999;
    return true;
}

bool repay_record_is_excluded(const struct repay_core_api *core, struct repay_text created,
                              int64_t from_ms, int64_t to_ms)
{
    int64_t first, last;

    return range_of(core, created, &first, &last) && (last < from_ms || first > to_ms);
}

bool repay_record_is_dated(const struct repay_core_api *core, struct repay_text created)
{
    int64_t first, last;

    return range_of(core, created, &first, &last);
}

bool repay_record_may_follow(const struct repay_core_api *core, struct repay_text created,
                             struct repay_text payment_date)
{
    int64_t first, last;
    int32_t day;

    if (!range_of(core, created, &first, &last) || !core->day_read(payment_date, &day))
        return true;
    /* A day in the provider's zone may begin up to 14 hours before ours in UTC. */
    return last >= (int64_t)day * DAY_MS - 14 * (DAY_MS / 24);
}

bool repay_status_is_verified(struct repay_text status)
{
    return repay_text_equal_fold(status, REPAY_TEXT("verified")) ||
           repay_text_equal_fold(status, REPAY_TEXT("paid"));
}

/* Two receipts with one id are one record, whoever it is of. */
static bool is_bound_by_id(const struct match *match, size_t number)
{
    for (size_t i = 0; i < match->count; i++) {
        if (match->claimants[i].decision == REPAY_DECISION_BIND &&
            match->claimants[i].record == number)
            return true;
    }
    return false;
}

/* The record says that it was made before or after the entry was under way. */
static bool is_outside(const struct match *match, const struct repay_claimant *claimant,
                       size_t number)
{
    const struct repay_entry_standing *now = &claimant->now;

    return repay_record_is_excluded(match->core, match->tuple->records[number].created,
                                    now->first_sent_ms - match->policy->skew_ms,
                                    now->settle_until_ms + match->policy->skew_ms);
}

static bool is_candidate(const struct match *match, const struct repay_claimant *claimant,
                         size_t number)
{
    const struct repay_tuple *tuple = match->tuple;
    const struct repay_record *record = &tuple->records[number];
    const struct repay_entry_standing *now = &claimant->now;

    if (record->is_bound || record->is_repeated || claimant->was_before[number] ||
        record->amount_minor != tuple->amount_minor ||
        !repay_text_equal(record->account, tuple->account))
        return false;
    if (claimant->decision == REPAY_DECISION_BIND)
        return number == claimant->record;
    if (is_bound_by_id(match, number))
        return false;
    /* Where the receipt's id is the record's, no other record is this entry's. */
    if (tuple->receipt_is_record && has_record(claimant) && now->receipt_id.length > 0)
        return repay_text_equal(record->id, now->receipt_id);
    return repay_entry_has_lost_time(now) || !is_outside(match, claimant, number);
}

/* False when there are more than fit. */
static bool find_candidates(struct match *match)
{
    for (size_t number = 0; number < match->tuple->record_count; number++) {
        uint64_t bit = (uint64_t)1 << match->record_count % REPAY_MATCH_MAX;
        bool is_someones = false;

        for (size_t i = 0; i < match->count; i++) {
            if (match->is_dropped[i] || !is_candidate(match, &match->claimants[i], number))
                continue;
            if (match->record_count == REPAY_MATCH_MAX)
                return false;
            match->candidates[i] |= bit;
            is_someones = true;
        }
        if (is_someones) {
            match->taken_by[match->record_count] = RECORD_NONE;
            match->records[match->record_count++] = number;
        }
    }
    return true;
}

/*
 * An accepted entry whose record had time to show before the others' lists were read has it in
 * those lists, or nowhere: it does not compete for what came later. Without this, a provider that
 * lists only the last year would hand the newest record to the oldest entry.
 */
static void drop_old(struct match *match)
{
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < match->count; i++) {
        if (!has_record(&match->claimants[i]) && match->claimants[i].before_ms < oldest)
            oldest = match->claimants[i].before_ms;
    }
    for (size_t i = 0; i < match->count; i++) {
        const struct repay_claimant *claimant = &match->claimants[i];

        match->is_dropped[i] = has_record(claimant) && claimant->decision != REPAY_DECISION_BIND &&
                               oldest != INT64_MAX && claimant->now.settle_until_ms < oldest;
    }
}

static bool goes_first(const struct repay_claimant *a, const struct repay_claimant *b)
{
    if (has_record(a) != has_record(b))
        return has_record(a);
    /* Whose time is not known gives way to those that a record fits. */
    if (repay_entry_has_lost_time(&a->now) != repay_entry_has_lost_time(&b->now))
        return repay_entry_has_lost_time(&b->now);
    return a->now.first_sent_ms < b->now.first_sent_ms;
}

static void put_in_order(struct match *match)
{
    for (size_t i = 0; i < match->count; i++) {
        size_t at = i;

        for (; at > 0 && goes_first(&match->claimants[i], &match->claimants[match->order[at - 1]]);
             at--)
            match->order[at] = match->order[at - 1];
        match->order[at] = i;
    }
}

/* Kuhn's step: a record for this claimant, moving others to records that suit them as well. */
static bool give_record(struct match *match, size_t claimant, uint64_t *tried)
{
    for (size_t at = 0; at < match->record_count; at++) {
        uint64_t bit = (uint64_t)1 << at;

        if ((match->candidates[claimant] & bit) == 0 || (*tried & bit) != 0)
            continue;
        *tried |= bit;
        if (match->taken_by[at] == RECORD_NONE || give_record(match, match->taken_by[at], tried)) {
            match->taken_by[at] = claimant;
            return true;
        }
    }
    return false;
}

static void set_undecided(struct match *match, enum repay_decision decision, int64_t due_ms,
                          const char *why)
{
    for (size_t i = 0; i < match->count; i++) {
        struct repay_claimant *claimant = &match->claimants[i];

        if (has_record(claimant))
            continue;
        claimant->decision = decision;
        claimant->due_ms = due_ms;
        claimant->why = why;
    }
}

/* Whether it is too early, or the list not good enough, to decide about anyone. */
static bool must_stay(struct match *match)
{
    const struct repay_tuple *tuple = match->tuple;
    int64_t due_ms = 0;
    bool is_under_way = false, is_whole = tuple->list_is_whole;

    for (size_t i = 0; i < match->count; i++) {
        const struct repay_claimant *claimant = &match->claimants[i];

        if (claimant->is_owned || claimant->now.state == REPAY_ENTRY_SENDING)
            is_under_way = true;
        if (!has_record(claimant) && claimant->now.settle_until_ms > due_ms)
            due_ms = claimant->now.settle_until_ms;
        if (!match->is_dropped[i] && !claimant->before_is_whole)
            is_whole = false;
    }
    if (is_under_way)
        set_undecided(match, REPAY_DECISION_WAIT, due_ms, "under_way");
    else if (tuple->moment.now_ms < due_ms)
        set_undecided(match, REPAY_DECISION_WAIT, due_ms, "may_arrive");
    else if (!is_whole)
        set_undecided(match, REPAY_DECISION_STAY, 0, "list_incomplete");
    else
        return false;
    return true;
}

/* Nothing in the list is its record. Whether that proves anything is another question. */
static void decide_unseen(const struct match *match, struct repay_claimant *claimant,
                          bool list_lags)
{
    const struct repay_tuple *tuple = match->tuple;
    int64_t second_ms = claimant->now.unseen_ms + match->policy->settle_ms;

    claimant->decision = REPAY_DECISION_ASK;
    if (list_lags) {
        claimant->decision = REPAY_DECISION_STAY;
        claimant->why = "list_lags";
    } else if (!tuple->list_shows_records) {
        claimant->why = "list_cannot_show";
    } else if (claimant->account_moved) {
        claimant->why = "account_moved";
    } else if (claimant->now.unseen_ms == 0) {
        claimant->decision = REPAY_DECISION_UNSEEN;
        claimant->due_ms = tuple->moment.now_ms + match->policy->settle_ms;
        claimant->why = "not_in_one_list";
    } else if (tuple->moment.now_ms < second_ms) {
        claimant->decision = REPAY_DECISION_WAIT;
        claimant->due_ms = second_ms;
        claimant->why = "not_in_one_list";
    } else {
        claimant->decision = REPAY_DECISION_ABSENT;
        claimant->why = "not_in_two_lists";
    }
}

/*
 * A new row of equal amount is a record of ours where the list is known to show records, or where
 * the row says that it was made in our window. Else it may be the next installment; and outside of a
 * window that nobody can trust it may be ours or a stranger's.
 */
static void decide_seen(const struct match *match, struct repay_claimant *claimant, size_t number)
{
    const struct repay_tuple *tuple = match->tuple;
    bool is_told = tuple->list_shows_records ||
                   repay_record_is_dated(match->core, tuple->records[number].created);
    bool is_proof = is_told && !(repay_entry_has_lost_time(&claimant->now) &&
                                 is_outside(match, claimant, number));

    claimant->record = number;
    claimant->why = is_proof ? "new_record" : "ambiguous";
    if (has_record(claimant))
        claimant->decision = is_proof ? REPAY_DECISION_BIND : REPAY_DECISION_STAY;
    else
        claimant->decision = is_proof ? REPAY_DECISION_ACCEPT : REPAY_DECISION_ASK;
}

static void decide_all(struct match *match)
{
    size_t given[REPAY_MATCH_MAX];
    bool list_lags = false;

    for (size_t i = 0; i < match->count; i++)
        given[i] = RECORD_NONE;
    for (size_t at = 0; at < match->record_count; at++)
        given[match->taken_by[at]] = match->records[at];
    for (size_t i = 0; i < match->count; i++) {
        struct repay_claimant *claimant = &match->claimants[i];

        if (given[i] == RECORD_NONE) {
            list_lags = list_lags || (has_record(claimant) && !match->is_dropped[i]);
            continue;
        }
        if (claimant->decision == REPAY_DECISION_BIND)
            continue;
        decide_seen(match, claimant, given[i]);
    }
    for (size_t i = 0; i < match->count; i++) {
        if (given[i] == RECORD_NONE && !has_record(&match->claimants[i]))
            decide_unseen(match, &match->claimants[i],
                          list_lags && match->tuple->list_shows_records);
    }
}

/* Every record that could be someone's must be exactly one's: one too many is a stranger's. */
static bool match_records(struct match *match)
{
    size_t matched = 0;

    for (size_t i = 0; i < match->count; i++) {
        uint64_t tried = 0;

        if (!match->is_dropped[match->order[i]] && give_record(match, match->order[i], &tried))
            matched++;
    }
    return matched == match->record_count;
}

/* What is accepted gets its record by the receipt's id where the list has that, whatever else is
 * undecided. */
static bool bind_by_id(struct match *match)
{
    bool has_undecided = false;

    for (size_t i = 0; i < match->count; i++) {
        match->claimants[i].decision = REPAY_DECISION_STAY;
        match->claimants[i].why = "nothing_new";
    }
    for (size_t i = 0; i < match->count; i++) {
        struct repay_claimant *claimant = &match->claimants[i];
        struct repay_text id = claimant->now.receipt_id;

        has_undecided = has_undecided || !has_record(claimant);
        if (!has_record(claimant) || id.length == 0)
            continue;
        for (size_t number = 0; number < match->tuple->record_count; number++) {
            const struct repay_record *record = &match->tuple->records[number];

            if (!repay_text_equal(record->id, id) || !is_candidate(match, claimant, number))
                continue;
            claimant->decision = REPAY_DECISION_BIND;
            claimant->record = number;
            claimant->why = "equal_id";
        }
    }
    return has_undecided;
}

void repay_reconcile(const struct repay_core_api *core, const struct repay_journal_policy *policy,
                     const struct repay_tuple *tuple, struct repay_claimant *claimants,
                     size_t count)
{
    struct match match = {
        .core = core, .policy = policy, .tuple = tuple, .claimants = claimants, .count = count};

    if (!bind_by_id(&match) && tuple->receipt_is_record)
        return;
    drop_old(&match);
    if (must_stay(&match))
        return;
    put_in_order(&match);
    if (!find_candidates(&match)) {
        set_undecided(&match, REPAY_DECISION_ASK, 0, "too_many_alike");
        return;
    }
    if (!match_records(&match)) {
        set_undecided(&match, REPAY_DECISION_ASK, 0, "ambiguous");
        return;
    }
    decide_all(&match);
}
