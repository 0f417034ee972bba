#!/bin/sh
# The browser SDK that is published for this API, against a tenant, from a page
# of another origin in Chromium.  It is fetched by npm, hence --long only.
# shellcheck disable=SC2154 # lib.sh sets them
. "$(dirname "$0")/lib.sh"
command -v npm >/dev/null || die 'npm is not installed'
mkdir "$tmp/npm"
(cd "$tmp/npm" && npm install --no-audit --no-fund --ignore-scripts \
    @neostore/cinto) >"$tmp/npm.log" 2>&1 ||
    die "npm: $(tail -n 3 "$tmp/npm.log")"
setup
printf 'identifiers:\n  shop.id: { hmacSecrets: [secrets/shop] }\n' \
    >>"$tenants/demo/security.yml"
echo 0123456789abcdef >"$tenants/demo/secrets/shop"
sed -i "s|https://wallet.example.org|$url|" "$tenants/demo/tenant.yml"
google() {
	python3 "$top/tests/run/google.py" "$@"
}
mkdir "$tmp/google"
google account "$tmp/google/account.json" && google keys "$tmp/google" ||
    die 'no stand-in for Google'
gport=$(free_port)
python3 "$top/tests/run/google.py" serve "$tmp/google" "$gport" \
    >"$tmp/google.log" 2>&1 &
gpid=$!
cp "$tmp/google/account.json" "$tenants/demo/secrets/google.json"
cat >>"$PASSWRIGHT_CONFIG" <<EOF
endpoints:
  googleApi: http://127.0.0.1:$gport/v1
  googleToken: http://127.0.0.1:$gport/token
EOF
cat >>"$tenants/demo/tenant.yml" <<EOF
google: { issuerId: "3388000000012345678", serviceAccount: secrets/google.json }
EOF
hub_port=$(free_port)
printf 'hub: { listen: "127.0.0.1:%s", socket: %s }\n' "$hub_port" \
    "$tmp/hub.sock" >>"$PASSWRIGHT_CONFIG"
serve_more="server.modules += ( \"mod_proxy\" )
var.passwright_hub_host = \"127.0.0.1\"
var.passwright_hub_port = $hub_port
include \"$top/etc/lighttpd/passwright-hub.conf\""
"$build/passwright-hub" &
hub_pid=$!
trap 'kill "$gpid" "$hub_pid" 2>/dev/null; finish' EXIT
server_start
table sdk --url "$url" --scratch "$tmp" --key "$key" \
    --sdk "$tmp/npm/node_modules/@neostore/cinto/dist"
summary
