#!/bin/sh
# A pass is created over HTTP, found, changed, and downloaded signed.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
server_start 4

# -- create: an id as bare text, or as JSON where that is asked for --------
doc='{"identifiers":{"shopify.customerId":"42","email":"ann@example.org"},
"additionalData":{"points":250,"loyaltyTier":"gold","note":"Zoë ☕"}}'
json POST '?passType=loyalty' "$doc"
id=$(body)
is 'create: status' "$status" 200
like 'create: type' "$(header Content-Type)" 'text/plain*'
is 'create: id' "$(printf %s "$id" | tr -d A-Za-z0-9 | wc -c)/${#id}" 0/12
like 'create: request id' "$(header X-Request-Id)" '????????*'
json POST '?passType=loyalty' "$doc" -H 'Accept: application/json'
is 'create again, as JSON' "$status $(body)" "200 \"$id\""
json POST '' '{"identifiers":{"shopify.customerId":"43"}}'
is 'create: default pass type' "$status" 200
id2=$(body)
not 'create: another pass' [ "$id" = "$id2" ]
for i in 1 2 3 4 5 6 7 8; do
	json_twin() {
		curl -sS -m 20 -H "X-API-KEY: $key" -H 'Content-Type: text/json' \
		    --data-binary \
		    '{"identifiers":{"shopify.customerId":"twin"}}' "$api"
	}
	json_twin >"$tmp/twin.$i" &
	twins="${twins:-} $!"
done
# shellcheck disable=SC2086 # a list
wait $twins
is 'create: eight at once are one pass' \
    "$(for i in 1 2 3 4 5 6 7 8; do cat "$tmp/twin.$i"; echo; done |
	sort -u | grep -c '^[A-Za-z0-9]\{12\}$')" 1

# -- refused, and told why -------------------------------------------------
req POST '' -H 'Content-Type: application/json' --data-binary "$doc"
problem 401 'create without credentials'
ok 'create without credentials: challenge' [ -n "$(header WWW-Authenticate)" ]
req POST '' -H 'X-API-KEY: nonsense' -H 'Content-Type: application/json' \
    --data-binary "$doc"
problem 401 'create with a wrong key'
json POST '?passType=nonsense' "$doc"
problem 400 'create with an unknown pass type'
json POST '' '{"identifiers":'
problem 400 'create with broken JSON'
json POST '' '{"surprise":1}'
problem 400 'create with an unknown property'
json POST '' '{"identifiers":{"a":1}}'
problem 400 'create with an identifier that is no string'
keyed POST '' -H 'Content-Type: text/plain' --data-binary "$doc"
problem 415 'create with text'
head -c 1100000 /dev/zero | tr '\0' ' ' >"$tmp/large"
keyed POST '' -H 'Content-Type: application/json' --data-binary "@$tmp/large"
problem 413 'create with more than a megabyte'
keyed DELETE "/$id"
problem 405 'a method that is not'
like 'a method that is not: Allow' "$(header Allow)" '*GET*PATCH*'
keyed GET /nonsense/data
problem 404 'a pass that is not'
keyed GET "$url/api/nobody/passes/$id/data"
problem 404 'a tenant that is not'

# -- request ids -----------------------------------------------------------
keyed GET "/$id/data" -H 'X-Request-Id: caller-0815.x'
is 'request id: kept' "$(header X-Request-Id)" caller-0815.x
ok 'request id: in the log' grep -q caller-0815.x "$log"
keyed GET "/$id/data" -H 'X-Request-Id: a b'
not 'request id: refused' [ "$(header X-Request-Id)" = 'a b' ]

# -- find ------------------------------------------------------------------
keyed GET '/findPass?shopify.customerId=42'
is 'find by one identifier' "$status $(body)" "200 $id"
keyed GET '/findPass?shopify.customerId=42&email=ann%40example.org'
is 'find by two' "$status $(body)" "200 $id"
keyed GET '/findPass?shopify.customerId=42&email=bob%40example.org'
is 'find: all must match' "$status $(body)" '204 '
keyed GET '/findPass?passType=loyalty&shopify.customerId=42'
is 'find within a pass type' "$status $(body)" "200 $id"
keyed GET /findPass
problem 400 'find without an identifier'
req GET '/findPass?shopify.customerId=42'
problem 401 'find without a proof'

