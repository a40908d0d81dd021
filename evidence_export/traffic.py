"""What a case says where a violation was held back because it may be standing traffic; see `vision.company`."""

from __future__ import annotations

from evidence_export.words import Said
from vision.interface import Violation
from vision.reasons import Released

BLOCKER = "may_be_standing_traffic"
"""In the way of approval until a person has decided: those that came to stand with it stand there still."""


def may_be_traffic(violation: Violation) -> bool:
    """Whether it fired although those that came with it stood there still: as a queue does."""
    return violation.company is not None and violation.company.why is Released.HOLD_PASSED


def company_said(why: Released, came: int, standing: int, arrived: tuple[str, str], held: tuple[str, str]) -> Said:
    """What came with it, and what became of that. `arrived`: the first of them and the last; `held`: from when to when
    it was held back; times as a reader shall see them."""
    (first, last), (since, until) = arrived, held
    others, them = ("1 other", "it") if came == 1 else (f"{came} others", "them")
    with_zh = f"另有 {came} 辆与其同处一线、先后停下（{first} 至 {last}）"
    with_en = f"{others} came to stand in one line with it, one after another ({first} to {last})"
    if why is Released.COMPANY_LEFT:
        return Said(
            f"{with_zh}；{since} 起暂缓认定，此后其余大部驶离（仍停 {standing} 辆）而该车未走，{until} 认定",
            f"{with_en}; it was held back from {since} on, most of {them} have left since ({standing} stayed) and it "
            f"has not, and the look at {until} established it",
        )
    return Said(
        f"可能是排队车流，须由复核人员判断是停放还是排队：{with_zh}；{since} 起暂缓认定，{until} 暂缓期满，"
        f"其中 {standing} 辆仍未移动",
        f"It may be standing traffic, and the reviewer has to decide whether it was parked or in a queue: {with_en}; "
        f"it was held back from {since} until {until}, as long as the rule says, and {standing} of {them} stood there "
        "still",
    )
