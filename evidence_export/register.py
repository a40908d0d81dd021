"""What the camera register says against a case: judged from its facts, on the day of the violation. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date

CALIBRATION_EXPIRED = "calibration_expired"
SHARING_UNKNOWN = "sharing_agreement_unknown"
OWNER_UNKNOWN = "owner_unknown"


def calibration_ended(valid_until: date, day: date) -> bool:
    """Whether a calibration (检定) was over on `day`, a date at the site: its last day still counts."""
    return day > valid_until


def is_anothers(owner: str, site: str) -> bool:
    """Whether a camera belongs to somebody else than the office whose site it is, by their names.

    Spaces and full-width forms make no difference; anything else does: a name that is written in another way is told
    apart, and people put it right.
    """
    return _plain(owner) != _plain(site)


def register_blockers(
    *, owner: str | None, site: str, sharing_agreement: str | None, calibration_valid_until: str | None, day: date
) -> Iterator[str]:
    """What blocks: an owner who is unknown, or another without an agreement; a calibration that had ended.

    `calibration_valid_until`: YYYY-MM-DD; what is no date at all has ended. `day`: of the proof, at the site.
    """
    if calibration_valid_until is not None and _ended(calibration_valid_until, day):
        yield CALIBRATION_EXPIRED
    if owner is None or not _plain(owner):
        # Whether an agreement is needed, and who answers for the camera, hangs on it.
        yield OWNER_UNKNOWN
    elif sharing_agreement is None and is_anothers(owner, site):
        yield SHARING_UNKNOWN


def _ended(text: str, day: date) -> bool:
    try:
        return calibration_ended(date.fromisoformat(text), day)
    except ValueError:
        return True


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
