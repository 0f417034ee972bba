#!/bin/sh
# Questions about many passes: how long each takes; with --peers beside
# PostgreSQL and SQLite, which hold the same passes, with a covering index for
# each question, and are asked in the same run.  Neither has an index of
# trigrams, which would answer a rare Contains sooner.
# usage: make bench PEERS=--peers BENCH_ROWS=1000000    default: 100000
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${builddir:-$top/build}
rows=${BENCH_ROWS:-100000}
runs=7
tmp=$(mktemp -d "${TMPDIR:-/tmp}/passwright-query.XXXXXX") || exit
pg=/usr/lib/postgresql/15/bin
as= # how to become who may run PostgreSQL
. "$top/scripts/serve.sh"

finish() {
	status=$?
	trap - EXIT
	serve_stop
	[ ! -f "$tmp/pg/data/postmaster.pid" ] ||
	    $as "$pg/pg_ctl" -D "$tmp/pg/data" -m immediate stop >"$tmp/stop"
	cd / && rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
die() {
	echo "bench: $*" >&2
	exit 1
}

# -- the peers ---------------------------------------------------------------

schema='create table p (id text primary key, type text, tier text,
	country text, points int, email text, created bigint, updated bigint,
	status int);'
indexes='create index a on p (tier, created desc, id);
	create index b on p (type, country, tier, created desc, id);
	create index c on p (type, created desc, tier, id);
	create index d on p (created desc, id, email);
	create index e on p (tier, points desc, id);
	create index f on p (email, id);
	create index g on p (tier, points desc, created, id);
	create index h on p (country, created desc, id);
	create index i on p (created desc, id, status);'

# name|condition|order
questions() {
	sed 's/^[[:space:]]*//' <<-'END'
	equals|tier = 'gold'|created desc, id
	three|country in ('c1','c22','c77','c140','c199') and tier <> 'gold' and type = 'loyalty'|created desc, id
	broad|tier <> 'gold' and type = 'loyalty'|created desc, id
	contains|email like '%@gmail.%'|created desc, id
	rare|email like '%er12345%'|created desc, id
	all|true|created desc, id
	points|tier = 'gold'|points desc, id
	email|true|email, id
	sorts|true|tier, points desc, created, id
	empty|country is null|created desc, id
	status|status in (1, 3)|created desc, id
	END
}

# The statements of one question and page: a total, and a page.
statements() { # CONDITION ORDER PAGE
	i=0
	while [ "$i" -lt "$runs" ]; do
		echo "select count(*) from p where $1;"
		echo "select id from p where $1 order by $2" \
		    "limit 50 offset $(($3 * 50));"
		i=$((i + 1))
	done
}

# Two times each, in ms, of a run: their sums' median.
median() {
	awk '{ sum += $1 } NR % 2 == 0 { print sum; sum = 0 }' | sort -n |
	    sed -n "$((runs / 2 + 1))p"
}

pg_sql() {
	$as psql -X -q -h "$tmp/pg" -d postgres -v ON_ERROR_STOP=1 "$@"
}
pg_start() {
	mkdir "$tmp/pg"
	if [ "$(id -u)" = 0 ]; then
		as='runuser -u postgres --'
		chmod 711 "$tmp"
		chown postgres "$tmp/pg"
	fi
	cd "$tmp/pg" || exit
	$as "$pg/initdb" -D "$tmp/pg/data" -A trust --no-locale -E UTF8 \
	    >"$tmp/initdb" 2>&1 || die "initdb: $(tail -n 3 "$tmp/initdb")"
	$as "$pg/pg_ctl" -D "$tmp/pg/data" -l "$tmp/pg/log" -w -o "-h '' \
	    -k $tmp/pg -c shared_buffers=1GB -c work_mem=64MB -c fsync=off" \
	    start >"$tmp/pg_ctl" 2>&1 || die 'PostgreSQL did not start'
}
pg_load() {
	pg_sql -c "$schema" &&
	    pg_sql -c 'copy p from stdin csv' <"$tmp/csv" &&
	    pg_sql -c "$indexes" && pg_sql -c 'vacuum analyze p'
}
pg_ask() { # CONDITION ORDER PAGE
	{
		printf '%s\n' '\timing on' '\o /dev/null'
		statements "$@"
	} | pg_sql | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | median
}
lite_load() {
	{
		echo "$schema"
		echo '.mode csv'
		echo ".import $tmp/csv p"
		echo "update p set country = null where country = '';"
		echo "$indexes analyze;"
	} | sqlite3 "$tmp/lite" || die 'SQLite failed'
}
lite_ask() {
	{
		echo 'pragma cache_size = -1000000;'
		echo 'pragma mmap_size = 4000000000;'
		echo 'select count(*) from p where updated + status > 0;'
		echo '.timer on'
		statements "$@"
	} | sqlite3 "$tmp/lite" |
	    sed -n 's/^Run Time: real \([0-9.]*\).*/\1/p' |
	    awk '{ print ($1 > 0 ? $1 * 1000 : 0.5) }' | median
}
ask_peers() {
	questions | while IFS='|' read -r name where order; do
		for page in 0 1000; do
			echo "$name/$page $(pg_ask "$where" "$order" $page)" \
			    "$(lite_ask "$where" "$order" $page)" \
			    "$(pg_sql -At -c \
				"select count(*) from p where $where")"
		done
	done
}

