"""Entries of the ledger: what happened, to what, when and by whom, as canonical JSON that never changes again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from evidence_export.bag import canonical
from evidence_export.bag.canonical import JsonObject

VERSION = 1
MAX_ENTRY_BYTES = 64 << 10
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_KIND = re.compile(r"[a-z]{1,24}(?:\.[a-z]{1,24})?")
_FIELDS = {"v", "seq", "kind", "at", "by", "about", "data"}


class Kind(StrEnum):
    """What can happen."""

    LEDGER_BEGUN = "ledger.begun"
    LEDGER_RESTORED = "ledger.restored"
    """It was brought back from a backup: entries that a checkpoint had signed are lost."""
    SEGMENT_CLOSED = "segment.closed"
    SEGMENT_DELETED = "segment.deleted"
    SEGMENT_MISSING = "segment.missing"
    """Its file is not there, and nothing here removed it."""
    CASE_SEALED = "case.sealed"
    CASE_VIEWED = "case.viewed"
    CASE_EXPORTED = "case.exported"
    CASE_IMPORTED = "case.imported"
    CASE_REDACTED = "case.redacted"
    CASE_STEP = "case.step"
    """A step of its procedure."""
    CASE_RECHECKED = "case.rechecked"
    """Its place was looked at again (复查)."""
    CASE_COPIED = "case.copied"
    """Into another store, as it is."""
    CASE_DELETED = "case.deleted"
    PLATES_SEARCHED = "plates.searched"
    """In all cases of a data folder; the plate itself never stands in the ledger."""
    DATASET_EXPORTED = "dataset.exported"
    """Pictures of cases, to train models from."""
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    MODEL_USED = "model.used"
    CONFIGURATION_USED = "configuration.used"
    TIME_CHECKED = "time.checked"
    DATABASE_MOVED = "database.moved"
    """State and ledger are about to be moved into another database."""
    LOGGED_IN = "login"
    LOGIN_REFUSED = "login.refused"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that is to be entered."""

    kind: Kind | str
    """Text where a later version has entered something that this one does not know."""
    at: str
    """When, ISO 8601 in UTC, by the clock of the server."""
    by: str
    """Who or what did it: `daemon`, `batch`, or the name of a user."""
    about: str
    """To what: the id of a case, the path of a segment, the name of a model."""
    data: JsonObject = field(default_factory=dict)
    """Hashes and whatever else makes it checkable. No secrets: it is shown to whoever checks the ledger."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    seq: int
    happening: Happening

    def to_bytes(self) -> bytes:
        """Its one form. Raises ValueError for what cannot be entered."""
        one = self.happening
        for what, name in (("by", one.by), ("about", one.about)):
            if not _NAME.fullmatch(name):
                raise ValueError(f"`{what}` of an entry is 1 to 500 characters on one line")
        if not _TIME.fullmatch(one.at):
            raise ValueError("`at` of an entry is a time in UTC, as 2026-11-29T08:00:00Z")
        value: JsonObject = {
            "v": VERSION,
            "seq": self.seq,
            "kind": str(one.kind),
            "at": one.at,
            "by": one.by,
            "about": one.about,
            "data": one.data,
        }
        data = canonical.dumps(value)
        if len(data) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry has no more than {MAX_ENTRY_BYTES} bytes")
        return data


def read_entry(data: bytes) -> Entry:
    """The entry that `to_bytes` wrote. Hostile input: raises ValueError, in one line, for anything else."""
    if len(data) > MAX_ENTRY_BYTES:
        raise ValueError(f"an entry has no more than {MAX_ENTRY_BYTES} bytes")
    value = canonical.loads(data)
    if not isinstance(value, dict) or set(value) != _FIELDS or value["v"] != VERSION:
        raise ValueError(f"an entry of version {VERSION} has {', '.join(sorted(_FIELDS))}, and nothing else")
    seq, kind, at, by, about, inner = (value[key] for key in ("seq", "kind", "at", "by", "about", "data"))
    if type(seq) is not int or seq < 0 or not isinstance(inner, dict):
        raise ValueError("`seq` of an entry is its number, `data` an object")
    if not (isinstance(kind, str) and isinstance(at, str) and isinstance(by, str) and isinstance(about, str)):
        raise ValueError("`kind`, `at`, `by` and `about` of an entry are text")
    entry = Entry(seq, Happening(_kind(kind), at, by, about, inner))
    if entry.to_bytes() != data:
        raise ValueError("an entry is not in the one form that it has")
    return entry


def _kind(text: str) -> Kind | str:
    """Kinds are only ever added: what this version does not know is an entry all the same, and proven like others."""
    try:
        return Kind(text)
    except ValueError:
        if _KIND.fullmatch(text) is None:
            raise ValueError("`kind` of an entry is one or two words of small letters") from None
        return text
