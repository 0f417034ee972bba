#!/bin/sh
# `passwright check` names what is wrong with a tenant before a customer meets
# it: one change to the demo tenant, one line.
# shellcheck disable=SC2016 # the expressions are jq's, the rest is eval's
. "$(dirname "$0")/lib.sh"
setup
demo=$tenants/demo
: >"$tmp/stderr.log"
passwright key revoke demo --name run >/dev/null
cp -Rp "$demo" "$tmp/pristine"
type=server/passes/loyalty.yml
dir=server/passes/loyalty

# row CHANGE WANTED: after CHANGE, a command run in the tenant's folder, `check`
# says just WANTED, a pattern of `case` (nothing: no line at all); it exits 0
# if that is nothing or a warning, else 1.
row() {
	rm -rf "$demo" && cp -Rp "$tmp/pristine" "$demo"
	(cd "$demo" && eval "$1") || fail "the change itself: $1"
	passwright check demo >"$tmp/out" 2>"$tmp/err"
	code=$?
	sed "s,$demo/,," "$tmp/out" >"$tmp/lines"
	case $2 in
	''|warning:*) is "$1: exit code" "$code" 0 ;;
	*)            is "$1: exit code" "$code" 1 ;;
	esac
	like "$1" "$(cat "$tmp/lines")" "$2"
	[ "$(wc -l <"$tmp/lines")" -le 1 ] || fail "$1: more than one line"
}
# edit FILE OLD NEW: the first OLD, which must be there, becomes NEW
edit() {
	python3 - "$@" <<-'EOF'
	import sys
	path, old, new = sys.argv[1:]
	text = open(path, encoding="utf-8").read()
	assert old in text, old
	open(path, "w", encoding="utf-8").write(text.replace(old, new, 1))
	EOF
}
card() { # OLD NEW: of the pass type
	edit "$type" "$1" "$2"
}
png() { # FILE WIDTH HEIGHT
	python3 - "$dir/$1" "$2" "$3" <<-'EOF'
	import struct, sys, zlib
	path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	def chunk(name, data):
	    crc = zlib.crc32(name + data)
	    return struct.pack(">I", len(data)) + name + data + \
	        struct.pack(">I", crc)
	head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
	rows = zlib.compress((b"\0" + b"\0" * width) * height)
	with open(path, "wb") as out:
	    out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
	        chunk(b"IDAT", rows) + chunk(b"IEND", b""))
	EOF
}
chain() { # PASSTYPEID TEAMID [DAYS]: another chain of certificates
	sh "$top/scripts/apple-chain.sh" secrets "$@"
}

row true ''

# -- tenant.yml ------------------------------------------------------------
row 'edit tenant.yml "name: Demo" "nmae: Demo
name: Demo"' 'tenant.yml:2: unknown key "nmae": did you mean "name"?'
row 'edit tenant.yml "url: https" "url: ftp"' 'tenant.yml:3: "url": http*'
row 'edit tenant.yml "url: https" "url: http"' 'warning: tenant.yml:3: "url" is not https*'
row 'edit tenant.yml "defaultPassType: loyalty" "defaultPassType: card"' \
    'tenant.yml:4: "defaultPassType"*server/passes/card.yml'
row 'edit tenant.yml "defaultPassType: loyalty" ""' \
    'warning: tenant.yml:*"defaultPassType" is missing*'
row 'edit tenant.yml "[en, fr]" "[en, fr, en]"' 'tenant.yml:5: language "en" is given twice'
row 'edit tenant.yml "name: Demo" "name: [Demo"' 'tenant.yml:[0-9]*: ?*'
row 'edit tenant.yml "name: Demo" ""' 'tenant.yml:*"name" is missing'
row 'rm tenant.yml' 'tenant.yml:1: no such file'

# -- security.yml ----------------------------------------------------------
row 'echo "hmacSecret: []" >>security.yml' 'security.yml:*"hmacSecrets"?'
row 'echo secret >secrets/h; echo "hmacSecrets: [secrets/h]" >>security.yml
    echo "callerData: []" >>$type' \
    'warning: security.yml:7: "hmacSecrets" are shared*'
