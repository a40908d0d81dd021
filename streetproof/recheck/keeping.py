"""Re-checks in a data folder: which there are of a case, kept whole, and what the ledger tells of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.bag import forms, layout, rechecks
from evidence_export.drafts import discard, sync
from evidence_export.ledger.entry import Kind, read_entry
from evidence_export.verifier import VerificationReport, verify
from streams.instant import from_iso, to_datetime
from streams.recorder.durable import sync_folder
from streetproof.errors import StreetproofError
from streetproof.store.happenings import Fact
from streetproof.store.ledger.database import SqlLedger

FOLDER = "rechecks"
"""Of re-checks, in the data folder."""
_SHORT_STAY = 8
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")


class KeptRecheckError(StreetproofError):
    """A re-check that cannot be read, or not be kept."""


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
        return folder_name(self.camera, self.due_ns, self.zone, self.case_id)


@dataclass(frozen=True, slots=True)
class Entered:
    """A re-check that the ledger tells of. `folder`: below the data folder."""

    sha256: str
    verdict: str
    due_ns: int
    folder: str
    key_fingerprint: str


def folder_name(camera: str, due_ns: int, zone: str, of: str) -> str:
    """`recheck-CAMERA-TIME-OF`, the time at the site. `of`: the id of the case, or what `of_events` says: several rules
    of one zone share a stay, and each has a case of its own."""
    at = to_datetime(due_ns).astimezone(ZoneInfo(zone))
    return f"recheck-{camera}-{at:%Y%m%d-%H%M%S}-{of}"


def of_events(stay: str, rule: str) -> str:
    """How a folder is named by a stay of a file of events, and the rule that it broke."""
    return f"{_short_stay(stay)}-{''.join(one for one in rule if one.isalnum() or one in '-_')}"


def _short_stay(stay: str) -> str:
    return "".join(one for one in stay if one.isalnum())[:_SHORT_STAY]


def read(folder: Path) -> tuple[VerificationReport, Recheck | None]:
    """The report on a folder, and the re-check where it verifies and is of a case.

    Raises NotABundleError for no bundle, KeptRecheckError where it is a file, and where it changes while it is read.
    """
    if folder.is_file():
        raise KeptRecheckError(
            "this is a file, and a re-check is handed in as a folder",
            where=str(folder),
            remedy="Unpack it, and give the folder in it that holds recheck.json",
        )
    report = verify(folder)
    told = report.recheck
    if not report.ok or told is None or told.case_id is None or told.case_sha256 is None:
        return report, None
    assert report.key_fingerprint is not None, "it verified"
    data = manifest_of(folder)
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
    for row in ledger.rows_about(case_id):
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


def named_in(folder: Path) -> tuple[str, str | None] | None:
    """Id of the case that a folder says it is a re-check of, and SHA-256 of the `case.json` (None: it is of before that
    was said), without verifying it; None: it cannot be read, or is of no case."""
    try:
        original = json.loads(manifest_of(folder))["original"]
        case, sha256 = original.get("case"), original.get("case_sha256")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return (str(case), None if sha256 is None else str(sha256)) if case is not None else None


def of_case(data: Path, case_id: str, case_sha256: str, camera: str, stay: str, told: Iterable[str]) -> list[str]:
    """Folders of re-checks of that very case that lie in the data folder, as paths below it: those of `told`, which the
    database has, and those that nobody entered; and the drafts that a killed run left.

    What a folder says counts, not what it is called: earlier versions named it by a stay that several cases may share.
    One that says nothing any more counts where its name, or the database, says whose it is.
    """
    home, before = data / FOLDER, f"recheck-{_escaped(camera)}-*-{_escaped(_short_stay(stay))}"
    names = {place.name for pattern in (f"recheck-*-{case_id}", before) for place in home.glob(pattern)}
    names |= {Path(folder).name for folder in told}
    found = [draft.name for draft in home.glob(f"recheck-*-{case_id}.partial")]
    for name in sorted(names):
        if not os.path.lexists(home / name):
            continue
        named = named_in(home / name)
        unread = named is None and (name.endswith(f"-{case_id}") or f"{FOLDER}/{name}" in told)
        if unread or named in ((case_id, case_sha256), (case_id, None)):
            found.append(name)
    return sorted(f"{FOLDER}/{name}" for name in found)


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def manifest_of(folder: Path) -> bytes:
    """The `recheck.json` in a folder. Raises OSError."""
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
