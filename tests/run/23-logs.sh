#!/bin/sh
# The log moves away while requests come in, as logrotate does it: the
# responders go on in a new file within a second, and no line is lost.
# shellcheck disable=SC2154 # lib.sh sets tmp and others
. "$(dirname "$0")/lib.sh"
setup
server_start 4

# Requests with ids of their own, until the file says stop.
cat >"$tmp/load.py" <<'END'
import http.client, os, sys
port, name, stop = int(sys.argv[1]), sys.argv[2], sys.argv[3]
c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
n = 0
while not os.path.exists(stop):
    c.request("GET", "/api/demo/passes/getPasses?value=nobody-1",
              headers={"X-Request-Id": "load-%s-%06d" % (name, n)})
    a = c.getresponse()
    a.read()
    if a.status != 200:
        sys.exit("status %d" % a.status)
    n += 1
print(n)
END
for who in a b c; do
	python3 "$tmp/load.py" "$port" $who "$tmp/stop" >"$tmp/count.$who" &
	eval "load_$who=$!"
done

# grows FILE: until it has a request that was not there before
grows() {
	i=0 size=$(stat -c %s "$1" 2>/dev/null || echo 0)
	until [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt "$size" ]; do
		i=$((i + 1))
		[ "$i" -lt 300 ] || return 1
		sleep 0.1
	done
}
ok 'there is load' grows "$log"
for n in 1 2 3; do
	mv "$log" "$log.$n"
	ok "a new file after move $n" grows "$log"
	sleep 1.5
	old=$(stat -c %s "$log.$n")
	ok 'there is load still' grows "$log"
	is "nobody writes to file $n" "$(stat -c %s "$log.$n")" "$old"
done
: >"$tmp/stop"
# shellcheck disable=SC2154 # by eval
wait "$load_a" && wait "$load_b" && wait "$load_c" || fail 'a request failed'
serve_stop

sent=$(cat "$tmp"/count.* | awk '{ n += $1 } END { print n }')
cat "$log".[123] "$log" >"$tmp/all"
is 'every request has its line' \
    "$(grep -o 'request=load-[abc]-[0-9]*' "$tmp/all" | sort -u | wc -l)" "$sent"
is 'and one only' "$(grep -c 'request=load-' "$tmp/all")" "$sent"
is 'no line is cut' "$(grep -cvE \
    '^[0-9T:.-]+Z (error|warning|info|debug) event=[a-z_]+( [a-z_]+=("[^"]*"|[^ ]*))*$' \
    "$tmp/all")" 0
ok 'every file has some' [ -s "$log.1" -a -s "$log.2" -a -s "$log.3" -a -s "$log" ]
summary
