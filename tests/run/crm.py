"""A stand-in for other systems: customers, and orders of a shop.

usage: crm.py PORT FILE -- FILE holds JSON: {"status": 200, "points": 7};
requests are appended to FILE.log, a line each.
"""
import http.server
import json
import sys

port, path = int(sys.argv[1]), sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open(path, encoding="utf-8") as f:
            state = json.load(f)
        with open(path + ".log", "a", encoding="utf-8") as f:
            f.write(f"{self.path} {self.headers.get('Authorization')}\n")
        status, body = state["status"], b"{}"
        if self.headers.get("Authorization") != "Bearer s3cret":
            status = 401
        elif self.path.startswith("/customers/"):
            body = json.dumps({
                "first_name": "Ada", "points": state["points"],
                "id": "evil", "who": self.path[11:]}).encode()
        elif self.path.startswith("/orders/"):
            body = json.dumps({"tickets": [
                {"id": self.path[8:-5] + "-1"},
                {"id": self.path[8:-5] + "-2"}]}).encode()
        else:
            status = 404
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
