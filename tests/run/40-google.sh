#!/bin/sh
# Google Wallet, whole life: save links, what the API is told, images,
# updates, callbacks.  tests/run/google.py stands in for Google.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
google() {
	python3 "$top/tests/run/google.py" "$@"
}
g=$tmp/google
mkdir "$g"
google account "$g/account.json" || die 'no service account'
google keys "$g"
gport=$(free_port)
python3 "$top/tests/run/google.py" serve "$g" "$gport" \
    >"$tmp/google.log" 2>&1 &
gpid=$!
trap 's=$?; kill "$gpid" 2>/dev/null; (exit $s); finish' EXIT
cat >>"$PASSWRIGHT_CONFIG" <<-EOT
	worker: $build/passwright-worker
	endpoints:
	  googleApi: http://127.0.0.1:$gport/v1
	  googleToken: http://127.0.0.1:$gport/token
	  googleSave: https://pay.google.example/save/
	  googleKeys: http://127.0.0.1:$gport/keys
	EOT
yml=$tenants/demo/tenant.yml
server_start 2
issuer=3388000000012345678

json POST '?passType=loyalty' '{"additionalData":{"points":7}}'
id=$(body)
is 'create' "$status" 200

# -- without settings, with bad ones ---------------------------------------
req GET "/$id?device=google"
is 'no settings: status' "$status" 501
like 'no settings: which' "$(field 'o["detail"]')" '*google.issuerId*'
req GET "/$id" -A 'Mozilla/5.0 (Linux; Android 14)'
is 'no settings: Android gets the page' "$status" 302
like 'no settings: the page' "$(header Location)" '*/demo/card?id=*'
echo "google: { issuerId: \"$issuer\" }" >>"$yml"
sleep 2.2
req GET "/$id?device=google"
is 'no account: status' "$status" 501
like 'no account: which' "$(field 'o["detail"]')" '*google.serviceAccount*'
sed -i '/^google:/d' "$yml"
echo '{}' >"$tenants/demo/secrets/google.json"
chmod 600 "$tenants/demo/secrets/google.json"
cat >>"$yml" <<-EOT
	google: { issuerId: "$issuer", serviceAccount: secrets/google.json,
	          origins: [https://acme.example] }
	EOT
sleep 2.2
req GET "/$id?device=google"
is 'bad account' "$status" 500
like 'bad account: check' "$(passwright check demo 2>&1)" '*client_email*'
cp "$g/account.json" "$tenants/demo/secrets/google.json"
sleep 1.2

# -- a save link ------------------------------------------------------------
req GET "/$id?device=google"
is 'jwt: status' "$status" 200
like 'jwt: type' "$(header Content-Type)" 'text/plain*'
google jwt "$g/account.json" "$(body)" >"$tmp/claims" || fail 'jwt: signature'
claim() {
	field "$1" "$tmp/claims"
}
is 'jwt: aud' "$(claim 'o["aud"]')" google
is 'jwt: typ' "$(claim 'o["typ"]')" savetowallet
is 'jwt: iss' "$(claim 'o["iss"]')" wallet@acme.example
is 'jwt: origins' "$(claim 'o["origins"][0]')" https://acme.example
is 'jwt: object' "$(claim 'o["payload"]["loyaltyObjects"][0]["id"]')" \
    "$issuer.$id"
ok 'jwt: at most 1,800' test "$(wc -c <"$tmp/body")" -le 1800
req GET "/$id?device=google" -H 'Accept: application/json'
like 'json' "$(field 'o["saveUrl"]')" 'https://pay.google.example/save/ey*'
req GET "/$id" -A 'Mozilla/5.0 (Linux; Android 14)'
is 'auto: status' "$status" 302
like 'auto: where' "$(header Location)" 'https://pay.google.example/save/ey*'
req GET "/$id" -A 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)'
like 'auto: iPhone' "$(header Location)" '?device=apple*'
req GET "/nosuchpass?device=google"
is 'unknown pass' "$status" 404
json POST '?passType=loyalty' '{"additionalData":{"points":8}}'
other=$(body)
req GET "/$id,$other?device=google"
is 'several: status' "$status" 200
google jwt "$g/account.json" "$(body)" >"$tmp/claims" || fail 'several: text'
is 'several: one token' "$(claim \
    'len(o["payload"]["loyaltyObjects"])')" 2
req GET "/$id,$other?device=google" -H 'Accept: application/json, text/*'
like 'several: JSON' "$(field 'o["jwt"]')" 'ey*'
req GET "/$id,$other?device=google" -H 'Accept: text/html, */*;q=0.8'
like 'several: JSON unless text alone' "$(field 'o["jwt"]')" 'ey*'

# -- what is long goes by the API: class, then object -----------------------
asked() {
	grep -c "$1" "$g/asked"
}
ok 'the class was made' test -s "$g/$issuer.demo.loyalty.json"
is 'the class is made once' "$(asked 'POST /v1/loyaltyClass')" 1
is 'one token for all' "$(asked '^token$')" 1
is 'nothing was refused' "$(grep refused "$g/asked")" ''
class=$g/$issuer.demo.loyalty.json
is 'class: review' "$(field 'o["reviewStatus"]' "$class")" UNDER_REVIEW
logo=$(field 'o["programLogo"]["sourceUri"]["uri"]' "$class")
like 'class: logo' "$logo" 'https://*/demo/images/*-logo%403x.png'

# -- images ------------------------------------------------------------------
path=/demo/images/${logo##*/}
req GET "$url$path"
is 'image: status' "$status" 200
is 'image: type' "$(header Content-Type)" image/png
like 'image: cache' "$(header Cache-Control)" 'public, max-age=31536000*'
ok 'image: bytes' cmp "$tmp/body" \
    "$tenants/demo/server/passes/loyalty/logo@3x.png"
etag=$(header ETag)
req HEAD "$url$path"
is 'image: HEAD' "$status" 200
req GET "$url$path" -H "If-None-Match: $etag"
is 'image: 304' "$status" 304
for no in "0000000000000000000000000000000000000000-logo%403x.png" \
    logo%403x.png "${logo##*/}x" en.yml; do
	req GET "$url/demo/images/$no"
	is "image: $no" "$status" 404
done

# -- every kind, by its roles: what the token carries Google would take --------
type_make() { # NAME KIND FIELDS
	cat >"$tenants/demo/server/passes/$1.yml" <<-EOT
		kind: $2
		card:
		  title: The title
		  images: { logo: logo.png }
		  barcode: { format: aztec, message: "{{ .additionalData.code }}" }
		  primary:
		$(printf '%s\n' "$3" | sed 's/^/    - /')
		google: { class: { id: "{{ \"$1.\" + (.additionalData.n // \"1\") }}" } }
	EOT
	mkdir "$tenants/demo/server/passes/$1"
	cp "$tenants/demo/server/passes/loyalty/"*.png \
	    "$tenants/demo/server/passes/$1"
}
role() { # KEY VALUE ROLE
	echo "{ key: $1, value: $2, label: L, role: $3 }"
}
type_make ticket eventTicket "$(role s '"12"' event.seat
    role v Hall event.venue; role a Street event.address
    role d '"2027-01-31T19:30:00+01:00"' event.doors)"
type_make gift giftCard "$(role n '"4711"' gift.number
    echo '{ key: b, value: 12.5, currencyCode: EUR, role: gift.balance }')"
