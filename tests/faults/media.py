"""Media that cost little: what is drawn is nothing to a step, only that it is written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from evidence_export import sealer


def draw_plainly() -> None:
    """In this process the derived copy of a still is the still: its file is written and synced as ever."""
    sealer.render = _plainly


def _plainly(picture: npt.NDArray[np.uint8], *_: object) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
