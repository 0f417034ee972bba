"""What becomes of a pass: the rules of creating, merging, finding, showing.
usage: passes.py PORT KEY TENANTS LOG
"""
import email.utils
import json
import os
import sys
import time
import urllib.parse

from client import Api, at_once, check, equal, problem, summary

port, key, tenants, log = int(sys.argv[1]), *sys.argv[2:5]
api = Api(port, key=key)
anyone = Api(port)
TYPES = {
    'plain': """kind: generic
card: { organization: Demo, title: Plain, description: Plain card,
  images: { icon: icon.png } }
""",
    'pair': """kind: generic
uniqueIdentifiers: [a.id, b.id]
card: { organization: Demo, title: Pair, description: A pair,
  images: { icon: icon.png } }
""",
    'number': """kind: generic
metadata: { n: "{{ .additionalData.n | tonumber }}",
  kind: "{{ .passType }}", text: "n is {{ .additionalData.n }}" }
card: { organization: Demo, title: Number, description: A number,
  images: { icon: icon.png } }
""",
    'echo': """kind: generic
metadata: { e: "{{ .additionalData.e }}" }
card: { organization: Demo, title: Echo, description: An echo,
  images: { icon: icon.png } }
""",
    'late': """kind: generic
card: { organization: Demo, title: "{{ .additionalData.n | tonumber }}",
  description: Fails when it is shown, images: { icon: icon.png } }
""",
}


def configure():
    folder = f'{tenants}/demo/server/passes/'
    for name, text in TYPES.items():
        with open(f'{folder}{name}.yml', 'w', encoding='utf-8') as f:
            f.write(text)
        os.symlink('loyalty', folder + name)
    time.sleep(2.2)  # until a changed file is seen


count = 0


def fresh():
    """A value that no pass has."""
    global count
    count += 1
    return f'v-{count}'


def plain(identifiers=None, data=None, **more):
    return api.create(identifiers, data, query={'passType': 'plain'}, **more)


# -- merging -----------------------------------------------------------------
def test_merge():
    start = {'a': 1, 'o': {'x': 1, 'y': {'z': 2}}, 'l': [1, 2], 's': 'text'}
    table = [  # additionalData sent, what changes of `start`; None: is gone
        ({'a': 2}, {'a': 2}),
        ({'a': ''}, {'a': None}),
        ({'a': None}, {'a': None}),
        ({'missing': None}, {}),
        ({'missing': ''}, {}),
        ({'b': True, 'c': 1.5}, {'b': True, 'c': 1.5}),
        ({'o': {'x': 2}}, {'o': {'x': 2, 'y': {'z': 2}}}),
        ({'o': {'y': None}}, {'o': {'x': 1}}),
        ({'o': {'y': {'z': ''}}}, {'o': {'x': 1, 'y': {}}}),
        ({'o': 'text'}, {'o': 'text'}),
        ({'s': {'n': None, 'm': 1}}, {'s': {'m': 1}}),
        ({'l': [None, '', 0]}, {'l': [None, '', 0]}),
        ({'l': []}, {'l': []}),
        ({'A': 2}, {'A': 2}),
        ({'a': False}, {'a': False}),
        ({'a': 0}, {'a': 0}),
        ({'big': 9007199254740993}, {'big': 9007199254740993}),
        ({'ü': '☕'}, {'ü': '☕'}),
        ({}, {}),
        (None, {}),
    ]
    for sent, changes in table:
        id = plain({}, start)
        before = api.raw(id)
        wanted = {k: v for k, v in {**start, **changes}.items()
                  if v is not None}
        what = f'merge of {sent}'
        equal(what, api.patch(f'/{id}', {'additionalData': sent}).status, 200)
        after = api.raw(id)
        equal(what + ': result', after['additionalData'], wanted)
        equal(what + ': a new date',
              after['lastUpdateDate'] > before['lastUpdateDate'],
              wanted != start)
    for sent in ([], 'x', 1, True, [{}]):
        problem(f'additionalData {sent}', api.patch(
            f'/{id}', {'additionalData': sent}), 400)
        problem(f'POST of additionalData {sent}', api.post(
            {'additionalData': sent}), 400)
    id = plain({}, {'a': '', 'b': None, 'c': {'d': None}, 'e': 1})
    equal('POST drops as a merge does', api.raw(id)['additionalData'],
          {'c': {}, 'e': 1})


