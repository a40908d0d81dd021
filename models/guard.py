"""Looking at an ONNX file before any runtime sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from models.errors import ModelMissingError, ModelRefusedError

MOST_BYTES = 1024**3
# The standard operators, and ONNX Runtime's own that quantisers write. Anything else would need a plug-in library.
KNOWN_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})
DEEPEST = 16


def read_model(path: Path) -> tuple[bytes, str]:
    """The whole file and its SHA-256 as hex: what is checked is what is run. Raises ModelMissing/RefusedError."""
    try:
        if not path.is_file():
            raise ModelMissingError("there is no such file", where=str(path))
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelMissingError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MOST_BYTES:
        raise ModelRefusedError(f"is larger than {MOST_BYTES} bytes", where=str(path))
    return data, hashlib.sha256(data).hexdigest()


def inspect(data: bytes, *, where: str) -> None:
    """Refuse what is no self-contained ONNX model of known operators. Raises ModelRefusedError."""
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError) as error:
        raise _refusal("this is no ONNX file, or it is truncated", where) from error
    if not model.graph.node or not model.graph.output:
        raise _refusal("this is no ONNX file, or it is truncated: it holds no graph", where)
    # Functions that come with the model are built from operators, which are looked at as well.
    known = KNOWN_DOMAINS | {function.domain for function in model.functions}
    nodes = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    for node in _all_nodes(nodes, where):
        if node.domain not in known:
            raise _refusal(f"it uses the operator {node.domain}::{node.op_type}, which is not a standard one", where)
    for tensor in _tensors(model.graph, nodes, where):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise _refusal(f"its weights {tensor.name[:60]!r} lie in another file", where)


def _refusal(what: str, where: str) -> ModelRefusedError:
    return ModelRefusedError(
        what, where=where, remedy="Fetch the model again; your own models must be single ONNX files."
    )


def _all_nodes(nodes: list[NodeProto], where: str) -> Iterator[NodeProto]:
    yield from nodes
    for graph in _subgraphs(nodes, where, 0):
        yield from graph.node


def _tensors(graph: GraphProto, nodes: list[NodeProto], where: str) -> Iterator[TensorProto]:
    graphs = [graph, *_subgraphs(nodes, where, 0)]
    for each in graphs:
        yield from each.initializer
        for sparse in each.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in [*nodes, *(n for g in graphs for n in g.node)]:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def _subgraphs(nodes: list[NodeProto], where: str, depth: int) -> Iterator[GraphProto]:
    if depth > DEEPEST:
        raise _refusal(f"its graphs are nested more than {DEEPEST} deep", where)
    for node in nodes:
        for attribute in node.attribute:
            for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield graph
                yield from _subgraphs(list(graph.node), where, depth + 1)
