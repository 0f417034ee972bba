#!/bin/sh
# What `passwright stats` counts: passes as they are, events by day and type.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
cp "$tenants/demo/server/passes/loyalty.yml" \
    "$tenants/demo/server/passes/other.yml"
server_start 2
worker=$build/passwright-worker

# counts [OPTION...]: NAME=SUM of all days and types, then how many rows
counts() {
	passwright --json stats demo "$@" >"$tmp/stats"
	field '" ".join("%s=%d" % (k, sum(d[k] for d in o["days"])) for k in (
	    "created", "updated", "installed", "uninstalled", "notified"))' \
	    "$tmp/stats"
}
# of TYPE KIND: how many
of() {
	field "sum(d['$2'] for d in o['days'] if d['passType'] == '$1')" \
	    "$tmp/stats"
}
work() {
	ok 'worker' timeout 60 "$worker" --once
}

# -- nothing yet -------------------------------------------------------------
is 'nothing' "$(passwright --json stats demo)" \
    '{"count":{"total":0,"active":0,"apple":0,"google":0},"days":[],"queuedEvents":0}'
is 'nothing, in words' "$(passwright stats demo)" \
    '0 passes, 0 installed: 0 in Apple Wallet, 0 in Google Wallet'

# -- one of each -------------------------------------------------------------
for n in 1 2 3; do
	json POST '?passType=loyalty' \
	    "{\"identifiers\":{\"shopify.customerId\":\"$n\"}}"
	is "create $n" "$status" 200
done
id=$(body)
json POST '?passType=other' '{"identifiers":{"email":"o@example.org"}}'
is 'create another type' "$status" 200
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"1"}}'
is 'one that is there' "$status" 200
json PATCH "/$id" '{"additionalData":{"points":2}}'
is 'update' "$status" 200
json PATCH "/$id" '{"additionalData":{"points":2}}'
is 'the same again' "$status" 200
json PATCH /nosuchpass12 '{"additionalData":{"points":2}}'
is 'nobody' "$status" 404
json PUT "/$id/notification" '{"content":"Hello"}'
is 'notify' "$status" 200
json PUT "/$id/notification" '{"content":""}'
is 'notify with nothing' "$status" 400
req GET "/$id?device=apple"
unpack "$tmp/body" "$tmp/pass"
token=$(field 'o["authenticationToken"]' "$tmp/pass/pass.json")
phone() { # METHOD STATUS DEVICE
	req "$1" "/apple/v1/devices/$3/registrations/$type_id/$id" \
	    -H "Authorization: ApplePass $token" \
	    -H 'Content-Type: application/json' \
	    --data-binary "{\"pushToken\":\"$3\"}"
	is "phone: $1 $3" "$status" "$2"
}
phone POST 201 one
phone POST 200 one
phone POST 201 two
like 'they wait for the worker' "$(passwright --json stats demo)" \
    '*"queuedEvents":8}'
like 'they wait, in words' "$(passwright stats demo)" \
    '*8 events wait for the worker*'
work
like 'none waits' "$(passwright --json stats demo)" '*"queuedEvents":0}'
counts >"$tmp/counts"
is 'events' "$(cat "$tmp/counts")" \
    'created=4 updated=1 installed=2 uninstalled=0 notified=1'
is 'the other type' "$(of other created)" 1
is 'this one' "$(of loyalty created)" 3
is 'passes' "$(field 'o["count"]' "$tmp/stats")" \
    '{"total": 4, "active": 1, "apple": 1, "google": 0}'
keyed GET /stats
is 'as the API says' "$(field 'o["count"]')" \
    "$(field 'o["count"]' "$tmp/stats")"
phone DELETE 200 one
phone DELETE 200 two
phone DELETE 200 two
work
is 'events after it' "$(counts)" \
    'created=4 updated=1 installed=2 uninstalled=2 notified=1'
work
is 'no event twice' "$(counts --days 1)" \
    'created=4 updated=1 installed=2 uninstalled=2 notified=1'
passwright stats demo >"$tmp/lines"
is 'a line for each type' "$(grep -c '^20' "$tmp/lines")" 2
like 'its numbers' "$(grep loyalty "$tmp/lines" | tr -s ' ')" \
    "$(date -u +%Y)-??-?? 3 1 2 2 1 loyalty"
ok 'lines fit a terminal' [ "$(wc -L <"$tmp/lines")" -le 80 ]
ok 'verify' passwright verify demo

# -- what is no number of days -----------------------------------------------
for n in 0 -1 36501 99999999999999999999 x 7x '' 1.5; do
	passwright stats demo --days "$n" >"$tmp/out" 2>&1
	is "days '$n'" $? 64
done
ok 'the most' passwright stats demo --days 36500
passwright stats >"$tmp/out" 2>&1
is 'no tenant' $? 64
passwright stats nosuch >"$tmp/out" 2>&1
is 'no such tenant' $? 66
summary