def test_merge_identifiers():
    table = [
        ({'a': '2'}, {'a': '2', 'b': 'x'}),
        ({'a': ''}, {'b': 'x'}),
        ({'a': None}, {'b': 'x'}),
        ({'c': '3', 'b': None}, {'a': '1', 'c': '3'}),
        ({'c': ''}, {'a': '1', 'b': 'x'}),
        ({}, {'a': '1', 'b': 'x'}),
        (None, {'a': '1', 'b': 'x'}),
        ({'a': None, 'b': ''}, {}),
    ]
    for sent, wanted in table:
        id = plain({'a': '1', 'b': 'x'})
        equal(f'identifiers {sent}', api.patch(
            f'/{id}', {'identifiers': sent}).status, 200)
        equal(f'identifiers {sent}: result', api.raw(id)['identifiers'],
              wanted)
    id = plain({'a': '1', 'b': 'x'})
    for sent in ({'a': 1}, {'a': ['1']}, {'a': {}}, {'a': True}, [], 'x'):
        problem(f'identifiers {sent}', api.patch(
            f'/{id}', {'identifiers': sent}), 400)
        problem(f'POST of identifiers {sent}', api.post(
            {'identifiers': sent}), 400)
    equal('refused identifiers change nothing', api.raw(id)['identifiers'],
          {'a': '1', 'b': 'x'})


def test_identifier_rules():
    table = [  # identifiers, whether they are taken
        ({'k': 'v'}, True),
        ({'k': 'v' * 512}, True),
        ({'k': 'v' * 513}, False),
        ({'k': '☕' * 170 + 'ab'}, True),
        ({'k': '☕' * 171}, False),
        ({'k' * 128: 'v'}, True),
        ({'k' * 129: 'v'}, False),
        ({'': 'v'}, False),
        ({'id': 'v'}, False),
        ({'id.x': 'v'}, False),
        ({'id.': 'v'}, False),
        ({'idx': 'v'}, True),
        ({'x.id': 'v'}, True),
        ({'k.hmac': 'v'}, False),
        ({'k.secret': 'v'}, False),
        ({'.hmac': 'v'}, False),
        ({'hmac': 'v'}, True),
        ({'k.hmacs': 'v'}, True),
        ({'k.secret.x': 'v'}, True),
        ({f'k{n}': 'v' for n in range(32)}, True),
        ({f'k{n}': 'v' for n in range(33)}, False),
    ]
    for sent, ok in table:
        what = f'{str(sent)[:40]}... of {len(sent)}'
        answer = api.post({'identifiers': sent}, {'passType': 'plain'})
        if ok:
            equal('POST ' + what, answer.status, 200)
            equal('POST ' + what + ': kept',
                  api.raw(answer.text)['identifiers'], sent)
        else:
            problem('POST ' + what, answer, 400)
        id = plain()
        answer = api.patch(f'/{id}', {'identifiers': sent})
        equal('PATCH ' + what, answer.status, 200 if ok else 400)
        equal('PATCH ' + what + ': kept', api.raw(id)['identifiers'],
              sent if ok else {})
    id = plain({f'k{n}': 'v' for n in range(32)})
    problem('a 33rd by PATCH', api.patch(
        f'/{id}', {'identifiers': {'k32': 'v'}}), 400)
    equal('a 32nd for another', api.patch(
        f'/{id}', {'identifiers': {'k32': 'v', 'k0': None}}).status, 200)
    answer = api.post({'identifiers': {
        **{f'k{n}': 'v' for n in range(32)}, 'e': '', 'n': None}},
        {'passType': 'plain'})
    equal('32 and empty ones', answer.status, 200)
    equal('32 and empty ones: kept', len(api.raw(
        answer.text)['identifiers']), 32)


def test_size():
    big = {'k': 'x' * 200000}
    id = plain({}, big)
    for n, status in ((61000, 200), (63000, 413)):
        answer = api.post({'additionalData': {**big, 'l': 'x' * n}},
                          {'passType': 'plain'})
        equal(f'POST of {n + 200000} bytes', answer.status, status)
    date = api.raw(id)['lastUpdateDate']
    problem('PATCH to more than 256 KiB', api.patch(
        f'/{id}', {'additionalData': {'l': 'x' * 63000}}), 413)
    equal('PATCH to more than 256 KiB: nothing',
          api.raw(id)['lastUpdateDate'], date)
    equal('extensions count too', api.post(
        {'extensions': {'x': 'x' * 263000}}, {'passType': 'plain'}).status,
        413)


