"""Tampering with what is signed, and signing it anew: by a stranger, or by whoever has the site's key."""

from __future__ import annotations

import json
from typing import Any

from evidence_export.bag import canonical, layout, releases
from tests.fuzz.forms import manifest_of, stranger
from tests.fuzz.mutators import Must, Mutation, Work, mutator

_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53 - 1,
    -(2**53 - 1),
    "",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    {"known": False},
    "\x1b[2J",
    "2026-99-99T99:99:99.000000000Z",
    "0" * 64,
    "data/clip.mp4",
    "../../etc/passwd",
    "\ud83d\ude00",
    "-0.0",
    "1e999",
    "NaN",
    "0001-01-01T00:00:00.000000000Z",
    "9999-12-31T23:59:59.999999999Z",
    "0.1",
    "-5",
    {"known": True},
    [0] * 300,
]
_DEEP = canonical.MAX_DEPTH


@mutator
def signed_by_a_stranger(work: Work) -> Mutation | None:
    """The whole bundle, unchanged, under another key."""
    work.form.sign_anew(work.bundle, stranger())
    return work.done(Must.UNVOUCHED, "signed by a stranger")


@mutator
def forged_by_a_stranger(work: Work) -> Mutation | None:
    """A file replaced, one statement changed, and all of it signed by another key."""
    return _signed(work, Must.UNVOUCHED)


@mutator
def forged_with_the_key(work: Work) -> Mutation | None:
    """The same by somebody who has the site's key: readers must endure it."""
    return _signed(work, Must.ENDURE)


@mutator
def reordered_lists(work: Work) -> Mutation | None:
    """A list of the signed manifest in another order, signed by another key."""

    def edit(case: dict[str, Any]) -> None:
        lists = [value for value in _holders(case) if isinstance(value, list) and len(value) > 1]
        work.dice.shuffle(work.dice.choice(lists))

    return _with(work, edit, Must.UNVOUCHED, "lists re-ordered")


@mutator
def signed_garbage(work: Work) -> Mutation | None:
    """Bytes that are no manifest, validly signed by the site's key: nothing may be made of them."""
    data = (work.bundle / work.form.kind.manifest).read_bytes()
    root = json.loads(data)
    first = next(iter(root))
    twice = data[:-1] + b"," + json.dumps(first).encode() + b":" + json.dumps(root[first]).encode() + b"}"
    spaced = json.dumps(root, ensure_ascii=False, sort_keys=True).encode()
    garbage = work.dice.choice(
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"0",
            b'"x"',
            b"\x00" * 64,
            b"\xff\xfe",
            b"\xef\xbb\xbf" + data,
            data + b"\n",
            spaced,
            b"[" * 100_000 + b"]" * 100_000,
            b'{"a":' * 50_000 + b"0" + b"}" * 50_000,
            b"{" + b",".join(b'"%x":0' % number for number in range(60_000)) + b',"0":0}',
            b'{"a":NaN}',
            b'{"a":Infinity}',
            twice,
            b'{"a":1.0}',
            b'{"a":1e400}',
            b'{"a":' + b"9" * 6000 + b"}",
            data.replace(b'"', b"'"),
            data.replace(b",", b",\r\n"),
            b'{"a":"\xed\xa0\x80"}',
            b'{"a":"\\ud800"}',
            data[: len(data) // 2],
            data.replace(b'"known":false', b'"known":0'),
            b" " * (1 << 20),
            b'{"\xd0\xb0":1}',
            data.replace(b"streetproof", b"str\xc3\xa9etproof", 1),
        ]
    )
    if garbage == data:
        return None
    work.form.sign_bytes(work.bundle, work.form.keys, garbage)
    return work.done(Must.REFUSE, f"signed garbage {garbage[:30]!r}", work.form.kind.manifest)


@mutator
def beyond_the_certificate(work: Work) -> Mutation | None:
    """Sealed long after its certificate ended."""
    if work.form.keys.certificate is None:
        return None

    def edit(case: dict[str, Any]) -> None:
        case["seal"]["sealed_at"] = work.dice.choice(
            ["2099-01-01T00:00:00.000000000Z", "1999-01-01T00:00:00.000000000Z"]
        )

    return _with(work, edit, Must.REFUSE, "sealed outside the certificate's time", key="own")


@mutator
def another_authoritys_certificates(work: Work) -> Mutation | None:
    """All certificates replaced by those of another authority, listed and signed by the site's key."""
    if work.form.keys.certificate is None or layout.CA_CERTIFICATE not in work.form.spare:
        return None
    names = [name for name in layout.KEY_FILES if (work.bundle / name).exists() and name != layout.SECOND_KEY]
    for name in work.dice.sample(names, work.dice.randint(1, len(names))):
        (work.bundle / name).write_bytes(work.form.spare[name])
    from tests.evidence_export.helpers import resign

    resign(work.bundle, work.form.keys)
    return work.done(Must.REFUSE, "certificates of another authority")


