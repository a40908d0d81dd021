"""Re-checks in a data folder: which there are of a case, kept whole, and entered in the ledger, each once."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.bag import forms, layout, rechecks
from evidence_export.drafts import discard, sync
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.verifier import VerificationReport, verify
from streams.instant import from_iso, iso_utc, to_datetime
from streams.recorder.durable import sync_folder
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.store.database import Store
from streetproof.store.happenings import Fact
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.rechecks import Appointment

FOLDER = "rechecks"
"""Of re-checks, in the data folder."""
_SHORT_STAY = 8
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class KeptRecheckError(StreetproofError):
    """A re-check that cannot be read, or not be kept."""


class _ThereError(StreetproofError):
    """The ledger has it."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """A re-check of a case that verifies. Times in ns UTC; `folder`: where it lies."""

    folder: Path
    sha256: str
    case_id: str
    case_sha256: str
    verdict: str
    reason: str | None
    camera: str
    stay: str
    zone: str
    config: str
    due_ns: int
    window_ns: int
    key_fingerprint: str
    authority: str | None
    """Fingerprint of the certificate of the authority that certified the key; None: nobody did."""

    @property
    def name(self) -> str:
        """What its folder is called where it is kept."""
        return folder_name(self.camera, self.due_ns, self.zone, self.stay)


@dataclass(frozen=True, slots=True)
class Entered:
    """A re-check that the ledger tells of. `folder`: below the data folder."""

    sha256: str
    verdict: str
    due_ns: int
    folder: str
    key_fingerprint: str


def folder_name(camera: str, due_ns: int, zone: str, stay: str) -> str:
    """`recheck-CAMERA-TIME-STAY`, the time at the site."""
    at = to_datetime(due_ns).astimezone(ZoneInfo(zone))
    return f"recheck-{camera}-{at:%Y%m%d-%H%M%S}-{short_stay(stay)}"


def short_stay(stay: str) -> str:
    """As much of the id of a stay as folders are named by."""
    return "".join(one for one in stay if one.isalnum())[:_SHORT_STAY]


def read(folder: Path) -> tuple[VerificationReport, Recheck | None]:
    """The report on a folder, and the re-check where it verifies and is of a case.

    Raises NotABundleError for no bundle, KeptRecheckError where it changes while it is read.
    """
    report = verify(folder)
    told = report.recheck
    if not report.ok or told is None or told.case_id is None or told.case_sha256 is None:
        return report, None
    assert report.key_fingerprint is not None, "it verified"
    data = _manifest(folder)
    if hashlib.sha256(data).hexdigest() != told.sha256:
        raise KeptRecheckError("it was changed while it was read", where=str(folder))
    root: dict[str, Any] = json.loads(data)
    due_ns = from_iso(told.due)
    return report, Recheck(
        folder=folder,
        sha256=told.sha256,
        case_id=told.case_id,
        case_sha256=told.case_sha256,
        verdict=told.verdict,
        reason=root["outcome"]["reason"],
        camera=str(root["camera"]["id"]),
        stay=str(root["original"]["stay"]),
        zone=str(root["site"].get("timezone") or "UTC"),
        config=str(root["config"]["sha256"]),
        due_ns=due_ns,
        window_ns=from_iso(root["asked"]["until"]) - due_ns,
        key_fingerprint=report.key_fingerprint,
        authority=report.authority_fingerprint,
    )


def for_ledger(document: Mapping[str, Any], sha256: str, folder: str) -> dict[str, Fact] | None:
    """What the ledger has to say of a re-check, by what its `recheck.json` says; None: it is of before there was a
    bundle of it, or of no case. Raises KeyError, TypeError for what is none."""
    if document["version"] != rechecks.FORMAT_VERSION or "case_sha256" not in document["original"]:
        return None
    return {
        "manifest_sha256": document["original"]["case_sha256"],
        "recheck_sha256": sha256,
        "verdict": document["outcome"]["verdict"],
        "due": document["asked"]["due"],
        "key_fingerprint": document["seal"]["key_fingerprint"],
        "folder": folder,
    }


def entered(ledger: SqlLedger, case_id: str, case_sha256: str) -> dict[str, Entered]:
    """What the ledger tells of re-checks of that very case, by SHA-256."""
    found = {}
    for number in ledger.numbers_about(case_id):
        row = ledger.row(number)
        assert row is not None, "it was found a moment ago"
        one = read_entry(row.entry).happening
        if one.kind is not Kind.CASE_RECHECKED or one.data.get("manifest_sha256") != case_sha256:
            continue
        sha256, verdict, due, folder, key = (
            str(one.data.get(name)) for name in ("recheck_sha256", "verdict", "due", "folder", "key_fingerprint")
        )
        found[sha256] = Entered(sha256, verdict, from_iso(due), folder, key)
    return found


def keep(data: Path, found: Recheck) -> Path:
    """Keep it in the data folder, on disk when this returns, and return where it lies. Twice is once.

    Raises KeptRecheckError where another one of the same case and time lies there, and where the disk refuses.
    """
    home = data / FOLDER
    try:
        if found.folder.resolve().parent == home.resolve():
            return home / found.folder.name
        if not _PLAIN.fullmatch(found.name):
            raise KeptRecheckError("the name of its camera cannot be part of a path", where=str(found.folder))
        final = home / found.name
        draft = final.with_name(f"{final.name}.partial")
        if not final.exists():
            home.mkdir(parents=True, exist_ok=True)
            discard(draft)
            shutil.copytree(found.folder, draft)
            sync(draft)
            # What lies here is what counts: it is verified again as it was copied.
            _same(draft, found)
            draft.rename(final)
            sync_folder(home)
        else:
            _same(final, found)
    except OSError as error:
        raise KeptRecheckError(
            f"it cannot be kept ({error.strerror or error})",
            where=str(error.filename or home),
            remedy="Check the free space of the disk and who may write to the data folder, then run again",
        ) from error
    return final


def enter(data: Path, store: Store, ledger: SqlLedger, found: Recheck, by: str) -> bool:
    """Enter a re-check that is kept in the data folder, and write down where it lies; whether it is new to the ledger.

    `by`: who, as the ledger names them. Exactly once, also beside a daemon that did it, and after a crash anywhere.
    Raises StoreError where another one of this case and time was done.
    """
    row = next((row for row in store.cases() if row.id == found.case_id), None)
    if row is None:
        raise KeptRecheckError(
            "it is of a case that is not here", where=found.case_id, remedy="Name the data folder that holds the case"
        )
    folder = f"{FOLDER}/{found.folder.name}"
    asked = Appointment(found.case_id, found.camera, row.bundle, found.config, found.due_ns, found.window_ns)
    store.rechecks.record(asked, found.verdict, found.reason, folder)
    # From here on no daemon notes it any more; what one has noted before comes into the ledger first.
    Bookkeeper(store, ledger).enter()

    def not_there() -> None:
        if found.sha256 in entered(ledger, found.case_id, found.case_sha256):
            raise _ThereError("the ledger has it", where=found.case_id)

    told = for_ledger(json.loads(_manifest(data / folder)), found.sha256, folder)
    assert told is not None, "it was read"
    happening = Happening(Kind.CASE_RECHECKED, iso_utc(now().utc_ns), by, found.case_id, {**told})
    try:
        Ledger(ledger).add([happening], provided=not_there)
    except _ThereError:
        return False
    return True


def of_case(data: Path, case_id: str, camera: str, stay: str) -> list[str]:
    """Folders of re-checks of a case, below the data folder, as their names and statements tell: also of such that
    nobody entered, and drafts that a killed run left. What cannot be read is left out."""
    name = f"recheck-{_escaped(camera)}-*-{_escaped(short_stay(stay))}"
    found = [f"{FOLDER}/{draft.name}" for draft in (data / FOLDER).glob(f"{name}.partial")]
    for place in sorted((data / FOLDER).glob(name)):
        try:
            named = json.loads(_manifest(place))["original"].get("case")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if named == case_id:
            found.append(f"{FOLDER}/{place.name}")
    return found


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _manifest(folder: Path) -> bytes:
    with (folder / forms.RECHECK.manifest).open("rb") as stream:
        return stream.read(layout.MAX_CASE_BYTES)


def _same(place: Path, found: Recheck) -> None:
    report = verify(place)
    if not report.ok or report.recheck is None or report.recheck.sha256 != found.sha256:
        raise KeptRecheckError(
            "another re-check of this case and time lies here",
            where=str(place),
            remedy="Take that one, or look at another time (`streetproof recheck --at`)",
        )
