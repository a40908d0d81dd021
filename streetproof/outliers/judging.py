"""Which cameras stand out, each beside all cameras with the same rule, and beside its own past. Pure.

What is marked is what chance hardly makes: in about one report of a hundred, over all cameras and all kinds of marks
together (Bonferroni), if all were alike and independent. About, as the middle of few others is itself a guess. Streets
are not alike, so a camera also has to lie far from the middle of the others. A mark accuses nobody: it says which cases
to look at first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from evidence_export.words import Said
from streetproof.outliers import exact
from streetproof.outliers.gathering import CaseFact, Outcome

CHANCE = 0.01
LEAST_CAMERAS = 3
"""So many others there must be for a middle to mean anything."""
LEAST_JUDGED = 5
_SPREAD = 3 * 1.4826
"""Three standard deviations, where counts were normal: 1.4826 makes one of a MAD."""


class Mark(StrEnum):
    """Why a camera should be looked at."""

    MANY = "more_than_others"
    RISEN = "more_than_before"
    REJECTED = "rejected_more_than_others"
    MOSTLY_REJECTED = "mostly_rejected"


MARKS = {
    Mark.MANY: Said("案件明显多于同类摄像机", "many more cases than the other cameras"),
    Mark.RISEN: Said("案件明显多于本机以往", "many more cases than before"),
    Mark.REJECTED: Said("不予认定比例明显高于同类摄像机", "rejected far more often than the others"),
    Mark.MOSTLY_REJECTED: Said("多数案件不予认定", "most of its cases are rejected"),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """Cases on which people have decided. `low`, `high`: the exact 95 % limits of the share rejected."""

    judged: int
    rejected: int
    low: float
    high: float
    reasons: Counter[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A camera and a rule. `past`: cases in as many days before. `others`: how many cameras; median and MAD of their
    counts, None where there are too few to tell."""

    camera: str
    name: str
    rule: str
    kind: str | None
    cases: int
    past: int
    others: int
    median: float | None
    mad: float | None
    decided: Judged
    known: int
    """Cases whose bundle is there: those below are counted among them."""
    blocked: int
    blocked_by: Counter[str]
    plates: int
    """Cases whose plate was looked for."""
    uncertain: int
    marks: tuple[Mark, ...]
    untold: tuple[Said, ...]
    """What could not be told, and why."""


def judge(now: Sequence[CaseFact], before: Iterable[CaseFact], cameras: Iterable[tuple[str, str]] = ()) -> list[Row]:
    """One row per camera and rule, those with marks first. `now`, `before`: of two windows of equal length. `cameras`:
    (camera, rule) that exist, also where they made no case: they are others as well."""
    mine: dict[tuple[str, str], list[CaseFact]] = defaultdict(list)
    past: Counter[tuple[str, str]] = Counter((one.camera, one.rule) for one in before)
    for one in now:
        mine[one.camera, one.rule].append(one)
    keys = sorted({*mine, *past, *cameras})
    chance = CHANCE / (len(Mark) * max(1, len(keys)))
    rows = [
        _row(key, mine.get(key, []), past[key], {k: mine.get(k, []) for k in keys if k[1] == key[1]}, chance)
        for key in keys
    ]
    return sorted(rows, key=lambda row: (-len(row.marks), -row.cases, row.camera, row.rule))


def _row(
    key: tuple[str, str],
    cases: Sequence[CaseFact],
    past: int,
    same_rule: dict[tuple[str, str], Sequence[CaseFact]],
    chance: float,
) -> Row:
    others = [found for other, found in same_rule.items() if other != key]
    marks: list[Mark] = []
    untold: list[Said] = []
    middle = spread = None
    if len(others) < LEAST_CAMERAS:
        untold.append(
            Said(
                f"同规则的其他摄像机仅 {len(others)} 台，数量过少，无法比较",
                f"too few to tell: {len(others)} other cameras with this rule",
            )
        )
    else:
        counts = [len(found) for found in others]
        middle = float(median(counts))
        spread = float(median(abs(count - middle) for count in counts))
        rare = exact.poisson_upper(len(cases), max(1.0, middle)) < chance
        if rare and len(cases) > middle + _SPREAD * spread:
            marks.append(Mark.MANY)
    both = len(cases) + past
    if past == 0 or 0.5**both >= chance:
        untold.append(Said(f"与以往相比案件过少（{both} 件）", f"too few to tell from before: {both} cases in all"))
    elif exact.binomial_upper(len(cases), both, 0.5) < chance:
        marks.append(Mark.RISEN)
    decided = _judged(cases)
    if decided.judged < LEAST_JUDGED:
        untold.append(
            Said(f"已审结仅 {decided.judged} 件，不足以判断", f"too few to tell: {decided.judged} decided by people")
        )
    else:
        theirs = _judged([one for found in others for one in found])
        if theirs.judged >= LEAST_JUDGED:
            drawn, marked = decided.judged, decided.rejected + theirs.rejected
            total = drawn + theirs.judged
            if exact.hypergeometric_upper(decided.rejected, drawn, marked, total) < chance:
                marks.append(Mark.REJECTED)
        if decided.rejected and exact.binomial_upper(decided.rejected, decided.judged, 0.5) < chance:
            marks.append(Mark.MOSTLY_REJECTED)
    known = [one for one in cases if one.blockers is not None]
    asked = [one for one in known if one.plate != "not_asked"]
    return Row(
        camera=key[0],
        name=next((one.camera_name for one in cases if one.camera_name is not None), key[0]),
        rule=key[1],
        kind=next((one.kind for one in cases if one.kind is not None), None),
        cases=len(cases),
        past=past,
        others=len(others),
        median=middle,
        mad=spread,
        decided=decided,
        known=len(known),
        blocked=sum(bool(one.blockers) for one in known),
        blocked_by=Counter(blocker for one in known for blocker in one.blockers or ()),
        plates=len(asked),
        uncertain=sum(one.plate != "certain" for one in asked),
        marks=tuple(marks),
        untold=tuple(untold),
    )


def _judged(cases: Iterable[CaseFact]) -> Judged:
    decided = [one for one in cases if one.outcome is not Outcome.OPEN]
    rejected = [one for one in decided if one.outcome is Outcome.REJECTED]
    low, high = exact.limits(len(rejected), len(decided))
    return Judged(len(decided), len(rejected), low, high, Counter(one.reason or "" for one in rejected))
