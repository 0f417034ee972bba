"""What lists promise: operators on every kind of value, orders, pages,
refusals.
usage: lists.py PORT KEY TENANTS
"""
import datetime
import json
import os
import sys
import time

from client import Api, check, equal, problem, summary

port, key, tenants = int(sys.argv[1]), *sys.argv[2:4]
api = Api(port, key=key)
MISSING = object()
# An empty text is no value: it removes one.
VALUES = ['gold', 'Gold', 'Zo\u00eb', '', None, MISSING, [], {}, 10, 10.0, 9,
          -1.5, True, False, [1, 2], {'a': 'b'}, '10', 'a b+c&d=e%',
          '\u65e5\u672c\u8a9e', 0.1]
EVERY = set(range(len(VALUES)))
EMPTY = {3, 4, 5, 6, 7}
V = 'metadata.v'

with open(os.path.join(tenants, 'demo/server/passes/any.yml'), 'w',
          encoding='utf-8') as f:
    f.write('kind: generic\n'
            'metadata: { v: "{{ .additionalData.v }}",\n'
            '  a.b: "{{ .additionalData.n }}" }\n'
            'card: { organization: Demo, title: Any, description: Any,\n'
            '  images: { icon: icon.png } }\n')


def make(n, value):
    data = {'n': n} if value is MISSING else {'n': n, 'v': value}
    body = {'identifiers': {'n': f'n{n:02}'}, 'additionalData': data}
    for _ in range(100):  # until the new pass type is read
        answer = api.post(body, {'passType': 'any'})
        if answer.status == 200:
            return answer.text
        time.sleep(0.1)
    raise RuntimeError(f'cannot create a pass: {answer!r}')


ids = [make(n, value) for n, value in enumerate(VALUES)]
ONLY = [('filter[19].field', 'passType'), ('filter[19].value', 'any')]


def where(field, op=None, *values, i=0):
    out = [(f'filter[{i}].field', field)]
    out += [(f'filter[{i}].operator', op)] if op else []
    return out + [(f'filter[{i}].value', v) for v in values]


def by(field, direction=None, i=0):
    out = [(f'sortBy[{i}].field', field)]
    return out + ([(f'sortBy[{i}].direction', direction)] if direction else [])


def listed(query):
    answer = api.get('', query + ONLY + [('pageSize', '1000')])
    if answer.status != 200:
        return answer
    rows = [ids.index(row['id']) for row in answer.json]
    check('the total is exact', answer.header('x-pagination-total') ==
          str(len(rows)), answer.header('x-pagination-total'))
    return rows


def finds(query, wanted):
    got = listed(query)
    equal(f'{query}', sorted(got) if isinstance(got, list) else got,
          sorted(wanted))


# -- operators, on every kind of value --------------------------------------
for op, values, wanted in [
        ('Equals', ['gold'], {0}), (None, ['gold'], {0}),
        ('eQUALS', ['Gold'], {1}), ('Equals', ['GOLD'], set()),
        ('Equals', ['gol'], set()), ('Equals', ['10'], {8, 9, 16}),
        ('Equals', ['10.0'], set()), ('Equals', ['-1.5'], {11}),
        ('Equals', ['0.1'], {19}), ('Equals', ['true'], {12}),
        ('Equals', ['True'], set()), ('Equals', ['[1,2]'], {14}),
        ('Equals', ['[1, 2]'], set()), ('Equals', ['{"a":"b"}'], {15}),
        ('Equals', ['Zo\u00eb'], {2}), ('Equals', ['a b+c&d=e%'], {17}),
        ('Equals', ['\u65e5\u672c\u8a9e'], {18}),
        ('NotEquals', ['gold'], EVERY - {0}),
        ('NotEquals', ['10'], EVERY - {8, 9, 16}),
        ('In', ['9', '-1.5', 'gold', 'nobody'], {0, 10, 11}),
        ('in', ['gold'], {0}),
        ('NotIn', ['9', 'gold'], EVERY - {0, 10}),
        ('Contains', ['ol'], {0, 1}), ('Contains', ['1'], {8, 9, 11, 14, 16,
                                                          19}),
        ('Contains', ['\u00eb'], {2}), ('Contains', ['['], {6, 14}),
        ('Contains', ['b+c&d'], {17}),
        ('StartsWith', ['go'], {0}), ('StartsWith', ['1'], {8, 9, 16}),
        ('StartsWith', ['\u65e5'], {18}), ('StartsWith', ['-'], {11}),
        ('EndsWith', ['old'], {0, 1}), ('EndsWith', ['}'], {7, 15}),
        ('EndsWith', ['e'], {12, 13}), ('endswith', ['goldgold'], set()),
        ('IsEmpty', [], EMPTY), ('ISNOTEMPTY', [], EVERY - EMPTY),
        ('IsEmpty', [''], EMPTY)]:
    finds(where(V, op, *values), wanted)
