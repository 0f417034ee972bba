#!/bin/sh
# usage: tests/fuzz/run.sh [--long | SECONDS]
#
# Build every tests/fuzz/fuzz_NAME.c with clang, in a tree of its own, and run
# it for SECONDS (5; --long: 60) over tests/fuzz/corpus/NAME; one line each.  A new target
# is that file and its corpus, named in EXTRA_DIST.  The input that makes one
# fail is left in the directory where this was started.  FUZZ_BUILD names a
# build tree to keep for the next time.
set -eu
case ${1-} in
--long) seconds=60 ;;
*)      seconds=${1:-5} ;;
esac
here=$(pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
build=${FUZZ_BUILD:-$tmp/build}

mkdir -p "$build"
cd "$build"
[ -f Makefile ] || "$top/configure" --enable-sanitizers CC=clang \
    CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' >"$tmp/log" 2>&1 ||
    { tail "$tmp/log"; exit 1; }

failed=0
for source in "$top"/tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	make -s "tests/fuzz/$name" >"$tmp/log" 2>&1 ||
	    { tail -n 20 "$tmp/log"; exit 1; }
	mkdir "$tmp/$name"
	if "tests/fuzz/$name" -max_total_time="$seconds" -timeout=10 \
	    -artifact_prefix="$here/$name." "$tmp/$name" \
	    "$top/tests/fuzz/corpus/${name#fuzz_}" >"$tmp/log" 2>&1; then
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$tmp/log")
		echo "$name: no fault in $runs runs, $seconds s"
	else
		tail -n 40 "$tmp/log"
		echo "$name: failed"
		failed=1
	fi
done
exit $failed
