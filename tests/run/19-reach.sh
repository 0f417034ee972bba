#!/bin/sh
# `passwright check --url` and `--online` tell what is wrong beyond the files:
# with the web server, and on the way to the wallets' services.
# shellcheck disable=SC2154 # lib.sh sets tmp and others
. "$(dirname "$0")/lib.sh"
setup
passwright key revoke demo --name run >/dev/null
server_start 2
there=$tmp/reach
mkdir "$there"
echo "127.0.0.1:$port" >"$there/to"

# cert NAME DAYS: of localhost, by the authority that signs all of them
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=root \
    -keyout "$there/root.key" -out "$there/root.crt" 2>/dev/null
cert() {
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
	    -keyout "$there/$1.key" -out "$there/$1.csr" 2>/dev/null &&
	    printf 'subjectAltName=DNS:localhost\n' >"$there/ext" &&
	    openssl x509 -req -in "$there/$1.csr" -CA "$there/root.crt" \
		-CAkey "$there/root.key" -CAcreateserial -days "$2" \
		-extfile "$there/ext" -out "$there/$1.pem" 2>/dev/null
}
cert good 60 && cert soon 5 || die 'no certificates'
set -- drop foreign moved late good soon wants
python3 -B "$top/tests/run/reach.py" "$there" "$@" &
for n in "$@"; do
	i=0
	until [ -f "$there/$n.port" ]; do
		i=$((i + 1))
		[ "$i" -lt 200 ] || die "reach.py did not start $n"
		sleep 0.1
	done
done
at() { # NAME: the address of a server
	case $1 in
	good|soon|wants) echo "https://localhost:$(cat "$there/$1.port")" ;;
	*)               echo "http://127.0.0.1:$(cat "$there/$1.port")" ;;
	esac
}

# says WHAT CODE PATTERN ARGUMENTS...: what `check` prints and exits with
says() {
	what=$1 code=$2 pattern=$3
	shift 3
	passwright check "$@" >"$tmp/out" 2>"$tmp/err"
	is "$what: exit code" $? "$code"
	sed "s,$tenants/demo/,," "$tmp/out" >"$tmp/lines"
	like "$what" "$(cat "$tmp/lines")" "$pattern"
	is "$what: nothing else" "$(cat "$tmp/err")" ''
}

# -- the web server ----------------------------------------------------------
says 'all is well' 0 '' demo --url "$url"
says 'a slash too many' 0 '' demo --url "$url/"
says 'all tenants' 0 '' "--url=$url"
says 'as JSON' 0 '[[]]' --json demo --url "$url"
says 'Authorization is dropped' 1 \
    "tenant.yml:3: $(at drop): the web server drops the header Authorization*CGIPassAuth On*" \
    demo --url "$(at drop)"
says 'another program' 1 \
    'tenant.yml:3: http:*/getPasses* answers 200, and not by passwright.fcgi*' \
    demo --url "$(at foreign)"
says 'moved' 1 '*answers 301 to https://www.example/, and not*' \
    demo --url "$(at moved)"
says 'nobody' 1 'tenant.yml:3: http://127.0.0.1:1: *onnect*' \
    demo --url http://127.0.0.1:1
says 'the clock' 0 'warning: tenant.yml:3: the clock of this machine is 3[56][0-9][0-9] s ahead of that of 127.0.0.1:*' \
    demo --url "$(at late)"
says 'a certificate of nobody' 1 'tenant.yml:3: https://localhost:*: *certificate*' \
    demo --url "$(at good)"
sed "s|^url: [^ ]*|url: $url|" "$top/etc/demo/tenant.yml" \
    >"$tenants/demo/tenant.yml"
says "the tenant's own" 0 'warning: tenant.yml:3: "url" is not https*' \
    demo --url
says "the tenant's own, before it" 0 'warning: tenant.yml:3: *' --url demo
cp "$top/etc/demo/tenant.yml" "$tenants/demo/tenant.yml"
tenant_make other
mv "$tenants/other" "$tmp/other"
mkdir "$tmp/more"
mv "$tmp/other" "$tmp/more"
sed "s|^tenants: .*|tenants: $tmp/more|" "$PASSWRIGHT_CONFIG" >"$tmp/more.yml"
like 'of another configuration' \
    "$(passwright -c "$tmp/more.yml" check other --url "$url")" \
    "*:3: $url knows no tenant other: *reads $tmp/more.yml too"
passwright check demo --url=ftp://x 2>"$tmp/err"
is 'no URL' $? 64
passwright check demo two 2>"$tmp/err"
is 'two tenants' $? 64

# -- a certificate, and the services -----------------------------------------
cat >>"$PASSWRIGHT_CONFIG" <<-LIST
endpoints:
  apns: $(at wants)
  googleApi: $(at good)/walletobjects/v1
  googleToken: $(at good)/token
  googleSave: $(at good)/save/
  googleKeys: $(at good)/keys
  caFile: $there/root.crt
LIST
says 'a good certificate' 0 '' demo --url "$(at good)"
says 'one that ends soon' 0 \
    'warning: tenant.yml:3: https://localhost:*certificate ends in [45] days*' \
    demo --url "$(at soon)"
says 'the services' 0 '' --online
says 'both' 0 '' --online demo --url "$(at good)"
sed -i "s|googleToken: .*|googleToken: $(at late)/token|" "$PASSWRIGHT_CONFIG"
says 'a clock is told of once' 0 'warning: */passwright.yml:6: the clock*' --online
sed -i "s|googleToken: .*|googleToken: http://127.0.0.1:1/token|" \
    "$PASSWRIGHT_CONFIG"
says 'one that nobody needs' 0 \
    'warning: */passwright.yml:6: 127.0.0.1:1 cannot be reached: *' demo --online
sed -i "s|apns: .*|apns: http://127.0.0.1:1|" "$PASSWRIGHT_CONFIG"
says 'one that is needed' 1 '*/passwright.yml:4: 127.0.0.1:1 cannot be reached: *
warning: */passwright.yml:6: *' demo --online
summary
