"""Pass types of every kind, for the pages: view_tenant.py TENANT URL"""
import os
import shutil
import struct
import sys
import zlib

tenant, url = sys.argv[1:]
passes = os.path.join(tenant, 'server', 'passes')
path = os.path.join(tenant, 'tenant.yml')
text = open(path, encoding='utf-8').read()
text = text.replace('https://wallet.example.org', url)
text = text.replace('[en, fr]', '[en, fr, ar]')
text += '''google: { issuerId: "3388000000012345678", serviceAccount: secrets/google.json }
'''
open(path, 'w', encoding='utf-8').write(text)
open(os.path.join(tenant, 'secrets', 'google.json'), 'w').write('{}')

TYPES = {
    'ticket': '''kind: eventTicket
layout: tickets
card:
  organization: Harbour Hall
  title: Harbour Hall
  description: Concert ticket
  colors: { background: "#3d1f4e", foreground: "#ffffff", label: "#e2b8f5" }
  header: [ { key: gate, label: Gate, value: C } ]
  primary: [ { key: event, label: Event, value: "{{ .additionalData.event // \\"The Northern Lights Orchestra\\" }}" } ]
  secondary: [ { key: date, label: Date, value: "2027-03-12T19:30+01:00", dateStyle: PKDateStyleMedium, timeStyle: PKDateStyleShort }, { key: venue, label: Venue, value: Great Room } ]
  auxiliary: [ { key: row, label: Row, value: "12" }, { key: seat, label: Seat, value: "7" }, { key: door, label: Doors, value: "18:45" } ]
  back: [ { key: terms, label: Terms, value: "Keep it ready at the door." } ]
  barcode: { format: aztec, message: "TICKET-{{ .id | length }}-0007", altText: "0007" }
  images: { icon: icon.png, thumbnail: face.png }
''',
    'coupon': '''kind: offer
card:
  organization: Corner Bakery
  title: Corner Bakery
  description: Coupon
  colors: { background: "#c2410c", foreground: "#ffffff", label: "#ffe4d1" }
  primary: [ { key: offer, label: any cake this week, value: "20 % off" } ]
  auxiliary: [ { key: expires, label: Expires, value: "2027-01-31T23:59+01:00", dateStyle: PKDateStyleMedium, timeStyle: PKDateStyleNone }, { key: code, label: Code, value: CAKE20 } ]
  barcode: { format: pdf417, message: "CAKE20-CORNER-BAKERY" }
  images: { icon: icon.png, strip: strip.png }
''',
    'flight': '''kind: boardingPass
card:
  organization: Fjord Air
  title: Fjord Air
  description: Boarding pass
  colors: { background: "#0b5c7a", foreground: "#ffffff", label: "#bfe6f4" }
  header: [ { key: gate, label: Gate, value: B12 } ]
  primary: [ { key: from, label: Bergen, value: BGO }, { key: to, label: Lisbon, value: LIS } ]
  auxiliary: [ { key: flight, label: Flight, value: FJ 204 }, { key: boards, label: Boards, value: "09:40" }, { key: seat, label: Seat, value: 14C } ]
  secondary: [ { key: passenger, label: Passenger, value: "{{ .additionalData.name // \\"Ada Larsen\\" }}" }, { key: class, label: Class, value: Economy } ]
  barcode: { format: pdf417, message: "M1LARSEN/ADA EABC123 BGOLISFJ 0204 071Y014C0025 100" }
  images: { icon: icon.png, logo: logo.png }
''',
    'member': '''kind: generic
card:
  organization: City Library
  title: City Library
  description: Library card
  colors: { background: "#f4efe6", foreground: "#22301f", label: "#5d6f4f" }
  header: [ { key: level, label: Level, value: Adult } ]
  primary: [ { key: name, label: Member, value: "{{ .additionalData.name // \\"Noor Haddad\\" }}" } ]
  secondary: [ { key: since, label: Member since, value: "2019" }, { key: number, label: Number, value: "40 118 233" } ]
  barcode: { format: code128, message: "40118233", altText: "40 118 233" }
  images: { icon: icon.png, thumbnail: face.png }
''',
    'old': '''kind: generic
card:
  title: Old card
  description: Old card
  voided: "{{ .additionalData.void // false }}"
  expirationDate: "{{ .additionalData.expires }}"
  primary: [ { key: name, label: Member, value: x } ]
  barcode: { format: qr, message: "old" }
  images: { icon: icon.png }
''',
}


def png(size):
    """A portrait of a sort: a light disc on a dark ground."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    rows = b''
    for y in range(size):
        rows += b'\0'
        for x in range(size):
            far = (x - size / 2) ** 2 + (y - size / 2) ** 2 > size * size / 8
            rows += bytes((120, 98, 160) if far else (236, 220, 190))
    return (b'\x89PNG\r\n\x1a\n' +
            chunk(b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


for name, yml in TYPES.items():
    with open(os.path.join(passes, name + '.yml'), 'w', encoding='utf-8') as f:
        f.write(yml)
    shutil.copytree(os.path.join(passes, 'loyalty'), os.path.join(passes, name),
                    ignore=shutil.ignore_patterns('*.yml'))
    for scale in (1, 2, 3):
        part = '' if scale == 1 else f'@{scale}x'
        with open(os.path.join(passes, name, f'face{part}.png'), 'wb') as f:
            f.write(png(90 * scale))
with open(os.path.join(passes, 'loyalty', 'ar.yml'), 'w', encoding='utf-8') as f:
    f.write('''title: مكافآت ديمو
description: بطاقة ولاء
points: النقاط
pointsChanged: "لديك %@ نقطة"
tier: المستوى
termsLabel: الشروط
terms: نقطة واحدة لكل يورو.
''')
