"""Text in the bundled font. Nothing is dropped: what the font cannot show stands as `[U+XXXX]`."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont

_FONT = "NotoSansCJKsc-Regular-Subset.otf"


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The bundled font at `size` pixels per em, with the simple layout that is the same on every machine."""
    data = files("evidence_export").joinpath("fonts", _FONT).read_bytes()
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _blank() -> bytes:
    return _shape("￿")  # a noncharacter: always the glyph for what is missing


def _shape(character: str) -> bytes:
    mask = font(32).getmask(character, mode="L")
    return bytes(mask) + repr(mask.size).encode()


@cache
def _shown(character: str) -> bool:
    return character == " " or (unicodedata.category(character)[0] not in "CZM" and _shape(character) != _blank())


def visible(text: str) -> str:
    """`text` with every character that the font cannot show, or that has no shape, written as `[U+XXXX]`."""
    return "".join(one if _shown(one) else f"[U+{ord(one):04X}]" for one in text)


def width(text: str, size: int) -> int:
    """Width of a line in pixels."""
    return int(font(size).getlength(text) + 0.5)


def fit(text: str, size: int, room: int) -> list[str]:
    """`text` in lines no wider than `room` pixels, broken at spaces where they are near the end, else anywhere."""
    lines: list[str] = []
    rest = text
    while rest and width(rest, size) > room:
        end = len(rest)
        while end > 1 and width(rest[:end], size) > room:
            end -= 1
        space = rest.rfind(" ", end // 2, end)
        end = space + 1 if space > 0 else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:]
    return [*lines, rest] if rest or not lines else lines
