from __future__ import annotations

import contextlib
import hashlib
import struct

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backends.onnxruntime import OnnxRuntimeBackend
from models.darknet.cfg import parse_cfg
from models.darknet.to_onnx import convert
from models.errors import ModelRefusedError
from models.layouts.yolov3_tiny import Head
from tests.models.darknets import CFG, network


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_graph_computes_what_darknet_computes(seed):
    weights, forward = network(seed)
    made = convert(CFG.encode(), weights)
    onnx.checker.check_model(onnx.ModelProto.FromString(made.graph), full_check=True)
    session = OnnxRuntimeBackend().open(made.graph, threads=1, where="net")
    images = np.random.default_rng(seed).random((2, 3, 64, 64)).astype(np.float32)
    outputs = session.run(images)
    for i, image in enumerate(images):
        for got, want in zip(outputs, forward(image.astype(np.float64)), strict=True):
            np.testing.assert_allclose(got[i], want, rtol=1e-4, atol=1e-5)


def test_what_the_description_says_is_told():
    made = convert(CFG.encode(), network()[0])
    assert made.input_size == (64, 64)
    assert made.classes == 2
    assert made.heads == (Head(32, ((20.0, 30.0), (40.0, 25.0))), Head(16, ((3.0, 4.0),)))


def test_the_bytes_are_the_same_every_time():
    """Golden: a new version of onnx, protobuf or numpy must not change the hash that evidence names."""
    digest = hashlib.sha256(convert(CFG.encode(), network()[0]).graph).hexdigest()
    assert digest == "229527949a0dd445527606f187f08b9343feb8d59bfe9c5996e65505fcc7d8f3"


@pytest.mark.parametrize("cut", [0, 3, 11, 12, 19, 20, 21, 24, 500, -4, -1])
def test_truncated_weights_are_refused(cut):
    with pytest.raises(ModelRefusedError, match=r"truncated|ends inside|header"):
        convert(CFG.encode(), network()[0][:cut])


def test_weights_that_are_left_over_are_refused():
    with pytest.raises(ModelRefusedError, match="2 numbers more"):
        convert(CFG.encode(), network()[0] + bytes(8))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(bad):
    weights = bytearray(network()[0])
    weights[400:404] = struct.pack("<f", bad)
    with pytest.raises(ModelRefusedError, match="not finite"):
        convert(CFG.encode(), bytes(weights))


def test_an_old_header_is_four_bytes_shorter():
    weights = network()[0]
    old = struct.pack("<iiii", 0, 1, 0, 0) + weights[20:]
    assert convert(CFG.encode(), old).graph == convert(CFG.encode(), weights).graph


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[net]", "[nut]", r"\[net\]"),
        ("filters=4", "filters=400000000", "outside"),
        ("filters=4", "filters=-1", "outside"),
        ("filters=4", "filters=four", "no whole number"),
        ("width=64", "width=100000000", "outside"),
        ("width=64", "width=63", "multiples of 32"),
        ("stride=2\npad=1\nactivation=leaky\n\n[maxpool]", "stride=0\npad=1\nactivation=leaky\n\n[maxpool]", "outside"),
        ("activation=linear", "activation=mish", "not known"),
        ("[upsample]\nstride=2", "[upsample]\nstride=4", "differ in size"),
        ("layers=-1,4", "layers=-1,400", "outside"),
        ("layers=-1,4", "layers=", "earlier layers"),
        ("mask=1,2", "mask=1,7", "do not fit"),
        ("mask=1,2", "mask=1", "do not hold"),
        ("classes=2\nnum=3\n\n[route]", "classes=3\nnum=3\n\n[route]", "do not hold"),
        ("[upsample]", "[crnn]", "not known"),
        ("filters=4", "filters", "neither"),
    ],
)
def test_descriptions_that_do_not_hold_are_refused(old, new, why):
    assert old in CFG
    with pytest.raises(ModelRefusedError, match=why):
        convert(CFG.replace(old, new, 1).encode(), network()[0])


def test_a_description_that_never_ends_is_refused():
    with pytest.raises(ModelRefusedError, match="bytes, more than"):
        parse_cfg(b"[net]\n" + b"#" * 10**6)
    with pytest.raises(ModelRefusedError, match="sections"):
        parse_cfg(b"[net]\n" + b"[route]\n" * 2000)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hostile_bytes_are_refused_or_converted_but_never_anything_else(data):
    cfg, weights = bytearray(CFG.encode()), bytearray(network()[0])
    for _ in range(data.draw(st.integers(1, 6))):
        target = data.draw(st.sampled_from([cfg, weights]))
        target[data.draw(st.integers(0, len(target) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ModelRefusedError):
        convert(bytes(cfg), bytes(weights))
