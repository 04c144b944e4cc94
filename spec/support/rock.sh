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
    "$lua" -e 'assert(require("repay").open); assert(require("repay.native.curl"))'
for module in core curl; do
    nm -D --defined-only "$tree/lib/lua/$version/repay/native/$module.so" | grep -q " luaopen_repay_native_$module\$"
    # One symbol is exported; a second line would be a name that can clash with a program's own.
    [ "$(nm -D --defined-only "$tree/lib/lua/$version/repay/native/$module.so" | wc -l)" -eq 1 ]
done
