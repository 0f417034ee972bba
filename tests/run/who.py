"""Every endpoint against every credential, right and wrong.

What is expected follows from the tables here and the few lines of wanted(),
not from what the server says.
usage: who.py PORT JWKS_PORT TENANTS SECRETS LOG
"""
import base64
import copy
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import time

from client import (Api, b64url, check, compact, ec_jwk, equal, openssl,
                    problem, raw_ecdsa, rsa_jwk, summary)

port, jwks_port = int(sys.argv[1]), int(sys.argv[2])
tenants, secrets, log = sys.argv[3:6]

# -- what the tenants know ---------------------------------------------------
KEYS = {  # text: name, enabled, permissions
    'key-read-5a1d7e': ('read', True, ['Pass.Read']),
    'key-write-93bb0c': ('write', True, ['Pass.Write']),
    'key-both-e07f12': ('both', True, ['Pass.Read', 'Pass.Write']),
    'key-star-41c9aa': ('star', True, ['*']),
    'key-other-b6d833': ('other', True, ['Webhook.Read']),
    'key-near-70e2f5': ('near', True,
                        ['pass.read', 'Pass.Reader', 'Pass', 'pass.write',
                         'Pass.Write.All']),
    'key-none-1f6e0d': ('none', True, []),
    'key-off-c2a954': ('off', False, ['*']),
}
HS = 'an-issuer-secret-of-forty-characters-000'
SHOP = 'a-customer-secret-of-forty-characters-00'
PROOFS = {  # file: secret
    'shop-new': 'hmac-secret-new-77aa', 'shop-old': 'hmac-secret-old-55cc',
    'mail': 'hmac-secret-mail-33ee', 'any': 'hmac-secret-any-11dd'}
REGISTERED = ('registered-secret-one', 'registered-secret-two')

rsa, rsa2, ec = (f'{secrets}/{f}.pem' for f in ('rsa', 'rsa2', 'ec'))


def make_keys():
    for f in (rsa, rsa2):
        openssl('genrsa', '-out', f, '2048')
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', ec)
    openssl('rsa', '-in', rsa, '-pubout', '-out', f'{secrets}/rsa.pub')


def sha(text):
    return 'sha256:' + hashlib.sha256(text.encode()).hexdigest()


def issuer(name, use, algorithm, **source):
    return {'issuer': name, 'audience': 'passwright', 'use': use,
            'algorithms': [algorithm], **source}


def security(closed):
    return {
        'apiKeys': [{'name': name, 'hash': sha(text), 'enabled': enabled,
                     'permissions': permissions}
                    for text, (name, enabled, permissions) in KEYS.items()],
        'jwt': {'issuers': [
            issuer('https://rs', 'api', 'RS256', jwksFile='secrets/rs.jwks'),
            issuer('https://es', 'api', 'ES256', jwksFile='secrets/es.jwks'),
            issuer('https://hs', 'api', 'HS256', secret='secrets/hs'),
            issuer('https://url', 'api', 'RS256',
                   jwksUrl=f'http://127.0.0.1:{jwks_port}/keys'),
            issuer('https://down', 'api', 'RS256',
                   jwksUrl='http://127.0.0.1:1/keys'),
            issuer('https://private', 'api', 'RS256',
                   jwksUrl=f'http://127.0.0.2:{jwks_port}/keys'),
            issuer('shop', 'customers', 'HS256', secret='secrets/shop'),
        ]},
        'customerClaims': {'email': 'email', 'customer': 'shop.id'},
        'hmacSecrets': ['secrets/any'],
        'identifiers': {
            'shop.id': {'hmacSecrets': ['secrets/shop-new',
                                        'secrets/shop-old']},
            'email': {'hmacSecrets': ['secrets/mail']},
            'till.id': {'secrets': [sha(s) for s in REGISTERED]},
        },
        'allowUnsigned': ['newsletter.id'],
        'requireScopeFor': closed,
        'limits': {'anonymous': 0, 'tenant': 0},
    }


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text if isinstance(text, str) else json.dumps(text))


