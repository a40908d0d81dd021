"""The street of a soak: a red vehicle on grey asphalt in sensor noise, and a detector that finds what is red."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from models.interface import Detections, Image, ModelInfo

SIZE = (384, 216)
FPS = 2
GOP_S = 2
LAP_S = 1200
"""The street repeats itself every twenty minutes."""
STAYS = ((120, 300), (400, 430), (600, 640), (1000, 1020))
"""When a vehicle stands there, in seconds of a lap. The rule allows all stays but the first."""
CASES_PER_LAP = 1
DWELL_S = 90
KERB = (0.55, 0.45, 0.95, 0.95)
"""x1, y1, x2, y2 of where it stands, as fractions."""
_BOX = (240, 120, 336, 180)


def street(path: Path) -> Path:
    """One lap as an MP4 file."""
    width, height = SIZE
    dice = np.random.default_rng(7)
    asphalt = dice.integers(70, 130, (height // 8, width // 8, 1), np.uint8).repeat(8, 0).repeat(8, 1).repeat(3, 2)
    noises = [np.rint(dice.normal(0, 3, (height, width, 1))).astype(np.int16) for _ in range(64)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = FPS * GOP_S
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
        for number in range(LAP_S * FPS):
            picture = asphalt.copy()
            if any(first <= number / FPS < last for first, last in STAYS):
                x1, y1, x2, y2 = _BOX
                picture[y1:y2, x1:x2] = (30, 30, 220)
            # Drawn, not counted through: a view whose pictures come again and again would be called frozen.
            noisy = np.clip(picture + noises[dice.integers(len(noises))], 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24")))
        out.mux(stream.encode(None))
    return path


class RedDetector:
    """Finds the one red thing in a picture. Deterministic, and quick."""

    info = ModelInfo("red", "0" * 64, "Apache-2.0", "red", ("car",), (192, 108))

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return self.info.input_size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        wanted = sizes or [(image.shape[1], image.shape[0]) for image in images]
        return [self._one(image, size) for image, size in zip(images, wanted, strict=True)]

    def _one(self, image: Image, size: tuple[int, int]) -> Detections:
        red: npt.NDArray[np.bool_] = (image[:, :, 2] > 150) & (image[:, :, 0] < 90)
        if red.sum() < 50:
            return Detections.empty(size, self.info)
        rows, columns = np.nonzero(red.any(1))[0], np.nonzero(red.any(0))[0]
        across, down = size[0] / image.shape[1], size[1] / image.shape[0]
        box = [columns[0] * across, rows[0] * down, (columns[-1] + 1) * across, (rows[-1] + 1) * down]
        return Detections(
            np.array([box], np.float32), np.array([0.9], np.float32), np.array([0], np.int64), size, self.info
        )
