"""A decoder or a model that never comes back must not pass for a street on which nothing happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.interface import Detections, Image
from streams.interface import Frame
from streams.live.address import CameraAddress
from streams.live.hostclock import HostClock
from streams.live.source import Timeouts
from streetproof.daemon import inference, looker
from streetproof.daemon.inference import FairQueue, InferenceThread
from streetproof.daemon.messages import Look, LookBack, Stop, StreamRole, WorkerSpec
from streetproof.daemon.worker import CameraWorker, LookerHungError
from tests.vision.byhand import MODEL, at

S = 10**9


class Stuck:
    """Native code that does not return until it is let go; a model and a decoder alike."""

    info = MODEL

    def __init__(self) -> None:
        self.inside, self.over = threading.Event(), threading.Event()

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        self.inside.set()
        self.over.wait()
        nothing = np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
        return [Detections(*nothing, (64, 48), MODEL) for _ in images]

    def feed(self, *_: Any) -> Iterator[Frame]:
        self.inside.set()
        self.over.wait()
        yield from ()

    def flush(self) -> Iterator[Frame]:
        yield from ()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    one = Stuck()
    yield one
    one.over.set()


def test_a_model_that_never_comes_back_is_noticed(stuck: Stuck) -> None:
    told = threading.Event()
    pictures = FairQueue()
    thread = InferenceThread(stuck, pictures, 4, lambda _: told.set())  # type: ignore[arg-type]
    assert not thread.works(time.monotonic_ns()), "it has not begun"
    thread.start()
    assert thread.works(time.monotonic_ns() + 3600 * S), "nothing to do for an hour is no fault"
    pictures.put("gate-1", Look(StreamRole.MAIN, at(1), 1, (64, 48), np.zeros((2, 2, 3), np.uint8)))
    assert stuck.inside.wait(120)
    assert thread.works(time.monotonic_ns())
    assert not thread.works(time.monotonic_ns() + inference._HUNG_NS + S)
    stuck.over.set()
    assert told.wait(120)
    assert thread.works(time.monotonic_ns() + 3600 * S)
    pictures.close()
    thread.join(120)
    assert not thread.works(time.monotonic_ns())


def test_a_cameras_process_whose_decoder_never_comes_back_ends(
    stuck: Stuck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looker, "_HUNG_NS", S // 10)
    ours, theirs = Pipe()
    address = CameraAddress(f"file:{tmp_path}/没有 1.mp4", None, None, "tcp")
    spec = WorkerSpec(
        site="s", camera="gate-1", main=address, sub=None, timeouts=Timeouts(S, S, S), retry_max_ns=60 * S,
        recordings=tmp_path, segment_ns=10 * S, ring_ns=S, ring_bytes=1 << 20, rate=Fraction(2), max_interval_ns=S,
        skip_unchanged=True, max_reuse_ns=S, previous=None, gap=None, view=None, line_ns=HostClock().line_ns,
        reference=None,
    )  # fmt: skip
    worker = CameraWorker(spec, theirs)
    asked = LookBack("t", 0, 1, 1)
    worker._looker.look_back(asked, stuck, [(None, at(1))])  # type: ignore[arg-type, list-item]
    with pytest.raises(LookerHungError, match="does not come back"):
        worker.run()
    assert stuck.inside.is_set()
    stuck.over.set()
    for intake in worker._intakes:
        intake.stop()
    worker._looker.close()
    worker._looker.join(120)
    ours.send(Stop("stopped"))
    ours.close()
