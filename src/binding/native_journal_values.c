/*
 * Entries, arguments and failures of the journal as Lua values.
 *
 * Arguments of a call are kept in one blob, in a form that both VMs read: for each, in the order of
 * the names, the name, a letter for the type, and the text, each with its length before it.
 */
#include "native_journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua_arguments.h"
#include "lua_error.h"

#define ARGUMENTS_MAX 32
#define NUMBER_MAX    24

void repay_lua_set_text(lua_State *L, const char *name, struct repay_text text)
{
    if (text.length == 0)
        return;
    lua_pushlstring(L, text.data, text.length);
    lua_setfield(L, -2, name);
}

void repay_lua_set_number(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

void repay_lua_set_moment(lua_State *L, const char *name, int64_t value)
{
    if (value != 0)
        repay_lua_set_number(L, name, value);
}

bool repay_lua_flag_field(lua_State *L, int table, const char *name)
{
    bool flag;

    repay_lua_raw_field(L, table, name);
    flag = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return flag;
}

int repay_lua_journal_failure(lua_State *L, const struct repay_error *error, const char *entry)
{
    const struct repay_core_api *core = &repay_lua_journal_api(L)->core;

    lua_pushnil(L);
    lua_createtable(L, 0, 8);
    repay_lua_set_text(L, "kind", repay_text_of(core->kind_name(error->kind)));
    repay_lua_set_text(L, "outcome", REPAY_TEXT("not_sent"));
    lua_pushstring(L, error->message);
    lua_setfield(L, -2, "message");
    repay_lua_set_text(L, "entry", repay_text_of(entry));
    lua_pushboolean(L, error->kind == REPAY_KIND_JOURNAL_BUSY);
    lua_setfield(L, -2, "retryable");
    lua_createtable(L, 0, 0);
    lua_setfield(L, -2, "attempts");
    luaL_getmetatable(L, REPAY_LUA_ERROR);
    (void)lua_setmetatable(L, -2);
    return 2;
}

void repay_lua_read_natural(lua_State *L, int table, struct repay_natural *out)
{
    *out = (struct repay_natural){
        .provider = repay_lua_text_field(L, table, "provider"),
        .environment = repay_lua_text_field(L, table, "environment"),
        .customer = repay_lua_text_field(L, table, "customer"),
        .account = repay_lua_text_field(L, table, "account"),
        .installment = repay_lua_text_field(L, table, "installment"),
        .currency = repay_lua_text_field(L, table, "currency"),
        .payment_date = repay_lua_text_field(L, table, "payment_date"),
        .reference = repay_lua_text_field(L, table, "reference"),
        .ordinal = 1,
    };
    if (!repay_lua_integer_field(L, table, "amount_minor", &out->amount_minor))
        (void)luaL_error(L, "option 'amount_minor' is missing");
    (void)repay_lua_integer_field(L, table, "ordinal", &out->ordinal);
}

struct repay_act repay_lua_read_act(lua_State *L, int index)
{
    struct repay_act act = {.unix_ms = 0};

    luaL_checktype(L, index, LUA_TTABLE);
    if (!repay_lua_integer_field(L, index, "unix_ms", &act.unix_ms) || act.unix_ms <= 0)
        (void)luaL_error(L, "option 'unix_ms' must be a moment");
    act.by = repay_lua_text_field(L, index, "by");
    act.because = repay_lua_text_field(L, index, "because");
    return act;
}

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;

    return strcmp(*a, *b);
}

static void add_part(luaL_Buffer *buffer, const char *data, size_t length)
{
    for (unsigned i = 0; i < 4; i++)
        luaL_addchar(buffer, (char)(unsigned char)(length >> (24 - 8 * i)));
    luaL_addlstring(buffer, data, length);
}

static void add_value(lua_State *L, luaL_Buffer *buffer, int table, const char *name)
{
    char digits[NUMBER_MAX];
    int64_t number = 0;

    repay_lua_raw_field(L, table, name);
    if (lua_type(L, -1) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);

        /* The table keeps the string: a buffer wants its own place on top of the stack. */
        lua_pop(L, 1);
        luaL_addchar(buffer, 's');
        add_part(buffer, text, length);
        return;
    }
    if (!repay_lua_to_integer(L, -1, &number))
        (void)luaL_error(L, "argument '%s' must be a string or a whole number, got %s", name,
                         luaL_typename(L, -1));
    lua_pop(L, 1);
    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    luaL_addchar(buffer, 'i');
    add_part(buffer, digits, strlen(digits));
}

struct repay_text repay_lua_pack_arguments(lua_State *L, int index)
{
    const char *names[ARGUMENTS_MAX];
    size_t count = 0;
    struct repay_text packed;
    luaL_Buffer buffer;

