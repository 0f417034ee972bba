#!/bin/sh
# Everything that must hold: builds, unit tests, sanitizers, lint, real
# programs behind a real web server, and the distribution.
# usage: sh scripts/check.sh [--long]     --long: more kills, longer fuzzing,
#   and the tests that race with the clock
# The last line is `N passed, N failed`; logs are left in build/check/.
set -u

long=
case ${1-} in
'')     ;;
--long) long=yes ;;
*)      sed -n 's/^# \(usage:\)/\1/p' "$0" >&2; exit 64 ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
exec </dev/null
out=$top/build/check
jobs=$(nproc)
passed=0
failed=0

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

# step NAME COMMAND...: one line for it, and the log's end if it fails.
step() {
	name=$1
	shift
	log=$out/$(printf %s "$name" | tr -c 'A-Za-z0-9\n' -).log
	begin=$(date +%s)
	if "$@" >"$log" 2>&1; then
		result=ok
	else
		result=FAILED
	fi
	printf '%-6s %s (%d s)\n' "$result" "$name" \
	    "$(($(date +%s) - begin))"
	[ "$result" = ok ] || tail -n 40 "$log" | sed 's/^/    /'
	[ "$result" = ok ]
}

# One that counts as one.
one() {
	if step "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		return 1
	fi
}

# count GOOD BAD: of a step that counts its own; it must not fail for nothing.
count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	if [ "$result" != ok ] && [ "$2" -eq 0 ]; then
		failed=$((failed + 1))
	fi
}

# shellcheck disable=SC2317 # called by step()
configure() { # DIR FLAGS...
	dir=$out/$1
	shift
	mkdir -p "$dir"
	(cd "$dir" && ../../../configure "$@" &&
	    make -j"$jobs" all && make -j"$jobs" check-binaries)
}

# The unit tests of a build, counted by Automake's results.
units() { # NAME DIR
	find "$out/$2" -name '*.trs' -exec rm {} +
	step "$1" make -C "$out/$2" -j"$jobs" check
	find "$out/$2" -name '*.trs' -exec \
	    sed -n 's/^:test-result: //p' {} + >"$out/results"
	count "$(grep -c '^PASS' "$out/results")" \
	    "$(grep -cE '^(FAIL|XPASS|ERROR)' "$out/results")"
	grep -lrE '^:test-result: (FAIL|ERROR)' --include='*.trs' "$out/$2" |
	    while read -r trs; do
		echo "    --- ${trs%.trs}.log"
		tail -n 20 "${trs%.trs}.log" | sed 's/^/    /'
	done
}

# A script that ends in `...: N passed, N failed`.
script() { # NAME COMMAND...
	step "$@"
	[ "$result" != ok ] || grep '^  ' "$log"
	# shellcheck disable=SC2046 # two numbers
	count $(sed -n '$s/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
	    "$log" | grep . || echo 0 0)
}

mkdir -p "$out"
# shellcheck disable=SC2086 # a word or nothing
sh scripts/packages.sh build run test ${long:+deb} || exit
one 'generate configure' sh scripts/generate.sh || finish
one 'build with gcc' configure gcc --enable-developer || finish
units 'unit tests' gcc
one 'build what measures' make -C "$out/gcc" -j"$jobs" bench-programs
one 'build with clang' configure clang --enable-developer CC=clang
one 'build with sanitizers' configure asan --enable-sanitizers \
    CFLAGS='-g -O1' &&
    units 'unit tests with sanitizers' asan
one 'lint' make -C "$out/gcc" lint
one 'manual pages' mandoc -T lint -W warning man/*.[0-9]

builddir=$out/gcc
export builddir
for t in tests/run/[0-9]*.sh; do
	set -- "$t"
	case $t in
	*-kept.sh | *-days.sh) # by the clock: they want it quiet
		[ -n "$long" ] || continue ;;
	*-sdk.sh) # fetches from npm
		[ -n "$long" ] || continue ;;
	*-live.sh) [ -z "$long" ] || set -- "$t" --long ;;
	*-bulk.sh) [ -z "$long" ] || set -- "$t" --long ;;
	*-crash.sh) [ -z "$long" ] || set -- "$t" 200 ;;
	esac
	script "${t##*/}" sh "$@"
done
script 'valgrind' sh tests/valgrind.sh
builddir=$out/asan
script '01-main.sh with sanitizers' sh tests/run/01-main.sh
if [ -f tests/fuzz/run.sh ]; then
	# shellcheck disable=SC2086 # --long or nothing
	one 'fuzzing' sh tests/fuzz/run.sh ${long:+--long}
fi
[ -z "$long" ] || script 'Debian packages' sh tests/deb.sh
one 'distribution' make -C "$out/gcc" -j"$jobs" distcheck
finish
