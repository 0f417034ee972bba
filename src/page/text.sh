#!/bin/sh
# Files as C strings: text.sh NAME=FILE...
set -eu
cat <<-EOF
#pragma GCC diagnostic ignored "-Woverlength-strings"
extern const char page_look[], page_live[];
EOF
for f in "$@"; do
	echo "const char ${f%%=*}[] ="
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\t*//' -e 's/.*/    "&\\n"/' \
	    "${f#*=}"
	echo '    ;'
done
