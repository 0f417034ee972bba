#!/bin/sh
# Data providers and suppliers: asked, cached, down, and what is kept.
# shellcheck disable=SC2154 # the harness sets them
. "$(dirname "$0")/lib.sh"
worker=$build/passwright-worker
[ -x "$worker" ] || die "$worker is not built"
setup
demo=$tenants/demo
crm=$(free_port)
cat >>"$PASSWRIGHT_CONFIG" <<EOF
worker: $worker
allowPrivate: [127.0.0.1]
EOF
say() {
	printf '{"status": %s, "points": %s}\n' "$1" "$2" >"$tmp/crm.new"
	mv "$tmp/crm.new" "$tmp/crm"
}
asked() {
	grep -c "^$1" "$tmp/crm.log" || :
}
say 200 7
: >"$tmp/crm.log"
python3 -B "$top/tests/run/crm.py" "$crm" "$tmp/crm" &
crm_pid=$!
trap 'kill "$crm_pid" 2>/dev/null; "$worker" --once 2>/dev/null; finish' EXIT

mkdir -p "$demo/server/providers" "$demo/server/suppliers" "$demo/bin"
echo s3cret >"$demo/secrets/crm"
cat >"$demo/server/providers/crm.yml" <<EOF
order: 10
http: { url: "http://127.0.0.1:$crm/customers/{{ .identifiers[\"shopify.customerId\"] | @uri }}", headers: { Authorization: "Bearer {{ \$secret.crm }}" }, timeout: 2s, cache: 0s, stale: 24h }
map: "{ id: .id, secret: 1, customer: { firstName: .first_name, points: .points, who: .who, asked: \$data.passType, status: \$status } }"
EOF
cat >"$demo/server/providers/tool.yml" <<EOF
order: 20
command: [bin/tool, "--fast"]
map: "{ tool: . }"
EOF
cat >"$demo/bin/tool" <<'EOF'
#!/usr/bin/env python3
import json, os, sys
o = json.load(sys.stdin)
json.dump({"args": sys.argv[1:], "first": o["customer"]["firstName"]
    if "customer" in o else None, "env": sorted(os.environ),
    "in": os.path.exists("tenant.yml")}, sys.stdout)
EOF
chmod +x "$demo/bin/tool"
cat >"$demo/server/suppliers/shop.yml" <<EOF
http: { url: "http://127.0.0.1:$crm/orders/{{ .value | @uri }}.json", headers: { Authorization: "Bearer {{ \$secret.crm }}" } }
map: "[ .tickets[] | { passType: \"loyalty\", identifiers: { \"shop.ticketId\": .id }, additionalData: { order: \$value } } ]"
create: true
EOF
sed -e 's/^create.*/access: open/' "$demo/server/suppliers/shop.yml" \
    >"$demo/server/suppliers/look.yml"
python3 - "$demo/server/passes/loyalty.yml" <<'EOF'
import sys
s = open(sys.argv[1]).read()
s = s.replace('points: "{{ .additionalData.points // 0 }}"',
    'points: "{{ .customer.points // 0 }}"\n  extra: "{{ .additionalData.x }}"')
open(sys.argv[1], "w").write(s)
EOF
ok 'check' passwright check demo
server_start 4

# -- data and metadata ----------------------------------------------------
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"a b/c"}}'
is 'created' "$status" 200
id=$(body)
keyed GET "/$id/data"
is 'data' "$(field 'o["customer"]["points"]')" 7
is 'the host gets what is encoded' "$(field 'o["customer"]["who"]')" a%20b%2Fc
is 'a map sees the document' "$(field 'o["customer"]["asked"]')" loyalty
is 'and the status' "$(field 'o["customer"]["status"]')" 200
is 'an id is not for providers' "$(field 'o["id"]')" "$id"
is 'nor a secret' "$(field '"secret" in o')" false
is 'no errors' "$(field '"_errors" in o')" false
is 'metadata' "$(field 'o["metadata"]["points"]')" 7
is 'a command' "$(field 'o["tool"]["args"]')" '["--fast"]'
is 'sees those before it' "$(field 'o["tool"]["first"]')" Ada
is 'has little environment' \
    "$(field '[x for x in o["tool"]["env"] if x not in ("LC_CTYPE",)]')" \
    '["LANG", "PATH"]'
is 'runs in the folder' "$(field 'o["tool"]["in"]')" true

# -- a change -------------------------------------------------------------
metadata() {
	keyed GET "/$id/data/raw"
	field "o['metadata']['$1']"
}
# await WHAT WANTED COMMAND...: for at most 30 seconds
await() {
	what=$1 wanted=$2 n=0
	shift 2
	while got=$("$@"); [ "$got" != "$wanted" ] && [ "$n" -lt 300 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	is "$what" "$got" "$wanted"
}
say 200 8
json PATCH "/$id" '{"additionalData":{"x":"y"}}'
is 'changed' "$status" 200
is 'the merge is there at once' "$(metadata extra)" y
await 'and the slow part follows' 8 metadata points
say 200 9
json PATCH "/$id" '{"options":{"bypassQueue":true}}'
is 'asked before the answer' "$status" 200
is 'so it is there' "$(metadata points)" 9

# -- down -----------------------------------------------------------------
say 503 10
keyed GET "/$id/data"
is 'the last good answer' "$(field 'o["customer"]["points"]')" 9
like 'and an error' "$(field 'o["_errors"]["crm"]')" '*last answer*'
json PATCH "/$id" '{"additionalData":{"x":"z"},"options":{"bypassQueue":true}}'
is 'the last good answer serves' "$status" 200
json PATCH "/$id" '{"identifiers":{"shopify.customerId":"other"},"options":{"bypassQueue":true}}'
problem 502 'nobody knows another customer'
is 'the merge stays' "$(metadata extra)" z
is 'the old customer does not' "$(metadata points)" 0
say 200 11
await 'what is owed is done' 11 metadata points
say 503 12
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"late"}}'
is 'a new pass goes without' "$status" 200
id=$(body)
keyed GET "/$id/data"
is 'its part is left out' "$(field '"customer" in o')" false
is 'which is told' "$(field 'list(o["_errors"])')" '["crm"]'
say 200 13
await 'until it is known' 13 metadata points

