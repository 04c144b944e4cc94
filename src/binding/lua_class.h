/*
 * What every class of the binding shares: the memory of this Lua state, the count of live objects,
 * and how a class is registered.
 *
 * One `repay_lua_state` per Lua state, a userdata in the registry. Nothing about a Lua state is
 * kept in a C variable: nginx makes and drops whole VMs within one process.
 */
#ifndef REPAY_LUA_CLASS_H
#define REPAY_LUA_CLASS_H

#include "blocks.h"
#include "lua_compat.h"

struct repay_answers;
struct repay_lua_call;

struct repay_lua_state {
    struct repay_allocator allocator; /* Lua's own, so that its limits hold for us */
    lua_Alloc allocate;
    void *allocate_context;
    struct repay_blocks *blocks;        /* NULL until the first call is prepared */
    struct repay_answers *answers;      /* likewise */
    uint64_t sessions;                  /* opened so far */
    uint64_t jitter;                    /* see repay_clock_jitter */
    int64_t live;                       /* objects that were made and not yet closed by anyone */
    struct repay_lua_call *spare_calls; /* what closed calls left for the next ones */
    uint32_t spare_count;
    bool is_ending; /* nothing is kept for later any more */
};

/*
 * Where the registry keeps what every crossing into C asks for. Whole numbers, because finding a
 * name costs as much as all the rest of the question; large ones, because luaL_ref counts from 1.
 */
enum repay_lua_slot {
    REPAY_LUA_SLOT_STATE = 0x52455041,
    REPAY_LUA_SLOT_CLIENT, /* metatables */
    REPAY_LUA_SLOT_CALL,
    REPAY_LUA_SLOT_SCHEDULE,
    REPAY_LUA_SLOT_PORTFOLIO,
    REPAY_LUA_SLOT_CURSOR,
    REPAY_LUA_SLOT_SMALL_SCHEDULE,
    REPAY_LUA_SLOT_END
};

/*
 * What every object of ours begins with. Whose it is is told by the stamp, an address that no other
 * userdata begins with: to compare metatables takes five calls of Lua's instead of two, and a call
 * asks a dozen times.
 */
struct repay_lua_object {
    const char *stamp;
    struct repay_lua_state *state; /* its memory outlives every finalizer */
};

/* Makes the state's userdata if it is not there yet. Raises for lack of memory. */
void repay_lua_state_open(lua_State *L);
/* Never raises: also used by finalizers. */
struct repay_lua_state *repay_lua_state_of(lua_State *L);
/* The store of blocks, made on first use; NULL when there is no memory. */
struct repay_blocks *repay_lua_blocks(lua_State *L);

struct repay_lua_class {
    enum repay_lua_slot slot;
    const char *name;            /* "repay.client": __name, and a key in the registry as well */
    const luaL_Reg *methods;     /* ends with NULL */
    const luaL_Reg *metamethods; /* ends with NULL; __index gets the methods as upvalue 1 */
    const char *const *facts;    /* names of fields that __index makes, ends with NULL */
};

/*
 * Makes the metatable and leaves the table of methods on the stack. A second time in the same Lua
 * state it finds what the first one made, so that reloading the module keeps old objects valid.
 */
void repay_lua_class_register(lua_State *L, const struct repay_lua_class *class);
/*
 * Puts another metatable into the slot, which is the class's but for the finalizer: for objects of
 * it that own nothing. What Lua's collector has to finalize it keeps for a round longer, and calls.
 */
void repay_lua_class_register_light(lua_State *L, const struct repay_lua_class *class,
                                    enum repay_lua_slot slot);
/* `object` is what a new userdata begins with. It is none of the class before this. */
void repay_lua_class_stamp(struct repay_lua_object *object, enum repay_lua_slot slot,
                           struct repay_lua_state *state);
/* Gives the userdata on top of the stack its metatable. */
void repay_lua_class_set(lua_State *L, enum repay_lua_slot slot);
bool repay_lua_class_is(const struct repay_lua_object *object, enum repay_lua_slot slot);
/* The object at the index if it is of the class, else NULL. Never raises. */
void *repay_lua_class_test(lua_State *L, int index, enum repay_lua_slot slot);
/* The same, but raises where it is not: `name` is the class's. */
void *repay_lua_class_check(lua_State *L, int index, enum repay_lua_slot slot, const char *name);
/*
 * What `key` names, for __index. A fact: returns the class's own copy of its name, for the caller
 * to push the value. Else returns NULL and has pushed the answer: the method (from upvalue 1 of the
 * running function), or nil for a key that is no string. A name that is neither raises at the
 * caller's line, with the nearest that there is.
 */
const char *repay_lua_class_find(lua_State *L, const struct repay_lua_class *class, int key);

#endif
