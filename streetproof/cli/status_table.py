"""Draws the daemon's snapshot for a terminal of any size: what needs a person first, and nothing that does not fit.

Pure: from a snapshot and a size to lines. Columns are laid out by the width that characters take on the screen, so
that Chinese names align; what is narrow or low keeps what matters most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from textwrap import shorten

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from streams.instant import NS_PER_S, to_datetime
from streetproof.daemon.snapshot import CameraSnapshot, CameraState, DaemonSnapshot

OFFSET_LIMIT_S = 1.0
"""GA/T 832-2014, 3.2: a camera's clock may be off by one second."""
LATE_S = 5.0
"""Without a packet for so long, a camera that claims to record is in trouble."""
_GIB = 1 << 30
_FINE = 5
_WORRYING_FLAGS = ("camera_offset_over_1s", "camera_clock_jumped")
_STATE_STYLES = {
    CameraState.RECORDING: "green",
    CameraState.CONNECTING: "yellow",
    CameraState.WAITING: "bold red",
    CameraState.DEAD: "bold red",
}
_LEVELS = {"every_frame": "every"}


def trouble(camera: CameraSnapshot) -> int:
    """How much a camera needs somebody: 0 most, `_FINE` not at all."""
    if camera.state is CameraState.DEAD:
        return 0
    if camera.state is CameraState.WAITING or camera.fault is not None:
        return 1
    if camera.state is CameraState.CONNECTING or (camera.last_packet_age_s or 0.0) > LATE_S:
        return 2
    if camera.integrity:
        return 3
    if abs(camera.offset_s or 0.0) > OFFSET_LIMIT_S or any(flag in _WORRYING_FLAGS for flag in camera.clock_flags):
        return 4
    return _FINE


def in_order(cameras: Sequence[CameraSnapshot]) -> list[CameraSnapshot]:
    """Troubled first, and among equals those that have been so for longest; the fine ones as the site lists them."""
    return sorted(
        cameras, key=lambda camera: (trouble(camera), camera.since_ns if trouble(camera) < _FINE else 0)
    )  # the sort is stable


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    rank: int
    """The highest rank goes first where the terminal is narrow."""
    value: Callable[[CameraSnapshot, int], tuple[str, str]]
    """Text and style, for a camera at `now_ns`."""
    left: bool = False


def lines_of(
    snapshot: DaemonSnapshot, *, width: int, height: int | None, zone: tzinfo | None = None, age_s: float = 0.0
) -> list[Text]:
    """The whole picture, at most `height` lines (None: as many as it takes) of at most `width` cells.

    `age_s` is how old the snapshot is at display; `zone` None shows times in the viewer's own time zone.
    """
    lines = [*_head(snapshot, width, zone, age_s), *_problems(snapshot, width, height)]
    columns = _fitting(width)
    lines += [Text(), _row([(column.title, "dim") for column in columns], columns)]
    blocks = [_block(camera, columns, width, snapshot.now_ns) for camera in in_order(snapshot.cameras)]
    shown, room = 0, None if height is None else height - len(lines)
    while shown < len(blocks):
        # One line is kept for what is left out, until nothing is.
        needed = len(blocks[shown]) + (shown + 1 < len(blocks))
        if room is not None and needed > room:
            break
        lines += blocks[shown]
        room = None if room is None else room - len(blocks[shown])
        shown += 1
    left = in_order(snapshot.cameras)[shown:]
    if left:
        lines.append(_left_out(left))
    return [_cropped(line, width) for line in lines[:height]]


