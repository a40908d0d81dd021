from __future__ import annotations

import os
import random

import numpy as np
import pytest
from onnx import TensorProto, helper

from models.errors import ModelMissingError, ModelRefusedError
from models.guard import inspect, read_model
from tests.models.graphs import constant_graph, edited

GOOD = constant_graph([np.zeros((6, 84), np.float32)])


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def external_in_attribute(model):
    tensor = TensorProto(name="hidden", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))


def custom(model):
    model.graph.node[0].domain = "evil.ops"


def custom_in_subgraph(model):
    inner = helper.make_graph([helper.make_node("Run", [], ["x"], domain="evil.ops")], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner))


def custom_in_function(model):
    function = model.functions.add(name="f", domain="mine")
    function.node.append(helper.make_node("Run", [], ["x"], domain="evil.ops"))


def nested(model):
    inner = helper.make_graph([], "leaf", [], [])
    for _ in range(30):
        inner = helper.make_graph([helper.make_node("Loop", [], [], body=inner)], "more", [], [])
    model.graph.node.extend(inner.node)


def empty(model):
    model.graph.Clear()


def test_a_plain_graph_passes():
    inspect(GOOD, where="m")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (external, "another file"),
        (external_in_attribute, "another file"),
        (custom, "evil.ops::ReduceMean"),
        (custom_in_subgraph, "evil.ops::Run"),
        (custom_in_function, "evil.ops::Run"),
        (nested, "nested"),
        (empty, "no graph"),
    ],
)
def test_what_reaches_outside_is_refused(change, why):
    with pytest.raises(ModelRefusedError, match=why) as caught:
        inspect(edited(GOOD, change), where="模型 a.onnx")
    assert "模型 a.onnx" in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<html>not found</html>", random.Random(5).randbytes(64), GOOD[:50], GOOD[:-3]]
)
def test_what_is_no_onnx_is_refused(data):
    with pytest.raises(ModelRefusedError, match="no ONNX file"):
        inspect(data, where="m")


def test_what_is_no_file_is_missing(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    for path in (tmp_path, tmp_path / "none.onnx", tmp_path / "pipe.onnx"):
        with pytest.raises(ModelMissingError, match="no such file"):
            read_model(path)
