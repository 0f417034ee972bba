#!/bin/sh
# /metrics tells loopback what there is, and nobody else.
# shellcheck disable=SC2154 # lib.sh sets tmp and others
. "$(dirname "$0")/lib.sh"

sample() { # NAME{LABELS}: its value in the last answer
	awk -v name="passwright_$1" '$1 == name { print $2 }' "$tmp/body"
}

# from ADDRESS [VARIABLE=VALUE]: the status, asked as by plain CGI
from() {
	address=$1
	shift
	env -i PASSWRIGHT_CONFIG="$PASSWRIGHT_CONFIG" REQUEST_METHOD=GET \
	    SCRIPT_NAME= PATH_INFO=/metrics REQUEST_URI=/metrics \
	    GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 \
	    REMOTE_ADDR="$address" "$@" "$build/cgi-bin/passwright.fcgi" \
	    2>>"$tmp/stderr.log" | sed -n '1s/^Status: \([0-9]*\).*/\1/p'
}

setup
tenant_make shop
server_start 1
for n in 1 2 3; do
	json POST '' \
	    "{\"identifiers\":{\"shopify.customerId\":\"$n\"}}"
	is 'create' "$status" 200
done
req GET "$url/metrics"
is 'status' "$status" 200
is 'type' "$(header Content-Type)" 'text/plain; version=0.0.4; charset=utf-8'
is 'passes' "$(sample 'passes{tenant="demo"}')" 3
is 'passes of another' "$(sample 'passes{tenant="shop"}')" 0
is 'events that wait' "$(sample 'queued_events{tenant="demo"}')" 3
is 'up' "$(sample 'tenant_up{tenant="demo"}')" 1
for m in 'installed_passes{tenant="demo",wallet="apple"}' \
    'owed_passes{tenant="demo",wallet="google"}' \
    'running_operations{tenant="demo"}' \
    'running_operation_passes{tenant="demo"}' \
    'webhook_deliveries{tenant="demo",state="pending"}' \
    'webhook_deliveries{tenant="demo",state="parked"}'; do
	is "$m" "$(sample "$m")" 0
done
like 'version' "$(grep '^passwright_build_info' "$tmp/body")" \
    'passwright_build_info{version="[0-9]*"} 1'
is 'each name is told once' \
    "$(sed -n 's/^# TYPE \([^ ]*\) gauge$/\1/p' "$tmp/body" | sort | uniq -d)" ''
is 'every line is one of the format' "$(grep -vE \
    '^# (HELP|TYPE) [a-z_]+ |^[a-z_]+\{[a-z]+="[^"]+"(,wallet="(apple|google)"|,state="(pending|parked)")?\} [0-9]+$' \
    "$tmp/body")" ''

# A store that does not answer hides none of the others.
mv "$tenants/shop/data" "$tenants/shop/away"
: >"$tenants/shop/data"
req GET "$url/metrics"
is 'a broken store: status' "$status" 200
is 'a broken store: up' "$(sample 'tenant_up{tenant="shop"}')" 0
is 'a broken store: passes' "$(sample 'passes{tenant="shop"}')" ''
is 'a broken store: another' "$(sample 'passes{tenant="demo"}')" 3
rm "$tenants/shop/data"
mv "$tenants/shop/away" "$tenants/shop/data"

# -- who may ask -----------------------------------------------------------
req GET "$url/metrics" -H 'X-Forwarded-For: 127.0.0.1'
problem 403 'through a proxy'
req GET "$url/metrics" -H 'Forwarded: for=127.0.0.1'
problem 403 'through another proxy'
req DELETE "$url/metrics"
problem 405 'another method'
serve_stop
while read -r address want; do
	is "from $address" "$(from "$address")" "$want"
done <<-'LIST'
	127.0.0.1 200
	127.9.8.7 200
	::1 200
	::ffff:127.0.0.1 200
	126.255.255.255 403
	128.0.0.1 403
	192.0.2.7 403
	::2 403
	::ffff:192.0.2.7 403
	localhost 403
LIST
is 'from nowhere' "$(from '')" 403
echo 'metricsFrom: [192.0.2.7]' >>"$PASSWRIGHT_CONFIG"
is 'an address that is named' "$(from 192.0.2.7)" 200
is 'and through it' "$(from 192.0.2.7 HTTP_X_FORWARDED_FOR=192.0.2.9)" 200
is 'its neighbour' "$(from 192.0.2.70)" 403
summary
