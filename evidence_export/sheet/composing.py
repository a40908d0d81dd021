"""Draws the composite sheet."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

from evidence_export.dossier.facts import Facts
from evidence_export.dossier.opening import DossierError
from evidence_export.dossier.values import Dossier
from evidence_export.overlay.render import draw_bar
from evidence_export.overlay.text import fit, font, visible, width
from evidence_export.sheet.arranging import GAP, WIDTH, Rect, Slot, arrange, columns_of
from evidence_export.sheet.cells import Cell, close_up, obstruction, panoramas, plate, signs
from evidence_export.sheet.words import bar_of, head_of

_PAPER, _ROOM, _HEAD = (16, 20, 27), (28, 34, 43), (28, 36, 48)
_BOX, _INNER = (255, 59, 48), (255, 159, 10)
_TITLE, _NOTE, _VALUE = (255, 196, 0), (168, 180, 198), (240, 244, 250)
_TOP = 92
_SIZE, _SMALL = 34, 25
STROKE = 4
"""Of the box, in pixels. It is drawn outside of the box: what stands in it stays uncovered."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture on the sheet: its file, or that which it is cut out of, and where it stands."""

    path: str
    picture: Image.Image
    at: Rect
    boxes: tuple[Rect, ...]
    """What is outlined, in pixels of the sheet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet as an RGB image, and what stands where."""

    image: Image.Image
    placed: tuple[Placed, ...]


def sheet_png(dossier: Dossier) -> bytes:
    """The composite sheet as PNG, 2400 pixels wide; the same dossier gives the same bytes. Raises DossierError."""
    out = BytesIO()
    compose(dossier).image.save(out, "PNG", compress_level=6, dpi=(300, 300))
    return out.getvalue()


def compose(dossier: Dossier) -> Sheet:
    """The composite sheet. Raises DossierError where a picture cannot be read, or the case lacks what all have."""
    try:
        facts = Facts(dossier.case)
    except ValueError as error:
        raise DossierError(f"case.json cannot be told ({error})", where=str(dossier.case_id)) from error
    large = list(panoramas(dossier, facts))
    if not large:
        raise DossierError("the case has no panorama", where=dossier.case_id)
    small = [plate(dossier, facts), *signs(dossier, facts)]
    near = obstruction(dossier, facts)
    first = list(large)
    if near is not None:
        (small if near.picture is None else large).append(near)
    target, columns = close_up(first), columns_of([_size(cell) for cell in large])
    # Where the last row of panoramas has a free place, the target fills it; else it stands with the small ones.
    filled = target is not None and len(large) % columns != 0
    if target is not None and filled:
        large.append(target)
    elif target is not None:
        small.insert(0, target)
    cells = [*large, *small]
    places = arrange(
        [_size(cell) for cell in large],
        [None if cell.picture is None else cell.picture.size for cell in small],
        _TOP + GAP,
        columns,
        filled=filled,
    )
    bar = draw_bar(WIDTH, bar_of(dossier, facts), columns=3, size=_SIZE)
    image = Image.new("RGB", (WIDTH, places.height + bar.height), _PAPER)
    _draw_head(image, *head_of(facts))
    placed = [one for cell, slot in zip(cells, places.slots, strict=True) if (one := _draw(image, cell, slot))]
    image.paste(bar, (0, places.height))
    return Sheet(image, tuple(placed))


def _size(cell: Cell) -> tuple[int, int]:
    assert cell.picture is not None, "it stands among those that have one"
    return cell.picture.size


def _draw_head(image: Image.Image, left: str, right: str) -> None:
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, _TOP), fill=_HEAD)
    draw.rectangle((0, 0, 12, _TOP), fill=_BOX)
    title = visible(right)
    draw.text((WIDTH - GAP, _TOP // 2), title, font=font(_SIZE), fill=_TITLE, anchor="rm")
    room = WIDTH - 4 * GAP - width(title, _SIZE)
    draw.text((GAP + 12, _TOP // 2), _cut(left, 40, room), font=font(40), fill=_VALUE, anchor="lm")


def _draw(image: Image.Image, cell: Cell, slot: Slot) -> Placed | None:
    draw = ImageDraw.Draw(image)
    left, top, right, below = slot.caption
    draw.rectangle((left, top, right - 1, below - 1), fill=_HEAD)
    room = right - left - 2 * GAP
    label = _cut(cell.label, _SMALL, room // 2)
    title = _cut(cell.title, 30, room - width(label, _SMALL) - GAP)
    draw.text((left + GAP // 2, top + 25), title, font=font(30), fill=_TITLE, anchor="lm")
    draw.text((right - GAP // 2, top + 25), label, font=font(_SMALL), fill=_VALUE, anchor="rm")
    draw.rectangle((slot.room[0], slot.room[1], slot.room[2] - 1, slot.room[3] - 1), fill=_ROOM)
    if cell.picture is None or slot.picture is None:
        _draw_words(draw, slot.room, cell.note)
        return None
    note = _cut(cell.note, _SMALL, room)
    draw.text((left + GAP // 2, top + 62), note, font=font(_SMALL), fill=_VALUE, anchor="lm")
    x1, y1, x2, y2 = slot.picture
    scale = f"{cell.picture.width}×{cell.picture.height}"
    free = room - width(note, _SMALL) - GAP
    if width(scale, _SMALL) <= free:
        draw.text((right - GAP // 2, top + 62), scale, font=font(_SMALL), fill=_NOTE, anchor="rm")
    copy = cell.picture.resize((x2 - x1, y2 - y1), Image.Resampling.LANCZOS)
    boxes = tuple(_inside(one, copy.size) for one in ((cell.box,) if cell.box else ()) + cell.inner)
    pen = ImageDraw.Draw(copy)
    for number, one in enumerate(boxes):
        first = number == 0 and cell.box is not None
        stroke = STROKE if first else STROKE // 2
        around = (one[0] - stroke, one[1] - stroke, one[2] + stroke - 1, one[3] + stroke - 1)
        pen.rectangle(around, outline=_BOX if first else _INNER, width=stroke)
    image.paste(copy, (x1, y1))
    return Placed(cell.path, cell.picture, slot.picture, tuple(_moved(one, x1, y1) for one in boxes))


def _draw_words(draw: ImageDraw.ImageDraw, room: Rect, words: str) -> None:
    lines = fit(visible(words), 28, room[2] - room[0] - 3 * GAP)
    top = (room[1] + room[3]) // 2 - (len(lines) - 1) * 20
    for number, line in enumerate(lines):
        draw.text(((room[0] + room[2]) // 2, top + number * 40), line, font=font(28), fill=_NOTE, anchor="mm")


def _inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> Rect:
    wide, high = size
    return int(box[0] * wide), int(box[1] * high), -int(-box[2] * wide // 1), -int(-box[3] * high // 1)


def _moved(rect: Rect, x: int, y: int) -> Rect:
    return rect[0] + x, rect[1] + y, rect[2] + x, rect[3] + y


def _cut(words: str, size: int, room: int) -> str:
    """One line of `words`, with an ellipsis where it is longer."""
    shown = visible(words)
    if width(shown, size) <= room:
        return shown
    end = len(shown)
    while end and width(shown[:end] + "…", size) > room:
        end -= 1
    return shown[:end] + "…"
