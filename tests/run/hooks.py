"""A stand-in for systems that take webhooks, and judge each strictly.

usage: hooks.py PORT DIR -- DIR/rules holds JSON: {"/path": {"status": 500,
"times": 1, "secret": "whsec_...", "hang": true}}; DIR/offset seconds that the
sender's clock is ahead.  Each request is a line of JSON in DIR/log.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import select
import sys
import threading
import time

port, folder = int(sys.argv[1]), sys.argv[2]
lock = threading.Lock()
seen = {}  # path, id -> body
asked = {}  # path -> times


def read(name, default):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return default


def note(**what):
    with lock, open(os.path.join(folder, "log"), "a", encoding="utf-8") as f:
        f.write(json.dumps(what) + "\n")


def signed(secret, ident, stamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    mac = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def faults(path, headers, body, secret):
    """What a receiver that trusts nothing finds wrong."""
    ident = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split(" ")
    if not re.fullmatch(r"msg_[A-Za-z0-9]{24}", ident):
        yield f"id {ident!r}"
    if not re.fullmatch(r"[0-9]{10}", stamp):
        yield f"timestamp {stamp!r}"
        return
    ahead = int(read("offset", "0") or 0)
    if abs(time.time() + ahead - int(stamp)) > 60:
        yield f"timestamp {stamp} is not of now"
    if secret is not None and signed(secret, ident, stamp, body) not in given:
        yield "signature"
    if not 1 <= len(given) <= 2 or any(len(g) != 47 for g in given):
        yield f"signatures {given}"
    if headers.get("Content-Type") != "application/json":
        yield f"type {headers.get('Content-Type')}"
    o = json.loads(body)
    if set(o) != {"id", "type", "timestamp", "data"} or o["id"] != ident:
        yield f"members {sorted(o)}"
    want = {"tenantId", "passId", "passType"}
    if "nstalled" in o["type"]:
        want.add("wallet")
    if set(o["data"]) != want:
        yield f"members of data {sorted(o['data'])}"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        o["timestamp"]):
        yield f"timestamp {o['timestamp']}"
    if seen.setdefault((path, ident), body) != body:
        yield "another body under the same id"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        rule = json.loads(read("rules", "{}")).get(self.path, {})
        with lock:
            wrong = list(faults(self.path, self.headers, body,
                                rule.get("secret")))
            n = asked[self.path] = asked.get(self.path, 0) + 1
        o = json.loads(body)
        if rule.get("hang"):
            note(path=self.path, begun=o["id"])
            while not select.select([self.connection], [], [], 1)[0]:
                pass
            note(path=self.path, left=o["id"])
            self.close_connection = True
            return
        status = rule.get("status", 204)
        if n > rule.get("times", n):
            status = 204
        note(path=self.path, id=o["id"], type=o["type"], status=status,
             passId=o["data"]["passId"], wallet=o["data"].get("wallet"),
             wrong=wrong, signatures=len(
                 self.headers.get("webhook-signature", "").split(" ")))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        note(path=self.path, wrong=["GET"])
        self.send_error(405)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer.request_queue_size = 128
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
