"""Pictures for calibrating and comparing, out of a data set or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.dataset.interface import Dataset, Split
from models.dataset.reading import SUFFIXES, read_dataset
from models.errors import DatasetError
from models.interface import Image

MOST_CALIBRATING = 300
MOST_COMPARED = 32
_EVERY = 4


@dataclass(frozen=True, slots=True)
class Pictures:
    """Files to calibrate with, and others to compare on."""

    calibrating: tuple[Path, ...]
    comparing: tuple[Path, ...]
    dataset_sha256: str | None
    """None where they come from a folder."""


def choose(source: Path) -> Pictures:
    """From a data set: `train` calibrates, `val` compares. From a folder: every fourth picture compares, the rest
    calibrates; one alone does both. Evenly over all, at most 300 and 32. Raises DatasetError."""
    if not source.is_dir():
        return pictures_of(read_dataset(source))
    try:
        found = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror})", where=str(source)) from error
    if not found:
        raise DatasetError("there are no pictures here", where=str(source), remedy="Give JPEG, PNG, BMP or WebP files.")
    rest = [path for number, path in enumerate(found) if number % _EVERY] or found
    return Pictures(_spread(rest, MOST_CALIBRATING), _spread(found[::_EVERY], MOST_COMPARED), None)


def pictures_of(dataset: Dataset) -> Pictures:
    """As `choose`, from a data set that has been read."""
    train, val = ([image.path for image in dataset.of(split)] for split in (Split.TRAIN, Split.VAL))
    return Pictures(_spread(train, MOST_CALIBRATING), _spread(val, MOST_COMPARED), dataset.sha256)


def load(path: Path) -> Image:
    """One picture, H x W x 3 BGR uint8. Raises DatasetError."""
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        raise DatasetError(f"this picture cannot be read ({error})", where=str(path)) from error
    if image is None:
        raise DatasetError("this is no picture that can be decoded", where=str(path))
    return np.asarray(image, np.uint8)


def _spread(paths: Sequence[Path], most: int) -> tuple[Path, ...]:
    """At most so many of them, evenly over all."""
    step = max(1, -(-len(paths) // most))
    return tuple(paths[::step])
