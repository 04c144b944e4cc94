#!/bin/sh
# Runs one command, keeps its output, and writes how much passed and failed.
#
#   run.sh RESULT KIND COMMAND…
#
# RESULT, a path in a directory "results", gets "passed failed skipped", RESULT.log the output. KIND
# says what is counted:
#   tap     "ok", "not ok" and "# SKIP" lines; without its closing plan a run ended early and failed
#   checks  lines "<name>: N checks" and "<name>: N checks, M failures"
#   memory  lines "<scenario>: N allocations …": a scenario is one check, whatever N is
#   status  the exit status alone
# A command that says all is well and exits with another status than 0 has failed. Always exits
# with 0: the sum at the end decides, so that one failure does not hide the next.
set -u

result=$1
kind=$2
name=${result#*results/}
shift 2

mkdir -p "$(dirname "$result")"
began=$(date +%s)
timeout -k 10 "${TIME_LIMIT:-900}" "$@" >"$result.log" 2>&1
status=$?

awk -v kind="$kind" -v status="$status" '
    kind == "tap" && /^ok [0-9]+ .*# SKIP/ { skipped++; next }
    kind == "tap" && /^ok [0-9]+ / { passed++; next }
    kind == "tap" && /^not ok [0-9]+ / { failed++; next }
    kind == "tap" && /^1\.\.[0-9]+$/ { plan = substr($0, 4) + 0; planned = 1; next }
    kind == "checks" && /^[A-Za-z0-9_]+: [0-9]+ checks, [0-9]+ failures$/ {
        bad = $4 < $2 ? $4 : $2
        passed += $2 - bad; failed += bad; reported = 1; next
    }
    kind == "memory" && /^[A-Za-z0-9_]+: [0-9]+ allocations / { passed++; reported = 1; next }
    kind == "checks" && /^[A-Za-z0-9_]+: [0-9]+ checks$/ { passed += $2; reported = 1; next }
    END {
        complete = kind == "tap" ? planned && plan == passed + failed + skipped \
            : kind == "status" ? 1 : reported
        if (kind == "status" && status == 0) passed = 1
        if (!complete || (status != 0 && failed == 0)) failed++
        printf "%d %d %d\n", passed, failed, skipped
    }' "$result.log" >"$result"

read -r passed failed skipped <"$result"
printf '%-28s %5d passed, %d failed' "$name" "$passed" "$failed"
if [ "$skipped" -gt 0 ]; then
    printf ', %d skipped' "$skipped"
fi
printf ' (%d s)\n' "$(($(date +%s) - began))"
if [ "$failed" -gt 0 ]; then
    if [ "$status" -ne 0 ] && [ "$status" -ne 1 ]; then
        echo "    ended with status $status"
    fi
    if [ "$kind" = tap ] && grep -q '^not ok' "$result.log"; then
        # What failed and why: a failure's explanation is the comments behind it.
        awk '/^not ok/ { show = 1 } /^ok / { show = 0 } /^# [^ ]+ @ [0-9]+: / { next } show' "$result.log"
        grep -q '^1\.\.' "$result.log" || tail -n 20 "$result.log"
    else
        tail -n 60 "$result.log"
    fi | sed 's/^/    /'
fi
exit 0
