#!/usr/bin/env python3
"""Messages to the holders of a pass: notify.py URL KEY.

Prints what is not so, then how many held and how many did not.
"""
import io
import json
import zipfile

import phone as p
from phone import Phone, api, ask, check, create

OPTIONS = {"updateData": True, "correlationId": "0123456789"}


def raw(pid):
    return json.loads(api("GET", f"/{pid}/data/raw")[1])


def kept(pid):
    return raw(pid).get("lastNotification")


def put(path, body):
    status, data, _ = api("PUT", path, body)
    return status, data


def message(card):
    """The field whose change shows a text, its value."""
    found = [f for f in card["storeCard"].get("backFields", [])
             if f.get("changeMessage") == "%@"]
    assert len(found) == 1, found
    return found[0]["value"]


def bare(text):
    return text.replace("\u2060", "")


def in_wallet():
    """Installed and told twice the same: a phone sees a change each time."""
    pid = create("1")
    phone = Phone("device-1", "a" * 64)
    first = phone.download(pid)
    check("before: the field is there, empty", message(first), "")
    check("before: nothing is kept", kept(pid), None)
    check("register", phone.register(first), 201)
    check("poll", phone.poll(first), [pid])
    values = {""}
    for n in range(1, 4):
        check(f"put {n}", put(f"/{pid}/notification",
                              {"content": "Sale of shoes"}), (200, b""))
        check(f"news {n}", phone.poll(first), [pid])
        check(f"fetch {n}", phone.fetch(phone.passes[pid]), 200)
        value = message(phone.passes[pid])
        check(f"text {n}", bare(value), "Sale of shoes")
        check(f"another value {n}", value in values, False)
        values.add(value)
        check(f"304 after {n}", phone.fetch(phone.passes[pid]), 304)
    check("by identifiers", put("/notification?id.shopify.customerId=1",
                                {"content": "Other"}), (200, b""))
    check("by identifiers: news", phone.poll(first), [pid])
    check("by identifiers: fetch", phone.fetch(phone.passes[pid]), 200)
    value = message(phone.passes[pid])
    check("by identifiers: text", bare(value), "Other")
    p.update(pid, 7)
    check("after a change: fetch", phone.fetch(phone.passes[pid]), 200)
    check("after a change: no new text", message(phone.passes[pid]), value)
    return pid


def nowhere():
    """Installed nowhere: kept, and there when somebody downloads it."""
    pid = create("2")
    before = raw(pid)
    check("nowhere: put", put(f"/{pid}/notification",
                              {"content": "Later", "options": OPTIONS}),
          (200, b""))
    check("nowhere: kept", kept(pid)["content"], "Later")
    check("nowhere: changed", raw(pid)["lastUpdateDate"] >
          before["lastUpdateDate"], True)
    check("nowhere: download",
          bare(message(Phone("device-2", "b").download(pid))), "Later")
    return pid


def languages(pid):
    texts = {"en": "Hello you", "fr": "Bonjour", "de": "Guten Tag"}
    check("languages: put", put(f"/{pid}/notification",
                                {"localizedContent": texts}), (200, b""))
    check("languages: kept", kept(pid)["localizedContent"], texts)
    _, data, _ = ask("GET", f"{p.API}/{pid}?device=apple")
    z = zipfile.ZipFile(io.BytesIO(data))
    for language, text in texts.items():
        where = [n for n in z.namelist()
                 if text in bare(z.read(n).decode("utf-8", "ignore"))]
        check(f"languages: {language}",
              f"{language}.lproj/pass.strings" in where or
              "pass.json" in where, True)


REFUSED = (
    {}, {"content": None}, {"content": ""}, {"content": 7}, {"content": ["x"]},
    {"content": "x" * 2049}, {"content": "é" * 1024 + "x"},
    {"localizedContent": {}}, {"localizedContent": "x"},
    {"localizedContent": {"en": ""}}, {"localizedContent": {"en": 1}},
    {"localizedContent": {"en": None}}, {"localizedContent": {"EN": "x"}},
    {"localizedContent": {"e": "x"}}, {"localizedContent": {"eng": "x"}},
    {"localizedContent": {"en-us": "x"}}, {"localizedContent": {"en-": "x"}},
    {"localizedContent": {"en_US": "x"}}, {"localizedContent": {"en-USA": "x"}},
    {"localizedContent": {"": "x"}}, {"localizedContent": {"en": "x" * 2049}},
    {"content": "x", "text": "y"}, {"content": "x", "options": []},
    {"content": "x", "options": {"updateData": "true"}},
    {"content": "x", "options": {"bypassQueue": True}},
    {"content": "x", "options": {"correlationId": "x" * 9}},
    {"content": "x", "options": {"correlationId": "x" * 101}},
    {"content": "x", "options": {"correlationId": 1234567890}},
    {"content": "x", "options": {"correlationId": "0123456789 0"}},
)
TAKEN = (
    {"content": "x"}, {"content": "x" * 2048}, {"content": "é" * 1024},
    {"content": "x", "localizedContent": None},
    {"content": None, "localizedContent": {"de": "x"}},
    {"localizedContent": {"de-AT": "x" * 2048, "de": "y"}},
    {"content": "x", "options": {}}, {"content": "x", "options": None},
    {"content": "x", "options": {"correlationId": "x" * 10}},
    {"content": "x", "options": {"correlationId": "x" * 100}},
    {"content": "x", "options": {"updateData": False}},
)


def near_misses(pid):
    was = raw(pid)
    for to in (f"/{pid}/notification", "/notification?id=" + pid):
        for body in REFUSED:
            status, data = put(to, body)
            check(f"{to}: {str(body)[:60]}", status, 400)
            check("and why", len(json.loads(data or "{}").get("detail", ""))
                  > 10, True)
    check("refused: nothing changed", raw(pid), was)
    for body in TAKEN:
        before = kept(pid)
        check(f"taken: {str(body)[:60]}",
              put(f"/{pid}/notification", body), (200, b""))
        check("and kept", kept(pid) != before, True)


def nobody(pid):
    note = {"content": "x"}
    by = "/notification?id."
    for n in ("3", "4"):
        check("make", api("POST", "", {"identifiers": {
            "shopify.customerId": n, "email": "same@example.org"}})[0], 200)
    check("unknown id", put("/nosuchpass12/notification", note)[0], 404)
    check("no id at all", put("/x/notification", note)[0], 404)
    check("unknown identifier",
          put(by + "shopify.customerId=none", note)[0], 404)
    check("two of them", put(by + "email=same@example.org", note)[0], 409)
    check("none given", put("/notification", note)[0], 400)
    check("no key", ask("PUT", f"{p.API}/{pid}/notification", note)[0], 401)
    status, _, head = api("POST", f"/{pid}/notification", note)
    check("POST", (status, "PUT" in head.get("allow", "")), (405, True))


def together(pid):
    """One row in the status for what shares a correlation id."""
    note = {"content": "x", "options": {"correlationId": "night-of-texts"}}
    for _ in range(3):
        check("together: put", put(f"/{pid}/notification", note)[0], 200)
    check("together: unknown", put("/nosuchpass12/notification", note)[0], 404)
    rows = [o for o in json.loads(api("GET", "/pushUpdate/status")[1])
            if o["operationData"] == "night-of-texts"]
    check("together", [(o["passCount"], o["completed"], o["errors"])
                       for o in rows], [(4, 3, 1)])


if __name__ == "__main__":
    one = in_wallet()
    languages(nowhere())
    near_misses(one)
    nobody(one)
    together(one)
    print(p.good, p.bad)
