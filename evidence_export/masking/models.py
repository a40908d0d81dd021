"""Opens the models that masking uses, as far as they are on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evidence_export.masking.interface import Scope
from evidence_export.masking.looking import MIN_FACE, MIN_SCORE
from models.errors import ModelMissingError
from models.interface import Detector
from models.plates.interface import PlateReader
from models.plates.loading import load_plate_reader
from models.store import ModelStore, load_detector

FACES = "centerface"


@dataclass(frozen=True, slots=True)
class Eyes:
    """What looks."""

    detector: Detector | None
    plates: PlateReader | None
    faces: Detector | None


def open_models(detector: str | Path, store: ModelStore | None, scope: Scope) -> Eyes:
    """The detector, and what there is for plates and faces; those are left out where they were not pulled.

    Raises ModelMissingError where the detector is not there and the scope needs one, ModelRefusedError for a file that
    is no such model.
    """
    try:
        finds = load_detector(detector, store=store, min_score=MIN_SCORE)
    except ModelMissingError:
        if scope is Scope.PEOPLE_AND_PLATES:
            raise
        return Eyes(None, None, None)
    try:
        plates = load_plate_reader(store=store)
    except ModelMissingError:
        plates = None
    try:
        faces = load_detector(FACES, store=store, min_score=MIN_FACE)
    except ModelMissingError:
        faces = None
    return Eyes(finds, plates, faces)
