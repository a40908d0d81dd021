"""From a case in a data folder to a release of it: what the ledger holds, exhibits, recordings, papers, masked copies.

The release is entered in the ledger before it is made, so that it can carry the proof of that. A release that was
entered and then could not be finished stays in the ledger: it says that somebody set out to release the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from evidence_export.bag import layout, releases, timestamp
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.case import Software
from evidence_export.keys import SealingKeys
from evidence_export.keys.sealing import verify_own
from evidence_export.ledger.checkpoint import read_note
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.steps import Exhibit, Rechecked
from evidence_export.release import age
from evidence_export.release.carried import CarriedCase, opened
from evidence_export.release.interface import ExhibitFact, LedgerFacts, RecheckFact, ReleaseRequest
from evidence_export.release.making import Release, id_of, release
from evidence_export.release.proofs import Stamp, ledger_parts
from evidence_export.release.rechecks import opened_recheck
from evidence_export.report.blocks import ReportLanguage
from evidence_export.report.signing import Signing
from evidence_export.standalone.html import html_bytes
from evidence_export.standalone.pyz import pyz_bytes
from evidence_export.timestamp.interface import StampError
from streams.instant import from_datetime, iso_utc
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.ledgers.authority import HttpAuthority
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.ledgers.signing import sign
from streetproof.locked import lock_into, private_folder
from streetproof.papers import told
from streetproof.procedures.taking import OpenCase, open_case
from streetproof.recheck.keeping import FOLDER as RECHECKS
from streetproof.recheck.keeping import entered
from streetproof.releases import exhibits
from streetproof.releases.credentialed import with_credentials
from streetproof.releases.masked import read_masked
from streetproof.releases.papers import dossier_of, outgoing, papers_of
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.version import __version__

_BEGINNINGS = frozenset({Kind.CASE_SEALED, Kind.CASE_IMPORTED})
_FOR_EVERYBODY = frozenset({*_BEGINNINGS, Kind.CASE_STEP, Kind.CASE_RECHECKED})
"""What an outgoing release tells of the ledger beside itself. Who looked at the case and why, where copies of it lie
and to whom else it went concerns the department, and the people named there (个人信息保护法 6)."""
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
    masked: Path | None = None
    """Of an outgoing release: the folder of masked copies, each of which that officer has looked at."""
    with_recordings: bool = False
    password: str | None = field(default=None, repr=False)
    """Locks the release, which is one file then; the ledger tells that there is one, and nothing more."""
    language: ReportLanguage = ReportLanguage.BOTH
    credentials: bool = False
    """Of an outgoing release: whether the masked copies get Content Credentials (C2PA)."""


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


@dataclass(frozen=True, slots=True)
class _Entered:
    """What the ledger has to say, and its files."""

    facts: LedgerFacts
    numbers: frozenset[int]
    """Of the entries that are carried."""
    parts: list[Part]
    missing: list[str]


def make(asked: Asked, office: Office, out: Path, *, as_zip: bool = False) -> Gathered:
    """Make the release below `out`. Raises StreetproofError."""
    _check(asked)
    with TemporaryDirectory(prefix="streetproof-release-") as scratch:
        return _make(asked, office, out, Path(scratch), as_zip=as_zip)


def _make(asked: Asked, office: Office, out: Path, scratch: Path, *, as_zip: bool) -> Gathered:
    Bookkeeper(office.store, office.ledger).enter()
    case = open_case(office.data, office.store, office.ledger, asked.case_id)
    carried = opened(case.bundle)
    masked = None if asked.masked is None else read_masked(asked.masked, carried, asked.by)
    facts, parts = _exhibits(office.data, case, asked.profile)
    recordings, missing = _recordings(office, carried) if asked.with_recordings else ([], [])
    missing += [f"{one.origin}: {one.sha256}" for one in facts if one.path is None]
    again, seen = _rechecks(office, case, asked.profile)
    missing += [f"re-check {one.sha256}: it is no longer here" for one in again if one.folder is None]
    software = Software("streetproof", __version__)
    copies = () if masked is None else masked.parts
    if asked.credentials:
        copies = with_credentials(copies, carried, office.keys, software, scratch)
    request = ReleaseRequest(
        case=carried.path,
        profile=asked.profile,
        recipient=asked.recipient,
        purpose=asked.purpose,
        by=asked.by,
        made_at=now(),
        software=software,
        site=office.site,
        parts=(*parts, *seen, *recordings, *carried.origin(), *copies),
        exhibits=facts,
        rechecks=again,
        masking=None if masked is None else masked.told,
        pages={layout.VERIFIER_FILE: pyz_bytes(), layout.VERIFIER_PAGE: html_bytes()},
        locked=asked.password is not None,
    )
    entered = _enter(office, request, carried)
    pictures = {} if masked is None else masked.pictures
    roots = [] if office.tsa is None else timestamp.roots_in(office.tsa[1])
    dossier = told(dossier_of(carried, pictures), office.data, office.store, office.ledger, roots)
    if asked.profile is Profile.OUTGOING:
        dossier = outgoing(dossier, entered.numbers)
    papers = papers_of(dossier, Signing(office.keys, request.made_at), asked.language)
    request = replace(request, ledger=entered.facts, parts=(*request.parts, *entered.parts, *papers))
    lacking = (*missing, *entered.missing)
    if asked.password is None:
        return Gathered(release(request, out, office.keys, as_zip=as_zip), lacking)
    # Never open where it goes to: that may be a drive which is carried away.
    with private_folder(office.data) as folder:
        made = release(request, folder, office.keys, as_zip=True)
        final = out / f"{made.path.name}{age.SUFFIX}"
        lock_into(made.path, final, asked.password)
    return Gathered(replace(made, path=final), lacking)


def _check(asked: Asked) -> None:
    outgoing = asked.profile is Profile.OUTGOING
    if outgoing and asked.with_recordings:
        raise ReleaseError(
            "an outgoing release carries no recordings: they show everybody who passed",
            where=asked.case_id,
            remedy="Leave --with-recordings out, or release the full case to a court",
        )
    if outgoing and asked.masked is None:
        raise ReleaseError(
            "an outgoing release needs masked copies that somebody has looked at",
            where=asked.case_id,
            remedy="Make them with `streetproof mask`, look at each, and name their folder with --masked; "
            "or release the full case (--profile full) to who may see everybody in it",
        )
    if not outgoing and asked.credentials:
        raise ReleaseError(
            "a full release carries originals, and these get no Content Credentials: their bytes stay what they are",
            where=asked.case_id,
            remedy="Leave --c2pa out",
        )
    if not outgoing and asked.masked is not None:
        raise ReleaseError("a full release carries the originals, and no masked copies", where=asked.case_id)


def _enter(office: Office, request: ReleaseRequest, case: CarriedCase) -> _Entered:
    """Enter the release, sign a checkpoint over it, have that stamped where there is an authority, and prove all."""
    data: JsonObject = {
        "release": id_of(request, case),
        "profile": str(request.profile),
        "recipient": request.recipient,
        "purpose": request.purpose,
        "manifest_sha256": case.manifest_sha256,
    }
    if request.locked:
        data["encrypted"] = True
    name, licence = request.by
    by, at = f"{name} {licence}", iso_utc(request.made_at.utc_ns)
    happenings = [Happening(Kind.CASE_EXPORTED, at, by, case.case_id, data)]
    masked = [file for file in request.parts if file.role == "masked"]
    if masked:
        seen: JsonObject = {"release": data["release"], "files": len(masked), "looked_at": True}
        happenings.insert(0, Happening(Kind.CASE_REDACTED, at, by, case.case_id, seen))
    ledger = Ledger(office.ledger)
    known = office.ledger.numbers_about(case.case_id)
    if not any(_kind(office.ledger, number) in _BEGINNINGS for number in known):
        # Sealed before this data folder had a ledger: it comes in now, and the entry says when that was. Only this
        # site's own key says where it is from.
        if not verify_own(case.path, (office.keys.first.fingerprint, *office.keys.earlier)).ok:
            raise ReleaseError(
                "the ledger does not know this case, and no key of this site has sealed it",
                where=str(case.path),
                remedy="Take a case from another department in with `streetproof import`",
            )
        found: JsonObject = {"manifest_sha256": case.manifest_sha256, "found": True}
        happenings.insert(0, Happening(Kind.CASE_SEALED, at, by, case.case_id, found))
    own = ledger.add(happenings)
    note = sign(office.data, office.ledger, office.keys.first)
    missing = []
    if office.tsa is not None:
        authority, _ = office.tsa
        try:
            office.ledger.add_stamp(note, authority.stamp(note))
        except StampError as error:
            # What was stamped before, if anything was, is carried all the same.
            missing.append(error.what)
    numbers = _told(office.ledger, case.case_id, request.profile, own)
    first = next(number for number in numbers if _kind(office.ledger, number) in _BEGINNINGS)
    stamp = _stamp_over(office, first)
    if stamp is None:
        missing.append("no time stamp covers the seal of this case yet")
    facts, parts = ledger_parts(ledger, numbers, first, note, stamp)
    return _Entered(facts, frozenset(numbers), parts, missing)


def _told(ledger: SqlLedger, case_id: str, profile: Profile, own: range) -> list[int]:
    """Numbers of the entries about the case that a release carries; `own`: those of the release itself."""
    numbers = ledger.numbers_about(case_id)
    if profile is Profile.FULL:
        return list(numbers)
    return [number for number in numbers if number in own or _kind(ledger, number) in _FOR_EVERYBODY]


def _kind(ledger: SqlLedger, number: int) -> Kind | str:
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


def _exhibits(data: Path, case: OpenCase, profile: Profile) -> tuple[list[ExhibitFact], list[Part]]:
    """Of an outgoing release they are named, and not carried: nobody has masked them."""
    facts, parts = [], []
    procedure = case.procedure
    numbered = [(one, False) for one in procedure.evidence] + [(one, True) for one in procedure.afterwards]
    for number, (one, afterwards) in enumerate(numbered, start=1):
        source = exhibits.found(data, one.sha256) if profile is Profile.FULL else None
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


def _rechecks(office: Office, case: OpenCase, profile: Profile) -> tuple[list[RecheckFact], list[Part]]:
    """Those that the ledger tells of, and those that steps stand on. Raises SealError where one was changed.

    What is no longer here is named all the same, as is what a step of an earlier version stands on.
    """
    procedure = case.procedure
    told = entered(office.ledger, procedure.facts.case_id, case.manifest_sha256)
    exhibited = {one.sha256 for one in (*procedure.evidence, *procedure.afterwards)}
    steps = [one.evidence_sha256 for one in procedure.steps if isinstance(one, Rechecked)]
    facts: list[RecheckFact] = []
    parts: list[Part] = []
    for number, sha256 in enumerate(dict.fromkeys([*told, *(one for one in steps if one not in exhibited)]), start=1):
        known = told.get(sha256)
        place = None if known is None else office.data / RECHECKS / Path(known.folder).name
        if place is None or not place.is_dir():
            facts.append(RecheckFact(None, sha256, None if known is None else known.key_fingerprint))
            continue
        folder, carried = f"{releases.RECHECKS}{number:02d}/", opened_recheck(place, sha256)
        facts.append(carried.fact(folder, profile))
        parts += carried.parts(folder, profile)
    return facts, parts


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
