"""The signs and markings of a case: close-ups cut out of the panoramas, and photographs that the site keeps.

Nothing is recognised: the policy says what stands where, and the reviewing officer sees whether it is so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image as Picture
from PIL import UnidentifiedImageError
from shapely import Polygon, box, union_all  # type: ignore[import-untyped]

from evidence_export.bag import layout
from evidence_export.bag.digest import digest_bytes
from evidence_export.case import CaseRequest
from evidence_export.imageset.words import PHOTO_ROLE, SIGN_ROLE
from evidence_export.imageset.zone import Point, place_of, signs_of
from evidence_export.made import CutOut, Panorama, SignShown
from streams.interface import Image
from vision.interface import Moment
from vision.roadusers import bounds_of

MOST_HIDDEN = 0.3
"""Of a sign's place: where more of it lies behind the vehicle or somebody else, no close-up is made."""
AROUND = 0.4
"""So much of the mean of its sides is shown around it, on each side."""
LEAST = 96
"""A close-up has at least so many pixels each way, where the frame has them."""
MAX_PHOTO_BYTES = 32 << 20
MAX_PHOTO_PIXELS = 64_000_000

Keep = Callable[[str, Image, str, str, str], None]
"""Takes a close-up: its path in the bundle, H x W x 3 BGR uint8, its role, its parent, and how it was made of that."""
Carry = Callable[[str, bytes, str], None]
"""Takes a file as it is: its path in the bundle, its bytes, its role."""


def show_signs(
    request: CaseRequest, pictures: Sequence[tuple[Panorama, Image]], keep: Keep, carry: Carry
) -> tuple[SignShown, ...]:
    """The signs of the zone, in its order, with what there is to show of each."""
    found = []
    for number, sign in enumerate(signs_of(request), start=1):
        place = place_of(sign)
        hidden = [_hidden(place, panorama.moment) for panorama, _ in pictures] if place else []
        close_up = None
        if hidden and min(hidden) <= MOST_HIDDEN:
            panorama, picture = pictures[hidden.index(min(hidden))]
            close_up = _close_up(f"{layout.SIGNS}sign-{number}.png", place, panorama, picture, keep)
        photo = _photo(request.sign_photos, sign, number, carry)
        found.append(SignShown(sign, close_up, min(hidden) if hidden else None, photo))
    return tuple(found)


def _hidden(place: Sequence[Point], moment: Moment) -> float:
    """Share of a sign's place that lies in the boxes of the vehicle and of who else was found around it."""
    shape = Polygon(place)
    before = union_all([box(*one) for one in (moment.box, *(other.box for other in moment.others or ()))])
    return float(shape.intersection(before).area / shape.area) if shape.area > 0 else 1.0


def _close_up(path: str, place: Sequence[Point], panorama: Panorama, picture: Image, keep: Keep) -> CutOut:
    height, width = picture.shape[:2]
    left, top, right, bottom = bounds_of(place)
    beside = AROUND * ((right - left) * width + (bottom - top) * height) / 2
    x1, x2 = _span(left * width, right * width, beside, width)
    y1, y2 = _span(top * height, bottom * height, beside, height)
    wide, high = x2 - x1, y2 - y1
    how = f"{wide}x{high} pixels from ({x1}, {y1}) of that picture, as 8-bit RGB PNG, not scaled"
    keep(path, picture[y1:y2, x1:x2], SIGN_ROLE, panorama.path, how)
    return CutOut(path, panorama.path, (x1, y1, wide, high), (width, height))


def _span(low: float, high: float, beside: float, length: int) -> tuple[int, int]:
    """Of one axis, in pixels, with what is shown around."""
    reach = max((high - low) / 2 + beside, min(LEAST, length) / 2)
    middle = (low + high) / 2
    start = max(0, int(min(middle - reach, low)))
    return start, min(length, max(start + 1, int(max(middle + reach, high)) + 1))


def _photo(known: Mapping[str, Path], sign: Mapping[str, Any], number: int, carry: Carry) -> str | None:
    """The photograph of a sign, carried as it is; None where none is named, or its file is not the one named."""
    told = sign.get("photo")
    sha256 = told.get("sha256") if isinstance(told, Mapping) else None
    file = known.get(sha256) if isinstance(sha256, str) else None
    if file is None:
        return None
    try:
        if file.stat().st_size > MAX_PHOTO_BYTES:
            return None
        data = file.read_bytes()
        if digest_bytes(data).sha256 != sha256:
            return None
        with Picture.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MAX_PHOTO_PIXELS:
                return None
            suffix = "png" if opened.format == "PNG" else "jpg"
            opened.load()
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Picture.DecompressionBombError):
        return None
    path = f"{layout.SIGNS}photo-{number}.{suffix}"
    carry(path, data, PHOTO_ROLE)
    return path
