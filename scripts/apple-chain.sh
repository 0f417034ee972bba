#!/bin/sh
# usage: apple-chain.sh DIR PASSTYPEID TEAMID [DAYS]
#
# Make a chain of certificates that looks like Apple's, for tests and demos:
# DIR/root.pem, DIR/wwdr.pem (G4), DIR/pass.pem and DIR/pass.key.  No phone
# trusts it.  DAYS is how long pass.pem is valid, 365 if not given.
set -eu

[ $# -eq 3 ] || [ $# -eq 4 ] || {
	echo "usage: ${0##*/} DIR PASSTYPEID TEAMID [DAYS]" >&2
	exit 64
}
dir=$1 id=$2 team=$3 days=${4:-365}
umask 077
mkdir -p "$dir"
tmp=$(mktemp -d "$dir/.chain.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$tmp/conf" <<END
[req]
prompt = no
string_mask = utf8only
distinguished_name = root
[root]
C = US
O = Apple Inc.
OU = Apple Certification Authority
CN = Apple Root CA (look-alike)
[wwdr]
CN = Apple Worldwide Developer Relations Certification Authority
OU = G4
O = Apple Inc.
C = US
[leaf]
UID = $id
CN = Pass Type ID: $id
OU = $team
O = Demo
C = US
[ca_ext]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf_ext]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.2.840.113635.100.6.1.16 = ASN1:UTF8String:$id
END

# openssl(1) chats on stderr; it is shown only when something failed.
quiet() {
	"$@" >"$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		exit 1
	}
}

request() { # NAME: NAME.key and NAME.csr with the subject of that section
	sed "s/^distinguished_name = .*/distinguished_name = $1/" \
	    "$tmp/conf" >"$tmp/$1.conf"
	quiet openssl req -new -newkey rsa:2048 -nodes -sha256 \
	    -config "$tmp/$1.conf" -keyout "$tmp/$1.key" -out "$tmp/$1.csr"
}

issue() { # NAME EXTENSIONS DAYS [OPTION...]: NAME.pem
	name=$1 ext=$2 for=$3
	shift 3
	quiet openssl x509 -req -sha256 -days "$for" -in "$tmp/$name.csr" \
	    -extfile "$tmp/conf" -extensions "$ext" "$@" \
	    -set_serial "0x$(openssl rand -hex 15)" -out "$tmp/$name.pem"
}

request root
issue root ca_ext 7300 -signkey "$tmp/root.key"
request wwdr
issue wwdr ca_ext 3650 -CA "$tmp/root.pem" -CAkey "$tmp/root.key"
request leaf
issue leaf leaf_ext "$days" -CA "$tmp/wwdr.pem" -CAkey "$tmp/wwdr.key"

mv "$tmp/root.pem" "$tmp/wwdr.pem" "$dir"
mv "$tmp/leaf.pem" "$dir/pass.pem"
mv "$tmp/leaf.key" "$dir/pass.key"
