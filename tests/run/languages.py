"""A pass type in five languages: `make FOLDER` writes its texts, `check FOLDER
PASS` reads an unpacked pass as a phone of each language does."""
import json
import os
import re
import sys

TEXTS = {
    "en": {"title": "Member card", "tier": "Level", "gold": "Gold",
           "points": "Points", "changed": "You have %@ points",
           "terms": "One point for each euro.\nSay \"Acme\" \\ at the till.",
           "same": "OK", "spare": "Only in English"},
    "fr": {"title": "Carte de fidélité", "tier": "Statut", "gold": "Or",
           "points": "Points", "changed": "Vous avez %@ points",
           "terms": "Un point par euro dépensé.\nDites « Acme » à la caisse.",
           "same": "OK"},
    "de": {"title": "Kundenkarte", "tier": "Stufe", "gold": "Gold",
           "points": "Punkte", "changed": "Sie haben %@ Punkte",
           "terms": "Ein Punkt je Euro.\nSagen Sie „Acme“ an der Kasse; 100 %.",
           "same": "OK"},
    "es": {"title": "Tarjeta de socio", "tier": "Nivel", "gold": "Oro",
           "points": "Puntos", "changed": "Tiene %@ puntos", "same": "OK"},
    "ar": {"title": "بطاقة العضوية", "tier": "المستوى", "gold": "ذهبي",
           "points": "النقاط", "changed": "لديك %@ نقطة",
           # marks of direction, digits of both kinds, a Latin name inside
           "terms": "نقطة واحدة لكل يورو (١ = 1)\u200f.\n"
                    "قل \u2068\"Acme\"\u2069 عند الدفع\u200f!",
           "same": "OK"},
}
TYPE = """kind: customerCard
card:
  organization: Acme
  title: "{{ $text.title }}"
  description: "{{ $text.title }}"
  header:
    - { key: points, label: "{{ $text.points }}", value: 7,
        changeMessage: "{{ $text.changed }}" }
  primary:
    - { key: tier, label: "{{ $text.tier }}", value: "{{ $text.gold }}" }
  secondary:
    - { key: name, label: "{{ $text.same }}", value: "{{ .additionalData.name }}" }
  back:
    - { key: terms, label: "{{ $text.title }} / Acme", value: "{{ $text.terms }}" }
    - { key: spare, label: "{{ $text.spare }}", value: "{{ $text.spare }}" }
  barcode: { format: qr, message: "Gold" }
  images: { icon: icon.png }
"""
NAME = "Gold"  # of a person: it is no text of ours


def make(folder):
    for language, texts in TEXTS.items():
        path = os.path.join(folder, language + ".yml")
        with open(path, "w", encoding="utf-8") as out:
            for key, text in texts.items():
                # a string of JSON is one of YAML
                out.write(f"{key}: {json.dumps(text, ensure_ascii=False)}\n")
    with open(folder + ".yml", "w", encoding="utf-8") as out:
        out.write(TYPE)


def read_strings(path):
    """Apple, "Adding localization support": "key" = "text"; with escapes."""
    with open(path, "rb") as f:
        text = f.read().decode("utf-8")
    quoted = r'"((?:[^"\\\n]|\\.)*)"'
    line = re.compile(quoted + " = " + quoted + r";\n")
    plain = {"n": "\n", "r": "\r"}
    out, at = {}, 0
    while at < len(text):
        m = line.match(text, at)
        assert m, (path, text[at:at + 60])
        key, value = (re.sub(r"\\(.)", lambda e: plain.get(e[1], e[1]), s)
                      for s in m.groups())
        assert key not in out, (path, key)
        out[key] = value
        at = m.end()
    return out


def shown(folder, language):
    """What a phone of that language shows, by name."""
    path = os.path.join(folder, language + ".lproj", "pass.strings")
    strings = read_strings(path) if os.path.exists(path) else {}
    with open(os.path.join(folder, "pass.json"), encoding="utf-8") as f:
        tree = json.load(f)

    def say(text):
        # without strings the key itself is shown, what tells it from another
        # key of the same letters is not
        return strings.get(text, text.replace("\u2060", ""))
    out = {"logoText": say(tree["logoText"]),
           "description": say(tree["description"]),
           "organizationName": say(tree["organizationName"]),
           "barcode": tree["barcodes"][0]["message"]}
    for fields in tree["storeCard"].values():
        for f in fields:
            if f["key"] == "passwright.message":  # there is none yet
                assert f["changeMessage"] == "%@", f
                continue
            for member in ("label", "value", "changeMessage"):
                if member in f:
                    out[f["key"] + "." + member] = say(f[member]) \
                        if isinstance(f[member], str) else f[member]
    return out


def wanted(language):
    text = {**TEXTS["en"], **TEXTS.get(language, {})}
    return {
        "logoText": text["title"], "description": text["title"],
        "organizationName": "Acme", "barcode": "Gold",
        "points.label": text["points"], "points.value": 7,
        "points.changeMessage": text["changed"],
        "tier.label": text["tier"], "tier.value": text["gold"],
        "name.label": "OK", "name.value": NAME,
        "terms.label": text["title"] + " / Acme", "terms.value": text["terms"],
        "spare.label": text["spare"], "spare.value": text["spare"],
    }


def check(folder, languages):
    for language in languages:
        got, want = shown(folder, language), wanted(language)
        for name in sorted(set(got) | set(want)):
            if got.get(name) != want.get(name):
                sys.exit(f"{language}: {name}: {got.get(name)!r}, "
                         f"wanted {want.get(name)!r}")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        check(sys.argv[2], sys.argv[3:])
