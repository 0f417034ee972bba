# usage: unpack.py PKPASS DIR [OTHER]
# Unpacks a pass as strictly as a phone would, and compares it with another
# one of the same pass: all is the same but the signature.
import hashlib
import json
import os
import sys
import zipfile


def read(path):
    files = {}
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        assert z.comment == b''
        for i in z.infolist():
            assert i.compress_type == zipfile.ZIP_STORED, i
            assert not i.flag_bits & ~0x800, i  # no data descriptors
            assert i.filename not in files, i
            assert not i.is_dir() and not i.extra, i
            files[i.filename] = (z.read(i), i.date_time, i.external_attr)
    return files


files = read(sys.argv[1])
manifest = files['manifest.json'][0]
names = json.loads(manifest)
assert list(names) == sorted(names), names
assert set(names) == set(files) - {'manifest.json', 'signature'}, names
for name, digest in names.items():
    assert hashlib.sha1(files[name][0]).hexdigest() == digest, name
json.loads(files['pass.json'][0])
for name, (data, *_) in files.items():
    path = os.path.join(sys.argv[2], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
if len(sys.argv) > 3:
    other = read(sys.argv[3])
    assert list(other) == list(files)
    for name in files:
        assert (files[name] == other[name]) == (name != 'signature'), name
print(hashlib.sha256(manifest).hexdigest()[:40])
