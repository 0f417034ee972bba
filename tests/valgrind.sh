#!/bin/sh
# usage: tests/valgrind.sh
#
# Unit tests of `builddir` under valgrind, a test or two of each room.
set -u
srcdir=$(cd "$(dirname "$0")/.." && pwd)
export srcdir
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
cd "${builddir:-$srcdir/build}" || exit 1
for t in base/test_arena base/test_text conf/test_fault pass/test_expr \
    store/test_due store/test_field store/test_operation store/test_pass \
    wallet/test_kept auth/test_proof http/test_request http/test_response; do
	if valgrind -q --suppressions="$srcdir/tests/valgrind.supp" \
	    --error-exitcode=97 --leak-check=full \
	    --errors-for-leak-kinds=definite --child-silent-after-fork=yes \
	    "tests/$t" >"$log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$t:"
		tail -n 40 "$log"
	fi
done
echo "valgrind.sh: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
