#!/bin/sh
# After a power cut the regions of another boot lie in data/, and may hold
# anything.  The next start throws them away and recovers from the log.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
store=$tenants/demo/data
boot=$(cat /proc/sys/kernel/random/boot_id)
other=00000000-0000-4000-8000-000000000000

create() { # FROM TO
	for i in $(seq "$1" "$2"); do
		json POST '' "{\"identifiers\":{\"shopify.customerId\":\"$i\"}}"
		is "create $i" "$status" 200
		body >"$tmp/id.$i"
	done
}
all_there() { # UP TO
	for i in $(seq 1 "$1"); do
		keyed GET "/findPass?shopify.customerId=$i"
		is "pass $i is there" "$status $(body)" "200 $(cat "$tmp/id.$i")"
	done
}
cut() { # every process dies at once, and the machine boots again
	# shellcheck disable=SC2046 # a list of pids
	kill -9 "$serve_pid" $(serve_responders) 2>/dev/null
	wait "$serve_pid" 2>/dev/null
	serve_pid=
	sed -i "s/$boot/$other/" "$store/boot"
	ok 'data/boot named this boot' grep -q "$other" "$store/boot"
}
garbage() { # FILE
	size=$(stat -c %s "$1")
	head -c "$size" /dev/urandom >"$1"
}

server_start 4
create 1 10
cut
for f in "$store"/__db.*; do
	garbage "$f"
done
server_start 4
all_there 10
create 11 20
ok 'data/boot names this boot again' grep -q "$boot" "$store/boot"

# Half-written: some regions are gone, some are empty, the register is clean.
cut
for f in "$store"/__db.00*; do
	case $f in
	*1) rm "$f" ;;
	*2) : >"$f" ;;
	*)  garbage "$f" ;;
	esac
done
server_start 4
all_there 20
ok 'verify' passwright verify demo

# And the folder moved to another machine, by hand, with all that lies in it.
serve_stop
mv "$tenants/demo" "$tmp/moved"
cp -R "$tmp/moved" "$tenants/demo"
server_start 4
all_there 20
create 21 25
serve_stop
ok 'verify at rest' passwright verify demo
summary
