"""How far a case has come, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from evidence_export.blockers import blocker_said
from evidence_export.procedure.naming import NAMES, VERDICTS
from evidence_export.procedure.procedure import ANSWERABLE, Procedure
from evidence_export.procedure.states import STATES, leads_to
from evidence_export.procedure.steps import CHECKS, REJECTIONS, Check, Confirm, Order, Rechecked, Reject, Review, Step
from evidence_export.words import Language, Said
from streetproof.procedures.asking import STEPS


def next_steps(procedure: Procedure) -> list[str]:
    """Steps that may follow, if nothing else stands against them."""
    return [name for name in STEPS if leads_to(procedure.state, name, procedure.facts.path) is not None]


def lines(procedure: Procedure, zone: str, language: Language) -> Iterator[str]:
    """The case and its steps, one line each."""
    yield f"{procedure.facts.case_id}: {STATES[procedure.state].to(language)}"
    for step in procedure.steps:
        name, who = NAMES[step.step].to(language), f"{step.by.name} {step.by.licence}"
        yield f"  {_when(step.at, zone)}  {name}  {who}{_more(step, zone, language)}"
    for blocker in sorted(procedure.facts.blockers - {"not_reviewed"}):
        words = blocker_said(blocker).to(language)
        answer = Said("须在确认时说明", "to be answered when it is confirmed")
        closed = Said("不能以说明代替", "cannot be settled in words")
        yield f"  ! {words} ({blocker}): {(answer if blocker in ANSWERABLE else closed).to(language)}"
    follow = next_steps(procedure)
    yield Said(
        "可进行：" + ("、".join(f"{NAMES[name].zh} {name}" for name in follow) or "无"),
        "may follow: " + (", ".join(follow) or "nothing"),
    ).to(language)


def _more(step: Step, zone: str, language: Language) -> str:
    match step:
        case Review() | Confirm():
            missing = [CHECKS[check].to(language) for check in Check if check not in step.checks]
            return "" if not missing else Said("；未通过：", "; not found: ").to(language) + ", ".join(missing)
        case Reject():
            return f": {REJECTIONS[step.reason].to(language)}, {step.note}"
        case Order():
            return Said("，期限 ", ", until ").to(language) + _when(step.deadline, zone)
        case Rechecked():
            return f": {VERDICTS[step.verdict].to(language)}"
        case _:
            return ""


def _when(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
