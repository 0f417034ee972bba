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
server_start
table sdk --url "$url" --scratch "$tmp" \
    --sdk "$tmp/npm/node_modules/@neostore/cinto/dist"
summary
