#!/bin/sh
# Bad days: each has its line in the log, a 5xx that says what to do, loses
# nothing that was acknowledged, and is over when its cause is.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"

# A disk of our own can be filled and made read-only.  Where we may not mount
# one, only the size that files may have is limited.
disk=
unmount() {
	[ -z "$disk" ] || umount "$disk" 2>/dev/null || umount -l "$disk"
	disk=
}
trap 'status=$?; serve_stop; unmount; (exit $status); finish' EXIT
if [ -z "${DAYS_ALONE-}" ] && ! { mkdir "$tmp/mount" &&
    mount -t tmpfs none "$tmp/mount" && umount "$tmp/mount"
    } 2>/dev/null && unshare -Urm true 2>/dev/null; then
	DAYS_ALONE=yes unshare -Urm sh "$0" "$@"
	exit
fi
rm -rf "$tmp/mount"
setup
folder=$tenants/demo/data
type=$tenants/demo/server/passes/loyalty
mkdir "$folder"
if mount -t tmpfs -o size=48m,mode=0700 none "$folder" 2>/dev/null; then
	disk=$folder
fi

create() { # NUMBER
	json POST '' "{\"identifiers\":{\"shopify.customerId\":\"$1\"},
	    \"additionalData\":{\"points\":$1}}"
}
change() { # NUMBER
	json PATCH "/$id" "{\"additionalData\":{\"points\":$1}}"
}
points() {
	keyed GET "/$id/data/raw"
	field 'o["additionalData"]["points"]'
}
get() {
	keyed GET "/$id?device=apple" "$@"
}
# until STATUS COMMAND...: within ten seconds
until_status() {
	want=$1 tries=0
	shift
	until "$@" && [ "$status" = "$want" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 50 ] || return 1
		sleep 0.2
	done
}
# logged WHAT PATTERN: in what the log got since the last call of since()
since() {
	lines=$(wc -l <"$log")
}
logged() {
	tail -n "+$((lines + 1))" "$log" >"$tmp/lines"
	ok "$1: in the log" grep -qE "$2" "$tmp/lines"
}
responders() { # are four again
	tries=0
	while [ "$(serve_responders | wc -w)" -ne 4 ] &&
	    [ "$tries" -lt 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1: four responders" "$(serve_responders | wc -w)" 4
}

# -- the disk is full ------------------------------------------------------
limit() { # BYTES that a file may have, for lighttpd and its responders
	for pid in $serve_pid $(serve_responders); do
		prlimit --pid "$pid" --fsize="$1:unlimited" 2>/dev/null
	done
}
fill() {
	if [ "$way" = disk ]; then
		dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null
		dd if=/dev/zero of="$disk/filler2" bs=512 2>/dev/null
	else
		limit 65536
	fi
}
empty() {
	if [ "$way" = disk ]; then
		rm -f "$disk/filler" "$disk/filler2"
	else
		limit unlimited
	fi
}
full() { # WAY
	way=$1
	since
	fill
	status=200
	while [ "$status" = 200 ] && [ "$n" -lt 1000 ]; do
		n=$((n + 1))
		change "$n"
		[ "$status" != 200 ] || last=$n
	done
	problem 503 "$way full: write"
	logged "$way full" 'error event=store_full .*(No space|too large)'
	get
	like "$way full: a download" "$status" '[25]0[03]'
	create 99
	is "$way full: create" "$status" 503
	empty
	ok "$way has room again: resumes" until_status 200 create 2
	is "$way has room again: what was acknowledged is there" \
	    "$(points)" "$last"
	change "$n"
	is "$way has room again: write" "$status" 200
	last=$n
	ok "$way has room again: verify" passwright verify demo
	responders "$way has room again"
}
server_start 4
create 1
id=$(body)
get
is 'before' "$status" 200
n=1
last=1
[ -z "$disk" ] || full disk
full limit

# -- the data folder cannot be written to ----------------------------------
unwritable() {
	if [ -n "$disk" ]; then
		mount -o remount,bind,ro "$disk"
	else
		chmod -R a-w "$folder"
	fi
}
writable() {
	if [ -n "$disk" ]; then
		mount -o remount,bind,rw "$disk"
	else
		chmod -R u+w "$folder"
	fi
}
if [ -n "$disk" ] || [ "$(id -u)" != 0 ]; then
	serve_stop
	unwritable
	since
	server_start 4
	change 5001
	problem 503 'unwritable: write'
	logged 'unwritable' "error event=.*$folder.*(Read-only|denied)"
	writable
	ok 'writable again: resumes' until_status 200 change 5002
	is 'writable again: the last' "$(points)" 5002
else
	echo "  unwritable: not tried, root without a disk can write anywhere"
fi

# -- certificates ----------------------------------------------------------
secrets=$tenants/demo/secrets
bad_signer() { # WHAT STATUS PATTERN
	since
	sleep 2
	get
	problem "$2" "$1"
	[ -z "$3" ] || logged "$1" "$3"
	change $((5100 + ${#1}))
	is "$1: a change" "$status" 200
	cp "$tmp/secrets/"* "$secrets"
	cp "$tmp/tenant.yml" "$tenants/demo/tenant.yml"
	ok "$1: resumes" until_status 200 get
}
cp -R "$secrets" "$tmp/secrets"
cp "$tenants/demo/tenant.yml" "$tmp/tenant.yml"
rm "$secrets/pass.pem"
bad_signer 'no certificate' 500 'error event=apple_certificate .*file=.*pass.pem'
echo nonsense >"$secrets/pass.key"
bad_signer 'no key' 500 'error event=apple_certificate .*file=.*pass.key'
cp "$secrets/root.pem" "$secrets/wwdr.pem"
bad_signer 'not of WWDR' 500 'error event=apple_certificate .*file=.*wwdr.pem'
sed -i '/certificate:/d; s/^apple:.*/apple: {}/' "$tenants/demo/tenant.yml"
bad_signer 'not set' 501 ''

# -- the configuration is broken from the start ----------------------------
serve_stop
echo 'languages: [' >>"$tenants/demo/tenant.yml"
since
server_start 4
get
problem 500 'broken'
logged 'broken' 'error event=tenant_broken .*tenant.yml line=[1-9]'
cp "$tmp/tenant.yml" "$tenants/demo/tenant.yml"
ok 'mended: resumes' until_status 200 get

# -- the log cannot be written to ------------------------------------------
mv "$log" "$tmp/log.was"
mkdir "$log"
sleep 1
change 5200
is 'no log' "$status" 200
ok 'no log: stderr has it' grep -q 'event=request' "$tmp/stderr.log"
rmdir "$log"
sleep 1
change 5201
ok 'log again' grep -q 'event=request' "$log"
not 'log again: nothing on stderr but lines of it' \
    grep -v ' event=' "$tmp/stderr.log"
: >"$tmp/stderr.log"

# -- templates that do not end ---------------------------------------------
endless() { # WHAT EXPRESSION REASON
	cp "$type.yml" "$tmp/loyalty.yml"
	sed -i "s/^  description:.*/  description: '{{ $2 }}'/" "$type.yml"
	since
	sleep 2
	begin=$(date +%s%N)
	get &
	getting=$!
	findings=0
	for _ in 1 2 3 4 5; do
		curl -sS -m 5 -o "$tmp/find" -w '%{http_code}' \
		    -H "X-API-KEY: $key" "$api/findPass?shopify.customerId=1" |
		    grep -q 200 && findings=$((findings + 1))
	done
	wait "$getting"
	took=$((($(date +%s%N) - begin) / 1000000))
	is "$1: others are served" "$findings" 5
	ok "$1: over after $took ms" [ "$took" -lt 8000 ]
	for _ in 1 2 3 4; do
		get
		problem 500 "$1"
	done
	logged "$1" "error event=template .*loyalty.yml line=[1-9].*why=\"$3"
	cp "$tmp/loyalty.yml" "$type.yml"
	ok "$1: resumes" until_status 200 get
	responders "$1"
}
endless 'time' 'def f: f; f' 'it took more than a second'
endless 'memory' '\[range(1e12)\] | length' 'it took too much memory'
were=$(serve_responders)
endless 'memory at once' '[] | .[1000000000] = 1' 'it took too much memory'
is 'memory at once: nobody who waits is sent away' "$(serve_responders)" "$were"
ok 'memory at once: a fresh process' grep -q event=fcgi_renew "$log"
endless 'a long string' '"x" * 1e9' 'a string is repeated too often'
endless 'no string, but long' '"" * 1e9' 'a string is repeated too often'
endless 'recursion' 'def f: 1 + f; f' 'it took'
endless 'a search' '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab" | test("^(a+)+$")' '.'

# -- the clock goes back an hour -------------------------------------------
serve_stop
responder=$build/cgi-bin/passwright.fcgi
cat >"$tmp/wrong" <<EOF
#!/bin/sh
exec env LD_PRELOAD=$tmp/wrong_clock.so WRONG_CLOCK=$tmp/offset \
    $responder "\$@"
EOF
chmod +x "$tmp/wrong"
if ldd "$responder" | grep -q libasan ||
    ! cc -shared -fPIC -o "$tmp/wrong_clock.so" "$top/tests/run/wrong_clock.c"
then
	echo '  clock: not tried'
	summary
fi
# The certificate is a day old, as the clock will be back behind now.
echo -86400 >"$tmp/offset"
LD_PRELOAD=$tmp/wrong_clock.so WRONG_CLOCK=$tmp/offset sh \
    "$top/scripts/apple-chain.sh" "$secrets" "$type_id" "$team"
echo 0 >"$tmp/offset"
since
serve_start "$top" "$tmp" "$port" "$tmp/wrong" 4 || die 'no server'
dates() {
	keyed GET "/$id/data/raw"
	updated=$(field 'o["lastUpdateDate"]')
	get
	modified=$(date -d "$(header Last-Modified)" +%s)
}
later() { # WHAT: than the last time
	was=$updated
	was_modified=$modified
	dates
	ok "$1: lastUpdateDate rises" expr "$updated" '>' "$was"
	ok "$1: Last-Modified rises" [ "$modified" -gt "$was_modified" ]
}
change 5300
dates
echo -3600 >"$tmp/offset"
for i in 1 2 3; do
	change $((5300 + i))
	is "an hour back: change $i" "$status" 200
	later "an hour back: change $i"
done
get -H "If-Modified-Since: $(header Last-Modified)"
is 'an hour back: 304' "$status" 304
get -H "If-Modified-Since: $(date -uR -d @$((modified - 1)) |
    sed 's/+0000/GMT/')"
is 'an hour back: 200' "$status" 200
create 5
is 'an hour back: create' "$status" 200
req GET "/findPass?shopify.customerId=1"
is 'an hour back: limits let in' "$status" 401
sed -i 's/^  description:.*/  description: Back/' "$type.yml"
sleep 2
get
ok 'an hour back: a new template is seen' \
    sh -c "unzip -p '$tmp/body' pass.json | grep -q '\"Back\"'"
echo 0 >"$tmp/offset"
change 5310
is 'and forth' "$status" 200
later 'and forth'
is 'and forth: points' "$(points)" 5310
ok 'and forth: verify' passwright verify demo

# -- kill -9 in the middle of a CGI request --------------------------------
serve_stop
server_start 4
ok '60 CGI programs that are killed' python3 "$top/tests/run/kill_cgi.py" \
    --program "$responder" --key "$key" --pass "$id" --kills 60 \
    --report "$tmp/acknowledged"
least=$(cat "$tmp/acknowledged")
ok 'killed: still served' until_status 200 get
ok 'killed: acknowledged changes are there' [ "$(points)" -ge "$least" ]
responders 'killed'
ok 'killed: verify' passwright verify demo
summary
