"""What stands in for Google: access tokens, the API of Google Wallet, and the
keys of its callbacks.  It is as strict as what is known of the real one, and
remembers what it was asked.

  google.py serve DIR PORT     PORT: of /token, /v1, /save and /keys
  google.py jwt KEYFILE TOKEN  the claims, when the signature holds; `faults`
                               of them is what Google would refuse
  google.py callback DIR NAME  the body of a callback, made for NAME=VALUE...
"""
import base64
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

ISSUER = "3388000000012345678"
REQUIRED = {
    "loyaltyClass": "id issuerName programName programLogo reviewStatus",
    "loyaltyObject": "id classId state",
    "genericClass": "id",
    "genericObject": "id classId cardTitle header",
    "eventTicketClass": "id issuerName eventName reviewStatus",
    "eventTicketObject": "id classId state",
    "flightClass": "id issuerName reviewStatus flightHeader origin "
                   "destination localScheduledDepartureDateTime",
    "flightObject": "id classId state passengerName reservationInfo",
    "transitClass": "id issuerName reviewStatus logo transitType",
    "transitObject": "id classId state tripType",
    "offerClass": "id issuerName reviewStatus provider redemptionChannel "
                  "title",
    "offerObject": "id classId state",
    "giftCardClass": "id issuerName reviewStatus",
    "giftCardObject": "id classId state cardNumber",
}
STATES = {"ACTIVE", "COMPLETED", "EXPIRED", "INACTIVE"}
CODES = {"AZTEC", "CODE_39", "CODE_128", "CODABAR", "DATA_MATRIX", "EAN_8",
         "EAN_13", "ITF_14", "PDF_417", "QR_CODE", "UPC_A", "TEXT_ONLY"}
LOCALIZED = re.compile(r"^(localized[A-Z]|eventName$|cardTitle$|subheader$|"
                       r"transitOperatorName$)")


def unurl(s):
    return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data,
                          capture_output=True)


def claims_of(keyfile, token):
    """The claims of a JWT that the key of a service account signed."""
    head, body, sig = token.split(".")
    assert json.loads(unurl(head))["alg"] == "RS256"
    with open(keyfile, encoding="utf-8") as f:
        pem = json.load(f)["private_key"].encode()
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/pub", "wb") as f:
            f.write(openssl("pkey", "-pubout", data=pem).stdout)
        with open(d + "/sig", "wb") as f:
            f.write(unurl(sig))
        r = openssl("dgst", "-sha256", "-verify", d + "/pub", "-signature",
                    d + "/sig", data=f"{head}.{body}".encode())
    assert r.returncode == 0, "the signature does not hold"
    return json.loads(unurl(body))


def localized(o):
    if set(o) - {"defaultValue", "translatedValues", "kind"}:
        return False
    return all(isinstance(t, dict) and set(t) <= {"kind", "language", "value"}
               and t.get("language") and t.get("value")
               for t in [o.get("defaultValue")] + o.get("translatedValues", []))


def faults(kind, o):
    """What the real one would refuse of a whole resource."""
    out = [f"{k} is missing" for k in REQUIRED[kind].split() if k not in o]
    if not re.fullmatch(ISSUER + r"\.[\w.-]+", o.get("id", "")):
        out.append("Invalid resource ID")
    if kind.endswith("Class") and kind != "genericClass" \
            and o.get("reviewStatus") not in ("UNDER_REVIEW", "DRAFT"):
        out.append("Invalid review status")
    if o.get("state", "ACTIVE") not in STATES:
        out.append("state")
    if o.get("notifyPreference", "NOTIFY_ON_UPDATE") != "NOTIFY_ON_UPDATE":
        out.append("notifyPreference")
    if "barcode" in o and o["barcode"].get("type") not in CODES:
        out.append("Barcode type must be set")
    for m in o.get("textModulesData", []):
        if not re.fullmatch(r"[\w-]+", m.get("id", "")):
            out.append("textModulesData id")
    for k in ("localScheduledDepartureDateTime", "localBoardingDateTime"):
        if k in o and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?", o[k]):
            out.append(k)
    if len(o.get("linksModuleData", {}).get("uris", [])) > 10:
        out.append("links")
    walk(o, out)
    return out


