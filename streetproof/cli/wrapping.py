"""Text on terminals, measured in cells: a Chinese character takes two, and lines may break between any two of them.

Not before closing punctuation, though, nor after opening punctuation, nor between a number and its unit.
"""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.text import Text

CUT = "~"
"""Stands where something was left out. One cell on every terminal, which an ellipsis is not."""
_OPENING, _CLOSING = "（《“「【", "，。；：、！？）》”」】"
_HAN = "\u2e80-\u2fdf\u3040-\u9fff\uf900-\ufaff"
_PIECES = re.compile(
    r"(?P<space>\s*)(?P<piece>"
    rf"[{_OPENING}]*(?:[+-]?\d[\d.,:]*\ ?[秒分天路条个项]|[{_HAN}]|[^\s{_HAN}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|\S)"
)


def clean(text: str) -> str:
    """Without control characters: names and faults come from outside, and must not drive the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def padded(text: str, width: int, *, left: bool) -> str:
    """`text` in exactly so many cells where it fits; it stands at the left or at the right of them."""
    pad = " " * (width - cell_len(text))
    return text + pad if left else pad + text


def wrapped(text: str, width: int, style: str = "", *, indent: str = "  ", most: int | None = None) -> list[Text]:
    """Lines of at most `width` cells; at most so many of them, the last with `CUT` where there would be more.

    Spaces that `text` begins with stay before its first line; `indent` stands before the others.
    """
    lines, line = [], text[: len(text) - len(text.lstrip())]
    for match in _PIECES.finditer(text):
        piece = match["piece"]
        space = " " if match["space"] and line.strip() else ""
        if cell_len(line + space + piece) <= width:
            line += space + piece
        elif cell_len(indent + piece) <= width:
            lines.append(line)
            line = indent + piece
        else:
            line += space
            for character in piece:
                if cell_len(line + character) > width:
                    lines.append(line)
                    line = indent
                line += character
    made = [one.rstrip() for one in [*lines, line] if one.strip()]
    if most is not None and len(made) > most:
        made = made[:most]
        made[-1] = _cut(made[-1], width)
    return [Text(one, style) for one in made]


def _cut(line: str, width: int) -> str:
    """The line with `CUT` at its end, less as many whole pieces as that takes."""
    while line.strip() and cell_len(line) + cell_len(CUT) > width:
        *_, last = _PIECES.finditer(line)
        line = line[: last.start()]
    return line + CUT
