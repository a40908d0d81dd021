"""How fast a detector is on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.interface import Detector
from models.reference import reference_image


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One batch size: everything from a full picture to boxes."""

    batch: int
    images: int
    elapsed_ns: int

    @property
    def images_per_s(self) -> float:
        return self.images * 1e9 / self.elapsed_ns

    @property
    def ms_per_image(self) -> float:
        return self.elapsed_ns / self.images / 1e6


def bench(
    detector: Detector,
    *,
    seconds: float = 3.0,
    batches: Sequence[int] = (1, 4, 8),
    size: tuple[int, int] = (1920, 1080),
    fitted: bool = False,
) -> Iterator[BenchRow]:
    """A row per batch size, each measured for about `seconds`, on pictures of `size` (width, height).

    `fitted`: the pictures come scaled to what `fit` names, as a caller gives them who lets the video decoder scale.
    """
    picture = reference_image(detector.fit(size) if fitted else size)
    for batch in batches:
        pictures, sizes = [picture] * batch, [size] * batch
        detector.detect(pictures, sizes)
        start = time.perf_counter_ns()
        runs, elapsed = 0, 0
        while elapsed < seconds * 1e9:
            detector.detect(pictures, sizes)
            runs += 1
            elapsed = time.perf_counter_ns() - start
        yield BenchRow(batch, runs * batch, elapsed)