# -- one pass for the same identifiers ---------------------------------------
def test_unique():
    for _ in range(5):
        value = fresh()
        sent = {'identifiers': {'shopify.customerId': value}}
        ids = at_once(16 * [lambda: repr(Api(port, key=key).post(sent))])
        equal('16 at once: one id', len(set(ids)), 1)
        answer = api.get('/findPass', {'shopify.customerId': value})
        check('16 at once: one pass', answer.status == 200 and
              repr(answer) == ids[0], answer)
    value = fresh()
    first = api.create({'shopify.customerId': value}, {'points': 1})
    raw = api.raw(first)
    equal('again: the same', api.create(
        {'shopify.customerId': value, 'email': 'x'}, {'points': 2}), first)
    equal('again: changes nothing', api.raw(first), raw)
    check('another case is another', api.create(
        {'shopify.customerId': value.upper()}) != first)
    check('another type is another', api.create(
        {'shopify.customerId': value}, query={'passType': 'plain'}) != first)
    check('without it, always another', api.create() != api.create())
    check('empty is without', api.create({'shopify.customerId': ''}) !=
          api.create({'shopify.customerId': ''}))

    pair = {'passType': 'pair'}
    a, b = fresh(), fresh()
    both = api.create({'a.id': a, 'b.id': b}, query=pair)
    equal('pair: both the same', api.create(
        {'b.id': b, 'a.id': a, 'c': '1'}, query=pair), both)
    check('pair: one of them', api.create({'a.id': a}, query=pair) != both)
    check('pair: swapped', api.create(
        {'a.id': b, 'b.id': a}, query=pair) != both)
    check('pair: joined elsewhere', api.create(
        {'a.id': a + b[0], 'b.id': b[1:]}, query=pair) != both)

    other = api.create({'shopify.customerId': fresh()})
    raw = api.raw(other)
    problem('to the values of another', api.patch(
        f'/{other}', {'identifiers': {'shopify.customerId': value},
                      'additionalData': {'points': 5}}), 409)
    equal('to the values of another: nothing', api.raw(other), raw)
    equal('to its own', api.patch(f'/{other}', {
        'identifiers': {'shopify.customerId': raw['identifiers'][
            'shopify.customerId']}}).status, 200)
    equal('the first gives it up', api.patch(f'/{first}', {
        'identifiers': {'shopify.customerId': None}}).status, 200)
    equal('now it is free', api.patch(f'/{other}', {
        'identifiers': {'shopify.customerId': value}}).status, 200)
    equal('and the other is found by it', api.create(
        {'shopify.customerId': value}), other)
    value = fresh()
    api.create({'shopify.customerId': value})
    stray = plain({'shopify.customerId': value})
    problem('to a type where another has it', api.patch(
        f'/{stray}', {'passType': 'loyalty'}), 409)
    equal('and it stays of its type', api.raw(stray)['passType'], 'plain')


def test_unique_race():
    """Of 8 passes that want the same values one gets them."""
    passes = [api.create({'shopify.customerId': fresh()}) for _ in range(8)]
    value = fresh()
    sent = {'identifiers': {'shopify.customerId': value}}
    statuses = at_once([lambda i=i: Api(port, key=key).patch(
        f'/{i}', sent).status for i in passes])
    equal('8 want the same', sorted(statuses), [200] + [409] * 7)
    equal('8 want the same: one has it', [
        api.raw(i)['identifiers']['shopify.customerId'] == value
        for i in passes].count(True), 1)
    equal('8 want the same: it is found', api.get('/findPass', {
        'shopify.customerId': value}).text, passes[statuses.index(200)])


# -- which pass --------------------------------------------------------------
def test_patch_which():
    mail, shared = fresh(), fresh()
    one = plain({'email': mail, 'group': shared})
    two = plain({'email': fresh(), 'group': shared})
    table = [  # query, status
        ({'id': one}, 200),
        ({'ID': one}, 200),
        ({'id.email': mail}, 200),
        ({'id.email': mail, 'id.group': shared}, 200),
        ({'id': one, 'id.email': mail}, 200),
        ({'id': two, 'id.email': mail}, 404),
        ({'id.email': mail, 'id.group': 'x'}, 404),
        ({'id.Email': mail}, 404),
        ({'id.email': mail[:-1]}, 404),
        ({'id.email': mail.upper()}, 404),
        ({'id.nothing': 'x'}, 404),
        ({'id': 'ABCDEabcde12'}, 404),
        ({'id': 'no id'}, 404),
        ({'id': '../../etc'}, 404),
        ({'id.group': shared}, 409),
        ({}, 400),
        ({'id': ''}, 400),
        ({'id.email': ''}, 400),
        ({'email': mail}, 400),
        ({'passType': 'plain'}, 400),
    ]
    for n, (query, status) in enumerate(table):
        before = api.raw(one), api.raw(two)
        answer = api.patch('', {'additionalData': {'n': n}}, query)
        what = f'PATCH of {query}'
        if status == 200:
            equal(what, repr(answer), "200 b''")
            equal(what + ': the one',
                  api.raw(one)['additionalData'], {'n': n})
            equal(what + ': not the other', api.raw(two), before[1])
        else:
            problem(what, answer, status)
            equal(what + ': nothing', (api.raw(one), api.raw(two)), before)
    long = 'v' * 513
    for query in ({'id.email': long}, {'id.' + 'k' * 2000: 'v'},
                  {'id.email': 'v' * 2000}):
        problem(f'PATCH of much: {str(query)[:20]}', api.patch(
            '', {}, query), 404)
        name, value = list(query.items())[0]
        problem(f'findPass of much: {str(query)[:20]}', api.get(
            '/findPass', {name[3:]: value}), 400)
    for path in ('/ABCDEabcde12', '/abcd', '/' + 'x' * 51, '/getPass%C3%A9'):
        problem('PATCH of ' + path, api.patch(path, {}), 404)
    for name in ('findPass', 'getPasses', 'stats', 'notification', 'apple'):
        check(f'no pass is called {name}', api.patch(
            '/' + name, {}).status in (404, 405))


