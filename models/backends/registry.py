"""Backends by name. Those of extras are imported when they are asked for."""

from __future__ import annotations

from enum import StrEnum

from models.backends.interface import Backend


class BackendName(StrEnum):
    """The runtimes that can load an ONNX graph."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


def backend(name: BackendName) -> Backend:
    """The backend called `name`. Raises ModelMissingError where its extra is not installed."""
    match name:
        case BackendName.ONNXRUNTIME:
            from models.backends.onnxruntime import OnnxRuntimeBackend

            return OnnxRuntimeBackend()
        case BackendName.OPENVINO:
            from models.backends.openvino import OpenVinoBackend

            return OpenVinoBackend()
