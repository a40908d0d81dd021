"""The frames of a stay in which its plate is looked for, at the full size of the recording."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence_export.case import CaseRequest
from evidence_export.errors import SealError
from evidence_export.footage import Footage
from evidence_export.made import Place
from evidence_export.plan import clip_range, later_moments, recording_at
from models.interface import Detector
from models.plates.interface import PlateReader
from streams.instant import Instant
from streams.interface import Image
from streams.timeline import ticks
from vision.boxes import iou, normalised, relatives
from vision.interface import Box, Moment
from vision.plate_places import nearer

AROUND = 0.1
"""So much of the vehicle's box is taken in around it, on each side."""
LEAST_PART = 320
"""A part has at least so many pixels each way, where the frame has them: finders enlarge smaller ones too far."""
LEAST_SCORE = 0.25
"""Below this, a box of another vehicle takes no plate away from the one that stands."""
SAME = 0.5
"""IoU of the stay's place with the box of the vehicle that stands there."""
_VEHICLES = relatives("car") | relatives("motorcycle")


@dataclass(frozen=True, slots=True)
class PlateEyes:
    """What plates are read with, and what tells where vehicles are in the same frames."""

    reader: PlateReader
    vehicles: Detector


@dataclass(frozen=True, slots=True, eq=False)
class PlateLook:
    """One frame of the recordings that shows the vehicle, cut to it."""

    recording: int
    pts: int
    at: Instant
    size: tuple[int, int]
    """Width and height of the whole frame in pixels."""
    box: Box
    """Of the vehicle."""
    in_front: tuple[Box, ...]
    """Boxes of vehicles nearer to the camera."""
    part: Image
    """The vehicle and `AROUND`, H x W x 3 BGR uint8, unscaled."""
    origin: tuple[int, int]
    """x and y of the part's first pixel in the frame."""


def looks_of(
    request: CaseRequest, footage: Sequence[Footage], places: Mapping[int, Place], vehicles: Detector, most: int
) -> Iterator[PlateLook]:
    """The frames of the moments and keyframes spread over the rest of the stay, about `most`; in order of time.

    Of the moments it is known that the vehicle was seen in them. The others count only where the detector finds it at
    its place: what stands before it must not lend it a plate. `places`: as `evidence_export.places.places_of` gives
    them. Frames come one at a time. Raises StreamsError and InferenceError.
    """
    shown = request.violation.hindrance.moment if request.violation.hindrance is not None else None
    seen = (*request.violation.moments, *later_moments(request), *([shown] if shown is not None else []))
    moments = {moment.at.utc_ns: moment for moment in seen}
    frames: dict[tuple[int, int], Moment | None] = {
        (place.recording, place.pts): moments[utc_ns] for utc_ns, place in places.items()
    }
    for between in _between(request, footage, most - len(frames)):
        frames.setdefault(between, None)
    for (recording, pts), moment in sorted(frames.items(), key=lambda item: item[0]):
        picture = footage[recording].picture(pts)
        (found,) = vehicles.detect([picture])
        boxes = [
            (box, float(score))
            for box, cls, score in zip(normalised(found), found.names, found.score, strict=True)
            if cls in _VEHICLES or cls == request.stay.cls
        ]
        own = moment.box if moment is not None else _own(request.stay.place, boxes)
        if own is not None:
            others = [box for box, score in boxes if score >= LEAST_SCORE]
            part, origin = part_of(picture, own)
            size = (picture.shape[1], picture.shape[0])
            at = footage[recording].instant_of(pts)
            yield PlateLook(recording, pts, at, size, own, nearer(own, others), part, origin)


def _between(request: CaseRequest, footage: Sequence[Footage], wanted: int) -> Iterator[tuple[int, int]]:
    """Recording and pts of about `wanted` keyframes, spread evenly from the arrival to where the clip ends."""
    first = request.stay.arrived[1].utc_ns
    last = min(request.stay.last_seen.utc_ns, clip_range(request).end_ns)
    if wanted <= 0 or last <= first:
        return
    half = (last - first) // (2 * wanted)
    for number in range(wanted):
        at = first + (2 * number + 1) * half
        try:
            recording = recording_at(request.recordings, at)
        except SealError:
            continue
        one = footage[recording]
        pts = one.nearest(one.pts_of(at), ticks(half, one.info.time_base), keyframe=True)
        if pts is not None:
            yield recording, pts


def _own(place: Box, boxes: Sequence[tuple[Box, float]]) -> Box | None:
    best = max(boxes, key=lambda one: iou(place, one[0]), default=None)
    return best[0] if best is not None and iou(place, best[0]) >= SAME else None


def part_of(picture: Image, box: Box) -> tuple[Image, tuple[int, int]]:
    """The vehicle and `AROUND`, and x and y of the part's first pixel."""
    x1, x2 = _span(box[0], box[2], picture.shape[1])
    y1, y2 = _span(box[1], box[3], picture.shape[0])
    # A copy, so that the whole frame is not kept for the sake of its part.
    return picture[y1:y2, x1:x2].copy(), (x1, y1)


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Of one axis, in pixels: from a box's fractions, with what is taken in around it."""
    reach = max((0.5 + AROUND) * (high - low) * length, LEAST_PART / 2)
    middle = (low + high) / 2 * length
    return max(0, math.floor(middle - reach)), min(length, math.ceil(middle + reach))
