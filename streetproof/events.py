"""What rules made of detections, as one JSON file that is the same, byte for byte, for the same detections and rules.

`batch` and `replay` write it, `whatif` compares two of them, `evaluate` holds one against the truth. docs/replay.md has
every field. Nothing in it depends on when, where or by which of them it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from streams.instant import NS_PER_S, Instant
from streams.recorder.durable import write_whole
from streetproof.course import Ended
from streetproof.errors import StreetproofError
from vision.codec import clutter_json, occupied_json
from vision.codec_company import company_json
from vision.codec_reasons import reckoning_json, trace_json
from vision.interface import Clutter, Stay, Stood, Violation
from vision.policy import CameraRules, policy_hash

FORMAT = "streetproof-events/1"
STAY = "stay"
"""The kind of entries under `stays`; those under `entries` have the kind of their rule."""


class EventsError(StreetproofError):
    """The events cannot be written."""


class EventLog:
    """Collects what ended. Memory grows with the number of violations (and of stays, where wanted), nothing else."""

    def __init__(self, site: str, *, stays: bool) -> None:
        """`site` is the site's id; `stays`: keep every stay, not only those that broke a rule."""
        self._site = site
        self._entries: list[dict[str, Any]] = []
        self._stays: list[dict[str, Any]] | None = [] if stays else None

    def add(self, rules: CameraRules, ended: Iterable[Ended]) -> None:
        """Take in stays of one camera that are over."""
        for one in ended:
            self._entries += [_violation_json(rules, violation, one.stay) for violation in one.violations]
            if self._stays is not None:
                self._stays.append(_stay_json(rules, one))

    def document(self) -> dict[str, Any]:
        """The whole file as JSON values, sorted: the order in which things were added does not matter."""
        document: dict[str, Any] = {"format": FORMAT, "site": self._site, "entries": sorted(self._entries, key=_order)}
        if self._stays is not None:
            document["stays"] = sorted(self._stays, key=_order)
        return document


def dump_events(document: dict[str, Any]) -> bytes:
    """The document as UTF-8 with one line per entry, so that two files can be compared with `diff`."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            lines = ",".join(f"\n  {_dumps(one)}" for one in value)
            parts.append(f" {_dumps(key)}: [{lines}\n ]" if value else f" {_dumps(key)}: []")
        else:
            parts.append(f" {_dumps(key)}: {_dumps(value)}")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def write_events(path: Path, document: dict[str, Any]) -> None:
    """Put the document at `path`, whole or not at all. Raises EventsError."""
    try:
        write_whole(path, dump_events(document))
    except OSError as error:
        raise EventsError(
            f"the events cannot be written: {error.strerror or error}",
            where=str(path),
            remedy="Name a file with --events in a folder that exists and can be written",
        ) from error


def check_place(path: Path, inputs: Sequence[Path]) -> None:
    """Raises EventsError where the events would be written over something that is read, or cannot be a file at all.

    Asked before the work begins, so that hours of it are not lost to a slip of the pen.
    """
    for one in inputs:
        if path.exists() and one.exists() and path.samefile(one):
            raise EventsError("the events would be written over an input", where=str(path), remedy="Name another file")
    if path.is_dir():
        raise EventsError("this is a folder", where=str(path), remedy="Name a file with --events")
    if not path.parent.is_dir():
        raise EventsError("its folder does not exist", where=str(path), remedy="Make the folder, or name another file")


def _violation_json(rules: CameraRules, violation: Violation, stay: Stay) -> dict[str, Any]:
    return {
        "camera": stay.camera,
        "kind": _kind(rules, violation),
        **_stood_json(stay),
        **({} if violation.occupied is None else {"area_m2": violation.occupied.area_m2}),
        "rule": violation.rule,
        "zone": violation.zone,
        "policy": violation.policy,
        "policy_hash": violation.policy_hash,
        "stay": stay.id,
        "fired_at": violation.fired_at.isoformat(),
        "allowed_s": seconds(violation.allowed_ns),
        "dwell_lower_bound_s": seconds(violation.dwell_lower_bound_ns),
        **({} if violation.occupied is None else {"occupied": occupied_json(violation.occupied)}),
        **({} if violation.clutter is None else {"clutter": _clutter_json(violation.clutter)}),
        **({} if violation.company is None else {"company": company_json(violation.company)}),
        **_times_json(stay),
        **({} if violation.reckoning is None else {"reckoning": reckoning_json(violation.reckoning)}),
        **_trace_json(stay),
    }


def _kind(rules: CameraRules, violation: Violation) -> str:
    """The kind of its rule; where ground is taken, how it is taken."""
    return rules.policy.rule(violation.rule).kind if violation.occupied is None else violation.occupied.kind


def _stay_json(rules: CameraRules, ended: Ended) -> dict[str, Any]:
    stay = ended.stay
    zone = next(zone for zone in rules.zones if zone.id == stay.zone)
    return {
        "camera": stay.camera,
        "kind": STAY,
        **_stood_json(stay),
        "rules": sorted(violation.rule for violation in ended.violations),
        "zone": stay.zone,
        "policy": rules.policy.id,
        "policy_hash": policy_hash(rules.policy, zone),
        "stay": stay.id,
        **_times_json(stay),
        **_trace_json(stay),
    }


def _trace_json(stay: Stay) -> dict[str, Any]:
    told = trace_json(stay)
    return {} if told is None else {"trace": told}


def _stood_json(stay: Stay) -> dict[str, Any]:
    return {
        "cls": stay.cls,
        "arrived": [_iso(one) for one in stay.arrived],
        "departed": None if stay.departed is None else [_iso(one) for one in stay.departed],
        "box": list(stay.place),
        "condition": None,
    }


def _clutter_json(clutter: Clutter) -> dict[str, Any]:
    """As in a case, with times as they stand elsewhere in events."""
    return {
        **clutter_json(clutter),
        "fired": _counted_json(clutter.fired),
        "peak": _counted_json(clutter.peak),
        "over_time": [_counted_json(one) for one in clutter.over_time],
    }


def _counted_json(stood: Stood) -> dict[str, Any]:
    return {"at": stood.at.isoformat(), "count": stood.count, "area_m2": stood.area_m2}


def _times_json(stay: Stay) -> dict[str, Any]:
    return {
        "seen_s": seconds(stay.seen_ns),
        "occluded_s": seconds(stay.occluded_ns),
        "gap_s": seconds(stay.gap_ns),
    }


def seconds(ns: int) -> float:
    """Nanoseconds as a JSON number of seconds; nine decimals survive up to 100 days."""
    return ns / NS_PER_S


def _iso(at: Instant | None) -> str | None:
    return None if at is None else at.isoformat()


def _order(entry: dict[str, Any]) -> tuple[str, ...]:
    return (entry["arrived"][1], entry["camera"], entry["zone"], entry.get("rule", ""), entry["stay"])


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
