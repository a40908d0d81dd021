"""Tiny ONNX files with known outputs, and broken ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper


def constant_graph(outputs: Sequence[np.ndarray], size: tuple[int, int] = (64, 64), *, batch: int | str = 1) -> bytes:
    """A model that gives the same `outputs` (without the batch axis) for whatever image it sees."""
    nodes, values, weights = [], [], []
    # Zero times the mean of each image: the outputs depend on the input, and follow its batch size.
    weights += [numpy_helper.from_array(np.zeros(1, np.float32), "zero")]
    nodes += [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    for i, output in enumerate(outputs):
        weights.append(numpy_helper.from_array(output[None].astype(np.float32), f"fixed{i}"))
        axes = numpy_helper.from_array(np.arange(1, output.ndim + 1), f"axes{i}")
        weights.append(axes)
        nodes += [
            helper.make_node("Unsqueeze", ["nothing", f"axes{i}"], [f"shaped{i}"]),
            helper.make_node("Add", [f"fixed{i}", f"shaped{i}"], [f"out{i}"]),
        ]
        values.append(helper.make_tensor_value_info(f"out{i}", TensorProto.FLOAT, [batch, *output.shape]))
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size[1], size[0]])
    return serialised(helper.make_graph(nodes, "constant", [image], values, weights))


def serialised(graph: onnx.GraphProto) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def edited(data: bytes, change) -> bytes:
    model = ModelProto.FromString(data)
    change(model)
    return model.SerializeToString()
