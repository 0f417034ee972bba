"""Passes in numbers, and a worker that is killed all the time.

    bulk.py make PORT KEY COUNT          POST passes numbered from 1
    bulk.py kill PROGRAM CONFIG TIMES    SIGKILL its worker each second
    bulk.py pid PROGRAM CONFIG           the worker's pid, if it runs
"""
import http.client
import json
import os
import signal
import sys
import threading
import time

THREADS = 8


def make(port, key, count):
    faults = []

    def some(first):
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for n in range(first, count + 1, THREADS):
            conn.request("POST", "/api/demo/passes?passType=loyalty",
                         json.dumps({"identifiers": {
                             "shopify.customerId": str(n)}}),
                         {"X-API-KEY": key,
                          "Content-Type": "application/json"})
            answer = conn.getresponse()
            text = answer.read()
            if answer.status != 200:
                faults.append(text)
                return

    threads = [threading.Thread(target=some, args=(i + 1,))
               for i in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        sys.exit(f"not made: {faults[0]}")


def worker(program, config):
    """Found by its executable and its configuration: others run theirs."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") != os.path.realpath(program):
                continue
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if config.encode() in f.read().split(b"\0"):
                    return int(pid)
        except OSError:
            pass
    return None


def kill(program, config, times):
    kills = 0
    end = time.monotonic() + 10 * times
    while kills < times and time.monotonic() < end:
        time.sleep(1)
        pid = worker(program, config)
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
    print(kills)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    elif sys.argv[1] == "kill":
        kill(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        print(worker(sys.argv[2], sys.argv[3]) or "")