# -- cache ----------------------------------------------------------------
sed -i 's/cache: 0s/cache: 1h/' "$demo/server/providers/crm.yml"
sleep 2.2
keyed GET "/$id/data"
before=$(asked /customers/late)
for _ in 1 2 3 4 5; do keyed GET "/$id/data"; done
is 'five answers out of the cache' "$(asked /customers/late)" "$before"

# -- bulk -----------------------------------------------------------------
sed -i 's/cache: 1h/cache: 0s/' "$demo/server/providers/crm.yml"
sleep 2.2
say 200 14
keyed GET "/$id/data" # an answer for one of the two
say 503 15
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"poor"}}'
poor=$(body)
json POST '/pushUpdate' '{"additionalData":{"x":"bulk"},"options":{"updateMetadata":true,"throughput":1000,"correlationId":"bulk-1"}}'
is 'bulk' "$status" 200
errors() {
	keyed GET /pushUpdate/status
	field '[(p["completed"], p["errors"]) for p in o if p["operationData"] == "bulk-1"][0]'
}
await 'one has no answer, and is an error' '[2, 1]' errors
keyed GET "/$poor/data/raw"
is 'and nothing of it is kept' "$(field '"x" in o["additionalData"]')" false
keyed GET "/$id/data/raw"
is 'of the others all is' "$(field 'o["additionalData"]["x"]')" bulk

# -- suppliers ------------------------------------------------------------
say 200 16
req GET '/getPasses?provider=shop&value=o1'
problem 401 'a supplier needs a scope'
keyed GET '/getPasses?provider=nobody&value=o1'
problem 404 'an unknown supplier'
req GET '/getPasses?provider=look&value=o1'
is 'an open one makes nothing' "$(body)" '[]'
keyed GET '/getPasses?provider=shop&value=o1'
is 'passes of an order' "$(field 'len(o)')" 2
cp "$tmp/body" "$tmp/first"
keyed GET '/getPasses?provider=shop&value=o1'
is 'which are the same later' "$(body)" "$(cat "$tmp/first")"
req GET '/getPasses?provider=look&value=o1'
is 'and found' "$(body)" "$(cat "$tmp/first")"
seq 8 | xargs -P 8 -I{} curl -sS -o "$tmp/race.{}" -H "X-API-KEY: $key" \
    "$api/getPasses?provider=shop&value=race"
is 'eight at once make two' \
    "$(cat "$tmp"/race.* | tr ']' '\n' | sort -u | grep -c .)" 1
keyed GET '/getPasses?provider=shop&value=o1&includePreview=true'
is 'with preview' "$(field 'len(o) == 2 and "title" in o[0]')" true
keyed GET '/getPasses?provider=shop'
problem 400 'a value is needed'
say 500 17
keyed GET '/getPasses?provider=shop&value=o1'
problem 502 'a supplier that fails'
not 'no secret in the log' grep -q s3cret "$log"

# -- check ----------------------------------------------------------------
# fault WHAT FILE PATTERN: a broken file is told with its line
fault() {
	cat >"$demo/server/$2.yml"
	not "$1" passwright check demo
	passwright check demo >"$tmp/check" 2>&1
	like "$1" "$(grep "$2.yml:[0-9]" "$tmp/check" | head -n 1)" "$3"
	rm "$demo/server/$2.yml"
}
fault 'an unknown key' providers/bad '*unknown key*' <<'EOF'
http: { url: "https://a.example/", tiemout: 2s }
EOF
fault 'no @uri' providers/bad '*@uri*' <<'EOF'
http: { url: "https://a.example/{{ .id }}" }
EOF
fault 'not even in a comment' providers/bad '*bad.yml:*' <<'EOF'
http: { url: "https://a.example/{{ .id # }} | @uri }}" }
map: "("
EOF
fault 'an expression in the host' providers/bad '*host*' <<'EOF'
http: { url: "https://{{ .id | @uri }}/" }
EOF
fault 'nor right behind it' providers/bad '*host*' <<'EOF'
http: { url: "https://a.example{{ .id | @uri }}/" }
EOF
fault 'a header of two lines' providers/bad '*one line*' <<'EOF'
http: { url: "https://a.example/", headers: { X: "a\r\nb" } }
EOF
fault 'a map that is none' suppliers/bad '*bad.yml*' <<'EOF'
http: { url: "https://a.example/" }
map: "[ .a | "
EOF
fault 'an unknown variable' suppliers/bad '*bad.yml*' <<'EOF'
http: { url: "https://a.example/" }
map: "$data"
EOF
fault 'a program elsewhere' providers/bad '*folder*' <<'EOF'
command: [/bin/true]
EOF
fault 'a program above' providers/bad '*..*' <<'EOF'
command: [../x/bin/true]
EOF
ok 'check' passwright check demo
ok 'verify' passwright verify demo
summary
