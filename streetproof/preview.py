"""Draws the zones of a camera on one of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from evidence_export.overlay.text import font, visible, width
from streams.interface import Image as Pixels
from streetproof.errors import StreetproofError
from streetproof.groundlines import CAR_M, GroundLines, ground_lines
from vision.policy import Ground, Zone

_COLOURS = ((255, 196, 0), (0, 200, 255), (255, 92, 138), (124, 252, 96), (200, 150, 255))
_GROUND = (255, 255, 255)
_BAY = (40, 120, 255)
_SIGN = (255, 120, 60)
_SMOOTH = 2


def draw_zones(image: Pixels, zones: Sequence[Zone], out: Path, ground: Ground | None = None) -> None:
    """Write `image` (H x W x 3 BGR) with every zone filled, outlined and named, to `out` as PNG: its bays in blue, and
    its signs and markings that have a place outlined in orange and named.

    With the camera's `ground`, a grid of metres and outlines of 2 x 5 m lie under the zones, and its four points are
    marked: where the outlines are not the size of cars, the ground is wrong.
    Small pictures are enlarged by a whole factor, so that names can be read. Raises StreetproofError where `out` cannot
    be written.
    """
    factor = max(1, -(-1280 // image.shape[1]))
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", (picture.width * _SMOOTH, picture.height * _SMOOTH), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    lines = None if ground is None else ground_lines(ground, zones)
    if lines is not None:
        for a, b in lines.grid:
            draw.line([_at(a, layer.size), _at(b, layer.size)], fill=(*_GROUND, 110), width=_SMOOTH)
    for number, zone in enumerate(zones):
        colour = _COLOURS[number % len(_COLOURS)]
        corners = [(x * layer.width, y * layer.height) for x, y in zone.polygon]
        draw.polygon(corners, fill=(*colour, 60))
        draw.line([*corners, corners[0], corners[1]], fill=(*colour, 255), width=4 * _SMOOTH, joint="curve")
        for bay in zone.bays:
            draw.polygon([_at(point, layer.size) for point in bay], fill=(*_BAY, 110), outline=(*_BAY, 255))
        for place in (sign.place for sign in zone.signs if sign.place):
            around = [_at(point, layer.size) for point in (*place, place[0], place[1])]
            draw.line(around, fill=(*_SIGN, 255), width=2 * _SMOOTH, joint="curve")
    if ground is not None and lines is not None:
        _draw_outlines(draw, layer.size, ground, lines)
    picture.paste(Image.alpha_composite(picture.convert("RGBA"), layer.resize(picture.size, Image.Resampling.BOX)))
    labels = ImageDraw.Draw(picture)
    size = max(20, picture.width // 60)
    for number, zone in enumerate(zones):
        text = visible(f"{zone.id} {zone.name}: {', '.join(zone.rules)}")
        wide, high = width(text, size) + size, size * 3 // 2
        x = min(min(corner[0] for corner in zone.polygon) * picture.width, picture.width - wide)
        below = max(corner[1] for corner in zone.polygon) * picture.height + 6
        y = min(below, picture.height - high)
        labels.rectangle((x, y, x + wide, y + high), fill=(20, 24, 28))
        labels.text((x + size // 2, y + size // 8), text, font=font(size), fill=_COLOURS[number % len(_COLOURS)])
    for sign in (sign for zone in zones for sign in zone.signs if sign.place):
        text = visible(sign.name)
        x, y = min(point[0] for point in sign.place), min(point[1] for point in sign.place)
        top = max(0.0, y * picture.height - size * 3 // 2)
        labels.text(
            (x * picture.width, top), text, font=font(size), fill=_SIGN, stroke_width=2, stroke_fill=(20, 24, 28)
        )
    if lines is not None:
        text = f"网格 grid {lines.step_m} m，矩形 outlines {CAR_M[0]:g} × {CAR_M[1]:g} m"
        labels.rectangle((0, 0, width(text, size) + size, size * 3 // 2), fill=(20, 24, 28))
        labels.text((size // 2, size // 8), text, font=font(size), fill=_GROUND)
    try:
        picture.save(out, format="PNG")
    except OSError as error:
        raise StreetproofError(
            f"the picture cannot be written: {error.strerror}", where=str(out), remedy="Name another file with --out"
        ) from error


def _at(point: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    return point[0] * size[0], point[1] * size[1]


def _draw_outlines(draw: ImageDraw.ImageDraw, size: tuple[int, int], ground: Ground, lines: GroundLines) -> None:
    """Cars, and the four points, over everything else."""
    for car in lines.cars:
        corners = [_at(point, size) for point in car]
        draw.line([*corners, corners[0], corners[1]], fill=(*_GROUND, 255), width=3 * _SMOOTH, joint="curve")
    for point in ground.points:
        x, y = _at(point, size)
        draw.ellipse((x - 6 * _SMOOTH, y - 6 * _SMOOTH, x + 6 * _SMOOTH, y + 6 * _SMOOTH), fill=(255, 40, 40, 255))
