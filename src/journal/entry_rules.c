/*
 * Owns what may happen to an entry. Refuses every move that could record a payment twice or lose
 * sight of one; what is not proven stays in doubt.
 */
#include "entry_rules.h"

/* Where each state may go. One step of the machine is one bit. */
#define TO(name) (1u << REPAY_ENTRY_##name)

static const uint32_t legal_moves[REPAY_ENTRY_STATE_COUNT] = {
    [REPAY_ENTRY_PLANNED] = TO(APPROVED) | TO(CANCELLED) | TO(EXPIRED),
    [REPAY_ENTRY_APPROVED] = TO(SENDING) | TO(CANCELLED),
    [REPAY_ENTRY_SENDING] =
        TO(SENDING) | TO(APPROVED) | TO(ACCEPTED) | TO(REJECTED) | TO(REFUSED) | TO(UNKNOWN),
    [REPAY_ENTRY_ACCEPTED] = TO(VERIFIED),
    [REPAY_ENTRY_UNKNOWN] = TO(ACCEPTED) | TO(ABSENT) | TO(SENDING),
};

bool repay_entry_move_is_legal(enum repay_entry_mode mode, enum repay_entry_state from,
                               enum repay_entry_state to)
{
    /* Sending again what may have arrived is what keys are for. */
    if (mode != REPAY_MODE_KEYED && to == REPAY_ENTRY_SENDING && from != REPAY_ENTRY_APPROVED)
        return false;
    return (legal_moves[from] & 1u << to) != 0;
}

bool repay_entry_is_final(enum repay_entry_state state)
{
    return legal_moves[state] == 0;
}

bool repay_entry_is_replaceable(enum repay_entry_state state)
{
    return repay_entry_is_final(state) && state != REPAY_ENTRY_VERIFIED;
}

/*
 * The wall clock says less than has passed since the first send: it was set back, whether or not an
 * event was written before that. Since another start of the machine at least its running time has
 * passed.
 */
static bool has_lost_time(struct repay_moment_facts moment,
                          const struct repay_entry_standing *standing)
{
    int64_t since_ms = moment.now_ms - standing->first_sent_ms;
    int64_t passed_ms = moment.boot_ms;

    if (moment.boot == 0 || standing->boot == 0)
        return false;
    if (moment.boot == standing->boot)
        passed_ms -= standing->boot_ms;
    return passed_ms - since_ms > REPAY_JOURNAL_BACKWARD_MAX_MS;
}

int64_t repay_clock_gained(struct repay_moment_facts moment,
                           const struct repay_entry_standing *standing)
{
    int64_t gained_ms =
        moment.now_ms - standing->first_sent_ms - (moment.boot_ms - standing->boot_ms);

    if (moment.boot == 0 || moment.boot != standing->boot || gained_ms < 0)
        return 0;
    return gained_ms;
}

static bool has_window(const struct repay_entry_standing *standing)
{
    return standing->resend_until_ms > standing->first_sent_ms;
}

void repay_entry_close_window(struct repay_entry_standing *standing)
{
    if (has_window(standing))
        standing->resend_until_ms = standing->first_sent_ms;
}

bool repay_entry_has_lost_time(const struct repay_entry_standing *standing)
{
    return standing->state == REPAY_ENTRY_UNKNOWN && standing->first_sent_ms != 0 &&
           standing->resend_until_ms == standing->first_sent_ms;
}

bool repay_entry_lose_time(struct repay_entry_standing *standing, int64_t now_ms)
{
    bool may_have_arrived =
        standing->state == REPAY_ENTRY_SENDING || standing->state == REPAY_ENTRY_UNKNOWN;

    if (!may_have_arrived || !has_window(standing))
        return false;
    repay_entry_close_window(standing);
    standing->changed_ms = now_ms;
    standing->reason = repay_text_of(repay_claim_word(REPAY_CLAIM_CLOCK));
    return true;
}

/*
 * Whether what may have arrived may be sent once more with its key. The window was fixed by the
 * first send and only shrinks.
 */
