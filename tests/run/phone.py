#!/usr/bin/env python3
"""A phone that does what Apple's documents tell Wallet to: phone.py URL KEY.

Its whole life with two passes, and what must be refused; then updates that
race with polls, none of which may be lost.  Prints what is not so, then how
many held and how many did not.
"""
import http.client
import io
import json
import re
import sys
import threading
import urllib.parse
import zipfile

URL, KEY = sys.argv[1:3]
API = URL + "/api/demo/passes"
good = bad = 0


def check(what, got, want):
    global good, bad
    if got == want:
        good += 1
    else:
        bad += 1
        print(f"FAILED: {what}: got {got!r}, wanted {want!r}")


def ask(method, url, body=None, headers=None):
    u = urllib.parse.urlsplit(url)
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=30)
    head = dict(headers or {})
    if body is not None:
        head["Content-Type"] = "application/json"
        body = json.dumps(body)
    c.request(method, u.path + ("?" + u.query if u.query else ""), body, head)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, data, {k.lower(): v for k, v in r.getheaders()}


def api(method, path, body=None):
    return ask(method, API + path, body, {"X-API-KEY": KEY})


def create(number):
    status, data, _ = api("POST", "", {
        "identifiers": {"shopify.customerId": number},
        "additionalData": {"points": 1}})
    assert status == 200, (status, data)
    return data.decode()


def update(pid, points):
    status, data, _ = api("PATCH", "/" + pid,
                          {"additionalData": {"points": points}})
    assert status == 200, (status, data)


class Phone:
    def __init__(self, device, token):
        self.device, self.token = device, token
        self.tag, self.passes = None, {}

    def download(self, pid):
        status, data, head = ask("GET", f"{API}/{pid}?device=apple&neo.src=t1|m1|o1")
        assert status == 200, status
        return self.take(data, head)

    def take(self, data, head):
        p = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("pass.json"))
        p["modified"] = head["last-modified"]
        p["etag"] = head.get("etag")
        self.passes[p["serialNumber"]] = p
        return p

    def url(self, p, rest):
        assert p["webServiceURL"].startswith("https://"), p
        return "http" + p["webServiceURL"][5:].rstrip("/") + "/v1/" + rest

    def registration(self, p):
        return self.url(p, f"devices/{self.device}/registrations/"
                           f"{p['passTypeIdentifier']}/{p['serialNumber']}")

    def auth(self, p):
        return {"Authorization": "ApplePass " + p["authenticationToken"]}

    def register(self, p):
        return ask("POST", self.registration(p), {"pushToken": self.token},
                   self.auth(p))[0]

    def unregister(self, p):
        return ask("DELETE", self.registration(p), None, self.auth(p))[0]

    def poll(self, p, tag=""):
        tag = self.tag if tag == "" else tag
        url = self.url(p, f"devices/{self.device}/registrations/"
                          f"{p['passTypeIdentifier']}")
        if tag is not None:
            url += "?passesUpdatedSince=" + tag
        status, data, _ = ask("GET", url)
        if status == 204:
            return []
        assert status == 200, (status, data)
        o = json.loads(data)
        assert re.fullmatch("[0-9]+", o["lastUpdated"]), o
        assert o["lastUpdated"] != tag, o
        self.tag = o["lastUpdated"]
        return sorted(o["serialNumbers"])

    def fetch(self, p, conditional=True):
        head = self.auth(p)
        if conditional:
            head["If-Modified-Since"] = p["modified"]
        url = self.url(p, f"passes/{p['passTypeIdentifier']}/"
                          f"{p['serialNumber']}")
        status, data, got = ask("GET", url, None, head)
        if status == 200:
            self.take(data, got)
        return status


def providers(pid):
    return json.loads(api("GET", f"/{pid}/data/raw")[1])["providers"]


def status_filter(value):
    q = urllib.parse.urlencode({
        "filter[0].field": "installationStatus",
        "filter[0].operator": "Equals", "filter[0].value": value})
    return sorted(p["id"] for p in json.loads(api("GET", "?" + q)[1]))


