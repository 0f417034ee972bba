# What the tests of tests/run/ share: a scratch folder with a demo tenant, the
# built programs behind a lighttpd that uses the shipped configuration, and
# assertions that count.  A test is run as `sh tests/run/NN-what.sh`, with
# `builddir` naming the build tree (default: build/ of the checkout).
# shellcheck shell=sh
set -u
LC_ALL=C
export LC_ALL

name=$(basename "$0")
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${builddir:-$top/build}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/passwright-run.XXXXXX")
tenants=$tmp/tenants
log=$tmp/passwright.log
passed=0
failed=0
. "$top/scripts/serve.sh"
team=A1B2C3D4E5
type_id=pass.example.demo

finish() {
	status=$?
	trap - EXIT
	serve_stop
	if [ "$failed" -gt 0 ] || [ "$status" -ne 0 ]; then
		for f in "$log" "$tmp/stderr.log" "$tmp/lighttpd.log"; do
			[ -s "$f" ] || continue
			echo "--- the end of $(basename "$f"):"
			tail -n 15 "$f"
		done
	fi
	cd / && rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Stop here: without this nothing else makes sense.
die() {
	echo "$name: $*" >&2
	exit 1
}

# The last line of every test.  As the log goes to a file, whatever stands on
# stderr is a crash or a sanitizer's finding.
summary() {
	serve_stop
	is 'stderr' "$(head -n 20 "$tmp/stderr.log")" ''
	echo "$name: $passed passed, $failed failed"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}

# -- assertions: what it is about, then the facts -------------------------
pass() {
	passed=$((passed + 1))
}

fail() {
	failed=$((failed + 1))
	echo "$name: FAILED: $*"
}

# ok WHAT COMMAND...: the command succeeds
ok() {
	what=$1
	shift
	if "$@" >"$tmp/ok.out" 2>&1; then
		pass
	else
		fail "$what: $*"
		tail -n 5 "$tmp/ok.out"
	fi
}

# not WHAT COMMAND...: the command fails
not() {
	what=$1
	shift
	if "$@" >"$tmp/ok.out" 2>&1; then
		fail "$what: $*"
	else
		pass
	fi
}

# is WHAT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass
	else
		fail "$1: got '$2', wanted '$3'"
	fi
}

# like WHAT GOT PATTERN: a pattern of `case`
like() {
	# shellcheck disable=SC2254 # a pattern is asked for
	case $2 in
	$3) pass ;;
	*)  fail "$1: got '$2', wanted something like '$3'" ;;
	esac
}

# -- the server -----------------------------------------------------------
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# A tenant of the demo's making: tenant_make NAME
tenant_make() {
	dir=$tenants/$1
	if ! { cp -R "$top/etc/demo" "$dir" && chmod -R u+w "$dir" &&
	    sh "$top/scripts/apple-chain.sh" "$dir/secrets" \
		"$type_id" "$team" && chmod 700 "$dir/secrets"
	} >"$tmp/chain.log" 2>&1; then
		die "cannot make a tenant: $(tail -n 3 "$tmp/chain.log")"
	fi
}

# What every test begins with: programs, a tenant `demo`, a key that may all.
setup() {
	for f in passwright cgi-bin/passwright.fcgi; do
		[ -x "$build/$f" ] || die "$build/$f is not built"
	done
	mkdir "$tenants"
	PASSWRIGHT_CONFIG=$tmp/passwright.yml
	export PASSWRIGHT_CONFIG
	cat >"$PASSWRIGHT_CONFIG" <<-EOF
	tenants: $tenants
	log: { target: $log, level: info }
	EOF
	tenant_make demo
	key=$(passwright key add demo --name run \
	    --scope Pass.Read --scope Pass.Write) ||
	    die "cannot add a key"
	port=$(free_port)
	url=http://127.0.0.1:$port
	api=$url/api/demo/passes
}

passwright() {
	"$build/passwright" "$@"
}

