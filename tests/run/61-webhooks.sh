#!/bin/sh
# Webhooks: made, changed, signed, sent once, again when they fail, parked.
# shellcheck disable=SC2154,SC2317 # the harness sets them; called by until_is()
. "$(dirname "$0")/lib.sh"
worker=$build/passwright-worker
[ -x "$worker" ] || die "$worker is not built"
setup
receiver=$(free_port)
away=$(free_port) # nobody listens
inbox=$tmp/inbox
mkdir "$inbox"
: >"$inbox/log"
cat >>"$PASSWRIGHT_CONFIG" <<EOF
worker: $worker
allowPrivate: [127.0.0.1]
EOF
python3 -B "$top/tests/run/hooks.py" "$receiver" "$inbox" &
receiver_pid=$!
worker_pid() {
	python3 "$top/tests/run/bulk.py" pid "$worker" "$PASSWRIGHT_CONFIG"
}
worker_end() {
	pid=$(worker_pid)
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	n=0
	while [ -n "$pid" ] && serve_alive "$pid" && [ "$n" -lt 300 ]; do
		n=$((n + 1))
		sleep 0.1
	done
}
trap 'kill "$receiver_pid" 2>/dev/null; worker_end; finish' EXIT
hook_key=$(passwright key add demo --name hooks \
    --scope Webhook.Read Webhook.Write)
read_key=$(passwright key add demo --name reader --scope Webhook.Read)
hooks=$url/api/demo/webhooks
server_start 4