def test_find():
    value = fresh()
    one = plain({'group': value, 'x': '1'})
    equal('one', repr(api.get('/findPass', {'group': value})),
          f"200 b'{one}'")
    equal('of that type', api.get('/findPass', {
        'group': value, 'passType': 'plain'}).text, one)
    equal('of another type', api.get('/findPass', {
        'group': value, 'PASSTYPE': 'pair'}).status, 204)
    equal('of no type of ours', api.get('/findPass', {
        'group': value, 'passType': 'x'}).status, 204)
    two = api.create({'group': value}, query={'passType': 'pair'})
    problem('two', api.get('/findPass', {'group': value}), 409)
    equal('two, by type', api.get('/findPass', {
        'group': value, 'passType': 'pair'}).text, two)
    equal('two, by another', api.get('/findPass', {
        'group': value, 'x': '1'}).text, one)
    equal('none', repr(api.get('/findPass', {'group': value + 'x'})),
          "204 b''")
    equal('another case of the key', api.get(
        '/findPass', {'Group': value}).status, 204)
    problem('nothing asked', api.get('/findPass'), 400)
    problem('an empty value', api.get('/findPass', {'group': ''}), 400)
    problem('a key that cannot be', api.get('/findPass', {'id': 'x'}), 400)
    problem('neo.* alone', api.get('/findPass', {'neo.x': '1'}), 400)
    equal('neo.* beside', api.get('/findPass', {
        'group': value, 'x': '1', 'neo.src': 'a|b|c'}).text, one)
    equal('as JSON', api.get('/findPass', {
        'group': value, 'x': '1'}, Accept='application/json').json, one)
    api.patch(f'/{one}', {'identifiers': {'x': '2'}})
    equal('changed: by the old', api.get('/findPass', {'x': '1',
          'group': value}).status, 204)
    equal('changed: by the new', api.get('/findPass', {
        'x': '2', 'group': value}).text, one)


# -- types and metadata ------------------------------------------------------
def test_types():
    id = plain({}, {'n': '7', 'points': 3})
    equal('no metadata', api.raw(id)['metadata'], {})
    equal('query before body', api.patch(
        f'/{id}', {'passType': 'pair'}, {'passType': 'number'}).status, 200)
    raw = api.raw(id)
    equal('converted', raw['passType'], 'number')
    equal('metadata of the new type', raw['metadata'],
          {'n': 7, 'kind': 'number', 'text': 'n is 7'})
    equal('body alone', api.patch(f'/{id}', {'PASSTYPE': 'loyalty'}).status,
          200)
    equal('metadata of the body\'s type', api.raw(id)['metadata'],
          {'loyaltyTier': 'bronze', 'points': 3})
    problem('an unknown one', api.patch(
        f'/{id}', {}, {'passType': 'nonsense'}), 400)
    problem('an unknown one in the body', api.patch(
        f'/{id}', {'passType': 'nonsense'}), 400)
    equal('an empty query is absent', api.patch(
        f'/{id}', {'passType': 'plain'}, {'passType': ''}).status, 200)
    equal('an empty query is absent: type', api.raw(id)['passType'], 'plain')
    problem('POST of an unknown one', api.post(
        {}, {'passType': 'nonsense'}), 400)
    problem('POST: not in the body', api.post({'passType': 'plain'}), 400)


