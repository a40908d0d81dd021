"""What is seen about a thing and is no part of it, and what is part of it though it looks like the street."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from vision.outline import outline_of
from vision.replaced import Patch, Verdict, judge
from vision.trimmed import trimmed

Mask = npt.NDArray[np.bool_]
Planes = npt.NDArray[np.float32]
SHAPE = (120, 160)


def street() -> Planes:
    """Slabs with dark joints."""
    planes = np.full((*SHAPE, 3), (120, 124, 128), np.float32)
    planes[::9] -= 30
    planes[:, ::11] -= 30
    return np.asarray(cv2.GaussianBlur(planes, (0, 0), 0.7), np.float32)


def masked(x1: int, y1: int, x2: int, y2: int) -> Mask:
    mask = np.zeros(SHAPE, np.bool_)
    mask[y1:y2, x1:x2] = True
    return mask


def told(shows: Planes) -> Verdict:
    return judge(Patch(street(), shows, np.ones(SHAPE, np.bool_), 11.0), np.zeros(SHAPE, np.bool_))


def painted(where: Mask, colour: tuple[int, int, int] = (30, 40, 200)) -> Planes:
    shows = street()
    shows[where] = colour
    return shows


def test_the_shade_at_the_foot_of_a_thing_is_no_part_of_it() -> None:
    thing, foot = masked(40, 40, 100, 80), masked(40, 80, 100, 83)
    shows = painted(thing)
    shows[foot] *= 0.75
    left = trimmed(thing | foot, thing | foot, told(shows), street(), shows)
    assert np.count_nonzero(left & foot) < 0.4 * np.count_nonzero(foot)
    assert not (thing & ~masked(40, 78, 100, 80) & ~left).any(), "but its own lower edge stays, where they do not mix"


def test_a_side_in_a_colour_of_its_own_is_no_shade_however_low() -> None:
    thing = masked(40, 40, 100, 83)
    shows = painted(thing)
    assert np.array_equal(trimmed(thing, thing, told(shows), street(), shows), thing)


def test_what_lies_flat_beside_a_thing_is_no_part_of_it() -> None:
    """A shadow's tip, the feet of somebody who stood there: a thing rises at its ends as in its middle."""
    thing, flat = masked(40, 40, 100, 80), masked(100, 74, 114, 80)
    shows = painted(thing | flat)
    assert np.array_equal(trimmed(thing | flat, thing | flat, told(shows), street(), shows), thing)
    pole = masked(68, 80, 71, 110)
    shows = painted(thing | pole)
    assert (trimmed(thing | pole, thing | pole, told(shows), street(), shows) & pole).any(), "what it stands on rises"


def test_a_side_as_bright_as_the_street_belongs_to_the_thing_where_the_joints_are_not_seen() -> None:
    thing, grey = masked(40, 30, 100, 90), masked(60, 70, 90, 90)
    seen = thing & ~grey
    plain = painted(thing)
    plain[grey] = (117, 121, 125)
    assert (trimmed(seen, seen, told(plain), street(), plain) & grey).sum() > 0.9 * grey.sum()
    gap = painted(seen)  # what is seen between the things is the street, with its joints
    assert (trimmed(seen, seen, told(gap), street(), gap) & grey).sum() < 0.1 * grey.sum()


def test_what_has_changed_between_the_parts_of_a_thing_is_part_of_it() -> None:
    """A grey side, darker than the street, may be a shadow by its looks; but a shadow lies beside a thing."""
    thing, dark = masked(40, 30, 100, 90), masked(60, 70, 90, 90)
    shows = painted(thing)
    shows[dark] = street()[dark] * 0.7
    found = trimmed(thing & ~dark, thing, told(shows), street(), shows)
    assert (found & dark).sum() > 0.9 * dark.sum()


def test_what_stands_on_a_thin_pole_has_an_outline() -> None:
    mask = masked(40, 20, 100, 50) | masked(69, 50, 70, 80) | masked(66, 80, 74, 84)
    outline = outline_of(mask, (0, 0), (160, 120))
    assert outline is not None and min(y for _, y in outline) < 0.2
