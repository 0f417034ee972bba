#!/usr/bin/env python3
"""The same requests to every way of hosting: what each must answer.

Requests are written byte by byte, because a client library would mend what is
to be tested.  Every answer is also held against what all answers have in
common: a request id, nosniff, a length that is true, and a problem document
where something is wrong.
"""
import argparse
import base64
import hashlib
import hmac
import io
import json
import re
import secrets
import socket
import sys
import threading
import time
import urllib.parse
import zipfile

OURS = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
ID = re.compile(r"^[A-Za-z0-9]{12}$")
JSON = "application/json; charset=utf-8"
PAGE = "https://shop.example"
MIB = 1 << 20


class Answer:
    def __init__(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0] else 0
        self.headers = [line.partition(": ")[::2] for line in lines[1:]]
        if self.get("Transfer-Encoding") == "chunked":
            body = unchunk(body)
        self.body = body

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def get(self, name):
        return ", ".join(self.all(name)) or None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def unchunk(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            break
        out += data[:n]
        data = data[n + 2:]
    return out


def chunked(body, size=40000):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts + [b""])


class Suite:
    def __init__(self, args, base):
        parts = urllib.parse.urlsplit(base)
        self.args = args
        self.address = (parts.hostname, parts.port)
        self.mount = parts.path
        self.bare = parts.path.endswith("/api")
        self.key = {"X-API-KEY": args.key}
        self.run = secrets.token_hex(4)
        self.passed = 0
        self.failed = 0
        self.lock = threading.Lock()

    # -- requests ---------------------------------------------------------
    def send(self, method, path, headers=None, body=None, chunk=False):
        """`path` is below the mount, in bytes or text, as it is to be sent."""
        if isinstance(path, str):
            path = path.encode()
        lines = {"Host": "wallet.example.org", "Connection": "close"}
        lines.update(headers or {})
        if body is not None:
            if isinstance(body, str):
                body = body.encode()
            lines.setdefault("Content-Type", "application/json")
            if chunk:
                lines["Transfer-Encoding"] = "chunked"
                body = chunked(body)
            else:
                lines["Content-Length"] = str(len(body))
        head = b"%s %s HTTP/1.1\r\n" % (
            method.encode(), self.mount.encode() + path)
        for name, value in lines.items():
            if value is not None:
                head += f"{name}: {value}\r\n".encode()
        return Answer(self.exchange(head + b"\r\n" + (body or b"")))

    def exchange(self, data):
        raw = b""
        with socket.create_connection(self.address, timeout=30) as s:
            try:
                s.sendall(data)
            except OSError:
                pass  # a server may answer before it has read all
            try:
                while part := s.recv(65536):
                    raw += part
            except ConnectionResetError:
                pass
        return raw

    # -- what is found out ------------------------------------------------
    def check(self, what, good, detail=""):
        with self.lock:
            self.passed += bool(good)
            self.failed += not good
        if not good:
            print(f"{self.args.way} {self.mount or '/'}: FAILED: {what}"
                  + (f": {detail}" if detail else ""))

    def equal(self, what, got, want):
        self.check(what, got == want, f"got {got!r}, wanted {want!r}")

    def common(self, what, a, head=False):
        """What every answer of ours has."""
        known = a.get("X-Request-Id")
        faults = []
        if not known or not OURS.match(known):
            faults.append(f"X-Request-Id {known}")
        if a.get("X-Content-Type-Options") != "nosniff":
            faults.append("no nosniff")
        if a.get("Cache-Control") is None:
            faults.append("no Cache-Control")
        if a.get("X-Sendfile") is not None:
            faults.append("X-Sendfile")
        if a.get("Access-Control-Allow-Credentials") is not None:
            faults.append("Access-Control-Allow-Credentials")
        length = a.get("Content-Length")
        if head or a.status in (204, 304):
            if a.body:
                faults.append(f"a body of {len(a.body)}")
        elif length is not None and int(length) != len(a.body):
            faults.append(f"{length} announced, {len(a.body)} came")
        if a.status >= 400 and not head:
            faults += self.problem(a)
        self.check(f"{what}: as every answer", not faults, "; ".join(faults))

    def problem(self, a):
        """RFC 9457."""
        if a.get("Content-Type") != "application/problem+json":
            return [f"Content-Type {a.get('Content-Type')}"]
        o = a.json()
        more = set(o) - {"type", "title", "status", "detail", "instance"}
        if more - {"errors"} or o["status"] != a.status or \
                len(o["detail"]) < 10 or not o["title"] or \
                not o["instance"].startswith("/"):
            return [f"problem {a.text}"]
        return []

    def ask(self, what, want, method, path, headers=None, body=None, **more):
        """One request; `want` is its status.  The answer must be ours."""
        a = self.send(method, path, headers, body, **more)
        self.equal(what, a.status, want)
        self.common(what, a, method == "HEAD")
        return a

    def refused(self, what, path, wants, body=None):
        """What a web server may refuse, or mend, before we see it."""
        a = self.send("GET", path, self.key, body)
        self.check(what, a.status in wants, f"got {a.status}: {a.text[:80]}")
        if a.get("X-Request-Id"):
            self.common(what, a)

    def keyed(self, what, want, method, path, body=None, headers=None,
              **more):
        return self.ask(what, want, method, path,
                        {**self.key, **(headers or {})}, body, **more)

    def make(self, name, data=None, headers=None):
        body = {"identifiers": {"shopify.customerId": f"{self.run}-{name}"},
                "additionalData": data or {}}
        a = self.keyed(f"create {name}", 200, "POST", "/api/demo/passes",
                       json.dumps(body), headers)
        if a.status != 200:
            raise RuntimeError("no pass, and nothing to ask for")
        return a.text

    # -- the rows of the contract -----------------------------------------
    def paths(self, p):
        data = f"/api/demo/passes/{p}/data"
        self.keyed("data", 200, "GET", data)
        for what, path in (
                ("escaped letters", f"/%61pi/d%65mo/p%61sses/{p}/d%61ta"),
                ("an escaped id", "/api/demo/passes/%%%02x%s/data" % (
                    ord(p[0]), p[1:])),
                ("repeated slashes", f"//api///demo//passes/{p}//data"),
                ("a slash at the end", data + "/"),
                ("a query of nothing", data + "?"),
                ("a query of nothing much", data + "?&&=&a&b=")):
            self.keyed(what, 200, "GET", path)
        self.ask("a comma at the end", 200, "GET",
                 f"/api/demo/passes/{p},?device=preview")
        self.ask("a comma at the end, escaped", 200, "GET",
                 f"/api/demo/passes/{p}%2C?device=preview")
        self.ask("no id", 404, "GET", "/api/demo/passes/,?device=preview")
        for what, path, wants in (
                ("no UTF-8", "/api/demo/passes/%ff/data", (400,)),
                ("no UTF-8 either", "/api/demo/passes/%c0%ae%c0%ae/data",
                 (400,)),
                ("a surrogate", "/api/demo/passes/%ed%a0%80/data", (400,)),
                ("raw bytes", b"/api/demo/passes/\xff/data", (400,)),
                ("NUL", "/api/demo/passes/a%00b/data", (400, 404)),
                ("half an escape", "/api/demo/passes/%4/data", (400,)),
                ("no escape", "/api/demo/passes/%zz/data", (400,)),
                ("a parent", "/api/demo/passes/../../../etc/passwd",
                 (400, 404)),
                ("an escaped parent",
                 "/api/demo/passes/%2e%2e/%2e%2e/etc/passwd", (400, 404)),
                ("a parent behind an escaped slash",
                 f"/api/demo/passes/{p}%2f..%2f../data", (400, 404)),
                ("a parent, escaped twice",
                 "/api/demo/passes/%252e%252e/data", (404,)),
                ("far too deep", "/api/demo/passes" + 100 * "/x", (404,)),
                ("an id with a slash", f"/api/demo/passes/{p}%2Fdata",
                 (404,))):
            self.refused(what, path, wants)
        for what, name in (
                ("four letters", "abcd"), ("51 letters", 51 * "a"),
                ("a blank", "ab%20cd"), ("a dot", "abc.de"),
                ("no ASCII", "abcd%C3%A9"), ("a plus", "abc+de"),
                ("a percent sign", "abc%25de"), ("unknown", "abcde"),
                ("a literal segment", "findPass")):
            self.keyed(f"an id: {what}", 404, "GET",
                       f"/api/demo/passes/{name}/data")
        for name in ("nobody", "Demo", "demo%20", "api", "healthz", "-demo",
                     64 * "d", "d%C3%A9mo"):
            self.keyed(f"no tenant {name}", 404, "GET",
                       f"/api/{name}/passes/{p}/data")
        for path in ("/", "/api", "/api/", "/api/demo", "/api/demo/",
                     "/api/demo/Passes", "/API/demo/passes",
                     f"/api/demo/passes/{p}/nothing", "/index.html"):
            if (self.mount + path).rstrip("/") in ("", "/api"):
                continue  # a folder may lie there
            self.keyed(f"nothing at {path}", 404, "GET", path)
        want = 200 if self.bare else 404
        self.keyed("without /api", want, "GET", f"/demo/passes/{p}/data")
        self.ask("health", 200, "GET", "/healthz")
        a = self.keyed("instance", 404, "GET",
                       "/api/demo/passes/a%20b/data?neo.authToken=")
        self.equal("instance: what was sent, without the query",
                   a.json()["instance"],
                   self.mount + "/api/demo/passes/a%20b/data")

    def methods(self, p):
        one = f"/api/demo/passes/{p}"
        for path in (one + "/data", one + "/data/raw", one + "?device=apple",
                     one + "?device=preview", one + "/view", "/healthz",
                     one, "/api/demo/passes/nobody/data",
                     "/api/demo/passes/findPass?shopify.customerId="
                     f"{self.run}-a", "/api/demo/passes/findPass?a=b",
                     "/api/demo/passes/findPass"):
            get = self.send("GET", path, self.key)
            head = self.keyed(f"HEAD {path}", get.status, "HEAD", path)
            drop = {"date", "x-request-id", "connection", "keep-alive",
                    "transfer-encoding", "server"}
            if head.get("Content-Length") is None:
                drop.add("content-length")  # Apache leaves it out
            self.equal(f"HEAD {path}: the headers of GET",
                       sorted((k.lower(), v) for k, v in head.headers
                              if k.lower() not in drop),
                       sorted((k.lower(), v) for k, v in get.headers
                              if k.lower() not in drop))
        for method, path, allow in (
                ("DELETE", one, "GET, HEAD, PATCH, OPTIONS"),
                ("PUT", one, "GET, HEAD, PATCH, OPTIONS"),
                ("POST", one, "GET, HEAD, PATCH, OPTIONS"),
                ("POST", one + "/data", "GET, HEAD, OPTIONS"),
                ("DELETE", "/healthz", "GET, HEAD, OPTIONS"),
                ("PATCH", "/api/demo/passes/findPass",
                 "GET, HEAD, OPTIONS")):
            a = self.keyed(f"{method} {path}", 405, method, path,
                           "{}" if method != "DELETE" else None)
            self.equal(f"{method} {path}: Allow", a.get("Allow"), allow)

    def cors(self, p):
        one = f"/api/demo/passes/{p}"
        listed = f"/api/shop/passes/{p}"
        page = {"Origin": PAGE}
        asked = {**page, "Access-Control-Request-Method": "GET"}
        origin = "Access-Control-Allow-Origin"

        a = self.ask("OPTIONS", 204, "OPTIONS", one)
        self.equal("OPTIONS: Allow", a.get("Allow"),
                   "GET, HEAD, PATCH, OPTIONS")
        self.equal("OPTIONS: no preflight",
                   a.get("Access-Control-Allow-Methods"), None)
        a = self.ask("OPTIONS of health", 204, "OPTIONS", "/healthz", asked)
        self.equal("OPTIONS of health: of nobody", a.get(origin), None)
        for what, path, more, want in (
                ("an open call", one, {}, "*"),
                ("a scoped call", one,
                 {"Access-Control-Request-Method": "PATCH"}, None),
                ("a listed page", listed,
                 {"Access-Control-Request-Method": "PATCH"}, PAGE),
                ("another page", listed, {"Origin": PAGE + ".evil"}, None),
                ("another scheme", listed,
                 {"Origin": PAGE.replace("https", "http")}, None),
                ("null", listed, {"Origin": "null"}, None)):
            a = self.ask(f"preflight: {what}", 204, "OPTIONS", path,
                         {**asked, **more})
            self.equal(f"preflight: {what}: origin", a.get(origin), want)
            allowed = a.get("Access-Control-Allow-Headers") or ""
            self.equal(f"preflight: {what}: headers",
                       "X-API-KEY" in allowed, want is not None)
            self.equal(f"preflight: {what}: methods",
                       a.get("Access-Control-Allow-Methods"),
                       a.get("Allow") if want else None)
        a = self.ask("a page's call", 200, "GET", one + "?device=preview",
                     page)
        self.equal("a page's call: origin", a.get(origin), "*")
        self.check("a page's call: sees", "x-pagination-total" in
                   (a.get("Access-Control-Expose-Headers") or ""))
        a = self.ask("a page's call that the tenant closed", 401, "GET",
                     one + "/data", page)
        self.equal("a page's call that the tenant closed: origin",
                   a.get(origin), None)
        a = self.keyed("a page's scoped call", 200, "PATCH", one, "{}", page)
        self.equal("a page's scoped call: origin", a.get(origin), None)
        a = self.ask("a page's call that fails", 404, "GET",
                     listed + "?device=preview", page)
        self.equal("a page's call that fails: origin", a.get(origin), PAGE)
        self.check("a page's call that fails: Vary",
                   "Origin" in (a.get("Vary") or ""))

    def query(self, p):
        mine = f"shopify.customerId={self.run}-a"
        find = "/api/demo/passes/findPass?"
        for what, query, want in (
                ("by identifier", mine, 200),
                ("its name escaped", mine.replace(".", "%2E"), 200),
                ("a key's case counts", mine.replace("shop", "Shop"), 204),
                ("passType in any case", mine + "&PassTYPE=loyalty", 200),
                ("an empty value is none", mine + "&email=&passType=", 200),
                ("all must match", mine + "&email=a", 204),
                ("plus is a blank", "email=a+b", 204)):
            a = self.keyed(f"find: {what}", want, "GET", find + query)
            if want == 200:
                self.equal(f"find: {what}: id", a.text, p)
        for what, query, wants in (
                ("no UTF-8", "email=%ff", (400,)),
                ("NUL", "email=a%00", (400,)),
                ("no escape", "email=%zz", (400, 204)),  # 204: as %25zz
                ("no name in UTF-8", "%ff=a", (400,))):
            self.refused(f"find: {what}", find + query, wants)
        for name in ("device", "Device", "DEVICE", "de%76ice"):
            self.ask(f"query: {name}", 200, "GET",
                     f"/api/demo/passes/{p}?{name}=Preview")
        self.ask("query: the last wins", 200, "GET",
                 f"/api/demo/passes/{p}?device=apple&DEVICE=preview")
        self.keyed("query: an empty type is the default", 200, "POST",
                   "/api/demo/passes?passType=", json.dumps(
                       {"identifiers": {"email": f"{self.run}@a.example"}}))
        self.keyed("query: an unknown type", 400, "POST",
                   "/api/demo/passes?PASSTYPE=nonsense", "{}")

    def bodies(self, p):
        one = f"/api/demo/passes/{p}"

        def patch(what, want, body, headers=None, **more):
            return self.keyed(f"body: {what}", want, "PATCH", one, body,
                              headers, **more)

        def points():
            a = self.keyed("body: read again", 200, "GET", one + "/data/raw")
            return a.json()["additionalData"].get("points")

        for t, want in (
                ("application/json", 200), ("Application/JSON", 200),
                ("application/json; charset=utf-8", 200),
                ('application/json;charset="UTF-8"', 200),
                ("text/json", 200), ("application/merge-patch+json", 200),
                ("application/json; charset=latin1", 415),
                ("text/plain", 415), ("application/jsonx", 415),
                ("application/x-www-form-urlencoded", 415),
                ("multipart/form-data; boundary=x", 415), ("json", 415),
                (None, 415)):
            patch(f"of type {t}", want, "{}", {"Content-Type": t})
        a = self.keyed("body: none", 200, "PATCH", one)
        self.equal("body: none: an empty answer", a.text, "")
        patch("of no bytes", 200, "")
        patch("of no bytes and no type", 200, "", {"Content-Type": None})
        self.refused("body: of a GET", one + "/data", (200, 400), "{}")
        deep = '{"additionalData":{"d":' + 30 * "[" + 30 * "]" + "}}"
        deeper = '{"additionalData":{"d":' + 31 * "[" + 31 * "]" + "}}"
        for what, want, body in (
                ("broken", 400, '{"additionalData":'),
                ("more than one", 400, "{} {}"),
                ("an array", 400, "[]"), ("null", 400, "null"),
                ("a string", 400, '"a"'), ("no JSON", 400, "a=b"),
                ("a comma at the end", 400, '{"additionalData":{"a":1,}}'),
                ("single quotes", 400, "{'additionalData':{}}"),
                ("no UTF-8", 400, b'{"additionalData":{"a":"\xff"}}'),
                ("Latin-1", 400, b'{"additionalData":{"a":"\xe9"}}'),
                ("escaped NUL", 400, r'{"additionalData":{"a":"\u0000"}}'),
                ("escaped NUL in a name", 400,
                 r'{"additionalData":{"\u0000":1}}'),
                ("raw NUL", 400, b'{"additionalData":{"a":"\0"}}'),
                ("32 levels", 200, deep), ("33 levels", 400, deeper),
                ("an unknown member", 400, '{"surprise":1}'),
                ("an unknown option", 400, '{"options":{"surprise":1}}'),
                ("a member of another type", 400, '{"additionalData":1}'),
                ("a member of null", 200, '{"additionalData":null}'),
                ("whitespace around", 200, " \r\n\t{ }\n")):
            a = patch(what, want, body)
            if what == "an unknown member":
                self.equal("body: the member is named",
                           list(a.json()["errors"]), ["surprise"])
        patch("duplicates", 200, '{"additionalData":{"points":1,"points":2}}')
        self.equal("body: the last duplicate wins", points(), 2)
        patch("duplicates by case", 200, '{"additionalData":{"points":3},'
              '"AdditionalData":{"points":4}}')
        self.equal("body: the last of two cases wins", points(), 4)
        patch("any case", 200, '{"ADDITIONALDATA":{"points":5},'
              '"Options":{"UpdateMetadata":false}}')
        self.equal("body: any case is taken", points(), 5)
        patch("keys keep their case", 200, '{"additionalData":{"Points":6}}')
        self.equal("body: keys keep theirs", points(), 5)
        patch("text", 200, json.dumps(
            {"additionalData": {"note": "Zoë ☕ 𝄞"}}, ensure_ascii=False))
        a = self.keyed("body: text again", 200, "GET", one + "/data")
        self.equal("body: text comes back",
                   a.json()["additionalData"]["note"], "Zoë ☕ 𝄞")

    def sizes(self, p):
        one = f"/api/demo/passes/{p}"
        large = json.dumps({"additionalData": {"large": 200000 * "x"}})
        blanks = b"{" + (MIB - 2) * b" " + b"}"

        self.keyed("200 KB", 200, "PATCH", one, large)
        a = self.keyed("200 KB back", 200, "GET", one + "/data")
        self.equal("200 KB: whole", len(a.json()["additionalData"]["large"]),
                   200000)
        self.keyed("200 KB gone", 200, "PATCH", one,
                   '{"additionalData":{"large":null}}')
        self.keyed("300 KB are over a document's limit", 413, "PATCH", one,
                   json.dumps({"additionalData": {"large": 300000 * "x"}}))
        self.keyed("1 MiB", 200, "PATCH", one, blanks)
        self.keyed("1 MiB and a byte", 413, "PATCH", one, blanks + b" ")
        self.keyed("4 MiB", 413, "PATCH", one, 4 * blanks)
        self.keyed("in chunks", 200, "PATCH", one,
                   '{"additionalData":{"points":77}}', chunk=True)
        a = self.keyed("in chunks: taken", 200, "GET", one + "/data")
        self.equal("in chunks: whole", a.json()["additionalData"]["points"],
                   77)
        self.keyed("100 KB in chunks", 200, "PATCH", one,
                   blanks[:100000] + b"}", chunk=True)
        if not self.args.small_chunks:
            self.keyed("1 MiB in chunks", 200, "PATCH", one, blanks,
                       chunk=True)
            self.keyed("1 MiB and a byte in chunks", 413, "PATCH", one,
                       blanks + b" ", chunk=True)
        self.keyed("text in chunks", 415, "PATCH", one, "a",
                   {"Content-Type": "text/plain"}, chunk=True)
        a = self.keyed("300 parameters", 200, "GET",
                       one + "/data?" + "&".join(
                           f"p{i}={i}" for i in range(300)))

    def accept(self, p):
        body = json.dumps(
            {"identifiers": {"shopify.customerId": f"{self.run}-a"}})
        text = "text/plain; charset=utf-8"
        js, tj = JSON, JSON.replace("application", "text")
        for accept, string, thing in (
                (None, text, js), ("*/*", text, js), ("text/plain", text, js),
                ("application/json", js, js), ("text/json", tj, tj),
                ("Application/JSON;q=0.1, */*", js, js),
                ("text/json, application/json", js, js),
                ("application/json;q=0, text/plain", text, js),
                ("text/html, */*;q=0.8", text, js),
                ("application/*", text, js), ("image/png", text, js)):
            a = self.keyed(f"Accept: {accept}", 200, "POST",
                           "/api/demo/passes", body, {"Accept": accept})
            self.equal(f"Accept: {accept}: type", a.get("Content-Type"),
                       string)
            self.equal(f"Accept: {accept}: id", a.text,
                       p if string == text else f'"{p}"')
            a = self.keyed(f"Accept: {accept} of data", 200, "GET",
                           f"/api/demo/passes/{p}/data",
                           headers={"Accept": accept})
            self.equal(f"Accept: {accept} of data: type",
                       a.get("Content-Type"), thing)

    def ids_and_dates(self, p):
        raw = f"/api/demo/passes/{p}/data/raw"
        for given, kept in (
                ("abcdefgh", True), (64 * "z", True), ("A.b_c-0815", True),
                ("abcdefg", False), (65 * "z", False), ("abc defgh", False),
                ("abcdefgh/", False), ("abcdefgh\xe9", False)):
            a = self.keyed(f"request id {given}", 200, "GET", raw,
                           headers={"X-Request-Id": given})
            self.equal(f"request id {given}: kept",
                       a.get("X-Request-Id") == given, kept)
        two = [self.keyed("no request id", 200, "GET", raw) for _ in "12"]
        self.check("request ids are ours, each another",
                   len({a.get("X-Request-Id") for a in two}) == 2)
        o = two[0].json()
        for name in ("creationDate", "lastUpdateDate"):
            self.check(f"{name} is a date", DATE.match(o[name]), o[name])
        self.check("an id", ID.match(p), p)

    def conditional(self):
        # A new one: each of many changes in a second moves Last-Modified on
        # by a second, and Apache tells no date that is yet to come.
        p = self.make("c")
        path = f"/api/demo/passes/{p}?device=apple"
        first = self.ask("a pass", 200, "GET", path)
        etag, date = first.get("ETag"), first.get("Last-Modified")
        self.equal("a pass: type", first.get("Content-Type"),
                   "application/vnd.apple.pkpass")
        self.check("a pass: attachment", re.match(
            r'attachment; filename="[^"]+\.pkpass"$',
            first.get("Content-Disposition") or ""))
        self.check("a pass: a package", b"pass.json" in first.body)
        tag, since = "If-None-Match", "If-Modified-Since"
        old = "Thu, 01 Jan 2015 00:00:00 GMT"
        late = "Fri, 01 Jan 2100 00:00:00 GMT"
        for what, want, headers in (
                ("its ETag", 304, {tag: etag}),
                ("a weak one", 304, {tag: "W/" + etag}),
                ("a list", 304, {tag: f'"x", {etag}, "y"'}),
                ("any", 304, {tag: "*"}), ("another", 200, {tag: '"x"'}),
                ("its date", 304, {since: date}),
                ("a later date", 304, {since: late}),
                ("an older date", 200, {since: old}),
                ("no date", 200, {since: "yesterday"}),
                ("the ETag decides", 200, {tag: '"x"', since: date}),
                ("the ETag decides again", 304, {tag: etag, since: old})):
            a = self.ask(f"if: {what}", want, "GET", path, headers)
            self.equal(f"if: {what}: ETag", a.get("ETag"), etag)
            self.ask(f"if: {what}: HEAD", want, "HEAD", path, headers)
        self.keyed("if: a change", 200, "PATCH", f"/api/demo/passes/{p}",
                   json.dumps({"additionalData": {
                       "points": secrets.randbelow(10**9)}}))
        a = self.ask("if: its old ETag", 200, "GET", path, {tag: etag})
        self.check("if: a new ETag", a.get("ETag") != etag)
        self.ask("if: its old date", 200, "GET", path, {since: date})

    def phone(self):
        """Apple Wallet: its scheme of Authorization is no other's."""
        p = self.make("phone")
        a = self.ask("a pass for a phone", 200, "GET",
                     f"/api/demo/passes/{p}?device=apple")
        with zipfile.ZipFile(io.BytesIO(a.body)) as z:
            o = json.loads(z.read("pass.json"))
        kind, token = o["passTypeIdentifier"], o["authenticationToken"]
        own = {"Authorization": f"ApplePass {token}"}
        since = {"If-Modified-Since": a.get("Last-Modified")}
        v1 = "/api/demo/passes/apple/v1"
        of = f"{v1}/devices/{self.run}/registrations/{kind}"
        latest = f"{v1}/passes/{kind}/{p}"
        push = json.dumps({"pushToken": 4096 * "f"})
        for what, want, method, path, head, body in (
                ("no token", 401, "POST", f"{of}/{p}", {}, push),
                ("a wrong token", 401, "POST", f"{of}/{p}",
                 {"Authorization": "ApplePass x"}, push),
                ("a device of no pass", 204, "GET", of, {}, None),
                ("register", 201, "POST", f"{of}/{p}", own, push),
                ("register again", 200, "POST",
                 f"{of}/{p}".replace("/v1", "//v1"), own, push),
                ("what changed", 200, "GET", of, {}, None),
                ("what changed since nonsense", 200, "GET",
                 of + "?passesUpdatedSince=2026-01-01T00:00:00+00:00", {},
                 None),
                ("the latest", 200, "GET", latest, own, None),
                ("the latest: HEAD", 200, "HEAD", latest, own, None),
                ("the latest: no change", 304, "GET", latest, own | since,
                 None),
                ("the latest: no token", 401, "GET", latest, {}, None),
                ("a complaint", 200, "POST", v1 + "/log", {},
                 '{"logs":["one"]}'),
                ("unregister without", 401, "DELETE", f"{of}/{p}", {}, None),
                ("unregister", 200, "DELETE", f"{of}/{p}", own, None),
                ("unregister again", 200, "DELETE", f"{of}/{p}", own, None),
                ("gone", 204, "GET", of, {}, None)):
            a = self.ask(f"phone: {what}", want, method, path, head, body)
            if want == 401:
                self.equal(f"phone: {what}: challenge",
                           a.get("WWW-Authenticate"), "ApplePass")
            elif path == of and want == 200:
                self.equal(f"phone: {what}: serials",
                           a.json()["serialNumbers"], [p])

    def callers(self, p):
        one = f"/api/demo/passes/{p}"

        def bearer(seconds=300, **claims):
            def b64(o):
                return base64.urlsafe_b64encode(o).rstrip(b"=")
            claims = {"iss": "hosting", "aud": "demo",
                      "exp": int(time.time()) + seconds,
                      "scope": "Pass.Read", **claims}
            token = b64(b'{"alg":"HS256"}') + b"." + b64(
                json.dumps(claims).encode())
            mac = hmac.new(self.args.secret.encode(), token, hashlib.sha256)
            return "Bearer " + (token + b"." + b64(mac.digest())).decode()

        for what, want, headers in (
                ("nobody", 401, {}), ("a key", 200, self.key),
                ("no key", 401, {"X-API-KEY": "nonsense"}),
                ("a token", 200, {"Authorization": bearer()}),
                ("a token without the scope", 403,
                 {"Authorization": bearer(scope="Other")}),
                ("an old token", 401, {"Authorization": bearer(-3600)}),
                ("no token", 401, {"Authorization": "Bearer a.b.c"}),
                ("another scheme", 401, {"Authorization": "Basic YTpi"}),
                ("a phone", 401, {"Authorization": "ApplePass abc"})):
            a = self.ask(f"caller: {what}", want, "GET", one + "/data/raw",
                         headers)
            self.equal(f"caller: {what}: challenge",
                       a.get("WWW-Authenticate") is not None, want == 401)
        for what, want, headers in (
                ("nobody", 200, {}),
                ("no token", 401, {"Authorization": "Bearer a.b.c"}),
                ("no key", 401, {"X-API-KEY": "nonsense"})):
            self.ask(f"open call: {what}", want, "GET",
                     one + "?device=preview", headers)
        self.ask("a write by nobody", 401, "PATCH", one, {}, "{}")
        self.ask("a write by a reader", 403, "PATCH", one,
                 {"Authorization": bearer()}, "{}")
        self.ask("another tenant's key", 401, "GET",
                 f"/api/shop/passes/{p}/data", self.key)
        self.ask("another tenant's pass", 404, "GET",
                 f"/api/shop/passes/{p}?device=preview")

    def redirects(self, p):
        one = f"/api/demo/passes/{p}"
        for agent, start in (
                ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0)",
                 "?device=apple"),
                ("Mozilla/5.0 (X11; Linux x86_64)",
                 f"https://wallet.example.org/demo/card?id={p}")):
            a = self.ask("device=auto", 302, "GET", one + "?utm=a%20b",
                         {"User-Agent": agent})
            self.check(f"device=auto of {agent}", (
                a.get("Location") or "").startswith(start), a.get("Location"))
            self.check("device=auto forwards the query",
                       "utm=a%20b" in (a.get("Location") or ""))

    def downloads(self):
        ids = [self.make(f"d{i}", {"note": secrets.token_hex(2000)})
               for i in range(40)]
        path = "/api/demo/passes/" + ",".join(ids) + ",?device=apple"
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            self.ask("40 at once", 200, "GET", path))) for _ in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for a in answers:
            with zipfile.ZipFile(io.BytesIO(a.body)) as z:
                self.equal("a large bundle: whole", z.testzip(), None)
                self.equal("a large bundle: all", sorted(z.namelist()),
                           sorted(i + ".pkpass" for i in ids))
        self.check("a large bundle is large",
                   min(len(a.body) for a in answers) > MIB // 2,
                   str([len(a.body) for a in answers]))
        self.ask("41 are too many", 400, "GET", path.replace(
            ",?", f",{self.make('d40')}?"))

    def at_once(self):
        """More requests than processes, one pass."""
        answers = []
        body = json.dumps(
            {"identifiers": {"shopify.customerId": f"{self.run}-twin"}})
        threads = [threading.Thread(target=lambda: answers.append(
            self.send("POST", "/api/demo/passes", self.key
                      | {"Accept": "text/plain"}, body)))
            for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.equal("16 at once", [a.status for a in answers], 16 * [200])
        self.equal("16 at once are one pass",
                   len({a.text for a in answers}), 1)

    def all_of_it(self):
        p = self.make("a", {"points": 1})
        self.paths(p)
        self.methods(p)
        self.cors(p)
        self.query(p)
        self.bodies(p)
        self.sizes(p)
        self.accept(p)
        self.ids_and_dates(p)
        self.conditional()
        self.callers(p)
        self.phone()
        self.redirects(p)
        self.downloads()
        self.at_once()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--way", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--secret", required=True)
    p.add_argument("--small-chunks", action="store_true")
    p.add_argument("base", nargs="+")
    args = p.parse_args()
    passed = failed = 0
    for base in args.base:
        s = Suite(args, base)
        try:
            s.all_of_it()
        except Exception as e:  # the rest of it is lost
            s.check("the whole suite", False, repr(e))
        passed += s.passed
        failed += s.failed
    print(f"{passed} {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
