#!/bin/sh
# What an operator does with all passes of a tenant, or with one for good:
# import, export, backup and restore, erase.
. "$(dirname "$0")/lib.sh"
setup
tenant_make two
file=$tmp/passes.ndjson

# -- what helps at the keyboard -------------------------------------------------
passwright --help >"$tmp/help"
ok 'the help fits a screen' [ "$(wc -l <"$tmp/help")" -le 24 ]
ok 'and its width' [ "$(wc -L <"$tmp/help")" -le 80 ]
for c in tenant key check render import export backup erase queue recover \
    stats verify; do
	passwright $c --help >"$tmp/help"
	is "$c --help: exit code" $? 0
	ok "$c --help fits" [ "$(wc -L <"$tmp/help")" -le 80 ]
	like "$c --help" "$(cat "$tmp/help")" "usage: passwright $c *"
	passwright $c demo --bogus one two three >"$tmp/out" 2>"$tmp/err"
	is "$c: too many words" $? 64
	like "$c: its usage" "$(cat "$tmp/err")" "*usage: passwright $c *"
	is "$c: nothing on stdout" "$(cat "$tmp/out")" ''
done
passwright -c 2>"$tmp/err"
is '-c alone' $? 64
like '-c alone' "$(cat "$tmp/err")" '*-c takes a FILE*'
passwright --json tenant add third >"$tmp/out"
is 'a tenant, as JSON' "$(cat "$tmp/out")" \
    "{\"tenant\":\"third\",\"folder\":\"$tenants/third\"}"
passwright --json key add third --name k --scope Pass.Read >"$tmp/out"
is 'a key, as JSON' "$(field 'len(o["key"]) > 20 and o["name"]' "$tmp/out")" k
rm -r "$tenants/third"
cat >"$tmp/complete" <<-EOF
PATH=$build:\$PATH
. "$top/etc/bash-completion/passwright"
COMP_WORDS=(passwright --json imp) COMP_CWORD=2
_passwright
echo "\${COMPREPLY[*]}"
COMP_WORDS=(passwright import d) COMP_CWORD=2
_passwright
echo "\${COMPREPLY[*]}"
COMP_WORDS=(passwright import demo --dr) COMP_CWORD=3
_passwright
echo "\${COMPREPLY[*]}"
COMP_WORDS=(passwright stats demo --da) COMP_CWORD=3
_passwright
echo "\${COMPREPLY[*]}"
EOF
is 'completion' "$(bash "$tmp/complete" | tr '\n' ' ')" \
    'import demo --dry-run --days '

# -- import: what is kept, what is refused ------------------------------------
cat >"$file" <<-'EOF'
{"id":"kept-1","secret":"old","creationDate":"2020-01-02T03:04:05.678Z","lastUpdateDate":"2021-01-02T03:04:05.678Z","passType":"loyalty","identifiers":{"shopify.customerId":"1","crm.a.b":"x"},"metadata":{"points":7,"name":"O"},"additionalData":{"a.b":"1","n":"007","t":"true","deep":{"x":[1,2]},"q":"say \"hi\", Ann"},"extensions":{"e":1},"lastNotification":{"content":"007","localizedContent":{"fr":"Ola"},"date":"2021-01-02T03:04:05.678Z","id":"msg01","number":3},"providers":{"google":{"installationDate":"2020-03-01T00:00:00.000Z"}},"apple":{"serialNumber":"SER.1","authenticationToken":"0123456789abcdef","registrations":[{"deviceLibraryIdentifier":"dev1","pushToken":"aa01","date":"2020-02-02T00:00:00.000Z"},{"deviceLibraryIdentifier":"dev2","pushToken":"aa02","date":"2020-02-03T00:00:00.000Z"}]},"google":{"objectId":"3388.obj-1","saved":true}}

{"passType":"loyalty","identifiers":{"shopify.customerId":"2"}}
{"apple":{"serialNumber":"SER.3"},"additionalData":{"points":3}}
EOF
is 'dry run' "$(passwright import demo "$file" --dry-run)" \
    '3 to import, 0 present already, 0 at fault'
is 'a dry run stores nothing' "$(passwright export demo)" ''
is 'import' "$(passwright import demo "$file")" \
    '3 imported, 0 present already, 0 at fault'
