"""The page of a pass against the built programs, over HTTP and in Chromium.
Prints what failed, then two numbers: passed and failed."""
import argparse
import http.server as http_server
import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

args = argparse.ArgumentParser()
for name in ('url', 'key', 'tenant', 'scratch', 'keep'):
    args.add_argument('--' + name)
args = args.parse_args()
counts = [0, 0]

IPHONE = ('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) '
          'AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1')
ANDROID = ('Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 '
           'Chrome/130.0.0.0 Mobile Safari/537.36')
DESKTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0'


def check(what, good, seen=''):
    counts[0 if good else 1] += 1
    if not good:
        print(f'view.py: FAILED: {what} {str(seen)[:300]}')


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *a, **k):
        return None


opener = urllib.request.build_opener(NoRedirect)


def ask(path, method='GET', data=None, **headers):
    headers = {k.replace('_', '-'): v for k, v in headers.items()}
    if data is not None:
        headers['Content-Type'] = 'application/json'
        data = json.dumps(data).encode()
    req = urllib.request.Request(args.url + path, data, headers, method=method)
    try:
        r = opener.open(req, timeout=60)
    except urllib.error.HTTPError as e:
        r = e
    return r.status, r.headers, r.read().decode()


def make(kind, n=[0], **data):
    n[0] += 1
    status, _, body = ask(
        f'/api/demo/passes?passType={kind}', 'POST',
        {'identifiers': {'shopify.customerId': str(4700 + n[0])},
         'additionalData': data}, X_API_KEY=args.key)
    assert status == 200, (status, body)
    return body


EVIL = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>'
ids = {
    'storeCard': make('loyalty', loyaltyTier='gold', points=1250),
    'eventTicket': make('ticket'),
    'coupon': make('coupon'),
    'boardingPass': make('flight'),
    'generic': make('member'),
    'evil': make('member', name=EVIL),
    'void': make('old', void=True),
    'expired': make('old', expires='2020-01-01T00:00:00Z'),
}
card = ids['storeCard']


def http():
    status, h, _ = ask(f'/api/demo/passes/{card}/view?neo.src=a%20b')
    check('view redirects', status == 302 and h['Location'] ==
          f'{args.url}/demo/card?id={card}&neo.src=a%20b', h['Location'])
    status, h, _ = ask(f'/api/demo/passes/{ids["eventTicket"]}/view')
    check('view of a ticket', status == 302 and '/demo/tickets?id=' in h['Location'])
    status, h, page = ask(f'/demo/card?id={card}', User_Agent=DESKTOP)
    check('page', status == 200 and
          h['Content-Type'] == 'text/html; charset=utf-8', status)
    policy = h['Content-Security-Policy']
    check('policy', "default-src 'none'" in policy and
          'unsafe' not in policy and 'frame-ancestors *' in policy, policy)
    check('no frame option', h['X-Frame-Options'] is None)
    check('no referrer', h['Referrer-Policy'] == 'no-referrer')
    check('no store', 'no-store' in (h['Cache-Control'] or ''))
    check('no style attribute', ' style=' not in page)
    check('nothing of others', not re.search(
        r'(src|href)="(https?:)?//', page), page[:200])
    check('both buttons', page.count('class="button"') == 2)
    check('desktop code', 'class="qr"' in page)
    check('image', re.search(r'src="images/[0-9a-f]{40}-', page))
    for src in re.findall(r'src="(images/[^"]+)"', page):
        status, h, _ = ask_bytes('/demo/' + src)
        check('image is there', status == 200, src)
    _, _, page = ask(f'/demo/card?id={card}', User_Agent=IPHONE)
    check('iPhone: one button, Apple, first', page.count('class="button"') == 1
          and 'device=apple' in page
          and page.index('class="button"') < page.index('<article'))
    check('iPhone: no code of the page', 'class="qr"' not in page)
    _, _, page = ask(f'/demo/card?id={card}', User_Agent=ANDROID)
    check('Android: one button, Google', page.count('class="button"') == 1
          and 'Google Wallet' in page and 'Apple Wallet' not in page)
    for accept, lang, way, word in (
            ('fr-CA,en;q=0.5', 'fr', 'ltr', 'Ajouter à Apple Wallet'),
            ('ar', 'ar', 'rtl', 'إضافة إلى Apple Wallet'),
            ('de-AT', 'de', 'ltr', 'Zu Apple Wallet hinzufügen'),
            ('es;q=0.9, xx', 'es', 'ltr', 'Añadir a Apple Wallet'),
            ('xx', 'en', 'ltr', 'Add to Apple Wallet'),
            ('fr;q=0, en', 'en', 'ltr', 'Add to Apple Wallet')):
        _, h, page = ask(f'/demo/card?id={card}', Accept_Language=accept)
        check(f'language {accept}',
              f'<html lang="{lang}" dir="{way}">' in page and word in page)
        check(f'language {accept}: header', h['Content-Language'] == lang)
    status, _, page = ask('/demo/card?id=ABCDEabcde12', Accept_Language='fr')
    check('unknown pass', status == 404 and 'n’existe pas' in page, status)
    for q in ('', '?id=', '?id=..', '?ids=,', '?id=' + 'a' * 60):
        check(f'no pass {q}', ask('/demo/card' + q)[0] == 404)
    status, h, page = ask(f'/demo/nowhere?id={card}')
    check('unknown layout', status == 404 and
          h['Content-Type'] == 'application/problem+json')
    check('unknown tenant', ask(f'/nobody/card?id={card}')[0] == 404)
    check('api is no tenant', ask(f'/api/card?id={card}')[0] == 404)
    check('post', ask(f'/demo/card?id={card}', 'POST', {})[0] == 405)
    for kind, word in (('void', 'no longer valid'), ('expired', 'has expired')):
        status, _, page = ask(f'/demo/card?id={ids[kind]}')
        check(kind, status == 200 and word in page and
              'class="button"' not in page, status)
    _, _, page = ask(f'/demo/card?id={ids["evil"]}')
    check('escaped', '<script' not in page and '<img src=x' not in page
          and '&lt;script&gt;' in page)
    _, _, page = ask(f'/demo/tickets?ids={card},{ids["eventTicket"]},')
    check('stack', page.count('<article') == 2)


