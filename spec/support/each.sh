#!/bin/sh
# Runs a command for each file it is given, two at a time, and prints one TAP line a file. The
# command is one word in the shell's sense; a % in it stands for the file, which else comes last.
set -u

command=$1
shift
case $command in
*%*) ;;
*) command="$command %" ;;
esac
EACH_COMMAND=$command
export EACH_COMMAND

# A line of output is one write, so two at a time do not mix; the comments of one file may be
# longer than that, and are therefore printed by one printf as well.
printf '%s\n' "$@" | xargs -P 2 -I {} sh -c '
    file=$1
    line=$(printf "%s" "$EACH_COMMAND" | sed "s|%|$file|g")
    if output=$(eval "$line" 2>&1); then
        printf "ok - %s\n" "$file"
    else
        printf "not ok - %s\n%s\n" "$file" "$(printf "%s\n" "$output" | sed "s/^/# /")"
    fi' each {} | awk '
    /^ok - / { count++; sub(/^ok/, "ok " count) }
    /^not ok - / { count++; failed++; sub(/^not ok/, "not ok " count) }
    { print }
    END { print "1.." count; exit failed > 0 }'
