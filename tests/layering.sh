#!/bin/sh
# Rooms may include only rooms below them; this is the house plan.
set -eu
cd "${srcdir:-$(dirname "$0")/..}"

allowed() {
	case $1 in
	base)   echo base ;;
	conf)   echo base conf ;;
	store)  echo base conf store ;;
	live)   echo base conf store live ;;
	hub)    echo base conf store live hub ;;
	pass)   echo base conf store pass ;;
	wallet) echo base conf store pass wallet ;;
	page)   echo base conf store pass wallet page ;;
	auth)   echo base conf store auth ;;
	http)   echo base conf http ;;
	api)    echo base conf store live pass wallet page auth http api ;;
	worker) echo base conf store live pass wallet worker ;;
	bin)    echo base conf store live hub pass wallet page auth worker bin ;;
	cgi-bin) echo base conf http api ;;
	*)      echo "no such room in the plan: $1" >&2; exit 1 ;;
	esac
}

bad=0
for dir in src/*/ cgi-bin/; do
	room=$(basename "$dir")
	rooms=$(allowed "$room")
	for used in $(find "$dir" -name '*.[ch]' -exec \
	    grep -hoE '^#include "[a-z]+/' {} + | sed 's/.*"//; s,/,,' |
	    sort -u); do
		case " $rooms " in
		*" $used "*) ;;
		*) echo "$room must not include $used"; bad=1 ;;
		esac
	done
done
if grep -rnE '\bDB_[A-Z]+|<db\.h>' src --include='*.[ch]' | grep -v '^src/store/'; then
	echo "only store may say DB_"; bad=1
fi
exit $bad
