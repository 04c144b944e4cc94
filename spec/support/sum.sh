#!/bin/sh
# Adds up what run.sh left in the directories it is given; the last line is the sum.
set -u

find "$@" -type f ! -name '*.log' -exec cat {} + | awk '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        if (skipped > 0) printf "(%d skipped)\n", skipped
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 || passed == 0
    }'
