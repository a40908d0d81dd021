"""Which cases are used, what for, and why the others are not. Pure but for the cases it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streetproof.dataset.cases import CaseMaterial
from streetproof.dataset.reasons import Treatment
from streetproof.dataset.reviews import Review


@dataclass(frozen=True, slots=True)
class Used:
    """A case that goes into the data set."""

    case: CaseMaterial
    treatment: Treatment
    """OBJECT or NEGATIVE."""
    cls: str
    """Its class in the data set; of a negative, what it was taken for."""
    decision: str
    reason: str
    reviews: int
    """How many officers' lines say so. Who they are stays in the table."""


@dataclass(frozen=True, slots=True)
class NotUsed:
    """A case, or a line of the table, that does not."""

    case: str
    why: str
    problem: bool
    """Whether somebody should look at it; False: that is how it was meant."""


def plan(
    cases: Sequence[CaseMaterial], reviews: Mapping[str, Sequence[Review]], classes: Mapping[str, str]
) -> tuple[list[Used], list[NotUsed]]:
    """What becomes of each case; `classes`: what a class is called in the data set, where that differs."""
    used: list[Used] = []
    left: list[NotUsed] = []
    for case in cases:
        given = reviews.get(case.id, ())
        if not given:
            left.append(NotUsed(case.id, "not reviewed", problem=False))
            continue
        verdicts = {(one.decision, one.treatment, one.cls) for one in given}
        if len(verdicts) > 1:
            lines = ", ".join(str(one.line) for one in given)
            left.append(NotUsed(case.id, f"its reviews disagree (lines {lines})", problem=True))
            continue
        first = given[0]
        if first.treatment is Treatment.LEAVE_OUT:
            left.append(NotUsed(case.id, f"rejected: {first.reason}", problem=False))
            continue
        cls = first.cls or case.cls
        reason = "; ".join(dict.fromkeys(one.reason for one in given if one.reason))
        used.append(Used(case, first.treatment, classes.get(cls, cls), first.decision.value, reason, len(given)))
    known = {case.id for case in cases}
    left += [
        NotUsed(case, f"reviewed (line {given[0].line}), but no usable bundle is here", problem=True)
        for case, given in reviews.items()
        if case not in known
    ]
    return used, left