def test_type_gone():
    """A pass whose type went can be read, and made one of another type."""
    file = f'{tenants}/demo/server/passes/going.yml'
    os.rename(f'{tenants}/demo/server/passes/pair.yml', file)
    os.symlink('loyalty', file.removesuffix('.yml'))
    time.sleep(2.2)  # until a changed folder is seen
    id = api.create({}, {'n': 1}, query={'passType': 'going'})
    os.rename(file, f'{tenants}/demo/server/passes/pair.yml')
    time.sleep(2.2)
    raw = api.raw(id)
    equal('gone: raw', raw['passType'], 'going')
    for device in ('apple', 'preview'):
        problem(f'gone: {device}', anyone.get(
            f'/{id}', {'device': device}), 501, 'passType')
    problem('gone: a change', api.patch(
        f'/{id}', {'additionalData': {'n': 2}}), 501, 'updateMetadata')
    equal('gone: nothing changed', api.raw(id), raw)
    equal('gone: a change without metadata', api.patch(f'/{id}', {
        'additionalData': {'n': 2},
        'options': {'updateMetadata': False}}).status, 200)
    equal('gone: converted', api.patch(
        f'/{id}', {}, {'passType': 'pair'}).status, 200)
    equal('gone: shown again', anyone.get(
        f'/{id}', {'device': 'preview'}).status, 200)


def test_metadata_values():
    """An expression alone keeps its type, and null leaves its key out."""
    id = api.create({}, {}, query={'passType': 'echo'})
    for value in (1, -0.5, 1e300, True, False, '1', 'x' * 100000, 'ü☕', [],
                  [1, [None]], {}, {'a': {'b': ['']}}, 12345678901):
        what = f'metadata of {str(value)[:20]}'
        equal(what, api.patch(f'/{id}', {'additionalData': {
            'e': None}}).status, 200)
        equal(what + ': none', api.raw(id)['metadata'], {})
        equal(what, api.patch(f'/{id}', {'additionalData': {
            'e': value}}).status, 200)
        equal(what + ': is it', api.raw(id)['metadata'], {'e': value})
        made = api.create({}, {'e': value}, query={'passType': 'echo'})
        equal(what + ': POST', api.raw(made)['metadata'], {'e': value})


def test_update_metadata():
    table = [  # what is sent beside the points, whether metadata follow
        ({}, True),
        ({'options': {'updateMetadata': True}}, True),
        ({'options': {'updateMetadata': False}}, False),
        ({'Options': {'UPDATEMETADATA': False}}, False),
        ({'options': {}}, True),
        ({'options': None}, True),
        ({'options': {'updateMetadata': None}}, True),
        ({'updateMetadata': True}, True),
        ({'updateMetadata': False}, True),
        ({'updateMetadata': True, 'options': {'updateMetadata': False}},
         False),
        ({'updateMetadata': False, 'options': {'updateMetadata': True}}, True),
        ({'bypassQueue': True}, True),
        ({'bypassQueue': False}, True),
        ({'options': {'bypassQueue': True, 'correlationId': 'run:1.2_3-x'}},
         True),
        ({'options': {'correlationId': 'c' * 128}}, True),
    ]
    id = api.create({}, {'points': 0})
    points = 0
    for n, (sent, follow) in enumerate(table, 1):
        what = f'metadata with {sent}'
        equal(what, api.patch(
            f'/{id}', {'additionalData': {'points': n}, **sent}).status, 200)
        points = n if follow else points
        raw = api.raw(id)
        equal(what + ': metadata', raw['metadata']['points'], points)
        equal(what + ': data', raw['additionalData']['points'], n)
    for sent in ({'options': {'updateMetadata': 'true'}},
                 {'options': {'updateMetadata': 1}},
                 {'options': {'surprise': True}}, {'options': []},
                 {'options': {'correlationId': ''}},
                 {'options': {'correlationId': 'a b'}},
                 {'options': {'correlationId': 'c' * 129}},
                 {'updateMetadata': 'yes'}, {'bypassQueue': 1},
                 {'extensions': {}}, {'metadata': {}}, {'id': id},
                 {'secret': 'x'}, {'creationDate': '2020-01-01'}):
        problem(f'PATCH with {sent}', api.patch(f'/{id}', sent), 400)


# -- dates -------------------------------------------------------------------
def test_dates():
    id = api.create({'shopify.customerId': fresh()}, {'points': 0, 'o': {
        'a': 1, 'b': 2}})
    raw = api.raw(id)
    for sent in ({}, {'additionalData': {}}, {'additionalData': {'points': 0}},
                 {'additionalData': {'points': 0.0}},
                 {'additionalData': {'o': {'b': 2, 'a': 1}}},
                 {'additionalData': {'gone': None}},
                 {'identifiers': raw['identifiers']},
                 {'options': {'correlationId': 'x'}},
                 {'passType': 'loyalty'}):
        equal(f'no change by {sent}', api.patch(f'/{id}', sent).status, 200)
        equal(f'no change by {sent}: date', api.raw(id)['lastUpdateDate'],
              raw['lastUpdateDate'])
    api.get(f'/{id}', {'device': 'apple'})
    equal('no change by a download', api.raw(id), raw)
    dates = [raw['lastUpdateDate']]
    for n in range(1, 51):
        api.patch(f'/{id}', {'additionalData': {'points': n}})
        dates.append(api.raw(id)['lastUpdateDate'])
    check('50 changes: dates rise strictly',
          all(a < b for a, b in zip(dates, dates[1:])), dates)
    equal('the creation stays', api.raw(id)['creationDate'],
          raw['creationDate'])
    equal('8 at once', at_once([lambda n=n: Api(port, key=key).patch(
        f'/{id}', {'additionalData': {f'r{n}': n}}).status
        for n in range(8)]), [200] * 8)
    raw = api.raw(id)
    equal('8 at once: all are kept',
          [raw['additionalData'].get(f'r{n}') for n in range(8)],
          list(range(8)))