# -- the responder -----------------------------------------------------------

# The whole call, in ms, of which the web server and curl are a part.
api_ms() {
	port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	PASSWRIGHT_CONFIG=$tmp/passwright.yml
	export PASSWRIGHT_CONFIG
	printf 'tenants: %s\nlog: { target: %s, level: warning }\n' \
	    "$tmp/tenants" "$tmp/passwright.log" >"$PASSWRIGHT_CONFIG"
	key=$("$build/passwright" key add demo --name bench \
	    --scope Pass.Read) || die 'no key'
	serve_start "$top" "$tmp" "$port" "$build/cgi-bin/passwright.fcgi" 1 ||
	    die 'lighttpd did not start'
	list="http://127.0.0.1:$port/api/demo/passes?pageSize=20"
	list="$list&filter%5B0%5D.field=metadata.tier"
	list="$list&filter%5B0%5D.value=gold&sortBy%5B0%5D.field=creationDate"
	list="$list&sortBy%5B0%5D.direction=DESC"
	i=0
	while [ "$i" -lt $((runs * 2)) ]; do
		curl -sS -f -o "$tmp/answer" -w '%{time_total}\n' \
		    -H "X-API-KEY: $key" "$list" || die 'the list failed'
		i=$((i + 1))
	done | awk '{ print $1 * 1000 }' | median | awk '{ print $1 / 2 }'
	grep -q '"creationDate"' "$tmp/answer" || die 'the list is empty'
}

peers=
case ${1-} in
--peers)
	peers=yes
	sh "$top/scripts/packages.sh" peers || exit ;;
'') ;;
*)	die "usage: query.sh [--peers]" ;;
esac
mkdir "$tmp/tenants" "$tmp/bare"
cp -R "$top/etc/demo" "$tmp/tenants/demo"
chmod -R u+w "$tmp/tenants/demo"
data=$tmp/tenants/demo/data
"$build/bench/query" load "$data" "$rows" >"$tmp/load" || die 'load failed'
if [ -n "$peers" ]; then
	"$build/bench/query" csv "$rows" >"$tmp/csv"
	chmod 644 "$tmp/csv"
	pg_start
	pg_load || die 'loading PostgreSQL failed'
	lite_load
	ask_peers >"$tmp/peers"
fi
"$build/bench/query" ask "$data" "$rows" >"$tmp/ask" || die 'ask failed'
api=$(api_ms) || exit
serve_stop
"$build/bench/query" load-bare "$tmp/bare" "$rows" >"$tmp/load" ||
	die 'loading bare documents failed'
{
	BENCH_BARE=$tmp/bare "$build/bench/query" write "$data" "$rows" &&
	    "$build/bench/query" both "$data" "$rows" 5
} >"$tmp/write" || die 'writing failed'

echo "$rows passes; median of $runs; a page of 50 and the exact total"
touch "$tmp/peers"
awk -v peers="$peers" '
FILENAME ~ /peers$/ { pg[$1] = $2; lite[$1] = $3; n[$1] = $4; next }
$1 ~ /\// && NF == 3 {
	if (!told++)
		printf "%-14s %8s %9s%s\n", "page", "total", "ms",
		    peers == "" ? "" : "  PostgreSQL  ratio    SQLite  ratio"
	printf "%-14s %8d %9.2f", $1, $3, $2
	if ($1 in pg) {
		printf "  %10.2f %6.1f %9.2f %6.1f  %s%s", pg[$1],
		    pg[$1] / $2, lite[$1], lite[$1] / $2,
		    pg[$1] < $2 || lite[$1] < $2 ? "short" : "",
		    n[$1] == $3 ? "" : " THE TOTAL DIFFERS: " n[$1]
	}
	print ""
}' "$tmp/peers" "$tmp/ask"
awk -v api="$api" '
function row(what, value, against, reach, less, short) {
	short = less ? value > reach : value < reach
	printf "%-34s %9.2f  %-5s %6.2f  %s\n", what, value,
	    less ? "below" : "above", reach, short ? "short" : ""
}
$1 ~ /^busy-.*\// {
	sub(/^busy-/, "", $1)
	if ($2 / v[$1] > worst)
		worst = $2 / v[$1]
	next
}
{ v[$1] = $2 }
END {
	row("stats, ms", v["stats"], "", 5, 1)
	row("stats of a type, ms", v["stats-of-type"], "", 5, 1)
	row("bare put / change, durable",
	    v["bare-durable"] / v["change-durable"], "", 1.3, 1)
	row("the same, not flushed", v["bare"] / v["change"], "", 1.3, 1)
	row("slowest query with writers / idle", worst, "", 3, 1)
	row("writers with queries / alone",
	    v["writers-busy"] / v["writers-alone"], "", 0.5, 0)
	row("private memory, MiB", v["private-kb"] / 1024, "", 16, 1)
	printf "%-34s %9.2f\n", "GET /passes, a page of 20, ms", api
}' "$tmp/ask" "$tmp/write"
