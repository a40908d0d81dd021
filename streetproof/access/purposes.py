"""What a case is looked at for. Part of the ledger: names are stable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evidence_export.words import Said
from streetproof.errors import StreetproofError

_MOST = 500


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
