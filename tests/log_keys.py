#!/usr/bin/env python3
"""Every event and key that the programs log stands in doc/log-keys, and
nothing else does; none of them is the name of a secret."""
import os
import re
import sys

top = os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__), "..")
BANNED = {"secret", "token", "password", "body", "authorization", "apikey"}


def arguments(text, start):
    """The arguments of a call whose '(' is at start."""
    depth, quoted, args, begin, i = 0, False, [], start + 1, start
    while True:
        c = text[i]
        if quoted:
            if c == "\\":
                i += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if not quoted and (depth == 0 or (depth == 1 and c == ",")):
            args.append(text[begin:i].strip())
            begin = i + 1
            if depth == 0:
                return args
        i += 1


def logged():
    found = {}
    for folder in ("src", "cgi-bin"):
        for path, _, names in os.walk(os.path.join(top, folder)):
            for name in names:
                file = os.path.join(path, name)
                if not name.endswith(".c") or file.endswith("base/log.c"):
                    continue
                text = open(file).read()
                for m in re.finditer(r"\blog_(error|warning|info|debug)\(",
                                     text):
                    args = arguments(text, m.end() - 1)
                    event = args[0].strip('"')
                    keys = [a.strip('"') for a in args[1:-1:2]]
                    found.setdefault(event, set()).update(keys)
    return found


def registered():
    rows = {}
    for line in open(os.path.join(top, "doc", "log-keys")):
        if line.strip() and not line.startswith("#"):
            event, *keys = line.split()
            rows[event] = set(keys)
    return rows


def main():
    bad = []
    have, want = logged(), registered()
    for event in sorted(set(have) | set(want)):
        for key in sorted(have.get(event, set()) - want.get(event, set())):
            bad.append(f"{event} {key}: not in doc/log-keys")
        for key in sorted(want.get(event, set()) - have.get(event, set())):
            bad.append(f"{event} {key}: nobody logs it")
        if event not in have or event not in want:
            bad.append(f"{event}: in one of the two only")
        for key in have.get(event, set()) & BANNED:
            bad.append(f"{event} {key}: a secret is not logged")
    print("\n".join(bad) or "all registered")
    return 1 if bad else 0


sys.exit(main())
