#!/usr/bin/env python3
"""Write passes while a backup is made; tell what it must hold.

usage: restore.py PORT KEY REPORT COMMAND...

Four writers create and patch until COMMAND, which makes the backup, has
ended.  REPORT gets what was acknowledged before it began: id -> points, which
never fall.
"""
import http.client
import json
import subprocess
import sys
import threading
import time

API = "/api/demo/passes"
port, key, report = int(sys.argv[1]), sys.argv[2], sys.argv[3]
stop = threading.Event()
known = [{} for _ in range(4)]
faults = []


def send(conn, method, path, doc):
    conn.request(method, API + path, json.dumps(doc), {
        "X-API-KEY": key, "Content-Type": "application/json"})
    answer = conn.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise AssertionError(f"{method} {path}: {answer.status} {text}")
    return text


def write(me):
    try:
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        count = 0
        while not stop.is_set():
            count += 1
            i = send(conn, "POST", "?passType=loyalty", {
                "identifiers": {"shopify.customerId": f"r{me}-{count}"},
                "additionalData": {"points": 1}})
            known[me][i] = 1
            old = next(iter(known[me]))
            send(conn, "PATCH", "/" + old, {
                "additionalData": {"points": known[me][old] + 1}})
            known[me][old] += 1
    except Exception as e:
        faults.append(repr(e))


threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
for t in threads:
    t.start()
until = time.monotonic() + 30
while min(map(len, known)) < 10 and not faults and time.monotonic() < until:
    time.sleep(0.05)
before = {i: n for k in known for i, n in list(k.items())}
done = subprocess.run(sys.argv[4:], stdout=subprocess.DEVNULL)
stop.set()
for t in threads:
    t.join()
with open(report, "w") as f:
    json.dump(before, f)
for fault in faults:
    print(fault)
sys.exit(1 if faults or done.returncode != 0 or len(before) < 40 else 0)
