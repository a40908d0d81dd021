"""One entry per sealed case: what its bundle says, and what was learned after it was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.instant import from_iso, iso_utc
from streetproof.bundles import read_manifest
from streetproof.store.database import Store
from streetproof.store.findings import StoredFinding
from streetproof.store.rechecks import StoredRecheck
from streetproof.store.tables import CaseRow
from vision.codec_lookback import pinned_of


@dataclass(frozen=True, slots=True)
class Departure:
    """When it left: it was there at `since_ns`, and no more at `until_ns` (UTC); None: not known on that side."""

    since_ns: int | None
    until_ns: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A case. A bundle that cannot be read leaves what only it says unknown."""

    row: CaseRow
    kind: str | None
    camera_name: str | None
    timezone: str | None
    departure: Departure | None
    """None: it was not seen to leave, or nobody knows."""
    learned_later: bool
    """The departure was learned after sealing: the bundle says that it still stood there, or less exactly."""
    rechecks: tuple[StoredRecheck, ...]


def entries(store: Store, data: Path, rows: Sequence[CaseRow]) -> Iterator[Entry]:
    """The cases of `rows`, in their order. `data`: the folder that bundles are below."""
    findings = store.findings.of_cases([row.id for row in rows])
    again: dict[str, list[StoredRecheck]] = {}
    for one in store.rechecks.all():
        again.setdefault(one.asked.case_id, []).append(one)
    for row in rows:
        manifest = read_manifest(data / row.bundle)
        sealed = None if manifest is None else _sealed_departure(manifest)
        later = None if row.id not in findings else _known_now(findings[row.id])
        violation = {} if manifest is None else manifest["violation"]
        kind = (violation.get("occupied") or violation).get("kind")
        yield Entry(
            row=row,
            kind=kind,
            camera_name=None if manifest is None else str(manifest["camera"]["name"]),
            timezone=None if manifest is None else str(manifest["site"]["timezone"]),
            departure=later or sealed,
            learned_later=later is not None and later != sealed,
            rechecks=tuple(again.get(row.id, ())),
        )


def document(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Everything, for programs; times in UTC. The same in every language."""
    return [
        {
            "case": one.row.id,
            "site": one.row.site,
            "camera": one.row.camera,
            "camera_name": one.camera_name,
            "kind": one.kind,
            "rule": one.row.rule,
            "zone": one.row.zone,
            "arrived": iso_utc(one.row.arrived_ns),
            "departed": None
            if one.departure is None
            else {"after": _iso(one.departure.since_ns), "by": _iso(one.departure.until_ns)},
            "departure_learned_after_sealing": one.learned_later,
            "bundle": one.row.bundle,
            "rechecks": [
                {
                    "due": iso_utc(again.asked.due_ns),
                    "until": iso_utc(again.asked.end_ns),
                    "state": again.state.value,
                    "verdict": again.verdict,
                    "reason": again.reason,
                    "evidence": again.folder,
                    "error": again.error,
                }
                for again in one.rechecks
            ],
        }
        for one in found
    ]


def _iso(utc_ns: int | None) -> str | None:
    return None if utc_ns is None else iso_utc(utc_ns)


def _sealed_departure(manifest: Mapping[str, Any]) -> Departure | None:
    departed = manifest["violation"]["stay"]["departed"]
    if not isinstance(departed, Mapping):
        return None
    pinned = departed.get("pinned") or {}
    since, until = departed.get("after"), departed.get("by")
    return Departure(_ns(pinned.get("earliest")) or _ns(since), _ns(pinned.get("latest")) or _ns(until))


def _known_now(finding: StoredFinding) -> Departure | None:
    """As the daemon knows it today."""
    departed = finding.stay.departed
    if departed is None:
        return None
    pinned = pinned_of(finding.context.get("departure"), finding.stay)
    since, until = departed[0].utc_ns, None if departed[1] is None else departed[1].utc_ns
    if pinned is not None:
        since = since if pinned.earliest is None else pinned.earliest.utc_ns
        until = until if pinned.latest is None else pinned.latest.utc_ns
    return Departure(since, until)


def _ns(written: Any) -> int | None:
    return from_iso(written) if isinstance(written, str) else None