finds(where('metadata.a.b', 'Equals', '7'), {7})
finds(where('metadata.nobody', 'IsEmpty'), EVERY)
finds(where('metadata.nobody', 'NotEquals', 'x'), EVERY)
finds(where('metadata.nobody', 'Contains', 'x'), set())
for op, values, wanted in [
        ('Equals', ['n07'], {7}), ('Equals', ['N07'], set()),
        ('NotEquals', ['n07'], EVERY - {7}),
        ('In', ['n07', 'n08', 'x'], {7, 8}),
        ('NotIn', ['n07', 'n08'], EVERY - {7, 8}),
        ('Contains', ['0'], set(range(11))), ('Contains', ['n1'],
                                              set(range(10, 20))),
        ('StartsWith', ['n1'], set(range(10, 20))),
        ('StartsWith', ['1'], set()), ('EndsWith', ['9'], {9, 19}),
        ('IsEmpty', [], set()), ('IsNotEmpty', [], EVERY)]:
    finds(where('identifiers.n', op, *values), wanted)
finds(where('identifiers.nobody', 'IsEmpty'), EVERY)
finds(where('id', 'Equals', ids[3]), {3})
finds(where('id', 'In', ids[3], ids[4]), {3, 4})
finds(where('id', 'StartsWith', ids[5][:6]),
      {n for n in EVERY if ids[n].startswith(ids[5][:6])})
finds(where('id', 'NotEquals', ids[3]), EVERY - {3})
finds(where('id', 'IsEmpty'), set())
finds(where('passType', 'NotIn', 'loyalty', 'x'), EVERY)
for op, values, wanted in [
        ('Equals', ['apple'], set()), ('In', ['google', 'apple'], set()),
        ('Contains', ['windows'], set()), ('NotEquals', ['apple'], EVERY),
        ('NotIn', ['windows'], EVERY), ('IsEmpty', [], EVERY),
        ('IsNotEmpty', [], set())]:
    finds(where('installationStatus', op, *values), wanted)
finds(where(V, 'Contains', 'o', i=7) + where(V, 'NotEquals', 'gold', i=2), {
    1, 2})

# -- dates are instants ------------------------------------------------------
created = [api.raw(id)['creationDate'] for id in ids]
same = {n for n in EVERY if created[n] == created[9]}
moment = datetime.datetime.fromisoformat(created[9].replace('Z', '+00:00'))
east = moment.astimezone(datetime.timezone(datetime.timedelta(hours=5,
                                                              minutes=30)))
bare = moment.replace(tzinfo=None).isoformat(timespec='milliseconds')
for date in created[9], east.isoformat(timespec='milliseconds'), bare:
    finds(where('creationDate', 'Equals', date), same)
    finds(where('creationDate', 'NotIn', date, '2001-01-01'), EVERY - same)
finds(where('creationDate', 'StartsWith', created[9][:4]),
      {n for n in EVERY if created[n][:4] == created[9][:4]})
finds(where('lastUpdateDate', 'IsNotEmpty'), EVERY)

# -- orders -------------------------------------------------------------------
ORDER = [[11], [19], [10], [8, 9], [16], [1], [2], [14], [6], [17], [13],
         [0], [12], [15], [7], [18]]


def in_order(groups):
    return [n for group in groups + [[3, 4, 5]]
            for n in sorted(group, key=lambda n: ids[n])]


for up in None, '0', 'ASC', 'asc':
    equal(f'up: {up}', listed(by(V, up)), in_order(ORDER))
for down in '1', 'DESC', 'Desc':
    equal(f'down: {down}', listed(by(V, down)), in_order(ORDER[::-1]))
equal('by id', listed(by('id')), sorted(EVERY, key=lambda n: ids[n]))
equal('by id, down', listed(by('id', 'DESC')),
      sorted(EVERY, key=lambda n: ids[n], reverse=True))
equal('by identifier, down', listed(by('identifiers.n', '1')),
      sorted(EVERY, reverse=True))
equal('without an order: by creation, then id', listed([]),
      sorted(EVERY, key=lambda n: (created[n], ids[n])))
equal('missing everywhere: by id', listed(by('apple', 'DESC')),
      sorted(EVERY, key=lambda n: ids[n]))
equal('keys by their index, not their place',
      listed(by('identifiers.n', 'DESC', i=8) + by('passType', i=3)),
      sorted(EVERY, reverse=True))
equal('three keys', listed(by('passType', i=0) + by('google', '1', i=1) +
                           by('metadata.a.b', '1', i=2)),
      sorted(EVERY, reverse=True))

