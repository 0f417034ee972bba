#!/bin/sh
# Install the Debian packages that are missing, and nothing else.
# usage: packages.sh SET...    build: to compile; run: to serve and to try it;
#                              test: for check.sh; bench: for make bench;
#                              deb: for make deb and tests/deb.sh;
#                              peers: for make bench PEERS=--peers
# shellcheck disable=SC2086 # lists of words are meant to split
set -eu

build='gcc libc6-dev make autoconf automake pkgconf
	libfcgi-dev libdb5.3-dev libjson-c-dev libssl-dev libyaml-dev
	libcurl4-openssl-dev libzip-dev libjose-dev libjq-dev libonig-dev
	libqrencode-dev libzint-dev libwebsockets-dev'
run='lighttpd curl openssl unzip'
test='libcmocka-dev clang libclang-rt-dev clang-format clang-tidy
	python3 python3-yaml mandoc valgrind
	apache2 libapache2-mod-fcgid procps nodejs
	chromium fonts-noto-core'
bench='wrk nodejs nghttp2-client'
peers='postgresql-15 sqlite3'
deb='dpkg-dev debhelper fakeroot lintian debootstrap'

wanted=
for set in "$@"; do
	case $set in
	build) wanted="$wanted $build" ;;
	run)   wanted="$wanted $run" ;;
	test)  wanted="$wanted $test" ;;
	bench) wanted="$wanted $bench" ;;
	deb)   wanted="$wanted $deb" ;;
	peers) wanted="$wanted $peers" ;;
	*)     echo "packages.sh: no such set: $set" >&2; exit 64 ;;
	esac
done

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

if ! command -v dpkg-query >/dev/null; then
	echo "packages.sh: this is no Debian; find these by hand:$wanted" >&2
	exit 69
fi
missing=
for p in $wanted; do
	installed "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	as_root='env'
elif command -v sudo >/dev/null; then
	as_root='sudo env'
else
	echo "packages.sh: run as root: apt-get install$missing" >&2
	exit 77
fi

# A server that is installed for the tests must not start by itself, neither
# now (policy-rc.d answers 101, "action forbidden") nor at the next boot.
policy=/usr/sbin/policy-rc.d
made_policy=
finish() {
	if [ -n "$made_policy" ]; then
		$as_root rm -f "$policy"
		made_policy=
	fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "Installing Debian packages:$missing"
if [ ! -e "$policy" ]; then
	made_policy=yes
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi
quiet='-q -o Dpkg::Use-Pty=0'
$as_root apt-get $quiet update
$as_root DEBIAN_FRONTEND=noninteractive \
    apt-get $quiet -y --no-install-recommends install $missing
[ -d /run/systemd/system ] || exit 0
for server in lighttpd apache2 postgresql; do
	case " $missing" in
	*" $server"*)
		$as_root systemctl --quiet disable "$server.service"
		echo "$server is installed but neither started nor enabled." ;;
	esac
done
