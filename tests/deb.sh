#!/bin/sh
# The package of `make deb`, made of the distribution without git: lintian,
# then installed, upgraded, removed and purged in a fresh Debian.
# usage: tests/deb.sh      as root; builddir: a configured build tree
#        DEB_MIRROR, DEB_ROOT: where Debian comes from; a root that is copied
set -u
LC_ALL=C
export LC_ALL
name=deb.sh
top=$(cd "$(dirname "$0")/.." && pwd)
build=${builddir:-$top/build}
mirror=${DEB_MIRROR:-http://deb.debian.org/debian}
passed=0
failed=0

die() {
	echo "$name: $*" >&2
	exit 1
}
# ok WHAT COMMAND...: it succeeds; not WHAT COMMAND...: it fails
ok() {
	what=$1
	shift
	"$@" >"$tmp/out" 2>&1 </dev/null
	judge $? "$@"
}
not() {
	what=$1
	shift
	! "$@" >"$tmp/out" 2>&1 </dev/null
	judge $? "$@"
}
judge() { # STATUS COMMAND...
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		shift
		echo "$name: FAILED: $what: $*"
		tail -n 15 "$tmp/out"
	fi
}
in_root() {
	DEBIAN_FRONTEND=noninteractive PASSWRIGHT_CONFIG='' \
	    PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}
owned() { # PATH OWNER
	[ "$(in_root stat -c %U "$1")" = "$2" ]
}

[ "$(id -u)" = 0 ] || die 'debootstrap and chroot want root'
tmp=$(mktemp -d "${TMPDIR:-/tmp}/passwright-deb.XXXXXX")
root=$tmp/root
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# -- making it -------------------------------------------------------------
# A git that cannot work: nothing may ask it.
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/git"
chmod 755 "$tmp/bin/git"
ok 'make deb' env PATH="$tmp/bin:$PATH" make -C "$build" deb
deb=$(ls "$build"/deb/passwright_*.deb) || die 'there is no package'
not 'no repository in it' test -e "$build/deb/passwright-"*/.git
ok 'lintian' lintian --no-cfg --allow-root --fail-on error,warning \
    --suppress-tags initial-upload-closes-no-bugs "$deb"

# -- a fresh Debian with what it depends on --------------------------------
if [ -n "${DEB_ROOT-}" ]; then
	cp -a "$DEB_ROOT" "$root" || die "cannot copy $DEB_ROOT"
else
	needs=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g;s/|[^,]*//g;s/ //g')
	debootstrap --variant=minbase --include="$needs,lighttpd" bookworm \
	    "$root" "$mirror" >"$tmp/debootstrap.log" 2>&1 ||
	    die "debootstrap: $(tail -n 3 "$tmp/debootstrap.log")"
fi
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp "$deb" "$root/one.deb"

# The next version, as far as dpkg can tell.
if ! { dpkg-deb -R "$deb" "$tmp/next" &&
    sed -i 's/^Version: .*/&+next/' "$tmp/next/DEBIAN/control" &&
    dpkg-deb --root-owner-group -b "$tmp/next" "$root/two.deb"
} >"$tmp/out" 2>&1; then
	die "cannot make the next version: $(tail -n 3 "$tmp/out")"
fi

# -- install ---------------------------------------------------------------
var=/var/lib/passwright
ok 'install' in_root dpkg -i /one.deb
ok 'its tenants are of the web server' owned $var/tenants www-data
ok 'and its log' owned /var/log/passwright www-data
ok 'the configuration is root' owned /etc/passwright/passwright.yml root
for f in /etc/cron.d/passwright /etc/logrotate.d/passwright \
    /etc/lighttpd/conf-available/50-passwright.conf \
    /etc/apache2/conf-available/passwright.conf \
    /usr/lib/tmpfiles.d/passwright.conf \
    /usr/share/bash-completion/completions/passwright \
    /usr/share/man/man1/passwright.1.gz /usr/share/man/man7/passwright.7.gz \
    /usr/share/doc/passwright/copyright \
    /usr/share/passwright/apache/passwright-fcgid.conf \
    /usr/lib/systemd/system/passwright-hub.service \
    /usr/libexec/passwright/passwright-hub \
    /usr/libexec/passwright/passwright.fcgi; do
	ok "there is $f" [ -s "$root$f" ]
done
not 'a path left to fill in' grep -q @ "$root/etc/cron.d/passwright"
ok 'a tenant' in_root passwright tenant add acme \
    --url https://wallet.acme.example
ok 'a key' in_root passwright key add acme --name shop --scope Pass.Read
ok 'the tenant is of the web server' owned $var/tenants/acme/data www-data
ok 'the worker' in_root /usr/libexec/passwright/passwright-worker --once
ok 'enable in lighttpd' in_root lighty-enable-mod passwright
ok 'lighttpd takes it' in_root lighttpd -tt -f /etc/lighttpd/lighttpd.conf

# -- upgrade ---------------------------------------------------------------
echo 'maxBodyBytes: 2M' >>"$root/etc/passwright/passwright.yml"
in_root chown games $var/tenants
ok 'upgrade' in_root dpkg -i /two.deb
ok 'the configuration is kept' grep -q '^maxBodyBytes: 2M' \
    "$root/etc/passwright/passwright.yml"
ok 'the owner is kept' owned $var/tenants games
in_root chown www-data $var/tenants
ok 'it is enabled still' [ -e "$root/etc/lighttpd/conf-enabled/50-passwright.conf" ]

# -- remove, purge ---------------------------------------------------------
ok 'remove' in_root dpkg -r passwright
not 'the command is gone' [ -e "$root/usr/bin/passwright" ]
ok 'the tenant stays' [ -s "$root$var/tenants/acme/tenant.yml" ]
ok 'the configuration stays' [ -s "$root/etc/passwright/passwright.yml" ]
ok 'lighttpd goes on without it' in_root lighttpd -tt \
    -f /etc/lighttpd/lighttpd.conf
ok 'cron is quiet' grep -q 'test -x' "$root/etc/cron.d/passwright"
ok 'install again' in_root dpkg -i /two.deb
ok 'the tenant is there' in_root passwright tenant list
ok 'purge' in_root dpkg -P passwright
for f in /etc/passwright /etc/cron.d/passwright /etc/logrotate.d/passwright \
    /etc/lighttpd/conf-available/50-passwright.conf /var/log/passwright; do
	not "$f is gone" [ -e "$root$f" ]
done
ok "a tenant's passes stay" [ -s "$root$var/tenants/acme/tenant.yml" ]
ok 'install without tenants' in_root dpkg -i /one.deb
rm -r "$root$var/tenants/acme"
ok 'purge without tenants' in_root dpkg -P passwright
not 'nothing is left' [ -e "$root$var" ]

echo "$name: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
