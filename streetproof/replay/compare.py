"""What another policy would change: violations that appear, vanish, or are told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.instant import NS_PER_S, from_iso
from streetproof.evaluation.entries import Entry, entry_of
from streetproof.evaluation.matching import match_entries

_TOLD = ("arrived", "departed", "fired_at", "dwell_lower_bound_s", "seen_s", "occluded_s", "gap_s", "zone", "cls")
"""A violation is told otherwise if one of these differs; the allowed time and the hash change with every rule."""


@dataclass(frozen=True, slots=True)
class Change:
    """One violation under both policies. Entries are those of the events files."""

    a: dict[str, Any]
    b: dict[str, Any]

    @property
    def fires_later_s(self) -> float:
        """How much later it fires under B, in seconds; negative: earlier."""
        return (from_iso(self.b["fired_at"]) - from_iso(self.a["fired_at"])) / NS_PER_S

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that differ."""
        return tuple(key for key in _TOLD if self.a[key] != self.b[key])


@dataclass(frozen=True, slots=True)
class RuleCount:
    """One rule of one camera: violations under A and under B, and how the two relate."""

    camera: str
    rule: str
    a: int
    b: int
    appear: int
    vanish: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All violations of two documents of events, each exactly once."""

    appear: tuple[dict[str, Any], ...]
    vanish: tuple[dict[str, Any], ...]
    changed: tuple[Change, ...]
    same: tuple[dict[str, Any], ...]

    def rules(self) -> list[RuleCount]:
        """The counts by camera and rule, those without any violation left out."""
        keys = sorted({(e["camera"], e["rule"]) for e in (*self.appear, *self.vanish, *self.same, *self._kept())})
        return [self._count(camera, rule) for camera, rule in keys]

    def total(self) -> RuleCount:
        """The counts of everything."""
        return self._count(None, None)

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "totals": _counts(self.total()),
            "rules": [{"camera": one.camera, "rule": one.rule, **_counts(one)} for one in self.rules()],
            "appear": list(self.appear),
            "vanish": list(self.vanish),
            "changed": [
                {"a": one.a, "b": one.b, "fields": list(one.told), "fires_later_s": one.fires_later_s}
                for one in self.changed
            ],
        }

    def _kept(self) -> list[dict[str, Any]]:
        return [change.a for change in self.changed]

    def _count(self, camera: str | None, rule: str | None) -> RuleCount:
        def of(entries: Sequence[dict[str, Any]]) -> int:
            return sum(camera is None or (one["camera"], one["rule"]) == (camera, rule) for one in entries)

        appear, vanish, changed, same = of(self.appear), of(self.vanish), of(self._kept()), of(self.same)
        kept = changed + same
        return RuleCount(camera or "", rule or "", kept + vanish, kept + appear, appear, vanish, changed, same)


def compare(a: dict[str, Any], b: dict[str, Any]) -> Comparison:
    """Compare two documents of events that the same detections gave under two sets of rules.

    A violation of B is that of A if camera and rule have the same ids and it is the same stay; where another score or
    zone gave the stay another place or first sighting, if they stood at one time on one spot, as `match_entries` says.
    """
    first, second = list(a["entries"]), list(b["entries"])
    by_stay = {_stay(entry): i for i, entry in enumerate(first)}
    pairs = [(by_stay[_stay(entry)], j) for j, entry in enumerate(second) if _stay(entry) in by_stay]
    rows = _without(range(len(first)), {i for i, _ in pairs})
    cols = _without(range(len(second)), {j for _, j in pairs})
    matched = match_entries([_entry(first[i]) for i in rows], [_entry(second[j]) for j in cols])
    pairs += [(rows[row], cols[col]) for row, col in matched.pairs]
    changes = [Change(first[i], second[j]) for i, j in sorted(pairs)]
    return Comparison(
        appear=tuple(second[j] for j in _without(range(len(second)), {j for _, j in pairs})),
        vanish=tuple(first[i] for i in _without(range(len(first)), {i for i, _ in pairs})),
        changed=tuple(change for change in changes if change.told),
        same=tuple(change.b for change in changes if not change.told),
    )


def _stay(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["camera"], entry["rule"], entry["stay"]


def _entry(value: dict[str, Any]) -> Entry:
    # Stays are told apart by rule here, not by the kind of rule: two rules of one kind are two questions.
    return entry_of({**value, "kind": value["rule"]}, "events")


def _without(indices: range, taken: set[int]) -> list[int]:
    return [index for index in indices if index not in taken]


def _counts(one: RuleCount) -> dict[str, int]:
    return {
        "a": one.a,
        "b": one.b,
        "appear": one.appear,
        "vanish": one.vanish,
        "changed": one.changed,
        "same": one.same,
    }
