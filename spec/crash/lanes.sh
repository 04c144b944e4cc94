#!/bin/sh
# Runs the crash harness in two lanes at once and prints what they found as one TAP stream.
#
#   lanes.sh LUA KIND RUNS [SEED]
set -u

lua=$1
kind=$2
runs=$3
seed=${4:-1}
outputs=$(mktemp -d) || exit 1
trap 'rm -r "$outputs"' EXIT

for lane in 1 2; do
    "$lua" spec/crash/harness.lua "$kind" "$runs" "$lane" 2 "$seed" >"$outputs/$lane" 2>&1 &
done
wait
awk '/^ok / { ok++; sub(/^ok [0-9]+/, "ok " (ok + bad)) }
    /^not ok / { bad++; sub(/^not ok [0-9]+/, "not ok " (ok + bad)) }
    /^1\.\.[0-9]+$/ { plans++; next }
    { print }
    END {
        if (plans != 2) { bad++; print "not ok " ok + bad " - both lanes came to their end" }
        print "1.." ok + bad
        exit bad > 0
    }' "$outputs/1" "$outputs/2"
