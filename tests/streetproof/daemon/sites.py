"""A site with two live cameras, its rules played by hand, and a database that somebody else keeps for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from streams.recorder.interface import SegmentRecord
from streetproof.daemon.desk import Desk, Outcome
from streetproof.daemon.messages import StreamRole
from streetproof.settings.load import LoadedSite, load_site
from tests.streetproof.daemon import footage
from tests.vision.byhand import KERB, PARKED, T0, Seen, at, detections

S = 10**9


def site(*cameras: str, **sections: Any) -> dict[str, Any]:
    """The content of a site file; `sections` are merged into it one level deep."""
    content: dict[str, Any] = {
        "site": {"id": "site-1", "name": "试点", "timezone": "Asia/Shanghai"},
        "live": {"segment": "10s", "seal_after": "60s"},
        "evidence": {"pre_roll": "10s", "post_roll": "10s"},
        "policies": [
            {
                "id": "guta-road",
                "name": "古塔路一路一策",
                "version": "1",
                "rules": [
                    {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": "60s"}
                ],
            }
        ],
        "cameras": [camera(name) for name in cameras or ("gate-1", "gate-2")],
    }
    for name, section in sections.items():
        content[name] = {**content.get(name, {}), **section} if isinstance(section, dict) else section
    return content


def camera(name: str, /, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"古塔路 {name}",
        "policy": "guta-road",
        "zones": [{"id": "west-kerb", "polygon": [list(corner) for corner in KERB], "rules": ["no-parking"]}],
        "stream": {"main": f"rtsp://127.0.0.1:1/{name}"},
        **changes,
    }


def write(path: Path, content: dict[str, Any]) -> Path:
    """As an editor does: a new file in the place of the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return fresh.replace(path)


def load(path: Path, content: dict[str, Any] | None = None) -> LoadedSite:
    return load_site(write(path, content or site()))


def desk_of(loaded: LoadedSite, name: str = "gate-1") -> Desk:
    one = next(one for one in loaded.site.cameras if one.id == name)
    return Desk(loaded.site.rules_of(one), loaded.site.site.zone)


def parked(from_s: float, to_s: float) -> Callable[[float], list[Seen]]:
    return lambda t: [("car", 0.9, PARKED)] if from_s <= t <= to_s else []


def play(
    desk: Desk, script: Callable[[float], list[Seen]], start: int, until: int, role: StreamRole = StreamRole.MAIN
) -> list[Outcome]:
    """A look every two seconds."""
    return [
        outcome
        for t in range(start, until + 1, 2)
        for outcome in desk.seen(at(t), detections(script(t)), role, repeated=False)
    ]


def segments(first: int, last: int, name: str = "gate-1") -> list[SegmentRecord]:
    """Records of ten seconds each; number 1 begins when the scripts do."""
    return [
        footage.segment(name, number, start_ns=T0 + (number - 1) * footage.LENGTH_NS)
        for number in range(first, last + 1)
    ]


@contextmanager
def kept(database: Path) -> Iterator[None]:
    """Another program keeps the database to itself."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
