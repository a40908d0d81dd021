"""What a release is asked to carry. Frozen values; whoever gathers them decides what goes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from streams.instant import Instant

if TYPE_CHECKING:
    from evidence_export.case import Software


@dataclass(frozen=True, slots=True)
class ExhibitFact:
    """Material beside the case, as its procedure tells of it (相互印证). `path`: in the release; None: not carried."""

    path: str | None
    sha256: str
    origin: str
    relation: str
    by: str
    at: str
    """When it was added, ISO 8601."""
    after_decision: bool
    file: str | None = None
    """The name that the file had; as much of it as paths in a release allow stands in `path`."""
    taken_by: str | None = None
    taken_at: str | None = None


@dataclass(frozen=True, slots=True)
class RecheckFact:
    """A re-check of the case. `folder`: in the release, ending in a slash; None: it is named, and not carried."""

    folder: str | None
    sha256: str
    """Of its `recheck.json`."""
    key_fingerprint: str | None
    """Of the key that sealed it; None: not known."""
    withheld: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Path within it -> SHA-256 and reason, of what the receiver does not get."""


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """What the parts from the ledger say, see `evidence_export.release.proofs`."""

    origin: str
    size: int
    root: str
    """Of the checkpoint, hex."""
    entries: int
    checkpoint_at: str
    stamped_at: str | None = None
    stamped_by: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """One release. `made_at` is also the time of its seal."""

    case: Path
    """The sealed bundle, a folder or a zip, which verifies."""
    profile: Profile
    recipient: str
    purpose: str
    by: tuple[str, str]
    """Name and licence (执法证号) of the officer who releases it."""
    made_at: Instant
    software: Software
    site: tuple[str, str]
    """Id and name of the site that releases it."""
    parts: Sequence[Part] = ()
    exhibits: Sequence[ExhibitFact] = ()
    rechecks: Sequence[RecheckFact] = ()
    ledger: LedgerFacts | None = None
    masking: JsonObject | None = None
    """How the masked copies were made; None: there are none."""
    pages: dict[str, bytes] = field(default_factory=dict)
    """`verify.pyz` and `verify.html`."""
    locked: bool = False
    """Whether it is handed over locked with a password; only its README tells."""
