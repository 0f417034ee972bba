"""Run changes of a pass as plain CGI, and kill each at another moment.

Writes the last value that was acknowledged to --report.
"""
import argparse
import json
import os
import subprocess
import time

args = argparse.ArgumentParser()
args.add_argument("--program", required=True)
args.add_argument("--key", required=True)
args.add_argument("--pass", dest="pass_id", required=True)
args.add_argument("--kills", type=int, default=60)
args.add_argument("--report", required=True)
args = args.parse_args()
last, cut, whole = 0, 0, 0


def start(n):
    body = json.dumps({"additionalData": {"points": n}}).encode()
    env = {
        "PASSWRIGHT_CONFIG": os.environ["PASSWRIGHT_CONFIG"],
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
        "REQUEST_METHOD": "PATCH", "SCRIPT_NAME": "",
        "REQUEST_URI": "/api/demo/passes/" + args.pass_id,
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_API_KEY": args.key, "REMOTE_ADDR": "127.0.0.1"}
    p = subprocess.Popen([args.program], stdin=subprocess.PIPE, env=env,
                         stdout=subprocess.PIPE)
    return p, body


def change(n, seconds):
    """True if it was acknowledged before it was killed."""
    p, body = start(n)
    if seconds is None:  # in the middle of the body
        p.stdin.write(body[:5])
        p.stdin.flush()
        time.sleep(0.03)
    else:
        p.stdin.write(body)
        p.stdin.close()
        time.sleep(seconds)
    p.kill()
    answer = p.stdout.read()
    p.wait()
    return answer.startswith(b"Status: 200")


for i in range(args.kills):
    if change(10000 + i, None if i % 10 == 9 else i / args.kills * 0.12):
        last, whole = 10000 + i, whole + 1
    else:
        cut += 1
for i in range(100):  # and one that is let be
    p, body = start(20000)
    answer, _ = p.communicate(body, timeout=60)
    if answer.startswith(b"Status: 200"):
        last = 20000
        break
    time.sleep(0.1)
with open(args.report, "w") as f:
    f.write(str(last))
print(f"{cut} were cut off, {whole} had answered")
assert cut and last == 20000