passwright export demo >"$tmp/first"
is 'once more' "$(passwright --json import demo "$file")" \
    '{"imported":0,"present":3,"faults":0,"dryRun":false}'
passwright export demo >"$tmp/second"
ok 'changes nothing' cmp "$tmp/first" "$tmp/second"
grep kept-1 "$tmp/first" >"$tmp/kept"
for f in secret creationDate lastUpdateDate metadata additionalData extensions \
    identifiers lastNotification; do
	is "keeps $f" "$(field "o['$f']" "$tmp/kept")" \
	    "$(head -n 1 "$file" | python3 -c '
import json, sys
v = json.load(sys.stdin)[sys.argv[1]]
print(v if isinstance(v, str) else json.dumps(v))' "$f")"
done

is 'keeps what providers say, and that Google has it' \
    "$(field 'o["providers"]["google"]' "$tmp/kept")" \
    '{"installationDate": "2020-03-01T00:00:00.000Z", "activeRegistrations": 1}'

cat >"$tmp/bad.ndjson" <<-'EOF'
{"id":"good-1"}
{"id":"stats"}
{"id":"x"}
{"id":"apple","passType":"loyalty"}
{"passType":"nosuch"}
not JSON
[]
{"creationdate":"2020-01-01"}
{"creationDate":"yesterday"}
{"creationDate":"2999-01-01"}
{"creationDate":"2021-01-01","lastUpdateDate":"2020-01-01"}
{"apple":{"authenticationToken":"short"}}
{"apple":{"serialNumber":"a b"}}
{"identifiers":{"id":"1"}}
{"apple":{"registrations":[{"pushToken":"aa"}]}}
{"identifiers":{"k":1}}
{"id":"other-1","identifiers":{"shopify.customerId":"1"}}
{"id":"good-1","additionalData":{"x":1}}
null
{"lastNotification":"Hi"}
{"lastNotification":{"content":"Hi"}}
{"lastNotification":{"content":"Hi","date":"2021-01-02T03:04:05.678Z","id":"msg01","number":9}}
{"lastNotification":{"content":"","date":"2021-01-02T03:04:05.678Z","id":"msg01","number":1}}
{"lastNotification":{"content":"Hi","date":"2021-01-02T03:04:05.678Z","id":"msg01","number":1,"text":1}}
EOF
for how in --dry-run ''; do
	# shellcheck disable=SC2086 # an option or none
	passwright import demo "$tmp/bad.ndjson" $how >"$tmp/faults"
	is "faults: status $how" $? 65
	is "faults: lines $how" \
	    "$(sed -n 's/^[^:]*:\([0-9]*\): .*/\1/p' "$tmp/faults" | tr '\n' ' ')" \
	    '2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 '
done
is 'faults: the good line' "$(passwright export demo | grep -c good-1)" 1
passwright import demo "$tmp/nosuch" 2>"$tmp/err"
is 'no such file' $? 66

# -- CSV ----------------------------------------------------------------------
printf '%s\r\n' 'Customer,E-Mail,points,Phone,junk' \
    '77,ann@example.org,12,00491,"a,b"' '78,"bo@example.org",,"+49 1",' \
    '79,short' >"$tmp/list.csv"
set -- --map Customer=identifiers.shopify.customerId \
    --map E-Mail=identifiers.email --map points=additionalData.points \
    --map Phone=additionalData.phone --map junk=
passwright import demo "$tmp/list.csv" "$@" >"$tmp/faults"
is 'csv: status' $? 65
like 'csv: the fault' "$(head -n 1 "$tmp/faults")" '*list.csv:4: *5.'
is 'csv: a pass' "$(passwright export demo | python3 -c '
import json, sys
o = [json.loads(l) for l in sys.stdin]
print([p["additionalData"] for p in o
    if p.get("identifiers", {}).get("email") == "ann@example.org"])')" \
    "[{'points': 12, 'phone': '00491'}]"
not 'csv: a column that is not there' \
    passwright import demo "$tmp/list.csv" --map nosuch=id

# -- out and in again is the same -----------------------------------------------
passwright export demo -o "$tmp/all.ndjson"
passwright export demo --csv -o "$tmp/all.csv"
ok 'import of an export' passwright import two "$tmp/all.ndjson"
passwright export two >"$tmp/again"
ok 'is the same' cmp "$tmp/again" "$tmp/all.ndjson"
rm -rf "$tenants/two/data"
ok 'import of a CSV export' passwright import two "$tmp/all.csv"
passwright export two >"$tmp/again"
for f in all.ndjson again; do # columns are ordered, members are not
	python3 -c 'import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=True))' \
	    <"$tmp/$f" >"$tmp/$f.sorted"