static enum repay_claim may_resend(const struct repay_journal_policy *policy,
                                   enum repay_entry_mode mode, struct repay_moment_facts moment,
                                   const struct repay_entry_standing *standing)
{
    if (mode != REPAY_MODE_KEYED)
        return REPAY_CLAIM_NOT_KEYED;
    /* Closed: by whom stands there as the reason, until another one does. */
    if (!has_window(standing))
        return repay_text_is(standing->reason, repay_claim_word(REPAY_CLAIM_CLOCK))
                   ? REPAY_CLAIM_CLOCK
                   : REPAY_CLAIM_WINDOW_OVER;
    if (moment.clock_went_back || moment.now_ms < standing->first_sent_ms ||
        has_lost_time(moment, standing))
        return REPAY_CLAIM_CLOCK;
    if (moment.now_ms >= standing->resend_until_ms)
        return REPAY_CLAIM_WINDOW_OVER;
    if (standing->attempts >= policy->attempts_max)
        return REPAY_CLAIM_ATTEMPTS_USED;
    return REPAY_CLAIM_OK;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/*
 * The last moment at which a repetition may begin: the provider may forget the key `window` after
 * the first send, and a request that begins now may arrive a whole timeout later, by a clock that
 * is off by `skew`.
 */
static int64_t resend_until(const struct repay_journal_policy *policy, int64_t now_ms,
                            int64_t timeout_ms)
{
    return now_ms + policy->window_ms - timeout_ms - policy->settle_ms - policy->skew_ms -
           policy->margin_ms;
}

enum repay_claim repay_entry_claim(const struct repay_journal_policy *policy,
                                   enum repay_entry_mode mode, struct repay_moment_facts moment,
                                   int64_t timeout_ms, struct repay_entry_standing *standing)
{
    bool is_first = standing->state == REPAY_ENTRY_APPROVED;
    enum repay_claim answer = REPAY_CLAIM_OK;

    if (!is_first && standing->state != REPAY_ENTRY_SENDING &&
        standing->state != REPAY_ENTRY_UNKNOWN)
        return REPAY_CLAIM_WRONG_STATE;
    if (!is_first)
        answer = may_resend(policy, mode, moment, standing);
    if (answer != REPAY_CLAIM_OK)
        return answer;
    if (is_first) {
        standing->first_sent_ms = moment.now_ms;
        standing->boot = moment.boot;
        standing->boot_ms = moment.boot_ms;
        standing->resend_until_ms = resend_until(policy, moment.now_ms, timeout_ms);
    }
    standing->state = REPAY_ENTRY_SENDING;
    standing->tries++;
    standing->attempts++;
    /* Counted before anything is sent, so that a crash leaves the doubt and not the hope. */
    standing->doubtful++;
    standing->deadline_ms = later(standing->deadline_ms, moment.now_ms + timeout_ms);
    standing->settle_until_ms = standing->deadline_ms + policy->settle_ms;
    standing->unseen_ms = 0;
    standing->changed_ms = moment.now_ms;
    standing->reason = REPAY_TEXT("claimed");
    return REPAY_CLAIM_OK;
}

const char *repay_claim_word(enum repay_claim claim)
{
    static const char *const words[] = {"claimed",     "wrong_state",   "not_keyed",
                                        "window_over", "attempts_used", "clock_went_back"};

    return words[claim];
}

const char *repay_claim_text(enum repay_claim claim)
{
    static const char *const texts[] = {
        "it may be sent",
        "it is not in a state that may be sent",
        "an attempt may have arrived and the provider's keys are not proven",
        "the provider may have forgotten its key",
        "all its attempts are used",
        "the wall clock went back, so the key's window cannot be trusted",
    };

    return texts[claim];
}

/* Full jitter over a ceiling that doubles with each attempt; the provider's wish goes first. */
static int64_t wait_before_next(const struct repay_journal_policy *policy, int64_t attempts,
                                const struct repay_attempt_end *end)
{
    int64_t ceiling = policy->retry_base_ms;

    if (end->retry_after_ms >= 0)
        return end->retry_after_ms;
    for (int64_t i = 1; i < attempts && ceiling < policy->retry_cap_ms; i++)
        ceiling *= 2;
    if (ceiling > policy->retry_cap_ms)
        ceiling = policy->retry_cap_ms;
    return ceiling > 0 ? (int64_t)(end->random % ((uint64_t)ceiling + 1)) : 0;
}

/* Doubt remains: once more where the key allows it, else it is the list's question, or a person's.
 */
static struct repay_settlement stay_in_doubt(const struct repay_journal_policy *policy,
                                             enum repay_entry_mode mode,
                                             struct repay_moment_facts moment,
                                             const struct repay_attempt_end *end,
                                             struct repay_entry_standing *standing)
{
    struct repay_settlement settlement = {.why = "may_have_arrived"};
    enum repay_claim answer = may_resend(policy, mode, moment, standing);

    if (answer == REPAY_CLAIM_OK) {
        settlement.again = true;
        settlement.wait_ms = wait_before_next(policy, standing->attempts, end);
        return settlement;
    }
    standing->state = REPAY_ENTRY_UNKNOWN;
    settlement.why = repay_claim_word(answer);
    return settlement;
}

/* It certainly has no effect on this attempt: only earlier ones count from here on. */
static void take_back(struct repay_entry_standing *standing)
{
    standing->doubtful--;
    standing->attempts--;
}

static struct repay_settlement settle_not_sent(const struct repay_journal_policy *policy,
                                               enum repay_entry_mode mode,
                                               struct repay_moment_facts moment,
                                               const struct repay_attempt_end *end,
                                               struct repay_entry_standing *standing)
{
    struct repay_settlement settlement;

    take_back(standing);
    if (standing->doubtful > 0) {
        settlement = stay_in_doubt(policy, mode, moment, end, standing);
    } else {
        standing->state = REPAY_ENTRY_APPROVED;
        standing->first_sent_ms = 0;
        standing->boot = 0;
        standing->boot_ms = 0;
        standing->resend_until_ms = 0;
        standing->deadline_ms = 0;
        standing->settle_until_ms = 0;
        standing->before_list = 0;
        settlement = (struct repay_settlement){.why = "not_sent"};
    }
    /* A credential that is refused once is refused for every row. */
    if (end->kind == REPAY_KIND_AUTH || end->kind == REPAY_KIND_CONFIG) {
        settlement.stops = true;
        if (settlement.again) {
            settlement.again = false;
            standing->state = REPAY_ENTRY_UNKNOWN;
        }
    }
    return settlement;
}

/*
 * A refusal speaks of the attempt that met it. If an earlier one may have arrived, what is refused
 * now may be the second of two: "loan closed", closed by the first. And a provider that knows the
 * key already has seen it before, whatever our journal remembers.
 */
static struct repay_settlement settle_refused(const struct repay_attempt_end *end,
                                              struct repay_entry_standing *standing)
{
    bool key_was_seen = end->kind == REPAY_KIND_KEY_REUSED || end->kind == REPAY_KIND_CONFLICT;
    struct repay_settlement settlement = {.stops = end->kind == REPAY_KIND_KEY_REUSED};

    if (standing->doubtful > 1 || key_was_seen) {
        standing->state = REPAY_ENTRY_UNKNOWN;
        repay_entry_close_window(standing);
        settlement.why = key_was_seen ? "key_was_seen_before" : "refused_after_doubt";
        return settlement;
    }
    take_back(standing);
    standing->state = end->kind == REPAY_KIND_REJECTED ? REPAY_ENTRY_REJECTED : REPAY_ENTRY_REFUSED;
    settlement.why = end->kind == REPAY_KIND_REJECTED ? "rejected" : "refused";
    return settlement;
}

/*
 * One record settles one payment. A receipt that was given before proves the other payment, and of
 * this one nothing.
 */
static struct repay_settlement settle_accepted(const struct repay_attempt_end *end,
                                               struct repay_entry_standing *standing)
{
    if (!end->receipt_is_anothers) {
        standing->state = REPAY_ENTRY_ACCEPTED;
        return (struct repay_settlement){.why = "accepted"};
    }
    standing->state = REPAY_ENTRY_UNKNOWN;
    repay_entry_close_window(standing);
    return (struct repay_settlement){.why = "receipt_of_another"};
}

struct repay_settlement repay_entry_settle(const struct repay_journal_policy *policy,
                                           enum repay_entry_mode mode,
                                           struct repay_moment_facts moment,
                                           const struct repay_attempt_end *end,
                                           struct repay_entry_standing *standing)
{
    struct repay_settlement settlement = {.why = NULL};

    switch (end->outcome) {
    case REPAY_ATTEMPT_ACCEPTED:
        settlement = settle_accepted(end, standing);
        break;
    case REPAY_ATTEMPT_NOT_SENT:
        settlement = settle_not_sent(policy, mode, moment, end, standing);
        break;
    case REPAY_ATTEMPT_REFUSED:
        settlement = settle_refused(end, standing);
        break;
    case REPAY_ATTEMPT_UNKNOWN:
        settlement = stay_in_doubt(policy, mode, moment, end, standing);
        break;
    }
    standing->changed_ms = moment.now_ms;
    standing->reason = repay_text_of(settlement.why);
    return settlement;
}

/* What a reader of the list wrote as reason when only a person can go on. */
static bool asks_for_a_person(struct repay_text reason)
{
    static const char *const words[] = {"ambiguous",      "list_cannot_show",
                                        "account_moved",  "key_was_seen_before",
                                        "too_many_alike", "receipt_of_another"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (repay_text_is(reason, words[i]))
            return true;
    }
    return false;
}

static struct repay_next next_of_unknown(const struct repay_journal_policy *policy,
                                         enum repay_entry_mode mode,
                                         struct repay_moment_facts moment, bool is_owned,
                                         const struct repay_entry_standing *standing)
{
    struct repay_next next = {REPAY_ACTION_RECONCILE, 0, "settled"};
    enum repay_claim answer = may_resend(policy, mode, moment, standing);

    if (is_owned)
        return (struct repay_next){REPAY_ACTION_HELD, 0, "under_way"};
    if (answer == REPAY_CLAIM_OK)
        return (struct repay_next){REPAY_ACTION_RESEND, 0, "key_is_honoured"};
    if (moment.now_ms < standing->settle_until_ms)
        return (struct repay_next){REPAY_ACTION_WAIT, standing->settle_until_ms,
                                   answer == REPAY_CLAIM_CLOCK ? repay_claim_word(answer)
                                                               : "may_arrive"};
    if (standing->unseen_ms > 0 && moment.now_ms < standing->unseen_ms + policy->settle_ms)
        return (struct repay_next){REPAY_ACTION_WAIT, standing->unseen_ms + policy->settle_ms,
                                   "not_in_one_list"};
    if (asks_for_a_person(standing->reason)) {
        next.action = REPAY_ACTION_ASK;
        next.why = "list_cannot_decide";
    }
    return next;
}

/*
 * The one word on an entry that a dead process left: who recovers writes the move, who only asks
 * does not, and both are told what comes after it.
 */
static struct repay_next next_of_sending(const struct repay_journal_policy *policy,
                                         enum repay_entry_mode mode,
                                         struct repay_moment_facts moment, bool is_owned,
                                         struct repay_entry_standing *standing)
{
    enum repay_claim answer;

    if (is_owned)
        return (struct repay_next){REPAY_ACTION_HELD, 0, "under_way"};
    answer = may_resend(policy, mode, moment, standing);
    if (answer == REPAY_CLAIM_OK)
        return (struct repay_next){REPAY_ACTION_RESEND, 0, "owner_died"};
    standing->state = REPAY_ENTRY_UNKNOWN;
    standing->changed_ms = moment.now_ms;
    standing->reason = repay_text_of(repay_claim_word(answer));
    /* The clock may be put forward again and the window would seem open. */
    if (answer == REPAY_CLAIM_CLOCK)
        repay_entry_close_window(standing);
    return next_of_unknown(policy, mode, moment, is_owned, standing);
}

struct repay_next repay_entry_next(const struct repay_journal_policy *policy,
                                   enum repay_entry_mode mode, struct repay_moment_facts moment,
                                   bool is_owned, struct repay_entry_standing *standing)
{
    switch (standing->state) {
    case REPAY_ENTRY_PLANNED:
        return (struct repay_next){REPAY_ACTION_APPROVE, 0, "not_approved"};
    case REPAY_ENTRY_APPROVED:
        return (struct repay_next){is_owned ? REPAY_ACTION_HELD : REPAY_ACTION_SEND, 0,
                                   is_owned ? "under_way" : "not_sent"};
    case REPAY_ENTRY_SENDING:
        return next_of_sending(policy, mode, moment, is_owned, standing);
    case REPAY_ENTRY_UNKNOWN:
        return next_of_unknown(policy, mode, moment, is_owned, standing);
    case REPAY_ENTRY_ACCEPTED:
        if (moment.now_ms >= standing->changed_ms + policy->stale_after_ms)
            return (struct repay_next){REPAY_ACTION_STALE, 0, "not_verified_in_time"};
        return (struct repay_next){REPAY_ACTION_VERIFY, 0, "not_verified"};
    default:
        return (struct repay_next){REPAY_ACTION_NONE, 0, "final"};
    }
}

const char *repay_action_name(enum repay_action action)
{
    static const char *const names[REPAY_ACTION_COUNT] = {
#define X(name, text) text,
        REPAY_ACTIONS(X)
#undef X
    };

    return names[action];
}
