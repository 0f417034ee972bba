#!/usr/bin/env python3
"""Web servers that are wrong in one way each, for `passwright check`.

usage: reach.py DIR NAME... ; a NAME's port is written to DIR/NAME.port

drop     passes all to the server at DIR/to, but for the header Authorization
foreign  answers 200 itself
moved    redirects
late     passes all on, and its clock is an hour behind
wants    HTTPS that wants a client's certificate
NAME.pem with NAME.key in DIR: HTTPS that passes all on

They end with their parent.
"""
import http.client
import http.server
import os
import ssl
import sys
import threading
from email.utils import formatdate
import time

folder = sys.argv[1]
to = open(os.path.join(folder, "to")).read().strip()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        how = self.server.how
        if how == "foreign":
            return self.reply(200, {}, b"hello")
        if how == "moved":
            return self.reply(301, {"Location": "https://www.example/"}, b"")
        headers = {k: v for k, v in self.headers.items()
                   if not (how == "drop" and k.lower() == "authorization")}
        conn = http.client.HTTPConnection(to, timeout=20)
        conn.request("GET", self.path, headers=headers)
        answer = conn.getresponse()
        self.reply(answer.status, {
            k: v for k, v in answer.getheaders()
            if k.lower() in ("x-request-id", "content-type")}, answer.read())

    def reply(self, status, headers, body):
        self.send_response_only(status)
        date = time.time() - (3600 if self.server.how == "late" else 0)
        self.send_header("Date", formatdate(date, usegmt=True))
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # who does not trust a certificate hangs up


def serve(name):
    server = Server(("127.0.0.1", 0), Handler)
    server.how = name
    pem = os.path.join(folder, ("good" if name == "wants" else name) + ".pem")
    if os.path.exists(pem):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(pem, pem[:-3] + "key")
        if name == "wants":
            ctx.verify_mode = ssl.CERT_REQUIRED
            ctx.load_verify_locations(pem)
        server.socket = ctx.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    part = os.path.join(folder, name + ".part")
    with open(part, "w") as f:
        f.write(str(server.server_port))
    os.rename(part, os.path.join(folder, name + ".port"))


for name in sys.argv[2:]:
    serve(name)
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.5)
