# lighttpd with responders, as the shipped configuration has it; for the demo,
# the tests and the benchmarks, which source this file.
# shellcheck shell=sh
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
serve_pid=

# serve_start CHECKOUT DIR PORT RESPONDER PROCESSES: returns when it answers.
# Logs and socket lie in DIR; PASSWRIGHT_CONFIG must be set.  The socket's
# name is relative to DIR, as a long one does not fit into a sockaddr_un.
# $serve_more is more of lighttpd's configuration.
serve_start() {
	mkdir -p "$2/empty"
	cat >"$2/lighttpd.conf" <<-EOF
	server.document-root = "$2/empty"
	server.bind = "127.0.0.1"
	server.port = $3
	server.errorlog = "$2/lighttpd.log"
	server.breakagelog = "$2/stderr.log"
	server.modules += ( "mod_fastcgi" )
	server.max-request-field-size = 65535
	var.passwright_responder = "$4"
	var.passwright_config = "$PASSWRIGHT_CONFIG"
	var.passwright_tenants = "$(sed -n 's/^tenants: //p' "$PASSWRIGHT_CONFIG")"
	var.passwright_mount = "/"
	var.passwright_socket = "${serve_socket:-passwright.sock}"
	var.passwright_processes = $5
	include "$1/etc/lighttpd/passwright.conf"
	${serve_more:-}
	EOF
	(cd "$2" && exec lighttpd -D -f lighttpd.conf) \
	    >"$2/lighttpd.out" 2>&1 </dev/null &
	serve_pid=$!
	serve_n=0
	until curl -s -o "$2/health" -m 10 "http://127.0.0.1:$3/healthz"; do
		serve_n=$((serve_n + 1))
		if [ "$serve_n" -gt 100 ] || ! serve_alive "$serve_pid"; then
			cat "$2/lighttpd.out"
			[ ! -f "$2/lighttpd.log" ] ||
			    tail -n 5 "$2/lighttpd.log"
			return 1
		fi
		sleep 0.1
	done
}

# The pids of the responders that lighttpd runs now.
serve_responders() {
	[ -z "$serve_pid" ] ||
	    cat "/proc/$serve_pid/task/$serve_pid/children" 2>/dev/null
}

serve_alive() { # PID: it runs, and is no zombie
	grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status" 2>/dev/null
}

# SIGTERM; SIGKILL for what is still there after five seconds.
serve_stop() {
	[ -n "$serve_pid" ] || return 0
	serve_pids="$(serve_responders) $serve_pid"
	kill "$serve_pid" 2>/dev/null || : # gone by Ctrl-C already
	serve_n=0
	for serve_p in $serve_pids; do
		while serve_alive "$serve_p" && [ "$serve_n" -lt 50 ]; do
			serve_n=$((serve_n + 1))
			sleep 0.1
		done
		! serve_alive "$serve_p" || kill -9 "$serve_p" 2>/dev/null || :
	done
	wait "$serve_pid" 2>/dev/null || :
	serve_pid=
}
