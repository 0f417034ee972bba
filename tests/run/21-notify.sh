#!/bin/sh
# Messages to the holders of a pass, as a phone and the API see them.
# shellcheck disable=SC2154 # set by lib.sh
. "$(dirname "$0")/lib.sh"
setup
sed -i "s|^url:.*|url: https${url#http}|" "$tenants/demo/tenant.yml"
server_start 4
table notify "$url" "$key"
not 'no text is in the log' grep -q 'Sale of' "$log"
ok 'the store is whole' passwright verify demo
summary
