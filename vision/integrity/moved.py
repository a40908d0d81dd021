"""Moved views: the structure of the reference lies elsewhere in the picture, or is not in it any more."""

from __future__ import annotations

from math import hypot

from streams.instant import NS_PER_S
from vision.integrity.comparison import FOUND
from vision.integrity.interface import Evidence, ViewFault
from vision.integrity.picture import COLUMNS

LIMIT = 0.012 * COLUMNS
"""Cells: 1.2 % of the picture's width, 23 pixels of 1920. A pole that sways by 3 pixels of 768 reads a third of it."""
_MOST_LOST, _SHARP, _STRONG = 0.55, 0.7, 0.15
"""Tiles that agree by chance keep the share of lost ones in an unrelated view down to 0.64. A bus that fills the
picture is as strange, but too near to be so finely drawn: its sharpness read 0.44 to 0.50."""


class Moved:
    """Shifted, turned or zoomed by more than zones can bear. Shake comes back within the time it takes to confirm."""

    name, fault, confirm_ns = "moved", ViewFault.MOVED, 10 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        seen = evidence.comparison
        if seen is None or seen.shift is None:
            return None
        return hypot(*seen.shift) / LIMIT


class Elsewhere:
    """Sharp structure, but none of what was there: the camera looks at something else."""

    name, fault, confirm_ns = "elsewhere", ViewFault.MOVED, 60 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        seen = evidence.comparison
        if seen is None:
            return None
        if seen.shift is not None or seen.match >= FOUND:
            return 0.0
        return seen.lost / _MOST_LOST if seen.sharpness >= _SHARP and seen.strength >= _STRONG else 0.0