@mutator
def ledger_parts(work: Work) -> Mutation | None:
    """Of a release, the parts that come from the ledger and from the authority, replaced by whoever has the key."""
    if work.form.kind.manifest != layout.RELEASE:
        return None
    spare = work.form.spare

    def put(name: str, data: bytes) -> None:
        (work.bundle / name).write_bytes(data)

    entries = json.loads((work.bundle / releases.ENTRIES).read_bytes())
    proven = entries["entries"]
    match work.dice.randrange(8):
        case 0:
            put(releases.TOKEN, spare["token"])
            what, culprit = "a token over something else", releases.TOKEN
        case 1:
            put(releases.TOKEN, spare["token of another"])
            what, culprit = "a token of another authority", releases.TOKEN
        case 2:
            proven.reverse()
            put(releases.ENTRIES, canonical.dumps(entries))
            what, culprit = "entries in another order", releases.ENTRIES
        case 3:
            one, two = work.dice.sample(range(len(proven)), 2)
            proven[one]["proof"], proven[two]["proof"] = proven[two]["proof"], proven[one]["proof"]
            put(releases.ENTRIES, canonical.dumps(entries))
            what, culprit = "proofs of other entries", releases.ENTRIES
        case 4:
            put(releases.CHECKPOINT, spare["checkpoint"])
            what, culprit = "an older checkpoint", None
        case 5:
            del proven[work.dice.randrange(len(proven))]
            put(releases.ENTRIES, canonical.dumps(entries))
            what, culprit = "an entry left out", None
        case 6:
            proven[0]["seq"], proven[1]["seq"] = proven[1]["seq"], proven[0]["seq"]
            put(releases.ENTRIES, canonical.dumps(entries))
            what, culprit = "numbers of entries swapped", releases.ENTRIES
        case _:
            one = work.dice.choice(proven)
            one["entry"] = one["entry"].replace("2026", "2025", 1)
            put(releases.ENTRIES, canonical.dumps(entries))
            what, culprit = "an entry at another time", releases.ENTRIES
    work.form.sign_anew(work.bundle, work.form.keys)
    return work.done(Must.REFUSE, what, culprit)


@mutator
def withheld_and_carried(work: Work) -> Mutation | None:
    """A release that says it withholds a file, and carries it under another name."""
    if work.form.kind.manifest != layout.RELEASE:
        return None
    case = json.loads((work.bundle / releases.CASE / layout.CASE).read_bytes())
    hidden = next(one for one in case["files"] if one["path"].startswith("data/stills/"))
    (work.bundle / releases.MASKED).mkdir(exist_ok=True)
    (work.bundle / releases.CASE / hidden["path"]).rename(work.bundle / releases.MASKED / "other.png")

    def edit(root: dict[str, Any]) -> None:
        root["withheld"] = [{"path": hidden["path"], "sha256": hidden["sha256"], "why": "bystanders"}]

    return _with(work, edit, Must.REFUSE, "a withheld file smuggled back in", key="own")


def _signed(work: Work, must: Must) -> Mutation | None:
    def edit(case: dict[str, Any]) -> None:
        for _ in range(work.dice.choice([1, 1, 1, 2, 5])):
            change(work, case)

    return _with(work, edit, must, "a statement changed", key="own" if must is Must.ENDURE else "stranger")


def _with(work: Work, edit: Any, must: Must, what: str, key: str = "stranger") -> Mutation | None:
    keys = work.form.keys if key == "own" else stranger()
    before = manifest_of(work.form, work.bundle)
    try:
        work.form.sign_anew(work.bundle, keys, edit)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None  # the edit hit what the forger's own tool needs, or cannot be written as canonical JSON
    if manifest_of(work.form, work.bundle) == before:
        return None
    return work.done(must, what)


def _holders(value: Any) -> list[Any]:
    """All objects and lists within, and itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(one for item in inner if isinstance(item, dict | list) for one in _holders(item))]


def change(work: Work, case: dict[str, Any]) -> None:
    """One random change of parsed JSON."""
    dice = work.dice
    holders = [one for one in _holders(case) if one]
    holder = dice.choice(holders)
    place = dice.choice(list(holder)) if isinstance(holder, dict) else dice.randrange(len(holder))
    match dice.randrange(7):
        case 0 | 1:
            holder[place] = dice.choice(_VALUES)
        case 2:
            other = dice.choice(holders)
            holder[place] = json.loads(
                json.dumps(dice.choice(list(other.values()) if isinstance(other, dict) else other))
            )
        case 3:
            del holder[place]
        case 4 if isinstance(holder, list):
            holder.append(json.loads(json.dumps(holder[place])))
        case 5:
            deep: Any = 0
            for _ in range(dice.choice([3, _DEEP - 8])):
                deep = dice.choice([[deep], {"a": deep}])
            holder[place] = deep
        case _:
            value = holder[place]
            if isinstance(value, bool):
                holder[place] = not value
            elif isinstance(value, int):
                holder[place] = dice.choice([value + 1, value - 1, -value, value * 2])
            elif isinstance(value, str) and value:
                at = dice.randrange(len(value))
                holder[place] = value[:at] + dice.choice("0aZ-./ \u202e") + value[at + 1 :]
