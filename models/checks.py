"""Looking a model over, step by step: what `models check` shows, and what every pull ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.backends.interface import Session
from models.backends.registry import BackendName, backend
from models.catalog import Catalog, ModelEntry
from models.errors import ModelsError
from models.guard import inspect
from models.plates import checks as plates
from models.reference import OutputSummary, differences, measure, reference_image
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
    5. detection: pictures go in and valid boxes come out, alone and in a batch alike; a model of number plates has to
       find or read a drawn plate.
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
        if found.weights is None:
            inspect(found.data, where=str(found.path))
            content = f"one ONNX graph, {len(found.data)} bytes, standard operators only"
        else:
            content = f"an OpenVINO graph, {len(found.data)} + {len(found.weights)} bytes, run by OpenVINO alone"
        steps.append(CheckStep("content", True, content))
    except ModelsError as error:
        return [CheckStep("content", False, str(error))]
    if found.spec.layout.for_plates:
        return [*steps, *_plate_steps(found, backend_name)]
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


def _plate_steps(found: LocatedModel, backend_name: BackendName) -> Iterator[CheckStep]:
    """Steps 3 to 5 for a model of number plates, up to and including the first that fails."""
    where, name = found.info.name, "layout"
    try:
        session = backend(backend_name).open(found.data, threads=1, where=where)
        plates.signature(session, found.spec, where)
        yield CheckStep(name, True, f"{found.info.layout}: {session.signature}")
        name = "reference"
        step = _compared(found.spec, lambda: plates.reference(session, found.spec))
        yield step
        if not step.ok:
            return
        name = "detection"
        ok, detail = plates.reads_the_drawing(session, found.spec, where)
        yield CheckStep(name, ok, detail)
    except ModelsError as error:
        yield CheckStep(name, False, str(error))


def _reference_step(session: Session, spec: ModelSpec) -> CheckStep:
    return _compared(spec, lambda: measure(session, spec.make_letterbox()))


def _compared(spec: ModelSpec, measured: Callable[[], Sequence[OutputSummary]]) -> CheckStep:
    if not isinstance(spec, ModelEntry) or spec.reference is None:
        return CheckStep("reference", True, "nothing is catalogued to compare with")
    faults = differences(spec.reference, measured())
    return CheckStep(
        "reference",
        not faults,
        "; ".join(faults) or f"within {spec.reference.tolerance:g} of the catalogued numbers",
    )
