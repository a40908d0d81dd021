"""Detections as anybody may write them, for the commands that judge without video."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from streams.instant import NS_PER_S, iso_utc
from streetproof.settings.load import LoadedSite, load_site
from tests.conftest import ROOT

DEMO = ROOT / "configs" / "demo" / "site.yaml"
SIZE = [768, 576]
T0 = 1_793_577_600 * NS_PER_S
"""2026-11-02T00:00:00Z."""
VAN = {"xyxy": [651.0, 42.0, 724.0, 99.0], "cls": "truck", "score": 0.7}
"""On the demo's kerb."""


def frame(second: float, *boxes: dict[str, Any], camera: str = "demo-01", **other: Any) -> dict[str, Any]:
    return {"camera": camera, "utc": iso_utc(T0 + round(second * NS_PER_S)), "size": SIZE, "boxes": [*boxes], **other}


def van_from(start: float, end: float, until: float, every: float = 2.0, camera: str = "demo-01") -> Iterator[Any]:
    """A frame every two seconds until `until`; the van stands there in [start, end]."""
    for k in range(int(until / every)):
        second = k * every
        yield frame(second, *([VAN] if start <= second <= end else []), camera=camera)


def write(path: Path, frames: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in frames), encoding="utf-8")
    return path


def site_with(folder: Path, *changes: tuple[str, str], name: str = "site.yaml") -> Path:
    """The demo site with texts replaced."""
    text = DEMO.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def demo_site() -> LoadedSite:
    return load_site(DEMO)
