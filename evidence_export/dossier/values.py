"""The values that papers are made from. None is unknown, and is written as unknown; an empty tuple is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from evidence_export.bag.code import code_of
from evidence_export.procedure.procedure import Procedure
from evidence_export.words import Said


class Reader(Protocol):
    """Reads files of the bundle."""

    def __call__(self, path: str) -> bytes:
        """The whole of a file that `case.json` lists; its SHA-256 has been compared. Raises DossierError."""


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """One thing that was done with the case."""

    at: str
    """ISO 8601 in UTC."""
    actor: str
    act: str
    """The kind of the ledger's entry, for example `case.sealed`."""
    detail: Said | None = None
    number: int | None = None
    """Of the entry in the ledger."""


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """Where the ledger holds the case, and who has stamped that."""

    entry: int
    """Number of the entry of its sealing."""
    size: int
    """Entries below the checkpoint that covers it."""
    root: str
    """Root hash of that checkpoint, hex."""
    origin: str
    """The ledger's own name."""
    stamped_at: str | None = None
    """ISO 8601 in UTC, by the clock of `authority`; None: no checkpoint that covers it is stamped."""
    authority: str | None = None
    stamp_unchecked: bool = False
    """There is a time stamp over it, and nobody named the authority's root to check it with."""


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """Material that was added to the case."""

    title: str
    sha256: str
    origin: str | None = None
    who: str | None = None
    when: str | None = None
    """ISO 8601 in UTC."""
    relation: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dossier:
    """A case for its papers."""

    case: Mapping[str, Any]
    """The parsed `case.json`."""
    manifest_sha256: str
    """SHA-256 of the bytes of `case.json`."""
    read: Reader
    procedure: Procedure | None = None
    """None: what was done with the case since it was sealed is not known to who makes the papers."""
    custody: tuple[CustodyEntry, ...] | None = None
    custody_whole: bool = True
    """False: entries that concern nobody outside are left out."""
    ledger: LedgerFacts | None = None
    exhibits: tuple[ShownExhibit, ...] | None = None
    sign_photo: bytes | None = None
    """The photograph of the sign whose SHA-256 the camera's register names; a PNG or JPEG."""

    @property
    def code(self) -> str:
        """The anti-forgery code of the case, `XXXX-XXXX-XXXX-XXXX`."""
        return code_of(self.manifest_sha256)

    @property
    def case_id(self) -> str:
        return str(self.case["case"]["id"])
