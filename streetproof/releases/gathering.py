"""From a case in a data folder to a release of it: what the ledger holds, exhibits, recordings, papers, masked copies.

The release is entered in the ledger before it is made, so that it can carry the proof of that. A release that was
entered and then could not be finished stays in the ledger: it says that somebody set out to release the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_export.bag import releases
from evidence_export.case import Software
from evidence_export.keys import SealingKeys
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.steps import Exhibit
from evidence_export.release.carried import CarriedCase, opened
from evidence_export.release.interface import ExhibitFact, LedgerFacts, Part, Profile, ReleaseRequest
from evidence_export.release.making import Release, id_of, release
from evidence_export.release.proofs import Stamp, ledger_parts
from evidence_export.timestamp.interface import StampError
from streams.instant import from_datetime, iso_utc
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.ledgers.authority import HttpAuthority
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.procedures.taking import OpenCase, open_case
from streetproof.releases import exhibits
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.version import __version__

_CHECKED = frozenset({Kind.CASE_SEALED, Kind.CASE_IMPORTED})
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")


class ReleaseError(StreetproofError):
    """A release that cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to hand over, to whom and what for."""

    case_id: str
    profile: Profile
    recipient: str
    purpose: str
    by: tuple[str, str]
    """Name and licence of the officer."""
    with_recordings: bool = False


@dataclass(frozen=True, slots=True)
class Office:
    """Whoever releases. `tsa`: the time-stamping authority and its root certificates (PEM); None: there is none."""

    data: Path
    store: Store
    ledger: SqlLedger
    keys: SealingKeys
    site: tuple[str, str]
    tsa: tuple[HttpAuthority, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was done. `missing`: what a release may carry, and this one does not, in words."""

    release: Release
    missing: tuple[str, ...]


def make(asked: Asked, office: Office, out: Path, *, as_zip: bool = False) -> Gathered:
    """Make the release below `out`. Raises StreetproofError."""
    if asked.profile is Profile.OUTGOING and asked.with_recordings:
        raise ReleaseError(
            "an outgoing release carries no recordings: they show everybody who passed",
            where=asked.case_id,
            remedy="Leave --with-recordings out, or release the full case to a court",
        )
    Bookkeeper(office.store, office.ledger).enter()
    case = open_case(office.data, office.store, office.ledger, asked.case_id)
    carried = opened(case.bundle)
    facts, parts = _exhibits(office.data, case)
    recordings, missing = _recordings(office, carried) if asked.with_recordings else ([], [])
    missing += [f"{one.origin}: {one.sha256}" for one in facts if one.path is None]
    request = ReleaseRequest(
        case=carried.path,
        profile=asked.profile,
        recipient=asked.recipient,
        purpose=asked.purpose,
        by=asked.by,
        made_at=now(),
        software=Software("streetproof", __version__),
        site=office.site,
        parts=(*parts, *recordings, *carried.origin()),
        exhibits=facts,
    )
    ledger, proofs, unstamped = _enter(office, request, carried)
    missing += unstamped
    request = replace(request, ledger=ledger, parts=(*request.parts, *proofs))
    return Gathered(release(request, out, office.keys, as_zip=as_zip), tuple(missing))


def _enter(office: Office, request: ReleaseRequest, case: CarriedCase) -> tuple[LedgerFacts, list[Part], list[str]]:
    """Enter the release, sign a checkpoint over it, have that stamped where there is an authority, and prove all."""
    told = {
        "release": id_of(request, case),
        "profile": str(request.profile),
        "recipient": request.recipient,
        "purpose": request.purpose,
        "manifest_sha256": case.manifest_sha256,
    }
    name, licence = request.by
    at = iso_utc(request.made_at.utc_ns)
    ledger = Ledger(office.ledger)
    ledger.add([Happening(Kind.CASE_EXPORTED, at, f"{name} {licence}", case.case_id, dict(told))])
    note = ledger.checkpoint(office.keys.first, iso_utc(now().utc_ns))
    missing = []
    if office.tsa is not None:
        authority, _ = office.tsa
        try:
            office.ledger.add_stamp(note, authority.stamp(note))
        except StampError as error:
            # What was stamped before, if anything was, is carried all the same.
            missing.append(error.what)
    numbers = office.ledger.numbers_about(case.case_id)
    first = next((one for one in numbers if _kind(office.ledger, one) in _CHECKED), None)
    if first is None:
        raise ReleaseError(
            "the ledger does not know this case",
            where=case.case_id,
            remedy="`streetproof ledger check` says whether it was cut; without its seal in it, nothing can be proven",
        )
    stamp = _stamp_over(office, first)
    if stamp is None:
        missing.append("no time stamp covers the seal of this case yet")
    facts, parts = ledger_parts(ledger, [one for one in numbers if one >= first], note, stamp)
    return facts, parts, missing


def _kind(ledger: SqlLedger, number: int) -> Kind:
    row = ledger.row(number)
    assert row is not None, "it was found a moment ago"
    return read_entry(row.entry).happening.kind


def _stamp_over(office: Office, number: int) -> Stamp | None:
    """The earliest stamp that covers an entry: the nearer to the seal, the more it says."""
    if office.tsa is None:
        return None
    for note, token in office.ledger.stamps():
        if read_note(note).checkpoint.size > number:
            return Stamp(note, token, office.tsa[1])
    return None


def _exhibits(data: Path, case: OpenCase) -> tuple[list[ExhibitFact], list[Part]]:
    facts, parts = [], []
    procedure = case.procedure
    numbered = [(one, False) for one in procedure.evidence] + [(one, True) for one in procedure.afterwards]
    for number, (one, afterwards) in enumerate(numbered, start=1):
        source = exhibits.found(data, one.sha256)
        path = None if source is None else f"{releases.EXHIBITS}{_name(number, one.file or '')}"
        if source is not None and path is not None:
            parts.append(Part(path, "exhibit", source))
        facts.append(_fact(one, path, afterwards))
    return facts, parts


def _fact(one: Exhibit, path: str | None, afterwards: bool) -> ExhibitFact:
    return ExhibitFact(
        path=path,
        sha256=one.sha256,
        origin=one.origin,
        relation=one.relation,
        by=f"{one.by.name} {one.by.licence}",
        at=iso_utc(from_datetime(one.at)),
        after_decision=afterwards,
        file=one.file,
        taken_by=one.taken_by,
        taken_at=None if one.taken_at is None else iso_utc(from_datetime(one.taken_at)),
    )


def _recordings(office: Office, case: CarriedCase) -> tuple[list[Part], list[str]]:
    wanted = [one["sha256"] for one in case.manifest["recordings"]]
    where = office.store.where_recordings_lie(office.data / "recordings", wanted)
    parts, missing = [], []
    for number, sha256 in enumerate(dict.fromkeys(wanted), start=1):
        path = where.get(sha256)
        if path is None or not path.is_file():
            missing.append(f"recording {sha256}: it is no longer where it was")
        else:
            parts.append(Part(f"{releases.RECORDINGS}{_name(number, path.name)}", "recording", path))
    return parts, missing


def _name(number: int, original: str) -> str:
    """A name that paths in a bundle allow: what is Latin in the original, behind a number."""
    stem, dot, suffix = original.rpartition(".")
    clean = _NOT_IN_A_NAME.sub("-", stem if dot else original).strip("-")[:60]
    ending = _NOT_IN_A_NAME.sub("", suffix)[:8] if dot else ""
    return f"{number:02d}" + (f"-{clean}" if clean else "") + (f".{ending}" if ending else "")
