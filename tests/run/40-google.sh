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
trap 'kill "$gpid" 2>/dev/null; finish' EXIT
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
summary
