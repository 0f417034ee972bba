#!/bin/sh
# Changes become pushes: to a stand-in for Apple's service that is as strict.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
command -v node >/dev/null || die 'node is not installed (nodejs)'
setup
sed -i "s|^url:.*|url: https${url#http}|; /^push:/d" "$tenants/demo/tenant.yml"
echo 'push: { window: 500ms }' >>"$tenants/demo/tenant.yml"
apns=$tmp/apns
apns_port=$(free_port)
mkdir "$apns"
echo '{}' >"$apns/mode.json"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$apns/server.key" -out "$apns/server.pem" -days 3 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    2>"$tmp/openssl.log" || die 'cannot make a certificate'
cat >>"$PASSWRIGHT_CONFIG" <<EOF
endpoints: { apns: "https://localhost:$apns_port", caFile: $apns/server.pem }
EOF

apns_start() {
	rm -f "$apns/ready"
	cat "$tenants/demo/secrets/root.pem" "$tenants/demo/secrets/wwdr.pem" \
	    >"$apns/ca.pem"
	node "$top/tests/run/apns.js" "$apns_port" "$apns" 2>"$tmp/node.log" &
	apns_pid=$!
	i=0
	until [ -e "$apns/ready" ]; do
		i=$((i + 1))
		[ $i -lt 300 ] || die "no stand-in: $(cat "$tmp/node.log")"
		sleep 0.1
	done
}
apns_stop() {
	kill "$apns_pid"
	wait "$apns_pid" 2>/dev/null
}
worker_once() {
	"$build/passwright-worker" --once
}
pushes() {
	cat "$apns/pushes.log" 2>/dev/null | grep -c '"status":200'
}

apns_start
server_start 2
table pushes "$url" "$key" "$build" "$apns"

# -- nobody there ------------------------------------------------------------
keyed GET '/findPass?shopify.customerId=b'
id=$(body)
touch_pass() {
	json PATCH "/$id" "{\"additionalData\":{\"points\":$1},
		\"options\":{\"correlationId\":\"push-$1\"}}"
	is "change $1" "$status" 200
	rm -f "$apns/pushes.log"
}
apns_stop
touch_pass 101
not 'the service is not there' worker_once
apns_start
ok 'there again' worker_once
is 'what was owed is told' "$(pushes)" 1

# -- 403 stops all until the certificate changes -----------------------------
echo '{"all":[403,"BadCertificate"]}' >"$apns/mode.json"
touch_pass 102
not 'a 403' worker_once
ok 'a 403 is told in the log' grep -q 'apns_stopped.*BadCertificate' "$log"
# The row of the last change: completed, errors, told by Apple Wallet.
counts() {
	keyed GET /pushUpdate/status
	field "[[r['completed'], r['errors'], r['apple']] for r in o
	    if r['operationData'] == 'push-$1'][0]"
}
is 'a 403 is an error of the operation' "$(counts 102)" '[0, 1, 0]'
echo '{}' >"$apns/mode.json"
touch_pass 103
not 'stopped' worker_once
is 'nothing is sent' "$(pushes)" 0
is 'an error, too' "$(counts 103)" '[0, 1, 0]'
touch "$tenants/demo/secrets/pass.pem"
ok 'the same certificate, put there again' worker_once
is 'what was owed is told' "$(pushes)" 1
is 'no error any more' "$(counts 102) $(counts 103)" '[1, 0, 1] [1, 0, 1]'
echo '{"all":[403,"BadCertificate"]}' >"$apns/mode.json"
touch_pass 110
not 'a 403 again' worker_once
echo '{}' >"$apns/mode.json"
not 'check says so' passwright check demo
passwright check demo >"$tmp/check" 2>&1
ok 'check names the reason' grep -q BadCertificate "$tmp/check"
apns_stop
rm -rf "$tenants/demo/secrets"
sh "$top/scripts/apple-chain.sh" "$tenants/demo/secrets" "$type_id" "$team" \
    >"$tmp/chain.log" 2>&1
chmod 700 "$tenants/demo/secrets"
apns_start
ok 'a new certificate' worker_once
is 'what was owed is told then' "$(pushes)" 1
passwright check demo >"$tmp/check" 2>&1
not 'check says no more' grep -q BadCertificate "$tmp/check"
apns_stop

# -- by a provider's token, one for all workers ------------------------------
p8=$tenants/demo/secrets/apns.p8
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$p8" \
    2>"$tmp/openssl.log" || die 'cannot make a key'
provider() { # KID
	openssl pkey -in "$p8" -pubout | awk -v kid="$1" -v iss="$team" \
	    -v topic="$type_id" '{ key = key $0 "\\n" } END {
		printf "{\"key\":\"%s\",\"kid\":\"%s\",\"iss\":\"%s\",", key, kid, iss
		printf "\"topic\":\"%s\"}\n", topic
	}' >"$apns/provider.json"
}
sed -i 's|^apple: { |&p8: secrets/apns.p8, keyId: ABC123DEFG, |' \
    "$tenants/demo/tenant.yml"
provider ABC123DEFG
apns_start
for points in 104 105 106; do
	touch_pass $points
	ok "by token: worker $points" worker_once
	is "by token: $points" "$(pushes)" 1
done
is 'all with one token' "$(sort -u "$apns/tokens.log" | wc -l)" 1
is 'each with it' "$(wc -l <"$apns/tokens.log")" 3
apns_stop
provider ANOTHER123
apns_start
touch_pass 107
not 'another key id' worker_once
ok 'is told in the log' grep -q 'apns_stopped.*InvalidProviderToken' "$log"
ok 'no token in the log' sh -c "! grep -qE 'eyJ[A-Za-z0-9_-]{17}' '$log'"
ok 'the store is whole' passwright verify demo
apns_stop
summary