def ago(seconds: float) -> str:
    """A duration in at most seven characters: `4 s`, `12 min`, `3 h 10`, `2 d 4 h`."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h" if whole < 8_640_000 else f"{whole // 86_400} d"


def clean(text: str) -> str:
    """Without control characters: names and faults come from outside, and must not drive the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _head(snapshot: DaemonSnapshot, width: int, zone: tzinfo | None, age_s: float) -> list[Text]:
    bad = [camera for camera in snapshot.cameras if trouble(camera) < _FINE]
    offset = snapshot.server_offset_s
    clock = "server clock not measured" if offset is None else f"server clock {offset:+.3f} s"
    first: list[tuple[str, str]] = [
        (f"{clean(snapshot.site_name)} ({clean(snapshot.site)})", "bold"),
        (f"up {ago(snapshot.uptime_s)}", ""),
        (f"at {to_datetime(snapshot.now_ns).astimezone(zone):%H:%M:%S}, {ago(age_s)} ago", ""),
    ]
    first += [] if snapshot.ready else [("NOT READY", "bold red")]
    second = [
        (f"{len(snapshot.cameras) - len(bad)} of {len(snapshot.cameras)} cameras fine", "green" if not bad else ""),
        *([(f"{len(bad)} in trouble", "bold red")] if bad else []),
        (f"cases {snapshot.cases}", ""),
        (f"sealing {snapshot.sealing_waiting}", ""),
        *([(f"{snapshot.sealing_failed} not sealed", "bold red")] if snapshot.sealing_failed else []),
        (f"notices waiting {snapshot.notices_waiting}", ""),
    ]
    third = [
        (f"disk {snapshot.disk_free_bytes / _GIB:,.0f} of {snapshot.disk_total_bytes / _GIB:,.0f} GiB free", ""),
        (clock, "yellow" if offset is None or abs(offset) > OFFSET_LIMIT_S else ""),
        (f"model {clean(snapshot.model)}", ""),
        (f"version {clean(snapshot.version)}", "dim"),
    ]
    return [line for parts in (first, second, third) for line in _flow(parts, width)]


def _flow(parts: Sequence[tuple[str, str]], width: int) -> list[Text]:
    """Parts one after the other, going on in the next line where one does not fit."""
    lines = [Text()]
    for text, style in parts:
        if lines[-1].cell_len and lines[-1].cell_len + 3 + cell_len(text) > width:
            lines.append(Text())
        lines[-1].append("   " if lines[-1].cell_len else "")
        lines[-1].append(text, style=style)
    return lines


