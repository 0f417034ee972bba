#!/bin/sh
# Tenants and keys come, change and go while four responders serve.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
server_start 4
json POST '' '{"identifiers":{"shopify.customerId":"1"}}'
id=$(body)
is 'create' "$status" 200

# Every responder must have seen it: ask them all at once, several times.
everywhere() { # WHAT STATUS URL [KEY]: every answer has this status
	what=$1 want=$2 target=$3 with=${4:-$key}
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		echo "$target"
	done | xargs -P 16 -n 1 curl -sS -m 20 -o /dev/null \
	    -w '%{http_code}\n' -H "X-API-KEY: $with" >"$tmp/codes"
	is "$what" "$(sort "$tmp/codes" | uniq -c | sed 's/^ *//')" "16 $want"
}
description() { # of the pass, as all responders make it: one line each
	for i in 1 2 3 4 5 6 7 8; do
		curl -sS -m 20 -o "$tmp/d$i" "$api/$id?device=apple" &
		jobs="${jobs:-} $!"
	done
	# shellcheck disable=SC2086 # a list
	wait $jobs
	jobs=
	for i in 1 2 3 4 5 6 7 8; do
		unzip -p "$tmp/d$i" pass.json >"$tmp/d.json"
		field 'o["description"]' "$tmp/d.json"
	done | sort -u
}

# -- a change is seen within two seconds, a broken one is not taken --------
type=$tenants/demo/server/passes/loyalty.yml
cp "$type" "$tmp/loyalty.yml"
ok 'the pass type has a description' grep -q '^  description:' "$type"
before=$(description)
sed 's/^  description:.*/  description: Another card/' "$tmp/loyalty.yml" \
    >"$tmp/new.yml"
cp "$tmp/new.yml" "$type"
sleep 2
is 'a change is seen' "$(description)" 'Another card'
printf 'card: [\n' >>"$type"
sleep 2
is 'a broken change is not' "$(description)" 'Another card'
ok 'a broken change is logged with its file' grep -q 'loyalty\.yml' "$log"
not 'check refuses it' passwright check demo
like 'check names file and line' \
    "$(passwright check demo 2>&1 | grep loyalty)" '*loyalty.yml:[0-9]*: ?*'
cp "$tmp/loyalty.yml" "$type"
sleep 2
is 'mended' "$(description)" "$before"
ok 'mended: check' passwright check demo
echo 'nonsense: true' >>"$tenants/demo/tenant.yml"
not 'check refuses an unknown key' passwright check demo
sed -i '/^nonsense/d' "$tenants/demo/tenant.yml"

# -- keys ------------------------------------------------------------------
second=$(passwright key add demo --name second --scope Pass.Read)
is 'key add prints the key alone' "$(printf '%s\n' "$second" | wc -l)" 1
not 'the key itself is not stored' \
    grep -rqF "$second" "$tenants/demo/security.yml"
like 'key list' "$(passwright key list demo)" '*second*'
not 'a name is taken once' passwright key add demo --name second \
    --scope Pass.Read
sleep 2
everywhere 'a new key reads' 200 "$api/$id/data" "$second"
req PATCH "/$id" -H "X-API-KEY: $second" \
    -H 'Content-Type: application/json' --data-binary '{}'
problem 403 'a key without the scope'
ok 'key revoke' passwright key revoke demo --name second
not 'key revoke: of nobody' passwright key revoke demo --name nobody
sleep 2
everywhere 'a revoked key' 401 "$api/$id/data" "$second"
everywhere 'the other key' 200 "$api/$id/data"
ok 'editing kept the comments' [ "$(grep -c '#' "$top/etc/demo/security.yml")" \
    = "$(grep -c '#' "$tenants/demo/security.yml")" ]

# -- tenants ---------------------------------------------------------------
everywhere 'no such tenant yet' 404 "$url/api/shop/passes/$id/data"
ok 'tenant add' passwright tenant add shop --url https://shop.example
not 'tenant add: taken' passwright tenant add shop
not 'tenant add: a reserved name' passwright tenant add healthz
not 'tenant add: no name' passwright tenant add 'A b'
for bad in javascript:x 'https://' 'https://x.example/"' 'https://x.example
defaultPassType: x'; do
	not "tenant add: no URL: $bad" passwright tenant add other --url "$bad"
done
for word in null true 123; do # names that YAML would not take for a text
	ok "tenant add $word" passwright tenant add "$word"
	ok "tenant add $word: check" passwright check "$word"
	rm -rf "${tenants:?}/$word"
done
is 'tenant list' "$(passwright tenant list | grep -cw -e demo -e shop)" 2
ok 'tenant add: check' passwright check shop
shop=$(passwright key add shop --name till --scope Pass.Read --scope Pass.Write)
sleep 2
everywhere 'a new tenant' 204 \
    "$url/api/shop/passes/findPass?shopify.customerId=1" "$shop"
everywhere "another tenant's key" 401 \
    "$url/api/shop/passes/findPass?shopify.customerId=1"
everywhere "another tenant's pass" 404 "$url/api/shop/passes/$id/data" "$shop"

# A pool that is tied to one tenant knows no other.
tied() { # TENANT: the status that a responder tied to `shop` gives
	env PASSWRIGHT_TENANT=shop REQUEST_METHOD=GET SCRIPT_NAME='' \
	    REQUEST_URI="/api/$1/passes/abcdef?device=auto" \
	    "$build/cgi-bin/passwright.fcgi" <"$tmp/ok.out" |
	    sed -n 's/.*"detail":"\([^"]*\)".*/\1/p'
}
like 'tied to a tenant: itself' "$(tied shop)" '*no such pass*'
like 'tied to a tenant: another' "$(tied demo)" '*no such tenant*'
mv "$tenants/shop" "$tmp/gone"
sleep 2
everywhere 'a tenant that went' 404 "$url/api/shop/passes/$id/data" "$shop"
summary
