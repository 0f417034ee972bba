#!/bin/sh
# Live events: from whatever changes a pass, through the hub and two web
# servers, to a client of a WebSocket, and to the page in a browser.
# usage: 62-live.sh [--long]    with it, ten thousand sockets, and pings
# shellcheck disable=SC2154,SC2317 # set by lib.sh; called by trap
. "$(dirname "$0")/lib.sh"
long=${1:-}
modules=${APACHE_MODULES:-/usr/lib/apache2/modules}
apache_pid=
hub=$build/passwright-hub
[ -x "$hub" ] || die "$hub is not built"

live_finish() {
	status=$?
	[ -z "$apache_pid" ] || kill "$apache_pid" 2>/dev/null
	(exit "$status")
	finish
}
trap live_finish EXIT

# What Apache needs for this path alone; what else its configuration names is
# there to be in the way.
apache_start() {
	apache_port=$(free_port)
	mkdir "$tmp/apache"
	cat >"$tmp/apache/conf" <<-EOF
	ServerRoot $tmp/apache
	ServerName 127.0.0.1
	DefaultRuntimeDir $tmp/apache
	PidFile $tmp/apache/pid
	ErrorLog $tmp/apache/error.log
	Listen 127.0.0.1:$apache_port
	Define PASSWRIGHT_RESPONDER $build/cgi-bin/passwright.fcgi
	Define PASSWRIGHT_CONFIG $PASSWRIGHT_CONFIG
	Define PASSWRIGHT_HUB 127.0.0.1:$hub_port
	EOF
	for m in mpm_event authz_core alias env fcgid proxy proxy_wstunnel; do
		[ ! -e "$modules/mod_$m.so" ] ||
		    echo "LoadModule ${m}_module $modules/mod_$m.so"
	done >>"$tmp/apache/conf"
	cat >>"$tmp/apache/conf" <<-EOF
	FcgidIPCDir $tmp/apache
	FcgidProcessTableFile $tmp/apache/shm
	Include $top/etc/apache/passwright-fcgid.conf
	Include $top/etc/apache/passwright-hub.conf
	EOF
	apache2 -DFOREGROUND -f "$tmp/apache/conf" \
	    >"$tmp/apache/out.log" 2>&1 </dev/null &
	apache_pid=$!
	n=0
	until curl -s -o /dev/null -m 5 "http://127.0.0.1:$apache_port/api/a/live"
	do
		n=$((n + 1))
		if [ "$n" -gt 200 ] || ! serve_alive "$apache_pid"; then
			cat "$tmp/apache/out.log"
			die 'Apache does not start'
		fi
		sleep 0.1
	done
}

setup
hub_port=$(free_port)
sed -i "s|^url:.*|url: $url|" "$tenants/demo/tenant.yml"
cp -R "$tenants/demo" "$tenants/shop"
cp -R "$tenants/demo" "$tenants/mall"
sed -i 's|^url:.*|url: https://w.example/wallet|' "$tenants/mall/tenant.yml"
server_start 2
json POST '?passType=loyalty' '{"identifiers": {"shopify.customerId": "1"}}'
id=$(body)
keyed GET "/$id/connect"
problem 501 'without a hub'
serve_stop

# Configured from here on, for a worker that starts from here on, too.
printf 'worker: %s\n' "$build/passwright-worker" >>"$PASSWRIGHT_CONFIG"
printf 'hub: { listen: "127.0.0.1:%s", socket: %s }\n' "$hub_port" \
    "$tmp/hub.sock" >>"$PASSWRIGHT_CONFIG"
serve_more="server.modules += ( \"mod_proxy\" )
var.passwright_hub_host = \"127.0.0.1\"
var.passwright_hub_port = $hub_port
include \"$top/etc/lighttpd/passwright-hub.conf\""
server_start 2
apache_start
mall=$url/api/mall/passes
json POST "$mall?passType=loyalty" '{"identifiers": {"shopify.customerId": "1"}}'
keyed GET "$mall/$(body)/connect"
like 'wss for https, below the path' "$(field 'o["url"]')" \
    'wss://w.example/wallet/api/mall/live[?]token=*'
table live --url "$url" --apache "127.0.0.1:$apache_port" --key "$key" \
    --hub "$hub" --listen "127.0.0.1:$hub_port" --scratch "$tmp" \
    --tenants "$tenants" $long
not 'no token is in the log' grep -qE '[0-9]{10}\.[0-9a-f]{16}' "$log"
is 'the key is of this user alone' \
    "$(stat -c %a "$tenants/demo/data/live.key")" 600
not 'no hub is left' [ -e "$tmp/hub.sock" ]
not 'lighttpd knows all of it' grep -i warning "$tmp/lighttpd.out"
summary