def _problems(snapshot: DaemonSnapshot, width: int, height: int | None) -> list[Text]:
    """At most a third of the screen; the rest is counted."""
    problems = list(snapshot.problems)
    if snapshot.config_error is not None:
        problems.insert(0, f"The newest site file is not in force: {snapshot.config_error}")
    blocks = [wrapped(f"! {clean(problem)}", width, "yellow") for problem in problems]
    room = None if height is None else max(2, height // 3)
    lines: list[Text] = []
    for number, block in enumerate(blocks):
        rest = len(blocks) - number
        if room is not None and len(lines) + len(block) + (rest > 1) > room:
            if not lines:  # better its beginning than nothing
                lines, rest = block[: room - 1], rest - 1
            if rest:
                lines.append(Text(f"! and {rest} more; --json lists all", "yellow"))
            break
        lines += block
    return lines


def wrapped(text: str, width: int, style: str = "", *, indent: str = "  ") -> list[Text]:
    """Broken by cells, at spaces where there are some: Chinese has none."""
    lines, line = [], ""
    for word in text.split():
        space = " " if line.strip() else ""
        if cell_len(line + space + word) <= width:
            line += space + word
        elif cell_len(indent + word) <= width:
            lines.append(line)
            line = indent + word
        else:
            line += space
            for character in word:
                if cell_len(line + character) > width:
                    lines.append(line)
                    line = indent
                line += character
    return [Text(one.rstrip(), style) for one in [*lines, line] if one.strip()]


def _fitting(width: int) -> list[_Column]:
    columns = list(_COLUMNS)
    while len(columns) > 2 and _total(columns) > width:
        columns.remove(max(columns, key=lambda column: column.rank))
    spare = width - _total(columns)
    # What is left over goes to the names.
    widened = min(24, max(0, spare))
    return [
        _Column(column.title, column.width + (widened if column is _COLUMNS[0] else 0), 0, column.value, column.left)
        for column in columns
    ]


def _total(columns: Sequence[_Column]) -> int:
    return sum(column.width for column in columns) + 2 * (len(columns) - 1)


def _block(camera: CameraSnapshot, columns: Sequence[_Column], width: int, now_ns: int) -> list[Text]:
    lines = [_row([column.value(camera, now_ns) for column in columns], columns)]
    why = _why(camera)
    if why:
        lines.append(
            Text(f"    {set_cell_size(why, max(0, width - 4)).rstrip()}", "red" if trouble(camera) < 3 else "yellow")
        )
    return lines


def _why(camera: CameraSnapshot) -> str:
    """What is wrong with it, in words; empty where nothing is."""
    parts = []
    if camera.fault is not None or camera.state in (CameraState.WAITING, CameraState.DEAD):
        parts.append(": ".join(filter(None, (camera.fault or "no packets", camera.fault_detail))))
    elif camera.state is CameraState.RECORDING and (camera.last_packet_age_s or 0.0) > LATE_S:
        parts.append("packets have stopped coming")
    if camera.integrity:
        parts.append(f"view {', '.join(camera.integrity)}: its rules are suspended")
    if abs(camera.offset_s or 0.0) > OFFSET_LIMIT_S or "camera_offset_over_1s" in camera.clock_flags:
        parts.append("its clock is off by more than 1 s, or may be")
    if "camera_clock_jumped" in camera.clock_flags:
        parts.append("its clock has jumped")
    return clean("; ".join(parts))


def _row(cells: Sequence[tuple[str, str]], columns: Sequence[_Column]) -> Text:
    line = Text()
    for number, ((text, style), column) in enumerate(zip(cells, columns, strict=True)):
        if cell_len(text) > column.width:
            text = set_cell_size(text, column.width - 1).rstrip() + "~"
        pad = " " * (column.width - cell_len(text))
        line.append("  " if number else "")
        line.append(text + pad if column.left else pad + text, style=style)
    return line


def _cropped(line: Text, width: int) -> Text:
    line.truncate(width)
    line.rstrip()
    return line


def _left_out(cameras: Sequence[CameraSnapshot]) -> Text:
    bad = sum(trouble(camera) < _FINE for camera in cameras)
    fine = len(cameras) - bad
    said = ([f"{bad} more in trouble"] if bad else []) + ([f"{fine} more fine"] if fine else [])
    return Text(f"... and {', '.join(said)}", "bold red" if bad else "dim")


def _name(camera: CameraSnapshot, now_ns: int) -> tuple[str, str]:
    return f"{camera.id} {clean(camera.name)}".strip(), "bold" if trouble(camera) < _FINE else ""


def _state(camera: CameraSnapshot, now_ns: int) -> tuple[str, str]:
    since = ago((now_ns - camera.since_ns) / NS_PER_S)
    return f"{camera.state.value:<10} {since:>7}", _STATE_STYLES[camera.state]


def _fps(camera: CameraSnapshot, now_ns: int) -> tuple[str, str]:
    return ("-", "dim") if camera.fps is None else (f"{camera.fps:.1f}", "")


def _last(camera: CameraSnapshot, now_ns: int) -> tuple[str, str]:
    age = camera.last_packet_age_s
    if age is None:
        return "-", "dim"
    return (f"{age:.1f} s" if age < 10 else ago(age)), "red" if age > LATE_S else ""


def _offset(camera: CameraSnapshot, now_ns: int) -> tuple[str, str]:
    if camera.state is not CameraState.RECORDING:
        return "-", "dim"  # what was measured before is no measurement of now
    if camera.offset_s is None:
        return "unknown", "yellow"
    off = abs(camera.offset_s) > OFFSET_LIMIT_S
    text = f"{camera.offset_s:+.2f} s" if abs(camera.offset_s) < 100 else f"{camera.offset_s:+,.0f} s"
    return (f"{text}!", "bold yellow") if off else (text, "")


def _size(number: float) -> str:
    return f"{number / _GIB:.1f} G" if number >= _GIB else f"{number / (1 << 20):.0f} M"


_COLUMNS = (
    _Column("camera", 14, 0, _name, left=True),
    _Column("state, since", 18, 0, _state, left=True),
    _Column("fps", 5, 2, _fps),
    _Column("last", 6, 1, _last),
    _Column("clock", 9, 3, _offset),
    _Column("level", 9, 10, lambda camera, _: (_LEVELS.get(camera.level, camera.level)[:9], "")),
    _Column("stand", 5, 4, lambda camera, _: (str(camera.standing), "")),
    _Column("cases", 5, 5, lambda camera, _: (str(camera.cases), "yellow" if camera.cases else "")),
    _Column("gaps", 4, 6, lambda camera, _: (str(camera.gaps), "")),
    _Column("reconn", 6, 11, lambda camera, _: (str(camera.reconnects), "")),
    _Column("shed", 5, 13, lambda camera, _: (str(camera.shed), "yellow" if camera.shed else "")),
    _Column("disk", 7, 12, lambda camera, _: (_size(camera.recorded_bytes), "")),
    _Column(
        "memory", 6, 14, lambda camera, _: ("-" if camera.memory_bytes is None else _size(camera.memory_bytes), "")
    ),
    _Column(
        "stream",
        27,
        15,
        lambda camera, _: (clean(shorten(camera.stream or "-", 27, placeholder="~")), "dim"),
        left=True,
    ),
)