row 'echo "hmacSecrets: [secrets/h]" >>security.yml
    echo "callerData: []" >>$type' 'security.yml:7: no such file*secrets/h'
row 'echo "allowUnsigned: [newsletter]" >>security.yml' \
    'warning: server/passes/loyalty.yml:1: "callerData" is missing*'
row 'echo "allowUnsigned: [newsletter]" >>security.yml
    echo "callerData: [name]" >>$type' ''
row 'echo "allowUnsigned: [shopify.customerId]" >>security.yml
    echo "callerData: [name]" >>$type' \
    'warning: server/passes/loyalty.yml:2: "uniqueIdentifiers": shopify.customerId needs no proof*'
row 'echo secret >secrets/h
    echo "identifiers: { shopify.CustomerId: { hmacSecrets: [secrets/h] } }" \
    >>security.yml; echo "callerData: [name]" >>$type' \
    'warning: server/passes/loyalty.yml:2: *shopify.customerId is shopify.CustomerId in*'
row 'passwright key add demo --name a --scope "*" >/dev/null
    sed -i "s/sha256:[0-9a-f]*/x/" security.yml' \
    'security.yml:[0-9]*: key "a": "hash" must be*'

# -- certificates ----------------------------------------------------------
row 'chain pass.example.other A1B2C3D4E5' \
    "tenant.yml:7: secrets/pass.pem: is the certificate of 'pass.example.other', not*'pass.example.demo'"
row 'chain pass.example.demo Z1B2C3D4E5' \
    "tenant.yml:7: secrets/pass.pem: belongs to team 'Z1B2C3D4E5', not*'A1B2C3D4E5'"
row 'chain pass.example.demo A1B2C3D4E5 29' \
    'warning: tenant.yml:7: secrets/pass.pem: the pass certificate expires in 2[89] days'
row 'chain pass.example.demo A1B2C3D4E5 32' ''
row 'chain pass.example.demo A1B2C3D4E5 0; sleep 1' \
    'tenant.yml:7: secrets/pass.pem: the pass certificate expired on 20??-??-??;*'
row 'mkdir o; sh "$top/scripts/apple-chain.sh" o pass.example.demo A1B2C3D4E5
    mv o/pass.key secrets; rm -r o' \
    'tenant.yml:7: secrets/pass.key: the key does not belong to*secrets/pass.pem'
row 'mkdir o; sh "$top/scripts/apple-chain.sh" o pass.example.demo A1B2C3D4E5
    mv o/wwdr.pem secrets; rm -r o' \
    'tenant.yml:7: secrets/wwdr.pem: this WWDR certificate (G4) did not issue*'
row 'mkdir o; sed "s/^OU = G4/OU = G3/" "$top/scripts/apple-chain.sh" >o/chain
    sh o/chain o pass.example.demo A1B2C3D4E5; mv o/wwdr.pem secrets; rm -r o' \
    'tenant.yml:7: secrets/wwdr.pem: this WWDR certificate (G3, too old) did not issue*G4*'
row 'mv secrets/root.pem secrets/wwdr.pem' \
    'tenant.yml:7: secrets/wwdr.pem: is not a certificate of*Apple Root CA*'
row 'openssl pkey -in secrets/pass.key -aes128 -passout pass:x -out k &&
    mv k secrets/pass.key' 'tenant.yml:7: secrets/pass.key: the private key is encrypted;*'
row 'rm secrets/pass.pem' 'tenant.yml:7: secrets/pass.pem: cannot be read: No such file*'
row 'echo x >secrets/pass.pem' 'tenant.yml:7: secrets/pass.pem: holds no certificate*'
row 'edit tenant.yml "teamIdentifier: A1B2C3D4E5," ""' \
    'tenant.yml:6: apple.teamIdentifier is missing'
row 'edit tenant.yml "pass.example.demo" "example.demo"' \
    'tenant.yml:6: "passTypeIdentifier": example.demo does not begin*'
