#!/bin/sh
# Make configure and Makefile.in where they are missing or out of date, as in
# a fresh clone.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f configure ] || [ ! -f Makefile.in ] ||
    [ -n "$(find configure.ac Makefile.am -newer configure)" ]; then
	autoreconf -fi
fi
