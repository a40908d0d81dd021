"""ByteTrack from `trackers` behind our interface, with a state that can be written down.

The library has no save of its own, so what its predictions and its pruning read is copied out as JSON numbers (floats
survive JSON exactly): the Kalman mean and covariance, the counters of each tracklet, the last timestamp, the next id.
The matrices F and Q are recomputed from the time step before every use, and the priors are there for debugging only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import supervision as sv
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from trackers import ByteTrackTracker
from trackers.core.bytetrack.tracklet import ByteTrackTracklet

from streams.instant import NS_PER_S
from vision.association.interface import JSON
from vision.errors import StateError
from vision.interface import Box

_DIM = 8
_SCALE = 1000.0
"""Boxes are given to the filter in thousandths of the image: its noise is tuned for pixels, at any resolution."""
_REFERENCE_RATE = 1.0
"""Frames per second for which the filter's noise holds; sampled footage is near it."""
_LOST_AFTER_30TH_S = 300
"""A track is forgotten after this many thirtieths of a second (the library's unit) without a box: 10 s."""
_MAX_TRACKS = 10_000

_Number = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1 << 53)]
_Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
"""More than the whole of the time that cameras can have: a clock that was never set may begin in 1970."""


class _Tracklet(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[int, Field(ge=-1, le=1 << 53)]
    mean: Annotated[list[_Number], Field(min_length=_DIM, max_length=_DIM)]
    covariance: Annotated[list[_Number], Field(min_length=_DIM * _DIM, max_length=_DIM * _DIM)]
    age: _Count
    misses: _Count
    missed_s: _Seconds
    hits: _Count


class _State(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    origin_ns: Annotated[int, Field(ge=-(1 << 61), le=1 << 62)] | None
    last_s: _Seconds | None
    next_id: _Count
    tracks: Annotated[list[_Tracklet], Field(max_length=_MAX_TRACKS)]


class ByteTrackAssociator:
    """An Associator on ByteTrackTracker in its timestamp mode, blind to classes."""

    def __init__(self) -> None:
        self._tracker = _tracker()
        self._origin_ns: int | None = None

    def update(self, utc_ns: int, boxes: Sequence[Box], scores: Sequence[float]) -> list[int | None]:
        if self._origin_ns is None:
            self._origin_ns = utc_ns
        found = sv.Detections(
            xyxy=np.asarray(boxes, np.float64).reshape(-1, 4) * _SCALE,
            confidence=np.asarray(scores, np.float32),
            data={"index": np.arange(len(boxes))},
        )
        # The library takes float seconds; counted from the first frame they keep nanoseconds for months.
        tracked = self._tracker.update(found, timestamp=(utc_ns - self._origin_ns) / NS_PER_S)
        ids: list[int | None] = [None] * len(boxes)
        if tracked.tracker_id is not None and len(tracked):
            for index, track in zip(tracked.data["index"], tracked.tracker_id, strict=True):
                ids[int(index)] = int(track) if track >= 0 else None
        return ids

    def release(self, track: int) -> None:
        self._tracker.tracks = [one for one in self._tracker.tracks if one.tracker_id != track]

    def save(self) -> JSON:
        tracker = self._tracker
        state = _State(
            origin_ns=self._origin_ns,
            last_s=tracker._last_timestamp,
            next_id=tracker._next_track_id,
            tracks=[
                _Tracklet(
                    id=int(one.tracker_id),
                    mean=one.state_estimator.kf.state.ravel().tolist(),
                    covariance=one.state_estimator.kf.state_covariance.ravel().tolist(),
                    age=one.age,
                    misses=one.time_since_update,
                    missed_s=float(one.time_since_update_seconds),
                    hits=one.number_of_successful_consecutive_updates,
                )
                for one in tracker.tracks
            ],
        )
        dumped: dict[str, JSON] = state.model_dump(mode="json")
        return dumped

    def restore(self, state: JSON, now_ns: int) -> None:
        try:
            saved = _State.model_validate(state)
            fault = _fault(saved, now_ns)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]["msg"]
        if fault:
            raise StateError(f"the tracker's state is not one of ours: {fault}", remedy="Start without the saved state")
        self._origin_ns = saved.origin_ns
        self._tracker = _tracker()
        self._tracker._last_timestamp = saved.last_s
        self._tracker._next_track_id = saved.next_id
        self._tracker.tracks = [_tracklet(one) for one in saved.tracks]


def _fault(saved: _State, now_ns: int) -> str | None:
    """Why no tracker can have this state, or None. A filter that starts from nonsense would fail much later."""
    if saved.origin_ns is None or saved.last_s is None:
        return "it has tracks but no time" if saved.tracks or saved.origin_ns is not saved.last_s else None
    # A microsecond of leave: float seconds of a long run do not hold every nanosecond.
    if not 0 <= saved.last_s * NS_PER_S <= now_ns - saved.origin_ns + 1000:
        return "its last frame is later than the camera's"
    for track in saved.tracks:
        covariance = np.array(track.covariance).reshape(_DIM, _DIM)
        scale = float(np.abs(covariance).max())
        symmetric = bool(np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-9 * scale))
        if not symmetric or float(np.linalg.eigvalsh(covariance).min()) < -1e-9 * scale:
            return "a covariance that is none"
        if track.id >= saved.next_id:
            return "an id that was not given yet"
    return None


def _tracker() -> ByteTrackTracker:
    return ByteTrackTracker(
        lost_track_buffer=_LOST_AFTER_30TH_S,
        frame_rate=_REFERENCE_RATE,
        # The boxes given are above the rules' scores already: every one of them may begin a track.
        track_activation_threshold=0.0,
        high_conf_det_threshold=0.0,
        minimum_consecutive_frames=2,
        minimum_iou_threshold=0.1,
    )


def _tracklet(saved: _Tracklet) -> ByteTrackTracklet:
    one = ByteTrackTracklet(np.array(saved.mean[:4]))
    kf = one.state_estimator.kf
    kf.state = np.array(saved.mean).reshape(_DIM, 1)
    kf.state_covariance = np.array(saved.covariance).reshape(_DIM, _DIM)
    one.tracker_id = saved.id
    one.age = saved.age
    one.time_since_update = saved.misses
    one.time_since_update_seconds = saved.missed_s
    one.number_of_successful_consecutive_updates = saved.hits
    return one
