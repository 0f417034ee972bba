#!/bin/sh
# What the responder can do, each figure against a bare one of the same run:
# machines differ, and a figure without its ratio says nothing.
# usage: make bench     BENCH_SECONDS=5 for each row, BENCH_PROCESSES=4,
#                       BENCH_PASSES=50000 of a bulk update,
#                       BENCH_EVENTS=200000 that wait for the worker,
#                       BENCH_REGISTRATIONS=5000 of a campaign of pushes
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${builddir:-$top/build}
seconds=${BENCH_SECONDS:-5}
processes=${BENCH_PROCESSES:-4}
passes=500
apns_pid=
unsigned=$((seconds * 2000)) # more than can be signed in a row's time
tmp=$(mktemp -d "$build/bench/run.XXXXXX") || exit
. "$top/scripts/serve.sh"

finish() {
	status=$?
	trap - EXIT
	serve_stop
	[ -z "$apns_pid" ] || kill "$apns_pid" 2>/dev/null
	cd / && rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
die() {
	echo "bench: $*" >&2
	exit 1
}
for tool in h2load node; do
	command -v "$tool" >/dev/null ||
	    die "$tool not found: sh scripts/packages.sh bench"
done
command -v wrk >/dev/null || die 'wrk not found: apt-get install wrk'

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
port=$(free_port)
tenant=$tmp/tenants/demo
PASSWRIGHT_CONFIG=$tmp/passwright.yml
export PASSWRIGHT_CONFIG
mkdir "$tmp/tenants" "$tmp/put"
cp -R "$top/etc/demo" "$tenant"
chmod -R u+w "$tenant"
sh "$top/scripts/apple-chain.sh" "$tenant/secrets" pass.example.demo \
    A1B2C3D4E5 || die 'no certificates'
chmod 700 "$tenant/secrets"
cat >"$PASSWRIGHT_CONFIG" <<EOF
tenants: $tmp/tenants
log: { target: $tmp/passwright.log, level: warning }
EOF
key=$("$build/passwright" key add demo --name bench \
    --scope Pass.Read --scope Pass.Write) || die 'no key'
api=http://127.0.0.1:$port/api/demo/passes

# load KIND URL [FILE]: requests a second; an answer above 399 spoils the row.
load() {
	wrk -t 2 -c 16 -d "${seconds}s" -s "$top/bench/load.lua" "$2" -- \
	    "$1" "$key" "${3:-$tmp/ids}" "$(date +%s%N)" >"$tmp/wrk.log" 2>&1
	# shellcheck disable=SC2046 # two numbers
	set -- $(sed -n 's/^RESULT //p' "$tmp/wrk.log")
	if [ $# -ne 2 ] || [ "$2" -ne 0 ]; then
		echo "bench: ${2:-?} errors" >&2
		tail -n 5 "$tmp/wrk.log" "$tmp/passwright.log" >&2
	fi
	echo "${1:-0}"
}
serve() { # RESPONDER
	serve_stop
	serve_start "$top" "$tmp" "$port" "$1" "$processes" ||
	    die 'lighttpd did not start'
}
row() { # WHAT RATE AGAINST RATE REACH
	awk -v a="$2" -v b="$4" -v what="$1" -v with="$3" -v reach="$5" 'BEGIN {
		r = b > 0 ? a / b : 0
		printf "%-14s %9.0f  %-16s %9.0f  %5.2f  %5.2f  %s\n", what, a,
		    with, b, r, reach, (r >= reach ? "" : "short")
	}'
}
mean() {
	awk -v a="$1" -v b="$2" 'BEGIN { print (a + b) / 2 }'
}

echo x >"$tmp/ids"
serve "$build/bench/hello"
hello=$(load get "http://127.0.0.1:$port/")

serve "$build/cgi-bin/passwright.fcgi"
for n in $(seq $((passes + unsigned))); do
	[ "$n" -eq 1 ] || echo next
	printf 'url = "%s"\n' "$api?passType=loyalty"
	printf 'header = "X-API-KEY: %s"\n' "$key"
	printf 'header = "Content-Type: application/json"\n'
	printf 'data = "{\\"identifiers\\":{\\"shopify.customerId\\":'
	printf '\\"%d\\"}}"\nwrite-out = "\\n"\n' "$n"
done >"$tmp/curl.conf"
curl -sS -K "$tmp/curl.conf" >"$tmp/made" 2>"$tmp/curl.err" ||
    die "no passes: $(head -n 3 "$tmp/curl.err")"
tail -n "$unsigned" "$tmp/made" >"$tmp/unsigned"
head -n "$passes" "$tmp/made" | while read -r id; do
	printf '%s ' "$id"
	curl -sS -I "$api/$id?device=apple" | tr -d '\r' |
	    sed -n 's/^ETag: *//Ip'
done >"$tmp/ids"
[ "$(grep -c '^[A-Za-z0-9]\{12\} ".*"$' "$tmp/ids")" = "$passes" ] ||
    die "passes were not made: $(head -n 3 "$tmp/ids")"

raw=$(load get "$api/ID/data/raw")
find=$(load get "$api/findPass?shopify.customerId=NUMBER")
not_modified=$(load etag "$api/ID?device=apple")
kept=$(load get "$api/ID?device=apple")
fresh=$(load get "$api/ID?device=apple" "$tmp/unsigned")
post=$(load post "$api?passType=loyalty")
patch=$(load patch "$api/ID")
bytes=$(curl -sS -H "X-API-KEY: $key" \
    "$api/$(sed -n '1s/ .*//p' "$tmp/ids")/data/raw" | wc -c)

serve "$build/bench/hello"
hello=$(mean "$hello" "$(load get "http://127.0.0.1:$port/")")
serve_stop
put=$("$build/bench/put" "$tmp/put" "$bytes" "$processes" "$seconds") ||
    die 'put failed'
sign=$("$build/bench/sign" "$processes" "$seconds") || die 'sign failed'
mkdir "$tmp/bulk"
bulk=$("$build/bench/bulk" "$tmp/bulk" "${BENCH_PASSES:-50000}") ||
    die 'bulk failed'
read -r bulk bare took <<EOF
$bulk
EOF
mkdir "$tmp/drain"
drain=$("$build/bench/drain" "$tmp/drain" "${BENCH_EVENTS:-200000}") ||
    die 'drain failed'

# One process of node is Apple's service; h2load makes it sweat, as we do.
apns=$tmp/apns
apns_port=$(free_port)
registrations=${BENCH_REGISTRATIONS:-5000}
mkdir "$apns"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$apns/server.key" -out "$apns/server.pem" -days 3 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    2>"$tmp/openssl.log" || die 'no certificate'
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out "$apns/key.p8" 2>"$tmp/openssl.log" || die 'no key of a provider'
node "$top/bench/apns.js" "$apns_port" "$apns" >"$apns/count" 2>&1 &
apns_pid=$!
until [ -e "$apns/ready" ]; do
	kill -0 "$apns_pid" || die "no push service: $(cat "$apns/count")"
	sleep 0.1
done
printf '{}' >"$apns/body"
h2load -D "$seconds" -c 1 -m 64 -d "$apns/body" \
    "https://localhost:$apns_port/3/device/h2load" >"$tmp/h2load.log"
h2load=$(sed -n 's|^finished in .*, \([0-9.]*\) req/s.*|\1|p' "$tmp/h2load.log")
push=$("$build/bench/push" "$apns" "$registrations" \
    "https://localhost:$apns_port") || die 'push failed'
kill "$apns_pid"
wait "$apns_pid"
apns_pid=
registrations=$((registrations - registrations % 100))

echo "$processes processes, 16 connections, $seconds s a row," \
    "documents of $bytes bytes, $(nproc) cores"
printf '%-14s %9s  %-16s %9s  %5s  %5s\n' \
    what '1/s' against '1/s' ratio reach
row 'GET data/raw' "$raw" 'libfcgi hello' "$hello" 0.85
row 'findPass' "$find" 'libfcgi hello' "$hello" 0.85
row '304' "$not_modified" 'libfcgi hello' "$hello" 0.95
row 'POST create' "$post" 'bare durable put' "$put" 0.60
row 'PATCH' "$patch" 'bare durable put' "$put" 0.60
row 'kept pkpass' "$kept" 'libfcgi hello' "$hello" 0.75
row 'fresh pkpass' "$fresh" 'bare RSA-2048' "$sign" 0.80
row 'bulk update' "$bulk" 'bare libdb rows' "$bare" 0.50
row 'APNs' "${push% *}" 'h2load' "$h2load" 0.10
echo "scheduling the bulk update took $took ms"
read -r rate grown pushes more <<EOF
$drain
EOF
echo "events drain at $rate a second, memory grows by $grown KiB;" \
    "pushes owed at $pushes, by $more KiB"
echo "a campaign for $registrations phones: pushes, and phones that had one:" \
    "$(cat "$apns/count"); memory grows by ${push#* } KiB"
