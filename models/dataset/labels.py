"""Reads label files: one line per object, `class x y width height`, all but the class as shares of the picture."""

from __future__ import annotations

import math
from pathlib import Path

from models.dataset.interface import Fault, LabelBox

MOST_BYTES = 4 * 1024**2
LARGEST_OVERHANG = 0.01
"""A box may reach this far beyond the picture: labelling tools round."""
_LINE = "A line is: class x y width height, with centre and size as shares of the picture, 0 to 1."


def label_path(picture: Path) -> Path:
    """Where the labels of a picture lie: in `labels` instead of the last `images` of its path; else beside it."""
    parts = list(picture.parts)
    for number in range(len(parts) - 2, -1, -1):
        if parts[number] == "images":
            parts[number] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def read_labels(path: Path, classes: int, faults: list[Fault]) -> tuple[LabelBox, ...]:
    """The boxes of one file, each once; no file means no boxes. What is wrong is added to `faults`."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        faults.append(Fault(str(path), f"cannot be read ({error.strerror})", "Make it readable, or remove it."))
        return ()
    try:
        if len(data) > MOST_BYTES:
            raise ValueError
        text = data.decode("utf-8-sig")
    except ValueError:
        faults.append(Fault(str(path), "is no text file of labels", _LINE))
        return ()
    boxes: dict[LabelBox, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            boxes[_box(line.split(), classes)] = None
        except ValueError as error:
            faults.append(Fault(f"{path}:{number}", str(error), _LINE))
    return tuple(boxes)


def _box(fields: list[str], classes: int) -> LabelBox:
    if len(fields) > 5 and len(fields) % 2:
        raise ValueError("this is an outline, not a box")
    if len(fields) != 5:
        raise ValueError(f"{len(fields)} numbers where 5 belong")
    try:
        cls, x, y, w, h = (float(field) for field in fields)
    except ValueError:
        raise ValueError("this is not five numbers") from None
    if not cls.is_integer() or not 0 <= cls < classes:
        raise ValueError(f"the class {fields[0]} is unknown: there are {classes}, counted from 0")
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in (x, y, w, h)):
        raise ValueError("a coordinate is outside 0 to 1; pixels must be divided by the picture's size")
    if w == 0 or h == 0:
        raise ValueError("the box has no width or no height")
    if max(w / 2 - x, h / 2 - y, x + w / 2 - 1, y + h / 2 - 1) > LARGEST_OVERHANG:
        raise ValueError("the box reaches beyond the picture")
    return LabelBox(int(cls), x, y, w, h)