# hooked METHOD PATH [BODY]: with the key that may
hooked() {
	method=$1 target=$hooks$2
	shift 2
	if [ $# -gt 0 ]; then
		req "$method" "$target" -H "X-API-KEY: $hook_key" \
		    -H 'Content-Type: application/json' --data-binary "$1"
	else
		req "$method" "$target" -H "X-API-KEY: $hook_key"
	fi
}
# hook_make PATH [MEMBERS]: sets $hook and $secret
hook_make() {
	hooked POST '' \
	    "{\"url\": \"http://127.0.0.1:$receiver$1\"${2:+, $2}}"
	is "a webhook to $1" "$status" 201
	hook=$(field 'o["id"]')
	secret=$(field 'o["secret"]')
}
rules='{}'
# rule PATH JSON: how the receiver answers there
rule() {
	rules=$(printf '%s' "$rules" | python3 -c 'import json, sys
o = json.load(sys.stdin)
o[sys.argv[1]] = json.loads(sys.argv[2])
print(json.dumps(o))' "$1" "$2")
	printf '%s' "$rules" >"$inbox/rules.new"
	mv "$inbox/rules.new" "$inbox/rules"
}
# got EXPRESSION: on `l`, what was received
got() {
	python3 -c 'import json, sys
from collections import Counter
l = [json.loads(s) for s in open(sys.argv[2], encoding="utf-8")]
def of(path):
    return [x for x in l if x["path"] == path and "id" in x]
print(json.dumps(eval(sys.argv[1], globals())))' "$1" "$inbox/log" 2>&1 |
	    tail -n 1
}
# until_is WHAT WANTED COMMAND...: for at most 30 seconds
until_is() {
	what=$1 wanted=$2 n=0
	shift 2
	while now=$("$@"); [ "$now" != "$wanted" ] && [ "$n" -lt 100 ]; do
		n=$((n + 1))
		sleep 0.3
	done
	is "$what" "$now" "$wanted"
}
shown() { # ID EXPRESSION
	hooked GET "/$1"
	field "$2"
}
create() {
	json POST '?passType=loyalty' "{\"identifiers\":
	    {\"shopify.customerId\":\"$1\"},
	    \"additionalData\":{\"name\":\"Persephone\"}}"
	is "pass $1" "$status" 200
	id=$(body)
}

# -- who may, and what ------------------------------------------------------
req GET "$hooks"
problem 401 'nobody lists them'
keyed GET "$hooks"
problem 403 'nor who may but read passes'
req POST "$hooks" -H "X-API-KEY: $read_key" \
    -H 'Content-Type: application/json' \
    --data-binary '{"url":"https://a.example.com/"}'
problem 403 'who may read them makes none'
req GET "$hooks" -H "X-API-KEY: $read_key"
is 'but lists them' "$status $(body)" '200 []'
cat >"$tmp/bad" <<EOF
no address|{}
an unknown member|{"url":"https://a.example.com/","secret":"mine"}
no URL|{"url":"nonsense"}
another scheme|{"url":"ftp://a.example.com/"}
http to the public|{"url":"http://8.8.8.8/"}
a private address|{"url":"https://10.0.0.1/"}
another of loopback|{"url":"http://127.0.0.2:$receiver/"}
loopback in disguise|{"url":"http://0x7f000002:$receiver/"}
loopback of IPv6|{"url":"http://[::1]:$receiver/"}
loopback inside of IPv6|{"url":"https://[::ffff:127.0.0.2]/"}
metadata of a cloud|{"url":"http://169.254.169.254/"}
a password|{"url":"https://user:pass@a.example.com/"}
a fragment|{"url":"https://a.example.com/#x"}
a long one|{"url":"https://a.example.com/$(printf '%02100d' 0)"}
a number|{"url":7}
no event|{"url":"https://a.example.com/","events":[]}
an unknown event|{"url":"https://a.example.com/","events":["pass.deleted"]}
an event that is none|{"url":"https://a.example.com/","events":[7]}
events that are none|{"url":"https://a.example.com/","events":"pass.created"}
an unknown type|{"url":"https://a.example.com/","passTypes":["nobody"]}
a type that is none|{"url":"https://a.example.com/","passTypes":[null]}
enabled perhaps|{"url":"https://a.example.com/","enabled":"yes"}
EOF
while IFS='|' read -r what said; do
	hooked POST '' "$said"
	problem 400 "$what"
done <"$tmp/bad"
hooked GET /nobody012345
problem 404 'there is no such webhook'
hooked PATCH /nobody012345 '{}'
problem 404 'none to change'
hooked DELETE /nobody012345
problem 404 'none to delete'
hooked POST /nobody012345/retry ''
problem 404 'none to send again'
hooked POST /nobody012345/rotate ''
problem 404 'none with a secret'
hook_make /max
like 'a secret' "$secret" 'whsec_*='
is 'of 32 bytes' "$(printf '%s' "${secret#whsec_}" | base64 -d | wc -c)" 32
is 'where it is' "$(header Location)" "/api/demo/webhooks/$hook"
hooked DELETE "/$hook"
is 'deleted' "$status" 204
hooked GET "/$hook"
problem 404 'a deleted one is gone'

# -- every kind of event, once ----------------------------------------------
hook_make /all
all=$hook all_secret=$secret
rule /all "{\"secret\": \"$secret\"}"
hook_make /some \
    '"events": ["pass.notified", "pass.created"], "passTypes": ["loyalty"]'
rule /some "{\"secret\": \"$secret\"}"
is 'events are kept' "$(field 'o["events"]')" \
    '["pass.created", "pass.notified"]'
hook_make /off '"enabled": false'
off=$hook
create one
one=$id
json PATCH "/$one" '{"additionalData":{"points":7}}'
json PATCH "/$one" '{"additionalData":{"points":7}}'
is 'no change' "$status" 200
json PUT "/$one/notification" '{"content":"Hello"}'
keyed GET "/$one/data/raw"
token=$(field 'o["apple"]["authenticationToken"]')
device=$api/apple/v1/devices/d1/registrations/$type_id/$one
req POST "$device" -H "Authorization: ApplePass $token" \
    -H 'Content-Type: application/json' --data-binary '{"pushToken":"abc"}'
is 'installed' "$status" 201
req DELETE "$device" -H "Authorization: ApplePass $token"
is 'uninstalled' "$status" 200
until_is 'each kind comes once' '{"pass.created": 1, "pass.installed": 1, "pass.notified": 1, "pass.uninstalled": 1, "pass.updated": 1}' \
    got 'dict(sorted(Counter(x["type"] for x in of("/all")).items()))'
is 'with the wallet' "$(got 'sorted({x["wallet"] for x in of("/all")
    if "nstall" in x["type"]})')" '["apple"]'
until_is 'another gets what it asked for' \
    '["pass.created", "pass.notified"]' \
    got 'sorted(x["type"] for x in of("/some"))'
is 'a disabled one nothing' "$(got 'len(of("/off"))')" 0
until_is 'it goes well' '["active", 0, 0, null]' shown "$all" \
    '[o["state"], o["pending"], o["parked"], o["lastError"]]'
is 'since when' "$(field 'o["lastSuccessDate"] >= o["creationDate"]')" true
hooked DELETE "/$off"

# -- what fails comes again, and keeps nobody waiting ------------------------
hook_make /flaky '"events": ["pass.created"]'
rule /flaky "{\"secret\": \"$secret\", \"status\": 500, \"times\": 1}"
hook_make /moved '"events": ["pass.created"]'
moved=$hook
rule /moved '{"status": 302}'
hook_make /gone '"events": ["pass.created"]'
gone=$hook
rule /gone '{"status": 410, "times": 1}'
hook_make /hang '"events": ["pass.created"]'
hang=$hook
rule /hang '{"hang": true}'
hooked POST '' "{\"url\":\"http://127.0.0.1:$away/\"}"
is 'an address where nobody is' "$status" 201
dead=$(field 'o["id"]')
create two
until_is 'one hangs' 1 got 'len([x for x in l if "begun" in x])'
for n in 3 4 5 6 7; do create "$n"; done
until_is 'the others go on' 7 \
    got 'len([x for x in of("/all") if x["type"] == "pass.created"])'
is 'while it hangs' "$(got '[x for x in l if "left" in x]')" '[]'
until_is 'what failed comes again' 6 got 'len({x["passId"]
    for x in of("/flaky") if x["status"] == 204})'
