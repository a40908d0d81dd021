"""What a case is looked at for. Part of the ledger: names are stable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize

from evidence_export.words import Said
from models.plates.grammar import PROVINCES
from streetproof.errors import StreetproofError

_MOST = 500
_BETWEEN = r"[\s·・•.,/\\_\-–—]"
_PLATE = re.compile(rf"[{PROVINCES}]{_BETWEEN}?[A-Z](?:{_BETWEEN}?[0-9A-Z?*]){{5,6}}")
"""A number plate, or most of one, as people write them: 京A12345, 京A·12?45, 沪 A-D12345."""


class PurposeError(StreetproofError):
    """No purpose that would tell anybody why a case was looked at."""


class Reason(StrEnum):
    """Why somebody looks."""

    REVIEW = "review"
    PROCEDURE = "procedure"
    COMPLAINT = "complaint"
    AUDIT = "audit"
    MAINTENANCE = "maintenance"
    RELEASE = "release"
    """To hand something over: masked copies, a report."""
    TRAINING = "training"
    OTHER = "other"


REASONS = {
    Reason.REVIEW: Said("审核", "review"),
    Reason.PROCEDURE: Said("办案", "procedure"),
    Reason.COMPLAINT: Said("复议诉讼", "complaint or lawsuit"),
    Reason.AUDIT: Said("监督检查", "audit"),
    Reason.MAINTENANCE: Said("运维", "maintenance"),
    Reason.RELEASE: Said("移送", "release"),
    Reason.TRAINING: Said("训练", "training"),
    Reason.OTHER: Said("其他", "other"),
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """A reason, and in words what exactly; `other` needs the words. Raises PurposeError."""

    reason: Reason
    text: str = ""

    def __post_init__(self) -> None:
        text = " ".join(self.text.split())
        if len(text) > _MOST or any(not one.isprintable() for one in text):
            raise PurposeError(f"a purpose is one line of {_MOST} characters at most", where=str(self.reason))
        if self.reason is Reason.OTHER and len(text) < 4:
            raise PurposeError(
                "another purpose has to be said in words",
                where=str(self.reason),
                remedy="Write it behind a colon: --purpose 'other: what for'",
            )
        if _PLATE.search(normalize("NFKC", text).upper()):
            # Nothing is ever taken out of the ledger, and a plate is personal information (个人信息保护法 47).
            raise PurposeError(
                "the purpose names a number plate, and what the ledger holds stays in it",
                where="--purpose",
                remedy="Name the file or the report that asks for it instead",
            )
        object.__setattr__(self, "text", text)


def purpose_of(typed: str) -> Purpose:
    """A purpose as people type it: `review`, `审核`, `complaint: 复议申请 2026-17`. Raises PurposeError."""
    name, _, text = typed.replace("：", ":").partition(":")
    wanted = name.strip().casefold()
    for reason, said in REASONS.items():
        if wanted in (reason.value, said.zh):
            return Purpose(reason, text)
    known = ", ".join(f"{reason} {said.zh}" for reason, said in REASONS.items())
    raise PurposeError(
        f"{name.strip()[:60]!r} is no purpose",
        where="--purpose",
        remedy=f"Write one of {known}; details go behind a colon, and `other` needs them",
    )
