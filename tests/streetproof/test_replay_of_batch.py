"""Replaying the detections of a run gives the events of the run, byte for byte.

A whole batch over composed recordings that overlap, with a detector that knows the scene and errs; its workers' tasks
are done in this process, so that the detector can be put in.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from models.interface import Detections, Image
from models.store import ModelStore
from streetproof.batch import observe, run, work
from streetproof.batch.inputs import BatchRequest
from streetproof.batch.run import run_batch
from streetproof.events import dump_events
from streetproof.replay.replaying import replay
from streetproof.settings.load import LoadedSite, load_site
from tests.conftest import ROOT
from tests.scenes import Actor, Backdrop, Encoding, Faults, Look, OracleDetector, Scene, Stop, compose

SCENE = Scene(
    camera="demo-01",
    seconds=30,
    fps=Fraction(4),
    size=(256, 192),
    backdrop=Backdrop.DRAWN,
    stamped=True,
    actors=(
        Actor("car", Look.DRAWN_CAR, stops=(Stop((0.35, 0.6), 3, 15.25),)),
        Actor("bus", Look.BUS, stops=(Stop((0.75, 0.8), 8, None),)),
    ),
)
PARTS = {"路口 20261102080000.mp4": range(0, 64), "路口 20261102080014.mp4": range(56, 120)}
"""They overlap by two seconds. Of the later one, a frame lies between the last look at the earlier and its end."""


class Oracle:
    """The scene's oracle as a detector that takes pictures in their own size."""

    def __init__(self) -> None:
        self._oracle = OracleDetector(SCENE, Faults(misses=0.1, jitter=0.01, false_positives=0.5, confusion=0.2))
        self.info = self._oracle.info

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        return self._oracle.detect([np.ascontiguousarray(image) for image in images])


class Inline:
    """A pool without processes."""

    def __init__(self, execute: Callable[[Any], Any], tasks: deque[Any], **_: Any) -> None:
        self._execute, self._tasks = execute, tasks

    def results(self) -> Iterator[tuple[Any, Any]]:
        while self._tasks:
            task = self._tasks.popleft()
            yield task, self._execute(task)


@pytest.fixture
def site(tmp_path: Path) -> LoadedSite:
    data = yaml.safe_load((ROOT / "configs" / "demo" / "site.yaml").read_text(encoding="utf-8"))
    camera = data["cameras"][0]
    camera["time"] = {"sources": ["filename"]}
    camera["look"] = {"level": "sampled", "rate": "2/3"}
    camera["zones"][0]["polygon"] = [[0, 0], [1, 0], [1, 1], [0, 1]]
    data["policies"][0]["rules"][0] |= {"dwell": "8s", "min_score": 0.2}
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return load_site(path)


def test_replaying_the_detections_of_a_run_gives_the_events_of_the_run(
    tmp_path: Path, site: LoadedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage = tmp_path / "录像"
    for name, frames in PARTS.items():
        compose(SCENE, footage / name, Encoding(preset="ultrafast", gop=4), frames=frames)
    oracle = Oracle()
    for module in (observe, work):
        monkeypatch.setattr(module, "detector_of", lambda spec: oracle)
    monkeypatch.setattr(run, "Pool", Inline)
    monkeypatch.setattr(run, "locate", lambda name, store: oracle)
    out = tmp_path / "out"
    request = BatchRequest(
        loaded=site,
        inputs=[str(footage)],
        out=out,
        key=tmp_path / "key.pem",
        models=ModelStore(tmp_path / "models"),
        workers=1,
        events=tmp_path / "events.json",
        stays=True,
    )
    report = run_batch(request, lambda event: None)
    assert report.failures == []
    assert [one["frames_overlapping"] > 0 for one in report.document["inputs"]] == [False, True]
    events = (tmp_path / "events.json").read_bytes()
    document = json.loads(events)
    assert len(document["entries"]) == len(report.cases) == 2
    assert any(entry["departed"][1] is None for entry in document["entries"])

    for detections in ([out], [out / "observations"], sorted((out / "observations").iterdir(), reverse=True)):
        result = replay(detections, [site], stays=True)
        assert dump_events(result.documents[0]) == events
        assert not result.problems

    # A look that the run did not use lies beside: the report tells which one it was.
    first = min((out / "observations").iterdir())
    (out / "observations" / "0.jsonl.gz").write_bytes(first.read_bytes())
    (out / "observations" / "broken.jsonl").write_bytes(b"{")
    assert dump_events(replay([out], [site], stays=True).documents[0]) == events
