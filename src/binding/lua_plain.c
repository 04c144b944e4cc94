/*
 * Owns the question whether arguments are plain. Refuses to raise for what a caller may have got
 * wrong. See lua_plain.h.
 */
#include "lua_plain.h"

#include "clock.h"
#include "lua_arguments.h"
#include "lua_client.h"

/* Whether the value on top of the stack fits the parameter. */
static bool fits(lua_State *L, bool is_integer)
{
    int64_t value;

    return is_integer ? repay_lua_to_integer(L, -1, &value) : lua_type(L, -1) == LUA_TSTRING;
}

/* Whether `name` is the parameter's, or with "_minor" behind it that of an amount. */
static bool names(struct repay_text name, const struct repay_parameter *parameter, bool *is_integer)
{
    size_t length = strlen(parameter->name);

    *is_integer = false;
    if (name.length < length || memcmp(name.data, parameter->name, length) != 0)
        return false;
    if (name.length == length)
        return true;
    *is_integer = true;
    return parameter->type == REPAY_PARAMETER_AMOUNT && strcmp(name.data + length, "_minor") == 0 &&
           name.length == length + sizeof "_minor" - 1;
}

/*
 * At a key and its value: marks the parameter, and notes its text. False for a name that none has,
 * or a wrong type.
 */
static bool take_option(lua_State *L, const struct repay_parameter *parameters, uint32_t *seen,
                        struct repay_text *texts)
{
    struct repay_text name;
    bool is_integer;

    if (lua_type(L, -2) != LUA_TSTRING)
        return false;
    name.data = lua_tolstring(L, -2, &name.length);
    for (unsigned i = 0; parameters[i].name; i++) {
        if (!names(name, &parameters[i], &is_integer))
            continue;
        /* An amount in both ways is one too many. */
        if ((*seen >> i & 1u) != 0)
            return false;
        *seen |= 1u << i;
        if (!fits(L, is_integer))
            return false;
        if (!is_integer)
            texts[i].data = lua_tolstring(L, -1, &texts[i].length);
        return true;
    }
    return false;
}

/* The texts are borrowed from the table. */
static bool are_plain(lua_State *L, int table, const struct repay_parameter *parameters,
                      struct repay_text *texts)
{
    uint32_t seen = 0;

    if (lua_type(L, table) != LUA_TTABLE || lua_getmetatable(L, table))
        return false;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (!take_option(L, parameters, &seen, texts))
            return false;
        lua_pop(L, 1);
    }
    for (unsigned i = 0; parameters[i].name; i++) {
        if (parameters[i].required && (seen >> i & 1u) == 0)
            return false;
    }
    return true;
}

/* Pushes the client's transport. False: its wall clock has to be asked, and that is Lua's part. */
static bool has_plain_clock(lua_State *L, const struct repay_lua_client *client, int index)
{
    bool is_plain;

    if (!client->has_transport) {
        lua_pushnil(L);
        return true;
    }
    repay_lua_push_anchored(L, index);
    if (lua_type(L, -1) != LUA_TTABLE || lua_getmetatable(L, -1))
        return false;
    repay_lua_raw_field(L, -1, "unix_ms");
    is_plain = lua_isnil(L, -1);
    lua_pop(L, 1);
    return is_plain;
}

int repay_lua_call_start(lua_State *L)
{
    struct repay_lua_client *client = repay_lua_test_client(L, 1);
    const struct repay_operation *operation;
    struct repay_text texts[REPAY_PARAMETERS_MAX] = {{NULL, 0}};
    struct repay_text name = REPAY_NO_TEXT;
    struct repay_lua_call *call;

    if (!client || !client->session.provider || lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_settop(L, 4);
    name.data = lua_tolstring(L, 2, &name.length);
    operation = repay_operation_find(client->session.provider, name);
    if (!operation || !are_plain(L, 3, operation->parameters, texts))
        return 0;
    lua_settop(L, 4);
    if (!has_plain_clock(L, client, 1))
        return 0;
    call = repay_lua_make_call(L, client, operation, repay_clock_unix_ms(), 4, texts);
    if (!call)
        return 2;
    call->is_claimed = true;
    lua_pushvalue(L, 5);
    return 2;
}
