"""Checks what a `case.json` says of the picture of the ground before it was taken. Hostile input: nothing is taken for
true. Whether the picture shows the ground free is for people to see."""

from __future__ import annotations

from collections.abc import Iterator

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import integer, items, moment, optional, text

_ROLE = "before"


def before_faults(root: JsonValue) -> Iterator[str]:
    """What contradicts itself in `images.before`. Raises ValueError where it is malformed."""
    named = {text(one, "path"): one for one in items(root, "files") if text(one, "role") == _ROLE}
    before = optional(root, "images", "before")
    if before is None:
        if named:
            yield f"images.before: {min(named)} is said to show the ground before, and nothing is said of it"
        return
    if sorted(named) != [text(before, "path")]:
        yield "images.before: its picture is not the file that is said to be it"
        return
    recordings, index = items(root, "recordings"), integer(before, "recording")
    if not 0 <= index < len(recordings):
        yield "images.before: it is of a recording that is not there"
        return
    made_from = f"recording:{text(recordings[index], 'sha256')}"
    if text(named[text(before, "path")], "derived_from", "parent") != made_from:
        yield "images.before: it is made from another recording than it says"
    integer(before, "pts")
    if moment(text(before, "at")) > moment(text(root, "violation", "stay", "arrived", "by")):
        yield "images.before: it is of a time at which the ground was seen taken"
