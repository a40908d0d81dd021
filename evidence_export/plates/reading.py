"""From the frames of a stay to what its plate says, and how surely."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evidence_export.case import PlateRules
from evidence_export.plates.looks import PlateLook
from models.plates.interface import PlateRead, PlateReader, PlateSpot, Rows
from streams.interface import Image
from vision.interface import Box
from vision.plate_frames import Candidate, quality, rank
from vision.plate_places import Spotted, StayDoubt, Whose, gathered, rivals, whose
from vision.plates import PlateVerdict, VoteRule, vote

FURTHER = 2.0
"""So many frames are looked at for each that is read: the best are read."""
MOST_OTHERS = 4
"""Other plates in the vehicle's box that are stated."""
HARDLY_WORSE = 0.8
"""A frame with this share of the best one's worth is shown instead, where it is a still of the bundle."""
BESIDE, ABOVE = 0.4, 0.8
"""What a close-up shows beside the plate in shares of its width, and above and below it in shares of its height."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundPlate:
    """One plate that stands in the vehicle's box."""

    verdict: PlateVerdict
    doubts: tuple[str, ...]
    """Of the vote and of the stay; empty where it is certain."""
    rows: Rows
    look: PlateLook
    """The frame of the close-up: the best of those that were read as the verdict says, else the best of all."""
    spot: PlateSpot
    """Where the plate is in the part of that frame."""
    found_in: int
    """In how many frames it was found; in `verdict.frames` of them it was read."""

    @property
    def certain(self) -> bool:
        return not self.doubts

    @property
    def box(self) -> Box:
        """Around its corners, in fractions of the frame."""
        return _box(self.look, self.spot)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """In fractions of the frame, in the order of `PlateSpot.corners`."""
        (width, height), (left, top) = self.look.size, self.look.origin
        return tuple((_rounded((x + left) / width), _rounded((y + top) / height)) for x, y in self.spot.corners)

    def close_up(self) -> tuple[Image, tuple[int, int, int, int]]:
        """The plate with a little around it, unscaled, and where in the frame: x, y, width, height in pixels."""
        height, width = self.look.part.shape[:2]
        xs, ys = [x for x, _ in self.spot.corners], [y for _, y in self.spot.corners]
        beside, above = BESIDE * (max(xs) - min(xs)), ABOVE * (max(ys) - min(ys))
        x1, y1 = max(0, int(min(xs) - beside)), max(0, int(min(ys) - above))
        x2, y2 = min(width, int(max(xs) + beside) + 1), min(height, int(max(ys) + above) + 1)
        left, top = self.look.origin
        return self.look.part[y1:y2, x1:x2], (left + x1, top + y1, x2 - x1, y2 - y1)


@dataclass(frozen=True, slots=True, eq=False)
class PlateFindings:
    """All that sealing has learnt of the plate of a stay."""

    plate: FoundPlate | None
    """None: no plate was found that may be the vehicle's."""
    others: tuple[FoundPlate, ...]
    """More plates that stand in its box; with any that says something else, `plate` is not certain."""
    looks: int
    """Frames that show the vehicle, in which its plate was looked for."""
    nearer: int
    """Plates, counted per frame, that were left out because a vehicle nearer to the camera may carry them."""
    passing: int
    """Plates, counted per frame, that were left out because they did not stay."""
    models: tuple[str, ...]
    rules: PlateRules


def most_looks(rules: PlateRules) -> int:
    """In how many frames the plate is looked for at most."""
    return max(6, round(FURTHER * rules.frames) + 2)


def read_plates(
    looks: Sequence[PlateLook], reader: PlateReader, rules: PlateRules, stills: Collection[tuple[int, int]] = ()
) -> PlateFindings:
    """Find, choose, read and count. `looks` in order of time; `stills`: recording and pts of frames that are in the
    bundle anyway, and are shown rather than one that is hardly better. Raises InferenceError."""
    found: list[list[Spotted[tuple[PlateLook, PlateSpot]]]] = []
    in_front = 0
    for look in looks:
        own = []
        for spot in reader.find(look.part):
            box = _box(look, spot)
            match whose(box, look.box, look.in_front):
                case Whose.OWN:
                    own.append(Spotted((look, spot), box, spot.score))
                case Whose.NEARER:
                    in_front += 1
                case Whose.OUTSIDE:
                    pass
        found.append(own)
    places = gathered(found)
    rival = rivals(places)
    read = [_read(place, reader, rules, stills) for place in [*places[:1], *rival[:MOST_OTHERS]]]
    plate, others = (read[0], tuple(read[1:])) if read else (None, ())
    if plate is not None and any(other.verdict.text != plate.verdict.text for other in others):
        plate = _doubted(plate, StayDoubt.SEVERAL_PLATES)
        others = tuple(_doubted(other, StayDoubt.SEVERAL_PLATES) for other in others)
    passing = sum(map(len, places[1:])) - sum(map(len, rival))
    return PlateFindings(plate, others, len(looks), in_front, passing, reader.models, rules)


def _read(
    place: Sequence[Spotted[tuple[PlateLook, PlateSpot]]],
    reader: PlateReader,
    rules: PlateRules,
    stills: Collection[tuple[int, int]],
) -> FoundPlate:
    best = rank((Candidate(one.plate[0], one.plate[1]) for one in place), rules.frames)
    reads: list[tuple[PlateLook, PlateRead]] = []
    for one in best:
        (read,) = reader.read(one.frame.part, [one.spot])
        reads.append((one.frame, read))
    verdict = vote((read for _, read in reads), VoteRule(min_character=rules.min_character))
    # They are in the order of their worth: the first that says what won is the one to show.
    agreeing = [(look, read) for look, read in reads if read.text == verdict.text] or reads[:1]
    enough = HARDLY_WORSE * quality(agreeing[0][1].spot)
    in_stills = [
        (look, read) for look, read in agreeing if (look.recording, look.pts) in stills and quality(read.spot) >= enough
    ]
    look, shown = (in_stills or agreeing)[0]
    doubts = [doubt.value for doubt in verdict.doubts]
    if len(place) < 2:
        doubts.append(StayDoubt.SEEN_ONCE.value)
    return FoundPlate(verdict, tuple(doubts), shown.rows, look, shown.spot, len(place))


def _doubted(plate: FoundPlate, doubt: StayDoubt) -> FoundPlate:
    return FoundPlate(plate.verdict, (*plate.doubts, doubt.value), plate.rows, plate.look, plate.spot, plate.found_in)


def _box(look: PlateLook, spot: PlateSpot) -> Box:
    (width, height), (left, top) = look.size, look.origin
    xs, ys = [x + left for x, _ in spot.corners], [y + top for _, y in spot.corners]
    x1, y1, x2, y2 = min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height
    return _rounded(x1), _rounded(y1), _rounded(x2), _rounded(y2)


def _rounded(value: float) -> float:
    """As boxes are elsewhere: to 6 decimals."""
    return round(value, 6)