def walk(o, out):
    if isinstance(o, list):
        for x in o:
            walk(x, out)
    if isinstance(o, dict):
        for k, v in o.items():
            if v is None:
                out.append(f"{k} is null")
            if LOCALIZED.match(k) and not (
                    isinstance(v, dict) and localized(v)):
                out.append(f"{k} is no LocalizedString")
            walk(v, out)


def merge(old, patch):
    new = dict(old)
    for k, v in patch.items():
        if v is None:
            new.pop(k, None)
        elif isinstance(v, dict) and isinstance(new.get(k), dict):
            new[k] = merge(new[k], v)
        else:
            new[k] = v
    return new


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, what):
        with open(self.server.dir + "/asked", "a", encoding="utf-8") as f:
            f.write(what + "\n")

    def send(self, status, o):
        body = json.dumps(o).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fail(self, status, reason):
        self.send(status, {"error": {
            "code": status, "message": reason,
            "errors": [{"domain": "walletobjects", "reason": reason}]}})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def token(self):
        form = urllib.parse.parse_qs(self.body().decode())
        try:
            c = claims_of(self.server.dir + "/account.json",
                          form["assertion"][0])
            now = time.time()
            assert form["grant_type"] == [
                "urn:ietf:params:oauth:grant-type:jwt-bearer"]
            assert c["scope"] == \
                "https://www.googleapis.com/auth/wallet_object.issuer"
            assert c["aud"].endswith("/token") and "@" in c["iss"]
            assert now - 60 < c["iat"] < now + 60
            assert c["iat"] < c["exp"] <= c["iat"] + 3600
        except (AssertionError, KeyError, ValueError) as e:
            self.note(f"bad assertion {e!r}")
            return self.send(400, {"error": "invalid_grant"})
        self.server.tokens += 1
        self.server.good.add(f"Bearer t{self.server.tokens}")
        self.note("token")
        return self.send(200, {
            "access_token": f"t{self.server.tokens}", "expires_in": 3599})

    def forced(self):
        """A failure that the test asked for, once or until it is gone."""
        for name in ("once", "always"):
            path = f"{self.server.dir}/{name}"
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    status, reason = f.read().split()
                if name == "once":
                    os.unlink(path)
                return int(status), reason
        return None

    def api(self):
        all_of = self.server.resources
        parts = self.path[4:].split("/")
        kind, body = parts[0], self.body()
        ident = urllib.parse.unquote(parts[1]) if len(parts) > 1 else None
        o = json.loads(body) if body else None
        self.note(f"{self.command} {self.path}")
        self.server.times.append(time.monotonic())
        token = self.headers.get("Authorization", "")
        if token not in self.server.good:
            return self.fail(401, "authError")
        forced = self.forced()
        if forced:
            if forced[0] == 401:
                self.server.good.discard(token)
            return self.fail(*forced)
        if kind not in REQUIRED:
            return self.fail(404, "notFound")
        if not (ident or o.get("id", "")).startswith(ISSUER + "."):
            return self.fail(403, "permissionDenied")
        if len(parts) == 3 and parts[2] == "addMessage":
            return self.message(kind, ident, o["message"])
        if self.command == "POST":
            ident = o.get("id")
            if (kind, ident) in all_of:
                return self.fail(409, "alreadyExists")
            return self.store(kind, ident, o)
        if (kind, ident) not in all_of:
            return self.fail(404, "resourceNotFound")
        if self.command == "PATCH":
            return self.store(kind, ident,
                              merge(all_of[kind, ident], o))
        return self.send(200, dict(all_of[kind, ident],
                                   hasUsers=self.has_users(ident)))

    def has_users(self, ident):
        """The ids of what is saved, one a line, written by the test."""
        try:
            with open(self.server.dir + "/users", encoding="utf-8") as f:
                return ident in f.read().split()
        except FileNotFoundError:
            return False

    def message(self, kind, ident, m):
        if (kind, ident) not in self.server.resources:
            return self.fail(404, "resourceNotFound")
        if m.get("messageType") not in ("TEXT", "TEXT_AND_NOTIFY") \
                or not m.get("id") or not m.get("body"):
            return self.fail(400, "badRequest")
        out = []
        walk(m, out)
        if out:
            return self.fail(400, "badRequest")
        self.note("message " + json.dumps(m, sort_keys=True))
        return self.send(200, {})

    def store(self, kind, ident, o):
        out = faults(kind, o)
        if out:
            self.note(f"refused {kind} {out}")
            return self.fail(400, "badRequest")
        if kind.endswith("Object") and \
                (kind[:-6] + "Class", o["classId"]) not in \
                self.server.resources:
            return self.fail(404, "IssuerClassNotFound")
        self.server.resources[kind, ident] = o
        with open(f"{self.server.dir}/{ident}.json", "w",
                  encoding="utf-8") as f:
            json.dump(o, f)
        return self.send(200, o)

    def do(self):
        if self.path == "/token" and self.command == "POST":
            return self.token()
        if self.path.startswith("/v1/"):
            return self.api()
        if self.path == "/fastest": # requests within a second
            times = self.server.times
            return self.send(200, max(
                sum(t <= u < t + 1 for u in times) for t in times))
        if self.path == "/keys" and not os.path.exists(
                self.server.dir + "/no-keys"):
            self.note("keys")
            with open(self.server.dir + "/keys.json", encoding="utf-8") as f:
                return self.send(200, json.load(f))
        return self.fail(404, "notFound")

    do_GET = do_POST = do_PATCH = do_PUT = do


