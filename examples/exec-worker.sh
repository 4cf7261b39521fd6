#!/bin/sh
# exec-worker.sh - a handler in shell: counts the words of a text.
#
#     millrace worker --exec text.count=examples/exec-worker.sh
#
# The payload comes on standard input, as JSON; what is printed is the result.
# Exit 0: done. 65: it will never work. Any other: try again later.
set -eu

payload=$(cat)
case $payload in
\"*\") ;;
*)
    echo "wants a text, not: $payload" >&2
    exit 65
    ;;
esac

echo "attempt $MILLRACE_ATTEMPT of $MILLRACE_MAX_ATTEMPTS" >&2
printf '%s' "$payload" | tr -d '"' | wc -w
