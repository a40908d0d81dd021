"""Masks the stills of a case, and the copies with the information bar that were made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as Picture
from PIL import ImageOps

from evidence_export.errors import MaskError
from evidence_export.masking.areas import larger, paint, pixels_of
from evidence_export.masking.frames import CELLS, LEVELS
from evidence_export.masking.interface import Box, Counts, Settings
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import Own
from evidence_export.masking.plan import TimedLook, plan_of
from evidence_export.masking.things import look_at
from evidence_export.masking.vehicle import AROUND
from models.interface import Image

MAX_PIXELS = 200_000_000


@dataclass(frozen=True, slots=True)
class Still:
    """What is painted over in one still, in pixels of it."""

    size: tuple[int, int]
    areas: tuple[Box, ...]
    counts: Counts


def read_png(data: bytes, where: str) -> Image:
    """H x W x 3 BGR uint8. Raises MaskError for what is no PNG, or too large a one."""
    # Width and height stand at fixed places of a PNG: a hostile one is refused before it is unpacked.
    header = data[:24]
    if header[:8] != b"\x89PNG\r\n\x1a\n" or len(header) < 24:
        raise MaskError("is no PNG", where=where, remedy="Check the bundle with `streetproof verify`")
    width, height = int.from_bytes(header[16:20]), int.from_bytes(header[20:24])
    image = None
    if 0 < width * height <= MAX_PIXELS:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise MaskError(
            f"cannot be read as a picture of {width}x{height}",
            where=where,
            remedy="Check the bundle with `streetproof verify`",
        )
    return np.asarray(image, np.uint8)


def read_photo(data: bytes, where: str) -> Image:
    """A photograph, PNG or JPEG, as people see it: turned as it says. H x W x 3 BGR uint8. Raises MaskError."""
    try:
        with Picture.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise MaskError(f"is too large a picture: {opened.width}x{opened.height}", where=where)
            turned = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError) as error:
        raise MaskError(
            "cannot be read as a PNG or JPEG", where=where, remedy="Check the bundle with `streetproof verify`"
        ) from error
    return np.ascontiguousarray(turned[:, :, ::-1])


def png_of(image: Image) -> bytes:
    """A PNG with nothing in it but the picture; the same picture gives the same bytes."""
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise MaskError("cannot be written as a PNG")
    return data.tobytes()


def plan_still(
    image: Image, looker: Looker, own: Own, at_ns: int, settings: Settings, more: Sequence[Box] = ()
) -> Still:
    """What is painted over in a still (H x W x 3 BGR uint8). `more`: areas that are known from elsewhere.

    Raises InferenceError.
    """
    size = image.shape[1], image.shape[0]
    look = look_at(image, looker, own, at_ns=at_ns, small_px=settings.small_px, closely=True)
    plan = plan_of([TimedLook(0.0, at_ns, look)], own, size, settings)
    areas = (*plan.areas(0.0), *more)
    return Still(size, areas, replace(plan.counts, frames=1, painted=int(bool(areas))))


def masked(image: Image, still: Still) -> Image:
    """The picture, or its copy with the bar, with the areas of the still painted over.

    The copy is enlarged by a whole factor, and has its bar below: what is masked lies in its upper part. Raises
    MaskError where a picture is no such copy.
    """
    factor = factor_of(image, still.size)
    painted = image.copy()
    upper = painted[: still.size[1] * factor]
    paint(upper, [_times(area, factor) for area in still.areas])
    return painted


def all_but_vehicle(image: Image, size: tuple[int, int], own: Own, at_ns: int, areas: Sequence[Box]) -> Image:
    """The picture, or its copy with the bar, as a coarse mosaic but for the vehicle's place; `size`: of the still.

    `areas`: what is painted over in that place, in pixels of the still.
    """
    factor = factor_of(image, size)
    shown = image.copy()
    upper = shown[: size[1] * factor]
    coarse = _mosaic(upper)
    place = own.place(size)
    if place is not None and own.stands(at_ns):
        part = pixels_of(_times(larger(place, AROUND), factor), (upper.shape[1], upper.shape[0]))
        inside = upper.copy()
        paint(inside, [_times(area, factor) for area in areas])
        coarse[part] = inside[part]
    upper[:] = coarse
    return shown


def _times(box: Box, factor: int) -> Box:
    return box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor


def factor_of(image: Image, size: tuple[int, int]) -> int:
    """By how much a copy of a still of `size` is enlarged. Raises MaskError where it is no copy of it."""
    width, height = size
    factor = int(image.shape[1] // width)
    if factor < 1 or image.shape[1] != width * factor or image.shape[0] < height * factor:
        raise MaskError(
            f"a picture of {image.shape[1]}x{image.shape[0]} is no copy of one of {width}x{height}",
            remedy="Check the bundle with `streetproof verify`",
        )
    return factor


def _mosaic(image: Image) -> Image:
    height, width = image.shape[:2]
    cell = max(16, -(-max(width, height) // CELLS))
    few = cv2.resize(image, (-(-width // cell), -(-height // cell)), interpolation=cv2.INTER_AREA)
    few = few // (256 // LEVELS) * (256 // LEVELS) + 128 // LEVELS
    return np.asarray(np.repeat(np.repeat(few, cell, axis=0), cell, axis=1)[:height, :width], np.uint8)
