#!/bin/sh
# A pass in five languages, one of them from right to left.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
languages() {
	python3 "$top/tests/run/languages.py" "$@"
}
dir=$tenants/demo/server/passes/member
mkdir "$dir"
cp "$tenants/demo/server/passes/loyalty/icon.png" "$dir"
languages make "$dir"
sed -i 's/^languages: .*/languages: [en, fr, de, es, ar]/' \
    "$tenants/demo/tenant.yml"
server_start 2
json POST '?passType=member' '{"additionalData":{"name":"Gold"}}'
id=$(body)
is 'create' "$status" 200

fetch() { # WHAT: the pass, unpacked and signed
	keyed GET "/$id?device=apple"
	is "$1: status" "$status" 200
	ok "$1: unzips" unpack "$tmp/body" "$tmp/pass"
	ok "$1: signature" signed "$tmp/pass"
	ok "$1: manifest" manifest_holds "$tmp/pass"
}
fetch 'five languages'
is 'five languages: a folder for each' "$(cd "$tmp/pass" && echo *.lproj)" \
    'ar.lproj de.lproj en.lproj es.lproj fr.lproj'
for l in en fr de es ar; do
	ok "five languages: $l" languages check "$tmp/pass" "$l"
done
ok 'any other language is the first' languages check "$tmp/pass" nl
not 'a text is not the same in all' cmp -s "$tmp/pass/fr.lproj/pass.strings" \
    "$tmp/pass/de.lproj/pass.strings"
ok 'right to left: bytes of the file' grep -qF 'بطاقة العضوية' \
    "$tmp/pass/ar.lproj/pass.strings"
like 'check tells what falls back' "$(passwright check demo |
    grep 'member/es.yml.*"terms"')" 'warning: *member/es.yml:1: *en.yml*'

# -- a language comes, changes and goes while the server runs --------------
sed -i 's/^title: .*/title: "Carte"/' "$dir/fr.yml"
sleep 2
fetch 'a text changed'
ok 'a text changed' grep -q '"Carte"' "$tmp/pass/fr.lproj/pass.strings"
languages make "$dir"
sed -i 's/^languages: .*/languages: [ar, en]/' "$tenants/demo/tenant.yml"
sleep 2
fetch 'another first language'
is 'another first language: folders' "$(cd "$tmp/pass" && echo *.lproj)" \
    'ar.lproj en.lproj'
is 'another first language: in pass.json' \
    "$(field 'o["logoText"]' "$tmp/pass/pass.json")" 'بطاقة العضوية'
sed -i 's/^languages: .*/languages: [de]/' "$tenants/demo/tenant.yml"
sleep 2
fetch 'one language'
is 'one language: no folder' "$(cd "$tmp/pass" && echo *.lproj)" '*.lproj'
is 'one language: its text' \
    "$(field 'o["logoText"]' "$tmp/pass/pass.json")" Kundenkarte
keyed GET "/$id/data"
is 'data has no language' "$(field 'o["additionalData"]["name"]')" Gold
summary
