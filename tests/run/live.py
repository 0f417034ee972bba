"""Live events, as clients of WebSockets see them.
Prints what failed, then two numbers: passed and failed."""
import argparse
import atexit
import hashlib
import hmac
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.parse

from browser import Browser
from websocket import Closed, Refused, WebSocket

parser = argparse.ArgumentParser()
for option in ("url", "apache", "key", "hub", "listen", "scratch", "tenants"):
    parser.add_argument("--" + option)
parser.add_argument("--long", action="store_true")
args = parser.parse_args()
lighttpd = urllib.parse.urlsplit(args.url).netloc
sock = os.path.join(args.scratch, "hub.sock")
WAYS = (lighttpd, args.apache, args.listen)
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DEVICE = "0123456789abcdef0123456789abcdef"
counts = [0, 0]


def check(what, good, seen=""):
    counts[0 if good else 1] += 1
    if not good:
        print(f"live.py: FAILED: {what} {str(seen)[:300]}")


def ask(method, path, body=None, headers=None):
    c = http.client.HTTPConnection(lighttpd, timeout=30)
    head = {"X-API-KEY": args.key, **(headers or {})}
    if body is not None:
        head["Content-Type"] = "application/json"
        body = json.dumps(body)
    c.request(method, "/api/demo/passes" + path, body, head)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, data


def make(number):
    status, data = ask("POST", "?passType=loyalty", {
        "identifiers": {"shopify.customerId": number},
        "additionalData": {"points": 1}})
    assert status == 200, data
    return data.decode()


def points(pid, n):
    status, data = ask("PATCH", "/" + pid, {"additionalData": {"points": n}})
    check("a change is answered", status == 200, data)


def connect(pid):
    status, data = ask("GET", f"/{pid}/connect")
    assert status == 200, data
    return json.loads(data)["url"]


def by(way, url):
    return urllib.parse.urlsplit(url)._replace(netloc=way).geturl()


def forged(pid, until, tenant="demo"):
    """A token made with the tenant's key, as anybody who has it could."""
    with open(os.path.join(args.tenants, "demo/data/live.key"), "rb") as f:
        key = f.read()
    said = f"{pid}.{until}"
    mac = hmac.new(key, f"live {tenant} {said}".encode(), hashlib.sha256)
    return f"{said}.{mac.hexdigest()}"


def follow(way, pid):
    """As a page does: again, while the web server has no hub."""
    for _ in range(300):
        try:
            return WebSocket(by(way, connect(pid)))
        except Refused as e:
            if e.status not in (502, 503):
                raise
        time.sleep(.1)
    raise SystemExit(f"no hub behind {way}")


def refused(url):
    try:
        WebSocket(url).close()
    except Refused as e:
        return e.status
    return 101


