"""One line of JSON as one frame of detections. What is written there was written by anybody.

A line that does not say what a frame must say is refused, with a message that tells how to write it: a file that is
wrong in one place proves nothing in the others. Boxes that reach out of the image are cut to it, as every detector
of ours does; boxes wholly outside are left out; both are counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Never, TypeGuard

import numpy as np

from models.interface import Detections, ModelInfo
from streams.instant import from_iso
from streetproof.replay.tally import Names
from vision.boxes import relatives
from vision.footprints import View, view_of
from vision.interface import NO_PIXELS, Box, PixelEvidence

MAX_SIDE = 65_535
"""Pixels of the larger side of an image."""
_MAX_PIXEL = 1e6
_MAX_NAME = 200
FIRST_NS, LAST_NS = from_iso("1970-01-01T00:00:00Z"), from_iso("2100-01-01T00:00:00Z")
OTHER = ""
"""Stands for every class that no rule is about; no rule can name it."""


class FrameError(ValueError):
    """A line that is no frame; `remedy` says how it should read."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Frame:
    """What was detected in one picture."""

    camera: str
    utc_ns: int
    detections: Detections
    clipped: int
    """Boxes that reached out of the image and were cut to it."""
    outside: int
    """Boxes wholly outside of it, left out."""
    pixels: PixelEvidence = NO_PIXELS
    view: View | None = None
    """What came to stay on the ground, see `vision.backdrop`."""


