"""What a look shows of a place: what came to stand there, the place as it was before that, or neither of them.

Looks from before need not show all of a place: each tells of the cells that nothing hid then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vision.patches import Cells, Levels, Patch, about_mean, centred, correlation, levels, likeness

UNLIKE = 0.6
"""Correlation: below it, a look at a place shows something else than what came to stand there."""
ALIKE = 0.8
"""Correlation: from it on, a look shows what came to stand there, if the empty place is less like it."""
VISIBLE, _LITTLE = 0.25, 0.1
"""A place of which less can be seen beside boxes is not judged, and nothing is learned of it; but down to the second,
one that shows exactly what was there before is empty."""
_STANDS = 0.25
"""... and so much more than the empty place itself has with it, at most, where it is gone."""
_SHARE = 0.3
"""Of the way from the empty place to what stood there: an empty place has gone no further."""
_REST = 0.5
"""Of that way's length: so much of a look may be explained by neither."""
_FOREIGN = 0.75
"""... and with so much of it, something else is to be seen."""
_PLAIN = 2.0
"""Grey levels: with less contrast between the two, nothing can be told."""
_CLEAR, _NEAR = 12.0, 0.3
"""Grey levels by which a cell tells what stood there from the empty place, and the share of them it may be off."""
_PART, _GONE = 0.25, 0.1
"""Of the cells that tell: shown in one piece, at least, and like the empty place, at most, for a kept part."""


@dataclass(frozen=True, slots=True, eq=False)
class Empty:
    """A place in a look from before something came to stand there."""

    shows: Patch
    seen: Cells | None = None
    """The cells that nothing hid then; None: all of them."""

    def told(self, cells: Cells | None) -> Cells | None:
        """Of `cells`, those that it tells of; None: all that there are."""
        if self.seen is None or cells is None:
            return cells if self.seen is None else self.seen
        return self.seen & cells


def enough(cells: Cells | None) -> bool:
    """Whether so many cells of a place can be judged by; None: all."""
    return cells is None or bool(cells.mean() >= VISIBLE)


def kept(
    stood: Sequence[tuple[Patch, Patch, Sequence[Empty]]],
    now: Levels,
    filled: Levels,
    alike: npt.NDArray[np.float64],
    cells: Sequence[Cells | None],
) -> list[bool]:
    """Of places, each what it shows, what stood there, and how it was before: whether it shows that still.

    `now` and `filled` are the first two of all places in `cells` of each, without their means, and `alike` is the
    correlation of both.
    """
    said = (alike >= ALIKE) & (filled.std(axis=-1) >= _PLAIN)
    compared = [(i, before) for i in said.nonzero()[0].tolist() for before in stood[i][2]]
    whole = [(i, before.shows) for i, before in compared if before.seen is None]
    if whole:
        numbers = [i for i, _ in whole]
        empty = levels([shows for _, shows in whole], [cells[i] for i in numbers])
        close = likeness(now[numbers], centred(empty)) + _STANDS / 2 >= alike[numbers]
        said[np.array(numbers)[close]] = False
    for i, before in compared:
        if said[i] and before.seen is not None:
            which = before.told(cells[i])
            if enough(which):
                like, ground = (correlation(stood[i][0], one, which) for one in (stood[i][1], before.shows))
                said[i] = ground + _STANDS / 2 < like
    return [bool(one) for one in said]


def kept_in_part(now: Patch, filled: Patch, before: Sequence[Empty]) -> bool:
    """Whether a look shows an unbroken part of what stood there, though boxes cover it: a bus is no full rectangle.

    Only cells count that tell it from the empty place, and levels have to be what they were: correlation would find
    some likeness in any part. So nothing is said once the light has changed.
    """
    if not before:
        return False
    empty = np.stack([one.shows for one in before])
    way = np.abs(filled - empty)
    tells = way >= _CLEAR
    for row, one in zip(tells, before, strict=True):
        if one.seen is not None:
            row &= one.seen
    stands = tells & (np.abs(now - filled) <= _NEAR * way)
    gone = tells & (np.abs(now - empty) <= _NEAR * way)
    told = tells.sum(axis=(1, 2))
    if (told < VISIBLE * tells[0].size).any() or (gone.sum(axis=(1, 2)) > _GONE * told).any():
        return False
    # No part of it is larger than all of it: most of what is hidden needs no closer look.
    if (stands.sum(axis=(1, 2)) < _PART * told).any():
        return False
    return all(_largest(a, b) >= _PART * count for a, b, count in zip(stands, tells, told.tolist(), strict=True))


