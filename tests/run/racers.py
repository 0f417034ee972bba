"""Writers change passes while readers download them.

A download may not show an older value than the last change that was
acknowledged before the download was asked for; nor may a 304 stand for one.
Prints what was done; exits 1 after the first thing that was stale.
"""
import argparse
import http.client
import io
import json
import threading
import time
import zipfile

args = argparse.ArgumentParser()
args.add_argument("--port", type=int, required=True)
args.add_argument("--key", required=True)
args.add_argument("--seconds", type=float, default=5)
args.add_argument("--passes", type=int, default=4)
args.add_argument("--readers", type=int, default=8)
args = args.parse_args()
BASE = "/api/demo/passes"
end = time.monotonic() + args.seconds
acknowledged = {}
faults = []
counts = {"patches": 0, "downloads": 0, "not modified": 0}
lock = threading.Lock()


def ask(method, path, headers=None, body=None):
    c = http.client.HTTPConnection("127.0.0.1", args.port, timeout=30)
    try:
        c.request(method, BASE + path, body, {
            "X-API-KEY": args.key, "Content-Type": "application/json",
            **(headers or {})})
        r = c.getresponse()
        return r.status, r.headers, r.read()
    finally:
        c.close()


def count(what):
    with lock:
        counts[what] += 1


def data(n):
    return json.dumps({"additionalData": {"points": n}})


def write(pass_id):
    n = 1
    while time.monotonic() < end and not faults:
        n += 1
        status, _, body = ask("PATCH", "/" + pass_id, body=data(n))
        if status != 200:
            faults.append(f"PATCH: {status} {body!r}")
        acknowledged[pass_id] = n
        count("patches")
        time.sleep(n % 7 / 100)


def points(package):
    with zipfile.ZipFile(io.BytesIO(package)) as z:
        o = json.loads(z.read("pass.json"))
    return o["storeCard"]["headerFields"][0]["value"]


def read(number):
    """Each reader asks as another kind of client would."""
    condition = [None, "If-None-Match", "If-Modified-Since"][number % 3]
    validator = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    seen = {}
    turn = number
    while time.monotonic() < end and not faults:
        turn += 1
        pass_id = ids[turn % len(ids)]
        had, headers = seen.get(pass_id), {}
        if condition and had:
            headers[condition] = had[0]
        least = acknowledged[pass_id]
        status, got, body = ask("GET", f"/{pass_id}?device=apple", headers)
        if status == 200:
            count("downloads")
            n = points(body)
            seen[pass_id] = (got[validator.get(condition, "ETag")], n)
        elif status == 304 and had:
            count("not modified")
            n = had[1]
        else:
            faults.append(f"GET: {status} {body[:300]!r}")
            return
        if n < least:
            faults.append(f"{pass_id}: {n} after {least}, {condition}, "
                          f"{status}")


ids = []
for i in range(args.passes):
    status, _, body = ask("POST", "?passType=loyalty", body=json.dumps({
        "identifiers": {"shopify.customerId": f"race{i}{time.time_ns()}"},
        "additionalData": {"points": 1}}))
    assert status == 200, body
    ids.append(body.decode())
    acknowledged[ids[-1]] = 1
threads = [threading.Thread(target=write, args=(i,)) for i in ids]
threads += [threading.Thread(target=read, args=(n,))
            for n in range(args.readers)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(", ".join(f"{n} {what}" for what, n in counts.items()))
for fault in faults:
    print("STALE OR FAILED:", fault)
raise SystemExit(bool(faults) or 0 in counts.values())
