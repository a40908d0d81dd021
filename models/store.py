"""The folder in which models live on this machine, and loading a detector out of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from models.backends.interface import Session
from models.backends.registry import BackendName, backend
from models.catalog import Catalog, ModelEntry, Name, explain, load_catalog, resolve_classes
from models.detector import Thresholds, YoloDetector
from models.errors import CatalogError, ModelMissingError, ModelRefusedError
from models.guard import inspect, read_model
from models.interface import ModelInfo
from models.layouts.center_face import at_size
from models.spec import LayoutName, ModelSpec, Sha256
from models.strict_yaml import read_yaml

VARIABLE = "STREETPROOF_MODELS"
OPENVINO = ".xml"
SUFFIXES = (".onnx", OPENVINO)
"""Of files that can be named where a model is asked for."""


class Sidecar(ModelSpec):
    """What a file `model.yaml` beside `model.onnx` says of a model that the catalog does not know."""

    name: Name
    licence: str
    sha256: Sha256 | None = None
    """Where given, the file must have it."""


@dataclass(frozen=True, slots=True)
class ModelStore:
    """A folder of models."""

    folder: Path

    @classmethod
    def default(cls) -> ModelStore:
        """The folder named by STREETPROOF_MODELS, or else ~/.local/share/streetproof/models."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named) if named else Path.home() / ".local/share/streetproof/models")

    def path(self, entry: ModelEntry) -> Path:
        """Where the file of `entry` lies, or would lie. Its hash is in the name: two versions do not fight."""
        return self.folder / (f"{entry.name}-{entry.sha256[:12]}.onnx" if entry.sha256 else f"{entry.name}.onnx")


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A file on this machine, and what is known of it."""

    path: Path
    data: bytes
    """The graph: ONNX, or the XML of an OpenVINO model."""
    info: ModelInfo
    spec: ModelSpec
    weights: bytes | None = None
    """The .bin beside an OpenVINO model's .xml; None for ONNX, which holds its own."""


def load_detector(
    name_or_path: str | Path,
    *,
    store: ModelStore | None = None,
    catalog: Catalog | None = None,
    min_score: float = 0.1,
    iou: float = 0.45,
    max_detections: int = 300,
    threads: int = 1,
    backend_name: BackendName = BackendName.ONNXRUNTIME,
) -> YoloDetector:
    """A ready detector from a name in the catalog, or from the path of an ONNX file or of an OpenVINO model's .xml.

    An .xml is run by OpenVINO, whatever `backend_name` says. A file is recognised by its SHA-256. One that the catalog
    does not know needs a sidecar file beside it (`model.yaml` for `model.onnx`, see docs/models.md). Raises
    ModelMissingError where nothing is there, and ModelRefusedError for a file that is tampered with, truncated, or not
    what it is said to be.
    """
    thresholds = Thresholds(min_score, iou, max_detections)
    found = locate(name_or_path, store=store, catalog=catalog)
    return open_detector(found, thresholds=thresholds, threads=threads, backend_name=backend_name)


def open_detector(
    found: LocatedModel,
    *,
    thresholds: Thresholds | None = None,
    threads: int = 1,
    backend_name: BackendName = BackendName.ONNXRUNTIME,
) -> YoloDetector:
    """A detector over a located model. Raises ModelRefusedError."""
    where = str(found.path)
    if found.spec.layout.for_plates:
        raise ModelRefusedError(
            f"{found.info.name} reads number plates; it finds no vehicles or people",
            where=where,
            remedy="Name a detection model here; plates are read with: streetproof plates read",
        )
    session = open_session(found, threads=threads, backend_name=backend_name)
    return YoloDetector(
        found.info, session, found.spec.make_letterbox(), found.spec.make_layout(), thresholds or Thresholds()
    )


def open_session(
    found: LocatedModel, *, threads: int = 1, backend_name: BackendName = BackendName.ONNXRUNTIME
) -> Session:
    """The graph of a located model, loaded. Raises ModelRefusedError, ModelMissingError where an extra is missing."""
    where = str(found.path)
    if found.weights is not None:
        from models.backends.openvino import OpenVinoBackend

        return OpenVinoBackend().open(found.data, threads=threads, where=where, weights=found.weights)
    inspect(found.data, where=where)
    graph = found.data
    if found.spec.layout is LayoutName.CENTER_FACE:
        graph = at_size(graph, found.spec.input_size, where=where)
    return backend(backend_name).open(graph, threads=threads, where=where)


