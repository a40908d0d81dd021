"""Traces and reckonings as JSON: for storage with whole instants, and as cases and events tell them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from streams.instant import iso_utc
from vision.association.interface import JSON
from vision.codec_instant import InstantModel, Model, Ns, instant_json
from vision.interface import Stay
from vision.reasons import MAX_STEPS, Ending, EndReason, Held, Part, Reckoning, Released, Shown, Step, Trace


class _Part(Model):
    what: Shown
    length_ns: Ns
    looks: Annotated[int, Field(ge=0)]


class _Hider(Model):
    cls: str
    looks: Annotated[int, Field(ge=1)]


class _Step(Model):
    parts: Annotated[tuple[_Part, ...], Field(min_length=1)]
    hidden_by: tuple[_Hider, ...] = ()

    def value(self) -> Step:
        parts = tuple(Part(one.what, one.length_ns, one.looks) for one in self.parts)
        return Step(parts, tuple((one.cls, one.looks) for one in self.hidden_by))


class _Ending(Model):
    why: EndReason
    at: InstantModel
    empty_ns: Ns
    empty_looks: Annotated[int, Field(ge=0)]
    emptied_looks: Annotated[int, Field(ge=0)]

    def value(self) -> Ending:
        return Ending(self.why, self.at.value(), self.empty_ns, self.empty_looks, self.emptied_looks)


class _Held(Model):
    rule: str
    since: InstantModel
    until: InstantModel | None
    why: Released | None
    others: Annotated[int, Field(ge=1)]
    standing: Annotated[int, Field(ge=0)]

    def value(self) -> Held:
        until = self.until.value() if self.until else None
        return Held(self.rule, self.since.value(), until, self.why, self.others, self.standing)


class TraceModel(Model):
    """A trace as stored."""

    steps: Annotated[tuple[_Step, ...], Field(max_length=MAX_STEPS)]
    ended: _Ending | None
    held: tuple[_Held, ...] = ()

    def value(self) -> Trace:
        """The trace."""
        steps, held = (tuple(one.value() for one in self.steps), tuple(one.value() for one in self.held))
        return Trace(steps, self.ended.value() if self.ended else None, held)


class ReckoningModel(Model):
    """A reckoning as stored."""

    limit_ns: Ns
    grace_ns: Ns
    counted_ns: Ns
    apart_ns: Ns
    uncounted_ns: Ns
    sworn_ns: Ns
    passed: InstantModel

    def value(self) -> Reckoning:
        """The reckoning."""
        return Reckoning(
            self.limit_ns,
            self.grace_ns,
            self.counted_ns,
            self.apart_ns,
            self.uncounted_ns,
            self.sworn_ns,
            self.passed.value(),
        )


def stored_trace(trace: Trace) -> dict[str, JSON]:
    """A trace for storage."""
    ended = trace.ended
    return {
        "steps": [_step_json(step) for step in trace.steps],
        "ended": None if ended is None else _ending_json(ended),
        **({"held": [_held_stored(one) for one in trace.held]} if trace.held else {}),
    }


def trace_json(stay: Stay) -> dict[str, JSON] | None:
    """The trace of a stay as JSON, without fractions; times are ISO 8601. None where it has none."""
    trace = stay.trace
    if trace is None:
        return None
    steps = trace.spans(stay.arrived[1].utc_ns)
    ended = trace.ended
    return {
        "steps": [{"from": iso_utc(low), "to": iso_utc(high), **_step_json(step)} for low, high, step in steps],
        "ended": None if ended is None else {**_ending_json(ended), "at": ended.at.isoformat()},
        **({"held": [_held_json(one) for one in trace.held]} if trace.held else {}),
    }


def reckoning_json(reckoning: Reckoning) -> dict[str, JSON]:
    """The arithmetic of a rule as JSON; its time is ISO 8601."""
    return {**stored_reckoning(reckoning), "passed": reckoning.passed.isoformat()}


def stored_reckoning(reckoning: Reckoning) -> dict[str, JSON]:
    """A reckoning for storage."""
    return {
        "limit_ns": reckoning.limit_ns,
        "grace_ns": reckoning.grace_ns,
        "counted_ns": reckoning.counted_ns,
        "apart_ns": reckoning.apart_ns,
        "uncounted_ns": reckoning.uncounted_ns,
        "sworn_ns": reckoning.sworn_ns,
        "passed": instant_json(reckoning.passed),
    }


def _step_json(step: Step) -> dict[str, JSON]:
    parts: list[JSON] = [{"what": one.what.value, "length_ns": one.ns, "looks": one.looks} for one in step.parts]
    by: list[JSON] = [{"cls": cls, "looks": looks} for cls, looks in step.hidden_by]
    return {"parts": parts, **({"hidden_by": by} if by else {})}


def _ending_json(ended: Ending) -> dict[str, JSON]:
    return {
        "why": ended.why.value,
        "at": instant_json(ended.at),
        "empty_ns": ended.empty_ns,
        "empty_looks": ended.empty_looks,
        "emptied_looks": ended.emptied_looks,
    }


def _held_stored(held: Held) -> dict[str, JSON]:
    return {
        **_held_json(held),
        "since": instant_json(held.since),
        "until": None if held.until is None else instant_json(held.until),
    }


def _held_json(held: Held) -> dict[str, JSON]:
    return {
        "rule": held.rule,
        "since": held.since.isoformat(),
        "until": None if held.until is None else held.until.isoformat(),
        "why": None if held.why is None else held.why.value,
        "others": held.others,
        "standing": held.standing,
    }
