/*
 * What a provider offers, as data for the Lua layer: it checks options by these tables, so that no
 * Lua file needs a provider's name either.
 */
#include "lua_provider.h"

#include "lua_fields.h"
#include "provider.h"

int repay_lua_providers(lua_State *L)
{
    int count = 0;

    lua_createtable(L, 4, 0);
    for (const struct repay_provider *const *at = repay_providers; *at; at++) {
        lua_pushstring(L, (*at)->name);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* Whether the list on top of the stack, `count` names long, holds the name. */
static bool lists(lua_State *L, int count, const char *name)
{
    bool found = false;

    for (int i = 1; i <= count && !found; i++) {
        lua_rawgeti(L, -1, i);
        found = strcmp(lua_tostring(L, -1), name) == 0;
        lua_pop(L, 1);
    }
    return found;
}

int repay_lua_operations(lua_State *L)
{
    int count = 0;

    lua_createtable(L, 4, 0);
    for (const struct repay_provider *const *at = repay_providers; *at; at++) {
        for (const struct repay_operation *op = (*at)->operations; op->name; op++) {
            if (lists(L, count, op->name))
                continue;
            lua_pushstring(L, op->name);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

static void push_setting(lua_State *L, const struct repay_setting *setting)
{
    lua_createtable(L, 0, 4);
    repay_lua_set_text(L, "name", repay_text_of(setting->name));
    repay_lua_set_flag(L, "required", setting->required);
    repay_lua_set_flag(L, "secret", setting->secret);
}

static const char *parameter_type(enum repay_parameter_type type)
{
    switch (type) {
    case REPAY_PARAMETER_AMOUNT:
        return "amount";
    case REPAY_PARAMETER_KEY:
        return "key";
    case REPAY_PARAMETER_TEXT:
        break;
    }
    return "text";
}

static void push_operation(lua_State *L, const struct repay_operation *op)
{
    int count = 0;

    lua_createtable(L, 0, 4);
    repay_lua_set_text(L, "name", repay_text_of(op->name));
    repay_lua_set_flag(L, "is_write", op->is_write);
    lua_createtable(L, 4, 0);
    for (const struct repay_parameter *parameter = op->parameters; parameter->name; parameter++) {
        lua_createtable(L, 0, 4);
        repay_lua_set_text(L, "name", repay_text_of(parameter->name));
        repay_lua_set_text(L, "type", repay_text_of(parameter_type(parameter->type)));
        repay_lua_set_flag(L, "required", parameter->required);
        repay_lua_set_flag(L, "is_subject", parameter->is_subject);
        lua_rawseti(L, -2, ++count);
    }
    lua_setfield(L, -2, "parameters");
}

int repay_lua_provider(lua_State *L)
{
    struct repay_text name = REPAY_NO_TEXT;
    const struct repay_provider *provider;
    int count = 0;

    luaL_checktype(L, 1, LUA_TSTRING);
    name.data = lua_tolstring(L, 1, &name.length);
    provider = repay_provider_find(name);
    if (!provider) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 6);
    repay_lua_set_text(L, "name", repay_text_of(provider->name));
    repay_lua_set_text(L, "currency", repay_text_of(provider->currency));
    repay_lua_set_text(L, "zone", repay_text_of(provider->zone));
    lua_createtable(L, 4, 0);
    for (const struct repay_setting *setting = provider->settings; setting->name; setting++) {
        push_setting(L, setting);
        lua_rawseti(L, -2, ++count);
    }
    lua_setfield(L, -2, "settings");
    lua_createtable(L, 0, 4);
    for (const struct repay_operation *op = provider->operations; op->name; op++) {
        push_operation(L, op);
        lua_setfield(L, -2, op->name);
    }
    lua_setfield(L, -2, "operations");
    return 1;
}
