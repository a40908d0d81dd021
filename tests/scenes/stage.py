"""From the clip's pixels to a picture of any size: the backdrop, the perspective, and what stands in front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes import cutouts, drawn
from tests.scenes.motion import Placement
from tests.scenes.scene import Backdrop, Look

Image = npt.NDArray[np.uint8]
_TOP_SHARE = 0.16
"""Of the rows that a wider picture has to lose, the share that is lost at the top: the street lies low."""


@dataclass(frozen=True, slots=True)
class View:
    """How the clip's pixels map to a picture of `size`: x = (x_clip - left) * scale, y = (y_clip - top) * scale."""

    size: tuple[int, int]
    scale: float
    left: float
    top: float

    @classmethod
    def filling(cls, size: tuple[int, int]) -> View:
        """The clip scaled until it covers a picture of `size`."""
        width, height = size
        scale = max(width / cutouts.WIDTH, height / cutouts.HEIGHT)
        left = (cutouts.WIDTH - width / scale) / 2
        top = (cutouts.HEIGHT - height / scale) * _TOP_SHARE
        return cls(size, scale, left, top)

    def enlargement(self, row: float, home: float) -> float:
        """How much larger than in the clip an object is drawn that has moved from clip row `home` to fraction `row`."""
        here = row * self.size[1] / self.scale + self.top
        return self.scale * max(0.05, (here - cutouts.HORIZON) / (home - cutouts.HORIZON))

    def matrix(self) -> npt.NDArray[np.float64]:
        """2 x 3 affine matrix from clip pixels to picture pixels (pixel centres)."""
        shift = (self.scale - 1) / 2
        return np.array(
            [[self.scale, 0, shift - self.left * self.scale], [0, self.scale, shift - self.top * self.scale]]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A part of the backdrop that hides what stands behind picture row `ground` (a fraction)."""

    box: tuple[int, int, int, int]
    alpha: npt.NDArray[np.float32]
    ground: float


@cache
def backdrop(kind: Backdrop, size: tuple[int, int]) -> Image:
    """The empty picture, H x W x 3 BGR. Callers must not write to it."""
    if kind is Backdrop.DRAWN:
        return drawn.street(*size)
    view = View.filling(size)
    image = cv2.warpAffine(
        cutouts.empty_street(), view.matrix(), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if view.scale > 1.3:
        # An enlarged picture is smoother than any camera's: give it edges and a still grain.
        soft = cv2.GaussianBlur(image, (0, 0), 0.8 * view.scale)
        image = cv2.addWeighted(image, 1.6, soft, -0.6, 0)
        grain = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 6, size[::-1]).astype(np.float32), (0, 0), 0.8)
        image = np.clip(image + grain[..., None], 0, 255).astype(np.uint8)
    return image


@cache
def layers(kind: Backdrop, size: tuple[int, int]) -> tuple[Layer, ...]:
    """What the backdrop has in front, furthest first."""
    if kind is Backdrop.DRAWN:
        return ()
    view, found = View.filling(size), []
    for part in cutouts.foregrounds():
        mask = cv2.warpAffine(part.mask, view.matrix(), size, flags=cv2.INTER_LINEAR)
        x, y, w, h = cv2.boundingRect(mask)
        if w and h:
            ground = (part.ground - view.top) * view.scale / size[1]
            alpha = mask[y : y + h, x : x + w].astype(np.float32)[..., None] / 255
            found.append(Layer((x, y, x + w, y + h), alpha, ground))
    return tuple(found)


@cache
def sprite_frames(look: Look) -> tuple[cutouts.Sprite, ...]:
    """All the pictures of a look: one, or a walking cycle."""
    match look:
        case Look.VAN:
            return (cutouts.van(),)
        case Look.CAR:
            return (cutouts.car(),)
        case Look.WALKER:
            return cutouts.walker()
        case Look.STANDER:
            return (cutouts.stander(),)
        case Look.BUS:
            return (drawn.bus(),)
        case Look.DRAWN_CAR:
            return (drawn.car(),)


def sprite_index(placement: Placement) -> int:
    """Which of `sprite_frames` shows a placement: the walking cycle runs at the clip's ten frames per second."""
    return int(placement.step * 10) % len(sprite_frames(placement.look))


def sprite_of(placement: Placement) -> cutouts.Sprite:
    """The sprite that shows a placement, before mirroring and tinting."""
    return sprite_frames(placement.look)[sprite_index(placement)]


_PLATES = {Look.VAN: (0.19, 0.72, 0.24), Look.CAR: (0.5, 0.72, 0.36)}
"""Where the plate is on a body, and how wide, as shares of the body: middle x, middle y, width."""


def plate_of(placement: Placement, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 of its plate in pixels; it may reach outside of the picture."""
    x, y, wide = _PLATES[placement.look]
    x1, y1, x2, y2 = box_of(placement, size)
    width = wide * (x2 - x1) * size[0]
    left = (x1 + (x2 - x1) * (1 - x if placement.mirrored else x)) * size[0] - width / 2
    height = width * 140 / 440
    top = (y1 + (y2 - y1) * y) * size[1] - height / 2
    return round(left), round(top), round(left + width), round(top + height)


def box_of(placement: Placement, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of the object itself as fractions of the picture; it may reach outside of 0..1."""
    sprite = sprite_of(placement)
    view = View.filling(size)
    by = view.enlargement(placement.ground[1], sprite.ground) * placement.size
    x1, y1, x2, y2 = sprite.body
    left, right = x1 - sprite.anchor[0], x2 - sprite.anchor[0]
    if placement.mirrored:
        left, right = -right, -left
    gx, gy = placement.ground
    width, height = size
    return (
        gx + left * by / width,
        gy + (y1 - sprite.anchor[1]) * by / height,
        gx + right * by / width,
        gy + (y2 - sprite.anchor[1]) * by / height,
    )
