"""What came to stay on a street: where the picture has not shown the street behind for a while, and something else.

No detector has a class for goods spread on a pavement. So the street itself is remembered, as it looks without them: a
reference that follows the light and is learned only where it is seen. What stands there when the look begins is part of
it and stays unknown. A pixel that has differed from it for some seconds, and shows the same again and again, belongs to
something that stays; `vision.replaced` tells whether that replaces the street or only lights it differently, and
whether it was added or taken away. What replaces the street is never learned, however long it stays: it ends when the
street is seen again. Shadows, puddles and what was taken away are learned within seconds, as is what stood elsewhere
before and was only moved (`vision.moved`).

What touches in the picture is told apart by when it came (`vision.arrivals`), and parasols, which hang above where they
stand, from what they hide (`vision.parasols`). A camera that sways is followed (`vision.registered`).

People and vehicles hide what is behind them: under their boxes nothing is learned and nothing is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from models.interface import Detections, Image
from streams.instant import NS_PER_S, Instant
from vision import hanging, hiding
from vision.arrivals import WITHIN, apart, pieces
from vision.differing import apart_by, as_bytes
from vision.differing import differs as differing
from vision.footprints import MOST, Footprint, Point, View
from vision.hiding import Part
from vision.interface import Box
from vision.light import Light
from vision.moved import Removals
from vision.outline import outline_of
from vision.parasols import Parasols
from vision.registered import Anchor
from vision.replaced import Patch, Verdict, judge
from vision.trimmed import trimmed
from vision.turned import Turned

Planes = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Times = npt.NDArray[np.int64]

REVISION = 7
"""Changes when the same pictures would be told otherwise: what was told before is not used again."""
WIDTH = 640
"""Columns of the picture that is looked at; see `size_for`."""
_MARGIN = (0.06, 0.25, 0.04)
"""Around the zones that is looked at too: to the sides, upwards (what stands in a zone rises above it), downwards."""
_LEARN_LOOKS, _LEARN_NS = 3, 3 * NS_PER_S
"""The reference is the median of this many looks at least, over this time at least."""
_LEARN_MOST = 9
_STAYS_NS = 6 * NS_PER_S
_STAYS_LOOKS = 3
_GONE_LOOKS = 2
_FOLLOW = 0.15
"""How fast the reference follows what is seen of it."""
_SETTLE = 0.3
_BETWEEN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
"""What lies so near to what has changed is not learned."""
_TELLING = 1.4
"""Of the difference that counts: what stands must stand out by so much for its absence to be seen."""
_ANCHORED_LOOKS = 64
_UPHEAVAL, _UPHEAVAL_NS = 0.6, 90 * NS_PER_S
"""Share of the view that differs in a look of which nothing is believed; after this time the reference begins anew."""
_STILL_COMES = 0.3
"""Of what lies around a part: where more has changed a moment ago, one waits."""
_MIN_PIXELS = 40
_SAME = 0.04
"""Share of a thing's pixels that may change before its outline is drawn anew."""
_SHADE_NS = _STAYS_NS + 4 * NS_PER_S
"""Shade is learned after this time."""
_NEAR = 9
"""Pixels: what lies so close to what stands there is not learned as shade."""