    index = lua_absindex(L, index);
    if (lua_istable(L, index)) {
        lua_pushnil(L);
        while (lua_next(L, index) != 0) {
            lua_pop(L, 1);
            if (lua_type(L, -1) != LUA_TSTRING || count == ARGUMENTS_MAX)
                (void)luaL_error(L, "arguments are at most %d named values", ARGUMENTS_MAX);
            names[count++] = lua_tostring(L, -1);
        }
    }
    qsort(names, count, sizeof *names, compare_names);
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < count; i++) {
        add_part(&buffer, names[i], strlen(names[i]));
        add_value(L, &buffer, index, names[i]);
    }
    luaL_pushresult(&buffer);
    packed.data = lua_tolstring(L, -1, &packed.length);
    return packed;
}

static bool take_part(struct repay_text *rest, struct repay_text *out)
{
    size_t length = 0;

    if (rest->length < 4)
        return false;
    for (unsigned i = 0; i < 4; i++)
        length = length << 8 | (unsigned char)rest->data[i];
    if (length > rest->length - 4)
        return false;
    *out = (struct repay_text){rest->data + 4, length};
    rest->data += 4 + length;
    rest->length -= 4 + length;
    return true;
}

static int64_t number_of(struct repay_text digits)
{
    bool is_negative = digits.length > 0 && digits.data[0] == '-';
    int64_t value = 0;

    for (size_t i = is_negative ? 1 : 0; i < digits.length && i < 17; i++)
        value = value * 10 + (digits.data[i] - '0');
    return is_negative ? -value : value;
}

void repay_lua_push_arguments(lua_State *L, struct repay_text packed)
{
    struct repay_text name, value;

    lua_createtable(L, 0, 8);
    while (take_part(&packed, &name) && packed.length > 0) {
        char type = packed.data[0];

        packed.data++;
        packed.length--;
        if (!take_part(&packed, &value))
            return;
        lua_pushlstring(L, name.data, name.length);
        if (type == 'i')
            lua_pushinteger(L, (lua_Integer)number_of(value));
        else
            lua_pushlstring(L, value.data, value.length);
        lua_rawset(L, -3);
    }
}

static void set_facts(lua_State *L, const struct repay_entry_facts *facts)
{
    const struct repay_natural *natural = &facts->natural;

    repay_lua_set_text(L, "id", facts->id);
    repay_lua_set_text(L, "mode", repay_text_of(repay_entry_mode_name(facts->mode)));
    repay_lua_set_text(L, "key", facts->key);
    repay_lua_set_text(L, "key_from", facts->key_from);
    repay_lua_set_text(L, "provider", natural->provider);
    repay_lua_set_text(L, "environment", natural->environment);
    repay_lua_set_text(L, "label", facts->label);
    repay_lua_set_text(L, "customer", natural->customer);
    repay_lua_set_text(L, "account", natural->account);
    repay_lua_set_text(L, "loan", facts->loan);
    repay_lua_set_text(L, "installment", natural->installment);
    repay_lua_set_number(L, "amount_minor", natural->amount_minor);
    repay_lua_set_text(L, "currency", natural->currency);
    repay_lua_set_text(L, "payment_date", natural->payment_date);
    repay_lua_set_text(L, "reference", natural->reference);
    repay_lua_set_number(L, "ordinal", natural->ordinal);
    repay_lua_set_text(L, "method", facts->method);
    repay_lua_set_text(L, "target", facts->target);
    repay_lua_set_text(L, "body", facts->body);
    repay_lua_push_arguments(L, facts->arguments);
    lua_setfield(L, -2, "arguments");
    repay_lua_set_moment(L, "batch", facts->batch);
    repay_lua_set_moment(L, "row", facts->row);
    repay_lua_set_text(L, "hold", facts->hold);
    repay_lua_set_moment(L, "replaces", facts->replaces);
    repay_lua_set_text(L, "because", facts->because);
    repay_lua_set_number(L, "planned_ms", facts->planned_ms);
}

void repay_lua_push_entry(lua_State *L, const struct repay_entry *entry)
{
    const struct repay_entry_standing *now = &entry->now;

    lua_createtable(L, 0, 44);
    repay_lua_set_number(L, "number", entry->number);
    set_facts(L, &entry->facts);
    repay_lua_set_text(L, "state", repay_text_of(repay_entry_state_name(now->state)));
    repay_lua_set_number(L, "attempts", now->attempts);
    repay_lua_set_number(L, "doubtful", now->doubtful);
    repay_lua_set_number(L, "tries", now->tries);
    repay_lua_set_moment(L, "first_sent_ms", now->first_sent_ms);
    repay_lua_set_moment(L, "deadline_ms", now->deadline_ms);
    repay_lua_set_moment(L, "resend_until_ms", now->resend_until_ms);
    repay_lua_set_moment(L, "settle_until_ms", now->settle_until_ms);
    repay_lua_set_moment(L, "unseen_ms", now->unseen_ms);
    repay_lua_set_moment(L, "approved_ms", now->approved_ms);
    repay_lua_set_number(L, "changed_ms", now->changed_ms);
    repay_lua_set_text(L, "receipt_id", now->receipt_id);
    repay_lua_set_text(L, "record_id", now->record_id);
    repay_lua_set_text(L, "provider_status", now->provider_status);
    repay_lua_set_text(L, "reason", now->reason);
}
