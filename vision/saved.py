"""Reading back what was saved: hostile input, refused rather than converted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vision.errors import StateError
from vision.interface import Box
from vision.pace import EARLIEST_NS
from vision.policy import CameraRules
from vision.reasons import Released
from vision.roadusers import passing
from vision.rules.no_parking import MAX_COMPANY
from vision.standing import Standing
from vision.tally import POOL, Hold

_M = TypeVar("_M")
REMEDY = "Start without the saved state; what stood at that moment is then timed from its next sighting"


def parse_saved(kind: Any, value: object, where: str) -> Any:
    """Validate as JSON: there a list may be a tuple and text an enum, but no number a text. Raises StateError."""
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_json(json.dumps(value, allow_nan=False))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        spot = ".".join(str(part) for part in fault["loc"])
        raise StateError(f"not a saved state: {spot}: {fault['msg']}", where=where, remedy=REMEDY) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"not a saved state: {error}", where=where, remedy=REMEDY) from None


def contradiction(fault: str, where: str) -> StateError:
    """What to raise for a state that is well formed and cannot have come about."""
    return StateError(f"the saved state contradicts itself: {fault}", where=where, remedy=REMEDY)


def read_memory(kind: TypeAdapter[_M], value: object, where: str, fault: Callable[[_M], str | None]) -> _M:
    """A saved memory, validated, in which `fault` finds nothing that cannot have come about. Raises StateError."""
    memory: _M = parse_saved(kind, value, where)
    found = fault(memory)
    if found:
        raise contradiction(found, where)
    return memory


def inside(box: Box) -> bool:
    """Whether a box lies in the picture, its corners in order."""
    x1, y1, x2, y2 = box
    return 0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1


def standing_fault(standing: Standing, now_ns: int, rules: CameraRules) -> str | None:
    """Why this object, read back at `now_ns`, cannot have come about under these rules, or None."""
    first, last = standing.first.utc_ns, standing.last_seen.utc_ns
    zones = {zone.id: zone.rules for zone in rules.zones}
    counts = (
        standing.seen_ns,
        standing.occluded_ns,
        standing.gap_ns,
        standing.pending_gap_ns,
        standing.absent_ns,
        standing.covered_ns,
    )
    checks = {
        "times of an object out of order": EARLIEST_NS <= first <= last <= now_ns
        and (standing.before is None or EARLIEST_NS <= standing.before.utc_ns < first),
        "a place outside the image": inside(standing.place) and inside(standing.box),
        "time that does not add up": min(counts) >= 0
        and 0 <= standing.stretch_ns <= standing.sworn_ns <= standing.seen_ns
        and standing.seen_ns + standing.occluded_ns + standing.gap_ns == last - first
        and standing.pending_gap_ns <= now_ns - last,
        "counts of sightings": standing.sightings >= 1
        and sum(standing.classes.values()) == standing.sightings
        and min(standing.classes.values()) >= 1
        and min(standing.absent_samples, standing.emptied_samples, standing.displaced, standing.misses, standing.kept)
        >= 0,
        "a trace that cannot be": standing.tracing.fault(standing.seen_ns, standing.occluded_ns, standing.gap_ns)
        is None,
        "a number of no track": standing.track is None or (standing.open and 0 <= standing.track <= 1 << 53),
        "zones or rules that are not configured": all(zone in zones for zone in standing.zones)
        and all(
            tally.zones and all(tally.rule in zones.get(zone, ()) for zone in tally.zones) for tally in standing.tallies
        ),
        "a tally that cannot be": all(
            min((tally.counted_ns, *tally.exempt_ns.values(), *tally.classes.values())) >= 0
            and tally.counted_ns + sum(tally.exempt_ns.values()) <= standing.seen_ns
            and all(_exemptions(key, tally.rule, rules) for key in tally.exempt_ns)
            and (tally.last_ns is None or first <= tally.last_ns <= last)
            and (tally.over_ns is None or first <= tally.over_ns <= last)
            and len(tally.pool) < POOL
            and tally.stride >= 1
            and tally.passed >= 0
            and 0 <= tally.near <= tally.looks
            and (tally.near > 0) is (tally.passing is not None and bool(passing(tally.passing)))
            for tally in standing.tallies
        ),
        "a hold that cannot be": all(
            tally.hold is None or _holds(tally.hold, first, now_ns) for tally in standing.tallies
        ),
    }
    return next((fault for fault, holds in checks.items() if not holds), None)


def _holds(hold: Hold, first_ns: int, now_ns: int) -> bool:
    """Whether it can have come about until `now_ns`, of an object first seen at `first_ns`."""
    since = hold.since.utc_ns
    decided = hold.until is not None and since <= hold.until.utc_ns <= now_ns
    return (
        first_ns <= since <= now_ns
        and (decided if hold.why is not None else hold.until is None)
        and hold.why is not Released.ENDED
        and 1 <= len(hold.others) <= MAX_COMPANY
        and all(
            inside(other.place)
            and EARLIEST_NS <= other.before_ns < other.first_ns <= since
            and (other.left_ns is None or other.first_ns <= other.left_ns <= now_ns)
            and (other.left_ns is not None or not other.gone)
            for other in hold.others
        )
    )


def _exemptions(key: str, rule: str, rules: CameraRules) -> bool:
    """Whether a key of a tally names exemptions of its rule, each once and in order."""
    known = range(len(rules.policy.rule(rule).terms.exemptions))
    numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 3 else -1 for part in key.split("+")]
    return all(number in known for number in numbers) and key == "+".join(map(str, sorted(set(numbers))))
