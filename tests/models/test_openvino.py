from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from models.backends.registry import BackendName
from models.checks import check
from models.errors import ModelMissingError, ModelRefusedError
from models.store import load_detector
from tests.models.graphs import constant_graph

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="Install it with: pip install 'streetproof[openvino]'"
)


def test_without_the_extra_the_line_that_installs_it_is_told(bootstrap_store, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModelMissingError, match=r"pip install 'streetproof\[openvino\]'"):
        load_detector("yolov3-tiny", store=bootstrap_store, backend_name=BackendName.OPENVINO)


@needs_extra
def test_it_gives_the_boxes_of_the_default_backend(bootstrap_store, bootstrap, frame):
    other = load_detector("yolov3-tiny", store=bootstrap_store, min_score=0.3, backend_name=BackendName.OPENVINO)
    for got, want in zip(
        other.detect([frame, frame[::-1].copy()]), bootstrap.detect([frame, frame[::-1].copy()]), strict=True
    ):
        assert got.names == want.names
        np.testing.assert_allclose(got.xyxy, want.xyxy, atol=0.05)
    assert all(step.ok for step in check("yolov3-tiny", store=bootstrap_store, backend_name=BackendName.OPENVINO))


@needs_extra
def test_a_graph_it_cannot_load_is_refused():
    from models.backends.openvino import OpenVinoBackend

    graph = constant_graph([np.zeros((6, 84), np.float32)])
    with pytest.raises(ModelRefusedError, match="OpenVINO cannot load"):
        OpenVinoBackend().open(graph[: len(graph) // 2], threads=1, where="m")
