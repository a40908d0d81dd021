"""Checks what a `case.json` says of the plate against itself and its files. Hostile input: nothing is taken for true.

What stands on the close-ups is for people to see. What can be checked is that none of them is passed over or made up,
that the statement rests on a frame of the case's own footage, and that nothing doubtful is called certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, flag, integer, items, optional, text, texts

_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,20})?(e-[0-9]{1,2})?")
_ROLE = "plate_close_up"
_STATUS = ("certain", "uncertain")
_NONE = "none_found"
_BLOCK = "plate_unknown"
_WITHOUT_PLATE = ("clutter", "occupied")
"""Facts of kinds of violations that are not about one vehicle."""


def plate_faults(root: JsonValue) -> Iterator[str]:
    """What contradicts itself in `plate`. Raises ValueError where it is malformed."""
    named = {text(one, "path"): one for one in items(root, "files") if text(one, "role") == _ROLE}
    blocked = _BLOCK in texts(root, "case", "approval_blocked_by")
    plate = optional(root, "plate")
    if plate is None:
        if named:
            yield f"plate: {min(named)} is said to show one that is not known"
        if not blocked and all(optional(root, "violation", facts) is None for facts in _WITHOUT_PLATE):
            yield f"case.approval_blocked_by: {_BLOCK} is left out"
        return
    status = text(plate, "status")
    others = items(plate, "others")
    integer(plate, "looked_at")
    if status == _NONE:
        shown: list[JsonValue] = []
        if others:
            yield "plate.others: there are some, where none was found"
    else:
        shown = [plate, *others]
    paths = [text(one, "close_up", "path") for one in shown]
    if sorted(paths) != sorted(named):
        yield "plate: its close-ups are not the files that are said to be such"
        return
    if optional(root, "images", "plate_close_up") != (paths[0] if paths else None):
        yield "images.plate_close_up: it is not the close-up of the plate"
    for number, (one, path) in enumerate(zip(shown, paths, strict=True)):
        name = "plate" if number == 0 else f"plate.others[{number - 1}]"
        yield from (f"{name}: {fault}" for fault in _read(one))
        yield from (f"{name}: {fault}" for fault in _close_up(root, one, named[path]))
    if shown and any(optional(one, "text") != optional(plate, "text") for one in others) and status == "certain":
        yield "plate: it is called certain beside another that says something else"
    if blocked is (status == "certain"):
        yield f"case.approval_blocked_by: {_BLOCK} does not follow from plate.status"


def _read(plate: JsonValue) -> Iterator[str]:
    status, doubts = text(plate, "status"), texts(plate, "doubts")
    if status not in _STATUS:
        raise ValueError(f"plate.status is {status!r}")
    if (status == "certain") is bool(doubts):
        yield "its status does not follow from its doubts"
    characters = items(plate, "characters")
    read = "".join(text(one, "text") for one in characters)
    if (optional(plate, "text") or "") != read:
        yield "its text is not what its characters make"
    for one in characters:
        confidence = _share(text(one, "confidence"))
        if flag(one, "doubtful") and status == "certain":
            yield "a doubtful character is called certain"
        for other in items(one, "alternatives"):
            text(other, "text")
            if _share(text(other, "share")) > confidence:
                yield "an alternative is likelier than the character that was chosen"
    if not read and status == "certain":
        yield "nothing was read, and it is called certain"
    found, agreeing, count = (integer(plate, "frames", name) for name in ("found_in", "agreeing", "read"))
    if not 0 <= agreeing <= count <= found:
        yield "its counts of frames cannot be true"


def _close_up(root: JsonValue, plate: JsonValue, file: JsonValue) -> Iterator[str]:
    shown = at(plate, "close_up")
    recordings = items(root, "recordings")
    index, pts = integer(shown, "recording"), integer(shown, "pts")
    if not 0 <= index < len(recordings):
        yield "its close-up is of a recording that is not there"
        return
    if text(shown, "camera") != text(root, "camera", "id"):
        yield "its close-up is of another camera"
    stills = {
        (integer(one, "recording"), integer(one, "pts")): text(one, "path")
        for one in items(root, "images", "panoramas")
    }
    still = stills.get((index, pts))
    if optional(shown, "panorama") != still:
        yield "its close-up is tied to another still than that of its frame"
    if text(file, "derived_from", "parent") != (still or f"recording:{text(recordings[index], 'sha256')}"):
        yield "its close-up is made from another frame than it says"
    segment = optional(recordings[index], "segment")
    if isinstance(segment, Mapping) and not integer(segment, "first_pts") <= pts <= integer(segment, "last_pts"):
        yield "its close-up is of a frame that its segment does not hold"
    width, height = _numbers(shown, "frame_size", 2)
    x, y, wide, high = _numbers(shown, "cut", 4)
    if not (x >= 0 and y >= 0 and wide > 0 and high > 0 and x + wide <= width and y + high <= height):
        yield "its close-up reaches out of its frame"
    box = [_fraction(one) for one in items(shown, "box")]
    if len(box) != 4 or not (box[0] < box[2] and box[1] < box[3]):
        yield "its box is none"
    elif not (x - 1 <= box[0] * width and box[2] * width <= x + wide + 1) or not (
        y - 1 <= box[1] * height and box[3] * height <= y + high + 1
    ):
        yield "its close-up does not show where it is said to be"


def _numbers(value: JsonValue, name: str, count: int) -> list[int]:
    found = items(value, name)
    numbers = [one for one in found if isinstance(one, int) and not isinstance(one, bool)]
    if len(found) != count or len(numbers) != count:
        raise ValueError(f"plate.close_up.{name} is not {count} integers")
    return numbers


def _share(written: str) -> Fraction:
    value = _fraction(written)
    if not 0 <= value <= 1:
        raise ValueError("plate: a share is not between 0 and 1")
    return value


def _fraction(written: JsonValue) -> Fraction:
    # No large exponents: they would make numbers that fill the memory.
    if not isinstance(written, str) or not _NUMBER.fullmatch(written):
        raise ValueError("plate: a number is not written as decimal text")
    return Fraction(written)
