"""The browser SDK in a page of another origin.
Prints what failed, then two numbers: passed and failed."""
import argparse
import hashlib
import hmac
import http.server
import json
import os
import re
import threading
import urllib.request

from browser import Browser

parser = argparse.ArgumentParser()
for name in ('url', 'scratch', 'sdk', 'key'):
    parser.add_argument('--' + name)
args = parser.parse_args()
counts = [0, 0]


def check(what, good, seen=''):
    counts[0 if good else 1] += 1
    if not good:
        print(f'sdk.py: FAILED: {what} {str(seen)[:400]}')


proof = hmac.new(b'0123456789abcdef', b'4711', hashlib.sha256).hexdigest()
PAGE = f'''<!DOCTYPE html><meta charset="utf-8"><title>shop</title>
<div id="button"></div><pre id="out"></pre>
<script type="module">
import {{ AddToWalletButton, getPassId, getOrCreatePassId, getViewUrl }}
    from "/sdk/cinto.mjs";
const out = {{}};
window.events = [];
const o = {{ environment: "{args.url}", tenantId: "demo", passType: "loyalty" }};
const who = {{ "shop.id": {{ value: "4711", hmac: "{proof}" }} }};
try {{
	out.before = await getPassId(who, o);
	out.made = await getOrCreatePassId(who, o);
	out.again = await getOrCreatePassId(who, o);
	out.found = await getPassId(who, o);
	try {{
		await getPassId({{ "shop.id": {{ value: "4711", hmac: "00" }} }}, o);
		out.forged = "taken";
	}} catch (e) {{ out.forged = e.message; }}
	const b = new AddToWalletButton("demo", {{ environment: "{args.url}",
	    passId: out.made, platform: "desktop", language: "fr",
	    listenToPassEvents: true,
	    onPassEvent: (e) => window.events.push([e.passId, e.data]) }});
	await b.render(document.getElementById("button"));
	out.page = await b.getPassPageUrl();
	out.google = await getViewUrl(out.made, {{ ...o, platform: "google" }});
	const pass = await fetch(
	    `{args.url}/api/demo/passes/${{out.made}}?device=apple`);
	out.apple = [pass.status, pass.headers.get("Content-Type"),
	    String.fromCharCode(...new Uint8Array(await pass.arrayBuffer())
		.slice(0, 2))];
}} catch (e) {{ out.error = e.message; }}
document.getElementById("out").textContent = JSON.stringify(out);
document.title = "done";
if (out.page) {{
	const f = document.createElement("iframe");
	f.src = out.page;
	document.body.append(f);
}}
</script>'''


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body, kind = PAGE.encode(), 'text/html'
        if self.path.startswith('/sdk/'):
            name = os.path.basename(self.path)
            path = os.path.join(args.sdk, name)
            if not os.path.isfile(path):
                self.send_error(404)
                return
            body = open(path, 'rb').read()
            kind = 'text/javascript'
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def change(pid):
    with urllib.request.urlopen(urllib.request.Request(
            f'{args.url}/api/demo/passes/{pid}',
            b'{"additionalData": {"points": 77}}',
            {'X-API-KEY': args.key, 'Content-Type': 'application/json'},
            method='PATCH'), timeout=60) as r:
        return r.status


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Shop)
threading.Thread(target=server.serve_forever, daemon=True).start()
tab = Browser(args.scratch)
tab.go(f'http://localhost:{server.server_port}/')
tab.until('document.title === "done"', 60)
dom = tab.value('document.documentElement.outerHTML') or ''
text = tab.value('document.getElementById("out").textContent')
out = json.loads(text) if text else {}
check('no error', 'error' not in out and out, out or dom)
check('nothing before', 'before' in out and out['before'] is None, out)
check('a pass is made', re.fullmatch('[A-Za-z0-9]{12}', str(out.get('made'))), out)
check('and found', out.get('made') == out.get('again') == out.get('found'), out)
check('forged', '401' in str(out.get('forged')), out)
check('page', f'/{out.get("made")}/view' in str(out.get('page')), out)
check('button', 'neostore' in dom.split('id="out"')[0], dom)
check('Google: a link', re.fullmatch(
    r'https://pay\.google\.com/gp/v/save/[\w-]+\.[\w-]+\.[\w-]+',
    str(out.get('google'))), out)
check('Apple: the package', out.get('apple') ==
      [200, 'application/vnd.apple.pkpass', 'PK'], out)
if out.get('made'):
    tab.wait_for_socket()
    check('a change', change(out['made']) == 200)
    check('an event', tab.until('window.events.length > 0'))
    seen = tab.value('window.events[0]') or ['', {}]
    check('of this pass', seen[0] == out['made'] and
          seen[1].get('type') == 'updated' and
          seen[1].get('passId') == out['made'], seen)
tab.__exit__()
print(counts[0], counts[1])
