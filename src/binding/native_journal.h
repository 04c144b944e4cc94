/*
 * The classes `repay.journal` and `repay.owner` from the inside: shared by native_journal*.c alone.
 */
#ifndef REPAY_NATIVE_JOURNAL_H
#define REPAY_NATIVE_JOURNAL_H

#include "journal.h"
#include "lua_compat.h"
#include "native_api.h"

#define REPAY_LUA_JOURNAL "repay.journal"
#define REPAY_LUA_OWNER   "repay.owner"

struct repay_lua_journal {
    struct repay_journal journal;     /* closed while its store is NULL */
    struct repay_native_api api;      /* a copy: another core may be loaded later */
    struct repay_allocator allocator; /* Lua's own, so that its limits hold for us */
    lua_Alloc allocate;
    void *allocate_context;
};

/* Anchors its journal. */
struct repay_lua_owner {
    struct repay_owner owner;
    bool is_open;
};

/* Raises unless a core of the same build has been loaded in this Lua state. */
static inline const struct repay_native_api *repay_lua_journal_api(lua_State *L)
{
    return repay_native_api_of(L, "repay.native.journal");
}

/* native_journal_class.c */
struct repay_lua_journal *repay_lua_check_journal(lua_State *L, int index);
int repay_lua_journal_open(lua_State *L);
/* Leaves the table of methods on the stack. */
void repay_lua_journal_register(lua_State *L);
/* The same for any class of this module. A second time in a Lua state it finds the first one's. */
void repay_lua_journal_class(lua_State *L, const char *name, const luaL_Reg *methods,
                             const luaL_Reg *metamethods);

/* native_journal_plan.c: methods */
int repay_lua_journal_plan(lua_State *L);
int repay_lua_journal_approve(lua_State *L);
int repay_lua_journal_cancel(lua_State *L);
int repay_lua_journal_expire(lua_State *L);
int repay_lua_journal_resolve(lua_State *L);
int repay_lua_journal_replacement(lua_State *L);

/* native_journal_read.c: methods */
int repay_lua_journal_entries(lua_State *L);
int repay_lua_journal_entry(lua_State *L);
int repay_lua_journal_explain(lua_State *L);
int repay_lua_journal_recover(lua_State *L);
int repay_lua_journal_batches(lua_State *L);
int repay_lua_journal_fact(lua_State *L);
int repay_lua_journal_find_recent(lua_State *L);
int repay_lua_journal_verify(lua_State *L);
int repay_lua_journal_backup(lua_State *L);

/* native_journal_lists.c: methods, and lists of the provider as tables */
int repay_lua_journal_before(lua_State *L);
int repay_lua_journal_decide(lua_State *L);
/* Texts of a record are borrowed from its table. */
void repay_lua_read_record(lua_State *L, int table, struct repay_record *out);
/* The records of a table at `index`, in a userdata that is left on the stack. */
struct repay_record *repay_lua_read_records(lua_State *L, int index, size_t *count);
/* What the records say of their accounts, in a userdata that is left on the stack. */
struct repay_account_view *repay_lua_view_accounts(lua_State *L, int index,
                                                   const struct repay_record *records, size_t count,
                                                   size_t *views);

/* native_journal_owner.c */
int repay_lua_journal_own(lua_State *L);
void repay_lua_owner_register(lua_State *L);
struct repay_sending repay_lua_sending_of(const struct repay_native_api *api,
                                          const struct repay_call *call);

/* native_journal_values.c */
/* Pushes nil and an error object; with the id of an entry, where `entry` is not NULL. Returns 2. */
int repay_lua_journal_failure(lua_State *L, const struct repay_error *error, const char *entry);
void repay_lua_read_natural(lua_State *L, int table, struct repay_natural *out);
/* `unix_ms`, `by` and `because` of the table of options at `index`; raises without the first. */
struct repay_act repay_lua_read_act(lua_State *L, int index);
/* Packs a table of texts and whole numbers; the string is left on the stack. */
struct repay_text repay_lua_pack_arguments(lua_State *L, int index);
void repay_lua_push_arguments(lua_State *L, struct repay_text packed);
/* A text that is not empty becomes a field of the table on top of the stack. */
void repay_lua_set_text(lua_State *L, const char *name, struct repay_text text);
/* Likewise a number, always. */
void repay_lua_set_number(lua_State *L, const char *name, int64_t value);
/* A number that is not 0. */
void repay_lua_set_moment(lua_State *L, const char *name, int64_t value);
void repay_lua_push_entry(lua_State *L, const struct repay_entry *entry);
bool repay_lua_flag_field(lua_State *L, int table, const char *name);

#endif
