"""ONNX Runtime on the CPU: the default backend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # type: ignore[import-untyped]

from models.backends.interface import GraphSignature, Tensor
from models.errors import InferenceError, ModelRefusedError

# The binding's exceptions have no common root below Exception.
_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotFound,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
    ValueError,
)


class OnnxRuntimeSession:
    """A graph loaded by ONNX Runtime."""

    def __init__(self, graph: bytes, threads: int, where: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        # Warnings about a graph's style are not for operators; errors arrive as exceptions.
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except _REFUSALS as error:
            raise ModelRefusedError(
                f"ONNX Runtime cannot load this graph ({_first_line(error)})",
                where=where,
                remedy="Fetch the model again; if it is your own, export it for ONNX Runtime's CPU provider.",
            ) from error
        self._where = where
        self._signature = GraphSignature(
            tuple(_tensor(t) for t in self._session.get_inputs()),
            tuple(_tensor(t) for t in self._session.get_outputs()),
        )

    @property
    def signature(self) -> GraphSignature:
        return self._signature

    def run(self, batch: npt.NDArray[np.float32]) -> Sequence[npt.NDArray[np.float32]]:
        try:
            outputs = self._session.run(None, {self._signature.inputs[0].name: batch})
        except _REFUSALS as error:
            raise InferenceError(
                f"the model failed on a batch of {len(batch)} ({_first_line(error)})", where=self._where
            ) from error
        return [np.asarray(output, np.float32) for output in outputs]


class OnnxRuntimeBackend:
    """Opens graphs with ONNX Runtime."""

    def open(self, graph: bytes, *, threads: int, where: str) -> OnnxRuntimeSession:
        return OnnxRuntimeSession(graph, threads, where)


def _tensor(node: onnxruntime.NodeArg) -> Tensor:
    return Tensor(node.name, tuple(d if isinstance(d, int) and d > 0 else None for d in node.shape or ()), node.type)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
