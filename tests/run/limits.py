"""How many calls one place may make, counted over all responders.
usage: limits.py PORT TENANTS
"""
import hashlib
import json
import sys
import time

from client import Api, at_once, check, equal, hs256, problem, summary

port, tenants = int(sys.argv[1]), sys.argv[2]
KEY = 'key-of-the-limits'
SHOP = 'a-customer-secret-of-forty-characters-00'
FIND = {'newsletter.id': 'nobody'}  # which needs no proof


def configure(name, **limits):
    folder = f'{tenants}/{name}/'
    with open(folder + 'secrets/shop', 'w', encoding='utf-8') as f:
        f.write(SHOP)
    with open(folder + 'security.yml', 'w', encoding='utf-8') as f:
        json.dump({
            'apiKeys': [{
                'name': 'k', 'permissions': ['*'], 'enabled': True,
                'hash': 'sha256:' + hashlib.sha256(KEY.encode()).hexdigest()}],
            'jwt': {'issuers': [{
                'issuer': 'shop', 'audience': 'passwright',
                'use': 'customers', 'algorithms': ['HS256'],
                'secret': 'secrets/shop'}]},
            'allowUnsigned': ['newsletter.id'], 'limits': limits}, f)


def refused(what, answer, longest):
    problem(what, answer, 429)
    after = answer.header('Retry-After')
    check(what + ': Retry-After',
          after.isdigit() and 1 <= int(after) <= longest, after)


def test_anonymous():
    def call(i):
        api = Api(port, 'busy')
        if i % 2:
            return api.get('/findPass', FIND)
        return api.post({'identifiers': {'newsletter.id': f'n{i}'}})

    answers = at_once([lambda i=i: call(i) for i in range(24)])
    equal('ten of twenty-four pass',
          sum(a.status in (200, 204) for a in answers), 10)
    for answer in answers:
        if answer.status not in (200, 204):
            refused('the others', answer, 60)
    api = Api(port, 'busy')
    for name in ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Client-IP'):
        refused(f'with {name}', api.send(
            'GET', '/findPass', FIND, None,
            {name: 'for=192.0.2.7' if name == 'Forwarded' else '192.0.2.7'}),
            60)
    equal('with a bad proof', api.get('/findPass', {'a.id': 1}).status, 429)
    equal('from another address', Api(port, 'busy', source='127.0.0.2').get(
        '/findPass', FIND).status, 204)
    equal('in another tenant', Api(port, 'quick').get(
        '/findPass', FIND).status, 204)


def test_known():
    token = hs256(SHOP, {'iss': 'shop', 'aud': 'passwright',
                         'exp': int(time.time()) + 300})
    bearer = {'Authorization': 'Bearer ' + token}
    api = Api(port, 'busy')
    answers = at_once(16 * [lambda: Api(port, 'busy', key=KEY).get(
        '/findPass', FIND)])
    equal('with a key', {a.status for a in answers}, {204})
    for _ in range(12):
        equal('with a token of a customer',
              api.get('/findPass', FIND, **bearer).status, 204)
    equal('with a wrong key', api.get(
        '/findPass', FIND, X_API_KEY='wrong').status, 401)
    id = Api(port, 'busy', key=KEY).create()
    for _ in range(12):
        equal('what is open to ids',
              api.get(f'/{id}', {'device': 'preview'}).status, 200)


def test_recovers():
    api = Api(port, 'quick')
    statuses = [api.get('/findPass', FIND).status for _ in range(200)]
    check('some of two hundred pass, most do not',
          1 <= statuses.count(204) < 100, statuses)
    time.sleep(1.1)
    equal('after the window', api.get('/findPass', FIND).status, 204)


def test_tenant():
    answers = at_once([lambda i=i: Api(
        port, 'total', key=KEY if i % 2 else None).get(
            '/getPasses', {'value': 'ABCDEabcde12'}) for i in range(24)])
    equal('ten of the tenant', [a.status for a in answers].count(200), 10)
    for answer in answers:
        if answer.status != 200:
            refused('the others of the tenant', answer, 60)
    refused('a create', Api(port, 'total', key=KEY).post({}), 60)


configure('busy', anonymous='10/m')
configure('quick', anonymous='2/s')
configure('total', tenant='10/m')
time.sleep(2.2)  # until a changed file is seen
test_anonymous()
test_known()
test_recovers()
test_tenant()
summary()
