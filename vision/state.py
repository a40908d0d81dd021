"""Saved engines: a versioned JSON value, and its way back through validation. A saved state is hostile input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import tzinfo
from functools import partial
from typing import Annotated, Any

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from vision.association.interface import JSON
from vision.errors import StateError
from vision.judges.interface import Judge
from vision.pace import EARLIEST_NS
from vision.policy import CameraRules
from vision.roadusers import REMEMBERED
from vision.saved import REMEDY, contradiction, inside, parse_saved, read_memory, standing_fault
from vision.tuning import Tuning
from vision.watch import Memory, Watch

FORMAT = "streetproof.engine-state/1"
_MEMORY = TypeAdapter(Memory)
_MAX_STANDINGS = 10_000


class _Camera(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    rules: str
    memory: dict[str, Any]
    tracks: dict[str, Any]
    judges: dict[str, Any] = {}
    """By kind of rule; absent where there is only no_parking."""


class _State(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    format: str
    zone: Annotated[str, Field(max_length=200)]
    tuning: dict[str, int | float]
    cameras: dict[str, _Camera]


Judges = Mapping[str, Mapping[str, Judge]]
"""By camera, then by kind of rule."""


def store(watches: Mapping[str, Watch], judges: Judges, zone: tzinfo, tuning: Tuning) -> dict[str, JSON]:
    """The state of all cameras as JSON."""
    return {
        "format": FORMAT,
        "zone": str(zone),
        "tuning": asdict(tuning),
        "cameras": {
            camera: {
                "rules": _rules_hash(watch, judges[camera]),
                "memory": _MEMORY.dump_python(watch.memory, mode="json"),
                "tracks": watch.associator.save(),
                **({"judges": {kind: one.save() for kind, one in judges[camera].items()}} if judges[camera] else {}),
            }
            for camera, watch in watches.items()
        },
    }


def load(watches: Mapping[str, Watch], judges: Judges, zone: tzinfo, tuning: Tuning, state: Mapping[str, JSON]) -> None:
    """Put a stored state into fresh watches and judges; raises StateError and leaves them in no defined state then."""
    saved = parse_saved(_State, state, "the saved state")
    if saved.format != FORMAT:
        raise StateError(f"the saved state has the format {saved.format[:80]!r}, not {FORMAT!r}", remedy=REMEDY)
    if saved.zone != str(zone):
        raise StateError(f"the saved state is for the time zone {saved.zone!r}, not {str(zone)!r}", remedy=REMEDY)
    if saved.tuning != asdict(tuning):
        raise StateError("the saved state was made with other thresholds", remedy=REMEDY)
    for camera, part in saved.cameras.items():
        where = f"camera {camera[:80]}"
        watch = watches.get(camera)
        if watch is None:
            raise StateError("the saved state holds a camera that is not configured", where=where, remedy=REMEDY)
        if part.rules != _rules_hash(watch, judges[camera]):
            raise StateError(
                "its policy, its zones or the calendar of holidays have changed since the state was saved",
                where=where,
                remedy="Finish the camera's footage under the old rules, or start without the saved state",
            )
        watch.memory = read_memory(_MEMORY, part.memory, where, partial(_fault, rules=watch.rules))
        watch.associator.restore(part.tracks, watch.memory.last.utc_ns if watch.memory.last else EARLIEST_NS)
        if part.judges.keys() != judges[camera].keys():
            raise contradiction("kinds of rules that are not those of the camera", where)
        for kind, judge in judges[camera].items():
            judge.load(part.judges[kind], f"{where}, {kind}")


def _rules_hash(watch: Watch, judges: Mapping[str, Judge]) -> str:
    """Over everything that a camera is judged by; the calendar only where a rule depends on it."""
    content = watch.rules.model_dump(mode="json")
    calendars = [watch.calendar, *(judge.calendar for judge in judges.values())]
    calendar = next((one for one in calendars if one is not None), None)
    stands_on: Any = content if calendar is None else [content, *calendar.identity]
    return hashlib.sha256(rfc8785.dumps(stands_on)).hexdigest()


def _fault(memory: Memory, rules: CameraRules) -> str | None:
    """Why this memory cannot have come about, or None."""
    fault = memory.fault()
    if fault or memory.last is None:
        return fault or ("something was seen before the first sample" if memory.standings else None)
    if max(len(memory.standings), len(memory.boxes), *map(len, memory.others)) > _MAX_STANDINGS:
        return "more objects than a picture holds"
    if len(memory.others) > REMEMBERED or not all(
        inside(box) for boxes in (memory.boxes, *memory.others) for box in boxes
    ):
        return "a box outside the image"
    for standing in memory.standings:
        fault = standing_fault(standing, memory.last.utc_ns, rules)
        if fault:
            return fault
    return None