class Vocabulary:
    """The classes that rules are about, with those that detectors confuse with them.

    Detections need a list of classes, and foreign ones come without. This list follows from the rules alone, not from
    the file: the same boxes give the same values however the file is cut or ordered, and a file with a million class
    names takes no more memory than one with three. All other classes become `OTHER`: such boxes can hide a place, and
    for that their class does not matter.
    """

    def __init__(self, classes: Iterable[str]) -> None:
        """`classes`: every class that a rule asks for by name, see `Rule.used`."""
        self.named = frozenset(classes)
        self.names = (*sorted(frozenset[str]().union(*map(relatives, self.named))), OTHER)
        self.model = ModelInfo("stored detections", "", "", "", self.names, (0, 0))
        self._index = {name: i for i, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """The index of a class in `names`."""
        return self._index.get(name, len(self.names) - 1)


def parse_json(line: bytes) -> dict[str, Any]:
    """A line as a JSON object. Raises FrameError."""
    try:
        value = json.loads(line, parse_constant=_no_constant)
    except FrameError:
        raise
    except UnicodeDecodeError:
        _refuse("the line is not UTF-8", "Save the file as UTF-8")
    except (ValueError, RecursionError) as error:
        _refuse(f"not valid JSON: {str(error)[:120]}", "Write one JSON object to a line, as docs/replay.md shows")
    if not isinstance(value, dict):
        _refuse("the line is no JSON object", 'Write {"camera", "utc", "size", "boxes"}, as docs/replay.md shows')
    return value


def frame_of(value: dict[str, Any], vocabulary: Vocabulary, names: Names) -> Frame:
    """The frame that a line holds; `names` counts the boxes of each class. Raises FrameError."""
    camera = _text(value, "camera")
    utc_ns = time_of(value)
    size = _size(value.get("size"))
    boxes = value.get("boxes")
    if not isinstance(boxes, list):
        _refuse("`boxes` must be a list", "Write [] for a frame in which nothing was detected: it counts as looked at")
    found = [_box(box, number) for number, box in enumerate(boxes, start=1)]
    clipped = outside = 0
    kept = []
    for (x1, y1, x2, y2), name, score in found:
        names.add(name)
        if x2 < 0 or y2 < 0 or x1 > size[0] or y1 > size[1]:
            outside += 1
            continue
        if x1 < 0 or y1 < 0 or x2 > size[0] or y2 > size[1]:
            clipped += 1
        kept.append(((x1, y1, x2, y2), name, score))
    # Detections begin with the surest; sorting is stable, so equal scores keep the order of the file.
    kept.sort(key=lambda box: -box[2])
    xyxy = np.array([box for box, _, _ in kept], np.float32).reshape(-1, 4)
    detections = Detections(
        xyxy=np.clip(xyxy, 0, np.array([*size, *size], np.float32)),
        score=np.array([score for _, _, score in kept], np.float32),
        cls=np.array([vocabulary.index(name) for _, name, _ in kept], np.int64),
        size=size,
        model=vocabulary.model,
    )
    pixels = PixelEvidence(*(_places(value, one.name) for one in fields(PixelEvidence)))
    return Frame(camera, utc_ns, detections, clipped, outside, pixels, _view(value))


def _places(frame: dict[str, Any], name: str) -> tuple[Box, ...]:
    value = frame.get(name, [])
    remedy = "Write [[x1, y1, x2, y2], ...] in fractions of the image, or leave it out"
    if not isinstance(value, list):
        _refuse(f"`{name}` must be a list", remedy)
    places: list[Box] = []
    for number, place in enumerate(value, start=1):
        if not isinstance(place, list) or len(place) != 4 or not all(map(_is_number, place)):
            _refuse(f"place {number} of `{name}` must be four numbers", remedy)
        x1, y1, x2, y2 = place
        if not (0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1):
            _refuse(f"place {number} of `{name}` does not lie in the image", remedy)
        places.append((x1, y1, x2, y2))
    return tuple(places)


def _view(value: dict[str, Any]) -> View | None:
    if "view" not in value:
        return None
    try:
        return view_of(value["view"])
    except ValueError as error:
        _refuse(f"`view`: {error}", "Leave `view` out, or let `streetproof batch` make the observations again")


def time_of(value: dict[str, Any]) -> int:
    """`utc` of a line in ns since 1970, from 1970 to 2099. Raises FrameError."""
    text = _text(value, "utc")
    try:
        utc_ns = from_iso(text)
    except ValueError as error:
        _refuse(f"`utc`: {error}", "Write ISO 8601 with an offset and at most nine decimals")
    if not FIRST_NS <= utc_ns < LAST_NS:
        _refuse(f"`utc` {text!r} is no time that a camera can have", "Correct the clock that wrote it: 1970 to 2099")
    return utc_ns


def _box(box: Any, number: int) -> tuple[Sequence[float], str, float]:
    if not isinstance(box, dict):
        _refuse(f"box {number} is no JSON object", 'Write {"xyxy": [x1, y1, x2, y2], "cls", "score"}')
    name = box.get("cls")
    if not _is_name(name):
        _refuse(
            f"box {number}: `cls` must be the name of a class, 1 to {_MAX_NAME} characters that can be printed",
            "Write names such as car, not numbers: which class a number means, only its model knows",
        )
    score = box.get("score")
    if not _is_number(score) or not 0 <= score <= 1:
        _refuse(f"box {number}: `score` must be a number from 0 to 1", "Divide percent by 100")
    xyxy = box.get("xyxy")
    if not isinstance(xyxy, list) or len(xyxy) != 4 or not all(map(_is_number, xyxy)):
        _refuse(f"box {number}: `xyxy` must be four numbers", "Write [x1, y1, x2, y2] in pixels, origin top left")
    x1, y1, x2, y2 = xyxy
    if max(map(abs, xyxy)) > _MAX_PIXEL:
        _refuse(f"box {number}: `xyxy` lies a million pixels away", "Write [x1, y1, x2, y2] in pixels of `size`")
    if x1 > x2 or y1 > y2:
        _refuse(
            f"box {number}: `xyxy` has a negative size",
            "Write left, top, right, bottom; where these are x, y, width and height, add them up",
        )
    return xyxy, name, score


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not _is_name(text):
        _refuse(
            f"`{key}` is missing"
            if key not in value
            else f"`{key}` must be text of 1 to {_MAX_NAME} characters that can be printed",
            'Write {"camera", "utc", "size", "boxes"} on every line, as docs/replay.md shows',
        )
    return text


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable()


def _size(value: Any) -> tuple[int, int]:
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not all(type(side) is int and 0 < side <= MAX_SIDE for side in value)
    ):
        _refuse(
            f"`size` must be two whole numbers from 1 to {MAX_SIDE}",
            "Write [width, height] of the image that the boxes are in",
        )
    return value[0], value[1]


def _is_number(value: Any) -> TypeGuard[float]:
    """An int or a finite float; JSON's `true` is an int to Python and not to us. 1e999 is read as infinite."""
    if type(value) is float:
        return value - value == 0
    return type(value) is int and abs(value) < 1 << 62


def _no_constant(name: str) -> Never:
    _refuse(f"{name} is no number of JSON", "Leave out boxes whose numbers are not finite; ask what made them so")


def _refuse(what: str, remedy: str) -> Never:
    raise FrameError(what, remedy)
