"""Draws a still's derived copy: zone and box on the picture, the information bar below it, covering nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from evidence_export.overlay.text import fit, font, visible, width

MIN_WIDTH = 1280
"""Smaller pictures are enlarged by a whole factor for the copy, so that the bar can be read."""

_SMOOTH = 2  # shapes are drawn at twice the size and reduced: Pillow's lines have no anti-aliasing of their own
_ZONE = (255, 196, 0)
_BOX = (255, 59, 48)
_PAPER = (16, 20, 27)
_HEAD = (28, 36, 48)
_RULE = (52, 63, 80)
_LABEL = (142, 156, 178)
_VALUE = (240, 244, 250)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of the bar: what it is, in both languages, and its value; `wide` ones take the whole line."""

    label: str
    value: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """The words of the information bar."""

    title: str
    badge: str
    fields: tuple[Field, ...]
    footer: str


def enlargement(picture_width: int) -> int:
    """The whole factor by which a picture of that width is enlarged for its copy."""
    return max(1, -(-MIN_WIDTH // picture_width))


def render(
    picture: npt.NDArray[np.uint8],
    box: Sequence[float],
    box_label: str,
    polygon: Sequence[Point],
    bar: Bar,
    inner: Sequence[Sequence[float]] = (),
) -> Image.Image:
    """The derived copy as an RGB image.

    `picture` is H x W x 3 BGR uint8; `box` (x1, y1, x2, y2) and `polygon` are fractions (0..1) of width and height;
    `inner`: boxes of what is in the box, where it shows several.
    """
    factor = enlargement(picture.shape[1])
    copy = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    if factor > 1:
        copy = copy.resize((copy.width * factor, copy.height * factor), Image.Resampling.LANCZOS)
    _draw_shapes(copy, box, polygon, inner)
    _draw_label(copy, box, box_label)
    strip = draw_bar(copy.width, bar)
    whole = Image.new("RGB", (copy.width, copy.height + strip.height), _PAPER)
    whole.paste(copy, (0, 0))
    whole.paste(strip, (0, copy.height))
    return whole


def _draw_shapes(
    copy: Image.Image, box: Sequence[float], polygon: Sequence[Point], inner: Sequence[Sequence[float]]
) -> None:
    wide, high = copy.width * _SMOOTH, copy.height * _SMOOTH
    stroke = max(2, copy.width // 640) * _SMOOTH
    zone = polygon if len(polygon) >= 3 else ()
    boxes = (box, *inner)
    outlines = [*zone, *((one[0], one[1]) for one in boxes), *((one[2], one[3]) for one in boxes)]
    left, top, right, bottom = _around(outlines, copy.size, 2 * stroke)
    if left >= right or top >= bottom:
        return
    layer = Image.new("RGBA", ((right - left) * _SMOOTH, (bottom - top) * _SMOOTH), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)

    def at(x: float, y: float) -> Point:
        return x * wide - left * _SMOOTH, y * high - top * _SMOOTH

    corners = [at(x, y) for x, y in zone]
    if corners:
        draw.polygon(corners, fill=(*_ZONE, 38))
        draw.line([*corners, corners[0], corners[1]], fill=(*_ZONE, 235), width=stroke, joint="curve")
    for one in inner:
        corner = (*at(one[0], one[1]), *at(one[2], one[3]))
        draw.rectangle(corner, outline=(*_BOX, 235), width=max(1, stroke // 2))
    (x1, y1), (x2, y2) = at(box[0], box[1]), at(box[2], box[3])
    draw.rectangle((x1, y1, x2, y2), outline=(*_BOX, 150), width=max(1, stroke // 2))
    arm = min(x2 - x1, y2 - y1) / 4
    for x, y, across, down in ((x1, y1, 1, 1), (x2, y1, -1, 1), (x1, y2, 1, -1), (x2, y2, -1, -1)):
        path = [(x + across * arm, y), (x, y), (x, y + down * arm)]
        draw.line(path, fill=(*_BOX, 255), width=stroke * 2, joint="curve")
    layer = layer.reduce(_SMOOTH)
    copy.paste(layer, (left, top), layer)


def _around(points: Sequence[Point], size: tuple[int, int], margin: int) -> tuple[int, int, int, int]:
    """The part of a picture of that size, in whole pixels, that holds all points (fractions) and a margin.

    Smoothing a layer as large as the picture would take longer than all else that is drawn.
    """
    wide, high = size
    across, down = [x * wide for x, _ in points], [y * high for _, y in points]
    return (
        max(0, floor(min(across)) - margin),
        max(0, floor(min(down)) - margin),
        min(wide, ceil(max(across)) + margin),
        min(high, ceil(max(down)) + margin),
    )


def _draw_label(copy: Image.Image, box: Sequence[float], label: str) -> None:
    size = max(18, copy.width // 64)
    text = visible(label)
    pad = size // 3
    wide, high = width(text, size) + 2 * pad, size + 2 * pad
    x = max(0, min(round(box[0] * copy.width), copy.width - wide))
    y = round(box[1] * copy.height) - high - 2
    if y < 0:  # no room above the box: below it
        y = min(round(box[3] * copy.height) + 2, copy.height - high)
    draw = ImageDraw.Draw(copy)
    draw.rectangle((x, y, x + wide - 1, y + high - 1), fill=_BOX)
    draw.text((x + pad, y + high // 2), text, font=font(size), fill=(255, 255, 255), anchor="lm")


def draw_bar(total: int, bar: Bar, columns: int = 2, size: int | None = None) -> Image.Image:
    """The bar, `total` pixels wide and as high as its words need; `size`: of the values, pixels per em."""
    size = size or max(20, total // 60)
    small = max(15, size * 3 // 4)
    margin, gap = size * 5 // 4, size // 2
    head = size * 5 // 2
    column = (total - (columns + 1) * margin) // columns
    blocks = _lay_out(bar.fields, size, (column, total - 2 * margin), columns)
    line = size * 27 // 20
    footer = fit(visible(bar.footer), small, total - 2 * margin)
    body = sum(small + gap // 2 + max(len(lines) for _, _, lines in row) * line + gap for row in blocks)
    high = head + 2 * gap + body + gap + len(footer) * small * 7 // 5 + 2 * gap
    strip = Image.new("RGB", (total, high), _PAPER)
    draw = ImageDraw.Draw(strip)
    draw.rectangle((0, 0, total, head), fill=_HEAD)
    draw.rectangle((0, 0, size // 3, head), fill=_BOX)
    badge = visible(bar.badge)
    draw.text((margin, head // 2), visible(bar.title), font=font(size * 5 // 4), fill=_VALUE, anchor="lm")
    draw.text((total - margin, head // 2), badge, font=font(size), fill=_ZONE, anchor="rm")
    y = head + 2 * gap
    for row in blocks:
        deepest = max(len(lines) for _, _, lines in row)
        for index, (label, _, lines) in enumerate(row):
            x = margin + index * (column + margin)
            draw.text((x, y), label, font=font(small), fill=_LABEL, anchor="lt")
            for number, text in enumerate(lines):
                top = y + small + gap // 2 + number * line
                draw.text((x, top + line // 2), text, font=font(size), fill=_VALUE, anchor="lm")
        y += small + gap // 2 + deepest * line + gap
    draw.line((margin, y, total - margin, y), fill=_RULE, width=1)
    y += gap
    for text in footer:
        draw.text((margin, y + small * 7 // 10), text, font=font(small), fill=_LABEL, anchor="lm")
        y += small * 7 // 5
    return strip


def _lay_out(
    fields: Sequence[Field], size: int, room: tuple[int, int], columns: int
) -> list[list[tuple[str, str, list[str]]]]:
    """Rows of cells; `room`: the width of a column, and of the whole line."""
    rows: list[list[tuple[str, str, list[str]]]] = []
    free = 0
    for field in fields:
        value = visible(field.value)
        cell = (visible(field.label), value, fit(value, size, room[1] if field.wide else room[0]))
        if free and not field.wide:
            rows[-1].append(cell)
            free -= 1
        else:
            rows.append([cell])
            free = 0 if field.wide else columns - 1
    return rows
