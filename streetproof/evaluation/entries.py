"""Truth and events, both as lists of entries: read from JSON with every mistake named by file and entry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never, TypeGuard

from streams.instant import from_iso
from streetproof.evaluation.errors import EntriesError
from vision.interface import Box

MAX_BYTES = 256 * 1024 * 1024
_MAX_NAME = 200
_MAX_M2 = 1e6


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of UTC in ns, both ends known or one of them None: nobody knows. A point has two equal ends."""

    earliest: int | None
    latest: int | None

    @property
    def width_ns(self) -> int | None:
        """How wide it is; None: one end is not known."""
        return None if self.earliest is None or self.latest is None else self.latest - self.earliest


@dataclass(frozen=True, slots=True)
class Entry:
    """One stay of a truth, or one event.

    `arrived.latest` is always known. `departed` None: it never left, as far as anybody saw; a span whose `latest` is
    None: seen until `earliest`, and nobody knows what came then. `box` in fractions of the image, 0..1, with an area.
    """

    camera: str
    kind: str
    cls: str
    arrived: Span
    departed: Span | None
    box: Box
    condition: str | None = None
    ignore: bool = False
    """Of truth only: whoever finds it is not wrong, and whoever does not find it misses nothing."""
    area_m2: float | None = None
    """The ground that it takes, more than 0; None: not told."""

    @property
    def since_ns(self) -> int:
        """From when on it surely stood."""
        assert self.arrived.latest is not None
        return self.arrived.latest

    @property
    def until_ns(self) -> int | None:
        """Until when it surely stood, at least `since_ns`; None: to the end."""
        if self.departed is None:
            return None
        return self.since_ns if self.departed.earliest is None else max(self.since_ns, self.departed.earliest)

    def sort_key(self) -> tuple[Any, ...]:
        """A total order that does not depend on where an entry stands in its file."""
        departed = (self.departed.earliest or 0, self.departed.latest or 0) if self.departed else (0, 0)
        return (
            self.camera,
            self.kind,
            self.since_ns,
            self.arrived.earliest or 0,
            self.departed is None,
            departed,
            self.box,
            self.cls,
            self.condition or "",
            self.ignore,
            self.area_m2 or 0.0,
        )


@dataclass(frozen=True, slots=True)
class Entries:
    """What files hold: entries, and the conditions that are told of cameras as a whole."""

    entries: tuple[Entry, ...]
    cameras: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Conditions named for each camera, by its entries or by the description of its scene."""


def read_entries(paths: Sequence[Path]) -> Entries:
    """All entries of several files. Raises EntriesError with the file, the entry and what to write instead."""
    entries: list[Entry] = []
    cameras: dict[str, set[str]] = {}
    for path in paths:
        document = _read(path)
        listed = document.get("entries") if isinstance(document, dict) else document
        if not isinstance(listed, list):
            _refuse(str(path), "it holds no entries", 'Write a list of entries, or {"entries": [...]}')
        for number, value in enumerate(listed):
            entries.append(entry_of(value, f"{path}: entries[{number}]"))
        scene = document.get("scene") if isinstance(document, dict) else None
        if isinstance(scene, dict):
            camera, condition = scene.get("camera"), scene.get("condition")
            if _is_name(camera) and _is_name(condition):
                cameras.setdefault(camera, set()).add(condition)
    for entry in entries:
        if entry.condition is not None:
            cameras.setdefault(entry.camera, set()).add(entry.condition)
    return Entries(tuple(entries), {camera: frozenset(named) for camera, named in cameras.items()})


def entry_of(value: Any, where: str) -> Entry:
    """One entry out of JSON; keys that are not known are left alone. Raises EntriesError."""
    if not isinstance(value, dict):
        _refuse(where, "this is no JSON object", "docs/replay.md shows an entry")
    condition, ignore = value.get("condition"), value.get("ignore", False)
    if condition is not None and not _is_name(condition):
        _refuse(where, "`condition` must be text or null", "Write for example day, night or rain")
    if not isinstance(ignore, bool):
        _refuse(where, "`ignore` must be true or false", "Leave it out where the entry counts")
    if "departed" not in value:
        _refuse(where, "`departed` is missing", "Write null for what never left")
    arrived = _span(value.get("arrived"), f"{where}.arrived")
    departed = None if value["departed"] is None else _span(value["departed"], f"{where}.departed")
    if arrived is None or arrived.latest is None:
        _refuse(where, "`arrived` must tell by when it stood there", "Write a time, or [earliest or null, latest]")
    first = arrived.latest if arrived.earliest is None else arrived.earliest
    if departed is not None and departed.earliest is None:
        _refuse(where, "`departed` must tell until when it stood there", "Write a time, or [earliest, latest or null]")
    if departed is not None and max(departed.earliest or first, departed.latest or first) < first:
        _refuse(where, "it departed before it arrived", "Correct the times")
    return Entry(
        camera=_name(value, "camera", where),
        kind=_name(value, "kind", where),
        cls=_name(value, "cls", where),
        arrived=arrived,
        departed=departed,
        box=_box(value.get("box"), where),
        condition=condition,
        ignore=ignore,
        area_m2=_area(value.get("area_m2"), where),
    )


def _name(value: dict[str, Any], key: str, where: str) -> str:
    name = value.get(key)
    if not _is_name(name):
        _refuse(where, f"`{key}` must be text of 1 to {_MAX_NAME} characters", "docs/replay.md shows an entry")
    return name


def _read(path: Path) -> Any:
    remedy = "Give a JSON file as `streetproof replay --events` writes it, or as docs/replay.md shows"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            _refuse(str(path), f"the file is larger than {MAX_BYTES // 2**20} MiB", remedy)
        return json.loads(data)
    except OSError as error:
        _refuse(str(path), f"the file cannot be read: {error.strerror or error}", "Check the path and its permissions")
    except (ValueError, RecursionError) as error:
        _refuse(str(path), f"not valid JSON: {str(error)[:120]}", remedy)


def _span(value: Any, where: str) -> Span | None:
    if isinstance(value, list):
        if len(value) != 2:
            _refuse(where, "an interval has two ends", "Write [earliest, latest]")
        span = Span(*(None if one is None else _ns(one, where) for one in value))
        if span.width_ns is not None and span.width_ns < 0:
            _refuse(where, "the interval ends before it begins", "Write [earliest, latest]")
        return span
    if value is None:
        return None
    point = _ns(value, where)
    return Span(point, point)


def _ns(value: Any, where: str) -> int:
    try:
        if not isinstance(value, str):
            raise ValueError("it is no text")
        return from_iso(value)
    except ValueError as error:
        _refuse(where, str(error), "Write ISO 8601 in UTC, such as 2026-11-02T00:00:00.250Z")


def _box(value: Any, where: str) -> Box:
    good = (
        isinstance(value, list)
        and len(value) == 4
        and all(type(one) in (int, float) and 0 <= one <= 1 for one in value)
        and value[0] < value[2]
        and value[1] < value[3]
    )
    if not good:
        _refuse(
            where,
            "`box` must be x1, y1, x2, y2 in fractions of the image from 0 to 1, with an area",
            "Divide pixels by the width and the height of the image, and cut the box to the image",
        )
    return (float(value[0]), float(value[1]), float(value[2]), float(value[3]))


def _area(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= _MAX_M2:
        what = f"`area_m2` must be a number of square metres above 0, at most {_MAX_M2:,.0f}"
        _refuse(where, what, "Leave it out where it is not known")
    return float(value)


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable()


def _refuse(where: str, what: str, remedy: str) -> Never:
    raise EntriesError(what, where=where, remedy=remedy)
