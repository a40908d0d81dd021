"""From decoded pictures to those that a model is to see: what shows nothing new is left out, what is noisy is steadied.

Batch and daemon look through this alike, so that they judge alike.
"""

from __future__ import annotations

from models.interface import Image
from streams.interface import Frame
from vision.attention import ChangeGate
from vision.steady import MOST, SteadyView

REVISION = 7
"""Changes when the same frames would be shown to the model, or remembered, differently: what was seen before is not
used again."""
AVERAGED_LOOKS = MOST


class Sight:
    """One stream's looks, in order of time."""

    def __init__(self, gate: ChangeGate | None) -> None:
        """Without a `gate` every picture is shown."""
        self._gate = gate
        self._steady = SteadyView()

    def look(self, frame: Frame, size: tuple[int, int]) -> Image | None:
        """The picture for the model, `size` (width, height), H x W x 3 BGR uint8; None: it would show nothing new."""
        luma = frame.luma()
        steadied = self._steady.steadied(frame.scaled(*size)) if self._steady.noisy(luma) else None
        changed = self._gate is None or self._gate.changed(frame.at, luma)
        if steadied is not None:
            return steadied if changed or self._steady.settling else None
        return frame.scaled(*size) if changed else None
