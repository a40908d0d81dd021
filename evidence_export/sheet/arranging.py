"""Where the cells of a sheet stand. Numbers only: nothing is drawn here. All lengths are pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 2400
GAP = 24
CAPTION = 84
"""Height of the strip above each picture."""
_TALLEST, _TALLEST_UPRIGHT = 880, 1150
_SMALL = 420
"""Height of pictures in the last row."""
_EMPTY = 132
"""Height of a row in which no cell has a picture."""

Size = tuple[int, int]
Rect = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """A cell's place, left, top, right, bottom: of its caption, and of its picture within the room below it."""

    caption: Rect
    room: Rect
    picture: Rect | None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Places of all cells in order, and the height that they need together."""

    slots: tuple[Slot, ...]
    height: int


def columns_of(sizes: Sequence[Size]) -> int:
    """How many large pictures stand side by side: two, or up to four that are upright, with the target among them."""
    upright = sum(high > wide for wide, high in sizes) * 2 > len(sizes)
    return min(4, len(sizes) + 1) if upright else 2


def arrange(
    large: Sequence[Size], small: Sequence[Size | None], top: int, columns: int, *, filled: bool
) -> Arrangement:
    """`large`: sizes of the large pictures; `small`: those of the last row, None for a cell without one; `filled`: the
    last of `large` fills a free place, and has to do with the height that the others of its row need."""
    slots: list[Slot] = []
    y = top
    width = (WIDTH - (columns + 1) * GAP) // columns
    for start in range(0, len(large), columns):
        row = large[start : start + columns]
        deciding = row[:-1] if filled and start + columns >= len(large) and len(row) > 1 else row
        tallest = _TALLEST if columns == 2 and all(wide >= high for wide, high in deciding) else _TALLEST_UPRIGHT
        room = min(tallest, max(round(width * high / wide) for wide, high in deciding))
        left = (WIDTH - len(row) * width - (len(row) - 1) * GAP) // 2
        for number, size in enumerate(row):
            x = left + number * (width + GAP)
            slots.append(_slot(x, y, width, room, size))
        y += CAPTION + room + GAP
    if small:
        room = _SMALL if any(small) else _EMPTY
        width = (WIDTH - (len(small) + 1) * GAP) // len(small)
        slots += [_slot(GAP + number * (width + GAP), y, width, room, one) for number, one in enumerate(small)]
        y += CAPTION + room + GAP
    return Arrangement(tuple(slots), y)


def _slot(x: int, y: int, width: int, room: int, size: Size | None) -> Slot:
    below = y + CAPTION
    area = (x, below, x + width, below + room)
    if size is None:
        return Slot((x, y, x + width, below), area, None)
    scale = min(width / size[0], room / size[1])
    wide, high = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    left, top = x + (width - wide) // 2, below + (room - high) // 2
    return Slot((x, y, x + width, below), area, (left, top, left + wide, top + high))