# -- callbacks: ECv2SigningOnly ------------------------------------------
def lv(*parts):
    return b"".join(len(p).to_bytes(4, "little") + p for p in parts)


def new_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
            path)


def spki(path):
    return base64.b64encode(openssl(
        "pkey", "-in", path, "-pubout", "-outform", "DER").stdout).decode()


def sign(path, data):
    return base64.b64encode(openssl(
        "dgst", "-sha256", "-sign", path, data=data).stdout).decode()


def root_keys(folder):
    new_key(folder + "/root.pem")
    key = spki(folder + "/root.pem")
    later = str(int(time.time() * 1000) + 86400000 * 30)
    with open(folder + "/keys.json", "w", encoding="utf-8") as f:
        json.dump({"keys": [
            {"keyValue": key, "protocolVersion": "ECv1"},
            {"keyValue": key, "protocolVersion": "ECv2SigningOnly",
             "keyExpiration": later}]}, f)


def callback(folder, how):
    """What Google would send; `how` makes it wrong in some way."""
    now = int(time.time() * 1000)
    new_key(folder + "/middle.pem")
    sender, version = b"GooglePayPasses", b"ECv2SigningOnly"
    key = json.dumps({
        "keyValue": spki(folder + "/middle.pem"),
        "keyExpiration": str(now + int(how.get("keyms", 3600000)))})
    if how.get("root") == "other":
        new_key(folder + "/other.pem")
    message = json.dumps({
        "classId": ISSUER + ".demo.loyalty",
        "objectId": how["object"], "eventType": how.get("event", "save"),
        "expTimeMillis": now + int(how.get("ms", 3600000)),
        "count": 1, "nonce": how["nonce"]})
    out = {
        "signature": sign(folder + "/middle.pem", lv(
            sender, how.get("issuer", ISSUER).encode(), version,
            message.encode())),
        "intermediateSigningKey": {
            "signedKey": key,
            "signatures": [sign(
                folder + f"/{how.get('root', 'root')}.pem",
                lv(sender, version, key.encode()))]},
        "protocolVersion": how.get("version", "ECv2SigningOnly"),
        "signedMessage": message}
    if "altered" in how:
        out["signedMessage"] = message.replace('"save"', '"del"')
    if "extra" in how:
        out["extra"] = True
    if "huge" in how:
        out["signature"] = "A" * int(how["huge"])
    return out


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == "serve":
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", int(args[1])), Handler)
        server.dir, server.tokens, server.resources = args[0], 0, {}
        server.good, server.times = set(), []
        server.serve_forever()
    elif command == "keys":
        root_keys(args[0])
    elif command == "account":
        pem = openssl("genrsa", "2048").stdout.decode()
        with open(args[0], "w", encoding="utf-8") as f:
            json.dump({"type": "service_account", "private_key": pem,
                       "client_email": "wallet@acme.example"}, f)
    elif command == "jwt":
        claims = claims_of(args[0], args[1])
        claims["faults"] = [
            f for name, list_of in claims["payload"].items()
            for o in list_of if set(o) != {"id", "classId"}
            for f in faults(
                name[:-2 if name.endswith("Classes") else -1], o)]
        print(json.dumps(claims))
    elif command == "callback":
        print(json.dumps(callback(
            args[0], dict(a.split("=", 1) for a in args[1:]))))
    else:
        sys.exit(64)


main()
