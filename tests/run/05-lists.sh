#!/bin/sh
# Passes are listed by filter, in order and by the page, and counted.
# shellcheck disable=SC2154 # status is set by req()
. "$(dirname "$0")/lib.sh"
setup
server_start 4

# 25 passes; customer N has N points and one of three tiers.
n=0
while [ "$n" -lt 25 ]; do
	n=$((n + 1))
	case $((n % 3)) in
	0) tier=gold ;;
	1) tier=silver ;;
	2) tier=bronze ;;
	esac
	json POST '?passType=loyalty' "{\"identifiers\":
	{\"shopify.customerId\":\"$n\",\"email\":\"c$n@shop.example\"},
	\"additionalData\":{\"points\":$n,\"loyaltyTier\":\"$tier\"}}"
	is "create $n" "$status" 200
	body >"$tmp/id.$n"
done

customers() { # of the rows of the last answer
	field '" ".join(p["identifiers"]["shopify.customerId"] for p in o)'
}
total() {
	header x-pagination-total
}
f() { # INDEX FIELD OPERATOR VALUE: a filter, percent-encoded as browsers do
	printf 'filter%%5B%d%%5D.field=%s&filter%%5B%d%%5D.operator=%s&' \
	    "$1" "$2" "$1" "$3"
	printf 'filter%%5B%d%%5D.value=%s&' "$1" "$4"
}
by_number='sortBy[0].field=creationDate&sortBy[0].direction=ASC'

# -- all of them, by the page ----------------------------------------------
keyed GET ''
is 'all: status' "$status" 200
like 'all: type' "$(header Content-Type)" 'application/json*'
is 'all: total' "$(total)" 25
is 'all: a page of twenty' "$(field 'len(o)')" 20
is 'all: oldest first' "$(customers | cut -d ' ' -f 1-3)" '1 2 3'
is 'all: the nine properties' "$(field 'sorted(o[0])')" \
    '["additionalData", "creationDate", "id", "identifiers", "lastUpdateDate", "metadata", "passType", "providers", "secret"]'
keyed GET "?pageIndex=2&pageSize=10&$by_number" -g
is 'the last page' "$(customers)" '21 22 23 24 25'
like 'the last page: links' "$(header Link)" \
    '*pageIndex=0>; rel="first", *pageIndex=1>; rel="prev", *pageIndex=2>; rel="last"'
not 'the last page: no next' sh -c "grep -i '^link:.*next' '$tmp/headers'"
keyed GET '?pageIndex=1&pageSize=10'
next=$(header Link | sed 's/.*<\([^>]*\)>; rel="next".*/\1/')
like 'a link is kept whole' "$next" '*/api/demo/passes?pageSize=10&pageIndex=2'
keyed GET '?pageIndex=3&pageSize=10'
is 'past the end' "$status $(body) $(total)" '200 [] 25'
keyed HEAD '?pageSize=1'
is 'HEAD' "$status $(total)" '200 25'

# -- filters ---------------------------------------------------------------
keyed GET "?$(f 0 metadata.loyaltyTier equals gold)"
is 'equals' "$(customers)" '3 6 9 12 15 18 21 24'
is 'equals: total' "$(total)" 8
keyed GET "?$(f 3 metadata.loyaltyTier NOTEQUALS gold)$(f 9 \
    identifiers.email StartsWith c2)"
is 'two filters' "$(customers)" '2 20 22 23 25'
keyed GET "?$(f 0 identifiers.email contains 5%40shop)"
is 'contains' "$(customers)" '5 15 25'
keyed GET "?$(f 0 identifiers.shopify.customerId In 7)filter[0].value=11" -g
is 'in' "$(customers)" '7 11'
keyed GET "?$(f 0 metadata.nobodyHasThis isEmpty '')pageSize=1"
is 'a field that no pass has' "$(total)" 25
keyed GET "?$(f 0 installationStatus Contains apple)"
is 'installed nowhere' "$(total)" 0
keyed GET "?$(f 0 id Equals "$(cat "$tmp/id.8")")"
is 'by id' "$(customers)" 8
keyed GET "?$(f 0 passType Equals nonsense)"
is 'another pass type' "$(body)" '[]'

# -- a change shows at once ------------------------------------------------
json PATCH "/$(cat "$tmp/id.3")" '{"additionalData":{"loyaltyTier":null}}'
is 'patch' "$status" 200
keyed GET "?$(f 0 metadata.loyaltyTier equals gold)"
is 'after a change' "$(customers)" '6 9 12 15 18 21 24'
keyed GET '?sortBy[0].field=lastUpdateDate&sortBy[0].direction=DESC&pageSize=1' \
    -g
is 'last changed first' "$(customers)" 3
keyed GET '?sortBy[0].field=metadata.loyaltyTier&sortBy[1].field=creationDate&sortBy[1].direction=1&pageSize=9' \
    -g
is 'two sort keys' "$(customers)" '23 20 17 14 11 8 5 3 2'

# -- stats -----------------------------------------------------------------
keyed GET /stats
is 'stats' "$(field 'o')" \
    '{"count": {"total": 25, "active": 0, "apple": 0, "google": 0}}'
keyed GET '/stats?passType=loyalty'
is 'stats of a pass type' "$(field 'o["count"]["total"]')" 25
keyed GET '/stats?passType=nonsense'
problem 400 'stats of an unknown pass type'

# -- refused ---------------------------------------------------------------
keyed GET "?$(f 3 metadata.x sounds gold)"
problem 400 'an unknown operator'
is 'an unknown operator: which' "$(field 'list(o["errors"])')" \
    '["filter[3].operator"]'
keyed GET '?pageSize=1001'
problem 400 'too large a page'
req GET ''
problem 401 'list without credentials'
req GET /stats
problem 401 'stats without credentials'
writer=$(passwright key add demo --name writer --scope Pass.Write)
sleep 2
req GET '' -H "X-API-KEY: $writer"
problem 403 'list without the scope'

# -- all that is promised, as a table ---------------------------------------
table lists "$port" "$key" "$tenants"

# The configuration that takes long lists is good for one host of several, too.
sed 's|^include.*|$HTTP["host"] == "w.example" { & }|' "$tmp/lighttpd.conf" \
    >"$tmp/one-host.conf"
is 'lighttpd, on one host' \
    "$(cd "$tmp" && lighttpd -tt -f one-host.conf 2>&1)" ''

ok 'verify' passwright verify demo
is 'recover --reindex finds nothing to mend' \
    "$(passwright --json recover demo --reindex)" '{"mended":0}'
ok 'recover' passwright recover demo
serve_stop
rm "$tenants/demo/data/column.db"
not 'verify tells of a lost file' passwright verify demo
ok 'recover --reindex makes it anew' passwright recover demo --reindex
ok 'verify after that' passwright verify demo
server_start 2
keyed GET "?$(f 0 metadata.loyaltyTier equals gold)"
is 'a list after that' "$(customers)" '6 9 12 15 18 21 24'
summary
