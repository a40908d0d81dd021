"""Looking a model over, step by step: what `models check` shows, and what every pull ends with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.backends.interface import Session
from models.backends.registry import BackendName
from models.catalog import Catalog, ModelEntry
from models.errors import ModelsError
from models.guard import inspect
from models.reference import differences, measure, reference_image
from models.spec import ModelSpec
from models.store import LocatedModel, ModelStore, locate, open_detector


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


def check(
    name_or_path: str | Path,
    *,
    store: ModelStore | None = None,
    catalog: Catalog | None = None,
    backend_name: BackendName = BackendName.ONNXRUNTIME,
) -> list[CheckStep]:
    """The steps in order, up to and including the first that fails. Does not raise for a bad model.

    1. identity: the file is there, and it is the one that the catalog or its sidecar describes;
    2. content: it is one self-contained ONNX graph of known operators;
    3. layout: the runtime loads it, and its inputs and outputs are those described;
    4. reference: the reference picture gives the catalogued numbers (passed over where none are catalogued);
    5. detection: pictures go in and valid boxes come out, alone and in a batch alike.
    """
    try:
        found = locate(name_or_path, store=store, catalog=catalog)
    except ModelsError as error:
        return [CheckStep("identity", False, str(error))]
    identity = CheckStep("identity", True, f"{found.info.name}, SHA-256 {found.info.sha256}, {found.info.licence}")
    return [identity, *check_content(found, backend_name=backend_name)]


def check_content(found: LocatedModel, *, backend_name: BackendName = BackendName.ONNXRUNTIME) -> list[CheckStep]:
    """Steps 2 to 5 of `check` on a model whose identity is settled."""
    steps: list[CheckStep] = []
    try:
        inspect(found.data, where=str(found.path))
        steps.append(CheckStep("content", True, f"one ONNX graph, {len(found.data)} bytes, standard operators only"))
    except ModelsError as error:
        return [CheckStep("content", False, str(error))]
    try:
        detector = open_detector(found, backend_name=backend_name)
        steps.append(CheckStep("layout", True, f"{found.info.layout}: {detector.session.signature}"))
    except ModelsError as error:
        return [*steps, CheckStep("layout", False, str(error))]
    try:
        steps.append(_reference_step(detector.session, found.spec))
        if not steps[-1].ok:
            return steps
    except ModelsError as error:
        return [*steps, CheckStep("reference", False, str(error))]
    try:
        picture = reference_image((640, 480))
        alone, batch = detector.detect([picture]), detector.detect([picture, picture])
        same = all(len(alone[0]) == len(other) for other in batch)
        detail = f"{len(alone[0])} boxes" if same else "a batch gives other boxes than one picture alone"
        return [*steps, CheckStep("detection", same, detail)]
    except ModelsError as error:
        return [*steps, CheckStep("detection", False, str(error))]


def _reference_step(session: Session, spec: ModelSpec) -> CheckStep:
    if not isinstance(spec, ModelEntry) or spec.reference is None:
        return CheckStep("reference", True, "nothing is catalogued to compare with")
    faults = differences(spec.reference, measure(session, spec.make_letterbox()))
    return CheckStep(
        "reference",
        not faults,
        "; ".join(faults) or f"within {spec.reference.tolerance:g} of the catalogued numbers",
    )
