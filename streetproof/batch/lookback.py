"""When a vehicle left, from every recorded frame between its last sighting and the first look without it.

As the daemon does, with the same bounds; the footage lies in files here, and is looked at when the case is sealed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evidence_export.case import CaseRequest
from evidence_export.kinds import NO_PARKING, kind_of
from models.errors import ModelsError
from models.interface import Detections, Detector
from streams.archive.clock import TimeRules
from streams.archive.reader import open_archive
from streams.errors import StreamsError
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel
from streetproof.batch.observations import as_stored
from vision.lookback import pin_departure

LIMIT = 250
"""Frames that are looked at, at most: ten seconds of full rate."""
_BEFORE_NS, _AFTER_NS = 3 * NS_PER_S, 2 * NS_PER_S
"""It takes in that the vehicle stood, and where it goes."""


def looked_back(request: CaseRequest, detector: Detector) -> CaseRequest:
    """The request with its departure narrowed, where it can be: the frames are there, and show it."""
    departed = request.stay.departed
    if departed is None or departed[1] is None or kind_of(request) != NO_PARKING:
        return request
    try:
        seen = list(_seen(request, detector, departed[0].utc_ns - _BEFORE_NS, departed[1].utc_ns + _AFTER_NS))
    except (StreamsError, ModelsError):
        return request  # the interval that the engine saw is true all the same
    pinned = pin_departure(request.stay, seen)
    return replace(request, departure=pinned) if pinned.narrowed else request


def _seen(request: CaseRequest, detector: Detector, from_ns: int, to_ns: int) -> Iterator[tuple[Instant, Detections]]:
    """What the model finds in each frame of the range, `LIMIT` at most; of recordings that overlap the first counts."""
    count, last_ns = 0, from_ns - 1
    for recording in request.recordings:
        rules = TimeRules(order=(TimeSource.OPERATOR,), start=recording.start)
        source = open_archive(recording.path, request.camera.id, rules)
        first, last = source.pts_of(from_ns), source.pts_of(to_ns)
        if last < source.first_pts:
            return
        for frame in source.frames(DecodeLevel.EVERY_FRAME, pts_range=(first, last)):
            if frame.at.utc_ns <= last_ns:
                continue
            if count == LIMIT:
                return
            count, last_ns = count + 1, frame.at.utc_ns
            image = frame.scaled(*detector.fit(frame.size))
            yield frame.at, as_stored(detector.detect([image], sizes=[frame.size])[0])
