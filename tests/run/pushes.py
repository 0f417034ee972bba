#!/usr/bin/env python3
"""Changes become pushes: pushes.py URL KEY BUILD DIR.

DIR is that of the stand-in, apns.js; the worker is run until it has nothing to
do, or can do nothing.  Prints what is not so, then how many held and did not.
"""
import json
import os
import subprocess
import sys
import time

import phone as p
from phone import Phone, api, check, create, providers, update

BUILD, DIR = sys.argv[3:5]
WINDOW = 500  # ms, as the tenant has it


def mode(**m):
    name = os.path.join(DIR, "mode.json")
    with open(name + ".new", "w") as f:
        json.dump(m, f)
    os.rename(name + ".new", name)


def taken(status=200):
    name = os.path.join(DIR, "pushes.log")
    lines = open(name).read().splitlines() if os.path.exists(name) else []
    return sorted(o["token"] for o in map(json.loads, lines)
                  if o["status"] == status)


def hurried():
    """Tokens that were told twice within the window."""
    name = os.path.join(DIR, "pushes.log")
    last, soon = {}, []
    for o in map(json.loads, open(name).read().splitlines()):
        if o["status"] == 200 and o["at"] - last.get(o["token"], 0) < WINDOW:
            soon.append(o["token"])
        last[o["token"]] = o["at"]
    return soon


def forget():
    for name in ("pushes.log", "connections.log"):
        name = os.path.join(DIR, name)
        if os.path.exists(name):
            os.unlink(name)


def work():
    return subprocess.run([BUILD + "/passwright-worker", "--once"],
                          timeout=120).returncode


def told(what, change, want, status=0):
    """One round: the change, the worker, who was told."""
    forget()
    change()
    check(what + ": worker", work(), status)
    check(what, taken(), sorted(want))


def join(device, token, *ids):
    phone = Phone(device, token)
    for pid in ids:
        check("register", phone.register(phone.download(pid)), 201)
    return phone


def active(pid):
    return providers(pid)["apple"]["activeRegistrations"]


def simple():
    a, b, c = create("a"), create("b"), create("c")
    join("d1", "t1", a, b)
    join("d2", "t2", a)

    def both():
        for n in range(2, 5):
            update(a, n)
            update(b, n)
    told("once a phone", both, ["t1", "t2"])
    told("nothing to tell", lambda: None, [])
    told("not installed", lambda: update(c, 9), [])
    told("no change", lambda: update(a, 4), [])
    told("one of them", lambda: update(b, 5), ["t1"])
    return a, b


def answers(a):
    join("d3", "dead", a)
    join("d4", "bad", a)
    join("d5", "newer", a)
    check("five", active(a), 5)
    later = int(time.time() * 1000) + 5000
    mode(tokens={"dead": [410, "Unregistered", later],
                 "bad": [400, "BadDeviceToken"],
                 "newer": [410, "Unregistered", later - 10 ** 9]})
    told("some are dead", lambda: update(a, 20), ["t1", "t2"])
    check("they are gone", active(a), 3)
    mode()
    told("what is newer stays", lambda: update(a, 21), ["newer", "t1", "t2"])
    mode(tokens={"newer": [429, "TooManyRequests"]})
    forget()
    update(a, 22)
    worker = subprocess.Popen([BUILD + "/passwright-worker", "--once"])
    for _ in range(150):
        if taken(429):
            break
        time.sleep(0.1)
    mode()
    check("429: worker", worker.wait(timeout=120), 0)
    check("429: later, and the others once", taken(), ["newer", "t1", "t2"])
    mode(all=[503, "ServiceUnavailable"])
    told("503", lambda: update(a, 23), [], 75)
    mode()
    time.sleep(5)
    told("503 is over", lambda: None, ["newer", "t1", "t2"])
    mode(tokens={"t1": [400, "BadTopic"], "t2": [400, "BadTopic"],
                 "newer": [400, "BadTopic"]})
    told("refused for good", lambda: update(a, 24), [])
    mode()
    told("and not tried again", lambda: None, [])


def bypass(a):
    def patch(points):
        return api("PATCH", "/" + a, {
            "additionalData": {"points": points},
            "options": {"bypassQueue": True}})[0]
    forget()
    check("bypassQueue", (patch(30), taken()), (200, ["newer", "t1", "t2"]))
    check("again at once", patch(31), 200)
    mode(all=[500, "InternalServerError"])
    check("bypassQueue of no use", patch(32), 502)
    mode()
    time.sleep(5)
    told("it was owed", lambda: None, ["newer", "t1", "t2"])


def wait_for_one():
    for _ in range(150):
        if taken():
            return
        time.sleep(0.1)
    check("somebody is told", False, True)


