#!/bin/sh
# A phone's whole life with its passes: what Wallet calls.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
sed -i "s|^url:.*|url: https${url#http}|" "$tenants/demo/tenant.yml"
server_start 4
table phone "$url" "$key"
ok 'complaints are in the log' grep -q apple_device "$log"
not 'but no serial number' grep -q 'apple_device.*serial [A-Za-z0-9]\{12\}' \
    "$log"
ok 'the store is whole' passwright verify demo
summary
