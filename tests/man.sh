#!/bin/sh
# The manual pages name every command, option and variable of the programs,
# refer to pages that exist, and mandoc has nothing to say about them.
# (tests/conf/test_manual.c does the same for the settings.)
set -eu
cd "${srcdir:-$(dirname "$0")/..}"

bad=0
miss() {
	echo "$*"
	bad=1
}

# The usages: strings of C that may be in pieces, "a B | a C".
usages=$(tr '\n' ' ' <src/bin/passwright.c |
    sed 's/.*commands\[\] = {//; s/};.*//; s/"[[:space:]]*"//g' |
    grep -oE 'command_[a-z]+,[[:space:]]*"[^"]*"' | sed 's/.*"\(.*\)"/\1/')
[ "$(echo "$usages" | wc -l)" -ge 5 ] || miss "the table of commands is not found"
echo "$usages" | sed 's/ | /\n/g' >"${TMPDIR:-/tmp}/man.$$"
trap 'rm -f "${TMPDIR:-/tmp}/man.$$"' EXIT
while read -r usage; do
	words=$(echo "$usage" | sed 's/ [^a-z].*//')
	grep -qE "^\.It Cm $words( |\$)" man/passwright.1 ||
	    miss "passwright(1) lacks the command: $words"
	line=$(grep -E "^\.It Cm $words( |\$)" man/passwright.1 || :)
	for option in $(echo "$usage" | grep -oE -- '--?[a-z]+(-[a-z]+)*'); do
		case "$line " in
		*" Fl ${option#-} "*) ;;
		*) miss "passwright(1): $words lacks $option" ;;
		esac
	done
done <"${TMPDIR:-/tmp}/man.$$"

for variable in $(grep -rhoE '"PASSWRIGHT_[A-Z]+"' src cgi-bin |
    tr -d '"' | sort -u); do
	grep -qE "^\.(It )?Ev $variable" man/* || miss "no page has $variable"
done
grep -hoE '^\.Xr passwright[a-z.-]* [1-8]' man/* | sort -u |
    while read -r _ page section; do
	[ -f "man/$page.$section" ] || echo "there is no $page($section)"
done | grep . && bad=1

# Which other pages a machine has is its own affair.
if command -v mandoc >/dev/null; then
	mandoc -T lint man/*.[0-9] 2>&1 |
	    grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' &&
	    bad=1
fi
exit $bad
