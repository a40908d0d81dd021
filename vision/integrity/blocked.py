"""Blocked views: a large part of the picture has lost the structure it had, and it has not merely moved."""

from __future__ import annotations

from math import hypot

from streams.instant import NS_PER_S
from vision.integrity.interface import Evidence, ViewFault
from vision.integrity.moved import LIMIT

_ALL_LOST, _FLAT = 0.85, 0.1
_PART_LOST = 0.4
"""Share of the tiles with structure. A sheet over 55 % of the picture read 0.42 to 0.47, a bus over a third of it 0.31
to 0.36, the darkest and the rainiest nights 0.30."""


def _in_place(evidence: Evidence) -> float | None:
    """Share of lost tiles, unless the structure is known to have moved."""
    seen = evidence.comparison
    if seen is None or (seen.shift is not None and hypot(*seen.shift) >= LIMIT):
        return None
    return seen.lost


class Covered:
    """The whole lens: no vehicle is so flat."""

    name, fault, confirm_ns = "covered", ViewFault.BLOCKED, 10 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        lost = _in_place(evidence)
        if lost is None or evidence.comparison is None:
            return None
        return lost / _ALL_LOST if evidence.comparison.strength < _FLAT else 0.0


class Blocked:
    """A part. Two minutes, because buses stop and lorries wait before the camera."""

    name, fault, confirm_ns = "blocked", ViewFault.BLOCKED, 120 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        lost = _in_place(evidence)
        return None if lost is None else lost / _PART_LOST
