#!/bin/sh
# pull-worker.sh - a worker that needs nothing but curl and jq.
#
# pull-worker.sh [--once]: takes tasks from the server that MILLRACE_SERVER
# names (http://127.0.0.1:7420 by default; MILLRACE_TOKEN is its token) and
# runs them one after the other; with --once only until there is none.
set -eu

server=${MILLRACE_SERVER:-http://127.0.0.1:7420}
wait_ms=20000
[ "${1:-}" != --once ] || wait_ms=0

post() { # post PATH < BODY
    curl --silent --show-error --fail --retry 10 --data-binary @- \
        --header 'Content-Type: application/json' \
        --header "Authorization: Bearer ${MILLRACE_TOKEN:-}" "$server$1"
}

# Prints the result of a task as JSON; fails with the reason on stderr.
handle() { # handle TYPE PAYLOAD
    case $1 in
    greet) printf '%s' "$2" | jq '"Hello, " + .name + "!"' ;;
    *)
        echo "no handler for type $1" >&2
        return 1
        ;;
    esac
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

while :; do
    task=$(printf '{"worker":"shell-%d","lease_ms":60000,"wait_ms":%d}' \
        $$ "$wait_ms" | post /api/v1/lease | jq -c '.tasks[0] // empty')
    if [ -z "$task" ]; then
        [ "$wait_ms" != 0 ] || exit 0
        continue
    fi
    type=$(printf '%s' "$task" | jq -r .type)
    payload=$(printf '%s' "$task" | jq -c .payload)
    if result=$(handle "$type" "$payload" 2>"$errors"); then
        how=$(printf '%s' "$result" | jq -c '{outcome: "done", result: .}')
    else
        how=$(jq -Rsc '{outcome: "retry", error: .}' <"$errors")
    fi
    printf '%s' "$task" | jq -c --argjson how "$how" '[{id, lease} + $how]' |
        post /api/v1/settle | jq -r '.results[] | .id + " " + .status'
done
