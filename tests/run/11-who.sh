#!/bin/sh
# Every endpoint against every credential, right and wrong; proofs of
# identifiers; limits.  The tables are in who.py and limits.py.
# shellcheck disable=SC2154 # the harness sets them
. "$(dirname "$0")/lib.sh"
setup
for tenant in open busy quick total; do
	tenant_make "$tenant"
done
echo 'allowPrivate: [127.0.0.1]' >>"$PASSWRIGHT_CONFIG"
server_start 4
mkdir "$tmp/keys"
table who "$port" "$(free_port)" "$tenants" "$tmp/keys" "$log"
table limits "$port" "$tenants"
summary
