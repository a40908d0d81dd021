"""Frozen views: the camera sends, and every picture is the last one.

Every sampled pixel must be equal: a still scene still has sensor noise, and an encoder that codes it anew. What this
cannot tell: a picture frozen behind a clock that the camera still writes into it (never found), and a synthetic, noise
free test picture (always found).
"""

from __future__ import annotations

from streams.instant import NS_PER_S
from vision.integrity.interface import Evidence, ViewFault


class Frozen:
    """Equal to the last bit for half a minute."""

    name, fault, confirm_ns = "frozen", ViewFault.FROZEN, 30 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        return 1.0 if evidence.repeated else 0.0
