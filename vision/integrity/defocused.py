"""Defocused views: fine structure is gone, coarse structure is where it was.

Fog and rain take contrast from fine and coarse alike and read as sharp. Told apart they cannot be: a lens out of focus,
dew, a wet or dirty lens, and an encoder that was set to far fewer bits. By night noise passes for fine structure, so
that a lens that loses focus in the dark may be found only in the morning.
"""

from __future__ import annotations

from streams.instant import NS_PER_S
from vision.integrity.comparison import FOUND
from vision.integrity.interface import Evidence, ViewFault

_SHARP = 0.6
"""Sharpness against the reference. Sound views read 0.94 and more (traffic, rain, fog, shake, night, real footage); a
blur of 2 pixels of a 768 pixel wide picture (5 of 1920) read 0.64 to 0.72, one of 4 pixels 0.36 to 0.43."""
_MOST_LOST = 0.3


class Defocused:
    """A minute, because lenses hunt for focus."""

    name, fault, confirm_ns = "defocused", ViewFault.DEFOCUSED, 60 * NS_PER_S

    def severity(self, evidence: Evidence) -> float | None:
        seen = evidence.comparison
        if seen is None or seen.match < FOUND or seen.lost > _MOST_LOST:
            return None
        return _SHARP / max(0.01, seen.sharpness)