type_make deal offer "$(role f Fine offer.finePrint)"
type_make flight boardingPass "$(role c LX flight.carrier
    role n '"123"' flight.number; role o ZRH flight.origin
    role z JFK flight.destination; role p Ada flight.passenger
    role g A1 flight.gate; role r ABC flight.confirmation
    role d '"2027-01-31T10:00:00+01:00"' flight.departure)"
type_make train transit "$(role o Bern transit.origin
    role d Chur transit.destination)"
type_make plain generic "$(role s Below generic.subheader
    echo '{ key: long, value: "{{ .additionalData.long }}" }')"
sleep 2.2
is 'kinds: check' "$(passwright check demo 2>&1 | grep -i google)" ''
made() { # TYPE DATA: a pass, and the claims of its token
	json POST "?passType=$1" "{\"additionalData\":$2}"
	is "$1: create" "$status" 200
	made=$(body)
	req GET "/$made?device=google"
	is "$1: status" "$status" 200
	google jwt "$g/account.json" "$(body)" >"$tmp/claims" ||
	    fail "$1: signature"
	is "$1: faults" "$(claim 'o["faults"]')" '[]'
}
for type in ticket gift deal flight train plain; do
	made $type '{"code":"7"}'
done
made ticket '{"code":"7"}'
is 'ticket: seat' "$(claim '[o["payload"]["eventTicketObjects"][0][
    "seatInfo"]["seat"]["defaultValue"]["value"]]')" '["12"]'

