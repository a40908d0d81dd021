"""Small Darknet networks with random weights, and what they compute, written out plainly from Darknet's sources."""

from __future__ import annotations

import struct

import numpy as np

CFG = """\
[net]
width=64
height=64
channels=3

[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
batch_normalize=1
filters=6
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=1

[convolutional]
filters=5
size=1
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=14
size=1
stride=1
pad=1
activation=linear

[yolo]
mask=1,2
anchors = 3,4, 20,30, 40,25
classes=2
num=3

[route]
layers=-3

[upsample]
stride=2

[route]
layers=-1,4

[convolutional]
filters=7
size=1
stride=1
pad=1
activation=linear

[yolo]
mask=0
anchors=3,4, 20,30, 40,25
classes=2
num=3
"""


class Writer:
    """Draws random weights layer by layer, in the order in which Darknet stores them."""

    def __init__(self, seed: int = 7) -> None:
        self.random = np.random.default_rng(seed)
        self.numbers: list[np.ndarray] = []

    def draw(self, *shape: int, low: float = -0.5, high: float = 0.5) -> np.ndarray:
        numbers = self.random.uniform(low, high, shape).astype("<f4")
        self.numbers.append(numbers.ravel())
        return numbers.astype(np.float64)

    def file(self) -> bytes:
        return struct.pack("<iiiq", 0, 2, 0, 0) + b"".join(n.tobytes() for n in self.numbers)


def network(seed: int = 7):
    """The weights file for CFG, and a function image [3, 64, 64] -> the two heads (stride 32, stride 16)."""
    w = Writer(seed)
    c0 = conv_weights(w, 3, 4, 3, norm=True)
    c2 = conv_weights(w, 4, 6, 3, norm=True)
    c4 = conv_weights(w, 6, 5, 1)
    c6 = conv_weights(w, 5, 14, 1)
    c11 = conv_weights(w, 10, 7, 1)

    def forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = leaky(conv(x, *c0, stride=2))
        x = pool(x, 2, 2)
        x = leaky(conv(x, *c2, stride=2))
        x = pool(x, 2, 1)
        four = leaky(conv(x, *c4, stride=2))
        five = pool(four, 2, 2)
        head32 = conv(five, *c6, stride=1)
        up = five.repeat(2, axis=1).repeat(2, axis=2)
        head16 = conv(np.concatenate((up, four)), *c11, stride=1)
        return head32, head16

    return w.file(), forward


def conv_weights(w: Writer, channels: int, filters: int, size: int, norm: bool = False):
    bias = w.draw(filters)
    scale, mean, variance = np.ones(filters), np.zeros(filters), np.ones(filters) - 1e-5
    if norm:
        scale, mean = w.draw(filters, low=0.5, high=2), w.draw(filters)
        variance = w.draw(filters, low=0.1, high=2)
    return w.draw(filters, channels, size, size), bias, scale, mean, variance


def conv(x, kernel, bias, scale, mean, variance, *, stride):
    filters, _, size, _ = kernel.shape
    pad = size // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    rows = (x.shape[1] + 2 * pad - size) // stride + 1
    columns = (x.shape[2] + 2 * pad - size) // stride + 1
    out = np.empty((filters, rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = padded[:, row * stride : row * stride + size, column * stride : column * stride + size]
            out[:, row, column] = (kernel * window).sum(axis=(1, 2, 3))
    normal = (out - mean[:, None, None]) / np.sqrt(variance[:, None, None] + 1e-5)
    return normal * scale[:, None, None] + bias[:, None, None]


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def pool(x, size, stride):
    """maxpool_layer.c: padding = size - 1 in all, offset = -padding / 2 in C, what lies outside is -FLT_MAX."""
    padding = size - 1
    rows = (x.shape[1] + padding - size) // stride + 1
    columns = (x.shape[2] + padding - size) // stride + 1
    out = np.full((x.shape[0], rows, columns), -np.inf)
    for row in range(rows):
        for column in range(columns):
            for n in range(size):
                for m in range(size):
                    y, z = -(padding // 2) + row * stride + n, -(padding // 2) + column * stride + m
                    if 0 <= y < x.shape[1] and 0 <= z < x.shape[2]:
                        out[:, row, column] = np.maximum(out[:, row, column], x[:, y, z])
    return out
