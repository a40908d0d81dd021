"""Whether something replaces the street, or only lights it differently; whether it was added, or taken away.

Light, shadow and water keep what the street looks like, up to how bright it is and a tint: where it has a texture, that
is still there. Goods show another texture or another colour. Where neither street nor newcomer have any texture and
only the brightness differs, nothing is claimed. What is added brings its own edges along its outline; where something
was taken away the edges lie in the reference, and the picture is as smooth there as it is around.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_WINDOW, _DETAIL = (7, 7), (5, 5)
_KEPT = 0.55
"""Correlation of a window with the street's: above it the texture survives."""
_PLAIN = 1.8
"""Grey levels, standard deviation within a window: less is no texture."""
_BUSY = 2.0
"""A texture so many times that of the lit street is a new one."""
_TINT = 16.0
"""Grey levels that a colour is off when the brightness is taken out; water and lamps tint by less."""
_SHADE_TINT = 9.0
"""... and shadows and white lamps by less than this."""
_CAST_TINT, _DIMMED, _EVEN, _MOSTLY, _ALL, _SOFT = 3.0, 0.95, 0.1, 0.4, 0.8, 13
"""Of a shadow: how far its colours may be off, in grey levels; how bright it is at most and how evenly so, as shares of
the lit street; which share of what is dimmed is so at least; with which share of a part dimmed all of it is shadow; and
how wide its soft edge may be, in pixels."""
_AROUND, _AS_LIT = 15, 0.15
"""How far around, in pixels, the street is asked how bright it is, and by which share of that lit ground may be off."""
_HARD = 0.75
"""A hard shadow leaves less; its soft edge, as wide as itself where things are small, leaves anything."""
_BLEED = 0.2
"""Share of an edge of the street's own colours by which colours may be off there besides."""
_DARKEST = 0.4
"""How much of the light a shadow leaves at least, in the levels of a picture: that of the sky."""
_GLARE, _LIT = 245.0, 0.4
_OPEN = 7
"""Pixels: edges of shadows give strips of this width in which windows say nothing."""
_RIM = 9
"""Pixels: ... and what was found replaced belongs to a thing within this width of its core."""
_SEEDS = 0.12
"""Share of a part that must be replaced for it to be anything."""
_TAKEN = 0.4
"""Share of the edges that is new: with less something was taken away."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the view: the street as remembered and what is seen now, H x W x 3 in the present light."""

    street: Planes
    shows: Planes
    mine: Mask
    limit: float
    """Grey levels that count as a difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    solid: Mask
    """Where the street is replaced."""
    replaced: float
    fresh: float
    taken_away: bool
    kept: Mask
    """Where the street's texture is seen, whether or not anything has changed there."""
    lost: Mask
    """Where it has one that is not seen."""


def judge(patch: Patch, known: Mask) -> Verdict:
    """What a part of the view that has changed for a while is. `known`: where the street was replaced before."""
    old, new = _grey(patch.street), _grey(patch.shows)
    replaced, kept = lost, _ = _texture(old, new, patch)
    ratio = np.asarray(cv2.blur(new, (3, 3)) / np.maximum(cv2.blur(old, (3, 3)), 4), np.float32)
    tint = _tint(patch, ratio)
    replaced = (replaced | (tint > max(_TINT, 1.2 * patch.limit))) & patch.mine
    cast = _cast(ratio, tint, patch)
    replaced &= ~cast
    known = known & ~cast
    # What has no colour of its own may be a shadow, or a lamp's light where that shows the street elsewhere, however
    # plain the street is there.
    brighter = patch.mine & (new > old)
    lit = np.count_nonzero(kept & brighter) > _LIT * np.count_nonzero(replaced & brighter)
    shade = kept | ((tint < _SHADE_TINT) & (~brighter | lit))
    unsure = patch.mine & ~replaced & ~shade & ~cast
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_OPEN, _OPEN))
    seeds = cv2.morphologyEx((replaced | known).astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    share = float((seeds & patch.mine).sum()) / max(1, int(patch.mine.sum()))
    solid = np.zeros_like(patch.mine)
    if share >= _SEEDS or known.any():
        beside = cv2.dilate((seeds | known).view(np.uint8), np.ones((_RIM, _RIM), np.uint8)) > 0
        solid = _grown(seeds | known, (replaced & beside) | unsure | known) & patch.mine
    where = solid if solid.any() else patch.mine
    fresh = _fresh(old, new, where)
    size = int(solid.sum())
    part = float((replaced & solid).sum()) / size if size else share
    return Verdict(solid, part, fresh, fresh < _TAKEN and _merges(patch, where), kept, lost)


def _grey(planes: Planes) -> Planes:
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_BGR2GRAY), np.float32)


