from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.backends.registry import BackendName, backend
from models.errors import ModelRefusedError
from models.layouts.center_face import CenterFaceLayout, at_size
from models.layouts.interface import check
from models.spec import LayoutName, ModelSpec

SIZE = (64, 32)


def graph(outputs: int = 4) -> bytes:
    """A graph of the same form that says, as the published one does, that it takes [10, 3, 32, 32]."""
    channels = (1, 2, 2, 10)[:outputs]
    nodes, weights = [], []
    for index, count in enumerate(channels):
        weight = np.full((count, 3, 4, 4), 0.001 * (index + 1), np.float32)
        weights.append(onnx.numpy_helper.from_array(weight, f"w{index}"))
        nodes.append(helper.make_node("Conv", ["input.1", f"w{index}"], [f"o{index}"], strides=[4, 4]))
    made = helper.make_graph(
        nodes,
        "faces",
        [
            helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [10, 3, 32, 32]),
            *(helper.make_tensor_value_info(one.name, TensorProto.FLOAT, list(one.dims)) for one in weights),
        ],
        [helper.make_tensor_value_info(f"o{i}", TensorProto.FLOAT, [10, c, 8, 8]) for i, c in enumerate(channels)],
        weights,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def test_the_graph_runs_at_the_size_that_is_asked_for() -> None:
    layout = CenterFaceLayout(SIZE)
    session = backend(BackendName.ONNXRUNTIME).open(at_size(graph(), SIZE, where="x"), threads=1, where="x")
    check(layout, session.signature, where="x")
    outputs = session.run(np.ones((2, 3, 32, 64), np.float32))
    assert [one.shape for one in outputs] == [(2, 1, 8, 16), (2, 2, 8, 16), (2, 2, 8, 16), (2, 10, 8, 16)]
    with pytest.raises(ModelRefusedError):
        check(layout, backend(BackendName.ONNXRUNTIME).open(graph(), threads=1, where="x").signature, where="x")


def test_a_face_is_where_the_map_says() -> None:
    heat, sides, offsets = np.zeros((1, 1, 8, 16)), np.zeros((1, 2, 8, 16)), np.zeros((1, 2, 8, 16))
    heat[0, 0, 3, 10] = 0.7
    sides[0, :, 3, 10] = np.log(5), np.log(3)  # 20 pixels high, 12 wide
    offsets[0, :, 3, 10] = 0.25, -0.5
    landmarks = np.zeros((1, 10, 8, 16))
    outputs = [one.astype(np.float32) for one in (heat, sides, offsets, landmarks)]
    (found,) = CenterFaceLayout(SIZE).decode(outputs, 0.5)
    assert np.allclose(found.xyxy, [[40 - 6, 15 - 10, 40 + 6, 15 + 10]], atol=1e-4)
    assert found.score.tolist() == pytest.approx([0.7]) and found.cls.tolist() == [0]
    (none,) = CenterFaceLayout(SIZE).decode(outputs, 0.8)
    assert len(none.score) == 0


def test_what_is_no_such_graph_is_refused() -> None:
    for wrong in (b"nothing", graph(outputs=3)):
        with pytest.raises(ModelRefusedError):
            at_size(wrong, SIZE, where="x")


def test_it_finds_faces_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="face"):
        ModelSpec(layout=LayoutName.CENTER_FACE, input_size=SIZE, classes=("face", "person"))