def test_rendered():
    """An empty change publishes a new template, once, and only that."""
    file = f'{tenants}/demo/server/passes/late.yml'
    id = api.create({}, {'n': 1}, query={'passType': 'late'})
    other = plain()
    before, untouched = api.raw(id), api.raw(other)
    with open(file, 'w', encoding='utf-8') as f:
        f.write(TYPES['late'].replace('Fails when', 'It fails when'))
    time.sleep(2.2)  # until a changed file is seen
    for _ in range(8):  # the responders that serve
        api.patch(f'/{other}', {})
    equal('another template', api.raw(other), untouched)
    equal('another template: nothing by itself', api.raw(id), before)
    equal('an empty change', api.patch(f'/{id}', {}).status, 200)
    after = api.raw(id)
    check('an empty change: a later date',
          after['lastUpdateDate'] > before['lastUpdateDate'], after)
    equal('an empty change: the same data',
          after['additionalData'], before['additionalData'])
    api.patch(f'/{id}', {})
    equal('again: none', api.raw(id), after)
    with open(file, 'w', encoding='utf-8') as f:
        f.write(TYPES['late'].replace('Fails when', 'It fails when') +
                '# a comment\n')
    time.sleep(2.2)
    api.patch(f'/{id}', {})
    equal('a comment is no change', api.raw(id), after)


def seconds(answer):
    return email.utils.parsedate_to_datetime(
        answer.header('Last-Modified')).timestamp()


def test_validators():
    id = api.create({'shopify.customerId': fresh()}, {'points': 0})
    path, apple = f'/{id}', {'device': 'apple'}
    seen = []
    for n in range(1, 6):
        api.patch(path, {'additionalData': {'points': n}})
        seen.append(anyone.get(path, apple))
    times = [seconds(a) for a in seen]
    check('Last-Modified: a second per change',
          all(b - a >= 1 for a, b in zip(times, times[1:])), times)
    equal('another ETag per change', len({a.header('ETag') for a in seen}), 5)
    old, new = seen[-2], seen[-1]
    table = [  # headers, status
        ({}, 200),
        ({'If_None_Match': new.header('ETag')}, 304),
        ({'If_None_Match': '*'}, 304),
        ({'If_None_Match': old.header('ETag')}, 200),
        ({'If_Modified_Since': new.header('Last-Modified')}, 304),
        ({'If_Modified_Since': old.header('Last-Modified')}, 200),
        ({'If_Modified_Since': 'nonsense'}, 200),
        ({'If_None_Match': old.header('ETag'),
          'If_Modified_Since': new.header('Last-Modified')}, 200),
        ({'If_None_Match': new.header('ETag'),
          'If_Modified_Since': old.header('Last-Modified')}, 304),
    ]
    for headers, status in table:
        answer = anyone.get(path, apple, **headers)
        equal(f'validators {headers}', answer.status, status)
        equal(f'validators {headers}: ETag', answer.header('ETag'),
              new.header('ETag'))
    api.patch(path, {})
    equal('no change: the same Last-Modified',
          seconds(anyone.get(path, apple)), times[-1])


# -- showing -----------------------------------------------------------------
PREVIEW = {'id', 'passType', 'title', 'subtitle', 'headerText',
           'backgroundColor', 'foregroundColor', 'enabled', 'apple', 'google'}


