"""What is shown of one camera: how much it needs somebody, why, and the value in each column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten

from evidence_export.words import Language, Said
from streams.instant import NS_PER_S
from streetproof.cli import status_words as words
from streetproof.cli.wrapping import CUT, clean, padded
from streetproof.daemon.snapshot import CameraSnapshot, CameraState
from streetproof.daemon.words import LEVELS, STATES, fault_zh, view_words

OFFSET_LIMIT_S = 1.0
"""GA/T 832-2014, 3.2: a camera's clock may be off by one second."""
LATE_S = 5.0
"""Without a packet for so long, a camera that claims to record is in trouble."""
FINE = 5
WORRYING_FLAGS = {"camera_offset_over_1s": words.CLOCK_OFF, "camera_clock_jumped": words.CLOCK_JUMPED}
_GIB = 1 << 30
_STATE_STYLES = {
    CameraState.RECORDING: "green",
    CameraState.CONNECTING: "yellow",
    CameraState.WAITING: "bold red",
    CameraState.DEAD: "bold red",
}
_UNKNOWN = ("-", "dim")

Cell = tuple[str, str]
"""Text and style."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table. The same values stand in every language; words and units differ, and so do widths."""

    title: Said
    width: int
    width_zh: int
    rank: int
    """The highest rank goes first where the terminal is narrow."""
    value: Callable[[CameraSnapshot, int, Language], Cell]
    """For a camera at `now_ns`."""
    left: bool = False

    def cells(self, language: Language) -> int:
        """How wide it is."""
        return self.width_zh if language is Language.ZH else self.width


def trouble(camera: CameraSnapshot) -> int:
    """How much a camera needs somebody: 0 most, `FINE` not at all."""
    if camera.state is CameraState.DEAD:
        return 0
    if camera.state is CameraState.WAITING or camera.fault is not None:
        return 1
    if camera.state is CameraState.CONNECTING or (camera.last_packet_age_s or 0.0) > LATE_S:
        return 2
    if camera.integrity:
        return 3
    if abs(camera.offset_s or 0.0) > OFFSET_LIMIT_S or any(flag in WORRYING_FLAGS for flag in camera.clock_flags):
        return 4
    return FINE


def in_order(cameras: Sequence[CameraSnapshot]) -> list[CameraSnapshot]:
    """Troubled first, and among equals those that have been so for longest; the fine ones as the site lists them."""
    return sorted(
        cameras, key=lambda camera: (trouble(camera), camera.since_ns if trouble(camera) < FINE else 0)
    )  # the sort is stable


def why(camera: CameraSnapshot, language: Language) -> str:
    """What is wrong with it, in words; empty where nothing is."""
    parts = []
    if camera.fault is not None or camera.state in (CameraState.WAITING, CameraState.DEAD):
        parts.append(_fault(camera))
    elif camera.state is CameraState.RECORDING and (camera.last_packet_age_s or 0.0) > LATE_S:
        parts.append(words.LATE)
    if camera.integrity:
        # In English by their names, which the operators' guide explains.
        zh = "、".join(view_words(fault).zh for fault in camera.integrity)
        parts.append(words.suspended(zh, ", ".join(camera.integrity)))
    flags = {*camera.clock_flags}
    if abs(camera.offset_s or 0.0) > OFFSET_LIMIT_S:
        flags.add("camera_offset_over_1s")
    parts += [said for flag, said in WORRYING_FLAGS.items() if flag in flags]
    return clean(Said("；", "; ").to(language).join(said.to(language) for said in parts))


def _fault(camera: CameraSnapshot) -> Said:
    kind = words.NO_PACKETS if camera.fault is None else Said(fault_zh(camera.fault), camera.fault)
    detail = camera.fault_detail
    return kind if detail is None else Said(f"{kind.zh}：{detail.zh}", f"{kind.en}: {detail.en}")


def _name(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    return f"{camera.id} {clean(camera.name)}".strip(), "bold" if trouble(camera) < FINE else ""


def _state(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    since = words.ago((now_ns - camera.since_ns) / NS_PER_S, language)
    state, room = (6, 10) if language is Language.ZH else (10, 7)
    text = f"{padded(STATES[camera.state].to(language), state, left=True)} {padded(since, room, left=False)}"
    return text, _STATE_STYLES[camera.state]


def _fps(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    return _UNKNOWN if camera.fps is None else (f"{camera.fps:.1f}", "")


def _last(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    age = camera.last_packet_age_s
    if age is None:
        return _UNKNOWN
    text = words.seconds(age, 1).to(language) if age < 10 else words.brief(age, language)
    return text, "red" if age > LATE_S else ""


def _offset(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    if camera.state is not CameraState.RECORDING:
        return _UNKNOWN  # what was measured before is no measurement of now
    if camera.offset_s is None:
        return words.UNKNOWN.to(language), "yellow"
    text = words.offset(camera.offset_s).to(language)
    return (f"{text}!", "bold yellow") if abs(camera.offset_s) > OFFSET_LIMIT_S else (text, "")


def _level(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    return LEVELS.get(camera.level, Said.quoted(clean(camera.level))).to(language), ""


def _memory(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    return ("-" if camera.memory_bytes is None else _size(camera.memory_bytes)), ""


def _stream(camera: CameraSnapshot, now_ns: int, language: Language) -> Cell:
    return clean(shorten(camera.stream or "-", 27, placeholder=CUT)), "dim"


def _count(of: Callable[[CameraSnapshot], int], style: str = "") -> Callable[[CameraSnapshot, int, Language], Cell]:
    """A number, in this style where it is not 0."""
    return lambda camera, _now_ns, _language: (str(of(camera)), style if of(camera) else "")


def _size(number: float) -> str:
    return f"{number / _GIB:.1f} G" if number >= _GIB else f"{number / (1 << 20):.0f} M"


COLUMNS = (
    Column(words.CAMERA, 14, 24, 0, _name, left=True),
    Column(words.STATE, 18, 17, 0, _state, left=True),
    Column(words.FPS, 5, 5, 2, _fps),
    Column(words.LAST, 6, 8, 1, _last),
    Column(words.CLOCK, 9, 9, 3, _offset),
    Column(words.LEVEL, 9, 6, 10, _level),
    Column(words.STANDING, 5, 4, 4, _count(lambda camera: camera.standing)),
    Column(words.CASES, 5, 4, 5, _count(lambda camera: camera.cases, "yellow")),
    Column(words.GAPS, 4, 4, 6, _count(lambda camera: camera.gaps)),
    Column(words.RECONNECTS, 6, 5, 11, _count(lambda camera: camera.reconnects)),
    Column(words.SHED, 5, 5, 13, _count(lambda camera: camera.shed, "yellow")),
    Column(words.DISK, 7, 7, 12, lambda camera, _now_ns, _language: (_size(camera.recorded_bytes), "")),
    Column(words.MEMORY, 6, 6, 14, _memory),
    Column(words.STREAM, 27, 27, 15, _stream, left=True),
)
"""The first two stay on every terminal."""
