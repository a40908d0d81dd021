"""Reads the plate while a case is sealed: close-ups for the bundle, and the statement about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from evidence_export.bag import layout
from evidence_export.bag.canonical import JsonObject
from evidence_export.case import CaseRequest, PlateRules
from evidence_export.footage import Footage
from evidence_export.made import Made, Place
from evidence_export.plates.looks import PlateEyes, looks_of
from evidence_export.plates.reading import FoundPlate, most_looks, read_plates
from evidence_export.plates.statement import CloseUp, PlateFiles, plate_statement
from streams.interface import Image

Keep = Callable[[str, Image, str, str], None]
"""Takes a close-up: its path in the bundle, H x W x 3 BGR uint8, its parent, and how it was made from that."""


def make_plates(
    request: CaseRequest,
    rules: PlateRules,
    eyes: PlateEyes,
    footage: Sequence[Footage],
    made: Made,
    places: Mapping[int, Place],
    keep: Keep,
) -> JsonObject:
    """`plate` of the manifest. A close-up's parent is the still of the same frame, else the recording.

    Raises StreamsError and InferenceError.
    """
    looks = list(looks_of(request, footage, places, eyes.vehicles, most_looks(rules)))
    stills = {(one.place.recording, one.place.pts): one.path for one in made.panoramas}
    found = read_plates(looks, eyes.reader, rules, stills)
    close_ups = []
    for number, plate in enumerate([one for one in (found.plate, *found.others) if one is not None], start=1):
        path = f"{layout.PLATES}plate-{number}.png"
        picture, _ = plate.close_up()
        keep(path, picture, _parent(plate, made, stills), _transform(plate))
        close_ups.append(CloseUp(plate, path))
    return plate_statement(PlateFiles(found, tuple(close_ups)), request.camera.id, stills)


def _parent(plate: FoundPlate, made: Made, stills: Mapping[tuple[int, int], str]) -> str:
    recording = f"recording:{made.sources[plate.look.recording].digests.sha256}"
    return stills.get((plate.look.recording, plate.look.pts), recording)


def _transform(plate: FoundPlate) -> str:
    _, (x, y, width, height) = plate.close_up()
    return (
        f"{width}x{height} pixels from ({x}, {y}) of the frame with pts {plate.look.pts}, decoded, as 8-bit RGB PNG, "
        "not scaled"
    )
