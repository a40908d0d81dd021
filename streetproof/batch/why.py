"""Why a case was established, out of its bundle: what a page needs for a bar of its time and a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.reasons import SHOWN, clock, ending_said, reckoning_lines, step_said
from evidence_export.traffic import company_said
from evidence_export.verifier.reading import moment
from evidence_export.words import Said
from streams.instant import Instant, TimeSource
from vision.reasons import Ending, EndReason, Part, Reckoning, Released, Shown, Step


def why_json(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """The reasons that a `case.json` gives; None where it gives none. Its bundle was verified, or sealed just now.

    `said`: sentences; `steps`: from, to, words, and what each is made of; `passed`: when the limit was reached.
    """
    violation, zone = manifest["violation"], ZoneInfo(manifest["site"]["timezone"])
    trace, sum_ = violation["stay"].get("trace"), violation.get("reckoning")
    if trace is None:
        return None
    said: list[Said] = []
    if sum_ is not None:
        figures = {name: value for name, value in sum_.items() if name != "passed"}
        reckoning = Reckoning(**figures, passed=_instant(sum_["passed"]))
        fired = clock(_instant(violation["fired_at"]), zone)
        said += reckoning_lines(reckoning, clock(reckoning.passed, zone), fired)
    if "company" in violation:
        said.append(_company(violation, zone))
    ended = trace["ended"]
    if "why" in ended:
        at = _instant(ended["at"])
        counts = (ended["empty_ns"], ended["empty_looks"], ended["emptied_looks"])
        said.append(ending_said(Ending(EndReason(ended["why"]), at, *counts), clock(at, zone)))
    steps = [_step(one) for one in trace["steps"]]
    shown = {part["what"] for step in steps for part in step["parts"]}
    return {
        "said": [_both(one) for one in said],
        "passed": None if sum_ is None else sum_["passed"],
        "passed_share": None if sum_ is None else _share(manifest, sum_["passed"]),
        "steps": steps,
        "legend": [{"what": what.value, **_both(SHOWN[what])} for what in Shown if what.value in shown],
    }


def _company(violation: Mapping[str, Any], zone: ZoneInfo) -> Said:
    company = violation["company"]
    first, last = (clock(_instant(company["others"][i]["arrived"]["by"]), zone) for i in (0, -1))
    held = clock(_instant(company["since"]), zone), clock(_instant(violation["fired_at"]), zone)
    return company_said(Released(company["why"]), company["came"], company["standing"], (first, last), held)


def _step(told: Mapping[str, Any]) -> dict[str, Any]:
    parts = tuple(Part(Shown(one["what"]), one["length_ns"], one["looks"]) for one in told["parts"])
    step = Step(parts, tuple((one["cls"], one["looks"]) for one in told.get("hidden_by", ())))
    return {
        "from": told["from"],
        "to": told["to"],
        "length_ns": step.ns,
        "parts": [{"what": part.what.value, "length_ns": part.ns} for part in parts if part.ns],
        **_both(step_said(step)),
    }


def _share(manifest: Mapping[str, Any], at: str) -> float | None:
    """Where an instant lies between the first sighting and the last, 0..1."""
    stay = manifest["violation"]["stay"]
    first, last = moment(stay["arrived"]["by"]), moment(stay["last_seen"])
    return round((moment(at) - first) / (last - first), 4) if last > first else None


def _both(said: Said) -> dict[str, str]:
    return {"zh": said.zh, "en": said.en}


def _instant(iso: str) -> Instant:
    return Instant(moment(iso), TimeSource.OPERATOR, 0)