row 'edit tenant.yml "teamIdentifier: A1B2C3D4E5" "teamIdentifier: A1B2C3"' \
    'tenant.yml:6: "teamIdentifier": A1B2C3 is not of ten characters'
row 'sed -i "/^apple:/,\$d" tenant.yml' 'warning: server/passes/loyalty.yml:1: no wallet*'
row 'echo "credentials: { apple: { passTypeIdentifier: pass.example.gold } }" >>$type' \
    "tenant.yml:7: secrets/pass.pem: is the certificate of 'pass.example.demo', not*gold'"
row 'echo "credentials: { apple: { certificate: secrets/gold.pem } }" >>$type' \
    'server/passes/loyalty.yml:21: secrets/gold.pem: cannot be read*'
row 'cp secrets/pass.key . && edit tenant.yml secrets/pass.key pass.key && chmod 644 pass.key' \
    'warning: tenant.yml:7: others may read pass.key: chmod 600'
row 'edit tenant.yml "{ passType" "{ p8: secrets/a.p8, keyId: A1B2C3D4E5, passType"' \
    'tenant.yml:6: secrets/a.p8 cannot be read'
row 'edit tenant.yml "{ passType" "{ p8: secrets/pass.key, passType"' \
    'tenant.yml:6: "p8" needs "keyId"'

# -- the pass type ---------------------------------------------------------
row 'card "kind: customerCard" "kind: card"' 'server/passes/loyalty.yml:1: "kind": customerCard or*'
row 'card "kind: customerCard" "kind: boardingPass"' ''
row 'card "layout: card" "layuot: card"' '*loyalty.yml:3: unknown key "layuot": did you mean "layout"?'
row 'card "  organization:" "  organisation:"' '*loyalty.yml:8: unknown key "organisation": did you mean "organization"?'
row 'card "label: \"{{ \$text.tier" "lable: \"{{ \$text.tier"' '*loyalty.yml:15: unknown key "lable": did you mean "label"?'
row 'card ", value: \"{{ .metadata.loyaltyTier }}\"" ""' '*loyalty.yml:15: "value" is missing'
row 'card "key: tier, " ""' '*loyalty.yml:15: "key" is missing'
row 'card "key: tier" "key: points"' '*loyalty.yml:15: another field has the key "points", on line 13*'
row 'card "key: tier" "key: \"{{ \\\"points\\\" }}\""' \
    "*loyalty.yml:1[0-9]: *another field has the key 'points'*"
row 'card "{{ \$text.pointsChanged }}" "you have points"' '*loyalty.yml:13: "changeMessage" lacks %@*'
row 'edit $dir/en.yml "%@" ""' "*loyalty.yml:13: *'points': changeMessage lacks %@*"
row 'edit $dir/fr.yml "%@" ""' "*loyalty.yml:13: in fr: *'points': changeMessage lacks %@*"
row 'card "#1b3a5b" "1b3a5b"' '*loyalty.yml:11: "background": a colour*'
row 'card "#1b3a5b" "{{ \\\"blue\\\" }}"' '*loyalty.yml:11: *backgroundColor must be a colour*'
row 'card "#1b3a5b" "rgb(27, 58, 91)"' ''
row 'card "format: qr" "format: upc"' '*loyalty.yml:18: "format": qr, pdf417, aztec or code128 is*'
row 'card "format: qr" "format: PKBarcodeFormatX"' "*loyalty.yml:18: barcodes\\[0\\]: Apple Wallet knows no format 'PKBarcodeFormatX'"
row 'card ".identifiers[\\\"shopify.customerId\\\"]" .id' 'warning: *loyalty.yml:18: the barcode carries the id*'
row 'card ".identifiers[\\\"shopify.customerId\\\"]" ".metadata.loyaltyTier"' ''
row 'card "  points: \"{{ .additionalData.points // 0 }}\"" "  points: \"{{ .id }}\""
    card ".identifiers[\\\"shopify.customerId\\\"]" .metadata.points' \
    'warning: *loyalty.yml:18: the barcode carries the id*'