# -- as much in the token as fits, the rest by the API -------------------------
: >"$g/asked"
made plain '{"n":"2"}'
is 'fat: class and object' "$(claim '[len(o["payload"][k]) for k in
    ("genericClasses", "genericObjects")]')" '[1, 1]'
is 'fat: nothing is asked' "$(cat "$g/asked")" ''
# Longer by so much that the class goes, and no more.
over=$(((1800 - $(wc -c <"$tmp/body")) * 3 / 4 + 20))
made plain "{\"n\":\"3\",\"long\":\"$(printf "%0${over}d" 0)\"}"
is 'class by the API: payload' "$(claim 'list(o["payload"])')" \
    '["genericObjects"]'
is 'class by the API: object' \
    "$(claim '"header" in o["payload"]["genericObjects"][0]')" true
is 'class by the API: asked' "$(cat "$g/asked" | tr '\n' ,)" \
    "PATCH /v1/genericClass/$issuer.plain.3,POST /v1/genericClass,"
: >"$g/asked"
made plain "{\"n\":\"3\",\"long\":\"$(printf '%02500d' 0)\"}"
is 'both by the API: payload' "$(claim 'o["payload"]')" \
    "{\"genericObjects\": [{\"id\": \"$issuer.$made\", \"classId\": \
\"$issuer.plain.3\"}]}"
is 'both by the API: asked' "$(cat "$g/asked" | tr '\n' ,)" \
    "PATCH /v1/genericObject/$issuer.$made,POST /v1/genericObject,"
ok 'both by the API: at most 1,800' test "$(wc -c <"$tmp/body")" -le 1800

# -- callbacks ---------------------------------------------------------------
installs() { # of $id
	keyed GET "/$id/data/raw"
	field 'o["providers"].get("google", {}).get("activeRegistrations", 0)'
}
callback() { # WHAT STATUS INSTALLS NAME=VALUE...
	what=$1 wanted=$2 count=$3
	shift 3
	google callback "$g" "$@" >"$tmp/callback"
	req POST /google -H 'Content-Type: application/json' \
	    --data-binary "@$tmp/callback"
	is "callback: $what" "$status" "$wanted"
	is "callback: $what: installs" "$(installs)" "$count"
}
object=object=$issuer.$id
touch "$g/no-keys"
callback 'while there are no keys' 502 0 "$object" nonce=a
rm "$g/no-keys" "$tenants/demo/data/google-keys.json"
callback 'of 2 MiB' 413 0 "$object" nonce=a huge=2097152
callback 'altered' 400 0 "$object" nonce=a altered=1
callback 'of another protocol' 400 0 "$object" nonce=a version=ECv2
callback 'to another issuer' 400 0 "$object" nonce=a issuer=3388
callback 'by another key' 400 0 "$object" nonce=a root=other
callback 'expired' 400 0 "$object" nonce=a ms=-1000
callback 'of an expired key' 400 0 "$object" nonce=a keyms=-1000
callback 'with another member' 400 0 "$object" nonce=a extra=1
callback 'of another event' 400 0 "$object" nonce=a event=look
callback 'unknown object' 200 0 "object=$issuer.nosuchpass12" nonce=u
callback 'save' 200 1 "$object" nonce=a
req POST /google -H 'Content-Type: application/json' \
    --data-binary "@$tmp/callback"
