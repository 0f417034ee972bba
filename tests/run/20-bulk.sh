#!/bin/sh
# Bulk updates: accepted at once, at the pace asked, watched, stopped, and
# each pass exactly once although the worker is killed each second and the
# clock is set back.
# usage: 20-bulk.sh [--long]
# shellcheck disable=SC2154,SC2317 # set by req(); called by until_is()
. "$(dirname "$0")/lib.sh"
count=2000 rate=200 kills=5
[ "${1:-}" != --long ] || count=100000 rate=1500 kills=60
worker=$build/passwright-worker
[ -x "$worker" ] || die "$worker is not built"
setup
cat >>"$PASSWRIGHT_CONFIG" <<EOF
worker: $worker
EOF
bulk() {
	python3 "$top/tests/run/bulk.py" "$@"
}
worker_stop() {
	pid=$(bulk pid "$worker" "$PASSWRIGHT_CONFIG")
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	n=0
	while [ -n "$pid" ] && serve_alive "$pid" && [ "$n" -lt 300 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
# until_is WHAT WANTED COMMAND...: what it prints, at last
until_is() {
	what=$1 wanted=$2 n=0
	shift 2
	while got=$("$@") && [ "$got" != "$wanted" ] && [ "$n" -lt 300 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	is "$what" "$got" "$wanted"
}
# more N COMMAND...: whether it prints more than N
more() {
	least=$1
	shift
	[ "$("$@")" -gt "$least" ] && echo yes
	:
}
trap 'worker_stop; finish' EXIT
server_start 4
ok "$count passes" bulk make "$port" "$key" "$count"

# newest MEMBER: of the operation that was scheduled last
newest() {
	keyed GET /pushUpdate/status
	field "o[0]['$1']"
}
# of CORRELATION MEMBER: of the operation that has this id
of() {
	keyed GET /pushUpdate/status
	field "[p['$2'] for p in o if p['operationData'] == '$1'][0]"
}
# updates of passes that were counted, ever
updates() {
	passwright --json stats demo >"$tmp/stats"
	field 'sum(d["updated"] for d in o["days"])' "$tmp/stats"
}
# having KEY VALUE: passes whose metadata says so
having() {
	keyed GET "?pageSize=1&filter%5B0%5D.field=metadata.$1&filter%5B0%5D.value=$2"
	header x-pagination-total
}
# -- what is refused --------------------------------------------------------
refused() { # WHAT STATUS BODY [QUERY]
	json POST "/pushUpdate${4:-}" "$3"
	problem "$2" "$1"
}
refused 'no throughput' 400 '{"options":{"throughput":0}}'
refused 'too much' 400 '{"options":{"throughput":100000.1}}'
refused 'less than none' 400 '{"options":{"throughput":-1}}'
refused 'a throughput in words' 400 '{"options":{"throughput":"12"}}'
refused 'bypassQueue' 400 '{"options":{"bypassQueue":true}}'
refused 'bypassQueue on top' 400 '{"bypassQueue":true}'
refused 'no such type' 400 '{"passType":"nonsense"}'
refused 'a correlation id' 400 '{"options":{"correlationId":"a b"}}'
refused 'an identifier' 400 '{"identifiers":{"id":"1"}}'
refused 'a filter' 400 '{}' '?filter%5B0%5D.field=nonsense'
req POST /pushUpdate -H 'Content-Type: application/json' --data-binary '{}'
problem 401 'nobody'
keyed POST /pushUpdate/nothing/cancel -d ''
problem 404 'cancel: unknown'
keyed GET /pushUpdate/status
is 'nothing was scheduled' "$(body)" '[]'
ok 'the new passes are dealt with' timeout 120 "$worker" -c \
    "$PASSWRIGHT_CONFIG" --once
until_is 'no worker stays for that' '' bulk pid "$worker" "$PASSWRIGHT_CONFIG"

# -- an operation that matches nothing --------------------------------------
json POST '/pushUpdate?filter%5B0%5D.field=passType&filter%5B0%5D.value=x' '{}'
is 'nobody matches' "$(body)" '{"passCount":0}'

# -- one of a few, at a pace that is seen -----------------------------------
start=$(date +%s%N)
json POST '/pushUpdate?filter%5B0%5D.field=identifiers.shopify.customerId&filter%5B0%5D.operator=In&filter%5B0%5D.value=1&filter%5B0%5D.value=2&filter%5B0%5D.value=3' \
    '{"additionalData":{"loyaltyTier":"few"},"options":{"updateMetadata":true,"throughput":1,"correlationId":"few"}}'
is 'few: status' "$status" 200
is 'few: count' "$(field 'o["passCount"]')" 3
until_is 'few: completed' 3 newest completed
ok 'few: no faster than asked' \
    [ $((($(date +%s%N) - start) / 1000000)) -ge 1900 ]
is 'few: correlation id' "$(newest operationData)" few
is 'few: name' "$(newest operationName)" PushUpdate
is 'few: errors' "$(newest errors)" 0
is 'few: cancelled' "$(newest isCanceled)" false
is 'few: an operation has eleven members' "$(field 'len(o[0])')" 11
is 'few: the data' "$(having loyaltyTier few)" 3
keyed POST /pushUpdate/few/cancel -d ''
is 'cancel: one that is over' "$status" 204
is 'cancel: it stays as it was' "$(newest isCanceled)" false

# -- one that is stopped -----------------------------------------------------
json POST /pushUpdate \
    '{"additionalData":{"stopped":1},"options":{"throughput":20,"correlationId":"stop"}}'
is 'stop: count' "$(field 'o["passCount"]')" "$count"
until_is 'stop: it begins' yes more 0 newest completed
like 'queue: a line for each' "$(passwright queue demo)" \
    "stop  * of $count, 0 errors, 20/s, * s left"
passwright queue demo --json >"$tmp/queue"
is 'queue: JSON' "$(field 'o[0]["correlationId"]' "$tmp/queue")" stop
keyed POST /pushUpdate/stop/cancel -d ''
is 'stop: status' "$status" 204
done_then=$(newest completed)
is 'stop: cancelled' "$(newest isCanceled)" true
ok 'stop: not all was done' [ "$done_then" -lt "$count" ]
is 'queue: nothing runs' "$(passwright queue demo)" ''
not 'queue: usage' passwright queue

# -- passes that cannot be updated ------------------------------------------
json POST '/pushUpdate?filter%5B0%5D.field=identifiers.shopify.customerId&filter%5B0%5D.operator=In&filter%5B0%5D.value=1&filter%5B0%5D.value=2&filter%5B0%5D.value=3' \
    '{"identifiers":{"shopify.customerId":"taken"},"options":{"throughput":1000}}'
until_is 'errors: one has it' 1 newest completed
until_is 'errors: the others do not' 2 newest errors
is 'stop: it stays so' "$(of stop completed)" "$done_then"

# -- kill -9 of the worker each second --------------------------------------
# once [PROGRAM]: the worker, until nothing is owed
once() {
	timeout 300 "${1:-$worker}" -c "$PASSWRIGHT_CONFIG" --once
}
worker_stop
ok 'all that is owed' once
before=$(updates)
start=$(date +%s%N)
json POST /pushUpdate "{\"additionalData\":{\"loyaltyTier\":\"gold\"},\"options\":{\"updateMetadata\":true,\"throughput\":$rate}}"
took=$((($(date +%s%N) - start) / 1000000))
is 'all: count' "$(field 'o["passCount"]')" "$count"
# As cron would, but all the time.
(
	while [ ! -e "$tmp/enough" ]; do
		"$worker" -c "$PASSWRIGHT_CONFIG" --idle 0
		sleep 0.05
	done
) 2>>"$tmp/killed" &
cron=$!
killed=$(bulk kill "$worker" "$PASSWRIGHT_CONFIG" "$kills")
touch "$tmp/enough"
is 'all: kills' "$killed" "$kills"
ok 'all: killed before the end' [ "$(newest completed)" -lt "$count" ]
wait "$cron"
ok 'all: the next one does the rest' once
is 'all: completed' "$(newest completed)" "$count"
is 'all: errors' "$(newest errors)" 0
is 'all: the data' "$(having loyaltyTier gold)" "$count"
is 'all: each changed once' "$(($(updates) - before))" "$count"
echo "  scheduled in $took ms, $killed kills"
ok 'verify' passwright verify demo

# -- single updates that belong together ------------------------------------
keyed GET '?pageSize=1'
id=$(field 'o[0]["id"]')
for i in 1 2 3; do
	json PATCH "/$id" "{\"additionalData\":{\"points\":$i},\"options\":{\"correlationId\":\"night\",\"bypassQueue\":true}}"
	is "night: $i" "$status" 200
done
json PATCH /nosuchpass12 '{"options":{"correlationId":"night"}}'
is 'night: an unknown one' "$status" 404
is 'night: one row' "$(newest operationData)" night
is 'night: name' "$(newest operationName)" Update
is 'night: count' "$(newest passCount)" 4
is 'night: completed' "$(newest completed)" 3
is 'night: errors' "$(newest errors)" 1

# -- the worker goes on SIGTERM ----------------------------------------------
worker_stop
"$worker" -c "$PASSWRIGHT_CONFIG" --idle 60 &
pid=$!
# The lock of the folder has no pid there, but those of databases, which it
# opens then, have.
locked() {
	grep -c " $pid " /proc/locks | sed 's/^[1-9].*/yes/'
}
until_is 'it has the lock' yes locked
ok 'a second worker leaves at once' timeout 20 "$worker" \
    -c "$PASSWRIGHT_CONFIG" --idle 60
json POST /pushUpdate '{"additionalData":{"x":1},"options":{"throughput":50,"correlationId":"term"}}'
until_is 'it begins' yes more 20 newest completed
kill "$pid"
ok 'SIGTERM ends it' wait "$pid"
ok 'in the middle' [ "$(newest completed)" -lt "$count" ]
not 'usage' "$worker" --nonsense
not 'usage: idle' "$worker" --idle x
keyed POST /pushUpdate/term/cancel -d ''
is 'it is stopped' "$status" 204

# -- the clock goes back an hour ---------------------------------------------
worker_stop
if ldd "$worker" | grep -q libasan ||
    ! cc -shared -fPIC -o "$tmp/wrong_clock.so" "$top/tests/run/wrong_clock.c"
then
	echo '  clock: not tried'
	summary
fi
cat >"$tmp/wrong" <<EOF
#!/bin/sh
exec env LD_PRELOAD=$tmp/wrong_clock.so WRONG_CLOCK=$tmp/offset \
    $worker "\$@"
EOF
chmod +x "$tmp/wrong"
echo 0 >"$tmp/offset"
ok 'clock: all that is owed' once "$tmp/wrong"
before=$(updates)
"$tmp/wrong" -c "$PASSWRIGHT_CONFIG" --idle 60 &
pid=$!
until_is 'clock: it has the lock' yes locked
json POST /pushUpdate "{\"additionalData\":{\"loyaltyTier\":\"back\"},\"options\":{\"updateMetadata\":true,\"throughput\":$rate,\"correlationId\":\"back\"}}"
until_is 'clock: it begins' yes more 100 newest completed
echo -3600 >"$tmp/offset"
ok 'clock: back in the middle' [ "$(newest completed)" -lt "$count" ]
until_is 'clock: it goes on' yes more $((count / 4)) of back completed
kill "$pid"
wait "$pid"
ok 'clock: so does the next one' once "$tmp/wrong"
is 'clock: completed' "$(of back completed)" "$count"
is 'clock: errors' "$(of back errors)" 0
is 'clock: the data' "$(having loyaltyTier back)" "$count"
is 'clock: each changed once' "$(($(updates) - before))" "$count"
ok 'clock: verify' passwright verify demo
summary