# -- read ------------------------------------------------------------------
keyed GET "/$id/data"
is 'data: status' "$status" 200
like 'data: type' "$(header Content-Type)" 'application/json*'
is 'data: points' "$(field 'o["additionalData"]["points"]')" 250
is 'data: text' "$(field 'o["additionalData"]["note"]' |
    od -An -tx1 | tr -d ' \n')" 5a6fc3ab20e298950a
is 'data: metadata' "$(field 'o["metadata"]["loyaltyTier"]')" gold
keyed GET "/$id/data/raw"
is 'raw: id' "$(field 'o["id"]')" "$id"
like 'raw: date' "$(field 'o["creationDate"]')" '????-??-??T??:??:??.???Z'
date=$(field 'o["lastUpdateDate"]')
length=$(body | wc -c)
keyed HEAD "/$id/data/raw"
is 'HEAD' "$status $(header Content-Length)" "200 $length"

# -- the signed pass -------------------------------------------------------
keyed GET "/$id?device=apple"
cp "$tmp/body" "$tmp/a.pkpass"
is 'pass: status' "$status" 200
is 'pass: type' "$(header Content-Type)" application/vnd.apple.pkpass
like 'pass: disposition' "$(header Content-Disposition)" '*attachment*.pkpass*'
is 'pass: length' "$(header Content-Length)" "$(body | wc -c)"
etag=$(header ETag)
modified=$(header Last-Modified)
like 'pass: ETag' "$etag" '"*"'
like 'pass: Last-Modified' "$modified" '???, ?? ??? ???? ??:??:?? GMT'
ok 'pass: unzips' unpack "$tmp/a.pkpass" "$tmp/a"
ok 'pass: signature' signed "$tmp/a"
ok 'pass: manifest' manifest_holds "$tmp/a"
is 'pass: serial' "$(field 'o["serialNumber"]' "$tmp/a/pass.json")" "$id"
is 'pass: type id' \
    "$(field 'o["passTypeIdentifier"]' "$tmp/a/pass.json")" "$type_id"
is 'pass: stored, not deflated' \
    "$(unzip -v "$tmp/a.pkpass" | grep -c ' Defl:')" 0
printf x >>"$tmp/a/manifest.json"
not 'pass: signature of another manifest' signed "$tmp/a"

sleep 1.1
keyed GET "/$id?device=apple"
ok 'pass again: unzips' unpack "$tmp/body" "$tmp/b"
unpack "$tmp/a.pkpass" "$tmp/a"
rm "$tmp/a/signature" "$tmp/b/signature"
ok 'pass again: the same but for the signature' diff -r "$tmp/a" "$tmp/b"
is 'pass again: the same names and times' \
    "$(unzip -l "$tmp/body" | grep -v signature | sed '1d;$d')" \
    "$(unzip -l "$tmp/a.pkpass" | grep -v signature | sed '1d;$d')"
is 'pass again: the same ETag' "$(header ETag)" "$etag"

keyed GET "/$id?device=apple" -H "If-None-Match: $etag"
is '304 by ETag' "$status $(body | wc -c)" '304 0'
keyed GET "/$id?device=apple" -H "If-None-Match: W/$etag, \"x\""
is '304 by a list of ETags' "$status" 304
keyed GET "/$id?device=apple" -H "If-Modified-Since: $modified"
is '304 by date' "$status" 304
keyed GET "/$id?device=apple" -H 'If-None-Match: "x"' \
    -H "If-Modified-Since: $modified"
is 'the ETag decides first' "$status" 200
keyed GET "/$id?device=apple" \
    -H 'If-Modified-Since: Thu, 01 Jan 2015 00:00:00 GMT'
is 'an older date' "$status" 200
keyed HEAD "/$id?device=apple"
is 'pass: HEAD' "$status $(header ETag)" "200 $etag"
keyed GET "/$id?device=nonsense"
problem 400 'an unknown device'
keyed GET "/nonsense0?device=apple"
problem 404 'an unknown pass'