done
ok 'is the same, too' cmp "$tmp/again.sorted" "$tmp/all.ndjson.sorted"
ok 'verify an import' passwright verify two

# -- backup under load, and restore ---------------------------------------------
server_start 4
keyed GET /kept-1/data/raw
is 'an imported pass is served' "$status" 200
is 'installed where it was' \
    "$(field 'o["providers"]["apple"]["activeRegistrations"]')" 2
req GET "/apple/v1/passes/$type_id/SER.1" \
    -H 'Authorization: ApplePass 0123456789abcdef'
is 'a phone gets it by the old serial and token' "$status" 200
req GET "/apple/v1/devices/dev2/registrations/$type_id"
is 'a device that was registered there' "$(field 'o["serialNumbers"]')" \
    '["SER.1"]'
"$build/passwright-worker" --idle 20 & # takes events meanwhile
worker=$!
ok 'backup under load' python3 -B "$top/tests/run/restore.py" "$port" "$key" \
    "$tmp/report" "$build/passwright" backup demo "$tmp/backup"
kill "$worker"
wait "$worker"
not 'a folder that is in use' passwright backup demo "$tmp/backup"
rm -rf "$tenants/two/data"
mv "$tmp/backup/data" "$tenants/two/data"
ok 'recover a restored copy' passwright recover two
ok 'verify a restored copy' passwright verify two
passwright export two >"$tmp/restored"
is 'all that was acknowledged' "$(python3 - "$tmp/report" "$tmp/restored" <<-'EOF'
import json, sys
want = json.load(open(sys.argv[1]))
got = {}
for line in open(sys.argv[2]):
    o = json.loads(line)
    got[o["id"]] = o.get("additionalData", {}).get("points", 0)
print([i for i, n in want.items() if got.get(i, 0) < n])
EOF
)" '[]'

# Events are in it, each with its pass: once the worker has counted them, there
# are as many as passes that callers created.
made=$(grep -c '"shopify.customerId":"r' "$tmp/restored")
ok 'the worker' timeout 60 "$build/passwright-worker" --once
is 'all events of it' "$(passwright --json stats two | python3 -c '
import json, sys
o = json.load(sys.stdin)
print(sum(d["created"] for d in o["days"]), o["queuedEvents"])')" "$made 0"
ok 'verify after it' passwright verify two

# -- where a backup goes, and where not -----------------------------------------
refused() { # WHAT CODE PATTERN ARGUMENTS...
	what=$1 code=$2 pattern=$3
	shift 3
	passwright backup "$@" >"$tmp/out" 2>"$tmp/err"
	is "$what: exit code" $? "$code"
	like "$what" "$(cat "$tmp/err")" "$pattern"
	is "$what: no output" "$(cat "$tmp/out")" ''
}
mkdir "$tmp/full" "$tmp/void" "$tmp/half"
mkdir "$tmp/half/data.part"
: >"$tmp/full/file"
refused 'a folder that is not empty' 73 "*$tmp/full is no empty folder*" \
    demo "$tmp/full"
refused 'what one left that was killed' 73 '*is no empty folder*' \
    demo "$tmp/half"
refused 'a file' 73 "*$tmp/full/file is no empty folder*" demo "$tmp/full/file"
refused 'a folder in none' 73 "*$tmp/none/new: No such file*" \
    demo "$tmp/none/new"
refused 'the store itself' 73 '*lies in the tenant*' \
    demo "$tenants/demo/data/backup"
not 'and leaves nothing there' [ -e "$tenants/demo/data/backup" ]
refused 'no folder' 64 'usage: *' demo
refused 'an option' 64 'usage: *' demo --bogus
refused 'nobody' 66 '*no tenant nobody*' nobody "$tmp/new"
not 'and leaves no folder' [ -e "$tmp/new" ]
ok 'an empty folder' passwright backup demo "$tmp/void"
is 'its folder, as JSON' "$(passwright --json backup demo "$tmp/another")" \
    "{\"data\":\"$tmp/another/data\"}"