is 'callback: replay' "$status" 200
is 'callback: replay: installs' "$(installs)" 1
callback 'saved again' 200 2 "$object" nonce=b
callback 'deleted' 200 1 "$object" nonce=c event=del
is 'the keys were fetched once' "$(asked '^keys$')" 1
req PATCH /google
is 'callback: PATCH' "$status" 405

# -- updates -----------------------------------------------------------------
until_asked() { # PATTERN
	n=0
	while [ $n -lt 250 ] && ! grep -q "$1" "$g/asked"; do
		n=$((n + 1))
		sleep 0.1
	done
	ok "asked: $1" grep -q "$1" "$g/asked"
}
points() {
	field 'o["textModulesData"][0]["body"]' "$g/$issuer.$id.json" \
	    2>/dev/null
}
now() { # ID POINTS: change it, and have the wallets told in the answer
	json PATCH "/$1" "{\"additionalData\":{\"points\":$2},
	    \"options\":{\"bypassQueue\":true}}"
}
: >"$g/asked"
now "$id" 41
is 'bypassQueue: status' "$status" 200
is 'bypassQueue: Google knows' "$(points)" 41
: >"$g/asked"
json PATCH "/$id" '{"additionalData":{"points":42}}'
is 'update: status' "$status" 200
until_asked "PATCH /v1/loyaltyObject/$issuer.$id"
n=0
while [ $n -lt 100 ] && [ "$(points)" != 42 ]; do
	n=$((n + 1))
	sleep 0.1
done
is 'update: Google knows' "$(points)" 42
: >"$g/asked"
now "$other" 9
is 'not saved: status' "$status" 200
is 'not saved: nothing is asked' "$(cat "$g/asked")" ''
echo '401 authError' >"$g/once"
now "$id" 43
is '401: another token' "$status" 200
is '401: Google knows' "$(points)" 43
for how in '400 badRequest' '403 permissionDenied' '429 tooMany' '503 down'; do
	echo "$how" >"$g/always"
	now "$id" "${how% *}"
	is "$how: status" "$status" 502
	like "$how: names the wallet" "$(field 'o["detail"]')" '*google*'
	rm "$g/always"
done
# Nothing more is asked, and the operator is told; who waits may try.
echo '403 permissionDenied' >"$g/always"
now "$id" 44
ok '403: the log tells the step' grep -q 'event=google_denied.*Console' "$log"
passwright check demo >"$tmp/check" 2>&1
is '403: check' $? 1
ok '403: check tells the step' grep -q \
    'tenant.yml:[0-9]*: .*Console.*wallet@acme.example as Developer' "$tmp/check"
: >"$g/asked"
json PATCH "/$id" '{"additionalData":{"points":45},"options":{"correlationId":"denied"}}'
errors() {
	keyed GET /pushUpdate/status
	field '[x["errors"] for x in o if x["operationData"] == "denied"][0]'
}
n=0
while [ $n -lt 100 ] && [ "$(errors)" != 1 ]; do
	n=$((n + 1))
	sleep 0.2
done
is '403: an error of the operation' "$(errors)" 1
is '403: nothing is asked' "$(cat "$g/asked")" ''
rm "$g/always"
now "$id" 46
is '403: who waits opens it again' "$status" 200
is '403: check is content' "$(passwright check demo 2>&1 |
    grep -c Console)" 0
: >"$g/asked"
for i in 1 2 3 4 5 6 7 8 9 10; do
	json PATCH "/$id" "{\"additionalData\":{\"points\":$((50 + i))}}"
done
until_points() {
	n=0
	while [ $n -lt 250 ] && [ "$(points)" != "$1" ]; do
		n=$((n + 1))
		sleep 0.1
	done
	is "Google has $1 points" "$(points)" "$1"
}
until_points 60
ok 'ten changes are told at most twice' \
    test "$(asked "PATCH /v1/loyaltyObject/$issuer.$id")" -le 2