# -- pages --------------------------------------------------------------------
pages = []
for index in range(4):
    answer = api.get('', by('identifiers.n') + ONLY + [
        ('pageIndex', index), ('pageSize', 7)])
    pages += [ids.index(row['id']) for row in answer.json]
    for rel, there in [('first', True), ('last', True), ('prev', index > 0),
                       ('next', index < 2)]:
        check(f'page {index}: {rel}', (f'rel="{rel}"' in answer.header(
            'Link')) == there, answer.header('Link'))
equal('pages one after the other', pages, sorted(EVERY))
for index in '3', '2147483647', '999999999999999':
    answer = api.get('', ONLY + [('pageIndex', index), ('pageSize', 1000)])
    equal(f'page {index}', (answer.status, answer.body, answer.header(
        'x-pagination-total')), (200, b'[]', '20'))
row = api.get('', where('identifiers.n', 'Equals', 'n00')).json[0]
equal('a row', sorted(row), [
    'additionalData', 'creationDate', 'id', 'identifiers', 'lastUpdateDate',
    'metadata', 'passType', 'providers', 'secret'])
raw = '?filter%5B0%5D%2Efield=identifiers.n&filter%5b0%5d.value=n07'
equal('percent-encoded names', [r['id'] for r in api.send('GET', raw).json],
      [ids[7]])

# -- what is refused, and where -------------------------------------------------
for query, word in [
        (where('points', 'Equals', 'x'), 'filter[0].field'),
        (where('PassType', 'Equals', 'x', i=4), 'filter[4].field'),
        (where('metadata.', 'Equals', 'x'), 'filter[0].field'),
        (where('apple', 'IsEmpty'), 'filter[0].field'),
        ([('filter[6].value', 'x')], 'filter[6].field'),
        (where(V, 'Like', 'x', i=2), 'filter[2].operator'),
        (where(V, 'Equals', i=2), 'filter[2].value'),
        (where(V, i=2), 'filter[2].value'),
        (where(V, 'In', i=2), 'filter[2].value'),
        (where(V, 'Equals', 'a', 'b', i=11), 'filter[11].value'),
        (where(V, 'Contains', 'a', 'b'), 'filter[0].value'),
        (where(V, 'IsEmpty', 'a', 'b'), 'filter[0].value'),
        (where('creationDate', 'Equals', 'today', i=1), 'filter[1].value'),
        (where('creationDate', 'In', '2026-02-30', i=1), 'filter[1].value'),
        (where('installationStatus', 'StartsWith', 'a'), 'filter[0].operator'),
        (where('installationStatus', 'EndsWith', 'a'), 'filter[0].operator'),
        ([('filter[0].fields', 'id')], 'filter[0].fields'),
        ([('filter[x].field', 'id')], 'filter[x].field'),
        ([('filter[-1].field', 'id')], 'filter[-1].field'),
        ([pair for i in range(21) for pair in where(V, 'Equals', 'x', i=i)],
         'filter[20]'),
        (where(V, 'In', *[str(n) for n in range(1001)]), 'filter[0]'),
        (by('installationStatus', i=1), 'sortBy[1].field'),
        (by('nobody', i=1), 'sortBy[1].field'),
        ([('sortBy[5].direction', 'ASC')], 'sortBy[5].field'),
        (by('id', 'up', i=2), 'sortBy[2].direction'),
        (by('id', '2'), 'sortBy[0].direction'),
        ([pair for i in range(4) for pair in by('id', i=i)], 'sortBy[3]'),
        ([('pageSize', '0')], 'pageSize'), ([('pageSize', '1001')], 'pageSize'),
        ([('pageSize', 'x')], 'pageSize'), ([('pageIndex', '-1')], 'pageIndex'),
        ([('pageIndex', '1.5')], 'pageIndex')]:
    answer = api.get('', query)
    problem(f'{query[:3]}', answer, 400, word)
equal('twenty filters do', listed([
    pair for i in range(19) for pair in where(V, 'NotEquals', 'x', i=i)]),
    listed([]))
equal('a thousand values do', api.get('', where(V, 'In', *[
    str(n) for n in range(1000)])).status, 200)

# -- a change, a conversion, a removal show at once ------------------------------
for value, text in (5, '5'), ('five', 'five'), ([5], '[5]'), (False, 'false'):
    answer = api.patch(f'/{ids[0]}', {'additionalData': {'v': value}})
    equal(f'patch {value}', answer.status, 200)
    check(f'found by {text}', 0 in listed(where(V, 'Equals', text)), text)
    check('and no more by what it was', 0 not in listed(
        where(V, 'Equals', 'gold')))
answer = api.patch(f'/{ids[0]}', {'additionalData': {'v': None}})
finds(where(V, 'IsEmpty'), EMPTY | {0})
summary()
