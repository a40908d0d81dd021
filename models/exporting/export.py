"""One model into another form: made, held against the original, and only then written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from models.backends.ultralytics import export_weights
from models.catalog import Catalog, ModelEntry, explain, load_catalog
from models.checks import check_content
from models.dataset.pictures import Pictures, load
from models.detector import Thresholds, YoloDetector
from models.errors import ExportError, ModelRefusedError
from models.exporting import openvino
from models.exporting.compare import LIMITS, SURE, Difference, Limits, Listening, Recorded, compare
from models.fetch.interface import write_atomically
from models.interface import Image
from models.reference import reference_image
from models.spec import LayoutName, ModelSpec
from models.store import LocatedModel, ModelStore, describe, locate, model_info, open_session

ULTRALYTICS_LICENCE = "AGPL-3.0"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class ExportKind(StrEnum):
    """What to make of a model."""

    ONNX = "onnx"
    """From Ultralytics weights."""
    OPENVINO_FP32 = "openvino-fp32"
    OPENVINO_FP16 = "openvino-fp16"
    OPENVINO_INT8 = "openvino-int8"

    @property
    def limits(self) -> Limits:
        """How far it may be from its original."""
        return LIMITS[self.value]


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model that was written."""

    name: str
    path: Path
    """What to name where a model is asked for."""
    description: Path
    """The YAML beside it."""
    sha256: str
    difference: Difference
    limits: Limits
    compared_on: str
    """Which pictures, in words."""
    calibrated_on: int
    """Pictures; 0 where nothing was calibrated."""


def export(
    model: str | Path,
    kind: ExportKind,
    *,
    out: Path,
    pictures: Pictures | None = None,
    name: str | None = None,
    side: int | None = None,
    licence: str | None = None,
    store: ModelStore | None = None,
    catalog: Catalog | None = None,
) -> ExportedModel:
    """Write `model` (a name of the catalog, an .onnx, or Ultralytics weights, .pt) as `kind` into the folder `out`.

    `pictures` are needed to calibrate 8-bit numbers and to compare; without any, only the bare numbers that the
    reference picture gives are compared, which is allowed for 32-bit numbers alone. `side` is the input of a .pt in
    pixels (640). Nothing is written where the export differs from the original by more than `kind.limits`.
    Raises ExportError, DatasetError, ModelMissingError, ModelRefusedError.
    """
    catalog = catalog or load_catalog()
    if kind is not ExportKind.ONNX:
        openvino.require(str(model), quantising=kind is ExportKind.OPENVINO_INT8)
    if pictures is None and kind.limits.numbers is None:
        raise ExportError(
            f"{kind.value} has to be tried on pictures",
            where=str(model),
            remedy="Give a data set, or a folder of pictures from your cameras, with --calibration.",
        )
    images = [load(path) for path in pictures.comparing] if pictures else []
    source, made = _source(model, kind, images, side, name, licence, store, catalog)
    files: tuple[bytes, bytes | None]
    if kind is ExportKind.ONNX:
        files = (source.data, None)
    elif kind is ExportKind.OPENVINO_INT8:
        assert pictures is not None
        where, letterbox = str(source.path), source.spec.make_letterbox()
        files = openvino.quantise(source.data, pictures.calibrating, letterbox, where=where)
    else:
        half = kind is ExportKind.OPENVINO_FP16
        files = openvino.convert(source.data, half=half, where=str(source.path))
    chosen = check_name(
        name or (source.info.name if made is not None else f"{source.info.name}{_ENDING[kind]}"), catalog
    )
    target = _located(out / f"{chosen}{'.onnx' if files[1] is None else '.xml'}", chosen, source, files)
    difference = _difference(source, target, kind.limits, images, made)
    _judge(difference, kind, target, pictures)
    compared_on = f"{len(images)} picture{'s' * (len(images) != 1)}" if images else "the reference picture"
    calibrated = len(pictures.calibrating) if pictures and kind is ExportKind.OPENVINO_INT8 else 0
    written = ExportedModel(
        chosen,
        target.path,
        target.path.with_suffix(".yaml"),
        target.info.sha256,
        difference,
        kind.limits,
        compared_on,
        calibrated,
    )
    _write(target, written, source, kind, pictures)
    return written


