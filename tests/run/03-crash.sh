#!/bin/sh
# kill -9 of random responders while eight writers create and patch: every
# acknowledged write is there, nothing hangs, nobody restarts anything.
# usage: 03-crash.sh [KILLS]
. "$(dirname "$0")/lib.sh"
kills=${1:-40}
setup
server_start 4
ok "$kills kills" python3 "$top/tests/run/writers.py" --port "$port" \
    --key "$key" --writers 8 --lighttpd "$serve_pid" --kills "$kills" \
    --report "$tmp/report"
cat "$tmp/report" 2>/dev/null
is 'the same lighttpd all along' \
    "$(kill -0 "$serve_pid" && echo alive)" alive
n=0
while [ "$(serve_responders | wc -w)" -lt 4 ] && [ "$n" -lt 30 ]; do
	n=$((n + 1))
	sleep 0.1
done
is 'four responders again' "$(serve_responders | wc -w)" 4
ok 'verify while serving' passwright verify demo
serve_stop
ok 'verify at rest' passwright verify demo
summary
