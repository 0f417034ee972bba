"""A tab of Chromium, without a head, led through its debugging protocol."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

from websocket import WebSocket

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--disable-dev-shm-usage", "--remote-debugging-port=0"]


class Browser:
    def __init__(self, scratch, *flags):
        self.home = tempfile.mkdtemp(dir=scratch)
        self.p = subprocess.Popen(
            ["chromium", *FLAGS, *flags, f"--user-data-dir={self.home}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.home})
        self.n, self.faults, self.sockets = 0, [], 0
        path = os.path.join(self.home, "DevToolsActivePort")
        for _ in range(600):
            if os.path.exists(path) and open(path).read().count("\n"):
                break
            time.sleep(.1)
        port = open(path).readline().strip()
        with urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{port}/json/new", method="PUT"),
                timeout=60) as r:
            self.ws = WebSocket(json.load(r)["webSocketDebuggerUrl"],
                                timeout=60, most=1 << 26)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ws.close()
        self.p.terminate()
        try:
            self.p.wait(30)
        except subprocess.TimeoutExpired:
            self.p.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def take(self, timeout=60):
        m = self.ws.read(timeout)
        if m.get("method") == "Network.webSocketHandshakeResponseReceived":
            self.sockets += 1
        elif m.get("method") == "Log.entryAdded":
            self.faults.append(m["params"]["entry"]["text"])
        elif m.get("method") == "Runtime.exceptionThrown":
            self.faults.append(str(m["params"]))
        return m

    def ask(self, method, **params):
        self.n += 1
        self.ws.send(1, json.dumps(
            {"id": self.n, "method": method, "params": params}).encode())
        while True:
            m = self.take()
            if m.get("id") == self.n:
                assert "error" not in m, m
                return m["result"]

    def go(self, url):
        self.sockets = 0
        self.ask("Page.navigate", url=url)

    def wait_for_socket(self):
        """Of this page; each that was opened counts for one call."""
        while self.sockets == 0:
            self.take()
        self.sockets -= 1

    def value(self, expression):
        r = self.ask("Runtime.evaluate", expression=expression,
                     returnByValue=True)
        return r["result"].get("value")

    def until(self, expression, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.value(expression):
                return True
            time.sleep(.1)
        return False
