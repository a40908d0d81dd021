"""Saved engines: a versioned JSON value, and its way back through validation. A saved state is hostile input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import tzinfo
from typing import Annotated, Any

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vision.association.interface import JSON
from vision.errors import StateError
from vision.interface import Box
from vision.policy import CameraRules
from vision.standing import Standing
from vision.tally import POOL
from vision.tuning import Tuning
from vision.watch import EARLIEST_NS, INTERVALS_KEPT, LATEST_NS, Memory, Watch

FORMAT = "streetproof.engine-state/1"
_MEMORY = TypeAdapter(Memory)
_MAX_STANDINGS = 10_000
_REMEDY = "Start without the saved state; what stood at that moment is then timed from its next sighting"


class _Camera(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    rules: str
    memory: dict[str, Any]
    tracks: dict[str, Any]


class _State(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    format: str
    zone: Annotated[str, Field(max_length=200)]
    tuning: dict[str, int | float]
    cameras: dict[str, _Camera]


def store(watches: Mapping[str, Watch], zone: tzinfo, tuning: Tuning) -> dict[str, JSON]:
    """The state of all cameras as JSON."""
    return {
        "format": FORMAT,
        "zone": str(zone),
        "tuning": asdict(tuning),
        "cameras": {
            camera: {
                "rules": _rules_hash(watch),
                "memory": _MEMORY.dump_python(watch.memory, mode="json"),
                "tracks": watch.associator.save(),
            }
            for camera, watch in watches.items()
        },
    }


def load(watches: Mapping[str, Watch], zone: tzinfo, tuning: Tuning, state: Mapping[str, JSON]) -> None:
    """Put a stored state into fresh watches; raises StateError and leaves them in no defined state then."""
    saved = _parse(_State, state, "the saved state")
    if saved.format != FORMAT:
        raise StateError(f"the saved state has the format {saved.format[:80]!r}, not {FORMAT!r}", remedy=_REMEDY)
    if saved.zone != str(zone):
        raise StateError(f"the saved state is for the time zone {saved.zone!r}, not {str(zone)!r}", remedy=_REMEDY)
    if saved.tuning != asdict(tuning):
        raise StateError("the saved state was made with other thresholds", remedy=_REMEDY)
    for camera, part in saved.cameras.items():
        where = f"camera {camera[:80]}"
        watch = watches.get(camera)
        if watch is None:
            raise StateError("the saved state holds a camera that is not configured", where=where, remedy=_REMEDY)
        if part.rules != _rules_hash(watch):
            raise StateError(
                "its policy, its zones or the calendar of holidays have changed since the state was saved",
                where=where,
                remedy="Finish the camera's footage under the old rules, or start without the saved state",
            )
        watch.memory = _parse(_MEMORY, part.memory, where)
        fault = _fault(watch.memory, watch.rules)
        if fault:
            raise StateError(f"the saved state contradicts itself: {fault}", where=where, remedy=_REMEDY)
        watch.associator.restore(part.tracks, watch.memory.last.utc_ns if watch.memory.last else EARLIEST_NS)


def _rules_hash(watch: Watch) -> str:
    """Over everything that its stays are judged by; the calendar only where a rule depends on it."""
    content = watch.rules.model_dump(mode="json")
    stands_on: Any = content if watch.calendar is None else [content, *watch.calendar.identity]
    return hashlib.sha256(rfc8785.dumps(stands_on)).hexdigest()


def _parse(kind: Any, value: object, where: str) -> Any:
    """Validate as JSON: there a list may be a tuple and text an enum, but no number a text."""
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_json(json.dumps(value, allow_nan=False))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        spot = ".".join(str(part) for part in fault["loc"])
        raise StateError(f"not a saved state: {spot}: {fault['msg']}", where=where, remedy=_REMEDY) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"not a saved state: {error}", where=where, remedy=_REMEDY) from None


def _fault(memory: Memory, rules: CameraRules) -> str | None:
    """Why this memory cannot have come about, or None."""
    if memory.last is None:
        begun = memory.standings or memory.running or memory.suspended
        return "something was seen before the first sample" if begun else None
    if not EARLIEST_NS <= memory.last.utc_ns <= LATEST_NS:
        return "the last sample is at no time a camera can have"
    if len(memory.intervals) > INTERVALS_KEPT or any(interval <= 0 for interval in memory.intervals):
        return "sampling intervals"
    if max(len(memory.standings), len(memory.boxes)) > _MAX_STANDINGS:
        return "more objects than a picture holds"
    if not all(_inside(box) for box in memory.boxes):
        return "a box outside the image"
    for standing in memory.standings:
        fault = _standing_fault(standing, memory.last.utc_ns, rules)
        if fault:
            return fault
    return None


def _inside(box: Box) -> bool:
    x1, y1, x2, y2 = box
    return 0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1


def _standing_fault(standing: Standing, now_ns: int, rules: CameraRules) -> str | None:
    first, last = standing.first.utc_ns, standing.last_seen.utc_ns
    zones = {zone.id: zone.rules for zone in rules.zones}
    counts = (standing.seen_ns, standing.occluded_ns, standing.gap_ns, standing.pending_gap_ns, standing.absent_ns)
    checks = {
        "times of an object out of order": EARLIEST_NS <= first <= last <= now_ns
        and (standing.before is None or EARLIEST_NS <= standing.before.utc_ns < first),
        "a place outside the image": _inside(standing.place) and _inside(standing.box),
        "time that does not add up": min(counts) >= 0
        and 0 <= standing.stretch_ns <= standing.sworn_ns <= standing.seen_ns
        and standing.seen_ns + standing.occluded_ns + standing.gap_ns == last - first
        and standing.pending_gap_ns <= now_ns - last,
        "counts of sightings": standing.sightings >= 1
        and sum(standing.classes.values()) == standing.sightings
        and min(standing.classes.values()) >= 1
        and min(standing.absent_samples, standing.emptied_samples, standing.displaced, standing.misses, standing.kept)
        >= 0,
        "zones or rules that are not configured": all(zone in zones for zone in standing.zones)
        and all(
            tally.zones and all(tally.rule in zones.get(zone, ()) for zone in tally.zones) for tally in standing.tallies
        ),
        "a tally that cannot be": all(
            min((tally.counted_ns, *tally.exempt_ns.values(), *tally.classes.values())) >= 0
            and tally.counted_ns + sum(tally.exempt_ns.values()) <= standing.seen_ns
            and all(_exemptions(key, tally.rule, rules) for key in tally.exempt_ns)
            and (tally.last_ns is None or first <= tally.last_ns <= last)
            and len(tally.pool) < POOL
            and tally.stride >= 1
            and tally.passed >= 0
            for tally in standing.tallies
        ),
    }
    return next((fault for fault, holds in checks.items() if not holds), None)


def _exemptions(key: str, rule: str, rules: CameraRules) -> bool:
    """Whether a key of a tally names exemptions of its rule, each once and in order."""
    known = range(len(rules.policy.rule(rule).terms.exemptions))
    numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 3 else -1 for part in key.split("+")]
    return all(number in known for number in numbers) and key == "+".join(map(str, sorted(set(numbers))))