_ENDING = {
    ExportKind.ONNX: "",
    ExportKind.OPENVINO_FP32: "-fp32",
    ExportKind.OPENVINO_FP16: "-fp16",
    ExportKind.OPENVINO_INT8: "-int8",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What weights themselves gave for each picture."""

    outputs: npt.NDArray[np.float32]


def _source(
    model: str | Path,
    kind: ExportKind,
    images: Sequence[Image],
    side: int | None,
    name: str | None,
    licence: str | None,
    store: ModelStore | None,
    catalog: Catalog,
) -> tuple[LocatedModel, _Made | None]:
    """The original as ONNX; and of weights, what these give themselves."""
    path = Path(model)
    if path.suffix == ".pt":
        return from_weights(path, side or 640, images, name or usable_name(path.stem), licence or ULTRALYTICS_LICENCE)
    if side is not None:
        raise ExportError(
            "only weights (.pt) can be given another input", where=str(model), remedy="Leave --imgsz out."
        )
    found = locate(model, store=store, catalog=catalog)
    if found.weights is not None or kind is ExportKind.ONNX:
        raise ExportError(
            f"this is {'ONNX' if found.weights is None else 'an OpenVINO model'} already",
            where=str(model),
            remedy="Name the .onnx or the .pt that it came from, and the format to make of it.",
        )
    if isinstance(found.spec, ModelEntry) and found.spec.weak:
        raise ExportError(
            f"the catalog warns of {found.info.name}, and cases made with an export of it would no longer say so",
            where=str(model),
            remedy="Export the model that you enforce with.",
        )
    return found, None


def from_weights(
    weights: Path, side: int, images: Sequence[Image], name: str, licence: str
) -> tuple[LocatedModel, _Made]:
    """Weights as ONNX in memory, and what they give for the pictures (or the reference picture where there are none).

    Raises ModelMissingError, ModelRefusedError.
    """
    try:
        box = ModelSpec(layout=LayoutName.YOLOV8, input_size=(side, side), classes=("unknown",)).make_letterbox()
        inputs = np.empty((max(1, len(images)), 3, side, side), np.float32)
        for out, image in zip(inputs, images or [reference_image((side, side))], strict=True):
            box.fill(image, box.place((image.shape[1], image.shape[0])), out)
        made = export_weights(weights, input_size=(side, side), inputs=inputs)
        spec = ModelSpec(layout=LayoutName.YOLOV8, input_size=(side, side), classes=made.classes)
    except ValidationError as error:
        raise ModelRefusedError(explain(error), where=str(weights), remedy="--imgsz is a multiple of 32.") from error
    assert made.outputs is not None
    info = model_info(name, licence, spec, hashlib.sha256(made.onnx).hexdigest())
    return LocatedModel(weights, made.onnx, info, spec), _Made(made.outputs)


def check_weights(weights: Path, side: int) -> None:
    """See that weights are those of a detector that can be exported with an input of `side` pixels.

    Raises ModelRefusedError, ModelMissingError.
    """
    made, _ = from_weights(weights, side, [], usable_name(weights.stem), ULTRALYTICS_LICENCE)
    YoloDetector(made.info, open_session(made), made.spec.make_letterbox(), made.spec.make_layout(), Thresholds())


def _located(path: Path, name: str, source: LocatedModel, files: tuple[bytes, bytes | None]) -> LocatedModel:
    graph, weights = files
    sha256 = hashlib.sha256(graph + (weights or b"")).hexdigest()
    # Of an entry of the catalog only what describes its numbers: its reference is that of the original.
    spec = ModelSpec.model_validate(source.spec.model_dump(include=set(ModelSpec.model_fields)))
    return LocatedModel(path, graph, model_info(name, source.info.licence, spec, sha256), spec, weights)


def _difference(
    source: LocatedModel, target: LocatedModel, limits: Limits, images: Sequence[Image], made: _Made | None
) -> Difference:
    new = Listening(open_session(target))
    old = Listening(Recorded(new.signature, made.outputs) if made else open_session(source))
    thresholds = Thresholds(min_score=max(0.01, SURE - limits.score_max))
    box, layout = source.spec.make_letterbox(), source.spec.make_layout()
    detectors = [YoloDetector(source.info, session, box, layout, thresholds) for session in (old, new)]
    width, height = source.spec.input_size
    return compare(detectors[0], detectors[1], images or [reference_image((width, height))], limits, (old, new))


def _judge(difference: Difference, kind: ExportKind, target: LocatedModel, pictures: Pictures | None) -> None:
    """Raises ExportError for an export that differs too much, or that nothing can be said of."""
    faults = difference.faults(kind.limits)
    if faults:
        raise ExportError(
            f"the export does not find what the original finds: {'; '.join(faults)}. Nothing was written",
            where=target.info.name,
            remedy="Calibrate with more pictures from the cameras it is for, or take a format with more bits.",
        )
    if kind.limits.numbers is None and not difference.boxes:
        raise ExportError(
            f"the original finds nothing at score {SURE} in the {len(pictures.comparing) if pictures else 0} pictures "
            "compared, so nothing can be said of the export. Nothing was written",
            where=target.info.name,
            remedy="Give pictures with objects in them; a model that finds nothing there needs more training.",
        )
    steps = check_content(target)
    if not steps[-1].ok:
        raise ExportError(f"it fails the step {steps[-1].name!r}: {steps[-1].detail}", where=target.info.name)


def _write(
    target: LocatedModel, written: ExportedModel, source: LocatedModel, kind: ExportKind, pictures: Pictures | None
) -> None:
    record = {
        "format": "streetproof-export",
        "version": 1,
        "name": written.name,
        "kind": kind.value,
        "sha256": written.sha256,
        "licence": target.info.licence,
        "from": {"name": source.info.name, "sha256": source.info.sha256},
        "calibration": {
            "pictures": written.calibrated_on,
            "dataset_sha256": pictures.dataset_sha256 if pictures and written.calibrated_on else None,
        },
        "compared_on": written.compared_on,
        "difference": written.difference.record(written.limits),
    }
    folder = target.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.weights is not None:
            write_atomically(target.path.with_suffix(".bin"), target.weights)
        write_atomically(target.path, target.data)
        sidecar = describe(written.name, target.info.licence, target.spec, written.sha256)
        write_atomically(written.description, sidecar)
        write_atomically(target.path.with_suffix(".export.json"), json_bytes(record))
    except OSError as error:
        raise ExportError(f"cannot be written ({error.strerror})", where=str(folder)) from error


def json_bytes(record: object) -> bytes:
    """A record as JSON for people and programs."""
    return (json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def check_name(name: str, catalog: Catalog) -> str:
    """`name`, where a model of one's own may be called so. Raises ExportError."""
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"{name!r} is no name for a model",
            remedy="Give one with --name: small letters, digits, dots, dashes, at most 64; evidence will call it that.",
        )
    if name in catalog.models or name in catalog.sets:
        raise ExportError(
            f"{name!r} is a name of the catalog", remedy="Give another with --name: in evidence a name means one thing."
        )
    return name


def usable_name(stem: str) -> str:
    """A name out of a file's: what may not stand in one becomes a dash."""
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:64] or "model"