def _texture(old: Planes, new: Planes, patch: Patch) -> tuple[Mask, Mask]:
    """Where the street's texture is replaced, and where it is kept."""
    mean_old, mean_new = cv2.blur(old, _DETAIL), cv2.blur(new, _DETAIL)
    # Only what is finer than a penumbra: a soft edge of a shadow is no texture.
    fine_old, fine_new = old - mean_old, new - mean_new
    var_old, var_new = cv2.blur(fine_old * fine_old, _WINDOW), cv2.blur(fine_new * fine_new, _WINDOW)
    cov = cv2.blur(fine_old * fine_new, _WINDOW)
    ratio = np.clip(mean_new / np.maximum(mean_old, 1), 0.2, 3)
    floor = max(_PLAIN, 0.25 * patch.limit) ** 2
    corr = cov / np.sqrt(np.maximum(var_old * var_new, 1e-6))
    textured = var_old * ratio * ratio > floor
    busy = var_new > np.maximum(floor, _BUSY * _BUSY * var_old * ratio * ratio)
    kept = textured & (corr > _KEPT) & ~busy
    glare = cv2.dilate((new > _GLARE).view(np.uint8), np.ones((_OPEN, _OPEN), np.uint8)) > 0  # shows no texture at all
    replaced = ((textured & (corr < _KEPT)) | busy) & ~glare
    return replaced, kept


def _tint(patch: Patch, ratio: Planes) -> Planes:
    """How far colours are apart once the street is as bright as what is seen."""
    soft_old, soft_new = cv2.blur(patch.street, (3, 3)), cv2.blur(patch.shows, (3, 3))
    tint: Planes = np.abs(soft_new - soft_old * ratio[..., None]).max(axis=2)
    return tint


def _cast(ratio: Planes, tint: Planes, patch: Patch) -> Mask:
    """A shadow whose texture a coarse video has lost: the street's colours, dimmed everywhere by the same share.

    So is what it leaves, brighter by one share, or as bright as the street around: shadows that creep do both at once.
    """
    alike = patch.mine & (tint < max(_CAST_TINT, 0.3 * patch.limit) + _BLEED * _colour_edges(patch.street))
    if np.count_nonzero(alike) >= _ALL * np.count_nonzero(patch.mine):
        usual = float(np.median(ratio[alike]))
        if usual > 1 and np.count_nonzero(alike & (np.abs(ratio - usual) < _EVEN * usual)) >= _ALL * alike.sum():
            return alike  # and where the sun comes back
    dimmed, left = alike & (ratio < _DIMMED) & (ratio > _DARKEST), alike & (ratio > 1 / _DIMMED)
    if not _is_lit_street(patch, left):
        left = np.zeros_like(left)
    if not dimmed.any() or np.count_nonzero(dimmed | left) >= _ALL * np.count_nonzero(patch.mine):
        return dimmed | left
    return left | _even(ratio, dimmed) | _even(ratio, dimmed & (ratio < _HARD), dimmed)


