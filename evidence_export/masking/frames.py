"""The frames of a clip, and what is painted over in them: in the planes that are encoded, without a detour over RGB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from evidence_export.errors import MaskError
from evidence_export.masking.areas import GREY, pixels_of
from evidence_export.masking.interface import Box
from streams.archive.clock import StartReading
from streams.archive.frame import ArchiveFrame
from streams.archive.reader import ArchiveFile
from streams.errors import MediaError
from streams.instant import Instant, TimeSource
from streams.interface import DecodeLevel
from streams.packets import probe

FORMATS = ("yuv420p", "yuvj420p")
NEUTRAL = 128
REMEDY = "Check the bundle with `streetproof verify`"
CELLS = 16
"""A mosaic has so many cells along the longer side of the picture."""
LEVELS = 16
"""And each cell of it one of so many values."""
Planes = npt.NDArray[np.uint8]
"""Rows of luma, then those of the two chroma planes, as `VideoFrame.to_ndarray` gives a planar 4:2:0 frame."""


class Clip:
    """One clip of a case, decoded as often as is asked for."""

    def __init__(self, path: Path) -> None:
        """Raises MaskError where it is no recording that can be read."""
        try:
            probed = probe(path)
        except MediaError as error:
            raise MaskError(error.what, where=error.where, remedy=REMEDY) from error
        reading = StartReading(Instant(0, TimeSource.CONTAINER, 0), "not asked for", ())
        self._file = ArchiveFile(probed, "", reading)
        self.path = path
        self.info = probed.info
        width, height = self.info.width, self.info.height
        self.size = width - width % 2, height - height % 2
        if min(self.size) < 16:
            raise MaskError(f"its picture of {width}x{height} is too small to mask", where=str(path))

    def frames(self) -> Iterator[ArchiveFrame]:
        """Every frame that can be decoded, in order of time. Raises MaskError where there is none."""
        try:
            for frame in self._file.frames(DecodeLevel.EVERY_FRAME):
                assert isinstance(frame, ArchiveFrame)
                yield frame
        except MediaError as error:
            raise MaskError(error.what, where=error.where, remedy=REMEDY) from error


def planes_of(picture: VideoFrame, size: tuple[int, int]) -> tuple[Planes, str]:
    """A copy of a frame's planes at `size` (even), and which of `FORMATS` they are in."""
    wanted = picture.format.name if picture.format.name in FORMATS else FORMATS[0]
    if (picture.width, picture.height) != size or picture.format.name != wanted:
        picture = picture.reformat(*size, wanted)
    return np.array(picture.to_ndarray(), np.uint8), wanted


def paint_planes(planes: Planes, size: tuple[int, int], boxes: Sequence[Box]) -> None:
    """Paint over, in place and in all three planes; a box takes every pair of pixels that it touches."""
    luma, *chroma = views(planes, size)
    for box in boxes:
        rows, columns = pixels_of(box, size, 2)
        luma[rows, columns] = GREY
        half = slice(rows.start // 2, (rows.stop + 1) // 2), slice(columns.start // 2, (columns.stop + 1) // 2)
        for plane in chroma:
            plane[half] = NEUTRAL


def mosaic(planes: Planes, size: tuple[int, int]) -> Planes:
    """The same picture as a few large cells of one colour each."""
    cell = cell_of(size)
    coarse = np.empty_like(planes)
    for plane, made, step in zip(views(planes, size), views(coarse, size), (cell, cell // 2, cell // 2), strict=True):
        height, width = plane.shape
        few = cv2.resize(plane, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
        few = few // (256 // LEVELS) * (256 // LEVELS) + 128 // LEVELS
        made[:] = np.repeat(np.repeat(few, step, axis=0), step, axis=1)[:height, :width]
    return coarse


def cell_of(size: tuple[int, int]) -> int:
    """Side of a mosaic's cells in pixels; even."""
    return max(16, -(-max(size) // CELLS) // 2 * 2)


def views(planes: Planes, size: tuple[int, int]) -> tuple[Planes, Planes, Planes]:
    """The three planes, as views: luma [h, w], and twice chroma [h / 2, w / 2]."""
    width, height = size
    flat = planes.reshape(-1)
    luma, quarter = width * height, width * height // 4
    half = height // 2, width // 2
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(half),
        flat[luma + quarter : luma + 2 * quarter].reshape(half),
    )
