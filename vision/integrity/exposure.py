"""Black and overexposed views: no reference is needed to see that nothing can be seen."""

from __future__ import annotations

import numpy as np

from streams.instant import NS_PER_S
from vision.integrity.interface import Evidence, ViewFault

_BLACK = 30.0
"""Grey level (16 is black in video) that all but 1 % of the cells stay below. A street at 1/16 of daylight read 58, one
with three lamps in the dark 62."""
_WHITE, _WHITE_SHARE = 230.0, 0.6
"""This share of the cells at this level. Daylight read 0.04, with 60 % more light 0.13, headlights a few
percent."""


class Black:
    """Lens cap, dead sensor, lights gone."""

    name, fault, confirm_ns = "black", ViewFault.BLACK, 10 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        return _BLACK / max(1.0, float(np.percentile(evidence.picture.cells, 99)))


class Overexposed:
    """Sun in the lens, exposure stuck. Half a minute, because sun and headlights sweep by."""

    name, fault, confirm_ns = "overexposed", ViewFault.OVEREXPOSED, 30 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        return float((evidence.picture.cells >= _WHITE).mean()) / _WHITE_SHARE