row 'card "sharingProhibited: true" "expirationDate: \"2020-02-01T08:00:00.000+0000\""' \
    '*loyalty.yml:20: pass: expirationDate must be a date like*'
row 'card "sharingProhibited: true" "expirationDate: \"2020-02-01T08:00:00Z\""' ''
row 'card "sharingProhibited: true" "sharingProhibited: \"yes\""' '*loyalty.yml:20: *sharingProhibited must be true or false*'
row 'card "sharingProhibited: true" "organizationName: 7"' '*loyalty.yml:20: *organizationName must be a string*'
row 'card "sharingProhibited: true" "appLaunchURL: \"a:\""' '*loyalty.yml:20: *needs associatedStoreIdentifiers*'
row 'card "sharingProhibited: true" "maxDistance: \"10\""' '*loyalty.yml:20: *maxDistance must be a number*'
row 'card "title: \"{{" "expirationDate: soon
  title: \"{{"' '*loyalty.yml:9: "expirationDate": a date such as*'
row 'card "{ sharing" "{ description: \"\", sharing"' '*loyalty.yml:20: pass: description is empty'
row 'card "uniqueIdentifiers: [shopify" "uniqueIdentifiers: [id.shopify"' '*loyalty.yml:2: "id.shopify.customerId" cannot be*'
row 'card "[shopify.customerId]" "[shopify.customerId, shopify.customerId]"' '*loyalty.yml:2: *given twice'
row 'sed -i "/^card:/,\$d" $type; edit tenant.yml "[en, fr]" "[en]"
    rm $dir/fr.yml' '*loyalty.yml:1: "card" is missing'
row 'printf "x: [\n" >>$type' '*loyalty.yml:2[0-9]: ?*'
row 'mv $type server/passes/a.b.yml; mv $dir server/passes/a.b
    edit tenant.yml "defaultPassType: loyalty" "defaultPassType: a.b"' \
    'server/passes/a.b.yml:1: no name for a pass type*'

# -- expressions -----------------------------------------------------------
row 'card "// 0 }}\"
card" "/// 0 }}\"
card"' '*loyalty.yml:6: *syntax error*'
row 'card "{{ .metadata.points }}" "{{ .metadata.points | nosuch }}"' '*loyalty.yml:13: *nosuch/0*'
row 'card "{{ .metadata.points }}" "{{ .metadata.points"' '*loyalty.yml:13: ?*{{ .metadata.points*'
row 'card "{{ .metadata.points }}" "{{ env.HOME }}"' '*loyalty.yml:13: ?*env*'
row 'card "{{ .metadata.points }}" "{{ .additionalData.n * 2 }}"' 'warning: *loyalty.yml:1: *cannot be made;*'
row 'card "{{ \$text.tier }}" "{{ \$text.teir }}"' 'warning: *loyalty.yml:15: there is no text "teir" in loyalty/en.yml'

# -- texts -----------------------------------------------------------------
row 'sed -i /^tier:/d $dir/fr.yml' 'warning: *loyalty/fr.yml:1: text "tier" is missing*'
row 'rm $dir/fr.yml' 'warning: *loyalty/fr.yml:1: there are no texts in this language*'
row 'echo "x: 7" >>$dir/fr.yml' '*loyalty/fr.yml:*"x": a text is expected*'
row 'cp $dir/fr.yml $dir/de.yml' 'warning: *loyalty/de.yml:1: not used: *lacks de'
row 'cp $dir/fr.yml $dir/french.yml' '*loyalty/french.yml:1: texts are named after*'

