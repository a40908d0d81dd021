"""Darknet to ONNX, without Darknet. The same files give the same bytes, whatever the version of `onnx`.

The graph takes `images` [n, channels, height, width] (R, G, B in 0..1) and gives one raw head per [yolo] section,
named `head_<stride>`. Batch normalisation is folded into the convolutions, in 64-bit floats that IEEE 754 rounds the
same way on every machine: w' = w * g / sqrt(v + eps), b' = b - m * g / sqrt(v + eps), eps = 1e-5 as in Darknet's
CUDA kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from models.darknet.cfg import Section, parse_cfg
from models.darknet.weights import WeightReader
from models.layouts.yolov3_tiny import Head

OPSET = 17
IR_VERSION = 8
CONVERTER = "1"
"""Counts up when the bytes that come out change."""
EPSILON = 1e-5
LEAK = 0.1
MOST_CHANNELS = 16384
MOST_SIDE = 4096


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted network: the graph, and what its description says of it."""

    graph: bytes
    input_size: tuple[int, int]
    classes: int
    heads: tuple[Head, ...]
    """As the description says; it may be wrong about the anchors that the weights were trained with."""


@dataclass(frozen=True, slots=True)
class _Value:
    """What flows between layers."""

    name: str
    channels: int
    height: int
    width: int


def convert(cfg: bytes, weights: bytes) -> Conversion:
    """Convert a network. Raises ModelRefusedError where description and weights do not fit each other exactly."""
    net, *layers = parse_cfg(cfg)
    builder = _Builder(net, WeightReader(weights))
    for section in layers:
        builder.add(section)
    return builder.finish()