def test_get_passes():
    ids = [api.create({}, {'points': n}) for n in range(3)]
    asked = f'{ids[2]},ABCDEabcde12,{ids[0]},,x,{ids[1]},'
    wanted = [ids[2], ids[0], ids[1]]
    answer = anyone.get('/getPasses', {'value': asked})
    equal('in the order asked, without unknown ones', answer.json, wanted)
    answer = anyone.get('/getPasses', {'VALUE': asked,
                                       'includePREVIEW': 'TRUE'})
    equal('previews', [p['id'] for p in answer.json], wanted)
    equal('preview: its properties', set(answer.json[0]), PREVIEW)
    equal('preview', answer.json[0], {
        'id': ids[2], 'passType': 'loyalty', 'title': 'Demo Rewards',
        'subtitle': 'Demo loyalty card', 'headerText': '2',
        'backgroundColor': '#1b3a5b', 'foregroundColor': '#ffffff',
        'enabled': True, 'apple': True, 'google': False})
    equal('includePreview=false', anyone.get('/getPasses', {
        'value': ids[0], 'includePreview': 'false'}).json, [ids[0]])
    problem('includePreview=maybe', anyone.get('/getPasses', {
        'value': ids[0], 'includePreview': 'maybe'}), 400)
    equal('none of them', anyone.get('/getPasses', {
        'value': 'ABCDEabcde12'}).json, [])
    hundred = ['ABCDEabcde12'] * 99 + [ids[0]]
    equal('a hundred', anyone.get('/getPasses', {
        'value': ','.join(hundred)}).json, [ids[0]])
    problem('a hundred and one', anyone.get('/getPasses', {
        'value': ','.join(hundred + ids[:1])}), 400)
    problem('no value', anyone.get('/getPasses'), 400)
    problem('an empty value', anyone.get('/getPasses', {'value': ''}), 400)
    problem('an unknown supplier', api.get('/getPasses', {
        'value': '1', 'provider': 'nobody'}), 404)


def test_preview():
    ids = [api.create({}, {'points': n}) for n in range(2)]
    one = anyone.get(f'/{ids[1]}', {'device': 'preview'})
    equal('preview: its properties', set(one.json),
          PREVIEW | {'fields', 'barcode'})
    equal('preview: a field', [f['value'] for f in one.json['fields']
                               if f['key'] == 'points'], [1])
    both = anyone.get(f'/{ids[1]},{ids[0]}', {'device': 'preview'})
    equal('preview of two', [p['id'] for p in both.json], [ids[1], ids[0]])
    equal('preview of two: the same', both.json[0], one.json)
    problem('preview with an unknown one', anyone.get(
        f'/{ids[0]},ABCDEabcde12', {'device': 'preview'}), 404)
    equal('a trailing comma', anyone.get(
        f'/{ids[0]},', {'device': 'preview'}).json['id'], ids[0])


AGENTS = [
    ('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) '
     'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 '
     'Safari/604.1', 'apple'),
    ('Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15',
     'apple'),
    ('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15',
     'apple'),
    ('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
     'page'),
    ('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36', 'page'),
    ('', 'page'),
]


def location(answer, path):
    """Where it leads, as an absolute path or URL, and the query's pairs."""
    url = urllib.parse.urljoin(path, answer.header('Location'))
    parts = urllib.parse.urlsplit(url)
    return (url.split('?')[0], sorted(urllib.parse.parse_qsl(
        parts.query, keep_blank_values=True)))


def test_auto():
    ids = [api.create(), api.create()]
    page = 'https://wallet.example.org/demo/'
    more = [('neo.src', 'a,b|m|o'), ('x y', 'ü&=')]
    for device in ({}, {'device': 'auto'}, {'DEVICE': 'AUTO'}, {'device': ''}):
        for agent, where in AGENTS:
            for some in (ids[:1], ids):
                path = anyone.base + '/' + ','.join(some)
                answer = anyone.get('/' + ','.join(some),
                                    list(device.items()) + more,
                                    User_Agent=agent)
                what = f'auto {device} of {len(some)} for {agent[:20]!r}'
                equal(what, answer.status, 302)
                if where == 'apple':
                    wanted = (path, sorted(more + [('device', 'apple')]))
                elif len(some) == 1:
                    wanted = (page + 'card', sorted(more + [('id', some[0])]))
                else:
                    wanted = (page + 'tickets',
                              sorted(more + [('ids', ','.join(some))]))
                equal(what + ': to', location(answer, path), wanted)
    problem('auto with an unknown one', anyone.get('/ABCDEabcde12'), 404)
    problem('auto with an unknown one of two', anyone.get(
        f'/{ids[0]},ABCDEabcde12'), 404)
    answer = anyone.get(f'/{ids[0]}/view', more)
    equal('view', (answer.status, location(answer, '/')), (
        302, (page + 'card', sorted(more + [('id', ids[0])]))))
    problem('view of an unknown one', anyone.get('/ABCDEabcde12/view'), 404)
    for device in ('nonsense', 'appl', 'apple,google', 'view'):
        problem(f'device={device}', anyone.get(
            f'/{ids[0]}', {'device': device}), 400)
    equal('device=APPLE', anyone.get(
        f'/{ids[0]}', {'Device': 'APPLE'}).status, 200)
    problem('device=google without its settings', anyone.get(
        f'/{ids[0]}', {'device': 'google'}), 501, 'google')