# -- images ----------------------------------------------------------------
row 'rm $dir/icon.png' '*loyalty.yml:19: card.images.icon: there is no icon.png in*'
row 'rm $dir/icon*.png' '*loyalty.yml:19: card.images.icon: there is no icon.png in*'
row 'rm $dir/icon@*.png' ''
row 'card "icon: icon.png, " ""' '*loyalty.yml:19: card.images.icon is missing*'
row 'card "icon: icon.png" "icon: ../icon.png"' '*loyalty.yml:19: "icon": a PNG file*'
row 'printf GIF89a >$dir/logo.png' '*loyalty.yml:19: logo.png is no PNG image'
row 'png icon.png 28 28' '*loyalty.yml:19: icon.png has 28x28 pixels, too few: 29x29 are the least'
row 'png icon.png 39 39' '*loyalty.yml:19: icon.png has 39x39 pixels, and Wallet no room*38x38'
row 'png icon@2x.png 38 38' '*loyalty.yml:19: icon@2x.png has 38x38 pixels, too few: 58x58*'
row 'png icon@3x.png 115 114' '*loyalty.yml:19: icon@3x.png has 115x114 pixels, and*114x114'
row 'png icon@2x.png 60 60' 'warning: *loyalty.yml:19: icon@2x.png has 60x60 pixels, not 2 times those of icon.png'
row 'png strip.png 376 144' '*loyalty.yml:19: strip.png has 376x144 pixels, and*375x144'
row 'png logo.fr.png 161 50' '*loyalty.yml:19: logo.fr.png has 161x50 pixels*160x50'
row 'png logo.png 160 50; rm $dir/logo@*' ''
row 'card "strip: strip.png" "stirp: strip.png"' 'warning: *loyalty.yml:19: images: unknown key "stirp": did you mean "strip"?'
row 'card "kind: customerCard" "kind: eventTicket"; png background.png 345 505
    card "strip: strip.png" "strip: strip.png, background: background.png"' \
    'warning: *loyalty.yml:19: an event ticket shows either*'
row 'head -c 3000000 /dev/zero >>$dir/strip.png' '*loyalty.yml:19: an image is over 2 MiB*'

# -- the folder ------------------------------------------------------------
row 'chmod 755 secrets' 'warning: secrets:1: others may look into this folder: chmod 700'
row 'mkdir -p data; chmod 750 data' 'warning: data:1: others may look into this folder: chmod 700'
row 'mkdir -p data; chmod 700 data; touch -d "+1 day" data' \
    'warning: data:1: was written on 20*, which is yet to come*'
row 'mkdir -p data; chmod 700 data; touch -d "+1 minute" data' ''
row 'rm -rf data; echo x >data' 'data:1: the store cannot be opened*'
row 'mkdir -p data; chmod 700 data; passwright verify demo >/dev/null
    cd data && for f in *.db pass*; do [ -f "$f" ] && echo x >"$f"; done; :' \
    'data:1: the store cannot be opened*'

# -- all at once -----------------------------------------------------------
rm -rf "$demo" && cp -Rp "$tmp/pristine" "$demo"
cd "$demo" || exit
edit tenant.yml 'name: Demo' 'nmae: Demo'
card 'key: tier' 'key: points'
printf GIF89a >$dir/logo.png
rm $dir/fr.yml
passwright check demo >"$tmp/out"
is 'several faults: exit code' $? 1
is 'several faults, each named once' "$(sed "s,.*$demo/,,; s/: .*//" "$tmp/out")" \
    "tenant.yml:2
tenant.yml:2
$type:15
$dir/fr.yml:1
$type:19"
passwright --json check demo >"$tmp/json"
is '--json: exit code' $? 1
is '--json' "$(field '[[x["line"], x["warning"]] for x in o]' "$tmp/json")" \
    '[[2, false], [2, false], [15, false], [1, true], [19, false]]'
cp -Rp "$tmp/pristine" "$tenants/other"
passwright check >"$tmp/out"
is 'all tenants: exit code' $? 1
is 'all tenants' "$(grep -c "$tenants/other" "$tmp/out")/$(wc -l <"$tmp/out")" 0/5
like 'no such tenant' "$(passwright check nobody)" '*/nobody:1: there is no such tenant*'
cd "$top" || exit
rm -rf "$demo"
is 'all is well' "$(passwright check 2>&1)$?" 0
is 'all is well, as JSON' "$(passwright check --json)" '[]'
summary
