"""A pavement's frames: I420 pictures, each a pure function of the script and the frame's index."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes import cutouts, stamp
from tests.scenes.pavement import patches, people
from tests.scenes.pavement.patches import SUN, Dark, Patch
from tests.scenes.pavement.script import Blocks, Cast, Figure, Parasol, Pavement, Piece, Puddle, Thing, Vehicle
from tests.scenes.pavement.street import street
from tests.scenes.pavement.water import Water
from tests.scenes.weather import Lamp, Weather

Image = npt.NDArray[np.uint8]
_Box = tuple[int, int, int, int]
_Slices = tuple[slice, slice]
_KEPT = 400
"""Drawn patches that are remembered: what stands is drawn once."""
_POSE_S = 19.0
_SPRITE_PX_PER_M = {"van": 22.0, "car": 19.0}
_LAMPS = (Lamp(0.36, 0.62, 0.3), Lamp(0.8, 0.42, 0.2))
"""Street lamps, which the weather lights as it gets dark."""


@dataclass(slots=True)
class _Shown:
    """One thing in one frame."""

    thing: Thing
    x: float
    y: float
    moving: bool
    depth: float
    state: Hashable
    """What decides how it is drawn, but for its form."""


class PavementRenderer:
    """Draws the frames of one pavement. Frames may be asked for in any order."""

    def __init__(self, pavement: Pavement) -> None:
        if pavement.camera.size != pavement.view.size:
            raise ValueError("the camera and the view differ in size")
        self._pavement = pavement
        self._street = street(pavement.camera)
        self._weather = Weather(pavement.view)
        self._kept: dict[Hashable, Patch | Dark | None] = {}
        self._water = Water(pavement.camera, self._street)
        self._planes = np.asarray(cv2.cvtColor(self._street, cv2.COLOR_BGR2YUV_I420), np.uint8)
        self._drawn: dict[tuple[str, Hashable], list[_Box]] = {}

    def frame(self, index: int) -> Image:
        """Frame `index` as I420: H * 3/2 rows of W bytes. A new array each time."""
        view = self._pavement.view
        t = view.second(index)
        shown = self._at(t)
        self._draw(shown)
        lamps = list(_LAMPS) if view.light.level(t) < 0.5 else []
        planes = self._weather.apply(self._planes, index, lamps)
        if view.stamped:
            stamp.write(planes, view.size, index)
        return planes

    def bgr(self, index: int) -> Image:
        """Frame `index` as H x W x 3 BGR, before any encoding."""
        return np.asarray(cv2.cvtColor(self.frame(index), cv2.COLOR_YUV2BGR_I420), np.uint8)

    def _at(self, t: float) -> list[_Shown]:
        """Everything that is there, furthest first."""
        found = []
        for thing in self._pavement.things:
            where = thing.at(t)
            if where is not None:
                x, y, moving = where
                x, y = round(x, 2), round(y, 2)
                depth = self._pavement.camera.depth(x, y)
                found.append(_Shown(thing, x, y, moving, depth, self._state(thing, x, y, moving, t)))
        return sorted(found, key=lambda one: (-one.depth, one.thing.name))

    def _state(self, thing: Thing, x: float, y: float, moving: bool, t: float) -> Hashable:
        gone = t - thing.marks[0][0]
        match thing.form:
            case Figure():
                step = int(gone * 10) % 12 if moving else -1 - int((t + thing.form.who * 5) / _POSE_S) % 2
                return (x, y, step, thing.heading(t) < 0)
            case Puddle():
                return (x, y, round(min(1.0, gone / max(thing.form.grows, 1e-6)), 2))
            case _:
                return (x, y)

    def _draw(self, shown: list[_Shown]) -> None:
        """Draws again what has changed since the last frame: the places of what came, went or moved."""
        now = {(one.thing.name, one.state): self._boxes(one) for one in shown}
        changed = [box for key, boxes in now.items() if key not in self._drawn for box in boxes]
        changed += [box for key, boxes in self._drawn.items() if key not in now for box in boxes]
        for box in _joined(changed):
            self._draw_part(shown, box)
        self._drawn = now

    def _draw_part(self, shown: list[_Shown], box: _Box) -> None:
        x1, y1, x2, y2 = box
        canvas = self._street[y1:y2, x1:x2].astype(np.float32)
        taken = np.zeros(canvas.shape[:2], np.float32)
        for one in shown:
            if isinstance(one.thing.form, Puddle):
                _cover(canvas, box, self._patch(one))
            dark = self._dark(one)
            if dark is not None and (both := _common(box, dark.x, dark.y, dark.share)) is not None:
                part, share = both
                np.maximum(taken[part], dark.share[share], out=taken[part])
        canvas *= (1 - taken)[..., None]
        for one in shown:
            if not isinstance(one.thing.form, Puddle | Cast):
                _cover(canvas, box, self._patch(one))
        self._refresh(np.clip(canvas + 0.5, 0, 255).astype(np.uint8), box)

    def _refresh(self, part: Image, box: _Box) -> None:
        """Converts a part with even sides into the planes."""
        x1, y1, x2, y2 = box
        width, height = self._pavement.view.size
        planes = cv2.cvtColor(part, cv2.COLOR_BGR2YUV_I420)
        h, w = y2 - y1, x2 - x1
        self._planes[y1:y2, x1:x2] = planes[:h]
        colours = self._planes[height:].reshape(2, height // 2, width // 2)
        colours[:, y1 // 2 : y2 // 2, x1 // 2 : x2 // 2] = planes[h:].reshape(2, h // 2, w // 2)

    def _boxes(self, one: _Shown) -> list[_Box]:
        found: list[_Box] = []
        patch, dark = self._patch(one), self._dark(one)
        if patch is not None:
            found.append(_even(patch.x, patch.y, patch.rgba))
        if dark is not None:
            found.append(_even(dark.x, dark.y, dark.share))
        return found

    def _patch(self, one: _Shown) -> Patch | None:
        key = (one.thing.name, one.state)
        if key not in self._kept:
            self._forget()
            self._kept[key] = self._new_patch(one)
        found = self._kept[key]
        assert found is None or isinstance(found, Patch)
        return found

    def _new_patch(self, one: _Shown) -> Patch | None:
        camera, form = self._pavement.camera, one.thing.form
        match form:
            case Blocks():
                # Furthest and lowest first: what stands on a table hides it, what stands before it too.
                parts = sorted(form.pieces, key=lambda p: (p.z > 0, -camera.depth(one.x + p.x, one.y + p.y), p.z))
                quads = [quad for piece in parts for quad in patches.block(camera, piece, one.x, one.y)]
                return patches.drawn(quads, camera.size)
            case Parasol():
                return patches.drawn(patches.parasol(camera, form, one.x, one.y), camera.size)
            case Figure():
                return self._figure(one, form)
            case Vehicle():
                sprite = cutouts.van() if form.look == "van" else cutouts.car()
                by = camera.scale(one.x, one.y) * form.size / _SPRITE_PX_PER_M[form.look]
                return patches.pasted(camera, sprite, by, one.x, one.y, form.tint)
            case Puddle():
                assert isinstance(one.state, tuple)
                return self._water.patch(one.x, one.y, form.radius * max(0.05, one.state[2]) ** 0.5, form.seed)
            case Cast():
                return None

    def _figure(self, one: _Shown, form: Figure) -> Patch | None:
        assert isinstance(one.state, tuple)
        _, _, step, left = one.state
        sprite = people.walking(form.who, step / 10) if step >= 0 else people.standing(form.who, -1 - step)
        if step < 0 and form.leftwards is not None:
            left = form.leftwards
        sprite = people.dressed(sprite, form.coat)
        mirrored = left != people.leftwards(form.who)
        return patches.figure(self._pavement.camera, sprite, form.tall, one.x, one.y, mirrored)

    def _dark(self, one: _Shown) -> Dark | None:
        key = ("dark", one.thing.name, one.x, one.y)
        if key not in self._kept:
            self._forget()
            self._kept[key] = self._new_dark(one)
        found = self._kept[key]
        assert found is None or isinstance(found, Dark)
        return found

    def _new_dark(self, one: _Shown) -> Dark | None:
        """The soft shadow where it stands, and the one that the sun casts."""
        camera, sun, form, x, y = self._pavement.camera, self._pavement.sun, one.thing.form, one.x, one.y
        scale = camera.scale(x, y)

        def flat(points: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
            return camera.project([(px, py, 0.0) for px, py in points])

        match form:
            case Blocks():
                # What is flat throws none.
                stand = [(p, min(1.0, p.high / 0.25)) for p in form.pieces if p.z < 0.3]
                contact = [(flat(_foot(piece, x, y, 0.05 * high)), 0.5 * high) for piece, high in stand]
                casts = [(flat(_swept(_foot(p, x, y, 0.0), p.z + p.high)), 0.5 * sun) for p in form.pieces]
                return patches.dark(contact + (casts if sun else []), 0.045 * scale, camera.size)
            case Parasol():
                under = [(px, py) for px, py in _circle(x, y, form.radius * 0.9)]
                moved = [(px + SUN[0] * form.rim, py + SUN[1] * form.rim) for px, py in _circle(x, y, form.radius)]
                parts = [(flat(under), 0.22 * (1 - sun)), (flat(_circle(x, y, 0.33)), 0.45)]
                return patches.dark(parts + ([(flat(moved), 0.5 * sun)] if sun else []), 0.06 * scale, camera.size)
            case Figure():
                parts = [(flat(_circle(x, y, 0.2)), 0.45)]
                if sun:
                    side = (0.2, 0.1)
                    tip = (x + SUN[0] * form.tall, y + SUN[1] * form.tall)
                    parts.append(
                        (
                            flat([
                                (x + side[1] * 0.5, y + side[0] * 0.5), (x - side[1] * 0.5, y - side[0] * 0.5),
                                (tip[0] - side[1], tip[1] - side[0]), (tip[0] + side[1], tip[1] + side[0]),
                            ]),
                            0.42 * sun,
                        )
                    )  # fmt: skip
                return patches.dark(parts, 0.05 * scale, camera.size)
            case Cast():
                corners = [(x + px, y + py) for px, py in form.corners]
                return patches.dark([(flat(corners), 1 - form.dark)], 0.6, camera.size)
            case _:
                return None

    def _forget(self) -> None:
        if len(self._kept) >= _KEPT:
            for key in list(self._kept)[: _KEPT // 4]:
                del self._kept[key]


def _foot(piece: Piece, x: float, y: float, room: float) -> list[tuple[float, float]]:
    x, y = x + piece.x, y + piece.y
    wide, deep = piece.wide / 2 + room, piece.deep / 2 + room
    return [(x - wide, y - deep), (x + wide, y - deep), (x + wide, y + deep), (x - wide, y + deep)]


def _swept(foot: list[tuple[float, float]], high: float) -> list[tuple[float, float]]:
    """The ground between a foot and where the sun throws the same outline from `high` above it."""
    moved = [(x + SUN[0] * high, y + SUN[1] * high) for x, y in foot]
    hull = cv2.convexHull(np.array(foot + moved, np.float32)).reshape(-1, 2)
    return [(float(px), float(py)) for px, py in hull]


def _circle(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    return [(x + radius * cos(k * pi / 10), y + radius * sin(k * pi / 10)) for k in range(20)]


def _cover(canvas: npt.NDArray[np.float32], box: _Box, patch: Patch | None) -> None:
    if patch is None or (both := _common(box, patch.x, patch.y, patch.rgba)) is None:
        return
    part, share = canvas[both[0]], patch.rgba[both[1]]
    part *= 1 - share[..., 3:]
    part += share[..., :3]


def _common(box: _Box, x: int, y: int, array: npt.NDArray[np.float32]) -> tuple[_Slices, _Slices] | None:
    """Where an array at (x, y) lies in a part of the picture, as slices of the part and of the array."""
    h, w = array.shape[:2]
    x1, y1, x2, y2 = max(box[0], x), max(box[1], y), min(box[2], x + w), min(box[3], y + h)
    if x1 >= x2 or y1 >= y2:
        return None
    inside = (slice(y1 - box[1], y2 - box[1]), slice(x1 - box[0], x2 - box[0]))
    return inside, (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x))


def _even(x: int, y: int, array: npt.NDArray[np.float32]) -> _Box:
    h, w = array.shape[:2]
    return (x & ~1, y & ~1, (x + w + 1) & ~1, (y + h + 1) & ~1)


def _joined(boxes: list[_Box]) -> list[_Box]:
    """Boxes that together cover the same, no two of which overlap."""
    apart: list[_Box] = []
    for box in boxes:
        while (hit := next((one for one in apart if _meet(one, box)), None)) is not None:
            apart.remove(hit)
            box = (min(box[0], hit[0]), min(box[1], hit[1]), max(box[2], hit[2]), max(box[3], hit[3]))
        apart.append(box)
    return apart


def _meet(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