class Hub:
    def __init__(self):
        self.p = subprocess.Popen([args.hub])
        atexit.register(self.p.kill)
        host, port = args.listen.split(":")
        for _ in range(300):
            try:
                socket.create_connection((host, int(port)), 5).close()
                break
            except OSError:
                time.sleep(.1)
        for _ in range(300):
            if os.path.exists(sock):
                return
            time.sleep(.1)
        raise SystemExit("the hub does not start")

    def end(self, sig):
        self.p.send_signal(sig)
        return self.p.wait(30)

    def memory(self):
        with open(f"/proc/{self.p.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) / 1024


def tell(line):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(line.encode(), sock)


a, b = make("live-a"), make("live-b")


def answers():
    status, data = ask("GET", f"/{a}/connect", headers={"X-API-KEY": ""})
    check("connect", status == 200, data)
    url = json.loads(data)
    check("connect: the url", list(url) == ["url"] and re.fullmatch(
        rf"ws://{lighttpd}/api/demo/live\?token={a}\.\d{{10}}\.[0-9a-f]{{64}}",
        url["url"]), url)
    until = int(url["url"].split(".")[-2])
    check("connect: five minutes", 290 < until - time.time() <= 300, until)
    for pid in ("ABCDEabcde12", "x", "a" * 51):
        check(f"connect to none: {pid}",
              ask("GET", f"/{pid}/connect")[0] == 404)
    check("connect is read", ask("POST", f"/{a}/connect", {})[0] == 405)


def without_a_hub():
    for n in range(20):
        points(a, 100 + n)
    check("lighttpd without a hub", refused(connect(a)) in (502, 503))
    check("Apache without a hub",
          refused(by(args.apache, connect(a))) in (502, 503))


def wait_for(s, kind, pid):
    m = s.read()
    check(f"{kind}", m.get("type") == kind and m.get("passId") == pid and
          sorted(m) == ["date", "passId", "type"] and
          DATE.fullmatch(m["date"]), m)
    return m


def all_kinds():
    sockets = [follow(way, a) for way in WAYS]
    other = follow(lighttpd, b)
    points(a, 2)
    status, data = ask("GET", f"/{a}/data/raw")
    raw = json.loads(data)
    for s in sockets:
        m = wait_for(s, "updated", a)
        check("the date of the change", m["date"] == raw["lastUpdateDate"], m)
    ask("PATCH", "/" + a, {"additionalData": {"points": 2}})  # no change
    status, data = ask("PUT", f"/{a}/notification", {
        "content": "Hello"})
    check("notification", status == 200, data)
    for s in sockets:
        wait_for(s, "notification", a)
    phone = f"/apple/v1/devices/{DEVICE}/registrations/pass.example.demo/{a}"
    token = {"Authorization": "ApplePass " +
             raw["apple"]["authenticationToken"], "X-API-KEY": ""}
    status, data = ask("POST", phone, {"pushToken": "00" * 32}, token)
    check("a phone registers", status == 201, (status, data))
    for s in sockets:
        wait_for(s, "installed", a)
    status, data = ask("DELETE", phone, None, token)
    check("a phone goes", status == 200, (status, data))
    for s in sockets:
        wait_for(s, "uninstalled", a)
    # From the worker, for both; the other hears its first now.
    status, data = ask("POST", "/pushUpdate", {
        "additionalData": {"points": 3}, "options": {"throughput": 1000}})
    check("bulk update", status == 200, data)
    for s in sockets:
        wait_for(s, "updated", a)
    wait_for(other, "updated", b)
    for s in sockets + [other]:
        s.close()


def tokens():
    good = connect(a)
    token = good.split("token=")[1]
    base = good[:-len(token)]
    pid, until, mac = token.split(".")
    now = int(time.time())
    shop = good.replace("/demo/", "/shop/")
    table = (
        ("none", base[:-len("?token=")], 401), ("empty", base, 401),
        ("another name", base.replace("token=", "tokem=") + token, 401),
        ("of another pass", base + f"{b}.{until}.{mac}", 403),
        ("longer", base + f"{pid}.{int(until) + 1}.{mac}", 403),
        ("altered", base + token[:-1] + ("0" if token[-1] != "0" else "1"),
         403),
        ("cut", base + token[:-1], 403), ("nonsense", base + "x", 403),
        ("large", base + "x" * 1000, 403),
        ("another tenant", shop, 403),
        ("no tenant", good.replace("/demo/", "/nobody/"), 403),
        ("expired", base + forged(pid, now - 1), 403),
        ("of another tenant", base + forged(pid, now + 60, "shop"), 403),
        ("the same key", base + forged(pid, now + 60), 101),
        ("good", good, 101))
    for what, url, want in table:
        got = refused(by(args.listen, url))
        check(f"token {what}", got == want or
              (what == "large" and got in (401, 403)), got)
    for way in WAYS:
        check(f"refused through {way}",
              refused(by(way, base + forged(pid, now - 1))) == 403)
        c = http.client.HTTPConnection(way, timeout=30)
        c.request("GET", "/api/demo/live?token=" + token)
        status = c.getresponse().status
        check(f"no upgrade through {way}", status >= 400, status)
        c.close()
    host, port = args.listen.split(":")
    for raw in (b"GET /api/demo/live HTTP/1.1\r\nHost: x\r\n\r\n",
                b"POST /api/demo/live HTTP/1.1\r\nHost: x\r\n"
                b"Content-Length: 1\r\n\r\nx",
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, "
                b"HTTP2-Settings\r\nUpgrade: h2c\r\n"
                b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                b"GET /x HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 2000 +
                b"\r\n", b"\0" * 3000, b"\r\n" * 3000):
        with socket.create_connection((host, int(port)), 30) as s:
            s.sendall(raw)
            try:
                got = s.recv(100)
            except (ConnectionError, TimeoutError):
                got = b""
            check("no WebSocket", not got or
                  re.match(rb"HTTP/1\.[01] 4\d\d", got), (raw[:60], got))
    WebSocket(by(args.listen, good)).close()


def killed(hub):
    sockets = [follow(way, a) for way in WAYS]
    hub.end(signal.SIGKILL)
    for s in sockets:
        try:
            s.read()
            check("closed by a kill", False)
        except Closed:
            check("closed by a kill", True)
        s.close()
    begin = time.monotonic()
    for n in range(20):
        points(a, 200 + n)
    check("nobody waits for the hub", time.monotonic() - begin < 60)
    check("its socket is left", os.path.exists(sock))
    hub = Hub()
    check("a second hub has nothing to do",
          subprocess.run([args.hub], timeout=30, check=False).returncode == 0)
    sockets = [follow(way, a) for way in WAYS]
    points(a, 5)
    for s in sockets:
        wait_for(s, "updated", a)
        s.close()
    return hub


def slow():
    url = by(args.listen, connect(a))
    fast, stuck = WebSocket(url), WebSocket(url, receive_buffer=2048)
    ended = False
    for n in range(3000):
        tell(f"demo updated {a} {1700000000000 + n}\n")
        check_one = fast.read()
        if not check_one["date"].endswith("Z"):
            check("the fast one reads", False, check_one)
        if n % 100 == 99 and "event=hub_slow" in open(
                os.path.join(args.scratch, "passwright.log"),
                encoding="ascii").read():
            ended = True
            break
    check("who does not read is dropped", ended)
    try:
        for _ in range(3000):
            stuck.read()
        check("and closed", False)
    except Closed:
        check("and closed", True)
    tell(f"demo updated {a} 1\n")
    wait_for(fast, "updated", a)
    fast.close()
    # So many at once that no client could keep up with.
    mad = WebSocket(url)
    tell(f"demo updated {a} 1\n" * 100)
    tell(f"demo updated {b} 1\n")
    try:
        for _ in range(101):
            mad.read()
        check("behind", False)
    except Closed:
        check("behind", True)


def noise():
    url = by(args.listen, connect(a))
    s = WebSocket(url)
    for line in ("", "\n", "x" * 60000, "demo updated\n", "demo a b c d\n",
                 f"demo updated {a}\n", f"demo updated {a} -1\n",
                 f"shop updated {a} 1\n", f"demo/{a} updated x 1\n"):
        tell(line)
    tell(f"nonsense\ndemo installed {a} 1700000000000")
    m = wait_for(s, "installed", a)
    check("its date", m["date"] == "2023-11-14T22:13:20.000Z", m)
    s.send(1, b"hello")
    s.send(9, b"are you there")
    opcode, data = s.frame()
    check("a ping is answered", (opcode, data) == (10, b"are you there"))
    for _ in range(3):
        s.send(1, b"x" * 2000)
    try:
        s.read()
        check("who talks is closed", False)
    except Closed:
        check("who talks is closed", True)
    s = WebSocket(url)
    s.send(8, b"\x03\xe8")
    try:
        s.read()
        check("a close is answered", False)
    except Closed as e:
        check("a close is answered", e.code == 1000, e.code)


def many():
    url = by(args.listen, connect(b))
    sockets = [WebSocket(url) for _ in range(100)]
    check("too many for one pass", refused(url) == 429)
    check("but not for another",
          refused(by(args.listen, connect(a))) == 101)
    points(b, 9)
    for s in sockets:
        wait_for(s, "updated", b)
    sockets.pop().close()
    for _ in range(100):  # it may not have noticed yet
        status = refused(url)
        if status == 101:
            break
        time.sleep(.1)
    check("one goes, one comes", status == 101, status)
    for s in sockets:
        s.close()


def ended(hub):
    sockets = [follow(way, a) for way in WAYS]
    check("SIGHUP is nothing", hub.p.poll() is None)
    hub.p.send_signal(signal.SIGHUP)
    tell(f"demo updated {a} 1\n")
    for s in sockets:
        wait_for(s, "updated", a)
    check("SIGTERM", hub.end(signal.SIGTERM) == 0, hub.p.returncode)
    for way, s in zip(WAYS, sockets):
        try:
            s.read()
            check("going away", False)
        except Closed as e:
            check(f"going away: {way}", e.code == 1001, e.code)


def page(hub):
    """The page follows by itself, under its own policy."""
    with Browser(args.scratch) as tab:
        tab.go(f"{args.url}/demo/card?id={a}")
        tab.wait_for_socket()
        tab.value("window.before = 1")
        points(a, 7654)
        check("the page follows", tab.until(
            'document.querySelector("main").innerText.includes("7654")'))
        check("without being loaded again", tab.value("window.before") == 1)
        check("and says so", tab.value(
            'document.getElementById("live").textContent') != "")
        hub.end(signal.SIGKILL)
        points(a, 8765)
        hub = Hub()
        tab.wait_for_socket()
        check("the page comes back, and sees what it missed", tab.until(
            'document.querySelector("main").innerText.includes("8765")'))
        points(a, 9876)
        check("and follows again", tab.until(
            'document.querySelector("main").innerText.includes("9876")'))
        check("its policy has nothing to say",
              not [f for f in tab.faults if "Security" in f], tab.faults)
        tab.go(f"{args.url}/demo/tickets?ids={a},{b}")
        tab.wait_for_socket()
        tab.wait_for_socket()
        points(b, 4321)
        check("a stack follows all of its passes", tab.until(
            'document.querySelector("main").innerText.includes("4321")'))
    return hub


def idle():
    """Ten thousand that say nothing; those who are gone are noticed."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < 10500:
        print(f"  only {most} descriptors: no ten thousand sockets")
        return
    before, sockets = hub.memory(), []
    for n in range(0, 10000, 50):
        token = forged(f"many-{n // 50:07}", int(time.time()) + 250)
        some = [WebSocket(f"ws://{args.listen}/api/demo/live?token={token}",
                          wait=False) for _ in range(50)]
        for s in some:
            s.opened()
        sockets += some
    used = hub.memory()
    print(f"  10,000 idle sockets: {used:.1f} MiB, {before:.1f} before")
    check("10,000 idle sockets in 100 MiB", used < 100, used)
    tell("demo updated many-0000199 1\n")
    wait_for(sockets[-1], "updated", "many-0000199")
    gone = WebSocket(by(args.listen, connect(a)), answer_pings=False)
    here = WebSocket(by(args.listen, connect(a)))
    here.s.setblocking(True)
    begin = time.monotonic()
    try:
        gone.read(70)
    except Closed:
        took = time.monotonic() - begin
        check("who answers no ping is gone", 40 < took, took)
    except TimeoutError:
        check("who answers no ping is gone", False, gone.pings)
    check("and was asked", gone.pings >= 1, gone.pings)
    try:
        here.read(1)
    except (TimeoutError, Closed):
        pass
    check("idle: the hub goes on", hub.p.poll() is None)
    for s in sockets:
        s.close()


answers()
without_a_hub()
hub = Hub()
all_kinds()
tokens()
hub = killed(hub)
slow()
noise()
many()
hub = page(hub)
if args.long:
    idle()
ended(hub)
print(counts[0], counts[1])
