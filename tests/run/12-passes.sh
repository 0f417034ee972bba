#!/bin/sh
# The rules of creating, merging, finding and showing passes, while four
# responders serve.  The tables are in passes.py.
# shellcheck disable=SC2154 # the harness sets them
. "$(dirname "$0")/lib.sh"
setup
server_start 4
table passes "$port" "$key" "$tenants" "$log"
ok 'verify while serving' passwright verify demo
serve_stop
ok 'verify at rest' passwright verify demo
# The sources of downloads lie in the store until an install takes them.
source() {
	grep -aq "$1" "$tenants/demo/data/source.db"
}
for word in tag medium origin agent a b c d; do
	ok "kept of a source: $word" source "\"kept-$word\""
done
not 'kept of a source: of no download' source kept-not
not 'kept of a source: of an earlier download' source kept-first
summary
