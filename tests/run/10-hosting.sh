#!/bin/sh
# Every way of hosting, with the configurations of etc/ as they are, gives the
# same answers to the same requests: those of suite.py.
# usage: 10-hosting.sh [WAY...]    default: all of them
# shellcheck disable=SC2154,SC2317 # lib.sh sets tmp and others; called by trap
. "$(dirname "$0")/lib.sh"
ways=${*:-'lighttpd-fcgi lighttpd-cgi apache-fcgid apache-cgi shared-fcgid
	shared-cgi'}
modules=${APACHE_MODULES:-/usr/lib/apache2/modules}
secret=0123456789abcdef0123456789abcdef
bindir=$tmp/bin
web_pid=
web_user=

# -- a user of no power, whom the web servers run as -----------------------
# Root makes one for the time of the test; somebody else is one.
user_make() {
	home=$tmp/home
	mkdir "$home"
	chmod 755 "$tmp"
	[ "$(id -u)" = 0 ] || return 0
	web_user=pwtest$$
	useradd --no-create-home --home-dir "$home" --shell /bin/sh \
	    "$web_user" || die "cannot make a user"
	own "$home"
}
own() {
	[ -z "$web_user" ] || chown -R "$web_user:" "$@"
}
as_user() { # a simple command; without $PASSWRIGHT_CONFIG, as users are
	(exec_as_user "$@")
}
exec_as_user() {
	if [ -z "$web_user" ]; then
		set -- env -u PASSWRIGHT_CONFIG HOME="$home" "$@"
	else
		set -- setpriv --reuid="$web_user" \
		    --regid="$(id -g "$web_user")" --clear-groups \
		    env -u PASSWRIGHT_CONFIG HOME="$home" \
		    USER="$web_user" "$@"
	fi
	exec "$@"
}
# Nobody else has processes of that user's; responders may still be closing.
user_remove() {
	[ -n "$web_user" ] || return 0
	n=0
	while pids=$(pgrep -u "$web_user"); do
		n=$((n + 1))
		# shellcheck disable=SC2086 # a list
		[ "$n" -ne 100 ] || kill -9 $pids
		sleep 0.1
	done
	userdel "$web_user"
	web_user=
}
hosting_finish() {
	status=$?
	web_stop
	user_remove
	[ "$status" -eq 0 ] || tail -n 20 "$tmp"/web/*.log 2>/dev/null
	(exit "$status")
	finish
}
trap hosting_finish EXIT

# -- web servers -----------------------------------------------------------
# web_start COMMAND...: in the foreground, as that user; waits for the ports.
web_start() {
	exec_as_user "$@" >"$tmp/web/out.log" 2>&1 </dev/null &
	web_pid=$!
	n=0
	for p in $ports; do
		until curl -s -o /dev/null -m 10 "http://127.0.0.1:$p/"; do
			n=$((n + 1))
			if [ "$n" -gt 100 ] || ! serve_alive "$web_pid"; then
				cat "$tmp/web/out.log"
				die "$way does not start"
			fi
			sleep 0.1
		done
	done
}
web_stop() {
	[ -n "$web_pid" ] || return 0
	kill "$web_pid" 2>/dev/null
	n=0
	while serve_alive "$web_pid" && [ "$n" -lt 100 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	! serve_alive "$web_pid" || kill -9 "$web_pid"
	wait "$web_pid" 2>/dev/null
	web_pid=
}

lighttpd_fcgi() {
	ports="$port $(free_port) $(free_port)"
	cat >"$tmp/web/conf" <<-EOF
	server.document-root = "$tmp/web/empty"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$tmp/web/error.log"
	server.breakagelog = "$tmp/stderr.log"
	server.modules += ( "mod_fastcgi" )
	server.max-request-field-size = 65535
	EOF
	for p in $ports; do
		mount=$(mount_of "$p")
		cat >>"$tmp/web/conf" <<-EOF
		\$SERVER["socket"] == "127.0.0.1:$p" {
			var.passwright_responder = "$bindir/passwright.fcgi"
			var.passwright_config = "$PASSWRIGHT_CONFIG"
			var.passwright_tenants = "$tenants"
			var.passwright_socket = "$tmp/web/$p.sock"
			var.passwright_processes = 2
			var.passwright_mount = "${mount:-/}"
			include "$tmp/etc/lighttpd/passwright.conf"
		}
		EOF
	done
	web_start lighttpd -D -f "$tmp/web/conf"
}

lighttpd_cgi() {
	ports=$port
	cat >"$tmp/web/conf" <<-EOF
	server.document-root = "$tmp/web/empty"
	server.bind = "127.0.0.1"
	server.port = $port
	server.errorlog = "$tmp/web/error.log"
	server.breakagelog = "$tmp/stderr.log"
	server.modules += ( "mod_alias", "mod_cgi", "mod_rewrite",
		"mod_setenv" )
	server.max-request-field-size = 65535
	var.passwright_responder = "$bindir/passwright.fcgi"
	var.passwright_config = "$PASSWRIGHT_CONFIG"
	include "$tmp/etc/lighttpd/passwright-cgi.conf"
	EOF
	web_start lighttpd -D -f "$tmp/web/conf"
}

# What any Apache has; then the modules that are given.
apache_conf() {
	cat >"$tmp/web/conf" <<-EOF
	ServerRoot $tmp/web
	ServerName wallet.example.org
	DefaultRuntimeDir $tmp/web
	PidFile $tmp/web/pid
	ErrorLog $tmp/web/error.log
	DocumentRoot $tmp/web/empty
	<Directory />
		Require all denied
	</Directory>
	<Directory $tmp/web/empty>
		Require all granted
	</Directory>
	EOF
	{
		for m in mpm_event authz_core alias env mime "$@"; do
			[ ! -e "$modules/mod_$m.so" ] ||
			    echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		for p in $ports; do
			echo "Listen 127.0.0.1:$p"
		done
	} >>"$tmp/web/conf"
	cat >>"$tmp/web/conf" <<-EOF
	<IfModule mime_module>
		TypesConfig /dev/null
	</IfModule>
	<IfModule fcgid_module>
		FcgidIPCDir $tmp/web
		FcgidProcessTableFile $tmp/web/shm
	</IfModule>
	<IfModule cgid_module>
		ScriptSock $tmp/web/cgisock
	</IfModule>
	EOF
}
apache_start() {
	web_start apache2 -DFOREGROUND -f "$tmp/web/conf"
}

apache_with() { # CONFIGURATION MODULE...
	file=$1
	shift
	ports="$port $(free_port) $(free_port)"
	apache_conf "$@"
	cat >>"$tmp/web/conf" <<-EOF
	Define PASSWRIGHT_RESPONDER $bindir/passwright.fcgi
	Define PASSWRIGHT_CONFIG $PASSWRIGHT_CONFIG
	Define PASSWRIGHT_TENANTS $tenants
	Define PASSWRIGHT_PROCESSES 2
	EOF
	for p in $ports; do
		mount=$(mount_of "$p")
		cat >>"$tmp/web/conf" <<-EOF
		Define PASSWRIGHT_MOUNT $mount/
		<VirtualHost 127.0.0.1:$p>
			Include $tmp/etc/apache/$file
		</VirtualHost>
		EOF
	done
	apache_start
}

# The first port has "/", the second "/api", the third the program's path.
mount_of() { # PORT
	case "$ports " in
	*" $1 "?*" ") echo /api ;;
	"$1 "*)       ;;
	*)            echo /cgi-bin/passwright.fcgi ;;
	esac
}

# -- shared hosting --------------------------------------------------------
# As etc/shared-hosting/README says, by a user from a source folder.
shared_install() {
	[ ! -d "$home/pw" ] || return 0
	mkdir "$home/passwright"
	tar -C "$top" -cf - --exclude='*.o' --exclude='*.a' --exclude=.git \
	    --exclude=./build --exclude=./demo . |
	    tar -C "$home/passwright" -xf -
	own "$home"
	(cd "$home/passwright" && rm -f config.status &&
	    as_user sh -c "./configure --prefix=\"\$HOME/pw\" \
		CFLAGS=-O0 && make -j2 && make install") \
	    >"$tmp/install.log" 2>&1 || {
		tail -n 20 "$tmp/install.log"
		die 'cannot install for a user'
	}
	shared=$home/pw/share/passwright/shared-hosting
	as_user mkdir -p "$home/pw/var/lib/passwright/tenants"
	ok 'shared: passwright runs' as_user "$home/pw/bin/passwright" \
	    tenant add acme --url https://acme.example
	ok 'shared: the tenant is there' \
	    [ -f "$home/pw/var/lib/passwright/tenants/acme/tenant.yml" ]
	rm -rf "$home/pw/var/lib/passwright/tenants/acme"
	is 'shared: the line of crontab' "$(sed -n '$p' "$shared/crontab")" \
	    "* * * * * '$home/pw/libexec/passwright/passwright-worker' --once"
	not 'shared: no path is left open' grep -rE '@[a-z]+@' "$shared"
}

shared_with() { # MODULE...
	shared_install
	ports=$port
	apache_conf rewrite "$@"
	www=$home/public_html
	rm -rf "$www"
	for d in "$www" "$www/api" "$www/cgi-bin"; do
		mkdir "$d"
		cp "$shared/htaccess" "$d/.htaccess"
		cp "$shared/passwright.fcgi" "$d"
		chmod 755 "$d/passwright.fcgi"
	done
	own "$www"
	cat >>"$tmp/web/conf" <<-EOF
	DocumentRoot $www
	<Directory $www>
		Require all granted
		AllowOverride FileInfo Options=ExecCGI
	</Directory>
	EOF
	rm -rf "$home/pw/var/lib/passwright/tenants"
	cp -R "$tenants" "$home/pw/var/lib/passwright"
	own "$home/pw/var"
	apache_start
}

# A monitor sees when the work cannot be done, and when it can again.
healthy() {
	req GET "$url/healthz"
	is 'health' "$status $(body)" '200 {"status":"ok"}'
	mv "$tenants" "$tmp/away"
	req GET "$url/healthz"
	problem 503 'health without tenants'
	is 'health without tenants: later' "$(header Retry-After)" 1
	mv "$tmp/away" "$tenants"
	req GET "$url/healthz" -H 'X-API-KEY: nonsense'
	is 'health again, whoever asks' "$status" 200
}

# -- all of it -------------------------------------------------------------
setup
for t in demo shop; do
	[ -d "$tenants/$t" ] || cp -R "$tenants/demo" "$tenants/$t"
	cat >>"$tenants/$t/security.yml" <<-EOF
	limits: { anonymous: 0 }
	jwt:
	  issuers:
	    - { issuer: hosting, audience: $t, algorithms: [HS256], use: api, secret: secrets/jwt }
	EOF
	echo "$secret" >"$tenants/$t/secrets/jwt"
done
sed -i 's/^apiKeys:.*/apiKeys: []/;/^  - {/d' "$tenants/shop/security.yml"
sed -i '/^limits/,$d' "$tenants/shop/security.yml"
printf '%s\n' 'limits: { anonymous: 0 }' \
    'cors: { origins: ["https://shop.example"] }' \
    >>"$tenants/shop/security.yml"
ok 'check' passwright check
user_make
mkdir "$bindir"
cp "$build/cgi-bin/passwright.fcgi" "$bindir"
cp -R "$top/etc" "$tmp" # that user may not look into the checkout
: >"$tmp/stderr.log"

for way in $ways; do
	begin=$(date +%s)
	rm -rf "$tmp/web" "$log"
	mkdir -p "$tmp/web/empty"
	: >"$log"
	own "$tmp/web" "$tenants" "$log" "$tmp/stderr.log"
	port=$(free_port)
	url=http://127.0.0.1:$port
	small=
	case $way in
	lighttpd-fcgi) lighttpd_fcgi ;;
	lighttpd-cgi)  lighttpd_cgi ;;
	apache-fcgid)  apache_with passwright-fcgid.conf fcgid xsendfile ;;
	apache-cgi)    apache_with passwright-cgi.conf cgid ;;
	shared-fcgid)  shared_with fcgid cgid; small=--small-chunks ;;
	shared-cgi)    shared_with cgid ;;
	*)             die "no such way: $way" ;;
	esac
	bases=
	for p in $ports; do
		bases="$bases http://127.0.0.1:$p$(mount_of "$p")"
	done
	case $way in
	lighttpd-cgi) bases="$url $url/cgi-bin/passwright.fcgi" ;;
	shared-*)     bases="$url $url/api $url/cgi-bin/passwright.fcgi" ;;
	esac
	# shellcheck disable=SC2086 # lists
	python3 "$top/tests/run/suite.py" --way "$way" --key "$key" \
	    --secret "$secret" $small $bases >"$tmp/suite" || true
	sed '$d' "$tmp/suite"
	# shellcheck disable=SC2046 # two numbers
	set -- $(sed -n '$p' "$tmp/suite")
	passed=$((passed + ${1:-0}))
	failed=$((failed + ${2:-1}))
	case $way in # plain CGI does not even start without the tenants
	lighttpd-fcgi | apache-fcgid) healthy ;;
	esac
	web_stop
	not "$way: no secret in the logs" grep -rqF -e "$key" -e "$secret" \
	    "$log" "$tmp/web"
	echo "  $way: ${1:-0} passed, $(($(date +%s) - begin)) s"
done
ok 'verify' as_user "$build/passwright" -c "$PASSWRIGHT_CONFIG" verify demo
summary