def locate(
    name_or_path: str | Path, *, store: ModelStore | None = None, catalog: Catalog | None = None
) -> LocatedModel:
    """The file, read and hashed, with what the catalog or its sidecar says of it. Raises as `load_detector`."""
    catalog = catalog or load_catalog()
    if isinstance(name_or_path, str) and name_or_path in catalog.models:
        return _locate_entry(catalog.models[name_or_path], store or ModelStore.default(), catalog)
    path = Path(name_or_path)
    if path.suffix == ".pt":
        raise ModelRefusedError(
            "PyTorch weights are a program, not data, and are not run as they are",
            where=str(path),
            remedy="Export weights that you trust to ONNX first: docs/models.md says how.",
        )
    if path.suffix not in SUFFIXES:
        catalog.entry(str(name_or_path))
    return _locate_file(path, catalog)


def _locate_entry(entry: ModelEntry, store: ModelStore, catalog: Catalog) -> LocatedModel:
    path = store.path(entry)
    if not path.is_file():
        raise ModelMissingError(
            f"the model {entry.name} is not on this machine yet",
            where=str(path),
            remedy=f"Fetch it with: streetproof models pull {entry.name}",
        )
    if entry.sha256 is None:
        return _locate_file(path, catalog)
    data, sha256 = read_model(path)
    if sha256 != entry.sha256:
        raise ModelRefusedError(
            f"the file is not {entry.name}: SHA-256 {sha256}, the catalog says {entry.sha256}",
            where=str(path),
            remedy=f"It was changed or cut short. Fetch it again with: streetproof models pull {entry.name}",
        )
    return LocatedModel(path, data, model_info(entry.name, entry.licence, entry, sha256), entry)


def _locate_file(path: Path, catalog: Catalog) -> LocatedModel:
    data, sha256 = read_model(path)
    weights = None
    if path.suffix == OPENVINO:
        # One model in two files, so one hash over both: what `cat model.xml model.bin | sha256sum` gives.
        weights, _ = read_model(path.with_suffix(".bin"))
        sha256 = hashlib.sha256(data + weights).hexdigest()
    entry = catalog.by_hash(sha256)
    if entry is not None:
        return LocatedModel(path, data, model_info(entry.name, entry.licence, entry, sha256), entry)
    beside = path.with_suffix(".yaml")
    if not beside.is_file():
        raise ModelRefusedError(
            f"the catalog does not know this file (SHA-256 {sha256}), and nothing says what its numbers mean",
            where=str(path),
            remedy=f"If it is your own, write {beside.name} beside it: docs/models.md says how. If it should be one of "
            "the catalog's, it was changed or cut short: fetch it again.",
        )
    sidecar = read_sidecar(beside, catalog)
    if sidecar.sha256 not in (None, sha256):
        raise ModelRefusedError(
            f"SHA-256 {sha256}, but {beside.name} says {sidecar.sha256}",
            where=str(path),
            remedy="The file was changed since it was described. Fetch or export it again.",
        )
    return LocatedModel(path, data, model_info(sidecar.name, sidecar.licence, sidecar, sha256), sidecar, weights)


def read_sidecar(path: Path, catalog: Catalog) -> Sidecar:
    """The description beside a model. Raises CatalogError."""
    fields = read_yaml(path)
    if not isinstance(fields, dict):
        raise CatalogError("holds no fields", where=str(path), remedy="docs/models.md describes them.")
    try:
        return Sidecar.model_validate(resolve_classes(fields, catalog.class_lists, str(path)))
    except ValidationError as error:
        raise CatalogError(explain(error), where=str(path), remedy="docs/models.md describes the fields.") from error


def sidecar_for(entry: ModelEntry, sha256: str) -> bytes:
    """The description of a file that was exported for `entry` on this machine."""
    return describe(entry.name, entry.licence, entry, sha256)


def describe(name: str, licence: str, spec: ModelSpec, sha256: str) -> bytes:
    """The sidecar file (YAML) of a model."""
    fields = {"name": name, "licence": licence, "sha256": sha256} | spec.model_dump(
        mode="json", include=set(ModelSpec.model_fields), exclude_none=True
    )
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).encode()


def model_info(name: str, licence: str, spec: ModelSpec, sha256: str) -> ModelInfo:
    """What detections of this file carry."""
    return ModelInfo(name, sha256, licence, spec.layout.value, spec.classes, spec.input_size)
