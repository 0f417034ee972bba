#!/bin/sh
# A signed pass is kept until what it is made of changes: changes race with
# downloads, and nothing stale is ever served.
# usage: 16-kept.sh [SECONDS]
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
seconds=${1:-5}
setup
server_start 4
type=$tenants/demo/server/passes/loyalty
kept=$tenants/demo/data/kept

race() {
	python3 "$top/tests/run/racers.py" --port "$port" --key "$key" \
	    --seconds "$1" >"$tmp/race" 2>&1
}
files() {
	find "$kept" -type f | wc -l
}
create() { # NUMBER
	json POST '' "{\"identifiers\":{\"shopify.customerId\":\"$1\"},
	    \"additionalData\":{\"points\":$1}}"
}
get() {
	keyed GET "/$id?device=apple"
}

# -- kept, and sent as it was made -----------------------------------------
create 1
id=$(body)
get
cp "$tmp/body" "$tmp/first"
is 'nothing but the first is kept' "$status $(files)" '200 1'
etag=$(header ETag)
modified=$(header Last-Modified)
get
ok 'the second is the first' cmp "$tmp/body" "$tmp/first"
is 'the second: its headers' "$(header ETag) $(header Last-Modified)" \
    "$etag $modified"
is 'the second: length' "$(header Content-Length)" "$(body | wc -c)"
keyed HEAD "/$id?device=apple"
is 'HEAD' "$(header Content-Length)" "$(wc -c <"$tmp/first")"
keyed GET "/$id?device=apple" -H "If-None-Match: $etag"
is '304' "$status $(body | wc -c)" '304 0'
create 2
id2=$(body)
keyed GET "/$id,$id2?device=apple"
unpack "$tmp/body" "$tmp/all"
ok 'a bundle has it too' cmp "$tmp/all/$id.pkpass" "$tmp/first"
unpack "$tmp/all/$id.pkpass" "$tmp/one"
ok 'its signature' signed "$tmp/one"
ok 'its manifest' manifest_holds "$tmp/one"

# -- changes of the pass race with downloads -------------------------------
ok "never older than what was acknowledged, $seconds s" race "$seconds"
sed 's/^/  /' "$tmp/race"

# -- whatever else it is made of -------------------------------------------
# eight at once, so that every responder is asked: what they all show
everywhere() { # FILE of the package
	for i in 1 2 3 4 5 6 7 8; do
		curl -sS -m 20 -o "$tmp/e$i" "$api/$id?device=apple" &
		jobs="${jobs:-} $!"
	done
	# shellcheck disable=SC2086 # a list
	wait $jobs
	jobs=
	for i in 1 2 3 4 5 6 7 8; do
		unzip -p "$tmp/e$i" "$1" 2>&1 | sha1sum
	done | sort -u
}
# change WHAT FILE COMMAND...: seen within two seconds, and so is its end
change() {
	about=$1 file=$2
	shift 2
	cp -a "$tenants/demo" "$tmp/demo.was"
	was=$(everywhere "$file")
	is "$about: all show the same" "$(echo "$was" | wc -l)" 1
	"$@"
	sleep 2
	is="$(everywhere "$file")"
	is "$about: all show the change" "$(echo "$is" | wc -l)" 1
	not "$about: it is a change" [ "$is" = "$was" ]
	for f in ${restored:-server tenant.yml}; do
		rm -rf "${tenants:?}/demo/$f"
		cp -R "$tmp/demo.was/$f" "$tenants/demo"
	done
	rm -rf "$tmp/demo.was"
	sleep 2
	if [ "$file" != signature ]; then
		is "$about: and back" "$(everywhere "$file")" "$was"
	fi
}
race 28 &
racing=$!
change template pass.json \
    sed -i 's/^  description:.*/  description: Another/' "$type.yml"
change strings fr.lproj/pass.strings \
    sed -i 's/Statut/Rang/' "$type/fr.yml"
change image logo.png cp "$type/icon.png" "$type/logo.png"
change 'image of a language' fr.lproj/logo.png \
    cp "$type/icon.png" "$type/logo.fr.png"
change tenant pass.json sed -i 's,^url:.*,url: https://new.example,' \
    "$tenants/demo/tenant.yml"
ok 'meanwhile nothing was stale' wait "$racing"
# A chain comes in three files: between the first and the last nothing signs.
restored=secrets
change certificate signature \
    sh "$top/scripts/apple-chain.sh" "$tenants/demo/secrets" "$type_id" "$team"
sed 's/^/  /' "$tmp/race"

# -- a certificate that expired, though the pass is kept -------------------
get
get
is 'before' "$status" 200
cp -R "$tenants/demo/secrets" "$tmp/secrets"
sh "$top/scripts/apple-chain.sh" "$tenants/demo/secrets" "$type_id" "$team" 0 \
    >"$tmp/chain.log" 2>&1
sleep 2
get
problem 500 'an expired certificate'
ok 'an expired certificate: in the log' grep -q 'expired on' "$log"
cp "$tmp"/secrets/* "$tenants/demo/secrets"
sleep 2
get
is 'and mended' "$status" 200

# -- bounded ---------------------------------------------------------------
rm -rf "$kept"
for i in $(seq 1 12); do
	json PATCH "/$id" "{\"additionalData\":{\"points\":$((1000 + i))}}"
	get
	[ "$status" = 200 ] || fail "change $i: $status"
done
most=$(files)
ok 'a slot takes no more than it has place for' [ "$most" -le 8 ]
sleep 11
json PATCH "/$id" '{"additionalData":{"points":2000}}'
get
is 'the old ones go' "$(files)" 1

# -- where it cannot be kept, it is made each time -------------------------
rm -rf "$kept"
: >"$kept"
get
cp "$tmp/body" "$tmp/first"
is 'no folder' "$status" 200
sleep 1.1 # a signature tells its second
get
is 'no folder: again' "$status" 200
not 'no folder: made anew' cmp "$tmp/body" "$tmp/first"
ok 'no folder: one line each minute and process' \
    [ "$(grep -c 'event=kept' "$log")" -le 4 ]
ok 'no folder: a line' grep -q 'warning event=kept' "$log"
rm "$kept"
get
get
is 'resumed' "$status $(files)" '200 1'
ok 'verify' passwright verify demo
summary