is 'under the same id' "$(got '(of("/flaky")[0]["id"] in
    [x["id"] for x in of("/flaky")[1:]])')" true
is 'each once' "$(got 'max(Counter(x["id"]
    for x in of("/flaky") if x["status"] == 204).values())')" 1
until_is 'a redirect is a failure' 'It answered 302.' \
    shown "$moved" 'o["lastError"]'
is 'and fails' "$(field 'o["state"]')" failing
is 'nobody goes where it leads' \
    "$(got 'len([x for x in l if x["path"] == "/elsewhere"])')" 0
until_is 'who is gone is disabled' disabled shown "$gone" 'o["state"]'
until_is 'who is away fails' failing shown "$dead" 'o["state"]'
like 'and it is told why' "$(field 'o["lastError"]')" '*onnect*'
hooked PATCH "/$gone" '{"enabled": true}'
is 'enabled again' "$status $(field 'o["state"]')" '200 active'
until_is 'it gets what was left' 204 got 'of("/gone")[-1]["status"]'
for id in "$dead" "$gone" "$moved" "$hang"; do
	hooked DELETE "/$id"
	is 'deleted' "$status" 204
done

# -- kill -9 of the worker ----------------------------------------------------
before=$(got 'len(of("/all"))')
seq 40 | xargs -P 4 -I{} curl -sS -o /dev/null -H "X-API-KEY: $key" \
    -H 'Content-Type: application/json' --data-binary \
    '{"identifiers":{"shopify.customerId":"k{}"}}' "$api?passType=loyalty" &
creators=$!
kills=0
while [ "$kills" -lt 4 ]; do
	pid=$(worker_pid)
	if [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; then
		kills=$((kills + 1))
	fi
	# The death of one ends others that have the store open.
	json POST '' '{}' 2>/dev/null
	sleep 0.3
done
wait "$creators"
n=0
until json POST '' '{}' && [ "$status" = 200 ] || [ "$n" -gt 50 ]; do
	n=$((n + 1))
	sleep 0.2
done
made=$(keyed GET '/stats' && field 'o["count"]["total"]')
# A worker may have ended with the last one that died: then cron starts one.
heard() {
	[ -n "$(worker_pid)" ] || "$worker" --once
	got 'len({x["passId"] for x in of("/all") if x["type"] == "pass.created"})'
}
until_is 'nothing is lost' "$made" heard
ok 'there was something to lose' [ "$made" -gt "$((before + 35))" ]
is 'nobody hears twice under another id' "$(got 'max(Counter(p for p, _ in
    {(x["passId"], x["id"]) for x in of("/all")
    if x["type"] == "pass.created"}).values())')" 1

# -- a new secret -------------------------------------------------------------
hooked POST "/$all/rotate" ''
is 'a new secret' "$status" 200
new=$(field 'o["secret"]')
not 'is another' [ "$new" = "$all_secret" ]
told() { # PASS
	python3 -c 'import json, sys
print(json.dumps([[x["signatures"], x["wrong"]]
    for x in map(json.loads, open(sys.argv[2], encoding="utf-8"))
    if x["path"] == "/all" and x.get("passId") == sys.argv[1]]))' \
	    "$1" "$inbox/log"
}
create rotated
until_is 'the old one still signs' '[[2, []]]' told "$id"
rule /all "{\"secret\": \"$new\"}"
create again
until_is 'and so does the new one' '[[2, []]]' told "$id"

# -- after 24 hours -------------------------------------------------------------
ok 'a clock to be set' cc -shared -fPIC -o "$tmp/wrong_clock.so" \
    "$top/tests/run/wrong_clock.c"
