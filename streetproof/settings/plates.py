"""The optional section `plates:` of a site file: whether number plates are read, and how surely."""

from __future__ import annotations

from pydantic import Field

from streetproof.settings.base import Strict

LEAST_CERTAINTY = 0.98
"""What was measured (docs/plates.md). A site may ask for more, never for less."""


class Plates(Strict):
    """How the plate of a violation's vehicle is read when its case is sealed."""

    detector: str = Field(
        default="plate-detector", description="What finds plates: a name in the model catalog, or the path of an .onnx"
    )
    recogniser: str = Field(default="plate-recogniser", description="What reads them: likewise")
    frames: int = Field(default=5, ge=1, le=20, description="From how many frames of a stay a plate is read at most")
    certainty: float = Field(
        default=LEAST_CERTAINTY,
        ge=LEAST_CERTAINTY,
        lt=1,
        description="What the weakest character needs over all frames for a plate to be called certain; 0.98 or more",
    )
