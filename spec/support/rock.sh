#!/bin/sh
# Installs the checkout with luarocks into a directory of its own and uses it from there.
set -eu

version=$1
lua=$2
tree=$(pwd)/$3

rm -rf "$tree"
luarocks --lua-version "$version" make --tree "$tree" --deps-mode none
LUA_PATH="$tree/share/lua/$version/?.lua;$tree/share/lua/$version/?/init.lua" \
LUA_CPATH="$tree/lib/lua/$version/?.so" \
    "$lua" -e 'assert(require("repay").open)
        for _, name in ipairs { "core", "curl", "files", "journal", "signals", "system" } do assert(require("repay.native." .. name)) end'
for module in core curl files journal signals system; do
    # One symbol each: a second would be a name that can clash with a program's own.
    names=$(nm -D --defined-only "$tree/lib/lua/$version/repay/native/$module.so" | cut -d ' ' -f 3)
    [ "$names" = "luaopen_repay_native_$module" ]
done
# The pages lie beside each other as in the checkout, so that their links lead somewhere.
for page in README.md docs/*.md; do
    [ -f "$tree/lib/luarocks/rocks-$version/repay/scm-1/doc/$page" ]
done