# server_start [PROCESSES]
server_start() {
	serve_start "$top" "$tmp" "$port" "$build/cgi-bin/passwright.fcgi" \
	    "${1:-4}" || die "lighttpd did not start"
}

# -- requests -------------------------------------------------------------
# req METHOD PATH [curl arguments]: status to $status, headers and body to
# files.  PATH is below /api/demo/passes, or a whole URL.
req() {
	method=$1
	case $2 in
	http:*) target=$2 ;;
	*)      target=$api$2 ;;
	esac
	shift 2
	head=
	[ "$method" = HEAD ] && head=--head
	: >"$tmp/body"
	# shellcheck disable=SC2086 # $head may be nothing
	status=$(curl -sS -m 20 -X "$method" $head -D "$tmp/headers" \
	    -o "$tmp/body" -w '%{http_code}' "$@" "$target")
}

# The same with the key, and with a body of JSON if there is one.
keyed() {
	method=$1 target=$2
	shift 2
	req "$method" "$target" -H "X-API-KEY: $key" "$@"
}
json() {
	method=$1 target=$2 data=$3
	shift 3
	keyed "$method" "$target" -H 'Content-Type: application/json' \
	    --data-binary "$data" "$@"
}

body() {
	cat "$tmp/body"
}

# header NAME: its value in the last answer
header() {
	tr -d '\r' <"$tmp/headers" | sed -n "s/^$1: *//Ip" | tail -n 1
}

# field EXPRESSION [FILE]: a Python expression on `o`, the JSON document
field() {
	python3 -c 'import json, sys
o = json.load(open(sys.argv[2], encoding="utf-8"))
v = eval(sys.argv[1])
print(v if isinstance(v, str) else json.dumps(v))' \
	    "$1" "${2:-$tmp/body}" 2>&1 | tail -n 1
}

# problem STATUS WHAT: the last answer is RFC 9457 and says what to do
problem() {
	is "$2: status" "$status" "$1"
	is "$2: type" "$(header Content-Type)" application/problem+json
	is "$2: body" "$(field 'o["status"]')" "$1"
	ok "$2: detail" [ "$(field 'len(o["detail"]) > 10')" = true ]
}

# table NAME ARGUMENTS...: run NAME.py, which tells what failed and ends with
# two numbers, passed and failed.
table() {
	script=$1.py
	shift
	python3 -B "$top/tests/run/$script" "$@" >"$tmp/table" 2>&1
	# shellcheck disable=SC2046 # two numbers
	set -- $(sed -n '$s/^\([0-9]*\) \([0-9]*\)$/\1 \2/p' "$tmp/table")
	if [ $# = 2 ]; then
		passed=$((passed + $1))
		failed=$((failed + $2))
		sed '$d' "$tmp/table"
	else
		fail "$script did not end well"
		tail -n 25 "$tmp/table"
	fi
}

# -- passes ---------------------------------------------------------------
# unpack FILE DIR
unpack() {
	rm -rf "$2"
	mkdir "$2" && unzip -q "$1" -d "$2"
}

# The signature of an unpacked pass, against the test root.
signed() {
	openssl cms -verify -binary -inform DER -in "$1/signature" \
	    -content "$1/manifest.json" -purpose any \
	    -CAfile "$tenants/demo/secrets/root.pem" -out /dev/null
}

# manifest.json names every other file with its SHA-1, and nothing else.
manifest_holds() {
	python3 - "$1" <<-'EOF'
	import hashlib, json, os, sys
	top = sys.argv[1]
	want = json.load(open(os.path.join(top, "manifest.json")))
	got = {}
	for folder, _, files in os.walk(top):
	    for f in files:
	        path = os.path.join(folder, f)
	        data = open(path, "rb").read()
	        got[os.path.relpath(path, top)] = hashlib.sha1(data).hexdigest()
	del got["manifest.json"], got["signature"]
	assert "pass.json" in got and "icon.png" in got, got
	assert want == got, (want, got)
	EOF
}
