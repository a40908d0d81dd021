"""From what a site says of plates to what reads them. Batch and daemon share it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from evidence_export.case import CaseRequest, PlateRules
from evidence_export.plates.looks import PlateEyes
from models.errors import ModelMissingError
from models.plates.loading import load_plate_reader
from models.store import ModelStore, load_detector
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Site
from vision.boxes import relatives

_WITH_PLATES = (relatives("car") | relatives("motorcycle")) - {"bicycle"}


@dataclass(frozen=True, slots=True)
class PlateSpec:
    """Enough to load the same models in every process that seals; names of the catalog, or paths."""

    detector: str
    recogniser: str
    vehicles: str
    min_score: float
    iou: float
    store: ModelStore


def plate_spec(site: Site, store: ModelStore, request: CaseRequest) -> PlateSpec | None:
    """What the plate of a case is read with; None where the case does not ask for it."""
    if site.plates is None or request.plates is None:
        return None
    model = site.model
    return PlateSpec(site.plates.detector, site.plates.recogniser, model.name, model.min_score, model.iou, store)


def plate_rules(site: Site, cls: str) -> PlateRules | None:
    """How the sealer is to read the plate of one thing of that class; None: not at all, or it has none."""
    if site.plates is None or cls not in _WITH_PLATES:
        return None
    return PlateRules(frames=site.plates.frames, min_character=site.plates.certainty)


def check_plates(loaded: LoadedSite, store: ModelStore) -> None:
    """See whether plates can be read as the site asks. Raises ModelMissingError that says how to get the models, and
    ModelRefusedError for a file that is no such model."""
    plates = loaded.site.plates
    if plates is None:
        return
    try:
        load_plate_reader(plates.detector, plates.recogniser, store=store)
    except ModelMissingError as error:
        raise ModelMissingError(
            f"the site reads number plates, but {error.what}",
            where=f"{loaded.path}: plates",
            remedy="Fetch both models with: streetproof models pull plates; or take `plates` out of the site file",
        ) from error


@lru_cache(maxsize=1)
def eyes_of(spec: PlateSpec) -> PlateEyes:
    """The loaded models, once per process. Raises ModelsError."""
    reader = load_plate_reader(spec.detector, spec.recogniser, store=spec.store)
    vehicles = load_detector(spec.vehicles, store=spec.store, min_score=spec.min_score, iou=spec.iou)
    return PlateEyes(reader, vehicles)
