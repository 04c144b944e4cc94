/*
 * The shared part of every class: memory, live objects, registration, unknown names.
 */
#include "lua_class.h"

#include <string.h>

#include "lua_call.h"
#include "lua_suggest.h"

#define STATE_NAME "repay.state"

/* Lua's allocator wants to know the old size, which the core always tells. */
static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    const struct repay_lua_state *state = context;

    return state->allocate(state->allocate_context, memory, memory ? old_size : 0, new_size);
}

/*
 * Runs when the Lua state ends, possibly before the last schedules are finalized: they hold their
 * own references to the store, and this userdata's memory outlives every finalizer.
 */
static int state_gc(lua_State *L)
{
    struct repay_lua_state *state = lua_touserdata(L, 1);

    state->is_ending = true;
    repay_lua_free_spare_calls(state);
    repay_answers_drop(state->answers);
    state->answers = NULL;
    repay_blocks_drop(state->blocks);
    state->blocks = NULL;
    return 0;
}

void repay_lua_state_open(lua_State *L)
{
    struct repay_lua_state *state;

    lua_rawgeti(L, LUA_REGISTRYINDEX, REPAY_LUA_SLOT_STATE);
    if (lua_isuserdata(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    state = repay_lua_new_userdata(L, sizeof *state);
    *state = (struct repay_lua_state){.blocks = NULL};
    state->allocate = lua_getallocf(L, &state->allocate_context);
    state->allocator.resize = resize;
    state->allocator.context = state;
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, STATE_NAME);
    lua_setfield(L, -2, "__metatable");
    (void)lua_setmetatable(L, -2);
    lua_rawseti(L, LUA_REGISTRYINDEX, REPAY_LUA_SLOT_STATE);
}

struct repay_lua_state *repay_lua_state_of(lua_State *L)
{
    struct repay_lua_state *state;

    lua_rawgeti(L, LUA_REGISTRYINDEX, REPAY_LUA_SLOT_STATE);
    state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return state;
}

struct repay_blocks *repay_lua_blocks(lua_State *L)
{
    struct repay_lua_state *state = repay_lua_state_of(L);

    if (!state->blocks)
        state->blocks = repay_blocks_create(&state->allocator);
    return state->blocks;
}

/* Functions of a table of metamethods; __index alone needs the methods, all get them. */
static void set_metamethods(lua_State *L, const luaL_Reg *metamethods, int methods)
{
    for (const luaL_Reg *entry = metamethods; entry->name; entry++) {
        lua_pushvalue(L, methods);
        lua_pushcclosure(L, entry->func, 1);
        lua_setfield(L, -2, entry->name);
    }
}

void repay_lua_class_register(lua_State *L, const struct repay_lua_class *class)
{
    int methods;

    (void)luaL_newmetatable(L, class->name);
    lua_getfield(L, -1, "methods");
    if (lua_istable(L, -1)) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 16);
    methods = lua_gettop(L);
    luaL_setfuncs(L, class->methods, 0);
    lua_pushvalue(L, methods - 1);
    set_metamethods(L, class->metamethods, methods);
    lua_pushstring(L, class->name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, class->name);
    lua_setfield(L, -2, "__metatable");
    lua_getfield(L, -1, "__index");
    lua_setfield(L, -2, "find");
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, (int)class->slot);
    /*
     * Last, because it is the sign that the metatable is whole: memory may run out anywhere above.
     */
    lua_pushvalue(L, methods);
    lua_setfield(L, -2, "methods");
    lua_pop(L, 1);
    lua_remove(L, methods - 1);
}

void repay_lua_class_register_light(lua_State *L, const struct repay_lua_class *class,
                                    enum repay_lua_slot slot)
{
    lua_createtable(L, 0, 8);
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)class->slot);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, -2, "__gc");
    lua_rawseti(L, LUA_REGISTRYINDEX, (int)slot);
}

/* Only its addresses are used, one for each slot. */
static const char stamps[REPAY_LUA_SLOT_END - REPAY_LUA_SLOT_STATE];

static const char *stamp_of(enum repay_lua_slot slot)
{
    return &stamps[slot - REPAY_LUA_SLOT_STATE];
}

void repay_lua_class_stamp(struct repay_lua_object *object, enum repay_lua_slot slot,
                           struct repay_lua_state *state)
{
    *object = (struct repay_lua_object){stamp_of(slot), state};
}

bool repay_lua_class_is(const struct repay_lua_object *object, enum repay_lua_slot slot)
{
    return object->stamp == stamp_of(slot);
}

void repay_lua_class_set(lua_State *L, enum repay_lua_slot slot)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, (int)slot);
    (void)lua_setmetatable(L, -2);
}

void *repay_lua_class_test(lua_State *L, int index, enum repay_lua_slot slot)
{
    struct repay_lua_object *object = lua_touserdata(L, index);

    /* A light userdata has no length, and is never looked into. */
    if (!object || lua_rawlen(L, index) < sizeof *object || object->stamp != stamp_of(slot))
        return NULL;
    return object;
}

void *repay_lua_class_check(lua_State *L, int index, enum repay_lua_slot slot, const char *name)
{
    void *object = repay_lua_class_test(L, index, slot);

    return object ? object : luaL_checkudata(L, index, name);
}

/* Methods first: they are asked for in loops. Raises the unknown name at the caller's line. */
const char *repay_lua_class_find(lua_State *L, const struct repay_lua_class *class, int key)
{
    struct repay_lua_guess guess;
    const char *word;
    size_t length;

    if (lua_type(L, key) != LUA_TSTRING) {
        lua_pushnil(L);
        return NULL;
    }
    lua_pushvalue(L, key);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1))
        return NULL;
    word = lua_tolstring(L, key, &length);
    for (const char *const *fact = class->facts; *fact; fact++) {
        if (strcmp(*fact, word) == 0)
            return *fact;
    }
    repay_lua_guess_begin(&guess, word, length);
    repay_lua_guess_keys(&guess, L, lua_upvalueindex(1));
    for (const char *const *fact = class->facts; *fact; fact++)
        repay_lua_guess_try(&guess, *fact);
    (void)repay_lua_guess_raise(&guess, L, class->name, "has no field or method");
    return NULL;
}
