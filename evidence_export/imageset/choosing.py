"""Which two frames are the panoramas: far enough apart, and of those the ones that show most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from evidence_export.case import CaseRequest
from evidence_export.footage import Footage
from evidence_export.imageset.looking import Look, clarity_of, look_at
from evidence_export.kinds import NO_PARKING, kind_of
from evidence_export.made import Chosen, Clarity, Place
from evidence_export.plan import image_set, later_moments
from evidence_export.traffic import may_be_traffic
from models.plates.interface import PlateReader
from vision.interface import Moment
from vision.spread import spread

MOST_BETWEEN = 4
"""Frames that are looked at between the first sighting and the proof, and as many after it."""
SHARP, HIDDEN, SURROUNDINGS, LEGIBLE = 0.6, 0.15, 0.4, 0.5
"""A frame is blurred that is less sharp than this share of the sharpest one; its target is hidden where more than this
share of it shows something else than in most frames, or lies behind something; its surroundings likewise; and its plate
is hard to read where it is worth less than this share of the best one."""


def choose(
    request: CaseRequest, places: Mapping[int, Place], footage: Sequence[Footage], reader: PlateReader | None
) -> Chosen:
    """The frames of the panoramas. `places`: as `evidence_export.places.places_of` gives them.

    What is parked is looked at in a few frames more: those two are taken that stand far enough apart and have the
    fewest faults, of equal ones the first sighting and the one that proved it. Where none stand far enough apart, the
    first and the last sighting are taken, and the manifest says so. Other kinds are about what happened at certain
    moments, and show those. Raises SealError, StreamsError and InferenceError.
    """
    own = [moment for moment in request.violation.moments if moment.at.utc_ns in places]
    plain = image_set(request, own)
    required = plain.required_ns
    if kind_of(request) != NO_PARKING:
        return Chosen(tuple((one, places[one.at.utc_ns], None) for one in plain.moments), required, len(own))
    fired = request.violation.fired_at.utc_ns
    later = [one for one in later_moments(request) if one.at.utc_ns in places]
    candidates = _spread(sorted(own, key=_utc), fired) + spread(later, MOST_BETWEEN)
    looks = []
    for moment in candidates:
        # Not kept: ten pictures of a large camera are 250 MB, and decoding the two that are chosen once more is cheap.
        place = places[moment.at.utc_ns]
        picture = footage[place.recording].picture(place.pts)
        looks.append(look_at(moment, place, picture, request.stay.place, reader))
    told = list(zip(looks, clarity_of(looks), strict=True))
    pair = _pair(told, required, fired, only_fired=may_be_traffic(request.violation))
    if pair is None:
        by_moment = {one.moment.at.utc_ns: (one, clarity) for one, clarity in told}
        found = [by_moment[one.at.utc_ns] for one in plain.moments]
    else:
        found = list(pair)
    return Chosen(tuple((one.moment, one.place, clarity) for one, clarity in found), required, len(looks))


def faults_of(clarity: Clarity) -> int:
    """How many things are wrong with a frame."""
    return sum(
        (
            clarity.sharpness < SHARP,
            not clarity.whole,
            clarity.hidden > HIDDEN,
            clarity.surroundings_hidden > SURROUNDINGS,
            clarity.plate is not None and clarity.plate < LEGIBLE,
        )
    )


_Told = tuple[Look, Clarity]


def _pair(told: Sequence[_Told], required_ns: int, fired_ns: int, *, only_fired: bool) -> tuple[_Told, _Told] | None:
    """`only_fired`: the second one has to be the proof, because it shows who else stood there then."""

    def preference(pair: tuple[_Told, _Told]) -> tuple[int, int, bool, int]:
        (first, one), (second, other) = pair
        at = second.moment.at.utc_ns
        return faults_of(one) + faults_of(other), first.place.at.utc_ns, at != fired_ns, abs(at - fired_ns)

    pairs = [
        (one, other)
        for one, other in product(told, told)
        if other[0].place.at.utc_ns - one[0].place.at.utc_ns >= max(required_ns, 1)
        and (not only_fired or other[0].moment.at.utc_ns == fired_ns)
    ]
    return min(pairs, key=preference, default=None)


def _spread(moments: list[Moment], fired_ns: int) -> list[Moment]:
    """The first, the firing one or else the last, and a few between."""
    if len(moments) < 3:
        return moments
    at_firing = [one for one in moments if one.at.utc_ns == fired_ns] or moments[-1:]
    return [moments[0], *spread([one for one in moments[1:] if one not in at_firing], MOST_BETWEEN), *at_firing]


def _utc(moment: Moment) -> int:
    return moment.at.utc_ns
