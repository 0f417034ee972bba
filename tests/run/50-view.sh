#!/bin/sh
# The page of a pass, as people meet it in a browser: phone and desktop, with
# and without script, French and Arabic, dark, in a frame of another origin.
# usage: 50-view.sh [DIR]    with DIR, the screenshots are kept there
# shellcheck disable=SC2154 # lib.sh sets them
keep=${1:-}
[ -z "$keep" ] || keep=$(cd "$keep" && pwd)
. "$(dirname "$0")/lib.sh"
export build
setup
python3 -B "$top/tests/run/view_tenant.py" "$tenants/demo" "http://127.0.0.1:$port"
server_start
table view --url "$url" --key "$key" --tenant "$tenants/demo" \
    --scratch "$tmp" ${keep:+--keep "$keep"}
not 'no id in the log' grep -qE '/demo/card\?' "$log"
summary
