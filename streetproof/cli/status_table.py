"""Draws the daemon's snapshot for a terminal of any size: what needs a person first, and nothing that does not fit.

Pure: from a snapshot, a size and a language to lines. Columns are laid out by the width that characters take on the
screen, so that Chinese aligns; what is narrow or low keeps what matters most.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from evidence_export.words import Language, Said
from streams.instant import to_datetime
from streetproof.cli import status_words as words
from streetproof.cli.status_cameras import COLUMNS, FINE, OFFSET_LIMIT_S, Cell, Column, in_order, trouble, why
from streetproof.cli.wrapping import CUT, clean, padded, wrapped
from streetproof.daemon.snapshot import CameraSnapshot, DaemonSnapshot

_GIB = 1 << 30
_WHY_LINES = 2
_MOST_SPARE, _LEAST_NAME = 24, 8

Sized = tuple[Column, int]
"""A column and the cells that it has on this screen."""


def lines_of(
    snapshot: DaemonSnapshot,
    *,
    language: Language,
    width: int,
    height: int | None,
    zone: tzinfo | None = None,
    age_s: float = 0.0,
) -> list[Text]:
    """The whole picture, at most `height` lines (None: as many as it takes) of at most `width` cells.

    `age_s` is how old the snapshot is at display; `zone` None shows times in the viewer's own time zone.
    """
    lines = [*_head(snapshot, language, width, zone, age_s), *_problems(snapshot, language, width, height)]
    columns = _fitting(width, language)
    lines += [Text(), _row([(column.title.to(language), "dim") for column, _ in columns], columns)]
    cameras = in_order(snapshot.cameras)
    blocks = [_block(camera, columns, width, snapshot.now_ns, language) for camera in cameras]
    shown, room = 0, None if height is None else height - len(lines)
    while shown < len(blocks):
        # One line is kept for what is left out, until nothing is.
        needed = len(blocks[shown]) + (shown + 1 < len(blocks))
        if room is not None and needed > room:
            break
        lines += blocks[shown]
        room = None if room is None else room - len(blocks[shown])
        shown += 1
    if left := cameras[shown:]:
        lines.append(_left_out(left, language))
    return [_cropped(line, width) for line in lines[:height]]


def _head(snapshot: DaemonSnapshot, language: Language, width: int, zone: tzinfo | None, age_s: float) -> list[Text]:
    count, bad = len(snapshot.cameras), sum(trouble(camera) < FINE for camera in snapshot.cameras)
    offset = snapshot.server_offset_s
    clock = words.CLOCK_NOT_MEASURED if offset is None else words.server_clock(offset)
    taken = f"{to_datetime(snapshot.now_ns).astimezone(zone):%H:%M:%S}"
    first: list[tuple[Said, str]] = [
        (Said.quoted(f"{clean(snapshot.site_name)} ({clean(snapshot.site)})"), "bold"),
        (words.up(snapshot.uptime_s), ""),
        (words.taken(taken, age_s), ""),
    ]
    first += [] if snapshot.ready else [(words.NOT_READY, "bold red")]
    second = [
        (words.fine(count - bad, count), "green" if not bad else ""),
        *([(words.in_trouble(bad), "bold red")] if bad else []),
        (words.cases(snapshot.cases), ""),
        (words.sealing(snapshot.sealing_waiting), ""),
        *([(words.not_sealed(snapshot.sealing_failed), "bold red")] if snapshot.sealing_failed else []),
        (words.notices_waiting(snapshot.notices_waiting), ""),
    ]
    third = [
        (words.disk(snapshot.disk_free_bytes / _GIB, snapshot.disk_total_bytes / _GIB), ""),
        (clock, "yellow" if offset is None or abs(offset) > OFFSET_LIMIT_S else ""),
        (words.model(clean(snapshot.model)), ""),
        (words.version(clean(snapshot.version)), "dim"),
    ]
    return [
        line
        for parts in (first, second, third)
        for line in _flow([(said.to(language), style) for said, style in parts], width)
    ]


def _flow(parts: Sequence[Cell], width: int) -> list[Text]:
    """Parts one after the other, going on in the next line where one does not fit."""
    lines = [Text()]
    for text, style in parts:
        if lines[-1].cell_len and lines[-1].cell_len + 3 + cell_len(text) > width:
            lines.append(Text())
        lines[-1].append("   " if lines[-1].cell_len else "")
        lines[-1].append(text, style=style)
    return lines


def _problems(snapshot: DaemonSnapshot, language: Language, width: int, height: int | None) -> list[Text]:
    """At most a third of the screen; the rest is counted."""
    blocks = [wrapped(f"! {clean(problem.to(language))}", width, "yellow") for problem in snapshot.problems]
    room = None if height is None else max(2, height // 3)
    lines: list[Text] = []
    for number, block in enumerate(blocks):
        rest = len(blocks) - number
        if room is not None and len(lines) + len(block) + (rest > 1) > room:
            if not lines:  # better its beginning than nothing
                most = room - (rest > 1)
                lines = wrapped(f"! {clean(snapshot.problems[number].to(language))}", width, "yellow", most=most)
                rest -= 1
            if rest:
                lines.append(Text(f"! {words.more_problems(rest).to(language)}", "yellow"))
            break
        lines += block
    return lines


def _fitting(width: int, language: Language) -> list[Sized]:
    columns = [(column, column.cells(language)) for column in COLUMNS]
    while len(columns) > 2 and _total(columns) > width:
        columns.remove(max(columns, key=lambda one: one[0].rank))
    # What is left over goes to the names, and what is still missing is taken from them.
    (names, cells), *others = columns
    return [(names, max(_LEAST_NAME, cells + min(_MOST_SPARE, width - _total(columns)))), *others]


def _total(columns: Sequence[Sized]) -> int:
    return sum(cells for _, cells in columns) + 2 * (len(columns) - 1)


def _block(camera: CameraSnapshot, columns: Sequence[Sized], width: int, now_ns: int, language: Language) -> list[Text]:
    row = _row([column.value(camera, now_ns, language) for column, _ in columns], columns)
    reason = why(camera, language)
    style = "red" if trouble(camera) < 3 else "yellow"
    return [row, *(Text("    ").append(line) for line in wrapped(reason, max(8, width - 4), style, most=_WHY_LINES))]


def _row(cells: Sequence[Cell], columns: Sequence[Sized]) -> Text:
    line = Text()
    for number, ((text, style), (column, room)) in enumerate(zip(cells, columns, strict=True)):
        if cell_len(text) > room:
            text = set_cell_size(text, room - 1).rstrip() + CUT
        line.append("  " if number else "")
        line.append(padded(text, room, left=column.left), style=style)
    return line


def _cropped(line: Text, width: int) -> Text:
    line.truncate(width)
    line.rstrip()
    return line


def _left_out(cameras: Sequence[CameraSnapshot], language: Language) -> Text:
    bad = sum(trouble(camera) < FINE for camera in cameras)
    return Text(words.left_out(bad, len(cameras) - bad).to(language), "bold red" if bad else "dim")
