"""What the ledger of a release tells, told otherwise by whoever holds its key: proven and signed throughout."""

from __future__ import annotations

import json
from typing import Any

from evidence_export.bag import canonical, layout, releases
from evidence_export.ledger import tree
from evidence_export.ledger.checkpoint import Checkpoint, read_note, signed
from evidence_export.ledger.entry import Entry, Happening, Kind, read_entry
from evidence_export.ledger.tree import Hash
from tests.fuzz.mutators import Must, Mutation, Work, mutator
from tests.fuzz.of_manifests import change

_BY = {"name": "李明", "licence": "33010012"}
_STEPS: tuple[dict[str, Any], ...] = (
    {"step": "exhibit", "sha256": "0" * 64, "origin": "o", "relation": "r"},
    {"step": "notice", "served_at": "2026-03-04T09:00:00+08:00", "document": "告知书"},
    {"step": "order", "deadline": "2026-03-04T09:00:00+08:00", "document": "通知书"},
    {
        "step": "recheck",
        "verdict": "not_corrected",
        "seen_at": "2026-03-05T09:00:00+08:00",
        "evidence_sha256": "1" * 64,
    },
    {"step": "statement", "said": "无", "waived": True},
    {"step": "decide", "second": {"name": "王芳", "licence": "33010027"}, "document": "决定书"},
    {"step": "reject", "reason": "other", "note": "没有理由没有理由"},
    {"step": "close", "why": "办结"},
    {"step": "no such step"},
    {"step": "exhibit", "origin": "o", "relation": "r"},
    {"step": "exhibit", "sha256": 7},
    {"step": "decide", "second": []},
    {"step": ["review"]},
)


@mutator
def statements_of_the_ledger(work: Work) -> Mutation | None:
    """Steps and other entries of any content: readers must endure them, whatever they make of them."""
    if work.form.kind.manifest != layout.RELEASE:
        return None
    entries = json.loads((work.bundle / releases.ENTRIES).read_bytes())
    told = [read_entry(one["entry"].encode()).happening for one in entries["entries"]]
    sha256 = json.loads((work.bundle / layout.RELEASE).read_bytes())["case"]["manifest_sha256"]
    for _ in range(work.dice.randint(0, 3)):
        step = {**work.dice.choice(_STEPS), "at": "2026-03-06T09:00:00+08:00", "by": _BY}
        data: dict[str, Any] = {"manifest_sha256": sha256, "step": step}
        told.append(Happening(Kind.CASE_STEP, "2026-03-06T01:00:00Z", "李明", told[0].about, data))
    for _ in range(work.dice.randint(0, 3)):
        number = work.dice.choice([len(told) - 1, work.dice.randrange(len(told))])
        one = told[number]
        data = json.loads(json.dumps(one.data))
        inner = data.get("step")
        change(work, inner if isinstance(inner, dict) and inner and work.dice.random() < 0.7 else data)
        told[number] = Happening(work.dice.choice([one.kind] * 4 + list(Kind)), one.at, one.by, one.about, data)
    try:
        _entered(work, told, entries)
        work.form.sign_anew(work.bundle, work.form.keys, lambda root: _restated(root, len(told)))
    except (ValueError, TypeError, KeyError):
        return None  # nothing that an entry can hold
    return work.done(Must.ENDURE, "entries told otherwise")


def _entered(work: Work, told: list[Happening], entries: dict[str, Any]) -> None:
    """As a ledger that holds nothing else; the time stamp over the true one goes."""
    written = [Entry(number, one).to_bytes() for number, one in enumerate(told)]
    leaves = [tree.leaf_hash(one) for one in written]

    def lookup(level: int, number: int) -> Hash:
        if level == 0:
            return leaves[number]
        return tree.node_hash(lookup(level - 1, 2 * number), lookup(level - 1, 2 * number + 1))

    before = read_note((work.bundle / releases.CHECKPOINT).read_bytes()).checkpoint
    checkpoint = Checkpoint(before.origin, len(told), tree.root(len(told), lookup), before.at)
    (work.bundle / releases.CHECKPOINT).write_bytes(signed(checkpoint, work.form.keys.first))
    proofs = [
        {
            "seq": number,
            "entry": one.decode(),
            "proof": [value.hex() for value in tree.inclusion_proof(number, len(told), lookup)],
        }
        for number, one in enumerate(written)
    ]
    (work.bundle / releases.ENTRIES).write_bytes(canonical.dumps({**entries, "entries": proofs}))
    for name in releases.STAMP:
        (work.bundle / name).unlink(missing_ok=True)


def _restated(root: dict[str, Any], size: int) -> None:
    root["ledger"] |= {"size": size, "entries": size, "time_stamp": None}