def points(p):
    return p["storeCard"]["headerFields"][0]["value"]


def life():
    phone = Phone("device-1", "a" * 64)
    a, b = create("1"), create("2")
    p = phone.download(a)
    check("the tag of nobody", phone.poll(p), [])
    check("register", phone.register(p), 201)
    check("register again", phone.register(p), 200)
    apple = providers(a)["apple"]
    check("counted", (apple["activeRegistrations"],
                      apple["totalRegistrations"]), (1, 1))
    check("source", apple["source"].get("medium"), "m1")
    check("installed", status_filter("apple"), [a])
    check("stats", json.loads(api("GET", "/stats")[1])["count"],
          {"total": 2, "active": 1, "apple": 1, "google": 0})
    check("all at first", phone.poll(p), [a])
    check("nothing then", phone.poll(p), [])
    check("304", phone.fetch(p), 304)
    update(a, 2)
    check("changed", phone.poll(p), [a])
    check("the new one", phone.fetch(p), 200)
    check("as it is now", points(phone.passes[a]), 2)
    check("token and serial stay",
          (phone.passes[a]["authenticationToken"], phone.passes[a]["webServiceURL"]),
          (p["authenticationToken"], p["webServiceURL"]))
    check("304 after it", phone.fetch(phone.passes[a]), 304)
    q = phone.download(b)
    check("register a second", phone.register(q), 201)
    check("the second is news once", phone.poll(p), [b])
    update(a, 3)
    update(b, 3)
    update(a, 4)
    check("both", phone.poll(p), sorted([a, b]))
    for tag in ("nonsense", "2026-11-22T05:04:05+00:00", "-1", "0",
                "9" * 19, "9" * 30, ""):
        old = phone.tag
        check(f"all for tag {tag!r}", phone.poll(p, tag or None),
              sorted([a, b]))
        phone.tag = old
    phone.token = "b" * 4096
    check("a new token", phone.register(p), 200)
    check("is no new install", providers(a)["apple"]["totalRegistrations"], 1)
    other = Phone("device-2", "c")
    check("a second device", other.register(other.download(a)), 201)
    check("is counted", providers(a)["apple"]["activeRegistrations"], 2)
    check("unregister", other.unregister(p), 200)
    check("unregister again", other.unregister(p), 200)
    check("counted down", providers(a)["apple"]["activeRegistrations"], 1)
    before = json.loads(api("GET", f"/{a}/data/raw")[1])["lastUpdateDate"]
    check("unregister", phone.unregister(p), 200)
    check("gone", phone.poll(p, None), [b])
    raw = json.loads(api("GET", f"/{a}/data/raw")[1])
    check("gone: counted", raw["providers"]["apple"]["activeRegistrations"], 0)
    check("gone: dated", "lastUninstallDate" in raw["providers"]["apple"], True)
    check("gone: no change of the pass", raw["lastUpdateDate"], before)
    check("gone: no column", status_filter("apple"), [b])
    phone.unregister(q)
    return phone, p