def size_for(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the picture to look at, for a stream of `size`."""
    width, height = size
    return (width, height) if width <= WIDTH else (WIDTH, max(1, round(height * WIDTH / width)))


class Backdrop:
    """The memory of one view. Looks come in order of time; another size begins anew. Memory is bounded."""

    def __init__(self, zones: Sequence[Sequence[Point]]) -> None:
        """`zones`: polygons on the ground, in fractions of the picture, in or near which things are looked for."""
        self._zones = [np.array(zone, np.float64) for zone in zones]
        self._shape: tuple[int, ...] | None = None
        self._crop = (slice(0), slice(0))
        self._now: View | None = None
        self._learning: list[tuple[int, Image]] | None = []
        self._anchor: Anchor | None = None
        self._looks = 0

    def look(self, at: Instant, image: Image | None, detections: Detections) -> View | None:
        """What stays there, by now; None while the street is being learned.

        `image`: H x W x 3 BGR uint8 of the whole view, best of `size_for`; None: nothing has changed since the last
        look. `detections`: what was found in the same view.
        """
        if image is not None and image.shape != self._shape:
            self._begin(image.shape)
        if image is not None:
            self._cur = np.asarray(cv2.blur(self._aligned(image[self._crop]), (3, 3)), np.uint8)
        elif self._shape is None:
            return None
        now = at.utc_ns
        if self._learning is not None:
            self._learn(now)
            return None
        if image is not None or self._pending:
            self._now = self._see(now, detections)
        return self._now

    @property
    def lost(self) -> bool:
        """Whether nothing was believed of the last look, as most of it differs: in another light, say."""
        return self._shape is not None and self._upheaval_ns is not None

    def seen(self, outlines: Sequence[Sequence[Point]]) -> float:
        """Share, 0..1, of a part of the picture that nothing hid in the last look.

        `outlines`: polygons in fractions of the picture. 0 where nobody watches, and in a look of which nothing was
        believed.
        """
        if self._shape is None or self._learning is not None or self.lost:
            return 0.0
        mask = np.zeros(self._zone.shape, np.uint8)
        for outline in outlines:
            corners = np.array(outline, np.float64) * self._size - self._origin
            cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
        count = int(np.count_nonzero(mask))
        return np.count_nonzero((mask > 0) & self._visible) / count if count else 0.0

    def _aligned(self, image: Image) -> Image:
        """The picture as if the camera had not moved since the view was learned."""
        if self._anchor is None:
            self._anchor = Anchor(image)
            return image
        self._looks += 1
        if self._looks % _ANCHORED_LOOKS == 0 and self._learning is None:
            self._anchor = Anchor(as_bytes(self._street))  # in the light of today
        return self._anchor.aligned(image)

    # -- the reference ----------------------------------------------------------------------------------------------

    def _begin(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        height, width = shape[:2]
        corners = np.concatenate(self._zones)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        beside, above, below = _MARGIN
        x1, x2 = max(0, int((left - beside) * width)), min(width, int((right + beside) * width) + 1)
        y1, y2 = max(0, int((top - above) * height)), min(height, int((bottom + below) * height) + 1)
        self._crop = (slice(y1, y2), slice(x1, x2))
        mask = np.zeros((height, width), np.uint8)
        for zone in self._zones:
            for rise in (0.0, above):  # what stands in a zone rises above it
                cv2.fillPoly(mask, [np.round((zone - (0, rise)) * (width, height)).astype(np.int32)], 1)
        self._zone: Mask = mask[self._crop] > 0
        self._origin = (x1, y1)
        self._restart()

    def _restart(self) -> None:
        size = self._zone.shape
        self._learning = []
        self._anchor, self._looks = None, 0
        self._stable: Bytes = np.zeros(size, np.uint8)
        self._back: Bytes = np.zeros(size, np.uint8)
        self._static = np.zeros(size, np.bool_)
        self._solid = np.zeros(size, np.bool_)
        self._shown = np.zeros(size, np.bool_)
        self._pending = True
        self._stirred = True
        self._visible: Mask = np.ones(size, np.bool_)
        self._parasols = Parasols()
        self._removals = Removals()
        self._parts: list[tuple[Part, Mask, Footprint]] = []
        self._upheaval_ns: int | None = None
        self._light = Light()
        self._now = None

    def _learn(self, now: int) -> None:
        assert self._learning is not None
        self._learning.append((now, self._cur))
        if len(self._learning) > _LEARN_MOST:
            del self._learning[1::2]
        if len(self._learning) < _LEARN_LOOKS or now - self._learning[0][0] < _LEARN_NS:
            return
        self._street: Planes = np.median([planes for _, planes in self._learning], axis=0).astype(np.float32)
        self._shows = self._street.copy()
        self._last_back: Times = np.full(self._zone.shape, now, np.int64)
        self._since: Times = np.full(self._zone.shape, now, np.int64)
        self._turned = Turned(self._street)
        self._begun, self._learning = now, None
        self._now = View(now)

    def _absorb(self, part: Part, where: Mask, now: int) -> None:
        """What is seen there is the street from now on."""
        if where.any():
            self._street[part][where] = self._shows[part][where]
            self._static[part][where] = self._solid[part][where] = False
            self._last_back[part][where] = now

    # -- one look ---------------------------------------------------------------------------------------------------

    def _see(self, now: int, detections: Detections) -> View:
        cur = self._cur
        boxes = hiding.boxes(detections, self._size, self._origin)
        self._parasols.look(now, detections)
        followed = self._light.follow(cur, self._street, self._shows, ~self._static & ~hiding.usual(boxes, cur.shape))
        if followed is None:
            return self._upheaval(now)
        self._street, self._shows, limit = followed
        self._turned.follow(self._light)
        differs = differing(cur, as_bytes(self._street), limit)
        unknown = differs & (~self._static | (apart_by(cur, as_bytes(self._shows)) >= limit))
        visible = ~hiding.covered([box for box in boxes if hiding.stands_in(box, unknown)], cur.shape)
        free = self._visible = visible
        if self._static.any():
            # What stands, but would not stand out in this light, cannot be seen to have gone.
            tells = differing(as_bytes(self._shows), as_bytes(self._street), _TELLING * limit)
            free = visible & (tells | ~self._static)
        changed, same = free & differs, free & ~differs
        if float(np.count_nonzero(changed & ~self._static)) > _UPHEAVAL * changed.size:
            return self._upheaval(now)
        self._upheaval_ns = None
        self._count(now, cur, changed, same, limit)
        if self._stirred:
            self._find(now, limit)
            self._stirred = False
        return View(self._begun, tuple(self._told(*part) for part in self._parts))

    def _count(self, now: int, cur: Image, changed: Mask, same: Mask, limit: float) -> None:
        loose = ~self._static
        bare = same & loose
        np.copyto(self._since, now, where=changed & (self._last_back >= self._since))
        np.copyto(self._last_back, now, where=bare)
        # Parts of a thing may be as grey as the street: what lies between its other parts is not learned.
        thing = cv2.morphologyEx((changed | self._static).view(np.uint8), cv2.MORPH_CLOSE, _BETWEEN)
        cv2.accumulateWeighted(cur, self._street, _FOLLOW, cv2.subtract(bare.view(np.uint8), thing))
        near = apart_by(cur, as_bytes(self._shows)) < limit
        settling, fresh = changed & near, changed & ~near
        cv2.accumulateWeighted(cur, self._shows, _SETTLE, (settling | bare).view(np.uint8))
        cv2.accumulateWeighted(cur, self._shows, 1.0, fresh.view(np.uint8))
        self._stable = np.asarray(cv2.add(self._stable, settling.view(np.uint8)), np.uint8)
        np.copyto(self._stable, 0, where=fresh | bare)
        again = same & self._static
        self._back = np.asarray(cv2.add(self._back, again.view(np.uint8)), np.uint8)
        np.copyto(self._back, 0, where=changed)
        stays = changed & loose & (self._stable >= _STAYS_LOOKS)
        stays &= now - self._since >= _STAYS_NS
        gone = again & (self._back >= _GONE_LOOKS)
        self._static |= stays
        if self._static.any():
            self._turned.look(now, cur, self._shows, limit, self._static, stays, fresh, self._stable)
        if gone.any():
            self._static &= ~gone
            self._solid &= ~gone
            np.copyto(self._back, 0, where=gone)
            np.copyto(self._last_back, now, where=gone)
        self._shown = changed
        # What has come to stay is judged again while parts of it may turn out to be shade, and when any of it goes.
        self._stirred |= bool(stays.any() or gone.any() or (self._static & ~self._solid).any())
        self._pending = bool(self._stirred or (changed & ~self._static).any() or again.any())

    def _upheaval(self, now: int) -> View:
        if self._upheaval_ns is None:
            self._upheaval_ns = now
        if now - self._upheaval_ns >= _UPHEAVAL_NS:
            self._restart()
            return View(now)
        return View(self._begun, tuple(replace(one, shown=0.0) for _, _, one in self._parts))

    # -- what stays ---------------------------------------------------------------------------------------------------

    def _find(self, now: int, limit: float) -> None:
        """Take what stays apart into connected parts, and judge each."""
        before, self._parts = self._parts, []
        whole = cv2.morphologyEx(self._static.view(np.uint8), cv2.MORPH_CLOSE, WITHIN)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
        for number in sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA])):
            x, y, w, h, area = (int(value) for value in stats[number])
            part = (slice(max(0, y - 6), y + h + 6), slice(max(0, x - 6), x + w + 6))
            mine: Mask = labels[part] == number
            old = mine & self._static[part] & ~self._solid[part] & (now - self._since[part] > _SHADE_NS)
            if area < _MIN_PIXELS or len(self._parts) >= MOST or not (mine & self._zone[part]).any():
                self._absorb(part, old, now)
            else:
                self._judge(now, part, mine, old, limit, before)

    def _judge(
        self, now: int, part: Part, mine: Mask, old: Mask, limit: float, before: Sequence[tuple[Part, Mask, Footprint]]
    ) -> None:
        solid = self._solid[part] & mine
        verdict = judge(Patch(self._street[part], self._shows[part], mine, limit), solid)
        if verdict.taken_away and not solid.any():
            if not self._still_comes(part, mine):
                self._removals.add(now, self._street[part], mine & self._static[part])
                self._absorb(part, mine & self._static[part], now)
            return
        self._solid[part] = (self._solid[part] & ~mine) | (verdict.solid & self._static[part])
        beside = cv2.dilate(verdict.solid.view(np.uint8), np.ones((_NEAR, _NEAR), np.uint8)) == 0
        self._absorb(part, old & beside & ~self._solid[part], now)
        if (verdict.solid & self._static[part]).any():
            for came in apart(verdict.solid, self._static[part], self._last_back[part], self._since[part]):
                for one, parasol in self._told_apart(now, part, mine, came):
                    if self._was_moved(now, part, one):
                        self._absorb(part, one & self._static[part], now)
                    else:
                        self._outline(part, one, mine & ~(verdict.solid & ~one), parasol, verdict, before)

    def _told_apart(self, now: int, part: Part, mine: Mask, came: Mask) -> list[tuple[Mask, bool]]:
        """What came at one time, in pieces that do not touch, and whether each is a parasol."""
        pixels = hanging.Pixels(self._static, self._shown, self._last_back, self._since)
        hangs = partial(hanging.may_hang, pixels, part)

        def split() -> list[tuple[Mask, bool]]:
            told = self._parasols.told_apart(came, self._corner(part), self._size, hangs)
            return [(piece, canopy) for mask, canopy in told for piece in pieces(mask)]

        found, opens = split(), False
        for one, parasol in found:
            if parasol:
                self._parasols.stands(now, self._box(part, one))
            elif (opened := hanging.opened(pixels, part, mine, one)) is not None:
                canopy, alone = opened
                opens |= self._parasols.opened(now, self._box(part, canopy), alone)
        return split() if opens else found

    def _was_moved(self, now: int, part: Part, solid: Mask) -> bool:
        """Whether a thing was part of the street before, at another place."""
        inside = solid & self._static[part]
        since = self._since[part][inside]
        return bool(since.size) and self._removals.explain(int(np.median(since)), now, self._shows[part], inside)

    def _box(self, part: Part, solid: Mask) -> Box:
        rows, columns = np.nonzero(solid)
        x, y = self._corner(part)
        width, height = self._size
        return (
            float((x + columns.min()) / width),
            float((y + rows.min()) / height),
            float((x + columns.max() + 1) / width),
            float((y + rows.max() + 1) / height),
        )

    def _still_comes(self, part: Part, mine: Mask) -> bool:
        """Whether what lies around a part has changed a moment ago: then it is no thing by itself."""
        inner = mine.view(np.uint8)
        around = cv2.dilate(inner, np.ones((_NEAR, _NEAR), np.uint8)) > inner
        changed = self._shown[part] & ~self._static[part] & around
        return bool(np.count_nonzero(changed) > _STILL_COMES * np.count_nonzero(around))

    def _outline(
        self,
        part: Part,
        solid: Mask,
        changed: Mask,
        parasol: bool,
        verdict: Verdict,
        before: Sequence[tuple[Part, Mask, Footprint]],
    ) -> None:
        """Tell of one thing, `solid`; `changed`: what around it is no other thing, and no longer shows the street."""
        inside = solid & self._static[part]
        for place, known, one in before:
            if (
                place == part
                and known.shape == inside.shape
                and np.count_nonzero(known ^ inside) <= _SAME * np.count_nonzero(inside)
            ):
                # The same outline is the same thing, and is measured once.
                self._parts.append((place, known, replace(one, parasol=parasol)))
                return
        if len(self._parts) >= MOST or not (inside & self._zone[part]).any():
            return
        bare = solid if parasol else trimmed(solid, changed, verdict, self._street[part], self._shows[part])
        outline = outline_of(bare, self._corner(part), self._size)
        if outline is not None:
            since = (int(np.median(self._last_back[part][inside])), int(np.median(self._since[part][inside])))
            one = Footprint(outline, since, 0.0, round(verdict.replaced, 2), round(verdict.fresh, 2), parasol)
            self._parts.append((part, inside, one))

    @property
    def _size(self) -> tuple[int, int]:
        assert self._shape is not None
        height, width = self._shape[:2]
        return width, height

    def _corner(self, part: Part) -> tuple[int, int]:
        """Column and row of its upper left pixel in the picture."""
        return self._origin[0] + part[1].start, self._origin[1] + part[0].start

    def _told(self, part: Part, inside: Mask, one: Footprint) -> Footprint:
        shown = np.count_nonzero(self._shown[part] & inside) / np.count_nonzero(inside)
        turned = self._turned.since(part, inside)
        since = one.since if turned is None else (turned, turned)
        return replace(one, shown=round(float(shown), 2), since=since)