def configure(tenant, closed):
    folder = f'{tenants}/{tenant}/'
    for name, text in {'hs': HS, 'shop': SHOP, **PROOFS}.items():
        write(folder + 'secrets/' + name, text + '\n')
    write(folder + 'secrets/rs.jwks',
          {'keys': [rsa_jwk(rsa2, kid='old'), rsa_jwk(rsa, kid='rs-1')]})
    write(folder + 'secrets/es.jwks', {'keys': [ec_jwk(ec, kid='es-1')]})
    with open(folder + 'server/passes/loyalty.yml', encoding='utf-8') as f:
        loyalty = f.read()
    for name, unique, more in (
            ('loyalty', 'shop.id', ''), ('mail', 'email', ''),
            ('listed', 'shop.id', 'callerData: [points, note]\n'),
            ('nothing', 'shop.id', 'callerData: []\n')):
        write(f'{folder}server/passes/{name}.yml',
              loyalty.replace('shopify.customerId]', unique + ']') + more)
        if name != 'loyalty':
            os.symlink('loyalty', f'{folder}server/passes/{name}')
    write(folder + 'security.yml', security(closed))


class Published(http.server.BaseHTTPRequestHandler):
    """The issuer's keys at jwksUrl."""

    def do_GET(self):
        text = json.dumps({'keys': [rsa_jwk(rsa, kid='url-1')]}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


# -- tokens ------------------------------------------------------------------
def rs(key):
    return lambda text: openssl('dgst', '-sha256', '-sign', key, data=text)


def es(text):
    return raw_ecdsa(openssl('dgst', '-sha256', '-sign', ec, data=text))


def hs(secret):
    if isinstance(secret, str):
        secret = secret.encode()
    return lambda text: hmac.new(secret, text, 'sha256').digest()


made = []  # every token that was sent: none may be in the log


def claims_of(more):
    claims = {'aud': 'passwright', 'exp': int(time.time()) + 300,
              'scope': 'Pass.Read Pass.Write', **more}
    return {k: v for k, v in claims.items() if v is not None}


def token(sign, header, **more):
    made.append(compact(header, claims_of(more), sign))
    return made[-1]


def rs_token(kid='rs-1', key=None, alg='RS256', **more):
    header = {'alg': alg, 'kid': kid} if kid else {'alg': alg}
    return token(rs(key or rsa), header, **{'iss': 'https://rs', **more})


def es_token(**more):
    return token(es, {'alg': 'ES256', 'kid': 'es-1'},
                 **{'iss': 'https://es', **more})


def hs_token(secret=HS, alg='HS256', **more):
    return token(hs(secret), {'alg': alg}, **{'iss': 'https://hs', **more})


def customer(secret=SHOP, **more):
    return hs_token(secret, **{'iss': 'shop', 'scope': None,
                               'email': 'ann@example.org',
                               'email_verified': True, **more})


def unsigned(alg):
    text = compact({'alg': alg}, claims_of({'iss': 'https://rs'}),
                   lambda text: b'')
    made.append(text)
    return text


def tampered(text):
    head, body, signature = text.split('.')
    body = b64url(json.dumps(claims_of({
        'iss': 'https://rs', 'sub': 'mallory'})).encode())
    return '.'.join((head, body, signature))


# -- credentials -------------------------------------------------------------
BAD = 'bad'
R, W = 'Pass.Read', 'Pass.Write'


class Cred:
    """`scopes`: what it grants, or BAD; `claims`: it names a customer."""

    def __init__(self, name, scopes, headers=None, query=(), claims=False):
        self.name, self.scopes, self.claims = name, scopes, claims
        self.headers, self.query = headers or {}, list(query)
        self.known = bool(headers or query) and scopes != BAD

    def may(self, scope):
        return scope in self.scopes


def key_cred(name, text, scopes):
    return Cred(name, scopes, {'X-API-KEY': text})


def bearer(name, text, scopes=BAD, claims=False):
    return Cred(name, scopes, {'Authorization': 'Bearer ' + text},
                claims=claims)


def in_query(name, text, scopes=BAD, claims=False, key='neo.authToken'):
    return Cred(name, scopes, query=[(key, text)], claims=claims)


def credentials():
    both = (R, W)
    nothing = Cred('an empty key', ())
    nothing.headers = {'X-API-KEY': ''}
    device = Cred("a device's token", ())
    device.headers = {'Authorization': 'ApplePass 0123456789abcdef'}
    mixed = key_cred('a key beside a token of another scope',
                     'key-read-5a1d7e', both)
    mixed.headers['Authorization'] = 'Bearer ' + hs_token(scope=W)
    spoilt = key_cred('a good key beside a bad token', 'key-both-e07f12', BAD)
    spoilt.headers['Authorization'] = 'Bearer nonsense'
    spoilt2 = bearer('a good token beside a bad key', hs_token())
    spoilt2.headers['X-API-KEY'] = 'nonsense'
    spoilt3 = in_query('a good key beside a bad customer', customer('x' * 40))
    spoilt3.headers['X-API-KEY'] = 'key-both-e07f12'
    with open(f'{secrets}/rsa.pub', 'rb') as f:
        public = f.read()
    return [
        Cred('none', ()),
        nothing, device,
        key_cred('key: read', 'key-read-5a1d7e', (R,)),
        key_cred('key: write', 'key-write-93bb0c', (W,)),
        key_cred('key: both', 'key-both-e07f12', both),
        key_cred('key: *', 'key-star-41c9aa', both),
        key_cred('key: another scope', 'key-other-b6d833', ()),
        key_cred('key: nearly the scope', 'key-near-70e2f5', ()),
        key_cred('key: no scope', 'key-none-1f6e0d', ()),
        key_cred('key: disabled', 'key-off-c2a954', BAD),
        key_cred('key: unknown', 'key-read-5a1d7f', BAD),
        key_cred('key: longer', 'key-read-5a1d7e0', BAD),
        key_cred('key: shorter', 'key-read-5a1d7', BAD),
        key_cred('key: its hash', sha('key-read-5a1d7e'), BAD),
        mixed, spoilt, spoilt2, spoilt3,

        bearer('RS256', rs_token(), both),
        bearer('RS256: read', rs_token(scope=R), (R,)),
        bearer('RS256: scp', rs_token(scope=None, scp=[W]), (W,)),
        bearer('RS256: permissions', rs_token(scope=None, permissions=[R, W]),
               both),
        bearer('RS256: no scope', rs_token(scope=None), ()),
        bearer('RS256: *', rs_token(scope='*'), ()),
        bearer('RS256: among audiences', rs_token(aud=['x', 'passwright']),
               both),
        bearer('RS256: no kid', rs_token(kid=None), both),
        bearer('RS256: jwksUrl',
               rs_token(kid='url-1', iss='https://url'), both),
        bearer('ES256', es_token(), both),
        bearer('ES256: write', es_token(scope=W), (W,)),
        bearer('HS256', hs_token(), both),
        Cred('HS256: bearer in lower case', both,
             {'Authorization': 'bearer ' + hs_token()}),

        bearer('alg none', unsigned('none')),
        bearer('alg None', unsigned('None')),
        bearer('alg none, signed', rs_token(alg='none')),
        bearer('HS256 with the public key',
               hs_token(public, iss='https://rs')),
        bearer('HS256 under an issuer of RS256',
               hs_token(HS, iss='https://rs')),
        bearer('RS256 under an issuer of HS256', rs_token(iss='https://hs')),
        bearer('an algorithm not listed', rs_token(alg='RS512')),
        bearer('another key', rs_token(key=rsa2)),
        bearer('unknown kid', rs_token(kid='rs-2')),
        bearer('HS256: wrong secret', hs_token(HS + 'x')),
        bearer('tampered', tampered(rs_token())),
        bearer('expired', rs_token(exp=int(time.time()) - 61)),
        bearer('not yet', rs_token(nbf=int(time.time()) + 3600)),
        bearer('no exp', rs_token(exp=None)),
        bearer('exp is text', rs_token(exp=str(int(time.time()) + 300))),
        bearer('another audience', rs_token(aud='another')),
        bearer('no audience', rs_token(aud=None)),
        bearer('another issuer', rs_token(iss='https://evil')),
        bearer('no issuer', rs_token(iss=None)),
        bearer('garbage', 'x'),
        bearer('dots', 'a.b.c'),
        bearer('nothing after Bearer', ''),
        Cred('Basic', BAD, {'Authorization': 'Basic dXNlcjpwdw=='}),

        bearer('customer', customer(), (), True),
        bearer('customer: asks for scopes', customer(scope=f'{R} {W}'), (),
               True),
        bearer('customer: unverified', customer(email_verified=False), ()),
        bearer('customer: not said to be verified',
               customer(email_verified=None), ()),
        bearer('customer: wrong secret', customer(HS)),
        in_query('customer in the query', customer(), (), True),
        in_query('customer in the query: any case', customer(), (), True,
                 'NEO.authtoken'),
        in_query('customer in the query: expired',
                 customer(exp=int(time.time()) - 61)),
        in_query('a token of the API in the query', rs_token()),
        in_query('garbage in the query', 'x'),
    ]


# -- endpoints ---------------------------------------------------------------
OPEN, SCOPE, PROOF = 'open', 'scope', 'proof'
LATER = 'later'  # it need not be there; if it is, it is closed as it must be


class Row:
    """`scope` closes the call where `access` or requireScopeFor says so;
    `given`: the identifiers of a PROOF are none, unproven or proven."""

    def __init__(self, method, path, access, scope=None, ok=200, word=None,
                 given=None, query=(), body=None):
        self.method, self.path, self.access = method, path, access
        self.scope, self.ok, self.word = scope, ok, word
        self.given, self.query, self.body = given, list(query), body

    def __str__(self):
        given = f' ({self.given})' if self.given else ''
        return f'{self.method} {self.path}{given}'


def sign(secret, value):
    return hmac.new(PROOFS[secret].encode(), value.encode(), 'sha256')


def endpoints():
    bare = {'shop.id': 'bare'}
    proven = {'shop.id': 'p', 'shop.id.hmac': sign('shop-new', 'p').hexdigest()}
    note = {'content': 'Hello'}
    return [
        Row('POST', '', PROOF, W, given='none', body={},
            query={'passType': 'mail'}.items()),
        Row('POST', '', PROOF, W, given='unproven',
            body={'identifiers': bare}),
        Row('POST', '', PROOF, W, given='proven',
            body={'identifiers': proven}),
        Row('GET', '/findPass', PROOF, R, 400, given='none'),
        Row('GET', '/findPass', PROOF, R, 204, given='unproven',
            query={'shop.id': 'nobody'}.items()),
        Row('GET', '/findPass', PROOF, R, 200, given='proven',
            query=proven.items()),
        Row('PATCH', '', SCOPE, W, query={'id.shop.id': 'p'}.items(), body={}),
        Row('PATCH', '/{id}', SCOPE, W, body={}),
        Row('GET', '/{id}', OPEN, query={'device': 'preview'}.items()),
        Row('GET', '/{id}', OPEN, query={'device': 'apple'}.items()),
        Row('GET', '/{id}', OPEN, ok=302),
        Row('GET', '/{id},{id}', OPEN, query={'device': 'preview'}.items()),
        Row('GET', '/{id}/view', OPEN, ok=302),
        Row('GET', '/{id}/data', OPEN, R, word='data'),
        Row('GET', '/{id}/data/raw', OPEN, R, word='raw'),
        Row('HEAD', '/{id}/data/raw', OPEN, R, word='raw'),
        Row('GET', '/getPasses', OPEN, query={'value': 'ABCDEabcde12'}.items()),
        Row('GET', '/{id}/connect', LATER, R, word='connect'),
        Row('GET', '', SCOPE, R),
        Row('GET', '/stats', SCOPE, R),
        Row('PUT', '/{id}/notification', SCOPE, W, body=note),
        Row('PUT', '/notification', SCOPE, W, body=note,
            query={'id.shop.id': 'p'}.items()),
        Row('POST', '/pushUpdate', LATER, W, body={}),
        Row('GET', '/pushUpdate/status', LATER, R),
        Row('POST', '/pushUpdate/abc/cancel', LATER, R),
    ]


def wanted(row, cred, closed):
    """The statuses that may be answered."""
    if row.access == LATER:
        row = copy.copy(row)
        row.access = OPEN if row.word else SCOPE
        return (404, 405, 501) + wanted(row, cred, closed)
    if cred.scopes == BAD:
        return (401,)
    if row.access == SCOPE or row.word in closed:
        if not cred.may(row.scope):
            return (403 if cred.known else 401,)
    if row.access != PROOF or row.given == 'proven' or \
            (row.given == 'unproven' and cred.may(row.scope)):
        return (row.ok,)
    if row.given == 'none' and cred.claims:
        return (200,)  # the pass of that customer, which exists
    if row.given == 'none' and cred.may(row.scope):
        return (row.ok,)
    return (401,)


def judge(api, row, cred, closed):
    what = f'{row} by {cred.name}'
    want = wanted(row, cred, closed)
    answer = api.send(row.method, row.path.format(id=api.id),
                      row.query + cred.query, row.body, cred.headers)
    if not check(what, answer.status in want, f'{answer!r}, wanted {want}'):
        return
    if answer.status >= 400 and row.method != 'HEAD':
        problem(what + ': problem', answer, answer.status)
    if answer.status == 401:
        check(what + ': challenge', 'Bearer' in answer.headers.get_all(
            'WWW-Authenticate', []), answer.headers)


def test_matrix(apis):
    rows, creds = endpoints(), credentials()
    for cred in creds:
        for row in rows:
            judge(apis['demo'], row, cred, ('data', 'raw', 'connect'))
            if row.word:
                judge(apis['open'], row, cred, ())
    nobody = Api(port, 'nobody')
    for cred in creds:
        equal(f'no such tenant, by {cred.name}',
              nobody.get('/stats', cred.query, **cred.headers).status, 404)


# -- times, to the second ----------------------------------------------------
def test_times(api):
    for name, claim, shift, ok in (
            ('expired for 57 s', 'exp', -57, True),
            ('expired for 61 s', 'exp', -61, False),
            ('from in 57 s on', 'nbf', 57, True),
            ('from in 64 s on', 'nbf', 64, False)):
        text = es_token(**{claim: int(time.time()) + shift})
        answer = api.get(f'/{api.id}/data', Authorization='Bearer ' + text)
        equal('a token ' + name, answer.status, 200 if ok else 401)


def test_unreachable(api):
    for name in ('down', 'private'):
        text = rs_token(iss='https://' + name)
        answer = api.get(f'/{api.id}/data', Authorization='Bearer ' + text)
        problem(f'keys of {name} cannot be had', answer, 503)
        check(f'keys of {name}: Retry-After', answer.header('Retry-After'))


# -- proofs ------------------------------------------------------------------
def forms(secret, value):
    mac = sign(secret, value)
    raw = mac.digest()
    return {
        'hex': mac.hexdigest(), 'HEX': mac.hexdigest().upper(),
        'base64': base64.b64encode(raw).decode(),
        'base64 without padding': base64.b64encode(raw).decode().rstrip('='),
        'base64url': base64.urlsafe_b64encode(raw).decode(),
        'base64url without padding': b64url(raw)}


# name, identifiers, proven
def proof_table():
    for form, text in forms('shop-new', 'ünï 1').items():
        yield form, {'shop.id': 'ünï 1', 'shop.id.hmac': text}, True
    good = sign('shop-new', '42').hexdigest()
    one = {'shop.id': '42'}
    yield 'the second secret', {
        **one, 'shop.id.hmac': sign('shop-old', '42').hexdigest()}, True
    yield 'the secret of all keys', {
        'other.id': '42', 'other.id.hmac': sign('any', '42').hexdigest()}, True
    yield 'the secret of all keys, for one with its own', {
        **one, 'shop.id.hmac': sign('any', '42').hexdigest()}, False
    yield "another key's secret", {
        **one, 'shop.id.hmac': sign('mail', '42').hexdigest()}, False
    yield 'of another value', {
        **one, 'shop.id.hmac': sign('shop-new', '43').hexdigest()}, False
    yield 'one digit off', {
        **one, 'shop.id.hmac': ('0' if good[0] != '0' else '1') + good[1:]
    }, False
    yield 'cut short', {**one, 'shop.id.hmac': good[:-2]}, False
    yield 'empty', {**one, 'shop.id.hmac': ''}, False
    yield 'nothing', one, False
    yield 'the secret itself', {
        **one, 'shop.id.hmac': PROOFS['shop-new']}, False
    yield 'for another key', {
        **one, 'email.hmac': good, 'email': 'x'}, False
    for secret in REGISTERED:
        yield 'a registered secret', {
            'till.id': '7', 'till.id.secret': secret}, True
    yield 'a registered secret of another key', {
        'shop.id': '7', 'shop.id.secret': REGISTERED[0]}, False
    yield 'a wrong secret', {
        'till.id': '7', 'till.id.secret': REGISTERED[0] + 'x'}, False
    yield 'the hash of the secret', {
        'till.id': '7', 'till.id.secret': sha(REGISTERED[0])}, False
    yield 'an empty secret', {'till.id': '7', 'till.id.secret': ''}, False
    yield 'the unsigned list', {'newsletter.id': '9'}, True
    yield 'nearly on the unsigned list', {'newsletter.ID': '9'}, False
    yield 'two, both proven', {
        **one, 'shop.id.hmac': good, 'newsletter.id': '9'}, True
    yield 'two, one unproven', {
        **one, 'shop.id.hmac': good, 'email': 'eve@example.org'}, False
    yield 'passType is no identifier', {
        'newsletter.id': '9', 'passType': 'loyalty'}, True


def test_proofs(apis):
    api = apis['demo']
    for name, identifiers, ok in proof_table():
        answer = api.post({'identifiers': identifiers})
        if ok:
            equal(f'POST, proof: {name}', answer.status, 200)
        else:
            problem(f'POST, proof: {name}', answer, 401)
        if 'passType' in identifiers:
            continue
        answer = api.get('/findPass', identifiers)
        check(f'findPass, proof: {name}',
              answer.status in ((200, 204, 409) if ok else (401,)), answer)
    id = api.post({'identifiers': {
        'till.id': 'kept', 'till.id.secret': REGISTERED[0],
        'passType': 'loyalty'}}).text
    raw = apis['key'].raw(id)
    equal('proofs are not stored', raw['identifiers'], {'till.id': 'kept'})
    check('proofs are stored nowhere',
          REGISTERED[0] not in json.dumps(raw), raw)


# claims, identifiers sent, status of POST, identifiers stored
def test_customers(apis):
    api, ann = apis['demo'], 'ann@example.org'
    table = [
        ('none sent', {}, {}, 200, {'email': ann}),
        ('two claims', {'customer': 77}, {}, 200,
         {'email': ann, 'shop.id': '77'}),
        ('the same sent', {}, {'email': ann}, 200, {'email': ann}),
        ('another sent', {}, {'email': 'bob@example.org'}, 401, None),
        ('another case', {}, {'email': 'Ann@example.org'}, 401, None),
        ('unverified, sent', {'email_verified': False}, {'email': ann}, 401,
         None),
        ('verified as text', {'email_verified': 'true'}, {'email': ann}, 401,
         None),
        ('unverified, another claim', {'email_verified': False,
                                       'customer': 'c-1'}, {}, 200,
         {'shop.id': 'c-1'}),
        ('no claim of ours', {'email': None}, {}, 401, None),
        ('one sent, one not the claim', {}, {'email': ann, 'shop.id': '1'},
         401, None),
    ]
    for name, claims, sent, status, stored in table:
        for how in ('bearer', 'query'):
            text = customer(**claims)
            headers, query = {}, []
            if how == 'bearer':
                headers['Authorization'] = 'Bearer ' + text
            else:
                query.append(('neo.authToken', text))
            what = f'customer, {how}: {name}'
            answer = api.send('POST', '', query, {'identifiers': sent},
                              headers)
            if not equal(what, answer.status, status) or stored is None:
                continue
            equal(what + ': identifiers',
                  apis['key'].raw(answer.text)['identifiers'], stored)
            answer = api.send('GET', '/findPass', query + list(sent.items()),
                              None, headers)
            check(what + ': findPass', answer.status in (200, 409), answer)


# -- what a proof may set ----------------------------------------------------
def test_caller_data(apis):
    api, key = apis['demo'], apis['key']
    table = [
        ('listed', {'points': 1, 'note': 'x'}, None),
        ('listed', {}, None),
        ('listed', {'points': 1, 'tier': 'gold'}, 'tier'),
        ('listed', {'Points': 1}, 'Points'),
        ('listed', {'tier': None}, 'tier'),
        ('nothing', {}, None),
        ('nothing', {'points': 1}, 'points'),
        ('loyalty', {'points': 1, 'whatever': [1]}, None),
    ]
    for n, (type_, data, culprit) in enumerate(table):
        value = f'caller-{n}'
        body = {'additionalData': data, 'identifiers': {
            'shop.id': value,
            'shop.id.hmac': sign('shop-new', value).hexdigest()}}
        query = [('passType', type_)]
        answer = api.post(body, query)
        what = f'callerData of {type_}: {data}'
        if culprit is None:
            equal(what, answer.status, 200)
        else:
            problem(what, answer, 403, culprit)
            equal(what + ': nothing stored', key.get(
                '/findPass', [('shop.id', value)]).status, 204)
        equal(what + ', with the scope', key.post(body, query).status, 200)
        body = {'additionalData': data}
        answer = api.send('POST', '', query, body, {
            'Authorization': 'Bearer ' + customer(customer=value)})
        equal(what + ', by a customer', answer.status,
              200 if culprit is None else 403)


def test_secrets_left_out(apis):
    raw = apis['open key'].raw(apis['open'].id)
    hidden = [raw['secret'], raw['apple']['authenticationToken']]
    check('raw with the scope has the secret and the token',
          all(len(s) >= 16 for s in hidden), raw)
    for who, headers in (('nobody', {}),
                         ('a writer', {'X-API-KEY': 'key-write-93bb0c'}),
                         ('a customer', {
                             'Authorization': 'Bearer ' + customer()})):
        for path in ('data', 'data/raw'):
            answer = apis['open'].get(f"/{raw['id']}/{path}", **headers)
            equal(f'{path} by {who}', answer.status, 200)
            check(f'{path} by {who}: no secret', not any(
                s in answer.text for s in hidden), answer)
    made.extend(hidden)


def test_log():
    with open(log, encoding='utf-8') as f:
        text = f.read()
    check('the log has the requests', text.count('route=') > 1000, len(text))
    words = made + list(KEYS) + [HS, SHOP] + list(PROOFS.values()) + \
        list(REGISTERED) + [sign('shop-new', '42').hexdigest()]
    for word in words:
        for part in (word, word.rsplit('.', 1)[-1]):
            if part:
                check(f'the log has {part[:12]}...', part not in text)


def main():
    make_keys()
    for tenant, closed in (('demo', ['data', 'raw', 'connect']), ('open', [])):
        configure(tenant, closed)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', jwks_port),
                                             Published)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    time.sleep(2.2)  # until a changed file is seen
    apis = {'demo': Api(port), 'open': Api(port, 'open'),
            'key': Api(port, key='key-star-41c9aa'),
            'open key': Api(port, 'open', key='key-star-41c9aa')}
    for name in ('demo', 'open'):
        key = Api(port, name, key='key-star-41c9aa')
        apis[name].id = key.create({'email': 'ann@example.org'},
                                   query={'passType': 'mail'})
    apis['key'].create({'shop.id': 'p'})
    test_matrix(apis)
    test_times(apis['demo'])
    test_unreachable(apis['demo'])
    test_proofs(apis)
    test_customers(apis)
    test_caller_data(apis)
    test_secrets_left_out(apis)
    test_log()
    summary()


main()
