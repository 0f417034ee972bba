"""Requests and assertions, for the tests of tests/run/ that are tables."""
import base64
import concurrent.futures
import hmac
import http.client
import json
import subprocess
import sys
import time
import urllib.parse

passed = 0
failed = 0


def check(what, ok, got=''):
    """Count one assertion; a failed one is told with what was got."""
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f'  FAILED: {what}: {got}', flush=True)
    return ok


def equal(what, got, wanted):
    return check(what, got == wanted, f'got {got!r}, wanted {wanted!r}')


def summary():
    """The last line, which the shell adds to its own counts."""
    print(f'{passed} {failed}')
    sys.exit(1 if failed else 0)


def at_once(calls):
    """What the calls return, each made by a thread of its own."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(call) for call in calls]]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def __repr__(self):
        return f'{self.status} {self.body[:200]!r}'

    def header(self, name):
        return self.headers.get(name, '')

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    """The passes of one tenant; each thread needs one of its own."""

    def __init__(self, port, tenant='demo', key=None, source=None):
        self.base = f'/api/{tenant}/passes'
        self.key = key
        self.used = 0
        self.http = http.client.HTTPConnection(
            '127.0.0.1', port, timeout=20,
            source_address=(source, 0) if source else None)

    def send(self, method, path='', query=None, body=None, headers=None):
        """`query`: a dict or pairs; `body`: bytes, or what becomes JSON."""
        headers = dict(headers or {})
        if self.key is not None:
            headers.setdefault('X-API-KEY', self.key)
        if body is not None:
            headers.setdefault('Content-Type', 'application/json')
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        path = self.base + path
        if query:
            path += '?' + urllib.parse.urlencode(
                list(query.items() if isinstance(query, dict) else query))
        if time.monotonic() - self.used > 2:
            self.http.close()  # before lighttpd does, which takes 5 s
        self.used = time.monotonic()
        self.http.request(method, path, body, headers)
        return Answer(self.http.getresponse())

    def get(self, path='', query=None, **headers):
        return self.send('GET', path, query, None,
                         {k.replace('_', '-'): v for k, v in headers.items()})

    def post(self, body=None, query=None):
        return self.send('POST', '', query, body)

    def patch(self, path='', body=None, query=None):
        return self.send('PATCH', path, query, body)

    def create(self, identifiers=None, data=None, **more):
        """The id of a new pass."""
        query = more.pop('query', None)
        answer = self.post({'identifiers': identifiers or {},
                            'additionalData': data or {}, **more}, query)
        if answer.status != 200:
            raise RuntimeError(f'cannot create a pass: {answer!r}')
        return answer.text

    def raw(self, id):
        return self.get(f'/{id}/data/raw').json


def problem(what, answer, status, *words):
    """RFC 9457, of that status, whose text has each of the words."""
    text = answer.text if answer.body else ''
    ok = answer.status == status and \
        answer.header('Content-Type') == 'application/problem+json' and \
        answer.json['status'] == status and \
        len(answer.json.get('detail', '')) > 10 and \
        all(w in text for w in words)
    return check(what, ok, f'got {answer!r}, wanted {status} {words}')


# -- tokens (RFC 7515), signed by openssl(1) --------------------------------
def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def openssl(*args, data=b''):
    return subprocess.run(['openssl', *args], input=data, check=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def compact(header, claims, sign):
    text = '.'.join(b64url(json.dumps(part).encode())
                    for part in (header, claims))
    return text + '.' + b64url(sign(text.encode()))


def hs256(secret, claims):
    return compact({'alg': 'HS256'}, claims, lambda text: hmac.new(
        secret.encode(), text, 'sha256').digest())


def raw_ecdsa(der):
    """r and s of 32 bytes each, from their ASN.1 (RFC 7518, section 3.4)."""
    out, at = b'', 2
    for _ in range(2):
        size = der[at + 1]
        out += der[at + 2:at + 2 + size].lstrip(b'\0').rjust(32, b'\0')
        at += 2 + size
    return out


def rsa_jwk(key, **more):
    modulus = openssl('rsa', '-in', key, '-noout', '-modulus')
    n = bytes.fromhex(modulus.decode().strip().split('=')[1])
    return {'kty': 'RSA', 'n': b64url(n), 'e': 'AQAB', **more}


def ec_jwk(key, **more):
    point = openssl('ec', '-in', key, '-pubout', '-outform', 'DER')[-64:]
    return {'kty': 'EC', 'crv': 'P-256', 'x': b64url(point[:32]),
            'y': b64url(point[32:]), **more}
