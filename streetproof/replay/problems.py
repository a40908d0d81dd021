"""What in the detections a person should look at, in words: the result stands, but perhaps not on what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from streetproof.replay.tally import Problem, Read
from streetproof.settings.site import Site


def problems_of(read: Read, sites: Sequence[Site]) -> Iterator[Problem]:
    """One problem for each kind of thing that was left out or cannot be meant; none where all was judged."""
    known = list(dict.fromkeys(camera.id for site in sites for camera in site.cameras))
    unknown = read.unknown_cameras.counts()
    if unknown:
        names = [_suggested(name, known) for name in list(unknown)[:5]]
        yield Problem(
            f"{_frames(sum(unknown.values()))} of {'a camera' if len(unknown) == 1 else f'{len(unknown)} cameras'} "
            "that the site does not have, left out: " + ", ".join(names) + (", …" if len(unknown) > 5 else ""),
            read.unknown_first,
            "Correct the names, or add the cameras to the site",
        )
    if read.backwards.count:
        yield Problem(
            f"{_frames(read.backwards.count)} earlier than a frame before in the same file, left out",
            read.backwards.first,
            "Sort the file by time, camera by camera or all together; where a clock went back, cut the file there",
        )
    if read.repeated.count:
        yield Problem(
            f"{_frames(read.repeated.count)} of a time that the camera had told before, left out",
            read.repeated.first,
            "Write each frame once, with all its boxes on one line",
        )
    if read.outside.count:
        yield Problem(
            f"{_boxes(read.outside.count)} wholly outside the image, left out",
            read.outside.first,
            "See that `size` is the size of the image that the boxes are in",
        )
    if 0 <= read.farthest_px <= 1:
        yield Problem(
            "no box reaches beyond the first pixel: these are fractions, not pixels",
            "",
            "Multiply x by the width and y by the height",
        )


def classes_never_seen(read: Read, sites: Sequence[Site]) -> list[str]:
    """Classes that a rule is about and that no box has: a slip of the pen, or an empty street."""
    named = dict.fromkeys(
        name for site in sites for policy in site.policies for rule in policy.rules for name in rule.classes
    )
    return [name for name in named if name not in read.classes]


def _boxes(count: int) -> str:
    return "1 box" if count == 1 else f"{count} boxes"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _suggested(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
    return f"{name[:80]!r}" + (f" (did you mean {close[0]!r}?)" if close else "")