worker_end
sed -i "s|^worker:.*|worker: /nonexistent|" "$PASSWRIGHT_CONFIG"
serve_stop
server_start 2
once() { # [FILE]
	LD_PRELOAD=$tmp/wrong_clock.so WRONG_CLOCK=$inbox/offset \
	    timeout 60 "$worker" -c "${1:-$PASSWRIGHT_CONFIG}" --once
}
# It was allowed once, and its name leads inside all the same.
hooked POST '' "{\"url\":\"http://localhost:$receiver/name\"}"
is 'a name may be told' "$status" 201
inside=$(field 'o["id"]')
sed 's/^allowPrivate.*/allowPrivate: [10.9.9.9]/' "$PASSWRIGHT_CONFIG" \
    >"$tmp/strict.yml"
create inside
once "$tmp/strict.yml"
is 'a private address is refused' \
    "$(shown "$inside" '"private" in o["lastError"]')" true
is 'nothing came' "$(got 'len(of("/name"))')" 0
hooked DELETE "/$inside"
sleep 1 # what was refused as well is tried again after it
once
hook_make /late '"events": ["pass.created"]'
late=$hook
rule /late "{\"secret\": \"$secret\", \"status\": 503}"
create late
once
is 'what fails is still owed' $? 75
is 'it is pending' "$(shown "$late" '[o["pending"], o["parked"]]')" '[1, 0]'
echo 90000 >"$inbox/offset"
once
is 'nothing is owed any more' $? 0
is 'it is parked' "$(shown "$late" '[o["pending"], o["parked"]]')" '[0, 1]'
is 'and listed' "$(field '[o["parkedDeliveries"][0][k] for k in
    ("passId", "type", "attempts", "lastError")]')" \
    "[\"$id\", \"pass.created\", 2, \"It answered 503.\"]"
req GET "$url/metrics"
ok 'it is counted' grep -q \
    '^passwright_webhook_deliveries{tenant="demo",state="parked"} 1$' \
    "$tmp/body"
rule /late "{\"secret\": \"$secret\"}"
rm "$inbox/offset"
ok 'erased meanwhile' passwright erase demo "$id"
not 'nothing of a person is kept' grep -qa Persephone \
    "$tenants/demo/data/delivery.db" "$tenants/demo/data/webhook.db"
hooked POST "/$late/retry" '{"all": true}'
problem 400 'an unknown member'
hooked POST "/$late/retry" ''
is 'asked for again' "$status $(body)" '200 {"count":1}'
once
is 'nothing is owed' $? 0
is 'it comes, under the same id' "$(got '[len(of("/late")),
    len({x["id"] for x in of("/late")})]')" '[3, 1]'
is 'and is parked no more' \
    "$(shown "$late" '[o["pending"], o["parked"]]')" '[0, 0]'
hooked POST "/$late/retry" '{}'
is 'there is none left' "$(body)" '{"count":0}'
hooked PATCH "/$late" '{"enabled": false}'
hooked POST "/$late/retry" ''
problem 409 'nor of one that is disabled'

# -- its end ----------------------------------------------------------------------
hooked PATCH "/$late" "{\"url\": \"http://127.0.0.1:$receiver/later\",
    \"events\": [\"pass.updated\", \"pass.created\"], \"enabled\": true}"
is 'another address' "$(field '[o["url"][-6:], o["events"]]')" \
    '["/later", ["pass.created", "pass.updated"]]'
hooked PATCH "/$late" '{"url": "https://10.1.1.1/"}'
problem 400 'no private one'
create before
hooked DELETE "/$late"
once
is 'who is deleted gets nothing' "$(got 'len(of("/later"))')" 0
hooked GET ''
not 'no list tells a secret' grep -q 'whsec_\|secret' "$tmp/body"
hooked GET "/$all"
not 'nor does one of them' grep -q 'whsec_\|secret' "$tmp/body"
for s in "$all_secret" "$new"; do
	not 'no secret is logged' grep -qF "${s#whsec_}" "$log"
done
not 'nor is a path' grep -q '/flaky' "$log"
ok 'failures are' grep -q 'event=webhook_failed.*webhook=' "$log"
ok 'and parking' grep -q 'event=webhook_parked' "$log"
ok 'and who is gone' grep -q 'event=webhook_disabled' "$log"
is 'every request was well' "$(got 'sum((x.get("wrong", []) for x in l), [])')" '[]'
ok 'the store is whole' passwright verify demo
summary
