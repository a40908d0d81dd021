"""What workers do. Kept apart from the engine and the database, which no worker needs and which are slow to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from evidence_export.case import CaseRequest
from evidence_export.errors import SealError
from evidence_export.keys import KeySpec, open_keys
from evidence_export.keys.opening import own_of
from evidence_export.keys.sealing import verify_own
from evidence_export.sealer import SealedCase, seal
from streetproof.batch.lookback import looked_back
from streetproof.batch.observe import DetectorSpec, Observe, Observed, Probe, Probed, detector_of, observe, probe
from streetproof.clock import now
from streetproof.errors import StreetproofError
from streetproof.plates import PlateSpec, eyes_of


class WorkError(StreetproofError):
    """The operating system refused something in the middle of a task: a file that vanished, a disk that is full."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Seal one case into `folder`, signed with the keys that `key` means. `plates`: what reads its plate, where it
    asks. `detector`: what looks back at its departure in the recordings; None: nobody does now.
    """

    request: CaseRequest
    folder: Path
    key: KeySpec | Path
    as_zip: bool
    plates: PlateSpec | None = None
    detector: DetectorSpec | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """See that a bundle sealed by an earlier run is still whole, and sealed with the keys that `key` means."""

    bundle: Path
    key: KeySpec | Path
    request: CaseRequest


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It is."""

    bundle: Path


Task: TypeAlias = Probe | Observe | Seal | Confirm
Outcome: TypeAlias = Probed | Observed | SealedCase | Confirmed


def execute(task: Task) -> Outcome:
    """Do one task. Raises StreetproofError and, but for mistakes of our own, nothing else."""
    try:
        match task:
            case Probe():
                return probe(task)
            case Observe():
                return observe(task)
            case Seal():
                eyes = None if task.plates is None else eyes_of(task.plates)
                request = task.request
                if task.detector is not None:
                    request = looked_back(request, detector_of(task.detector))
                # Opened for each case, and last: after a rotation the next case has the new key.
                return seal(request, task.folder, open_keys(task.key), now(), as_zip=task.as_zip, eyes=eyes)
            case Confirm():
                return _confirm(task)
    except OSError as error:
        raise WorkError(
            f"the operating system refused: {error.strerror or error}",
            where=str(error.filename or ""),
            remedy="See that the file is still there and that the disk has room, then run the same command again",
        ) from error


def _confirm(task: Confirm) -> Confirmed:
    report = verify_own(task.bundle, own_of(task.key))
    if not report.ok:
        raise SealError(
            f"a bundle sealed earlier does not verify with this site key ({', '.join(report.culprits)})",
            where=str(task.bundle),
            remedy="Look with `streetproof verify`; keep it as it is for inquiry under another name, then run again",
        )
    return Confirmed(task.bundle)