def ask_bytes(path):
    r = opener.open(args.url + path, timeout=60)
    return r.status, r.headers, r.read()


def layouts():
    folder = os.path.join(args.tenant, 'layouts')
    os.mkdir(folder)
    with open(os.path.join(folder, 'shop.html'), 'w') as f:
        f.write('<!DOCTYPE html>\n<title>{{ .pass.title }}</title>\n'
                '<p lang="{{ .language }}">{{ .pass.card.primary[0].value }}'
                '</p><img alt="" src="{{ .pass.barcode }}">'
                '<a href="{{ .apple }}">{{ $tenant.name }}</a>\n')
    for _ in range(60):
        status, h, page = ask(f'/demo/shop?id={ids["evil"]}')
        if status == 200:
            break
        threading.Event().wait(.5)
    check('own layout', status == 200 and '<title>City Library' in page
          and '&lt;script&gt;' in page and '<script' not in page
          and '>Demo</a>' in page, page)
    check('own layout: barcode', 'src="data:image/svg+xml;base64,' in page)
    check('own layout: no script',
          'script-src' not in h['Content-Security-Policy'])
    bad = os.path.join(folder, 'bad.html')
    with open(bad, 'w') as f:
        f.write('<p>\n\n{{ .pass | }}\n')
    out = subprocess.run(
        [os.path.join(os.environ['build'], 'passwright'), 'check', 'demo'],
        capture_output=True, text=True, check=False)
    check('check names file and line', out.returncode == 1 and
          'layouts/bad.html:3: ' in out.stdout + out.stderr, out)
    os.unlink(bad)


FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
         '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--hide-scrollbars',
         '--disable-dev-shm-usage', '--virtual-time-budget=4000']


def chromium(address, *flags):
    with tempfile.TemporaryDirectory(dir=args.scratch) as home:
        r = subprocess.run(
            ['chromium', *FLAGS, f'--user-data-dir={home}', *flags, address],
            capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, 'HOME': home})
        return r.stdout


def shot(name, address, size='390,900', *flags):
    path = os.path.join(args.keep or args.scratch, name + '.png')
    chromium(address, f'--screenshot={path}', f'--window-size={size}', *flags)
    good = os.path.exists(path) and os.path.getsize(path) > 8000
    check(f'screenshot {name}', good)


PHONE = f'--user-agent={IPHONE}'


def frame():
    """A page of another origin that has the pass in a frame."""
    class Page(http_server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = (f'<!DOCTYPE html><title>shop</title><h1>Shop</h1>'
                    f'<iframe width=380 height=760 src="{args.url}/demo/card'
                    f'?id={card}"></iframe>').encode()
            self.send_response(200)
            self.send_header('Content-Type', 'text/html')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *a):
            pass

    s = http_server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return f'http://localhost:{s.server_port}/'


def browser():
    page = f'{args.url}/demo/card?id='
    dom = chromium(page + card, '--dump-dom', '--lang=en')
    check('in the browser', 'Demo Rewards' in dom and 'gold' in dom, dom[:200])
    dom = chromium(page + ids['evil'], '--dump-dom')
    check('nothing runs', '<title>City Library' in dom, dom[:300])
    shot('phone', page + card, '390,900', PHONE)
    shot('desktop-ar', page + card, '1200,800', '--accept-lang=ar')
    shot('frame', frame(), '440,900', PHONE)
    if args.keep:
        for kind in ids:
            shot('phone-' + kind, page + ids[kind], '390,900', PHONE)
        shot('desktop', page + card, '1200,800')
        shot('desktop-dark', page + ids['eventTicket'], '1200,800',
             '--blink-settings=preferredColorScheme=0')
        shot('phone-fr', page + card, '390,900', PHONE, '--accept-lang=fr')
        shot('stack', f'{args.url}/demo/tickets?ids={card},'
             f'{ids["eventTicket"]},{ids["generic"]}', '390,1700', PHONE)
        shot('missing', page + 'ABCDEabcde12', '390,600', PHONE)


http()
layouts()
browser()
print(counts[0], counts[1])