def _largest(stands: Cells, tells: Cells) -> int:
    """Cells of the largest part in which a look shows what stood there, unbroken by others that tell."""
    _, labels = cv2.connectedComponents((stands | ~tells).astype(np.uint8), connectivity=4)
    return int(np.bincount(np.asarray(labels)[stands]).max(initial=0))


def empty_again(now: Patch, filled: Patch, before: Sequence[Empty], like: float, cells: Cells | None) -> bool:
    """Whether a look shows the empty place in `cells`, where `like` is its correlation with what stood there."""
    if like > UNLIKE + _STANDS:
        return False
    return _most(
        _is_again(now, one.shows, filled, like if one.seen is None else correlation(now, filled, which), which)
        for one, which in _telling(before, cells)
    )


def exactly_empty(now: Patch, filled: Patch, before: Sequence[Empty], cells: Cells | None) -> bool:
    """Whether a look shows what was there before, though boxes cover all but `cells`: those stood there already, or
    what little they leave to be seen shows it."""
    if _most(_is_exactly(now, one.shows, filled, one.seen) for one in before):
        return True
    # Most often that little shows what stood there.
    if cells is None or not before or cells.mean() < _LITTLE or correlation(now, filled, cells) > UNLIKE:
        return False
    told = [(one, one.told(cells)) for one in before]
    return _most(
        which is not None and bool(which.mean() >= _LITTLE) and _is_exactly(now, one.shows, filled, which)
        for one, which in told
    )


def neither(now: Patch, filled: Patch, before: Sequence[Empty], cells: Cells | None) -> bool:
    """Whether neither the empty place nor what stood in it explains what `cells` show, nor some of both."""
    telling = _telling(before, cells)
    return bool(telling) and all(_is_neither(now, one.shows, filled, which) for one, which in telling)


def _telling(before: Iterable[Empty], cells: Cells | None) -> list[tuple[Empty, Cells | None]]:
    """The looks from before that tell of enough of the cells, and of which."""
    told = [(one, one.told(cells)) for one in before]
    return [(one, which) for one, which in told if enough(which)]


def _most(said: Iterable[bool]) -> bool:
    """Whether half of the looks from before say so, at least: one of them may show what only passed."""
    answers = list(said)
    return bool(answers) and 2 * sum(answers) >= len(answers)


def _is_exactly(now: Patch, empty: Patch, filled: Patch, cells: Cells | None) -> bool:
    """The side of a bus may be as plain as the ground, but it has not its structure."""
    if correlation(now, empty, cells) < ALIKE or float((empty if cells is None else empty[cells]).std()) < _PLAIN:
        return False
    return _is_again(now, empty, filled, correlation(now, filled, cells), cells)


def _is_neither(now: Patch, empty: Patch, filled: Patch, cells: Cells | None) -> bool:
    shows, ground = about_mean(now, cells), about_mean(empty, cells)
    if float(likeness(shows, ground)) >= UNLIKE:
        return False
    _, rest, length = _along(shows, ground, about_mean(filled, cells))
    return length >= _PLAIN and rest >= _FOREIGN


def _along(shows: Levels, ground: Levels, stood: Levels) -> tuple[float, float, float]:
    """How far a look is on the way from the empty place to what stood there, and how far beside it, as shares of the
    way's length; and that, in grey levels."""
    way = stood - ground
    length = float(np.sqrt((way * way).mean()))
    if length < _PLAIN:
        return 0.0, 0.0, length
    gone = shows - ground
    share = float((gone * way).mean()) / length**2
    rest = gone - np.float32(share) * way
    return share, float(np.sqrt((rest * rest).mean())) / length, length


def _is_again(now: Patch, empty: Patch, filled: Patch, like: float, cells: Cells | None) -> bool:
    """Whether a look shows the empty place, and not what stood in it; `like` is its correlation with the latter."""
    # Correlation is blind to how bright it is, so what still stands there is not called gone because night falls.
    if like > max(0.0, correlation(empty, filled, cells)) + _STANDS:
        return False
    shows, ground = about_mean(now, cells), about_mean(empty, cells)
    # Nor does it ask for the contrast that the ground had in the light of then: lamps and shadows change it. Where the
    # cells show the ground beside what stands there, they are like both.
    again = float(likeness(shows, ground))
    if min(float(shows.std()), float(ground.std())) >= _PLAIN and again >= max(ALIKE, like + _STANDS):
        return True
    share, rest, length = _along(shows, ground, about_mean(filled, cells))
    return length >= _PLAIN and share <= _SHARE and rest <= _REST
