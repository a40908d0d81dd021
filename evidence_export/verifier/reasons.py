"""Checks the reasons that a `case.json` gives against its own figures. Hostile input: nothing is taken for granted.

The steps must cover the stay without a hole, and add up, to the nanosecond and to the look, to what is stated of it;
the arithmetic of the rule must follow from its own terms, and the end from the departure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from evidence_export.bag.canonical import JsonValue
from evidence_export.verifier.reading import at, integer, items, moment, optional, text

_COUNTED, _UNSEEN, _WITHOUT = ("seen", "kept", "doubted"), ("missed", "hidden"), ("gap", "struck")
_MAX_STEPS = 32
_UNSEEN_ENDS = ("forgotten", "footage_ended")
_ENDS = ("empty", "replaced", "driven_on", "within_limit", *_UNSEEN_ENDS)


@dataclass(slots=True)
class _Sums:
    """What all steps together tell."""

    ns: dict[str, int] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    def of(self, kinds: tuple[str, ...]) -> int:
        return sum(self.ns.get(kind, 0) for kind in kinds)


def reasons_given(root: JsonValue) -> bool:
    """Whether the manifest gives reasons at all."""
    return optional(root, "violation", "reckoning") is not None or _trace(root) is not None


def reasons_faults(root: JsonValue) -> Iterator[str]:
    """What contradicts itself in the trace and the reckoning. Raises ValueError where a part is malformed."""
    if _trace(root) is not None:
        yield from _trace_faults(root)
    yield from _pinned_faults(at(root, "violation", "stay", "departed"))
    if optional(root, "violation", "reckoning") is not None:
        yield from _reckoning_faults(root)


def _trace(root: JsonValue) -> JsonValue:
    return optional(root, "violation", "stay", "trace")


def _trace_faults(root: JsonValue) -> Iterator[str]:
    stay, where = at(root, "violation", "stay"), "violation.stay.trace"
    steps, sums = items(stay, "trace", "steps"), _Sums()
    if len(steps) > _MAX_STEPS:
        yield f"{where}: more than {_MAX_STEPS} steps"
        return
    reached = moment(text(stay, "arrived", "by"))
    for number, step in enumerate(steps):
        low, high = moment(text(step, "from")), moment(text(step, "to"))
        if low != reached or high <= low:
            yield f"{where}: step {number} does not begin where the one before it ends"
        reached = high
        if _add(sums, step, where) != high - low:
            yield f"{where}: step {number} is not as long as its parts"
    if reached != moment(text(stay, "last_seen")):
        yield f"{where}: its steps do not reach the last sighting"
    for name, kinds in (("seen_ns", _COUNTED), ("occluded_ns", _UNSEEN), ("gap_ns", _WITHOUT)):
        if sums.of(kinds) != integer(stay, name):
            yield f"{where}: its steps do not add up to {name}"
    if integer(stay, "sworn_ns") > sums.of(_COUNTED[:2]):
        yield f"{where}: more is sworn to than was seen or kept"
    # Only where several objects make it up is the first look, at which it began, part of a step.
    opening = 0 if optional(root, "violation", "clutter") is not None else 1
    if sums.looks.get("seen", 0) + opening != integer(stay, "sightings"):
        yield f"{where}: its looks do not add up to the sightings"
    kept = integer(stay, "kept") if optional(stay, "kept") is not None else 0
    if sums.looks.get("kept", 0) != kept:
        yield f"{where}: its looks do not add up to those in which pixels showed it"
    yield from _ending_faults(stay, where)


def _add(sums: _Sums, step: JsonValue, where: str) -> int:
    """Take in one step; its length by its parts."""
    total = 0
    parts = items(step, "parts")
    for part in parts:
        what, length, looks = text(part, "what"), integer(part, "length_ns"), integer(part, "looks")
        if what not in (*_COUNTED, *_UNSEEN, *_WITHOUT) or min(length, looks) < 0:
            raise ValueError(f"{where}: a part that cannot be")
        sums.ns[what] = sums.ns.get(what, 0) + length
        sums.looks[what] = sums.looks.get(what, 0) + looks
        total += length
    if len({text(part, "what") for part in parts}) != len(parts):
        raise ValueError(f"{where}: a step names one kind of time twice")
    for one in items(step, "hidden_by") if optional(step, "hidden_by") is not None else ():
        text(one, "cls")
        if integer(one, "looks") < 1:
            raise ValueError(f"{where}: hidden in no look")
    return total


def _ending_faults(stay: JsonValue, where: str) -> Iterator[str]:
    ended, departed = optional(stay, "trace", "ended"), at(stay, "departed")
    over = not isinstance(departed, str)
    if (ended is not None) is not over:
        yield f"{where}.ended: it does not fit the departure"
        return
    if ended is None:
        return
    why, empty, looks = text(ended, "why"), integer(ended, "empty_ns"), integer(ended, "empty_looks")
    if why not in _ENDS or min(empty, looks, integer(ended, "emptied_looks")) < 0:
        raise ValueError(f"{where}.ended: a reason that cannot be")
    if integer(ended, "emptied_looks") > looks or (empty and not looks):
        yield f"{where}.ended: its looks do not fit each other"
    seen_gone = optional(departed, "by")
    if seen_gone is None and why not in _UNSEEN_ENDS:
        yield f"{where}.ended: nobody saw it gone, and yet it ended by what was seen"
    decided = moment(text(ended, "at"))
    if decided < moment(text(stay, "last_seen")) or (isinstance(seen_gone, str) and decided < moment(seen_gone)):
        yield f"{where}.ended: it was decided before it could be seen"


def _pinned_faults(departed: JsonValue) -> Iterator[str]:
    pinned = None if isinstance(departed, str) else optional(departed, "pinned")
    if pinned is None:
        return
    text(pinned, "reason")
    wide, narrow = ([optional(one, name) for name in ("after", "by")] for one in (departed, pinned))
    times = [moment(one) for one in (wide[0], *narrow, wide[1]) if isinstance(one, str)]
    if times != sorted(times) or narrow == wide or (narrow[0] is not None and narrow[0] == narrow[1]):
        yield "violation.stay.departed.pinned: it does not narrow the departure"


def _reckoning_faults(root: JsonValue) -> Iterator[str]:
    violation, where = at(root, "violation"), "violation.reckoning"
    sum_ = at(violation, "reckoning")
    names = ("limit_ns", "grace_ns", "counted_ns", "apart_ns", "uncounted_ns", "sworn_ns")
    limit, grace, counted, apart, uncounted, sworn = (integer(sum_, name) for name in names)
    if min(limit, grace, counted, apart, uncounted, sworn) < 0:
        raise ValueError(f"{where}: less than nothing")
    if limit != integer(violation, "allowed_ns") or counted != integer(violation, "dwell_lower_bound_ns"):
        yield f"{where}: it is not what allowed_ns and dwell_lower_bound_ns say"
    if counted <= limit + grace:
        yield f"{where}: what counts does not pass the limit"
    if counted + apart > sworn or sworn > counted + apart + uncounted:
        yield f"{where}: what counts is not sworn to, or more is sworn to than was seen"
    grounds = optional(violation, "grounds")
    if grounds is not None:
        towards = integer(grounds, "ordinary_ns") + sum(integer(one, "counted_ns") for one in items(grounds, "exempt"))
        if grace != integer(grounds, "grace_ns") or counted + apart != towards:
            yield f"{where}: it is not what the grounds say"
    passed, fired = moment(text(sum_, "passed")), moment(text(violation, "fired_at"))
    first = moment(text(violation, "stay", "arrived", "by"))
    if not first <= passed <= fired or counted + apart + uncounted > fired - first:
        yield f"{where}: its times do not fit each other"