def _is_lit_street(patch: Patch, where: Mask) -> bool:
    """Whether it is as bright there as the street around that has not changed, where either is lit.

    A quarter of both is enough: around a shadow that creeps lies what it shades still, and light comes back softly.
    """
    around = (cv2.dilate(where.view(np.uint8), np.ones((_AROUND, _AROUND), np.uint8)) > 0) & ~patch.mine
    if not where.any() or not around.any():
        return False
    back, lit = (np.quantile(patch.shows[mask], 0.75, axis=0) for mask in (where, around))
    off = np.abs(back - lit)
    return bool((off <= _AS_LIT * lit).all())


def _even(ratio: Planes, dimmed: Mask, edges: Mask | None = None) -> Mask:
    """Where most of `dimmed` is so by one share, and what of `edges` lies about that; nothing where most is not."""
    if not dimmed.any():
        return dimmed
    usual = _mode(ratio[dimmed])
    even = dimmed & (np.abs(ratio - usual) < _EVEN * usual)
    if np.count_nonzero(even) < _MOSTLY * np.count_nonzero(dimmed):
        return np.zeros_like(dimmed)
    core = cv2.morphologyEx(even.view(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return (cv2.dilate(core, np.ones((_SOFT, _SOFT), np.uint8)) > 0) & (dimmed if edges is None else edges)


def _colour_edges(street: Planes) -> Planes:
    """By how many grey levels the street's own colour changes about each pixel: video smears colours over that."""
    colour = street - street.mean(axis=2, keepdims=True)
    kernel = np.ones((5, 5), np.uint8)
    edges: Planes = (cv2.dilate(colour, kernel) - cv2.erode(colour, kernel)).max(axis=2)
    return edges


def _mode(values: npt.NDArray[np.floating[Any]]) -> float:
    """Where values between 0 and 1 lie closest together."""
    counts, edges = np.histogram(values, bins=40, range=(0.0, 1.0))
    smooth = np.convolve(counts, (1, 2, 1), mode="same")
    peak = int(smooth.argmax())
    near = values[(values >= edges[max(0, peak - 1)]) & (values <= edges[min(40, peak + 2)])]
    return float(np.median(near)) if near.size else float(np.median(values))


def _grown(seeds: Mask, within: Mask) -> Mask:
    """The parts of `within` that hold a seed, their holes filled."""
    opened = cv2.morphologyEx(within.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(cv2.max(opened, seeds.view(np.uint8)), connectivity=4)
    hit = np.zeros(count, np.bool_)
    hit[np.unique(labels[seeds])] = True
    hit[0] = False
    grown = hit[labels].astype(np.uint8)
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(grown, contours, -1, 1, cv2.FILLED)
    filled: Mask = grown > 0
    return filled


def _merges(patch: Patch, where: Mask) -> bool:
    """Whether what is seen there is more like what lies around it than the street as it was remembered."""
    inner = where.view(np.uint8)
    around = (cv2.dilate(inner, np.ones((11, 11), np.uint8)) - cv2.dilate(inner, np.ones((5, 5), np.uint8))) > 0
    if not around.any():
        return False
    ring = patch.shows[around].mean(axis=0)
    now, before = (np.abs(planes[where].mean(axis=0) - ring).max() for planes in (patch.shows, patch.street))
    return bool(now < before)


def _fresh(old: Planes, new: Planes, where: Mask) -> float:
    """Share of the edges along the outline that is new: 1 all of them, 0 they were all there before."""
    inner = where.astype(np.uint8)
    kernel = np.ones((5, 5), np.uint8)
    band = (cv2.dilate(inner, kernel) - cv2.erode(inner, kernel)) > 0
    if not band.any():
        return 0.5
    beyond = (cv2.dilate(inner, np.ones((15, 15), np.uint8)) - cv2.dilate(inner, kernel)) > 0
    before, now = (cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) for grey in (old, new))
    # What the street's own texture gives is no edge of anything.
    usual = float(now[beyond].mean()) if beyond.any() else 0.0
    gone, new_ = (max(0.0, float(edges[band].mean()) - usual) for edges in (before, now))
    return new_ * new_ / max(1e-6, new_ * new_ + gone * gone)
