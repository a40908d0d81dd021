"""What workers do. Kept apart from the engine and the database, which no worker needs and which are slow to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from evidence_export.case import CaseRequest
from evidence_export.keys import load_or_create_key
from evidence_export.sealer import SealedCase, seal
from streetproof.batch.observe import Observe, Observed, Probe, Probed, observe, probe
from streetproof.clock import now


@dataclass(frozen=True, slots=True)
class Seal:
    """Seal one case into `folder`, signed with the site key at `key`."""

    request: CaseRequest
    folder: Path
    key: Path
    as_zip: bool


Task: TypeAlias = Probe | Observe | Seal
Outcome: TypeAlias = Probed | Observed | SealedCase


def execute(task: Task) -> Outcome:
    """Do one task. Raises StreetproofError."""
    match task:
        case Probe():
            return probe(task)
        case Observe():
            return observe(task)
        case Seal():
            key = load_or_create_key(task.key)
            return seal(task.request, task.folder, key, now(), as_zip=task.as_zip)
