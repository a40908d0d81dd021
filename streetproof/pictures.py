"""Pictures from files: finding them in folders, and decoding them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from models.interface import Image
from streetproof.errors import StreetproofError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MOST_BYTES = 200 * 1024**2


class PictureError(StreetproofError):
    """A file that is no picture, or cannot be read."""


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files of `paths`, and in their place the pictures of each folder (not deeper), by name; none twice.

    A file is taken whatever its name; in a folder the suffix decides. Raises PictureError for a path where nothing is.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            if path.is_dir():
                inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
                found.update(dict.fromkeys(inside))
            elif path.exists():
                found[path] = None
            else:
                raise PictureError("there is no such file or folder", where=str(path))
        except OSError as error:
            raise PictureError(f"cannot be read ({error.strerror})", where=str(path)) from error
    return list(found)


def read_picture(path: Path) -> Image:
    """The picture, H x W x 3 BGR uint8, turned as its EXIF data say. Raises PictureError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MOST_BYTES:
        raise PictureError(f"is larger than {MOST_BYTES} bytes", where=str(path), remedy="Give a smaller picture.")
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:
        raise PictureError("OpenCV refuses this picture", where=str(path), remedy="Give a smaller picture.") from error
    if decoded is None:
        raise PictureError(
            "this is no picture that can be decoded",
            where=str(path),
            remedy="Give JPEG, PNG, BMP, TIFF or WebP; a still of a recording is made with ffmpeg.",
        )
    return np.asarray(decoded, np.uint8)