# A full disk is told, and leaves nothing half-made; so does a killed one.
mkdir "$tmp/small"
if mount -t tmpfs -o size=2m none "$tmp/small" 2>/dev/null; then
	refused 'a full disk' 74 '*no room on the disk*' demo "$tmp/small/b"
	is 'and is empty again' "$(ls -A "$tmp/small/b")" ''
	umount "$tmp/small"
fi

# -- erase ----------------------------------------------------------------------
# A person's strings, one of each kind: what is left of them after all?
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"other",
    "email":"other@example.org"}}'
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"gone1",
    "email":"gone2@example.org"},"extensions":{"x":"gone3"},
    "additionalData":{"loyaltyTier":"gone4","name":"gone5"}}'
id=$(body)
json PUT "/$id/notification" '{"content":"gone6"}'
json PATCH "/$id" '{"additionalData":{"loyaltyTier":"gone7"}}'
req GET "/$id?device=apple&neo.src=gone8"
is 'a pass is downloaded' "$status" 200
unpack "$tmp/body" "$tmp/pass"
token=$(field 'o["authenticationToken"]' "$tmp/pass/pass.json")
phone() {
	req "$1" "$2" -H "Authorization: ApplePass $token" \
	    -H 'Content-Type: application/json' --data-binary "$3"
}
phone POST "/apple/v1/devices/gone9/registrations/$type_id/$id" \
    '{"pushToken":"gone0"}'
is 'a phone registers' "$status" 201
phone GET "/apple/v1/passes/$type_id/$id" ''
is 'a phone fetches it' "$status" 200
kept() {
	find "$tenants/demo/data/kept" -type f | wc -l
}
before=$(kept)
ok 'erase' passwright erase demo "$id"
ok 'what was kept for downloads is gone' [ "$(kept)" -lt "$before" ]
req GET "/$id?device=apple"
is 'and is gone' "$status" 404
phone GET "/apple/v1/passes/$type_id/$id" ''
is 'a phone is refused' "$status" 401
req GET "/apple/v1/devices/gone9/registrations/$type_id"
is 'it has no pass here' "$status" 204
keyed GET '/findPass?email=gone2@example.org'
is 'not found by an identifier' "$status" 204
keyed GET '?filter%5B0%5D.field=metadata.loyaltyTier&filter%5B0%5D.value=gone7'
is 'not listed' "$(body)" '[]'
ok 'the worker, after it' timeout 60 "$build/passwright-worker" --once
ok 'a later backup' passwright backup demo "$tmp/later"
is 'holds nothing of the person' \
    "$(grep -raoE "gone[0-9]" "$tmp/later")" ''
ok 'but the others' grep -rqa other@example.org "$tmp/later"
ok 'verify' passwright verify demo

passwright erase demo "$id" 2>"$tmp/err"
is 'erased already' $? 66
passwright erase demo --by id.email=gone2@example.org 2>"$tmp/err"
is 'by what nobody has' $? 66
for by in email=x id.=x id.email; do
	passwright erase demo --by "$by" 2>"$tmp/err"
	is "--by $by" $? 64
done
is 'a dry run' "$(passwright erase demo --by id.shopify.customerId=1 --dry-run)" \
    'kept-1 would be erased'
is 'a dry run, as JSON' "$(passwright --json erase demo kept-1 --dry-run)" \
    '{"erased":[],"found":["kept-1"]}'
passwright erase demo nobody --dry-run 2>"$tmp/err"
is 'a dry run of nobody' $? 66
is 'erases nothing' "$(passwright export demo | grep -c '^{"id":"kept-1"')" 1
is 'erase by an identifier' \
    "$(passwright --json erase demo --by id.shopify.customerId=1)" \
    '{"erased":["kept-1"]}'
not 'a backup does not hold it' sh -c "'$build/passwright' backup demo \
    '$tmp/later' && rm -rf '$tenants/two/data' && \
    mv '$tmp/later/data' '$tenants/two/data' && \
    '$build/passwright' export two | grep -e kept-1 -e gone@example"
req GET "/apple/v1/passes/$type_id/SER.1" \
    -H 'Authorization: ApplePass 0123456789abcdef'
is 'the phone of an erased pass' "$status" 401
ok 'verify after it' passwright verify demo
json POST '?passType=loyalty' '{"identifiers":{"shopify.customerId":"gone"}}'
is 'its unique identifiers are free' "$status" 200
summary