keyed GET "/$id,$id2?device=apple"
cp "$tmp/body" "$tmp/all.pkpasses"
is 'bundle: type' "$status $(header Content-Type)" \
    '200 application/vnd.apple.pkpasses'
ok 'bundle: unzips' unpack "$tmp/all.pkpasses" "$tmp/all"
is 'bundle: files' "$(find "$tmp/all" -name '*.pkpass' | wc -l)" 2
for f in "$tmp"/all/*.pkpass; do
	unpack "$f" "$tmp/one"
	ok 'bundle: signature' signed "$tmp/one"
	ok 'bundle: manifest' manifest_holds "$tmp/one"
done
keyed GET "/$id,nonsense0?device=apple"
problem 404 'bundle with an unknown pass'

# -- change ----------------------------------------------------------------
json PATCH "/$id" '{"additionalData":{"points":251,"note":null}}'
is 'patch' "$status $(body | wc -c)" '200 0'
keyed GET "/$id/data/raw"
is 'patch: merged' "$(field 'sorted(o["additionalData"].items())')" \
    '[["loyaltyTier", "gold"], ["points", 251]]'
date2=$(field 'o["lastUpdateDate"]')
not 'patch: a later date' [ "$date2" = "$date" ]
json PATCH "/$id" '{"additionalData":{"points":251}}'
keyed GET "/$id/data/raw"
is 'patch that changes nothing' "$(field 'o["lastUpdateDate"]')" "$date2"
keyed GET "/$id?device=apple" -H "If-None-Match: $etag"
is 'patch: the pass is another' "$status" 200
not 'patch: another Last-Modified' [ "$(header Last-Modified)" = "$modified" ]
unpack "$tmp/body" "$tmp/c"
ok 'patch: signature' signed "$tmp/c"
ok 'patch: in the pass' grep -q 251 "$tmp/c/pass.json"
json PATCH '?id.shopify.customerId=42' '{"identifiers":{"email":""}}'
is 'patch by identifier' "$status" 200
keyed GET "/$id/data/raw"
is 'patch by identifier: removed' "$(field 'o["identifiers"]')" \
    '{"shopify.customerId": "42"}'
keyed GET '/findPass?email=ann%40example.org'
is 'patch by identifier: found no more' "$status" 204
json PATCH '?id.shopify.customerId=nobody' '{}'
problem 404 'patch of nobody'
json PATCH '' '{}'
problem 400 'patch without identifiers'
json PATCH "/$id2" '{"identifiers":{"shopify.customerId":"42"}}'
problem 409 "patch to another pass's unique identifier"
req PATCH "/$id" -H 'Content-Type: application/json' --data-binary '{}'
problem 401 'patch without credentials'

# -- from outside ----------------------------------------------------------
req OPTIONS "/$id/data" -H 'Origin: https://shop.example' \
    -H 'Access-Control-Request-Method: GET'
like 'preflight' "$status" '20[04]'
req GET "/$id?device=apple"
is 'a pass id is a capability' "$status" 200
req GET "$url//api//demo/passes/$id?device=apple"
is 'repeated slashes' "$status" 200

req GET "$url/healthz"
is 'healthz' "$status" 200

# As many values as a body may have, which take a hundred times their text.
# A sanitizer keeps what is freed, to find its use.
python3 -c 'print("{\"additionalData\":{\"a\":[" + "[]," * 131000 + "[]]}}")' \
    >"$tmp/wide.json"
json POST '' "@$tmp/wide.json"
problem 413 'a wide document'
for p in $(serve_responders); do
	grep -q libasan "/proc/$p/maps" && continue
	kept=$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\) kB/\1/p' \
	    "/proc/$p/status")
	ok "memory after it: $kept KiB" [ "$kept" -lt 24576 ]
done

# -- the command line ------------------------------------------------------
ok 'render' passwright render demo loyalty -o "$tmp/r.pkpass"
unpack "$tmp/r.pkpass" "$tmp/r"
ok 'render: signature' signed "$tmp/r"
ok 'render: manifest' manifest_holds "$tmp/r"
ok 'check' passwright check demo
ok 'verify' passwright verify demo
not 'no secret in the log' grep -qF "$key" "$log"
summary