class _Builder:
    def __init__(self, net: Section, reader: WeightReader) -> None:
        self._net = net
        self._reader = reader
        self._graph = GraphProto(name="darknet")
        self._values: list[_Value] = []
        self._heads: list[Head] = []
        self._classes: set[int] = set()
        self._input = _Value(
            "images",
            net.whole("channels", 3, 1, 4),
            net.whole("height", None, 32, MOST_SIDE),
            net.whole("width", None, 32, MOST_SIDE),
        )
        if self._input.width % 32 or self._input.height % 32:
            raise net.refusal("width and height must be multiples of 32")
        self._graph.input.append(_described(self._input))
        self._layers: dict[str, Callable[[Section, _Value, str], _Value]] = {
            "convolutional": self._convolutional,
            "maxpool": self._maxpool,
            "route": self._route,
            "upsample": self._upsample,
            "yolo": self._yolo,
        }

    def add(self, section: Section) -> None:
        layer = self._layers.get(section.kind)
        if layer is None:
            raise section.refusal("this kind of layer is not known")
        before = self._values[-1] if self._values else self._input
        self._values.append(layer(section, before, f"{section.kind}_{len(self._values)}"))

    def finish(self) -> Conversion:
        self._reader.finish()
        if not self._heads or len(self._classes) != 1:
            raise self._net.refusal("the network needs [yolo] sections that agree on the number of classes")
        model = ModelProto(ir_version=IR_VERSION, producer_name="streetproof", producer_version=CONVERTER)
        model.opset_import.add(domain="", version=OPSET)
        model.graph.CopyFrom(self._graph)
        return Conversion(
            model.SerializeToString(deterministic=True),
            (self._input.width, self._input.height),
            self._classes.pop(),
            tuple(self._heads),
        )

    def _convolutional(self, section: Section, x: _Value, name: str) -> _Value:
        _only(section, {"groups": "1", "dilation": "1"})
        filters = section.whole("filters", 1, 1, MOST_CHANNELS)
        size = section.whole("size", 1, 1, 15)
        stride = section.whole("stride", 1, 1, 8)
        pad = size // 2 if section.whole("pad", 0, 0, 1) else section.whole("padding", 0, 0, 7)
        bias = self._reader.take(filters, name)
        scale = np.ones(filters)
        if section.whole("batch_normalize", 0, 0, 1):
            gamma, mean, variance = (self._reader.take(filters, name) for _ in range(3))
            if (variance < 0).any():
                raise section.refusal("a variance is negative: these are not the weights of this layer")
            scale = gamma / np.sqrt(variance + EPSILON)
            bias = bias - mean * scale
        kernel = self._reader.take(filters * x.channels * size * size, name).reshape(filters, x.channels, size, size)
        y = _Value(name, filters, _steps(x.height, size, stride, 2 * pad), _steps(x.width, size, stride, 2 * pad))
        inputs = [
            x.name,
            self._constant(f"{name}.weight", kernel * scale[:, None, None, None]),
            self._constant(f"{name}.bias", bias),
        ]
        activation = section.options.get("activation", "logistic")
        if activation not in ("leaky", "linear"):
            raise section.refusal(f"activation {activation[:20]!r} is not known")
        raw = f"{name}.sum" if activation == "leaky" else name
        self._node(
            "Conv", inputs, raw, kernel_shape=[size, size], pads=[pad] * 4, strides=[stride, stride], dilations=[1, 1]
        )
        if activation == "leaky":
            self._node("LeakyRelu", [raw], name, alpha=LEAK)
        return self._checked(section, y)

    def _maxpool(self, section: Section, x: _Value, name: str) -> _Value:
        stride = section.whole("stride", 1, 1, 8)
        size = section.whole("size", stride, 1, 15)
        # Darknet pads by size - 1 in all, the smaller half first, with values that never win: ONNX's MaxPool does too.
        padding = section.whole("padding", size - 1, 0, 14)
        first, last = padding // 2, padding - padding // 2
        self._node(
            "MaxPool",
            [x.name],
            name,
            kernel_shape=[size, size],
            pads=[first, first, last, last],
            strides=[stride, stride],
        )
        height, width = _steps(x.height, size, stride, padding), _steps(x.width, size, stride, padding)
        return self._checked(section, _Value(name, x.channels, height, width))

    def _upsample(self, section: Section, x: _Value, name: str) -> _Value:
        _only(section, {"scale": "1"})
        stride = section.whole("stride", 2, 1, 8)
        factor = self._constant(f"{name}.scale", np.array([1, 1, stride, stride], np.float64))
        self._node(
            "Resize",
            [x.name, "", factor],
            name,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return self._checked(section, _Value(name, x.channels, x.height * stride, x.width * stride))

    def _route(self, section: Section, _: _Value, name: str) -> _Value:
        _only(section, {"groups": "1"})
        here = len(self._values)
        places = [p if p >= 0 else here + p for p in section.wholes("layers", -here, here - 1)]
        if not places or any(not 0 <= p < here for p in places):
            raise section.refusal("option 'layers' must name earlier layers")
        values = [self._values[p] for p in places]
        if len({(v.height, v.width) for v in values}) != 1:
            raise section.refusal("the joined layers differ in size")
        if len(values) == 1:
            return values[0]
        self._node("Concat", [v.name for v in values], name, axis=1)
        return self._checked(section, _Value(name, sum(v.channels for v in values), values[0].height, values[0].width))

    def _yolo(self, section: Section, x: _Value, _: str) -> _Value:
        classes = section.whole("classes", 20, 1, 10000)
        flat = section.wholes("anchors", 1, MOST_SIDE)
        mask = section.wholes("mask", 0, 99)
        pairs = list(zip(flat[::2], flat[1::2], strict=False))
        if len(flat) % 2 or not mask or max(mask) >= len(pairs):
            raise section.refusal("'mask' and 'anchors' do not fit each other")
        stride = self._input.width // x.width
        if x.channels != len(mask) * (5 + classes) or (x.width * stride, x.height * stride) != (
            self._input.width,
            self._input.height,
        ):
            raise section.refusal(f"{x.channels} channels do not hold {len(mask)} anchors of 5 + {classes} numbers")
        output = f"head_{stride}"
        if any(o.name == output for o in self._graph.output):
            raise section.refusal(f"there are two heads of stride {stride}")
        self._node("Identity", [x.name], output)
        self._graph.output.append(_described(_Value(output, x.channels, x.height, x.width)))
        self._heads.append(Head(stride, tuple((float(pairs[m][0]), float(pairs[m][1])) for m in mask)))
        self._classes.add(classes)
        return x

    def _checked(self, section: Section, y: _Value) -> _Value:
        if not (0 < y.channels <= MOST_CHANNELS and 0 < y.height <= MOST_SIDE and 0 < y.width <= MOST_SIDE):
            raise section.refusal(f"its output would be {y.channels} x {y.height} x {y.width}")
        return y

    def _constant(self, name: str, numbers: npt.NDArray[np.float64]) -> str:
        # By hand rather than through onnx.helper: what its helpers write has changed between versions.
        self._graph.initializer.add(
            name=name, data_type=TensorProto.FLOAT, dims=numbers.shape, raw_data=numbers.astype("<f4").tobytes()
        )
        return name

    def _node(self, op: str, inputs: Sequence[str], output: str, **attributes: int | float | str | list[int]) -> None:
        node = NodeProto(op_type=op, name=output, input=inputs, output=[output])
        for key, value in sorted(attributes.items()):
            node.attribute.append(_attribute(key, value))
        self._graph.node.append(node)


def _steps(side: int, size: int, stride: int, padding: int) -> int:
    return (side + padding - size) // stride + 1


def _only(section: Section, allowed: dict[str, str]) -> None:
    for key, value in allowed.items():
        if section.options.get(key, value) != value:
            raise section.refusal(f"option {key!r} other than {value} is not known")


def _described(value: _Value) -> ValueInfoProto:
    info = ValueInfoProto(name=value.name)
    info.type.tensor_type.elem_type = TensorProto.FLOAT
    info.type.tensor_type.shape.dim.add(dim_param="n")
    for side in (value.channels, value.height, value.width):
        info.type.tensor_type.shape.dim.add(dim_value=side)
    return info


def _attribute(key: str, value: int | float | str | list[int]) -> AttributeProto:
    match value:
        case int():
            return AttributeProto(name=key, type=AttributeProto.INT, i=value)
        case float():
            return AttributeProto(name=key, type=AttributeProto.FLOAT, f=value)
        case str():
            return AttributeProto(name=key, type=AttributeProto.STRING, s=value.encode())
        case list():
            return AttributeProto(name=key, type=AttributeProto.INTS, ints=value)
