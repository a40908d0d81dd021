"""Takes in what another department has released (联勤联动): kept as it came, and from then on a case here as well.

The chain is kept: the release lies here untouched, with the other side's signatures, ledger proofs and time stamp, and
this ledger says when it came, from whom, and what its hash is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evidence_export.drafts import discard, sync
from evidence_export.errors import EvidenceError
from evidence_export.verifier import VerificationReport, verify
from streams.recorder.durable import sync_folder
from streetproof.bundles import IMPORTS, parsed, read_bytes, row_of
from streetproof.errors import StreetproofError
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.locked import unlocked
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger


class ImportRefusedError(StreetproofError):
    """Something that is not taken in."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What lies here now. `new` False: it had been taken in before."""

    case_id: str
    path: Path
    report: VerificationReport
    new: bool


def take_in(
    source: Path,
    data: Path,
    store: Store,
    ledger: SqlLedger,
    *,
    trusted_key: str | Path,
    crl: Path | None = None,
    tsa_ca: Path | None = None,
    sender: str,
    by: str,
    password: str | None = None,
) -> TakenIn:
    """Take in a release, or a sealed case, from `sender`; on disk and in the ledger when this returns.

    `trusted_key`: of the sender, received another way. `password`: that it is locked with; it is kept open here, as all
    cases are. Raises ImportRefusedError where it does not verify with that key, where another bundle of the same case
    is here, and where the disk refuses.
    """
    intake = _Intake(data, store, ledger, partial(verify, trusted_key=trusted_key, crl=crl, tsa_ca=tsa_ca), sender, by)
    if password is None:
        return intake.take(source, source)
    with unlocked(source, password, data) as opened:
        return intake.take(opened, source)


@dataclass(frozen=True, slots=True)
class _Intake:
    """Of one sender's into one data folder. `verify`: as what that sender has released."""

    data: Path
    store: Store
    ledger: SqlLedger
    verify: Callable[[Path], VerificationReport]
    sender: str
    by: str

    def take(self, source: Path, given: Path) -> TakenIn:
        """`given`: what the officer has named."""
        report = self._verified(source, given)
        if report.recheck is not None:
            raise ImportRefusedError(
                "this is a re-check, and no case",
                where=str(given),
                remedy="Hand it in with `streetproof procedure take CASE recheck --recheck FOLDER`",
            )
        case_id, name = report.case_id, report.release_id or report.case_id
        assert case_id is not None and name is not None, "it verified"
        final = self.data / IMPORTS / (f"{name}.zip" if source.is_file() else name)
        known = next((row for row in self.store.cases() if row.id == case_id), None)
        if known is not None and self.data / known.bundle != final:
            raise ImportRefusedError(
                "this case is here already", where=str(self.data / known.bundle), remedy="Compare the two with `verify`"
            )
        if os.path.lexists(final):
            here = self._verified(final, final)
            if here.manifest_sha256 != report.manifest_sha256:
                raise ImportRefusedError("another bundle of this name is here already", where=str(final))
        else:
            _copy(source, final)
            # What lies here is what counts: it is verified again as it was copied.
            self._verified(final, final)
        if known is None:
            self._remember(final, report)
        Bookkeeper(self.store, self.ledger).enter()
        return TakenIn(case_id, final, report, known is None)

    def _verified(self, path: Path, given: Path) -> VerificationReport:
        try:
            report = self.verify(path)
        except EvidenceError as error:
            where = error.where.replace(str(path), str(given))
            raise ImportRefusedError(error.what, where=where, remedy=error.remedy) from error
        if not report.ok:
            culprits = ", ".join(report.culprits[:3])
            raise ImportRefusedError(
                f"it does not verify as what the sender released ({culprits})",
                where=str(given),
                remedy=f"Look at it with `streetproof verify {given}`, and ask the sender for it again",
            )
        return report

    def _remember(self, path: Path, report: VerificationReport) -> None:
        manifest = read_bytes(path)
        case = None if manifest is None else parsed(manifest)
        if manifest is None or case is None or hashlib.sha256(manifest).hexdigest() != report.manifest_sha256:
            raise ImportRefusedError("it was changed while it was read", where=str(path))
        told = {
            "release": report.release_id,
            "from": self.sender,
            "by": self.by,
            "key_fingerprint": report.key_fingerprint,
        }
        row = row_of(case, str(path.relative_to(self.data)))
        self.store.remember_case(row, hashlib.sha256(manifest).hexdigest(), imported=told)


def _copy(source: Path, final: Path) -> None:
    draft = final.with_name(f"{final.name}.partial")
    try:
        final.parent.mkdir(exist_ok=True)
        discard(draft)
        if source.is_dir():
            shutil.copytree(source, draft)
            sync(draft)
        else:
            shutil.copyfile(source, draft)
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
        draft.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        raise ImportRefusedError(
            f"it cannot be kept ({error.strerror or error})",
            where=str(final),
            remedy="Check the free space of the disk and who may write to the data folder, then run again",
        ) from error
