"""From a bundle, and the data folder that it lies in, to the papers of its case."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509

from evidence_export.bag import timestamp
from evidence_export.dossier import CustodyEntry, Dossier, LedgerFacts, ShownExhibit
from evidence_export.dossier.told import text
from evidence_export.keys import SealingKeys, open_keys
from evidence_export.keys.opening import KeySpec
from evidence_export.ledger.checkpoint import Note, read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.procedure.naming import NAMES, VERDICTS
from evidence_export.procedure.procedure import Procedure
from evidence_export.procedure.steps import Exhibit
from evidence_export.words import Said
from streams.instant import from_datetime, iso_utc
from streetproof.access.purposes import REASONS
from streetproof.errors import StreetproofError
from streetproof.keys import default_key
from streetproof.procedures.taking import OpenCase, open_case
from streetproof.releases import exhibits
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger

_MOST_SHOWN = 64 << 20
_BEGINNINGS = (Kind.CASE_SEALED, Kind.CASE_IMPORTED)

_TOLD = {
    "release": Said("移送包", "release"),
    "profile": Said("范围", "profile"),
    "recipient": Said("接收单位", "to"),
    "purpose": Said("用途", "for"),
    "text": Said("", ""),
    "reason": Said("原因", "because"),
    "verdict": Said("结论", "outcome"),
    "recheck_sha256": Said("recheck.json", "recheck.json"),
    "manifest_sha256": Said("case.json", "case.json"),
}
"""What an entry may hold, and is shown of it."""
_WORDS = {
    "verdict": VERDICTS,
    "purpose": {str(reason): said for reason, said in REASONS.items()},
    "profile": {"full": Said("全卷", "full"), "outgoing": Said("对外", "outgoing")},
}
"""Of what holds one of a few values: what each is called."""


class PapersError(StreetproofError):
    """Papers that cannot be made as asked."""


def told(
    dossier: Dossier,
    data: Path,
    store: Store,
    ledger: SqlLedger,
    roots: Sequence[x509.Certificate] = (),
    case: OpenCase | None = None,
) -> Dossier:
    """The dossier with what a data folder and its ledger tell of the case. Raises StreetproofError.

    `roots`: of time-stamping authorities, without which time stamps are not believed. `case`: for whoever has just
    opened it.
    """
    case = case if case is not None else open_case(data, store, ledger, dossier.case_id)
    if case.manifest_sha256 != dossier.manifest_sha256:
        raise PapersError(
            "the data folder holds another bundle of this case",
            where=str(case.bundle),
            remedy="Make the papers of that one, or give the data folder that this one is from with --data",
        )
    entries = [(number, _happening(ledger, number)) for number in ledger.numbers_about(dossier.case_id)]
    photo = text(dossier.case, "camera", "register", "sign_photo_sha256")
    return replace(
        dossier,
        procedure=case.procedure,
        custody=tuple(_custody(number, one) for number, one in entries),
        ledger=_ledger(ledger, entries, roots),
        exhibits=tuple(_exhibit(one) for one in _exhibits(case.procedure)),
        sign_photo=None if photo is None else _kept(data, photo),
    )


def keys_for(dossier: Dossier, given: KeySpec | None) -> SealingKeys | None:
    """The keys to sign with: those given, else those that this machine has for the site of the case; None: it has none.

    Raises SigningKeyError, also where keys are of another site.
    """
    site = text(dossier.case, "site", "id") or ""
    if given is None:
        path = default_key(site)
        return open_keys(KeySpec(path, site=site)) if path.exists() else None
    spec = replace(given, path=given.path if given.path != Path() else default_key(site), site=site)
    if not spec.path.exists():
        raise PapersError(
            "there is no such key", where=str(spec.path), remedy="Name the folder that `streetproof keys init` made"
        )
    return open_keys(spec)


def _happening(ledger: SqlLedger, number: int) -> Happening:
    row = ledger.row(number)
    assert row is not None, "it was found a moment ago"
    return read_entry(row.entry).happening


def _custody(number: int, one: Happening) -> CustodyEntry:
    return CustodyEntry(one.at, one.by, str(one.kind), _detail(one.data), number)


def _detail(data: Any) -> Said:
    """What an entry holds, on one line: words as they are, hashes by their beginning."""
    step = data.get("step")
    if isinstance(step, dict):
        name = str(step.get("step", ""))
        return NAMES.get(name, Said.quoted(name))
    names = [name for name in _TOLD if data.get(name)]
    # Which bundle it was is the same each time: it is told where there is nothing else.
    found = [(_TOLD[name], _value(name, data[name])) for name in names if name != "manifest_sha256" or len(names) == 1]
    return Said(
        "；".join(f"{said.zh} {one.zh}".strip() for said, one in found),
        "; ".join(f"{said.en} {one.en}".strip() for said, one in found),
    )


def _value(name: str, value: object) -> Said:
    if name.endswith("sha256"):
        return Said.quoted(f"{str(value)[:16]}…")
    return _WORDS.get(name, {}).get(str(value), Said.quoted(str(value)))


def _ledger(
    ledger: SqlLedger, entries: Sequence[tuple[int, Happening]], roots: Sequence[x509.Certificate]
) -> LedgerFacts | None:
    """Where the seal stands, under the earliest stamped checkpoint that holds, else under the newest; None: nowhere."""
    first = next((number for number, one in entries if one.kind in _BEGINNINGS), None)
    newest = ledger.last_checkpoint()
    if first is None or newest is None or read_note(newest).checkpoint.size <= first:
        return None
    unchecked = False
    for data, token in ledger.stamps():
        note = read_note(data)
        if note.checkpoint.size <= first:
            continue
        unchecked = unchecked or not roots
        with suppress(ValueError):
            stamp = timestamp.read(token, data, roots) if roots else None
            if stamp is not None:
                return _facts(first, note, iso_utc(stamp.at_ns), stamp.authority)
    return replace(_facts(first, read_note(newest), None, None), stamp_unchecked=unchecked)


def _facts(first: int, note: Note, stamped_at: str | None, authority: str | None) -> LedgerFacts:
    one = note.checkpoint
    return LedgerFacts(first, one.size, one.root.hex(), one.origin, stamped_at, authority)


def _exhibits(procedure: Procedure) -> tuple[Exhibit, ...]:
    return (*procedure.evidence, *procedure.afterwards)


def _exhibit(one: Exhibit) -> ShownExhibit:
    return ShownExhibit(
        title=one.file or one.origin,
        sha256=one.sha256,
        origin=one.origin,
        who=one.taken_by or f"{one.by.name} {one.by.licence}",
        when=iso_utc(from_datetime(one.taken_at or one.at)),
        relation=one.relation,
    )


def _kept(data: Path, sha256: str) -> bytes | None:
    path = exhibits.found(data, sha256)
    if path is None or path.stat().st_size > _MOST_SHOWN:
        return None
    return path.read_bytes()