def test_bundle():
    ids = [plain() for _ in range(41)]
    answer = anyone.get('/' + ','.join(ids[:40]), {'device': 'apple'})
    equal('forty', (answer.status, answer.header('Content-Type')),
          (200, 'application/vnd.apple.pkpasses'))
    problem('forty-one', anyone.get(
        '/' + ','.join(ids), {'device': 'apple'}), 400)
    problem('an unknown one', anyone.get(
        f'/{ids[0]},ABCDEabcde12', {'device': 'apple'}), 404)
    equal('the same twice', anyone.get(
        f'/{ids[0]},{ids[0]}', {'device': 'apple'}).status, 200)


def test_extensions():
    extensions = {'pos': {'till': 7, 'e': '', 'n': None}}
    id = plain({}, {'a': 1}, extensions=extensions)
    equal('extensions in raw', api.raw(id)['extensions'], extensions)
    check('none in data', 'till' not in api.get(f'/{id}/data').text)
    check('none in the preview', 'till' not in anyone.get(
        f'/{id}', {'device': 'preview'}).text)
    api.patch(f'/{id}', {'additionalData': {'a': 2}})
    equal('extensions after a change', api.raw(id)['extensions'], extensions)
    for sent in ([], 'x', 1):
        problem(f'extensions {sent}', api.post({'extensions': sent}), 400)


# -- where downloads come from: 12-passes.sh looks for what is kept ----------
def test_source():
    id, other = plain(), plain()
    raw = api.raw(id)
    apple = ('device', 'apple')
    for query, method, status in (
            ([apple, ('Tags', 'kept-not'), ('Tags', 'x')], 'HEAD', 200),
            ([apple, ('Tags', 'kept-first')], 'GET', 200),
            ([('device', 'preview'), ('Tags', 'kept-not')], 'GET', 200),
            ([('device', 'google'), ('Tags', 'kept-not')], 'GET', 501),
            ([('Tags', 'kept-not')], 'GET', 302),
            ([apple, ('Tags', 'kept-tag'), ('Medium', 'kept-medium'),
              ('Origin', 'kept-origin'), ('UserAgent', 'kept-agent')],
             'GET', 200),
            ([apple], 'GET', 200)):
        equal(f'download with {query}', anyone.send(
            method, f'/{id}', query).status, status)
    etag = anyone.get(f'/{other}', [apple]).header('ETag')
    equal('not modified, with a source', anyone.get(
        f'/{other}', [apple, ('neo.src', 'kept-a,kept-b|kept-c|kept-d')],
        If_None_Match=etag).status, 304)
    problem('an unknown pass, with a source', anyone.get(
        '/ABCDEabcde12', [apple, ('Tags', 'kept-not')]), 404)
    equal('a source changes nothing', api.raw(id), raw)


# -- templates that fail -----------------------------------------------------
def test_failing():
    number = {'passType': 'number'}
    value = fresh()
    problem('metadata that fail', api.post(
        {'identifiers': {'x': value}, 'additionalData': {'n': 'seven'}},
        number), 500)
    equal('metadata that fail: nothing stored', api.get(
        '/findPass', {'x': value}).status, 204)
    id = api.create({'x': value}, {'n': '7'}, query=number)
    raw = api.raw(id)
    problem('a change whose metadata fail', api.patch(
        f'/{id}', {'additionalData': {'n': 'eight'},
                   'identifiers': {'y': '1'}}), 500)
    equal('a change whose metadata fail: nothing', api.raw(id), raw)
    equal('without metadata it goes', api.patch(
        f'/{id}', {'additionalData': {'n': 'eight'},
                   'options': {'updateMetadata': False}}).status, 200)
    late = api.create({}, {'n': 'x'}, query={'passType': 'late'})
    for device in ('apple', 'preview'):
        answer = anyone.get(f'/{late}', {'device': device})
        problem(f'a card that fails, {device}', answer, 500)
        check(f'a card that fails, {device}: nothing internal',
              'tonumber' not in answer.text and '.yml' not in answer.text,
              answer)
    with open(log, encoding='utf-8') as f:
        text = f.read()
    check('the log names file and expression', any(
        'late.yml' in line and 'tonumber' in line
        for line in text.splitlines()))


def test_log():
    id = api.create()
    raw = api.raw(id)
    anyone.get(f'/{id}', {'device': 'apple'})
    with open(log, encoding='utf-8') as f:
        text = f.read()
    for word in (key, raw['secret'], raw['apple']['authenticationToken']):
        check('a secret in the log', word not in text, word[:6])


configure()
for test in [f for name, f in list(globals().items())
             if name.startswith('test_')]:
    test()
summary()
