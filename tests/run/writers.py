#!/usr/bin/env python3
"""Write passes while responders are killed; then look whether all is there.

Each writer owns passes of its own, and all of them share one.  A write that
was not acknowledged is sent again until it is, as a careful client would:
both kinds of write may be repeated.
"""
import argparse
import collections
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

LIMIT = 10.0  # seconds that no request may take
PATIENCE = 30.0  # seconds after which a write must have been taken
API = "/api/demo/passes"


class Client:
    """One connection, and what was seen on it."""

    def __init__(self, args):
        self.args = args
        self.answers = collections.Counter()
        self.slowest = 0.0
        self.conn = None

    def send(self, method, path, doc=None):
        """The status (0: none came) and the body."""
        headers = {"X-API-KEY": self.args.key}
        body = None
        if doc is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(doc)
        start = time.monotonic()
        try:
            if self.conn is None:
                self.conn = http.client.HTTPConnection(
                    "127.0.0.1", self.args.port, timeout=2 * LIMIT)
            self.conn.request(method, API + path, body, headers)
            response = self.conn.getresponse()
            status, text = response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            self.conn.close()
            self.conn = None
            status, text = 0, ""
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.answers[f"{method} {status}"] += 1
        return status, text

    def insist(self, method, path, doc=None):
        """Until it is acknowledged; what else but a crash refuses is wrong."""
        until = time.monotonic() + PATIENCE
        while True:
            status, text = self.send(method, path, doc)
            if status == 200:
                return text
            if status not in (0, 500, 502, 503) or time.monotonic() > until:
                raise AssertionError(f"{method} {path}: {status} {text}")
            time.sleep(0.01)


class Writer(threading.Thread):
    def __init__(self, number, args, shared, stop):
        super().__init__()
        self.me = f"w{number}"
        self.client = Client(args)
        self.shared = shared
        self.stop = stop
        self.passes = {}  # id -> points that were acknowledged last
        self.shares = None  # likewise, of the shared pass
        self.identifiers = {}  # id -> unique identifier
        self.count = 0
        self.fault = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.write()
        except Exception as e:  # told by the main thread
            self.fault = f"{self.me}: {e!r}"

    def write(self):
        self.count += 1
        kind = random.random()
        if kind < 0.4 or not self.passes:
            name = f"{self.me}-{self.count}"
            pass_id = self.client.insist("POST", "?passType=loyalty", {
                "identifiers": {"shopify.customerId": name},
                "additionalData": {"points": self.count}})
            if pass_id in self.passes:
                raise AssertionError(f"{pass_id} was given twice")
            self.passes[pass_id] = self.count
            self.identifiers[pass_id] = name
        elif kind < 0.8:
            pass_id = random.choice(list(self.passes))
            self.client.insist("PATCH", "/" + pass_id, {
                "additionalData": {"points": self.count}})
            self.passes[pass_id] = self.count
        else:
            self.client.insist("PATCH", "/" + self.shared, {
                "additionalData": {self.me: self.count}})
            self.shares = self.count


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def kill_some(args, writers):
    """Kill args.kills responders, one at a time, at random moments."""
    done = 0
    while done < args.kills:
        if any(w.fault for w in writers):
            break
        time.sleep(random.uniform(0.05, 0.6))
        alive = children(args.lighttpd)
        if not alive:
            continue
        try:
            os.kill(random.choice(alive), signal.SIGKILL)
            done += 1
        except ProcessLookupError:
            pass
    return done


def look(client, writers, shared):
    """What is missing of what was acknowledged."""
    missing = []

    def compare(pass_id, key, want):
        doc = json.loads(client.insist("GET", f"/{pass_id}/data/raw"))
        got = doc["additionalData"].get(key)
        if got != want:
            missing.append(f"{pass_id}: {key} is {got}, not {want}")

    for w in writers:
        compare(shared, w.me, w.shares)
        for pass_id, want in w.passes.items():
            compare(pass_id, "points", want)
        for pass_id, name in w.identifiers.items():
            found = client.insist(
                "GET", f"/findPass?shopify.customerId={name}")
            if found != pass_id:
                missing.append(f"{name}: finds {found}, wants {pass_id}")
    return missing


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--writers", type=int, default=8)
    p.add_argument("--lighttpd", type=int, required=True)
    p.add_argument("--kills", type=int, required=True)
    p.add_argument("--report", required=True)
    args = p.parse_args()

    client = Client(args)
    shared = client.insist("POST", "?passType=loyalty", {
        "identifiers": {"shopify.customerId": "shared"}})
    stop = threading.Event()
    writers = [Writer(i, args, shared, stop) for i in range(args.writers)]
    start = time.monotonic()
    for w in writers:
        w.start()
    killed = kill_some(args, writers)
    stop.set()
    for w in writers:
        w.join()
    seconds = time.monotonic() - start

    faults = [w.fault for w in writers if w.fault]
    faults += look(client, writers, shared)
    clients = [client] + [w.client for w in writers]
    slowest = max(c.slowest for c in clients)
    if slowest > LIMIT:
        faults.append(f"a request took {slowest:.1f} s")
    if killed < args.kills:
        faults.append(f"only {killed} kills")
    answers = sum((c.answers for c in clients), collections.Counter())
    with open(args.report, "w") as f:
        f.write(f"  {killed} kills in {seconds:.0f} s, "
                f"{sum(w.count for w in writers)} writes, "
                f"slowest request {slowest:.2f} s, answers: "
                + ", ".join(f"{k}: {n}" for k, n in sorted(answers.items()))
                + "\n")
    for fault in faults[:20]:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
