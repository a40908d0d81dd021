"""What is in one picture, and which part of it has to be painted over for each thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evidence_export.masking.areas import (
    FACE_AROUND,
    around,
    box_of,
    head_of,
    iou,
    larger,
    overlap,
    plate_band_of,
    rider_of,
    size_of,
)
from evidence_export.masking.interface import Box, Counts, Thing
from evidence_export.masking.looking import FACE, PERSON, TWO_WHEELERS, VEHICLES, Found, Looker
from evidence_export.masking.own import Own
from models.interface import Image

PLATE, MOVING = "plate", "moving"
SAME = 0.6
"""Boxes of one kind that overlap so much are one thing, found twice."""
HIDDEN = 0.2
"""A person whose box lies under other boxes by this share may show a head anywhere in it."""
ON_OWN_SCORE = 0.25
"""A person before the own vehicle has to be found once with this score: what is weaker, and never seen elsewhere, is a
window or a mirror, and would hide the vehicle for good."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a frame found. `own`: boxes that are the case's own vehicle, in pixels."""

    people: tuple[Thing, ...] = ()
    faces: tuple[Thing, ...] = ()
    vehicles: tuple[Thing, ...] = ()
    """All of them; which is the own one is told when its way is known, see `evidence_export.masking.plan`."""
    plates: tuple[Thing, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing was found at all."""
        return not (self.people or self.faces or self.vehicles or self.plates)

    def counts(self) -> Counts:
        """As those of a file of one frame; vehicles are not counted yet."""
        return Counts(people=len(self.people), faces=len(self.faces), plates=len(self.plates))


def look_at(image: Image, looker: Looker, own: Own, *, at_ns: int, small_px: int, closely: bool) -> Look:
    """Everything in a picture (H x W x 3 BGR uint8). `closely`: plates are looked for on each vehicle once more.

    Raises InferenceError.
    """
    size = image.shape[1], image.shape[0]
    found = looker.objects(image)
    vehicles = _once([one for one in found if one.name in VEHICLES | TWO_WHEELERS])
    people = _once([one for one in found if one.name == PERSON])
    boxes = [one.box for one in (*people, *vehicles)]
    standing = own.stands(at_ns)
    others = [one.box for one in vehicles if not (standing and own.is_at(one.box, size, one.name))]
    plates = [box_of(corners) for corners in looker.plates(image, others if closely else ())]
    return Look(
        people=tuple(_person(one, boxes, small_px) for one in people),
        faces=tuple(Thing(FACE, box, larger(box, FACE_AROUND)) for box in looker.faces(image)),
        vehicles=tuple(_vehicle(one, small_px) for one in vehicles),
        plates=tuple(Thing.whole(PLATE, box) for box in plates if not (standing and _is_own(box, own, size))),
    )


def riders(things: Sequence[Thing], people: Sequence[Thing]) -> list[Thing]:
    """Motorcycles and bicycles that move, with the place of a rider where no person was found on them."""
    return [
        one if any(overlap(one.box, other.box) > 0 for other in people) else replace(one, area=rider_of(one.box))
        for one in things
    ]


def _once(found: Sequence[Found]) -> list[Found]:
    """Each thing once, best first: what was found in several parts of a picture is drawn into one box."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (-one.score, one.box)):
        for index, other in enumerate(kept):
            if iou(one.box, other.box) >= SAME:
                kept[index] = replace(other, box=around((one.box, other.box)))
                break
        else:
            kept.append(one)
    return kept


def _person(one: Found, boxes: Sequence[Box], small_px: int) -> Thing:
    hidden = sum(overlap(one.box, other) for other in boxes if other is not one.box)
    if one.box[3] - one.box[1] < small_px or hidden >= HIDDEN * size_of(one.box):
        return Thing(PERSON, one.box, larger(one.box, 0.1), one.score)
    return Thing(PERSON, one.box, head_of(one.box), one.score)


def _vehicle(one: Found, small_px: int) -> Thing:
    if one.name == "bicycle":
        return Thing(one.name, one.box, one.box, one.score)
    if one.box[2] - one.box[0] < 2 * small_px or one.name in TWO_WHEELERS:
        return Thing(one.name, one.box, larger(one.box, 0.05), one.score)
    return Thing(one.name, one.box, plate_band_of(one.box), one.score)


def _is_own(plate: Box, own: Own, size: tuple[int, int]) -> bool:
    """Whether a plate is the case's: at the place where that was read, or, where none was, on the vehicle's box."""
    known, place = own.plate_in(size), own.place(size)
    where = known if known is not None else place
    return where is not None and overlap(plate, where) >= 0.5 * size_of(plate)