def interrupted(a):
    """What was in flight may be told again, after the window; never lost."""
    everybody = ["newer", "t1", "t2"]
    mode(delay=1500)
    told("slow", lambda: update(a, 40), everybody)
    forget()
    mode(**{"break": 2})
    update(a, 41)
    worker = subprocess.Popen([BUILD + "/passwright-worker", "--once"])
    wait_for_one()
    mode()
    check("dropped connection: worker", worker.wait(timeout=120), 0)
    check("dropped connection: all", sorted(set(taken())), everybody)
    check("dropped connection: none twice", hurried(), [])
    forget()
    mode(delay=60000)
    update(a, 42)
    worker = subprocess.Popen([BUILD + "/passwright-worker", "--once"])
    wait_for_one()
    worker.kill()
    worker.wait()
    mode()
    check("after kill -9: worker", work(), 0)
    check("after kill -9: all", sorted(set(taken())), everybody)
    check("after kill -9: none twice", hurried(), [])
    told("after kill -9: no more", lambda: None, [])


def many():
    ids = [create(f"m{i}") for i in range(150)]
    tokens = [f"many-{i}" for i in range(150)]
    for i in range(150):
        join(f"many-d{i}", tokens[i], ids[i])
    return ids, tokens


def campaign(ids, tokens):
    def all_of(n):
        return lambda: bulk(n)

    def bulk(n):
        status, data, _ = api(
            "POST", "/pushUpdate?filter%5B0%5D.field=installationStatus&"
            "filter%5B0%5D.operator=Equals&filter%5B0%5D.value=apple&"
            "filter%5B1%5D.field=identifiers.shopify.customerId&"
            "filter%5B1%5D.operator=StartsWith&filter%5B1%5D.value=m", {
                "additionalData": {"points": n},
                "options": {"throughput": 100000}})
        check("a campaign", (status, json.loads(data)),
              (200, {"passCount": len(ids)}))
    told("a campaign", all_of(2), tokens)
    connections = open(os.path.join(DIR, "connections.log")).read()
    check("over one connection", connections.count("session"), 1)
    mode(goaway=47)
    told("GOAWAY", all_of(3), tokens)
    check("GOAWAY: none twice", hurried(), [])
    mode(**{"break": 61})
    forget()
    bulk(4)
    for _ in range(50):
        if work() == 0:
            break
    check("breaks: all", sorted(set(taken())), sorted(tokens))
    check("breaks: none twice", hurried(), [])
    killed(bulk, tokens)
    mode()


def killed(bulk, tokens):
    """A campaign whose worker is killed again and again."""
    mode(delay=30)
    forget()
    bulk(5)
    for n in range(30, 150, 50):
        worker = subprocess.Popen([BUILD + "/passwright-worker", "--once"])
        for _ in range(600):
            if len(set(taken())) >= n:
                break
            time.sleep(0.05)
        worker.kill()
        worker.wait()
    check("kills: the rest", work(), 0)
    check("kills: all", sorted(set(taken())), sorted(tokens))
    check("kills: none twice", hurried(), [])
    told("kills: no more", lambda: None, [])


def imported():
    """Issued elsewhere: serial, token and phone are those of before."""
    name = os.path.join(DIR, "old.ndjson")
    with open(name, "w") as f:
        f.write(json.dumps({
            "id": "old-pass-1", "passType": "loyalty",
            "identifiers": {"shopify.customerId": "old"},
            "apple": {"serialNumber": "OLD.0042",
                      "authenticationToken": "0123456789abcdef",
                      "registrations": [{
                          "deviceLibraryIdentifier": "old-device",
                          "pushToken": "old-token"}]}}) + "\n")
    check("import", subprocess.run(
        [BUILD + "/passwright", "import", "demo", name],
        stdout=subprocess.DEVNULL, timeout=60).returncode, 0)
    told("imported", lambda: update("old-pass-1", 7), ["old-token"])
    phone = Phone("old-device", "old-token")
    old = phone.download("old-pass-1")
    check("imported: serial and token",
          (old["serialNumber"], old["authenticationToken"]),
          ("OLD.0042", "0123456789abcdef"))
    check("imported: poll", phone.poll(old), ["OLD.0042"])
    check("imported: the same", phone.fetch(old), 304)
    update("old-pass-1", 8)
    check("imported: changed", phone.poll(old), ["OLD.0042"])
    check("imported: the new one", phone.fetch(old), 200)
    check("imported: as it is now", p.points(phone.passes["OLD.0042"]), 8)
    phone.token = "new-token"
    check("imported: a new push token", phone.register(old), 200)
    told("imported: told by it", lambda: update("old-pass-1", 9), ["new-token"])
    check("imported: one phone", active("old-pass-1"), 1)
    check("imported: unregister", phone.unregister(old), 200)
    check("imported: nobody", active("old-pass-1"), 0)


if __name__ == "__main__":
    mode()
    first, _ = simple()
    answers(first)
    bypass(first)
    interrupted(first)
    imported()
    campaign(*many())
    print(p.good, p.bad)
