"""Recordings for batch runs: the demo clip cut into files that carry their start in their names, as recorders do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.cut import cut
from streams.instant import Instant, TimeSource
from tests.conftest import ROOT
from tests.postgres import Cluster, cluster

FIRST = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="session")
def pieces(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """Twelve files of 6 s (the last is longer), in a folder with a Chinese name, named by local time in Shanghai."""
    folder = tmp_path_factory.mktemp("pieces") / "一号 路口"
    folder.mkdir()
    source = open_archive(
        demo_clip, "c", TimeRules(start=Instant(0, TimeSource.OPERATOR, 0), order=(TimeSource.OPERATOR,))
    )
    for number in range(12):
        name = (FIRST + timedelta(hours=8, seconds=6 * number)).strftime("路口 %Y%m%d%H%M%S.mp4")
        first = source.pts_of(6 * number * 10**9)
        last = source.pts_of((6 * (number + 1) * 10**9 if number < 11 else 90 * 10**9) - 50_000_000)
        cut(demo_clip, first, last, folder / name)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The demo site, with recordings that tell their start by their names."""
    data = yaml.safe_load((ROOT / "configs" / "demo" / "site.yaml").read_text(encoding="utf-8"))
    data["cameras"][0]["time"] = {"sources": ["filename"]}
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path
