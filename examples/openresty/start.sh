#!/bin/sh
# Starts the gateway against the sandbox on this machine, until Ctrl-C.
#
#   examples/openresty/start.sh [PORT]
#
# NGINX names another program (openresty), WORKERS how many workers (2), STATE a directory for the
# journal and the logs (a new one, removed at the end). CHECK=1 only has nginx check the
# configuration, which runs none of its Lua.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
port=${1:-8080}
nginx=${NGINX:-nginx}
# To nginx itself this variable names sockets that it inherits.
unset NGINX
state=${STATE:-$(mktemp -d)}
mkdir -p "$state/tmp"
chmod 700 "$state"

sandbox=
stop() {
    trap - EXIT INT TERM
    if [ -s "$state/nginx.pid" ]; then
        kill -QUIT "$(cat "$state/nginx.pid")" 2>/dev/null || true
    fi
    if [ -n "$sandbox" ]; then
        kill "$sandbox" 2>/dev/null || true
    fi
    wait 2>/dev/null || true
    if [ -z "${STATE:-}" ]; then
        rm -rf "$state"
    fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

log=$state/sandbox.log
: >"$log"
"$root/lua/bin/repay" sandbox --port 0 --clock now --flow >"$log" 2>&1 &
sandbox=$!
origin=
while [ -z "$origin" ]; do
    if ! kill -0 "$sandbox" 2>/dev/null; then
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
    origin=$(sed -n 's/^ready \([^ ]*\).*/\1/p' "$log")
done

# The sandbox replays idempotency keys, so the gateway may say so; of a real provider a person does.
umask 077
curl -sS "$origin/_sandbox/settings" | lua5.4 -e '
    local json = require "cjson"
    local settings = json.decode(io.read("a")).http
    settings.fincode.keys = "honoured"
    io.write(json.encode(settings))' >"$state/settings.json"

# Debian keeps the Lua module in two files beside nginx; OpenResty has it inside.
build=$($nginx -V 2>&1)
modules=$(printf '%s\n' "$build" | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
lines=
if [ -e "$modules/ngx_http_lua_module.so" ]; then
    lines="load_module $modules/ndk_http_module.so; load_module $modules/ngx_http_lua_module.so;"
elif ! printf '%s\n' "$build" | grep -q 'ngx_lua\|lua-nginx-module'; then
    echo "$nginx has no Lua module: install libnginx-mod-http-lua, or name OpenResty in NGINX" >&2
    exit 1
fi
# The directory is this user's alone, so workers stay this user.
user=
if [ "$(id -u)" = 0 ]; then
    user='user root;'
fi
resolver=$(sed -n 's/^nameserver \([0-9.]*\)$/\1/p' /etc/resolv.conf 2>/dev/null | head -n 1)
authorities=/etc/ssl/certs/ca-certificates.crt
[ -e "$authorities" ] || authorities=/etc/pki/tls/certs/ca-bundle.crt

sed -e "s|@USER@|$user|" -e "s|@WORKERS@|${WORKERS:-2}|" -e "s|@MODULES@|$lines|" \
    -e "s|@PATH@|$here/?.lua;$root/lua/?.lua;$root/lua/?/init.lua|" \
    -e "s|@CPATH@|${REPAY_CPATH:-$root/build/lua51/?.so}|" -e "s|@CA@|$authorities|" \
    -e "s|@RESOLVER@|${resolver:+resolver $resolver;}|" -e "s|@LISTEN@|127.0.0.1:$port|" \
    -e "s|@LOG@|${LOG:-stderr}|" "$here/nginx.conf.template" >"$state/nginx.conf"

# What is wrong with the configuration itself is said before anything listens.
GATEWAY_SETTINGS="$state/settings.json" GATEWAY_JOURNAL="$state/repayments.journal" \
    "$nginx" -t -q -p "$state/" -c nginx.conf -e stderr
if [ -n "${CHECK:-}" ]; then
    echo "the configuration is right"
    exit 0
fi

cat <<MESSAGE
The gateway listens on http://127.0.0.1:$port, the sandbox on $origin. Try:

  curl -s http://127.0.0.1:$port/schedule/carbon/LOAN_ABC123
  curl -s 'http://127.0.0.1:$port/overdue?carbon=LOAN_ABC123&pezesha=merchant_jane&fincode=123e4567-e89b-12d3-a456-426614174000'
  curl -s http://127.0.0.1:$port/repay -H 'Idempotency-Key: order-1' -d '{
    "customer_id": "123e4567-e89b-12d3-a456-426614174000",
    "account_id": "223e4567-e89b-12d3-a456-426614174001",
    "bank_account_id": "323e4567-e89b-12d3-a456-426614174002",
    "amount": "500.00", "payment_date": "$(date -u +%F)" }'
  curl -s http://127.0.0.1:$port/metrics
  curl -s $origin/_sandbox/ledger

MESSAGE
GATEWAY_SETTINGS="$state/settings.json" GATEWAY_JOURNAL="$state/repayments.journal" \
    "$nginx" -p "$state/" -c nginx.conf -e stderr &
wait $!
