#!/bin/sh
# doc/openapi.yaml says what the server does, no less and no more.
# shellcheck disable=SC2154 # lib.sh sets it
. "$(dirname "$0")/lib.sh"
setup
# Nothing listens there: where a hub is configured, connect answers.
printf 'hub: { listen: "127.0.0.1:1", socket: %s }\n' "$tmp/hub.sock" \
    >>"$PASSWRIGHT_CONFIG"
key=$(passwright key add demo --name all \
    --scope Pass.Read Pass.Write Webhook.Read Webhook.Write)
server_start 2
python3 "$top/tests/run/openapi.py" "$top/doc/openapi.yaml" "$top/src/api" \
    "$url" "$key" >"$tmp/openapi.out" 2>&1
is 'the comparison: exit code' $? 0
is 'what does not hold' "$(grep -v ' held$' "$tmp/openapi.out")" ''
ok 'enough was compared' [ "$(sed -n "s, held,,p" "$tmp/openapi.out")" -gt 400 ]
summary
