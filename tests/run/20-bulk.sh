#!/bin/sh
# Bulk updates: accepted at once, at the pace asked, watched, stopped, and
# each pass exactly once although the worker is killed each second.
# usage: 20-bulk.sh [--long]
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
count=2000 rate=200 seconds=8
[ "${1:-}" != --long ] || count=100000 rate=1500 seconds=60
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
	while [ -n "$pid" ] && serve_alive "$pid" && [ "$n" -lt 50 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
trap 'worker_stop; finish' EXIT
server_start 4
ok "$count passes" bulk make "$port" "$key" "$count"

# newest MEMBER: of the operation that was scheduled last
newest() {
	keyed GET /pushUpdate/status
	field "o[0]['$1']"
}
# count KEY VALUE: passes whose metadata says so
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
is 'no worker yet' "$(bulk pid "$worker" "$PASSWRIGHT_CONFIG")" ''

# -- an operation that matches nothing --------------------------------------
json POST '/pushUpdate?filter%5B0%5D.field=passType&filter%5B0%5D.value=x' '{}'
is 'nobody matches' "$(body)" '{"passCount":0}'

# -- one of a few, at a pace that is seen -----------------------------------
json POST '/pushUpdate?filter%5B0%5D.field=identifiers.shopify.customerId&filter%5B0%5D.operator=In&filter%5B0%5D.value=1&filter%5B0%5D.value=2&filter%5B0%5D.value=3' \
    '{"additionalData":{"loyaltyTier":"few"},"options":{"updateMetadata":true,"throughput":1,"correlationId":"few"}}'
is 'few: status' "$status" 200
is 'few: count' "$(field 'o["passCount"]')" 3
sleep 4.5
is 'few: completed' "$(newest completed)" 3
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
sleep 1
like 'queue: a line for each' "$(passwright queue demo)" \
    "stop  * of $count, 0 errors, 20/s, * s left"
passwright queue demo --json >"$tmp/queue"
is 'queue: JSON' "$(field 'o[0]["correlationId"]' "$tmp/queue")" stop
keyed POST /pushUpdate/stop/cancel -d ''
is 'stop: status' "$status" 204
done_then=$(newest completed)
is 'stop: cancelled' "$(newest isCanceled)" true
ok 'stop: it had begun' [ "$done_then" -gt 0 ]
sleep 1
is 'stop: it stays so' "$(newest completed)" "$done_then"
is 'queue: nothing runs' "$(passwright queue demo)" ''
not 'queue: usage' passwright queue

# -- passes that cannot be updated ------------------------------------------
json POST '/pushUpdate?filter%5B0%5D.field=identifiers.shopify.customerId&filter%5B0%5D.operator=In&filter%5B0%5D.value=1&filter%5B0%5D.value=2&filter%5B0%5D.value=3' \
    '{"identifiers":{"shopify.customerId":"taken"},"options":{"throughput":1000}}'
sleep 1
is 'errors: one has it' "$(newest completed)" 1
is 'errors: the others do not' "$(newest errors)" 2

# -- kill -9 of the worker each second --------------------------------------
start=$(date +%s%N)
json POST /pushUpdate "{\"additionalData\":{\"loyaltyTier\":\"gold\"},\"options\":{\"updateMetadata\":true,\"throughput\":$rate}}"
took=$((($(date +%s%N) - start) / 1000000))
is 'all: count' "$(field 'o["passCount"]')" "$count"
# Nobody but the responder starts the next worker, when something is queued.
(
	end=$(($(date +%s) + seconds + 1))
	while [ "$(date +%s)" -lt "$end" ]; do
		"$worker" -c "$PASSWRIGHT_CONFIG" --idle 0
		sleep 0.05
	done
) 2>>"$tmp/killed" &
cron=$!
kills=$(bulk kill "$worker" "$PASSWRIGHT_CONFIG" "$seconds")
ok "all: $kills kills" [ "$kills" -ge $((seconds - 2)) ]
wait "$cron"
ok 'all: --once does the rest' timeout 300 "$worker" -c "$PASSWRIGHT_CONFIG" \
    --once
is 'all: completed' "$(newest completed)" "$count"
is 'all: errors' "$(newest errors)" 0
is 'all: the data' "$(having loyaltyTier gold)" "$count"
echo "  scheduled in $took ms, $kills kills"
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

# -- the worker goes by itself, and on SIGTERM ------------------------------
"$worker" -c "$PASSWRIGHT_CONFIG" --idle 60 &
pid=$!
sleep 0.5
ok 'a second worker leaves at once' timeout 5 "$worker" \
    -c "$PASSWRIGHT_CONFIG" --idle 60
json POST /pushUpdate '{"additionalData":{"x":1},"options":{"throughput":50}}'
sleep 1
kill "$pid"
ok 'SIGTERM ends it' wait "$pid"
before=$(newest completed)
ok 'it had begun' [ "$before" -gt 20 ]
not 'usage' "$worker" --nonsense
not 'usage: idle' "$worker" --idle x
keyed POST "/pushUpdate/$(newest operationData)/cancel" -d ''
worker_stop
summary
