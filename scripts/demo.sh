#!/bin/sh
# Passwright on this machine, to try it out: packages, a build, a demo tenant
# with certificates of its own making, lighttpd on 127.0.0.1, and a first pass.
# usage: sh scripts/demo.sh [--once] [--port N]
#        --once ends after the pass was verified; else it stays until Ctrl-C.
set -eu

once=''
port=8080
while [ $# -gt 0 ]; do
	case $1 in
	--once) once=yes ;;
	--port) shift; port=${1:?--port wants a number} ;;
	*)      sed -n 's/^# \(usage:\)/\1/p' "$0" >&2; exit 64 ;;
	esac
	shift
done
case $port in
*[!0-9]*) echo "demo.sh: --port wants a number, not $port" >&2; exit 64 ;;
esac

say() {
	printf '\n==> %s\n' "$*"
}
die() {
	printf 'demo.sh: %s\n' "$*" >&2
	exit 1
}

top=$(cd "$(dirname "$0")/.." && pwd)
case $top in
*[!A-Za-z0-9/._+~-]*)
	die "autotools cannot build in '$top': move it to a plain path" ;;
esac
cd "$top"
. scripts/serve.sh

run=
finish() {
	status=$?
	trap - EXIT INT TERM
	serve_stop
	cd "$top"
	[ -z "$run" ] || rm -rf "$run"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say 'Debian packages'
sh scripts/packages.sh build run
echo 'All are installed.'

port_is_free() { # curl's 7: nobody listens there
	code=0
	curl -s -m 2 -o /dev/null "http://127.0.0.1:$port/" || code=$?
	[ "$code" -eq 7 ]
}
port_is_free || die "port $port is taken; try: sh scripts/demo.sh --port 8081"

say 'Building in demo/build (the log: demo/build.log)'
mkdir -p demo
build=$top/demo/build
build_it() {
	sh scripts/generate.sh && mkdir -p "$build" && cd "$build" &&
	    { [ -f Makefile ] || ../../configure; } && make -j"$(nproc)"
}
(build_it) >demo/build.log 2>&1 </dev/null || {
	tail -n 25 demo/build.log
	die 'the build failed'
}
echo 'Built: cgi-bin/passwright.fcgi and passwright.'

say 'A tenant "demo", with a chain of certificates that looks like Apple'\''s'
run=$(mktemp -d "$top/demo/run.XXXXXX")
tenant=$run/tenants/demo
mkdir "$run/tenants"
cp -R etc/demo "$tenant"
chmod -R u+w "$tenant"
sed "s|^url: [^ ]*|url: http://127.0.0.1:$port|" etc/demo/tenant.yml \
    >"$tenant/tenant.yml"
sh scripts/apple-chain.sh "$tenant/secrets" pass.example.demo A1B2C3D4E5
chmod 700 "$tenant/secrets"
cat >"$run/passwright.yml" <<EOF
tenants: $run/tenants
log: { target: $run/passwright.log, level: info }
EOF
PASSWRIGHT_CONFIG=$run/passwright.yml
export PASSWRIGHT_CONFIG
"$build/passwright" check demo
key=$("$build/passwright" key add demo --name demo \
    --scope Pass.Read --scope Pass.Write)
echo "The tenant's files: $tenant"

say "lighttpd with four responders on 127.0.0.1:$port"
serve_start "$top" "$run" "$port" "$build/cgi-bin/passwright.fcgi" 4 ||
    die 'lighttpd did not start'
echo "Running, as $(id -un)."

say 'Creating a pass'
api=http://127.0.0.1:$port/api/demo/passes
call() {
	curl -sS --fail-with-body -m 20 -H "X-API-KEY: $key" "$@"
}
id=$(call "$api?passType=loyalty" -H 'Content-Type: application/json' \
    --data '{"identifiers": {"shopify.customerId": "4711"},
	"additionalData": {"loyaltyTier": "gold", "points": 250}}') ||
    die "no pass: $id"
echo "Its id: $id"

say 'Downloading and verifying it'
call -o "$run/demo.pkpass" "$api/$id?device=apple"
mkdir "$run/pkpass"
unzip -q "$run/demo.pkpass" -d "$run/pkpass"
cd "$run/pkpass"
openssl cms -verify -binary -inform DER -in signature \
    -content manifest.json -purpose any -out /dev/null \
    -CAfile "$tenant/secrets/root.pem" 2>../verify.log ||
    die "the signature is wrong: $(cat ../verify.log)"
sed 's/[,{}]/\n/g' manifest.json | sed -n \
    's/^ *"\(.*\)" *: *"\([0-9a-f]\{40\}\)" *$/\2  \1/p' >../sums
files=$(find . -type f ! -name manifest.json ! -name signature | wc -l)
if ! sha1sum -c --quiet ../sums || [ "$(wc -l <../sums)" -ne "$files" ]; then
	die 'the manifest does not fit the files'
fi
cd "$top"
echo "The signature is good, and the manifest fits all" \
    "$files files."
[ -z "$once" ] || exit 0

say 'To try next, in another terminal'
cat <<EOF
in a browser:  http://127.0.0.1:$port/demo/card?id=$id
KEY=$key
API=$api
curl "\$API/$id?device=apple" -o demo.pkpass
curl -H "X-API-KEY: \$KEY" "\$API/findPass?shopify.customerId=4711"
curl -H "X-API-KEY: \$KEY" -X PATCH "\$API/$id" \\
    -H 'Content-Type: application/json' --data '{"additionalData": {"points": 300}}'
curl -H "X-API-KEY: \$KEY" "\$API/$id/data"
PASSWRIGHT_CONFIG=$PASSWRIGHT_CONFIG $build/passwright verify demo
tail -f $run/passwright.log

Change $tenant/server/passes/loyalty.yml
and download again: a change is seen within two seconds.  A phone takes only
passes that a certificate of Apple's has signed.

Ctrl-C ends it and removes $run.
EOF
wait "$serve_pid" || die "lighttpd ended: $(tail -n 3 "$run/lighttpd.log")"