def refusals(phone, p):
    url = phone.registration(p)
    token = {"pushToken": "d"}
    auth = phone.auth(p)
    for what, head in (
            ("nothing", {}), ("a wrong token", {"Authorization": "ApplePass x"}),
            ("a longer one", {"Authorization": auth["Authorization"] + "x"}),
            ("a shorter one", {"Authorization": auth["Authorization"][:-1]}),
            ("an API key", {"X-API-KEY": KEY})):
        check(f"register with {what}", ask("POST", url, token, head)[0], 401)
        check(f"delete with {what}", ask("DELETE", url, None, head)[0], 401)
    for path in (url.replace(p["serialNumber"], "abcdefghijkl"),
                 url.replace(p["passTypeIdentifier"], "pass.other")):
        check("not this pass", ask("POST", path, token, auth)[0], 401)
    for body in ({}, {"pushToken": ""}, {"pushToken": 7},
                 {"pushToken": "x" * 4097}, {"pushToken": "a b"},
                 {"pushToken": "é"}):
        check(f"body {str(body)[:30]}", ask("POST", url, body, auth)[0], 400)
    check("a device of 300 bytes", ask("POST", url.replace(
        phone.device, "x" * 300), token, auth)[0], 400)
    check("GET of it", ask("GET", url, None, auth)[0], 405)
    check("no body", ask("POST", url, None, auth)[0], 400)
    poll = url[:url.rindex("/")]
    for what, path in (("a device", poll.replace(phone.device, "nobody")),
                       ("a pass type", poll.replace(
                           p["passTypeIdentifier"], "pass.other")),
                       ("a long device", poll.replace(
                           phone.device, "x" * 300)),
                       ("an odd device", poll.replace(
                           phone.device, "%C3%A9%20%2B"))):
        for query in ("", "?passesUpdatedSince=1", "?passesUpdatedSince=",
                      "?passesUpdatedSince=a+b%20c&passesUpdatedSince=2"):
            check(f"poll of {what} that is unknown {query}",
                  ask("GET", path + query)[0], 204)
    check("poll with a token nobody asked for",
          ask("GET", poll, None, auth)[0], 204)
    check("doubled slashes", ask("POST", url.replace("/v1/", "//v1//"), token,
                                 auth)[0], 201)
    check("scheme in any case", ask("DELETE", url, None, {
        "Authorization": "applepass " + p["authenticationToken"]})[0], 200)
    latest = phone.url(p, f"passes/{p['passTypeIdentifier']}/{p['serialNumber']}")
    status, data, head = ask("HEAD", latest, None, auth)
    check("HEAD", (status, data, head["content-type"]),
          (200, b"", "application/vnd.apple.pkpass"))
    check("no token", ask("GET", latest)[0], 401)
    log = phone.url(p, "log")
    check("log", ask("POST", log, {"logs": ["serial " + p["serialNumber"],
                                            "x" * 5000]})[0], 200)
    for junk in ({}, {"logs": "x"}, {"logs": [1, None, {"a": []}, ""]},
                 {"logs": {}}, {"logs": ["\ud83d\ude00\n\r\u0007" * 200]}):
        check(f"log: {str(junk)[:30]}", ask("POST", log, junk)[0], 200)
    for junk in ("x", 7, []):
        check(f"log: {junk!r}", ask("POST", log, junk)[0], 400)
    check("log: 2 MiB", ask("POST", log, {"logs": ["x" * (2 << 20)]})[0], 413)
    check("log: GET", ask("GET", log)[0], 405)


def race():
    """What a phone has in the end is what was acknowledged last."""
    phones = [Phone(f"race-{i}", f"token{i}") for i in range(3)]
    ids = [create(f"race{i}") for i in range(4)]
    last, stop = {}, threading.Event()
    for phone in phones:
        for pid in ids:
            check("race: register", phone.register(phone.download(pid)), 201)

    def writer(pid):
        for n in range(2, 27):
            update(pid, n)
            last[pid] = n

    def reader(phone):
        while True:
            ended = stop.is_set()
            for serial in phone.poll(phone.passes[ids[0]]):
                phone.fetch(phone.passes[serial])
            if ended:
                return

    readers = [threading.Thread(target=reader, args=(p,)) for p in phones]
    writers = [threading.Thread(target=writer, args=(i,)) for i in ids]
    for t in readers + writers:
        t.start()
    for t in writers:
        t.join()
    stop.set()
    for t in readers:
        t.join()
    for phone in phones:
        check(f"race: {phone.device}",
              {i: points(phone.passes[i]) for i in ids}, last)
    for phone in phones:
        for pid in ids:
            phone.unregister(phone.passes[pid])


if __name__ == "__main__":
    mine, first = life()
    refusals(mine, first)
    race()
    print(good, bad)
