"""A fixed picture through a model, compared with what it gave when it was catalogued.

A hash proves that the file is the right one; this proves that the runtime and the processor under it compute what
they should. The picture is made by integer arithmetic and is as large as the input, so no resizer has a say in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.backends.interface import Session
from models.errors import InferenceError
from models.interface import Image
from models.letterbox import Letterbox
from models.record import Record

SAMPLES = 12


class OutputSummary(Record):
    """What is kept of one output: its shape's product, its first two moments, and numbers spread over it."""

    count: Annotated[int, Field(ge=1)]
    mean: float
    deviation: float
    samples: tuple[float, ...]


class Reference(Record):
    """The expected summaries, in the order of the graph's outputs."""

    tolerance: Annotated[float, Field(gt=0, le=0.5)] = 0.01
    """Largest allowed difference of each number, relative to 1 + its size."""
    outputs: Annotated[tuple[OutputSummary, ...], Field(min_length=1, max_length=16)]


def reference_image(size: tuple[int, int]) -> Image:
    """The picture, height x width x 3 BGR uint8: slopes, edges and texture in every channel."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.int64)
    blocks = ((x // 48 + y // 32) % 3) * 70
    texture = (x * x + 3 * y * y + x * y) // 97 % 41
    channels = (blocks + texture + x // 8, blocks // 2 + texture + y // 6, (x * 2 + y) % 200 + texture)
    picture: Image = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return picture


def measure(session: Session, letterbox: Letterbox) -> tuple[OutputSummary, ...]:
    """Run the reference picture and summarise every output. Raises InferenceError."""
    width, height = letterbox.input_size
    batch = np.empty((1, 3, height, width), np.float32)
    letterbox.fill(reference_image((width, height)), letterbox.place((width, height)), batch[0])
    return summarise(session, batch)


def summarise(session: Session, batch: npt.NDArray[np.float32]) -> tuple[OutputSummary, ...]:
    """Run one input [n, 3, height, width] and summarise every output. Raises InferenceError."""
    return tuple(_summary(output) for output in session.run(batch))


def differences(expected: Reference, found: Sequence[OutputSummary]) -> list[str]:
    """What differs by more than the tolerance, in words; empty where all is well."""
    if len(expected.outputs) != len(found):
        return [f"{len(found)} outputs instead of {len(expected.outputs)}"]
    faults: list[str] = []
    for index, (want, have) in enumerate(zip(expected.outputs, found, strict=True)):
        if want.count != have.count or len(want.samples) != len(have.samples):
            faults.append(f"output {index} has {have.count} numbers instead of {want.count}")
            continue
        a = np.array([want.mean, want.deviation, *want.samples])
        b = np.array([have.mean, have.deviation, *have.samples])
        off = np.abs(a - b) / (1 + np.abs(a))
        worst = int(np.argmax(off))
        if off[worst] > expected.tolerance:
            faults.append(f"output {index}: {b[worst]:.5g} instead of {a[worst]:.5g}")
    return faults


def _summary(output: npt.NDArray[np.float32]) -> OutputSummary:
    flat = output.reshape(-1).astype(np.float64)
    if not flat.size or not np.isfinite(flat).all():
        raise InferenceError("the model gave no numbers, or numbers that are not finite, for the reference picture")
    places = np.linspace(0, flat.size - 1, SAMPLES).astype(np.int64)
    return OutputSummary(
        count=flat.size, mean=float(flat.mean()), deviation=float(flat.std()), samples=tuple(map(float, flat[places]))
    )
