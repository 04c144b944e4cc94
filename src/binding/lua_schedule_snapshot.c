/*
 * Schedules as bytes, and back.
 *
 *   s:dump{ with_names }       a string of bytes
 *   repay.load(bytes)          an equal schedule, but for names and e-mail addresses unless the dump
 *                              was made with_names
 *   repay.apply(older, diff)   the newer schedule again, from the older one and the patch of what
 *                              newer:diff(older) gave (lua_schedule_diff.c)
 *
 * Bytes that were not made here are nil and an error.
 */
#include "lua_class.h"
#include "lua_error.h"
#include "lua_figures.h"
#include "lua_holder.h"
#include "lua_schedule.h"
#include "provider.h"
#include "schedule_patch.h"

static void release_bytes(void *content)
{
    struct repay_bytes *bytes = content;

    if (bytes->allocator)
        repay_bytes_free(bytes);
}

static int dump(lua_State *L)
{
    static const char *const names[] = {"with_names", NULL};
    static const char where[] = "schedule:dump";
    const struct repay_schedule *schedule = repay_lua_check_schedule(L, 1);
    struct repay_bytes *bytes;
    struct repay_error error;
    bool with_names;

    repay_lua_check_options(L, 2, where, names);
    with_names = repay_lua_flag_option(L, 2, where, "with_names");
    lua_settop(L, 1);
    bytes = repay_lua_hold(L, sizeof *bytes, release_bytes);
    repay_bytes_init(bytes, &repay_lua_state_of(L)->allocator, REPAY_DUMP_MAX);
    if (!repay_schedule_dump(schedule, with_names, bytes, &error)) {
        repay_lua_holder_end(L, 2);
        return repay_lua_figures_failure(L, schedule, "dump", &error, NULL);
    }
    lua_pushlstring(L, bytes->data, bytes->length);
    repay_lua_holder_end(L, 2);
    return 1;
}

static void release_builder(void *content)
{
    repay_builder_free(content);
}

/* A builder that is given back whatever happens; NULL when there is no memory. Pushes one value. */
static struct repay_builder *hold_builder(lua_State *L)
{
    struct repay_builder *builder = repay_lua_hold(L, sizeof *builder, release_builder);
    struct repay_blocks *blocks = repay_lua_blocks(L);

    if (!blocks)
        return NULL;
    repay_builder_init(builder, blocks);
    return builder;
}

static int failure(lua_State *L, const char *operation, const struct repay_error *error)
{
    struct repay_lua_scene scene = {.operation = operation};

    return repay_lua_push_failure(L, error, &scene);
}

int repay_lua_schedule_load(lua_State *L)
{
    struct repay_schedule_facts facts;
    struct repay_builder *builder;
    struct repay_error error;
    struct repay_text bytes;

    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    bytes.data = lua_tolstring(L, 1, &bytes.length);
    builder = hold_builder(L);
    if (!builder) {
        (void)repay_error_set(&error, REPAY_KIND_MEMORY, "no memory to load a schedule");
        return failure(L, "load", &error);
    }
    if (!repay_schedule_load(bytes, repay_layout_find, builder, &facts, &error) ||
        !repay_lua_push_schedule(L, repay_lua_state_of(L), builder, &facts, &error)) {
        repay_lua_holder_end(L, 2);
        return failure(L, "load", &error);
    }
    repay_lua_holder_end(L, 2);
    return 1;
}

int repay_lua_schedule_apply(lua_State *L)
{
    const struct repay_schedule *older = repay_lua_check_schedule(L, 1);
    struct repay_schedule_facts facts;
    struct repay_builder *builder;
    struct repay_error error;
    struct repay_text patch;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_getfield(L, 2, "patch");
    if (lua_type(L, 3) != LUA_TSTRING)
        return luaL_argerror(L, 2, "a difference that schedule:diff made is expected");
    patch.data = lua_tolstring(L, 3, &patch.length);
    builder = hold_builder(L);
    if (!builder) {
        (void)repay_error_set(&error, REPAY_KIND_MEMORY, "no memory to make a schedule");
        return failure(L, "apply", &error);
    }
    if (!repay_schedule_apply(older, patch, repay_layout_find, builder, &facts, &error) ||
        !repay_lua_push_schedule(L, repay_lua_state_of(L), builder, &facts, &error)) {
        repay_lua_holder_end(L, 4);
        return failure(L, "apply", &error);
    }
    repay_lua_holder_end(L, 4);
    return 1;
}

const luaL_Reg repay_lua_snapshot_methods[] = {
    {"dump", dump},
    {NULL, NULL},
};
