"""What runs a graph: bytes in, a session out. One implementation per runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Dims = tuple[int | None, ...]
"""A shape; None where the graph leaves the size open."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output of a graph."""

    name: str
    dims: Dims
    dtype: str
    """ONNX's spelling: `tensor(float)`."""

    def __str__(self) -> str:
        return f"{self.name}[{', '.join('?' if d is None else str(d) for d in self.dims)}] {self.dtype}"


@dataclass(frozen=True, slots=True)
class GraphSignature:
    """What a graph takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def batch(self) -> int | None:
        """The fixed number of images per run; None where any number goes."""
        return self.inputs[0].dims[0]

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))}"


class Session(Protocol):
    """A loaded graph."""

    @property
    def signature(self) -> GraphSignature: ...

    def run(self, batch: npt.NDArray[np.float32]) -> Sequence[npt.NDArray[np.float32]]:
        """All outputs for one input [N, 3, H, W]. Raises InferenceError."""


class Backend(Protocol):
    """A runtime that can load a graph."""

    def open(self, graph: bytes, *, threads: int, where: str) -> Session:
        """Load a serialised ONNX model. `where` names it in errors. Raises ModelRefusedError, ModelMissingError."""