: >"$g/asked"
json PATCH "/$id" '{"additionalData":{"points":60}}'
is 'unchanged: status' "$status" 200
sleep 3
is 'unchanged: nothing is asked' "$(cat "$g/asked")" ''
# -- notifications: three a day are heard ------------------------------------
i=0
for type in TEXT_AND_NOTIFY TEXT_AND_NOTIFY TEXT_AND_NOTIFY TEXT; do
	i=$((i + 1))
	json PUT "/$id/notification" "{\"content\":\"Text $i\",
	    \"localizedContent\":{\"fr\":\"Texte $i\"}}"
	is "notification $i: status" "$status" 200
	until_asked "^message .*Texte $i.*\"messageType\": \"$type\""
done
# Two within one window, of which the pass shows the last.
for text in first second; do
	json PUT "/$id/notification" "{\"content\":\"The $text\"}"
	is "the $text: status" "$status" 200
done
until_asked '^message .*The second'
is 'one window: all are told, in order' "$(sed -n \
    's/^message .*"body": "The \([a-z]*\)".*/\1/p' "$g/asked" | xargs)" \
    'first second'
is 'nothing was refused' "$(grep refused "$g/asked")" ''

# -- callbacks that never come ------------------------------------------------
until_installs() { # COUNT
	n=0
	while [ $n -lt 250 ] && [ "$(installs)" != "$1" ]; do
		n=$((n + 1))
		sleep 0.1
	done
	is "polled: $2" "$(installs)" "$1"
}
echo "$issuer.nosuchpass12" >"$g/users"
is 'not polled: as it was' "$(installs)" 1
sed -i 's/issuerId:/poll: 1s, &/' "$yml"
sleep 2.2
json POST '?passType=loyalty' '{}'
until_installs 0 'nobody has it'
echo "$issuer.$id" >>"$g/users"
until_installs 1 'somebody has it'
is 'nothing was refused' "$(grep refused "$g/asked")" ''
sed -i 's/poll: 1s, //' "$yml"
sleep 2.2

# -- changed between the link and the saving ------------------------------------
json POST '?passType=loyalty' '{"additionalData":{"points":1}}'
late=$(body)
req GET "/$late?device=google"
is 'late: link' "$status" 200
json PATCH "/$late" '{"additionalData":{"points":2}}'
google callback "$g" "object=$issuer.$late" nonce=late >"$tmp/callback"
req POST /google -H 'Content-Type: application/json' \
    --data-binary "@$tmp/callback"
is 'late: saved' "$status" 200
n=0
while [ $n -lt 250 ] && [ ! -s "$g/$issuer.$late.json" ]; do
	n=$((n + 1))
	sleep 0.1
done
is 'late: Google knows' "$(field 'o["textModulesData"][0]["body"]' \
    "$g/$issuer.$late.json")" 2

# -- erase: Google's object ends, whatever it takes ---------------------------
state() {
	field 'o["state"]' "$g/$issuer.$id.json"
}
: >"$g/asked"
echo '503 down' >"$g/always"
ok 'erase' passwright erase demo "$id"
until_asked "^PATCH /v1/loyaltyObject/$issuer.$id"
is 'erase: Google cannot be told yet' "$(state)" ACTIVE
rm "$g/always"
n=0
while [ $n -lt 300 ] && [ "$(state)" != INACTIVE ]; do
	n=$((n + 1))
	sleep 0.1
done
is 'erase: Google has it inactive' "$(state)" INACTIVE
json POST '?passType=loyalty' '{"additionalData":{"points":1}}'
never=$(body)
: >"$g/asked"
ok 'erase: one that Google never had' passwright erase demo "$never"
until_asked "^PATCH /v1/loyaltyObject/$issuer.$never"
sleep 1.5
is 'erase: is asked for once' "$(asked "$never")" 1
ok 'erase: verify' passwright verify demo
summary
