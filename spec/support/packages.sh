#!/bin/sh
# Installs the Debian packages it is given, but only those that are missing. Where there is no apt
# it installs nothing: it says what to do and lets the build find out for itself what is lacking.
set -eu

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    exit 0
fi
missing=
for package in "$@"; do
    if ! dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Missing:$missing. Install them as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing$missing"
# --no-remove: a package that conflicts with one that is here is a matter for a person.
install() {
    # shellcheck disable=SC2086 # the words of both variables are wanted apart
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        --no-remove -o DPkg::Lock::Timeout=120 $missing
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists that are here may do; a machine that is set up afresh has none.
if ! install >"$log" 2>&1; then
    if ! { $as_root apt-get update -q && install; } >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
fi
