/*
 * Gives Lua the fingerprint of a client, and random bytes for its key. No credential passes here in
 * a form that could be read.
 */
#include "lua_fingerprint.h"

#include "clock.h"
#include "fingerprint.h"
#include "lua_client.h"

int repay_lua_fingerprint(lua_State *L)
{
    const struct repay_lua_client *client = repay_lua_check_client(L, 1);
    unsigned char hash[REPAY_FINGERPRINT_SIZE];
    char shown[2 * REPAY_FINGERPRINT_SIZE];
    struct repay_text subject;
    const char *key;
    size_t key_size;

    luaL_checktype(L, 2, LUA_TSTRING);
    luaL_checktype(L, 3, LUA_TSTRING);
    key = lua_tolstring(L, 2, &key_size);
    subject.data = lua_tolstring(L, 3, &subject.length);
    if (key_size != REPAY_FINGERPRINT_KEY_SIZE)
        return luaL_error(L, "the key of a fingerprint has %d bytes", REPAY_FINGERPRINT_KEY_SIZE);
    repay_session_fingerprint(&client->session, (const unsigned char *)key, subject, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        shown[2 * i] = REPAY_HEX_DIGITS[hash[i] >> 4];
        shown[2 * i + 1] = REPAY_HEX_DIGITS[hash[i] & 15];
    }
    lua_pushlstring(L, shown, sizeof shown);
    return 1;
}

int repay_lua_chance(lua_State *L)
{
    char bytes[REPAY_FINGERPRINT_KEY_SIZE];

    if (repay_clock_random(bytes, sizeof bytes))
        lua_pushlstring(L, bytes, sizeof bytes);
    else
        lua_pushnil(L);
    return 1;
}
