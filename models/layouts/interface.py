"""What turns a graph's raw outputs into candidate boxes. One output layout per file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.backends.interface import Dims, GraphSignature
from models.errors import ModelRefusedError

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes of one image before suppression: `xyxy` float32 [N, 4] in pixels of the input, not clipped."""

    xyxy: Array
    score: Array
    cls: npt.NDArray[np.int64]


class Layout(Protocol):
    """How one family of networks writes its boxes down."""

    @property
    def name(self) -> str: ...

    @property
    def suppressed(self) -> bool:
        """True where the graph gives each object once, so that no suppression is needed."""

    @property
    def expected(self) -> tuple[Dims, ...]:
        """The shapes of the outputs, in order; None where any size goes."""

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        """Candidates with a score of at least `floor`, one entry per image of the batch."""


def check(layout: Layout, signature: GraphSignature, *, where: str) -> None:
    """Refuse a graph whose outputs are not those of `layout`.

    A size that the graph leaves open passes here, and is checked by `check_outputs` when it is known.
    """
    found = tuple(tensor.dims for tensor in signature.outputs)
    if not _match(layout.expected, found) or any(t.dtype != "tensor(float)" for t in signature.outputs):
        raise ModelRefusedError(
            f"the graph does not have the output layout {layout.name!r}: expected {_show(layout.expected)} of "
            f"tensor(float), found {_show(found)} of {', '.join(sorted({t.dtype for t in signature.outputs}))}",
            where=where,
            remedy="Name the layout, the input size and the classes that this model was exported with.",
        )


def check_outputs(layout: Layout, outputs: Sequence[Array], count: int, *, where: str) -> None:
    """Refuse outputs of a run over `count` images that are not those of `layout`."""
    found: tuple[Dims, ...] = tuple(tuple(int(d) for d in output.shape) for output in outputs)
    if not _match(layout.expected, found) or any(dims[0] != count for dims in found):
        raise ModelRefusedError(
            f"the model gave {_show(found)} for {count} images where layout {layout.name!r} has "
            f"{_show(layout.expected)}",
            where=where,
            remedy="Name the layout, the input size and the classes that this model was exported with.",
        )


def candidates(xyxy: Array, score: Array, cls: npt.NDArray[np.integer]) -> Candidates:
    """The three arrays with their final types."""
    return Candidates(xyxy.astype(np.float32), score.astype(np.float32), cls.astype(np.int64))


def from_centres(xywh: Array) -> Array:
    """Centre, width and height [N, 4] as corners [N, 4]."""
    half = xywh[:, 2:4] / 2
    return np.concatenate((xywh[:, :2] - half, xywh[:, :2] + half), axis=1)


def _match(expected: Sequence[Dims], found: Sequence[Dims]) -> bool:
    return len(expected) == len(found) and all(
        len(want) == len(have) and all(w is None or h is None or w == h for w, h in zip(want, have, strict=True))
        for want, have in zip(expected, found, strict=True)
    )


def _show(shapes: Sequence[Dims]) -> str:
    return " and ".join(f"[{', '.join('n' if d is None else str(d) for d in dims)}]" for dims in shapes)
